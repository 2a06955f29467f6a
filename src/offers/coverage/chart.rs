//! The picture: bars by level, the figures others have counted, and one tile a municipality.
//!
//! One visual language for all of it: a bar is all services, its four parts are how they can be
//! done, always in the same order, colours and patterns. Tiles are not coloured by a single share,
//! for none can be read rightly: of the services whose status is known, those online are known
//! best, so that a town nobody has described would shine; of all services, it would look as though
//! it had none online. The bar shows what is known and what is not, and the number is the range
//! that the truth lies in.

use std::{collections::BTreeMap, fmt::Write};

use quick_xml::escape::escape;

use super::{
    Counts, Municipality,
    fitting::{BOLD, cut, shorten, wrap},
    label, level_name,
};
use crate::{catalog::service::Level, ids::RegionKey, reply::AvailabilityKind};

/// Width of the picture in pixels: read on a screen as it is, and fills a page of A4.
const WIDTH: f64 = 960.0;
const MARGIN: f64 = 24.0;
const RIGHT: f64 = WIDTH - MARGIN;

/// Where the bars of the levels stand, and the columns of numbers beside them.
const BAR_X: f64 = 160.0;
const BAR_WIDTH: f64 = 410.0;
const COLUMN_X: f64 = 586.0;
const COLUMN: f64 = (RIGHT - COLUMN_X) / 4.0;

/// Tiles in a row, and their measures.
const TILES: usize = 7;
const GAP: f64 = 6.0;
const TILE_WIDTH: f64 = (RIGHT - MARGIN - GAP * (TILES as f64 - 1.0)) / TILES as f64;
const TILE_HEIGHT: f64 = 49.0;
const INSET: f64 = 5.0;

const INK: &str = "#1a202c";
const FAINT: &str = "#4a5568";

/// What the four kinds are, for those who read the legend.
fn meaning(kind: AvailabilityKind) -> &'static str {
    match kind {
        AvailabilityKind::Online => "alles lässt sich im Netz erledigen",
        AvailabilityKind::Partly => {
            "mindestens ein Schritt der Sache selbst geht im Netz, nicht alle"
        }
        AvailabilityKind::InPerson => "im Netz gibt es höchstens den Termin",
        AvailabilityKind::Unknown => {
            "keine Quelle sagt es; das heißt nicht, dass es nicht online geht"
        }
    }
}

/// Colours that differ in lightness or pattern as well, for those who cannot tell green from red
/// and for print without colour; the patterns are in [`PATTERNS`].
fn fill(kind: AvailabilityKind) -> &'static str {
    match kind {
        AvailabilityKind::Online => "#1b7f4b",
        AvailabilityKind::Partly => "#d9a400",
        AvailabilityKind::InPerson => "url(#coverage-in-person)",
        AvailabilityKind::Unknown => "url(#coverage-unknown)",
    }
}

const PATTERNS: &str = "<defs>\n\
    <pattern id=\"coverage-in-person\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\">\
    <rect width=\"6\" height=\"6\" fill=\"#a3336b\"/><circle cx=\"3\" cy=\"3\" r=\"1.1\" fill=\"#fff\"/></pattern>\n\
    <pattern id=\"coverage-unknown\" width=\"5\" height=\"5\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\">\
    <rect width=\"5\" height=\"5\" fill=\"#f4f5f7\"/><rect width=\"1.6\" height=\"5\" fill=\"#8a94a6\"/></pattern>\n\
    </defs>\n";

/// The counts as a picture (SVG, in German, without scripts and fonts of its own).
///
/// For one municipality its levels as bars; for several the sums of their levels, then a tile for
/// each, by Kreis. `reference` holds figures counted nationwide by others and who counted them.
/// The same input always gives the same picture.
pub fn svg(title: &str, municipalities: &[Municipality], reference: &[(&str, &str)]) -> String {
    let mut levels = BTreeMap::new();
    for (level, counts) in municipalities.iter().flat_map(|one| &one.counts) {
        *levels.entry(*level).or_insert_with(Counts::default) += *counts;
    }
    let summary = summary(municipalities, levels.values().copied().sum());
    let mut page = Page::default();
    page.paragraph(&Style { size: 22.0, bold: true, ..Style::default() }, title);
    page.paragraph(&Style { size: 15.0, ..Style::default() }, &summary);
    if !municipalities.is_empty() {
        page.levels(&levels);
        page.legend();
    }
    page.reference(reference);
    if municipalities.len() > 1 {
        page.tiles(municipalities);
    }
    page.finish(title, &description(&summary, &levels))
}

