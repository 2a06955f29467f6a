//! Text in a picture whose font is not known: how wide it is at most, lines that fit, names cut to
//! fit.

/// How much wider bold letters are.
pub(super) const BOLD: f64 = 1.13;

/// At most how wide a text is, in the unit of `size`, the font's size.
///
/// An SVG without a font of its own is drawn in whatever sans serif the reader has; this reckons
/// with a wide one (DejaVu Sans).
pub(super) fn width(text: &str, size: f64) -> f64 {
    text.chars().map(advance).sum::<f64>() * size
}

/// The advance of a character in ems, rounded up.
fn advance(c: char) -> f64 {
    match c {
        'i' | 'j' | 'l' | 'I' | '.' | ',' | ':' | ';' | '\'' | '|' | ' ' | '\u{a0}' => 0.37,
        'f' | 't' | 'r' | '(' | ')' | '/' | '-' | '!' => 0.43,
        'm' | 'w' | 'M' | 'W' | '%' | '@' | '…' | '—' => 1.0,
        'a'..='z' | '0'..='9' | 'ä' | 'ö' | 'ü' | 'ß' | '–' | '»' | '«' => 0.65,
        'A'..='Z' | 'Ä' | 'Ö' | 'Ü' => 0.8,
        '<' | '>' | '+' | '=' => 0.84,
        'à'..='ÿ' => 0.65,
        _ => 1.0,
    }
}

/// A text in lines of at most `max`, broken between words; a word longer than a line is broken
/// anywhere.
pub(super) fn wrap(text: &str, size: f64, max: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_ascii_whitespace() {
        match lines.last_mut() {
            Some(line) if width(line, size) + width(" ", size) + width(word, size) <= max => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.extend(pieces(word, size, max)),
        }
    }
    lines
}

fn pieces(word: &str, size: f64, max: f64) -> Vec<String> {
    let mut pieces = vec![String::new()];
    let mut room = max;
    for c in word.chars() {
        let wide = advance(c) * size;
        if wide > room && pieces.last().is_some_and(|piece| !piece.is_empty()) {
            pieces.push(String::new());
            room = max;
        }
        room -= wide;
        if let Some(piece) = pieces.last_mut() {
            piece.push(c);
        }
    }
    pieces
}

/// Words of municipalities' names that registers write short.
const SHORT: [(&str, &str); 12] = [
    ("Sankt ", "St. "),
    ("Markt ", "Mkt. "),
    (" an der ", " a.d."),
    (" in der ", " i.d."),
    (" auf der ", " a.d."),
    (" ob der ", " o.d."),
    (" vor der ", " v.d."),
    (" unter ", " u."),
    (" bei ", " b."),
    (" am ", " a."),
    (" im ", " i."),
    (" vorm ", " v."),
];

/// A municipality's name in at most `max`: without its title ("Augsburg, Stadt"); if that is too
/// long, in the short form of registers ("Neustadt a.d.Aisch"); if that is too long, without its
/// surname in brackets or behind a stroke ("Kempten (Allgäu)"); if that is too long, cut off.
pub(super) fn shorten(name: &str, size: f64, max: f64) -> String {
    let head =
        |name: &str, ends: &[char]| name.split(ends).next().unwrap_or(name).trim().to_owned();
    let mut short = head(name, &[',']);
    for (long, abbreviated) in SHORT {
        if width(&short, size) <= max {
            return short;
        }
        short = short.replace(long, abbreviated);
    }
    if width(&short, size) > max {
        short = head(&short, &['(', '/']);
    }
    cut(&short, size, max)
}

/// A text in at most `max`: if it is longer, "…" stands for its end; or, if its last word is short,
/// for what is before that, for the last word tells neighbours apart ("Schwarzenb… a.Wald").
pub(super) fn cut(text: &str, size: f64, max: f64) -> String {
    if width(text, size) <= max {
        return text.to_owned();
    }
    let last = text.rfind([' ', '-']).map_or("", |at| &text[at..]);
    let last = if width(last, size) <= max / 2.0 { last } else { "" };
    let mut room = max - width("…", size) - width(last, size);
    let first = text.chars().take_while(|&c| {
        room -= advance(c) * size;
        room >= 0.0
    });
    let first: String = first.collect();
    format!("{}…{last}", first.trim_end_matches([' ', '-', '.', '(']))
}
