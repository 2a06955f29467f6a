//! How alike two texts are, letter run by letter run: for finding near duplicates and test
//! questions that slipped into the catalog.

use super::tokens;

/// The runs of five letters of a text, words separated by one space and framed by spaces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FiveGrams {
    /// The text, folded, without punctuation.
    pub folded: String,
    runs: Vec<[char; 5]>,
}

impl FiveGrams {
    /// Cuts a text up.
    pub fn of(text: &str) -> Self {
        let words: Vec<String> = tokens(text).into_iter().map(|token| token.folded).collect();
        let folded = words.join(" ");
        let framed: Vec<char> = format!(" {folded} ").chars().collect();
        let mut runs: Vec<[char; 5]> =
            framed.windows(5).filter_map(|run| run.try_into().ok()).collect();
        runs.sort_unstable();
        runs.dedup();
        Self { folded, runs }
    }

    /// The runs, sorted.
    pub fn runs(&self) -> &[[char; 5]] {
        &self.runs
    }

    /// Shared runs over all runs of both (Jaccard), 0 to 1; 1 for equal texts.
    pub fn likeness(&self, other: &Self) -> f64 {
        if self.folded == other.folded {
            return 1.0;
        }
        let shared = self.runs.iter().filter(|run| other.runs.binary_search(run).is_ok()).count();
        let all = self.runs.len() + other.runs.len() - shared;
        shared as f64 / all.max(1) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::FiveGrams;

    #[test]
    fn likeness_counts_shared_letter_runs() {
        let like = |a, b| FiveGrams::of(a).likeness(&FiveGrams::of(b));
        assert_eq!(like("Führerschein verloren!", "fuehrerschein verloren"), 1.0);
        assert!(like("zeugnis beglaubigen lassen wo", "zeugnis beglaubigen lassen") > 0.8);
        assert!(like("hund anmelden", "hund abmelden") < 0.6);
        assert_eq!(like("a", "b"), 0.0);
    }
}