/// What the picture says, in a sentence.
fn summary(municipalities: &[Municipality], all: Counts) -> String {
    let who = match municipalities {
        [] => return "Es wurde keine Gemeinde ausgewählt.".to_owned(),
        [one] => described(one),
        many => format!("{} Gemeinden", thousands(many.len())),
    };
    if all.all() == 0 {
        return format!("{who}: Es wurde keine Leistung gezählt.");
    }
    let shares = all
        .by_kind()
        .map(|(kind, count)| format!("{} {}", percent(count, all.all()), label(kind)))
        .join(", ");
    let note = match municipalities.len() {
        1 => "",
        _ => " (eine Leistung zählt in jeder Gemeinde einmal)",
    };
    format!("{who}: {}{note}, davon {shares}.", services(all))
}

/// The bars in words, for those who cannot see them.
fn description(summary: &str, levels: &BTreeMap<Level, Counts>) -> String {
    let levels = levels
        .iter()
        .map(|(level, counts)| format!(" {}: {}.", level_name(*level), in_words(*counts)));
    std::iter::once(summary.to_owned()).chain(levels).collect()
}

/// Its name, with its Kreis and its inhabitants as far as known.
fn described(municipality: &Municipality) -> String {
    let Municipality { key, name, kreis, population, .. } = municipality;
    let kreis = (key.kreis() != *key && !kreis.is_empty()).then(|| kreis.clone());
    let population = match *population {
        0 => None,
        population => Some(format!("{} Einwohner", thousands(population as usize))),
    };
    let more: Vec<String> = [kreis, population].into_iter().flatten().collect();
    if more.is_empty() { name.clone() } else { format!("{name} ({})", more.join(", ")) }
}

fn services(counts: Counts) -> String {
    match counts.all() {
        1 => "1 Leistung".to_owned(),
        all => format!("{} Leistungen", thousands(all)),
    }
}

fn in_words(counts: Counts) -> String {
    let mut text = services(counts);
    for (kind, count) in counts.by_kind() {
        let share = percent(count, counts.all());
        let _ = write!(text, ", {} {} ({share})", thousands(count), label(kind));
    }
    text
}

/// How a text is set.
struct Style {
    size: f64,
    bold: bool,
    fill: &'static str,
    anchor: &'static str,
}

impl Default for Style {
    fn default() -> Self {
        Self { size: 12.0, bold: false, fill: INK, anchor: "start" }
    }
}

/// The picture as it grows downwards.
struct Page {
    body: String,
    /// Where the next thing begins.
    y: f64,
}

impl Default for Page {
    fn default() -> Self {
        Self { body: String::new(), y: MARGIN }
    }
}

impl Page {
    fn text(&mut self, x: f64, y: f64, style: &Style, text: &str) {
        let Style { size, bold, fill, anchor } = style;
        let weight = if *bold { " font-weight=\"bold\"" } else { "" };
        let _ = writeln!(
            self.body,
            "<text x=\"{x:.1}\" y=\"{y:.1}\" font-size=\"{size}\" fill=\"{fill}\" text-anchor=\"{anchor}\"{weight}>{}</text>",
            xml(text)
        );
    }

    /// Text in as many lines as it takes.
    fn paragraph(&mut self, style: &Style, text: &str) {
        let size = if style.bold { style.size * BOLD } else { style.size };
        for line in wrap(&visible(text), size, RIGHT - MARGIN) {
            self.y += style.size;
            self.text(MARGIN, self.y, style, &line);
            self.y += style.size * 0.4;
        }
        self.y += 4.0;
    }

    /// A bar of all services; an empty frame if there are none.
    fn bar(&mut self, x: f64, y: f64, width: f64, height: f64, counts: Counts) {
        let mut at = x;
        for (kind, count) in counts.by_kind() {
            let part = width * share(count, counts.all());
            if count > 0 {
                let _ = write!(
                    self.body,
                    "<rect x=\"{at:.1}\" y=\"{y:.1}\" width=\"{part:.1}\" height=\"{height:.1}\" fill=\"{}\"/>",
                    fill(kind)
                );
            }
            at += part;
        }
        let _ = writeln!(
            self.body,
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" fill=\"none\" stroke=\"{FAINT}\" stroke-width=\"0.8\"/>"
        );
    }

    /// A bar for each level and one for all, with the numbers beside them.
    fn levels(&mut self, levels: &BTreeMap<Level, Counts>) {
        self.column_heads();
        for (level, counts) in levels {
            self.level(level_name(*level), *counts, false);
        }
        self.level("alle", levels.values().copied().sum(), true);
    }

