//! From the markup of foreign catalogs to plain text.
//!
//! Catalogs hold HTML, entities (sometimes escaped twice), soft hyphens and invisible spaces. What
//! a citizen reads holds none of them, and no markup can come through: whatever looks like a tag is
//! dropped.

use quick_xml::escape::resolve_html5_entity;

/// Longest entity name looked for, in characters.
const MAX_ENTITY: usize = 32;

/// Tags that end a line.
const BLOCKS: [&str; 16] = [
    "p", "br", "div", "li", "ul", "ol", "h1", "h2", "h3", "h4", "h5", "h6", "tr", "table", "dt",
    "dd",
];

/// Plain text in one line: paragraphs and entries of lists are joined by a space.
pub fn plain(markup: &str) -> String {
    lines(markup).join(" ")
}

/// Plain text, one entry for each paragraph, line or entry of a list; empty ones are left out.
pub fn lines(markup: &str) -> Vec<String> {
    let mut text = without_tags(markup);
    // Escaped twice, as exports of exports are.
    if text.contains(['&', '<']) {
        text = without_tags(&text);
    }
    text.lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .map(|line| line.trim_start_matches(['•', '·', '*', '–']).trim().to_owned())
        .filter(|line| !line.is_empty())
        .collect()
}

/// At most `max` characters, cut at the end of a sentence or else of a word, with "…".
pub fn at_most(text: &str, max: usize) -> String {
    if text.chars().count() <= max {
        return text.to_owned();
    }
    let head: String = text.chars().take(max.saturating_sub(1)).collect();
    let sentence = head.rfind(". ").map(|at| at + 1).filter(|at| *at >= head.len() / 2);
    match sentence {
        Some(at) => head[..at].to_owned(),
        None => {
            let word = head.rfind(' ').unwrap_or(head.len());
            format!("{}…", head[..word].trim_end_matches([',', ';', ':', ' ']))
        }
    }
}

fn without_tags(markup: &str) -> String {
    let mut text = String::with_capacity(markup.len());
    let mut rest = markup;
    // Once no tag is closed any more, none is looked for: a text of "<" alone is not to take long.
    let mut closes = true;
    while let Some(at) =
        rest.find(['<', '&', '\u{ad}', '\u{200b}', '\u{feff}', '\u{2060}', '\u{a0}'])
    {
        text.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some(inner) = rest.strip_prefix('<') {
            // "<" that opens no tag ("< 18 Jahre") is text.
            let opens = inner.starts_with(|c: char| c.is_ascii_alphabetic() || "/!?".contains(c));
            let end = if opens && closes { inner.find('>') } else { None };
            closes &= end.is_some() || !opens;
            match end {
                Some(end) => {
                    let name: String = inner
                        .trim_start_matches('/')
                        .chars()
                        .take_while(char::is_ascii_alphanumeric)
                        .collect();
                    if BLOCKS.contains(&name.to_ascii_lowercase().as_str()) {
                        text.push('\n');
                    }
                    rest = &inner[end + 1..];
                }
                None => {
                    text.push('<');
                    rest = inner;
                }
            }
        } else if rest.starts_with('&') {
            let (decoded, length) = entity(rest);
            text.push_str(&decoded);
            rest = &rest[length..];
        } else {
            let first = rest.chars().next().unwrap_or(' ');
            if first == '\u{a0}' {
                text.push(' ');
            }
            rest = &rest[first.len_utf8()..];
        }
    }
    text.push_str(rest);
    text
}

/// The text of the entity that a text begins with, and how many bytes it takes; a lone "&" is one.
fn entity(text: &str) -> (String, usize) {
    let end = text.char_indices().take(MAX_ENTITY).find(|(_, c)| *c == ';').map(|(at, _)| at);
    let decoded = end.and_then(|end| {
        let name = &text[1..end];
        let decoded = match name.strip_prefix('#') {
            Some(number) => {
                let code = match number.strip_prefix(['x', 'X']) {
                    Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                    None => number.parse().ok()?,
                };
                char::from_u32(code).filter(|c| !c.is_control() || c.is_whitespace())?.to_string()
            }
            None => resolve_html5_entity(name)?.to_owned(),
        };
        let invisible = ['\u{ad}', '\u{200b}', '\u{feff}', '\u{2060}'];
        Some((decoded.replace(invisible, "").replace('\u{a0}', " "), end + 1))
    });
    decoded.unwrap_or_else(|| ("&".to_owned(), 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_becomes_plain_lines() {
        let fees = "<ul><li>Reise&shy;pass:&nbsp;70 &euro;</li>\n<li>Kind &lt; 12:\u{200b} 26&#44;50 Euro</li></ul>";
        assert_eq!(lines(fees), ["Reisepass: 70 €", "Kind < 12: 26,50 Euro"]);
        assert_eq!(plain("a &amp;amp; b &unknown; & c"), "a & b &unknown; & c");
        assert_eq!(plain("&lt;script&gt;alert(1)&lt;/script&gt;ok"), "alert(1)ok");
        assert_eq!(plain("unter < 18 Jahre<br/>frei"), "unter < 18 Jahre frei");
    }

    #[test]
    fn a_long_text_ends_with_a_sentence_or_a_word() {
        assert_eq!(
            at_most("Erster Satz ist lang. Zweiter Satz auch.", 30),
            "Erster Satz ist lang."
        );
        assert_eq!(at_most("einzweidrei vierfünf sechs", 16), "einzweidrei…");
        assert_eq!(at_most("kurz", 16), "kurz");
    }
}
