//! What a citizen wants to know of a service: the words that ask for its price, papers, office ...

use rustc_hash::FxHashMap;

use super::features::Role;
use crate::{
    message::Facet,
    text::{Token, german::skeleton},
};

/// The patterns of all facets, prepared; found by the word they begin with.
#[derive(Debug)]
pub struct Facets {
    /// Patterns by their first word, or by its first two letters if it is a beginning.
    by_first: FxHashMap<String, Vec<(Facet, Vec<Part>)>>,
}

/// A word of a pattern, as a spelling skeleton: umlauts and doubled letters do not matter.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Word(String),
    Beginning(String),
    /// Up to four words between.
    Gap,
}

/// Letters by which patterns that begin with a beginning are found.
const HEAD: usize = 2;

impl Default for Facets {
    fn default() -> Self {
        let mut by_first: FxHashMap<String, Vec<(Facet, Vec<Part>)>> = FxHashMap::default();
        for (facet, patterns) in PATTERNS {
            for pattern in *patterns {
                let parts: Vec<Part> = pattern.split(' ').map(Part::parse).collect();
                let first = match &parts[0] {
                    Part::Word(word) => word.clone(),
                    Part::Beginning(beginning) => beginning[..HEAD].to_owned(),
                    Part::Gap => unreachable!("a pattern begins with a word"),
                };
                by_first.entry(first).or_default().push((*facet, parts));
            }
        }
        Self { by_first }
    }
}

impl Part {
    fn parse(word: &str) -> Self {
        match word.strip_suffix('*') {
            _ if word == "..." => Self::Gap,
            Some(beginning) => Self::Beginning(skeleton(beginning)),
            None => Self::Word(skeleton(word)),
        }
    }
}

impl Facets {
    /// Finds the facets asked for, in the order of [`Facet::ALL`], and marks the words that asked.
    pub fn recognize(&self, tokens: &[Token], roles: &mut [Role]) -> Vec<Facet> {
        let words: Vec<String> = tokens.iter().map(|token| skeleton(&token.folded)).collect();
        let mut found: Vec<Facet> = Vec::new();
        for start in 0..words.len() {
            let head = words[start].get(..HEAD).unwrap_or_default();
            let exact = self.by_first.get(&words[start]).into_iter().flatten();
            let begun = self.by_first.get(head).into_iter().flatten();
            for (facet, pattern) in exact.chain(begun) {
                if let Some(end) = end_of(&words, roles, start, pattern) {
                    roles[start..end].iter_mut().for_each(|role| *role = Role::Facet);
                    if !found.contains(facet) {
                        found.push(*facet);
                    }
                }
            }
        }
        found.sort_by_key(|facet| Facet::ALL.iter().position(|f| f == facet));
        found
    }
}

/// Where a pattern that begins at a word ends.
fn end_of(words: &[String], roles: &[Role], start: usize, pattern: &[Part]) -> Option<usize> {
    let Some((first, rest)) = pattern.split_first() else { return Some(start) };
    if *first == Part::Gap {
        return (start..words.len().min(start + 5)).find_map(|at| end_of(words, roles, at, rest));
    }
    let word = words.get(start)?;
    let hit = match first {
        Part::Word(expected) => word == expected,
        Part::Beginning(beginning) => word.starts_with(beginning.as_str()),
        Part::Gap => false,
    };
    if hit && !roles[start].is_left_out() { end_of(words, roles, start + 1, rest) } else { None }
}

