//! SQLite's full-text search: FTS5 in memory, ordered by its BM25.

use amtslotse::{matching::stopwords::is_stop, text::fold};
use anyhow::Result;
use rusqlite::Connection;

use super::{Engine, distinct_services, words};
use crate::texts::Text;

const PORTER: &str = "porter unicode61 remove_diacritics 2";
const TRIGRAM: &str = "trigram";

/// An FTS5 table of all texts.
pub struct Fts5 {
    name: &'static str,
    db: Connection,
    /// The service of each row.
    services: Vec<usize>,
    terms: fn(&str) -> Vec<String>,
}

impl Fts5 {
    /// Every word, stemmed as English, marks removed: the only stemmer that SQLite brings.
    pub fn porter(texts: &[Text]) -> Result<Self> {
        Self::new("SQLite FTS5, porter", PORTER, texts, words)
    }

    /// The same, but the question without stop words.
    pub fn porter_without_stop_words(texts: &[Text]) -> Result<Self> {
        Self::new("SQLite FTS5, porter, no stop words", PORTER, texts, content_words)
    }

    /// Words of the question but for stop words, found anywhere in a text, also within a word.
    pub fn substrings(texts: &[Text]) -> Result<Self> {
        Self::new("SQLite FTS5, trigram, words", TRIGRAM, texts, content_words)
    }

    /// Runs of three letters of these words: as tolerant of spelling as that index can be.
    pub fn trigrams(texts: &[Text]) -> Result<Self> {
        Self::new("SQLite FTS5, trigram, letter runs", TRIGRAM, texts, runs_of_three)
    }

    fn new(
        name: &'static str,
        tokenizer: &str,
        texts: &[Text],
        terms: fn(&str) -> Vec<String>,
    ) -> Result<Self> {
        let mut db = Connection::open_in_memory()?;
        db.execute_batch(&format!(
            "create virtual table texts using fts5(text, tokenize = '{tokenizer}')"
        ))?;
        let transaction = db.transaction()?;
        {
            let mut insert =
                transaction.prepare("insert into texts (rowid, text) values (?1, ?2)")?;
            for (row, text) in texts.iter().enumerate() {
                insert.execute((row as i64, &text.text))?;
            }
        }
        transaction.commit()?;
        db.execute_batch("insert into texts (texts) values ('optimize')")?;
        Ok(Self { name, db, services: texts.iter().map(|text| text.service).collect(), terms })
    }
}

impl Engine for Fts5 {
    fn name(&self) -> String {
        self.name.to_owned()
    }

    fn search(&mut self, question: &str, k: usize) -> Result<Vec<usize>> {
        let terms: Vec<String> =
            (self.terms)(question).iter().map(|term| format!("\"{term}\"")).collect();
        if terms.is_empty() {
            return Ok(Vec::new());
        }
        let query = terms.join(" OR ");
        let mut select = self.db.prepare_cached(
            "select rowid from texts where texts match ?1 order by rank limit ?2",
        )?;
        distinct_services(k, |limit| {
            let rows = select.query_map((&query, limit as i64), |row| row.get::<_, i64>(0))?;
            rows.map(|row| Ok(self.services[usize::try_from(row?)?])).collect()
        })
    }
}

/// The words of a question without stop words, if any are left. SQLite has no list of them; it is
/// given ours.
fn content_words(question: &str) -> Vec<String> {
    let all = words(question);
    let content: Vec<String> = all.iter().filter(|word| !is_stop(&fold(word))).cloned().collect();
    if content.is_empty() { all } else { content }
}

/// Runs of three letters within the words of a question; each once.
fn runs_of_three(question: &str) -> Vec<String> {
    let mut runs = Vec::new();
    for word in content_words(question) {
        let letters: Vec<char> = word.chars().collect();
        runs.extend(letters.windows(3).map(|run| run.iter().collect::<String>()));
    }
    runs.sort_unstable();
    runs.dedup();
    runs
}
