//! Where: the German municipalities, found in a citizen's words by name, district or postcode.
//!
//! The table ([`Places::load`]) is part of the catalog (`catalog/places/`); finding a place in a
//! text is [`Places::spot`].

mod recognize;

use std::collections::BTreeMap;

use rustc_hash::{FxHashMap, FxHashSet};

pub use self::recognize::{Mention, Spotted};
use crate::{
    catalog::{CatalogFiles, Finding},
    ids::RegionKey,
    text::fold,
};

/// A region people name: mostly a municipality, also a Kreis or a Land.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Its key, padded to 12 digits.
    pub key: RegionKey,
    /// What people call it ("Köln").
    pub name: String,
    /// What it is.
    pub level: PlaceLevel,
    /// Inhabitants (2011), 0 if unknown.
    pub population: u32,
    /// Its postcodes, sorted.
    pub postcodes: Vec<u32>,
}

/// What a place is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PlaceLevel {
    /// A municipality.
    Gemeinde,
    /// A Kreis.
    Kreis,
    /// A Land.
    Land,
}

/// All places of Germany.
#[derive(Debug, Default)]
pub struct Places {
    places: Vec<Place>,
    by_key: FxHashMap<(RegionKey, PlaceLevel), u32>,
    /// Names and short forms of municipalities, folded, words separated by one space.
    by_name: FxHashMap<String, Vec<u32>>,
    /// District names.
    by_district: FxHashMap<String, Vec<u32>>,
    /// Kreise and Länder.
    by_region: FxHashMap<String, Vec<u32>>,
    by_postcode: FxHashMap<u32, Vec<u32>>,
    /// Names that are also common words, folded.
    cue: FxHashSet<String>,
    /// The longest name, in words.
    longest: usize,
}

/// Why a name given in a setting or option is no place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlaceError {
    /// No such name, postcode or key.
    #[error(
        "»{0}« ist kein bekannter Ort (erwartet: Name, Postleitzahl oder 12-stelliger Regionalschlüssel){1}"
    )]
    Unknown(String, String),
    /// Several of that name.
    #[error(
        "»{0}« ist nicht eindeutig; gemeint sein kann: {1} (bitte den Regionalschlüssel angeben)"
    )]
    Ambiguous(String, String),
}

impl Places {
    /// Reads the table of places.
    ///
    /// # Errors
    /// What is wrong in which file and line.
    pub fn load(files: &CatalogFiles) -> Result<Self, Finding> {
        let mut places = Self::default();
        let mut reader = TableReader { files, line: 0, path: "places/municipalities.tsv" };
        reader.each(5, |row| {
            // Uninhabited areas have no town hall.
            if row[2] == "gemeindefreies Gebiet" {
                return Ok(());
            }
            let postcodes =
                row[4].split_whitespace().map(parse_postcode).collect::<Result<_, _>>()?;
            let population = if row[3].is_empty() {
                0
            } else {
                row[3].parse().map_err(|_| format!("population: »{}« ist keine Zahl", row[3]))?
            };
            places.add(Place {
                key: parse_key(row[0])?,
                name: row[1].to_owned(),
                level: PlaceLevel::Gemeinde,
                population,
                postcodes,
            });
            Ok(())
        })?;
        reader.path = "places/regions.tsv";
        reader.each(3, |row| {
            let level = match row[1] {
                "land" => PlaceLevel::Land,
                "kreis" => PlaceLevel::Kreis,
                _ => return Ok(()),
            };
            let key = parse_key(row[0])?;
            let name = match level {
                PlaceLevel::Kreis => kreis_name(row[2], key),
                _ => row[2].to_owned(),
            };
            places.add(Place { key, name, level, population: 0, postcodes: Vec::new() });
            Ok(())
        })?;
        reader.path = "places/districts.tsv";
        reader.each(3, |row| {
            let key = parse_key(row[1])?;
            if let Some(&at) = places.by_key.get(&(key, PlaceLevel::Gemeinde)) {
                places.add_name(NameOf::District, &fold_name(row[0]), at);
            }
            Ok(())
        })?;
        for (alias, key) in LAND_ALIASES {
            if let Some(&at) = places.by_key.get(&(parse(key), PlaceLevel::Land)) {
                places.add_name(NameOf::Region, alias, at);
            }
        }
        for (alias, key) in CITY_ALIASES {
            if let Some(&at) = places.by_key.get(&(parse(key), PlaceLevel::Gemeinde)) {
                places.add_name(NameOf::Municipality, alias, at);
            }
        }
        let cue = files.file("places/cue.txt").and_then(|b| std::str::from_utf8(b).ok());
        places.cue = cue
            .unwrap_or_default()
            .lines()
            .filter(|line| !line.starts_with('#') && !line.trim().is_empty())
            .map(|line| line.trim().to_owned())
            .collect();
        Ok(places)
    }