    fn column_heads(&mut self) {
        self.y += 8.0;
        let style = Style { fill: FAINT, ..Style::default() };
        self.text(MARGIN, self.y + 28.0, &style, "zuständig");
        for (at, (kind, _)) in Counts::default().by_kind().into_iter().enumerate() {
            let x = COLUMN_X + at as f64 * COLUMN;
            self.swatch(x, self.y + 2.0, kind);
            for (line, word) in label(kind).split(' ').enumerate() {
                self.text(x + 17.0, self.y + 12.0 + 16.0 * line as f64, &style, word);
            }
        }
        self.y += 36.0;
    }

    fn level(&mut self, name: &str, counts: Counts, bold: bool) {
        let faint = Style { size: 11.0, fill: FAINT, ..Style::default() };
        let y = self.y;
        self.text(MARGIN, y + 14.0, &Style { size: 14.0, bold, ..Style::default() }, name);
        self.text(MARGIN, y + 29.0, &faint, &services(counts));
        self.bar(BAR_X, y + 2.0, BAR_WIDTH, 27.0, counts);
        for (at, (_, count)) in counts.by_kind().into_iter().enumerate() {
            let x = COLUMN_X + at as f64 * COLUMN + 17.0;
            let style = Style { size: 14.0, bold: true, ..Style::default() };
            self.text(x, y + 14.0, &style, &percent(count, counts.all()));
            self.text(x, y + 29.0, &faint, &thousands(count));
        }
        self.y += 40.0;
    }

    fn swatch(&mut self, x: f64, y: f64, kind: AvailabilityKind) {
        let _ = writeln!(
            self.body,
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"12\" height=\"12\" fill=\"{}\" stroke=\"{FAINT}\" stroke-width=\"0.8\"/>",
            fill(kind)
        );
    }

    fn legend(&mut self) {
        self.y += 4.0;
        for (kind, _) in Counts::default().by_kind() {
            self.swatch(MARGIN, self.y + 1.0, kind);
            let text = format!("{}: {}", label(kind), meaning(kind));
            self.text(MARGIN + 18.0, self.y + 11.0, &Style::default(), &text);
            self.y += 18.0;
        }
        self.text(MARGIN + 18.0, self.y + 11.0, &Style::default(), "Prozente sind gerundet.");
        self.y += 24.0;
    }

    fn reference(&mut self, reference: &[(&str, &str)]) {
        if reference.is_empty() {
            return;
        }
        self.y += 4.0;
        let head = Style { bold: true, ..Style::default() };
        self.paragraph(
            &head,
            "Zum Vergleich, von anderen bundesweit gezählt (andere Auswahl von Leistungen):",
        );
        for (text, source) in reference {
            self.paragraph(&Style::default(), &format!("{text} ({source})"));
        }
    }

    /// A tile for each municipality, by Kreis.
    fn tiles(&mut self, municipalities: &[Municipality]) {
        self.y += 12.0;
        let head = Style { size: 17.0, bold: true, ..Style::default() };
        self.paragraph(&head, "Gemeinde für Gemeinde");
        self.paragraph(
            &Style::default(),
            "Jede Kachel ist eine Gemeinde, ihr Balken sind alle ihre Leistungen in den Farben von \
             oben. Die Zahl ist der Anteil, der ganz online geht. »40–65 %« heißt: 40 % gehen \
             nachweislich ganz online; es wären 65 %, wenn auch alles ganz online ginge, was nicht \
             bekannt ist.",
        );
        for (name, group) in by_kreis(municipalities) {
            self.kreis_head(&name, &group);
            for row in group.chunks(TILES) {
                for (at, municipality) in row.iter().enumerate() {
                    self.tile(MARGIN + at as f64 * (TILE_WIDTH + GAP), municipality);
                }
                self.y += TILE_HEIGHT + GAP;
            }
        }
    }

    /// The name of a Kreis, and the bar of all its municipalities.
    fn kreis_head(&mut self, name: &str, group: &[&Municipality]) {
        let counts = group.iter().map(|municipality| municipality.total()).sum();
        let bar_width = 2.0 * TILE_WIDTH + GAP;
        self.y += 14.0;
        let count = match group.len() {
            1 => "1 Gemeinde".to_owned(),
            many => format!("{} Gemeinden", thousands(many)),
        };
        let _ = writeln!(
            self.body,
            "<text x=\"{MARGIN}\" y=\"{:.1}\" font-size=\"12\" fill=\"{FAINT}\"><tspan font-size=\"14\" font-weight=\"bold\" fill=\"{INK}\">{}</tspan> · {count}</text>",
            self.y + 13.0,
            xml(&cut(name, 14.0 * BOLD, 400.0))
        );
        let x = RIGHT - bar_width;
        let end = Style { anchor: "end", ..Style::default() };
        self.text(x - 8.0, self.y + 13.0, &end, &online(counts));
        self.bar(x, self.y + 2.0, bar_width, 13.0, counts);
        self.y += 23.0;
    }