/// Folded words; `*` ends a beginning, `...` stands for up to four words between.
const PATTERNS: &[(Facet, &[&str])] = &[
    (
        Facet::Online,
        &[
            "online",
            "internet",
            "digital*",
            "elektronisch*",
            "per mail",
            "per email",
            "per e mail",
            "von zuhause",
            "von zu hause",
            "von daheim",
            "vom sofa",
            "von der couch",
            "am handy",
            "mit dem handy",
            "uebers handy",
            "per app",
            "am computer",
            "am pc",
            "im netz",
            "uebers netz",
            "ohne hingehen",
            "ohne hin",
            "persoenlich hin*",
            "persoenlich kommen",
            "persoenlich erscheinen",
            "persoenlich vorbei*",
            "muss ich ... persoenlich",
            "muss ich ... hingehen",
            "elster",
            "app",
            "per app",
            "per handy",
            "mit handy",
            "am rechner",
            "qr code",
            "reicht ... mail",
            "genuegt ... mail",
            "ueber elster",
        ],
    ),
    (
        Facet::Cost,
        &[
            "kosten",
            "kostet",
            "koste",
            "kostn",
            "kosts",
            "kost",
            "gebuehr",
            "gebuehren",
            "preis",
            "preise",
            "teuer",
            "euro",
            "kostenlos",
            "kostenfrei",
            "gratis",
            "umsonst",
            "gebuehrenfrei",
            "wie viel zahl*",
            "wieviel zahl*",
            "was zahl*",
            "zahlt man",
            "wie viel ... bezahlen",
            "wieviel ... bezahlen",
            "was ... bezahlen",
            "muss ich ... bezahlen",
            "muss ich ... zahlen",
            "wie viel steuer",
            "how much",
            "cost",
            "costs",
            "fee",
            "price",
            "was nehmen die",
            "kostets",
            "aufpreis",
            "wie viel kost*",
            "wieviel kost*",
            "wie teuer",
            "muss ... zahlen",
            "muessen ... zahlen",
            "was nimmt",
            "was nehmt",
            "was nehmen",
            "wieviel nehmt",
            "wie viel nehmt",
            "wieviel nimmt",
            "was verlangt",
            "was verlangen",
            "was legt man",
            "jahresgebuehr*",
            "was will ... dafuer",
            "mit welcher gebuehr",
            "mit welchen kosten",
        ],
    ),
    (
        Facet::Documents,
        &[
            "unterlagen",
            "dokumente",
            "papiere",
            "mitbringen",
            "mitnehmen",
            "vorlegen",
            "was brauche ich",
            "was brauch ich",
            "was braucht man",
            "was brauchen wir",
            "was muss ich ... dabei",
            "dabei haben",
            "dabeihaben",
            "voraussetzung*",
            "checkliste",
            "nachweise",
            "welche nachweise",
            "was wird benoetigt",
            "was benoetige",
            "benoetigte",
            "welcher nachweis",
            "documents",
            "what do i need",
            "documents ... need",
            "papers ... need",
            "which papers",
            "dokument",
            "was brauchts",
            "was brauch",
            "brauche ich ... nachweis",
            "was ... mitbring*",
            "was ... abgeben",
            "was ... einreich*",
            "welche plaene",
            "wer muss ... unterschreiben",
            "muessen beide ... unterschreiben",
            "was will das amt",
            "was muss mit",
            "was muss ich mit",
            "was soll ich mit",
            "was fuer zettel",
            "welche zettel",
            "was bringen",
            "was ... beibringen",
            "was ... beilegen",
            "was ... mitnehmen",
            "welche papiere",
            "welche ... nachweise",
            "welche ... bescheinigungen",
            "was muss ... mit",
            "was soll ... mit",
            "an papieren",
            "an unterlagen",
            "welche urkunden",
            "papiere ... raussuchen",
            "reicht der personalausweis",
            "reicht der ausweis",
        ],
    ),
    (
        Facet::Where,
        &[
            "wo",
            "wohin",
            "welches amt",
            "welche stelle",
            "welche behoerde",
            "welchem amt",
            "welcher stelle",
            "welcher behoerde",
            "zustaendig*",
            "bei wem",
            "an wen",
            "welches buero",
            "where",
            "wer macht",
            "wer ist ... verantwortlich",
            "anlaufstelle",
            "antragstelle",
            "wem kann",
            "wem sag*",
            "wem meld*",
            "wer kann ... bestaetigen",
            "welches gericht",
            "welches haus",
            "welchem zimmer",
            "welchen zimmer",
            "bei welcher stelle",
            "ausgabestelle*",
            "wo hin",
            "welches rathaus",
        ],
    ),
    (
        Facet::Hours,
        &[
            "oeffnungszeit*",
            "oeffnungs*",
            "offen",
            "geoeffnet",
            "sprechzeit*",
            "sprechstunde*",
            "wann hat ... auf",
            "wann haben ... auf",
            "wann macht ... auf",
            "wann macht ... zu",
            "hat ... heute auf",
            "uhrzeit",
            "samstags",
            "am samstag",
            "opening hours",
            "open",
            "wie lange hat ... auf",
            "wie lange haben ... auf",
            "bis wann hat ... auf",
            "wann zu",
            "heute auf",
            "heute offen",
            "samstag ... auf",
            "ab wie viel uhr",
            "um wie viel uhr",
            "uhr",
            "habt ihr auf",
            "wann habt ihr",
            "samstags auf",
            "samstag auf",
            "sonntag offen",
            "sonntags offen",
            "samstags offen",
            "samstag offen",
            "an welchen tagen",
            "jemand da",
            "noch besetzt",
            "wer da",
            "hat ... auf",
            "nachmittags ... offen",
        ],
    ),
    (
        Facet::Deadline,
        &[
            "frist",
            "fristen",
            "bis wann",
            "wie lange habe ich zeit",
            "wie lange hab ich zeit",
            "wie viel zeit",
            "wieviel zeit",
            "spaetestens",
            "rechtzeitig",
            "deadline",
            "stichtag",
            "ab wann",
            "wann muss",
            "wann muessen",
            "wie lange ... zeit",
            "wie frueh",
            "zu spaet",
            "wie viele tage",
            "wann ist ... schluss",
            "anmeldefrist*",
            "abgabefrist*",
            "anmeldeschluss",
            "rueckwirkend",
            "wie viele wochen",
            "wieviele wochen",
            "wie viel vorher",
            "wie lange vorher",
            "wie lange kann ich",
            "bis zu welchem",
            "welches jahr",
            "anmelden wann",
            "wann ... anmelden",
            "bis zum wievielten",
            "innerhalb welcher",
            "wie lang hab ich zeit",
            "letzter tag",
            "wie viele tage zeit",
            "wieviel tage zeit",
        ],
    ),
    (
        Facet::Duration,
        &[
            "wie lange dauert",
            "wie lang dauert",
            "wie lange brauch*",
            "wie lange wart*",
            "wie lang wart*",
            "dauert",
            "dauer",
            "dauern",
            "bearbeitungszeit*",
            "bearbeitungsdauer",
            "wartezeit*",
            "wie schnell",
            "wann kommt",
            "wann ist ... fertig",
            "wann kriege",
            "wann krieg",
            "wann bekomme",
            "how long",
            "wie lange bis",
            "wie lang bis",
            "wie lange muss ich ... warten",
            "wie lang wird",
            "wie lange wird",
            "sofort mitnehmen",
            "gleich mitnehmen",
            "wann ist der naechste",
            "wie viele tage",
            "wieviele tage",
            "wieviel tage",
            "wie viele monate",
            "wieviel monate",
            "wieviele wochen",
            "wieviel wochen",
            "wie lang dauerts",
            "wie lange dauerts",
            "wann liegt",
            "wann ... rechnen",
            "wie viel zeit",
            "wieviel zeit",
            "monate warten",
            "wochen warten",
        ],
    ),
    (
        Facet::Form,
        &[
            "formular",
            "formulare",
            "vordruck",
            "vordrucke",
            "antragsformular*",
            "pdf",
            "download",
            "downloaden",
            "herunterladen",
            "runterladen",
            "ausdrucken",
            "formblatt",
            "form",
            "muster",
            "vorlage",
        ],
    ),
    (
        Facet::Appointment,
        &[
            "termin",
            "termine",
            "terminvergabe",
            "terminbuchung",
            "terminvereinbarung",
            "appointment",
            "ohne termin",
            "spontan vorbei*",
        ],
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::tokens;

    fn facets(text: &str) -> Vec<Facet> {
        let tokens = tokens(text);
        Facets::default().recognize(&tokens, &mut vec![Role::default(); tokens.len()])
    }

    #[test]
    fn facets_are_found_in_everyday_words() {
        use Facet::*;
        for (text, expected) in [
            ("was kostet der perso", vec![Cost]),
            ("Welche Unterlagen brauche ich und was kostet das?", vec![Documents, Cost]),
            ("geht das online", vec![Online]),
            ("wie lange dauert der reisepass", vec![Duration]),
            ("bis wann muss ich mich ummelden", vec![Deadline]),
            ("wann hat das bürgeramt auf", vec![Hours]),
            ("wo muss ich hin", vec![Where]),
            ("Formular zum Ausdrucken", vec![Form]),
            ("brauche ich einen termin", vec![Appointment]),
            ("hund anmelden", vec![]),
        ] {
            assert_eq!(facets(text), expected, "{text}");
        }
    }
}