    fn add(&mut self, place: Place) {
        let at = self.places.len() as u32;
        match place.level {
            PlaceLevel::Gemeinde => {
                for name in spoken_names(&place.name) {
                    self.add_name(NameOf::Municipality, &name, at);
                }
                for &postcode in &place.postcodes {
                    self.by_postcode.entry(postcode).or_default().push(at);
                }
            }
            PlaceLevel::Kreis | PlaceLevel::Land => {
                self.add_name(NameOf::Region, &fold_name(&place.name), at);
            }
        }
        self.by_key.insert((place.key, place.level), at);
        self.places.push(place);
    }

    fn add_name(&mut self, of: NameOf, name: &str, at: u32) {
        self.longest = self.longest.max(name.split(' ').count());
        let table = match of {
            NameOf::Municipality => &mut self.by_name,
            NameOf::District => &mut self.by_district,
            NameOf::Region => &mut self.by_region,
        };
        let list = table.entry(name.to_owned()).or_default();
        if !list.contains(&at) {
            list.push(at);
        }
    }

    /// The place with a key: the municipality if there is one, else the Kreis, else the Land.
    pub fn place(&self, key: RegionKey) -> Option<&Place> {
        [PlaceLevel::Gemeinde, PlaceLevel::Kreis, PlaceLevel::Land]
            .into_iter()
            .find_map(|level| self.by_key.get(&(key, level)))
            .map(|&at| &self.places[at as usize])
    }

    /// The Kreis a place lies in, unless it is its own Kreis (kreisfreie Stadt).
    pub fn kreis_of(&self, key: RegionKey) -> Option<&Place> {
        let kreis = key.kreis();
        if kreis == key {
            return None;
        }
        self.by_key.get(&(kreis, PlaceLevel::Kreis)).map(|&at| &self.places[at as usize])
    }

    /// The Land a place lies in.
    pub fn land_of(&self, key: RegionKey) -> Option<&Place> {
        self.by_key.get(&(key.land(), PlaceLevel::Land)).map(|&at| &self.places[at as usize])
    }

    /// How to name a place among others of its name: with its Kreis, or its Land if it has none.
    pub fn label(&self, place: &Place) -> String {
        match self.kreis_of(place.key).or_else(|| self.land_of(place.key)) {
            Some(within) if within.key != place.key && within.name != place.name => {
                format!("{} ({})", place.name, within.name)
            }
            _ => place.name.clone(),
        }
    }

    /// All places.
    pub fn all(&self) -> &[Place] {
        &self.places
    }

    /// The municipalities of a region, or itself if it is one.
    pub fn municipalities_in(&self, region: RegionKey) -> impl Iterator<Item = &Place> {
        self.places.iter().filter(move |place| {
            place.level == PlaceLevel::Gemeinde && place.key.chain().any(|key| key == region)
        })
    }

    /// How many municipalities there are.
    pub fn municipalities(&self) -> usize {
        self.places.iter().filter(|place| place.level == PlaceLevel::Gemeinde).count()
    }

    /// How many municipalities have a postcode, and how many postcodes there are.
    pub fn postcode_coverage(&self) -> (usize, usize) {
        let with = self.places.iter().filter(|place| !place.postcodes.is_empty()).count();
        (with, self.by_postcode.len())
    }

