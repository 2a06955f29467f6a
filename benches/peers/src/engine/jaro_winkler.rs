//! A plain scan: the whole question against each text, by Jaro-Winkler likeness.

use anyhow::Result;

use super::{Engine, best_services};
use crate::texts::Text;

/// strsim over all texts.
pub struct JaroWinkler {
    texts: Vec<(usize, String)>,
}

impl JaroWinkler {
    /// Keeps the texts in lower case.
    pub fn new(texts: &[Text]) -> Self {
        Self { texts: texts.iter().map(|text| (text.service, text.text.to_lowercase())).collect() }
    }
}

impl Engine for JaroWinkler {
    fn name(&self) -> String {
        "strsim, Jaro-Winkler of the whole".to_owned()
    }

    fn search(&mut self, question: &str, k: usize) -> Result<Vec<usize>> {
        let question = question.to_lowercase();
        let scored = self
            .texts
            .iter()
            .map(|(service, text)| (*service, strsim::jaro_winkler(&question, text), 0.0));
        Ok(best_services(scored, k))
    }
}
