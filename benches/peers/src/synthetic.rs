//! Catalogs that are made up to see how costs grow. Nothing here is random: the same catalog gives
//! the same texts.

use std::collections::{BTreeMap, HashMap, HashSet};

use amtslotse::{
    catalog::{Catalog, CatalogFiles, Lexicon, Service, service::Says},
    ids::RegionKey,
    places::Places,
};
use anyhow::{Context, Result, anyhow};

use crate::{measure::Asked, texts::Text};

/// The largest municipalities whose name means no other place: key and name.
pub fn municipalities(
    files: &CatalogFiles,
    places: &Places,
    count: usize,
) -> Result<Vec<(RegionKey, String)>> {
    const TABLE: &str = "places/municipalities.tsv";
    let table = files.file(TABLE).with_context(|| TABLE.to_owned())?;
    let mut found: Vec<(RegionKey, &str, u32)> = Vec::new();
    for row in std::str::from_utf8(table)?.lines().filter(|line| !line.starts_with('#')) {
        let cells: Vec<&str> = row.split('\t').collect();
        if let [_, name, ..] = cells[..]
            && let Ok(place) = places.resolve(name)
            && place.name == name
        {
            found.push((place.key, name, place.population));
        }
    }
    found.sort_by_key(|(key, _, population)| (std::cmp::Reverse(*population), *key));
    found.dedup_by_key(|(key, ..)| *key);
    Ok(found.into_iter().take(count).map(|(key, name, _)| (key, name.to_owned())).collect())
}

/// Entries such as "Personalausweis beantragen in Kassel", place by place: what an engine indexes
/// that does not know services from places.
pub fn local_entries(services: &[Service], places: &[(RegionKey, String)]) -> Vec<Text> {
    let entry = |place: &str, service: &Service| format!("{} in {place}", service.plain());
    places
        .iter()
        .flat_map(|(_, place)| services.iter().map(move |service| entry(place, service)))
        .enumerate()
        .map(|(service, text)| Text { service, text })
        .collect()
}

/// Questions for evenly spaced local entries.
pub fn local_questions(entries: &[Text], count: usize) -> Vec<Asked> {
    let question = |at: usize| {
        // A step that is prime to both sides, so that service and place both change.
        let entry = &entries[(at * 7_919 + entries.len() / 2) % entries.len()];
        Asked { question: format!("Wo kann ich {}?", entry.text), right: vec![entry.service] }
    };
    (0..count).map(question).collect()
}

/// Expressions that each service of a synthetic catalog has besides its names.
const EXPRESSIONS: usize = 18;
/// A word that more than one in so many services uses belongs to all services ("beantragen").
const COMMON: usize = 20;
/// Shorter words are mostly the language's own.
const VARIED_FROM: usize = 5;

/// A small catalog, and copies of it in which every service is another one.
///
/// In each copy the letters of all words that are not [`COMMON`] are moved on, vowels among vowels
/// and consonants among consonants: the words differ from copy to copy, but within a copy related
/// words stay related and misspelt words stay near.
pub struct Distinct<'a> {
    catalog: &'a Catalog,
    common: HashSet<String>,
}

impl<'a> Distinct<'a> {
    /// Looks which words are common.
    pub fn of(catalog: &'a Catalog) -> Self {
        let mut services: HashMap<String, HashSet<usize>> = HashMap::new();
        for text in crate::texts::of_catalog(catalog) {
            for word in text.text.split(|c: char| !c.is_alphanumeric()) {
                services.entry(word.to_lowercase()).or_default().insert(text.service);
            }
        }
        let most = catalog.services().len() / COMMON;
        services.retain(|_, services| services.len() > most);
        Self { catalog, common: services.into_keys().collect() }
    }

    /// A catalog of so many services without a lexicon.
    pub fn catalog(&self, services: usize) -> Result<Catalog> {
        let originals = self.catalog.services();
        let copies = (0..services).map(|at| {
            let (copy, position) = (at / originals.len(), at % originals.len());
            let mut service = self.shortened(&originals[position], copy);
            // Ids in this order stay in it when the catalog sorts them.
            service.id = format!("{copy:03}-{position:04}").parse()?;
            Ok(service)
        });
        let services = copies.collect::<Result<_, amtslotse::ids::IdError>>();
        Ok(Catalog::new(services.map_err(|error| anyhow!("{error}"))?, Lexicon::default()))
    }

    /// The questions, each about the service of another copy.
    pub fn questions(&self, questions: &[Asked], services: usize) -> Vec<Asked> {
        let originals = self.catalog.services().len();
        let copies = services.div_ceil(originals);
        let ask = |(at, asked): (usize, &Asked)| {
            let copy = at % copies;
            let moved = asked.right.iter().map(|right| copy * originals + right);
            let right: Vec<usize> = moved.filter(|&right| right < services).collect();
            // The last copy is not complete.
            (!right.is_empty()).then(|| Asked { question: self.vary(&asked.question, copy), right })
        };
        questions.iter().enumerate().filter_map(ask).collect()
    }

    fn shortened(&self, service: &Service, copy: usize) -> Service {
        let mut service = service.clone();
        let german = service.says.remove("de").unwrap_or_default();
        let collected = service.collected.iter().filter(|(language, _)| language == "de");
        let said: Vec<&String> = german
            .synonyms
            .iter()
            .chain(&german.phrases)
            .chain(collected.flat_map(|(_, phrases)| phrases))
            .collect();
        let phrases = crate::measure::sample(&said, EXPRESSIONS);
        let phrases = phrases.into_iter().map(|phrase| self.vary(phrase, copy)).collect();
        service.says = BTreeMap::from([("de".to_owned(), Says { phrases, ..Says::default() })]);
        service.collected = Vec::new();
        service.name.retain(|language, _| language == "de");
        for name in service.name.values_mut() {
            name.official = self.vary(&name.official, copy);
            name.plain = self.vary(&name.plain, copy);
        }
        service
    }

    fn vary(&self, text: &str, copy: usize) -> String {
        let mut out = String::with_capacity(text.len());
        for part in text.split_inclusive(|c: char| !c.is_alphanumeric()) {
            let word = part.trim_end_matches(|c: char| !c.is_alphanumeric());
            if word.chars().count() < VARIED_FROM || self.common.contains(&word.to_lowercase()) {
                out.push_str(part);
            } else {
                out.extend(part.chars().map(|letter| moved_on(letter, copy)));
            }
        }
        out
    }
}

/// A letter, moved on among its kind; the first copy is the original, and no two of the first
/// hundred are alike.
fn moved_on(letter: char, copy: usize) -> char {
    let kinds = [("aeiou", copy), ("bcdfghjklmnpqrstvwxyz", 4 * copy)];
    for (letters, steps) in kinds {
        if let Some(at) = letters.find(letter.to_ascii_lowercase()) {
            let moved = char::from(letters.as_bytes()[(at + steps) % letters.len()]);
            return if letter.is_ascii_uppercase() { moved.to_ascii_uppercase() } else { moved };
        }
    }
    letter
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_move_on_among_their_kind() {
        let moved = |copy| "Ausweis".chars().map(|c| moved_on(c, copy)).collect::<String>();
        assert_eq!(moved(0), "Ausweis");
        assert_eq!(moved(1), "Eaxbiox");
        let all: HashSet<String> = (0..100).map(moved).collect();
        assert_eq!(all.len(), 100);
    }
}