    /// The place named by a setting or option: a 12-digit key, a postcode or a name.
    ///
    /// # Errors
    /// If there is none, or more than one.
    pub fn resolve(&self, text: &str) -> Result<&Place, PlaceError> {
        let text = text.trim();
        if let Ok(key) = text.parse() {
            let unknown = || PlaceError::Unknown(text.to_owned(), String::new());
            return self.place(key).ok_or_else(unknown);
        }
        let found = match parse_postcode(text) {
            Ok(postcode) => self.by_postcode.get(&postcode).cloned().unwrap_or_default(),
            Err(_) => self.named(&fold_name(text)),
        };
        let found = self.largest_first(found);
        match found[..] {
            [] => Err(PlaceError::Unknown(text.to_owned(), self.suggestion(&fold_name(text)))),
            [at] => Ok(&self.places[at as usize]),
            [at, ..] if self.dominates(&found) => Ok(&self.places[at as usize]),
            _ => {
                let names = found.iter().take(5).map(|&at| {
                    let place = &self.places[at as usize];
                    format!("{} [{}]", self.label(place), place.key)
                });
                let names = names.collect::<Vec<_>>().join(", ");
                Err(PlaceError::Ambiguous(text.to_owned(), names))
            }
        }
    }

    /// Municipalities of a folded name; districts only if there are none; then Kreise and Länder.
    fn named(&self, folded: &str) -> Vec<u32> {
        [&self.by_name, &self.by_district, &self.by_region]
            .into_iter()
            .find_map(|table| table.get(folded))
            .cloned()
            .unwrap_or_default()
    }

    fn suggestion(&self, folded: &str) -> String {
        let near = self
            .by_name
            .iter()
            .filter(|(name, _)| strsim::osa_distance(name, folded) <= 1)
            .flat_map(|(_, list)| list)
            .max_by_key(|&&at| (self.places[at as usize].population, std::cmp::Reverse(at)));
        near.map(|&at| format!(" (meinten Sie »{}«?)", self.places[at as usize].name))
            .unwrap_or_default()
    }

    fn largest_first(&self, mut found: Vec<u32>) -> Vec<u32> {
        found.sort_by_key(|&at| (std::cmp::Reverse(self.places[at as usize].population), at));
        found
    }

    /// Whether the first is so much larger than the others that nobody means them: "Münster".
    fn dominates(&self, found: &[u32]) -> bool {
        const CITY: u32 = 20_000;
        const FACTOR: u32 = 20;
        let population = |at: &u32| self.places[*at as usize].population;
        match found {
            [first, second, ..] => {
                population(first) >= CITY && population(first) >= FACTOR * population(second)
            }
            _ => true,
        }
    }
}

/// What cities are called besides, in English too.
const CITY_ALIASES: [(&str, &str); 11] = [
    ("ffm", "064120000000"),
    ("frankfurt a m", "064120000000"),
    ("frankfurt main", "064120000000"),
    ("koelle", "053150000000"),
    ("halle an der saale", "150020000000"),
    ("frankfurt an der oder", "120530000000"),
    ("munich", "091620000000"),
    ("cologne", "053150000000"),
    ("nuremberg", "095640000000"),
    ("hanover", "032410001001"),
    ("brunswick", "031010000000"),
];

/// What people call the Länder, folded, and their keys.
const LAND_ALIASES: [(&str, &str); 8] = [
    ("nrw", "050000000000"),
    ("bawue", "080000000000"),
    ("rlp", "070000000000"),
    ("meck pomm", "130000000000"),
    ("mecklenburg", "130000000000"),
    ("niedersachs", "030000000000"),
    ("saarland", "100000000000"),
    ("pfalz", "070000000000"),
];

fn parse(key: &str) -> RegionKey {
    key.parse().expect("a key in this file")
}

enum NameOf {
    Municipality,
    District,
    Region,
}

/// A name as the words of a message would spell it: folded, hyphens, dots and brackets as spaces.
fn fold_name(name: &str) -> String {
    let folded = fold(name);
    let words = folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ")
}

