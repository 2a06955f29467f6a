//! How much goes online where: municipality by municipality and level by level, as a table for a
//! spreadsheet ([`csv()`]) and as a picture for a town council ([`svg()`]).
//!
//! What nobody has said stays a count of its own throughout. It is never taken for "not online": a
//! town whose services were never described would otherwise look worse than one that has none
//! online.

mod chart;
mod fitting;

use std::{collections::BTreeMap, fmt::Write, iter, ops};

pub use self::chart::svg;
use crate::{catalog::service::Level, ids::RegionKey, reply::AvailabilityKind};

/// One municipality, and how its services can be done there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Municipality {
    /// Its key.
    pub key: RegionKey,
    /// What people call it ("Augsburg").
    pub name: String,
    /// The name of its Kreis; what is grouped by is the key.
    pub kreis: String,
    /// Inhabitants, 0 if unknown.
    pub population: u32,
    /// Its services, by the level that does them; a level without services may be left out.
    pub counts: BTreeMap<Level, Counts>,
}

impl Municipality {
    /// The services of all levels.
    pub fn total(&self) -> Counts {
        self.counts.values().copied().sum()
    }
}

/// How many services can be done how. Sums stop at the largest number instead of overflowing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Counts {
    /// All of it goes online.
    pub online: usize,
    /// At least one step of the matter itself goes online, but not all.
    pub partly: usize,
    /// Nothing but perhaps the appointment.
    pub in_person: usize,
    /// Nobody has said; this is not "no".
    pub unknown: usize,
}

impl Counts {
    /// How many services there are.
    pub fn all(self) -> usize {
        self.by_kind().into_iter().fold(0, |sum, (_, count)| usize::saturating_add(sum, count))
    }

    /// Counts one more service.
    pub fn add(&mut self, kind: AvailabilityKind) {
        let count = match kind {
            AvailabilityKind::Online => &mut self.online,
            AvailabilityKind::Partly => &mut self.partly,
            AvailabilityKind::InPerson => &mut self.in_person,
            AvailabilityKind::Unknown => &mut self.unknown,
        };
        *count = count.saturating_add(1);
    }

    /// The counts in the order of every table and bar.
    fn by_kind(self) -> [(AvailabilityKind, usize); 4] {
        [
            (AvailabilityKind::Online, self.online),
            (AvailabilityKind::Partly, self.partly),
            (AvailabilityKind::InPerson, self.in_person),
            (AvailabilityKind::Unknown, self.unknown),
        ]
    }
}

impl ops::Add for Counts {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            online: self.online.saturating_add(other.online),
            partly: self.partly.saturating_add(other.partly),
            in_person: self.in_person.saturating_add(other.in_person),
            unknown: self.unknown.saturating_add(other.unknown),
        }
    }
}

impl ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl iter::Sum for Counts {
    fn sum<I: Iterator<Item = Self>>(counts: I) -> Self {
        counts.fold(Self::default(), ops::Add::add)
    }
}

/// What a way to do a service is called in tables and pictures.
fn label(kind: AvailabilityKind) -> &'static str {
    match kind {
        AvailabilityKind::Online => "ganz online",
        AvailabilityKind::Partly => "teilweise online",
        AvailabilityKind::InPerson => "nur persönlich",
        AvailabilityKind::Unknown => "nicht bekannt",
    }
}

fn level_name(level: Level) -> &'static str {
    match level {
        Level::Bund => "Bund",
        Level::Land => "Land",
        Level::Kreis => "Kreis",
        Level::Gemeinde => "Gemeinde",
    }
}

/// The counts as a table: one row for each municipality and level, and one "alle" for each
/// municipality, in the order given.
///
/// Made to open rightly by a double click in a German Excel: UTF-8 with a byte order mark, `;`
/// between cells, and no cell that is taken for a formula. Keys are written with spaces between
/// their parts (`09 1 62 0000 000`): as bare digits they would be read as numbers and lose their
/// leading zero. Unknown numbers of inhabitants are empty.
pub fn csv(municipalities: &[Municipality]) -> String {
    let mut out =
        String::from("\u{feff}Regionalschlüssel;Gemeinde;Kreis;Einwohner;Ebene;Leistungen");
    for (kind, _) in Counts::default().by_kind() {
        let _ = write!(out, ";{}", label(kind));
    }
    out.push_str("\r\n");
    for municipality in municipalities {
        let levels =
            municipality.counts.iter().map(|(level, counts)| (level_name(*level), *counts));
        for (level, counts) in levels.chain([("alle", municipality.total())]) {
            row(&mut out, municipality, level, counts);
        }
    }
    out
}

fn row(out: &mut String, municipality: &Municipality, level: &str, counts: Counts) {
    let Municipality { key, name, kreis, population, .. } = municipality;
    let population = if *population == 0 { String::new() } else { population.to_string() };
    let _ = write!(
        out,
        "{};{};{};{population};{level};{}",
        spaced(*key),
        cell(name),
        cell(kreis),
        counts.all()
    );
    for (_, count) in counts.by_kind() {
        let _ = write!(out, ";{count}");
    }
    out.push_str("\r\n");
}

/// The key with spaces between Land, Regierungsbezirk, Kreis, Verband and Gemeinde.
fn spaced(key: RegionKey) -> String {
    let key = key.to_string();
    [0..2, 2..3, 3..5, 5..9, 9..12].map(|part| key.get(part).unwrap_or_default()).join(" ")
}

/// A text as a cell: what a spreadsheet would take for a formula is marked as text by an apostrophe
/// (OWASP, "CSV Injection"), then quoted where needed (RFC 4180, section 2).
fn cell(text: &str) -> String {
    let formula = |first: char| first.is_control() || "=+-@＝＋－＠".contains(first);
    let mark = if text.starts_with(formula) { "'" } else { "" };
    if text.contains([';', '"', '\r', '\n']) {
        format!("\"{mark}{}\"", text.replace('"', "\"\""))
    } else {
        format!("{mark}{text}")
    }
}

#[cfg(test)]
mod tests;
