//! The languages the bot speaks.

use serde::{Deserialize, Serialize};

use crate::text::Token;

/// A language that all of the bot's sentences are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Language {
    /// Deutsch.
    #[default]
    #[serde(rename = "de")]
    German,
    /// English.
    #[serde(rename = "en")]
    English,
}

impl Language {
    /// All languages, in the order in which they are offered.
    pub const ALL: [Self; 2] = [Self::German, Self::English];

    /// Its ISO 639-1 code.
    pub fn code(self) -> &'static str {
        match self {
            Self::German => "de",
            Self::English => "en",
        }
    }

    /// Reads a code such as `en` or, as platforms send it, `en-GB`.
    pub fn from_code(code: &str) -> Option<Self> {
        let code = code.split(['-', '_']).next().unwrap_or_default();
        Self::ALL.into_iter().find(|language| code.eq_ignore_ascii_case(language.code()))
    }

    /// The language a text is written in, if its words leave no doubt: two words that only one of
    /// the languages has, and (for English, which German borrows from) more than twice as many as of
    /// the other.
    pub fn of(tokens: &[Token]) -> Option<Self> {
        let count = |words: &[&str]| {
            tokens.iter().filter(|token| words.contains(&token.folded.as_str())).count()
        };
        let (german, english) = (count(GERMAN), count(ENGLISH));
        if english >= 2 && english > 2 * german {
            Some(Self::English)
        } else if german >= 2 && german > english {
            Some(Self::German)
        } else {
            None
        }
    }
}

/// Frequent words that the other language does not have. Not "is", "do", "am", "was", "die",
/// "will": dialects and the other language have them too.
const GERMAN: &[&str] = &[
    "ich",
    "und",
    "der",
    "das",
    "den",
    "dem",
    "ein",
    "eine",
    "einen",
    "einem",
    "nicht",
    "mein",
    "meine",
    "meinen",
    "meinem",
    "wo",
    "wie",
    "ist",
    "fuer",
    "mit",
    "zu",
    "zum",
    "zur",
    "im",
    "wir",
    "kann",
    "muss",
    "auf",
    "von",
    "bei",
    "geht",
    "habe",
    "hab",
    "wann",
    "welche",
    "welches",
    "wer",
    "brauche",
    "bin",
    "sind",
    "haben",
    "unser",
    "unsere",
    "kein",
    "keine",
    "noch",
    "auch",
    "beim",
    "moechte",
    "kostet",
    "beantragen",
    "anmelden",
    "abmelden",
];
const ENGLISH: &[&str] = &[
    "the",
    "my",
    "how",
    "does",
    "where",
    "what",
    "can",
    "need",
    "want",
    "your",
    "have",
    "lost",
    "i",
    "to",
    "for",
    "and",
    "of",
    "are",
    "with",
    "much",
    "which",
    "please",
    "we",
    "you",
    "get",
    "would",
    "like",
    "this",
    "that",
    "from",
    "when",
    "who",
    "should",
    "new",
    "our",
    "apply",
    "register",
    "registration",
    "renew",
    "renewal",
    "passport",
    "licence",
    "license",
    "certificate",
    "permit",
    "appointment",
    "application",
    "address",
    "moving",
    "moved",
    "dog",
    "car",
    "tax",
    "wedding",
    "marriage",
    "birth",
    "baby",
    "child",
    "cost",
    "fee",
    "documents",
    "online",
    "office",
    "city",
    "town",
    "born",
    "died",
    "married",
    "house",
    "change",
    "driving",
    "english",
    "help",
    "me",
    "he",
    "she",
    "they",
    "his",
    "her",
    "him",
    "us",
    "husband",
    "wife",
    "hits",
    "hurt",
    "kill",
    "swallowed",
    "fire",
    "burning",
    "flat",
    "poison",
    "someone",
    "police",
    "thank",
    "thanks",
    "health",
    "insurance",
    "unemployment",
    "benefit",
    "residence",
    "stolen",
    "identity",
    "card",
    "social",
    "security",
    "number",
    "bicycle",
    "school",
    "father",
    "mother",
    "son",
    "daughter",
    "job",
    "rent",
    "pay",
    "opening",
    "hours",
    "there",
    "here",
    "about",
    "has",
    "had",
    "it",
    "pills",
    "took",
    "many",
    "sick",
    "ill",
    "accident",
    "ambulance",
    "smell",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::tokens;

    #[test]
    fn the_language_of_a_text_is_told_only_if_it_is_sure() {
        for (text, expected) in [
            ("where can I renew my passport?", Some(Language::English)),
            ("passport renewal", Some(Language::English)),
            ("I moved to Cologne", Some(Language::English)),
            ("wo kann ich meinen reisepass verlängern", Some(Language::German)),
            ("ich habe meine driving licence verloren", Some(Language::German)),
            ("perso is weg", None),
            ("Reisepass", None),
            ("online", None),
            ("help", None),
            ("", None),
        ] {
            assert_eq!(Language::of(&tokens(text)), expected, "{text}");
        }
    }

    #[test]
    fn codes_are_read_as_platforms_send_them() {
        assert_eq!(Language::from_code("en-GB"), Some(Language::English));
        assert_eq!(Language::from_code("DE"), Some(Language::German));
        assert_eq!(Language::from_code("tr"), None);
        assert_eq!(Language::from_code(""), None);
    }
}