/// The full name and how people shorten it: without what follows "am", "an der", "(", "/";
/// "Sankt" as "St".
fn spoken_names(name: &str) -> Vec<String> {
    const TAILS: [&str; 14] = [
        " am ", " an ", " im ", " in ", " bei ", " ob ", " vor ", " auf ", " unter ", " a ", " b ",
        " i ", " v ", " beim ",
    ];
    let mut names = vec![fold_name(name)];
    let mut short = name.split(['(', '/', ',']).next().unwrap_or(name).trim().to_owned();
    names.push(fold_name(&short));
    let cut = TAILS.iter().filter_map(|tail| short.find(tail)).filter(|&at| at > 2).min();
    if let Some(at) = cut {
        short.truncate(at);
        names.push(fold_name(&short));
    }
    for at in 0..names.len() {
        if let Some(rest) = names[at].strip_prefix("sankt ") {
            names.push(format!("st {rest}"));
        }
        if names[at].contains(" der ") {
            names.push(names[at].replace(" der ", " d "));
        }
        if let Some((first, last)) = names[at].split_once(" am ") {
            names.push(format!("{first} a {}", &last[..last.len().min(1)]));
        }
    }
    names.sort_unstable();
    names.dedup();
    names.retain(|name| !name.is_empty());
    names
}

/// "Tübingen" is called "Landkreis Tübingen", "Köln, Stadt" just "Köln".
fn kreis_name(name: &str, key: RegionKey) -> String {
    if let Some((city, _)) = name.split_once(", ") {
        return city.to_owned();
    }
    let folded = name.to_lowercase();
    if folded.contains("kreis") || folded.contains("region") || folded.contains("verband") {
        return name.to_owned();
    }
    // Schleswig-Holstein and Nordrhein-Westfalen say "Kreis".
    let key = key.to_string();
    let word = if key.starts_with("01") || key.starts_with("05") { "Kreis" } else { "Landkreis" };
    format!("{word} {name}")
}

fn parse_key(text: &str) -> Result<RegionKey, String> {
    text.parse().map_err(|error: crate::ids::IdError| error.to_string())
}

fn parse_postcode(text: &str) -> Result<u32, String> {
    let digits = text.len() == 5 && text.bytes().all(|b| b.is_ascii_digit());
    let postcode = digits.then(|| text.parse().ok()).flatten();
    postcode.ok_or_else(|| format!("»{text}« ist keine Postleitzahl (5 Ziffern)"))
}

/// Reads tab-separated tables: comment lines, one header line, rows of a fixed width.
struct TableReader<'a> {
    files: &'a CatalogFiles,
    path: &'static str,
    line: usize,
}

impl TableReader<'_> {
    fn each(
        &mut self,
        columns: usize,
        mut row: impl FnMut(&[&str]) -> Result<(), String>,
    ) -> Result<(), Finding> {
        let shown = self.files.display(self.path);
        let Some(bytes) = self.files.file(self.path) else {
            return Err(Finding::error(shown, "die Datei fehlt"));
        };
        let text = std::str::from_utf8(bytes)
            .map_err(|_| Finding::error(&shown, "kein gültiges UTF-8"))?;
        let mut header_seen = false;
        for (at, line) in text.lines().enumerate() {
            self.line = at + 1;
            if line.starts_with('#') || line.is_empty() {
                continue;
            }
            if !std::mem::replace(&mut header_seen, true) {
                continue;
            }
            let mut cells: Vec<&str> = line.split('\t').collect();
            cells.resize(cells.len().max(columns), "");
            row(&cells).map_err(|why| Finding::error(&shown, why).at_line(Some(at + 1)))?;
        }
        Ok(())
    }
}

/// Counts by Land, for the operator.
pub fn by_land(places: &Places) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for place in places.places.iter().filter(|place| place.level == PlaceLevel::Gemeinde) {
        let land = places.land_of(place.key).map_or("?", |land| land.name.as_str());
        *counts.entry(land.to_owned()).or_default() += 1;
    }
    counts
}
