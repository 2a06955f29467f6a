//! The fuzzy matcher of the Helix editor: letters of a word in their order, gaps allowed.
//!
//! Its own patterns ask for every word; a citizen's sentence would then match nothing. So each word
//! is scored alone and the scores are added.

use anyhow::Result;
use nucleo_matcher::{
    Config, Matcher, Utf32String,
    pattern::{Atom, AtomKind, CaseMatching, Normalization},
};

use super::{Engine, best_services, words};
use crate::texts::Text;

/// nucleo-matcher over all texts.
pub struct Nucleo {
    matcher: Matcher,
    texts: Vec<(usize, Utf32String)>,
}

impl Nucleo {
    /// Keeps the texts in its own form.
    pub fn new(texts: &[Text]) -> Self {
        let texts = texts.iter().map(|text| (text.service, text.text.as_str().into())).collect();
        Self { matcher: Matcher::new(Config::DEFAULT), texts }
    }
}

impl Engine for Nucleo {
    fn name(&self) -> String {
        "nucleo-matcher, sum over words".to_owned()
    }

    fn search(&mut self, question: &str, k: usize) -> Result<Vec<usize>> {
        let atoms: Vec<Atom> = words(question)
            .iter()
            .map(|word| {
                let (case, marks) = (CaseMatching::Ignore, Normalization::Smart);
                Atom::new(word, case, marks, AtomKind::Fuzzy, false)
            })
            .collect();
        let matcher = &mut self.matcher;
        let scored = self.texts.iter().filter_map(|(service, text)| {
            let scores = atoms.iter().filter_map(|atom| atom.score(text.slice(..), matcher));
            let sum: u32 = scores.map(u32::from).sum();
            // As its users sort: of equal scores, the shorter text.
            (sum > 0).then(|| (*service, f64::from(sum), -(text.len() as f64)))
        });
        Ok(best_services(scored, k))
    }
}
