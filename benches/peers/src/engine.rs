//! What is compared: search engines over the same texts, all behind one trait.

mod jaro_winkler;
mod nucleo;
mod ours;
mod sqlite;
mod tantivy;
mod token_set;

use anyhow::Result;

pub use self::ours::{LocalRanking, Ranking, Respond};
use self::{
    jaro_winkler::JaroWinkler, nucleo::Nucleo, sqlite::Fts5, tantivy::Tantivy, token_set::TokenSet,
};
use crate::texts::Text;

/// Finds services by what a citizen asks.
pub trait Engine {
    /// What the tables call it.
    fn name(&self) -> String;

    /// At most `k` different services, best first. A service is as good as its best text.
    ///
    /// # Errors
    /// If the engine fails; that it finds nothing is no error.
    fn search(&mut self, question: &str, k: usize) -> Result<Vec<usize>>;
}

/// A foreign engine: how it is built, and whether it takes its time.
pub struct Peer {
    /// Builds its index.
    pub build: fn(&[Text]) -> Result<Box<dyn Engine>>,
    /// Whether it looks at nearly every text, so that over many texts it is given a sample of the
    /// questions.
    pub slow: bool,
}

/// All foreign engines, in the order of the tables.
pub const PEERS: [Peer; 10] = [
    Peer { build: |texts| Ok(Box::new(Tantivy::stems(texts)?)), slow: false },
    Peer { build: |texts| Ok(Box::new(Tantivy::without_stop_words(texts)?)), slow: false },
    Peer { build: |texts| Ok(Box::new(Tantivy::fuzzy(texts)?)), slow: false },
    Peer { build: |texts| Ok(Box::new(Fts5::porter(texts)?)), slow: false },
    Peer { build: |texts| Ok(Box::new(Fts5::porter_without_stop_words(texts)?)), slow: false },
    Peer { build: |texts| Ok(Box::new(Fts5::substrings(texts)?)), slow: false },
    Peer { build: |texts| Ok(Box::new(Fts5::trigrams(texts)?)), slow: true },
    Peer { build: |texts| Ok(Box::new(Nucleo::new(texts))), slow: true },
    Peer { build: |texts| Ok(Box::new(TokenSet::new(texts))), slow: true },
    Peer { build: |texts| Ok(Box::new(JaroWinkler::new(texts))), slow: true },
];

/// The words of a text: runs of letters and digits, in lower case.
fn words(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect()
}

/// The best `k` services from the scores of all texts. Among equal scores, the greater second
/// number counts, then the text that comes first.
fn best_services(scored: impl Iterator<Item = (usize, f64, f64)>, k: usize) -> Vec<usize> {
    let mut best: Vec<(usize, f64, f64)> = Vec::with_capacity(k + 1);
    for (service, score, tie) in scored {
        let beats = |other: &(usize, f64, f64)| (score, tie) > (other.1, other.2);
        if best.len() == k && !best.last().is_some_and(beats) {
            continue;
        }
        match best.iter().position(|found| found.0 == service) {
            Some(at) if beats(&best[at]) => drop(best.remove(at)),
            Some(_) => continue,
            None => {}
        }
        let at = best.iter().position(beats).unwrap_or(best.len());
        best.insert(at, (service, score, tie));
        best.truncate(k);
    }
    best.into_iter().map(|(service, ..)| service).collect()
}

/// Asks an index for its best texts until they are of `k` different services, or there are no more:
/// `fetch` returns the services of the best texts, at most as many as it is told.
fn distinct_services(
    k: usize,
    mut fetch: impl FnMut(usize) -> Result<Vec<usize>>,
) -> Result<Vec<usize>> {
    let mut limit = 8 * k;
    loop {
        let found = fetch(limit)?;
        let all = found.len() < limit;
        let mut services: Vec<usize> = Vec::with_capacity(k);
        for service in found {
            if services.len() < k && !services.contains(&service) {
                services.push(service);
            }
        }
        if all || services.len() == k {
            return Ok(services);
        }
        limit *= 8;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_as_good_as_its_best_text() {
        let scored = [(7, 0.1, 0.0), (8, 0.5, 1.0), (7, 0.9, 0.0), (9, 0.5, 2.0), (8, 0.2, 0.0)];
        assert_eq!(best_services(scored.into_iter(), 3), [7, 9, 8]);
        assert_eq!(best_services(scored.into_iter(), 2), [7, 9]);
        assert!(best_services(std::iter::empty(), 2).is_empty());
    }

    #[test]
    fn more_texts_are_fetched_until_there_are_enough_services() {
        let all: Vec<usize> = (0..100).map(|at| at / 50).collect();
        let fetch = |limit: usize| Ok(all[..limit.min(100)].to_vec());
        assert_eq!(distinct_services(2, fetch).unwrap(), [0, 1]);
        assert_eq!(distinct_services(3, fetch).unwrap(), [0, 1]);
    }

    #[test]
    fn every_engine_finds_what_stands_in_its_texts() {
        let text = |service, text: &str| Text { service, text: text.to_owned() };
        let texts = [
            text(0, "Hund anmelden"),
            text(1, "Personalausweis beantragen"),
            text(1, "neuer Ausweis"),
            text(2, "Führerschein umtauschen"),
        ];
        for peer in PEERS {
            let mut engine = (peer.build)(&texts).unwrap();
            let name = engine.name();
            assert_eq!(engine.search("personalausweis", 3).unwrap().first(), Some(&1), "{name}");
            assert_eq!(engine.search("Führerschein!", 1).unwrap(), [2], "{name}");
            assert!(engine.search("?\"", 3).unwrap().len() <= 3, "{name}");
        }
    }
}