    fn tile(&mut self, x: f64, municipality: &Municipality) {
        let counts = municipality.total();
        let y = self.y;
        let room = TILE_WIDTH - 2.0 * INSET;
        let _ = writeln!(
            self.body,
            "<g><title>{}</title><rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{TILE_WIDTH:.1}\" height=\"{TILE_HEIGHT}\" rx=\"3\" fill=\"#fff\" stroke=\"#cbd2dc\"/>",
            xml(&format!("{}: {}", described(municipality), in_words(counts)))
        );
        let style = Style { size: 11.5, ..Style::default() };
        let name = shorten(&visible(&municipality.name), style.size, room);
        self.text(x + INSET, y + 13.5, &style, &name);
        let style = Style { size: 11.0, bold: true, ..Style::default() };
        self.text(x + INSET, y + 27.5, &style, &online(counts));
        self.bar(x + INSET, y + 32.5, room, 12.0, counts);
        self.body.push_str("</g>\n");
    }

    fn finish(self, title: &str, description: &str) -> String {
        let height = (self.y + MARGIN).ceil();
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" lang=\"de\" xml:lang=\"de\" role=\"img\" \
             width=\"{WIDTH}\" height=\"{height}\" viewBox=\"0 0 {WIDTH} {height}\" font-family=\"sans-serif\">\n\
             <title>{}</title>\n<desc>{}</desc>\n{PATTERNS}\
             <rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#fff\"/>\n{}</svg>\n",
            xml(title),
            xml(description),
            self.body
        )
    }
}

/// The municipalities by Kreis, with its name; Kreise and municipalities in the order of a German
/// index. Towns that are a Kreis of their own come first, together.
fn by_kreis(municipalities: &[Municipality]) -> Vec<(String, Vec<&Municipality>)> {
    let mut groups: BTreeMap<Option<RegionKey>, Vec<&Municipality>> = BTreeMap::new();
    for municipality in municipalities {
        let kreis = municipality.key.kreis();
        groups.entry((kreis != municipality.key).then_some(kreis)).or_default().push(municipality);
    }
    let mut groups: Vec<_> = groups
        .into_iter()
        .map(|(kreis, mut group)| {
            group.sort_by_cached_key(|one| (index(&one.name), one.key));
            let name = match kreis {
                None => "Kreisfreie Städte".to_owned(),
                Some(key) => {
                    let named = group.iter().find(|one| !one.kreis.trim().is_empty());
                    named.map_or_else(|| format!("Kreis {key}"), |one| one.kreis.clone())
                }
            };
            (kreis, name, group)
        })
        .collect();
    groups.sort_by_cached_key(|(kreis, name, _)| (kreis.is_some(), index(name), *kreis));
    groups.into_iter().map(|(_, name, group)| (name, group)).collect()
}

/// A name as it is sorted in a German index (DIN 5007, variant 1).
fn index(name: &str) -> String {
    name.to_lowercase().replace('ä', "a").replace('ö', "o").replace('ü', "u").replace('ß', "ss")
}

/// How much goes all online: a share, or the range it lies in while some is not known.
fn online(counts: Counts) -> String {
    let all = counts.all();
    if all == 0 {
        return "keine Leistung".to_owned();
    }
    if counts.unknown == all {
        return "nicht bekannt".to_owned();
    }
    let least = percent(counts.online, all);
    let most = percent(counts.online.saturating_add(counts.unknown), all);
    if least == most {
        return format!("{least} online");
    }
    format!("{}–{most} online", least.trim_end_matches("\u{a0}%"))
}

fn share(part: usize, all: usize) -> f64 {
    part as f64 / all.max(1) as f64
}

/// A share in per cent, rounded; but only none is "0 %", and only all is "100 %".
fn percent(part: usize, all: usize) -> String {
    let rounded = (100.0 * share(part, all)).round();
    match part {
        _ if all == 0 => "–".to_owned(),
        0 => "0\u{a0}%".to_owned(),
        _ if rounded < 1.0 => "<1\u{a0}%".to_owned(),
        part if part < all && rounded > 99.0 => ">99\u{a0}%".to_owned(),
        _ => format!("{rounded:.0}\u{a0}%"),
    }
}

/// A number with a point between groups of three digits ("2.056").
fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push('.');
        }
        text.push(digit);
    }
    text
}

/// A text without what XML cannot hold (control characters, non-characters) and without marks that
/// turn the direction of what follows; each becomes a space.
fn visible(text: &str) -> String {
    let dropped = |c: char| {
        c.is_control()
            || matches!(c, '\u{fffe}' | '\u{ffff}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.replace(dropped, " ")
}

fn xml(text: &str) -> String {
    escape(visible(text)).into_owned()
}
