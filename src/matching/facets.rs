//! What a citizen wants to know of a service: the words that ask for its price, papers, office ...

use super::features::Role;
use crate::{message::Facet, text::Token};

/// Finds the facets asked for, in the order of [`Facet::ALL`], and marks the words that asked.
pub fn recognize(tokens: &[Token], roles: &mut [Role]) -> Vec<Facet> {
    let mut found: Vec<Facet> = Vec::new();
    for (facet, patterns) in PATTERNS {
        for pattern in *patterns {
            let words: Vec<&str> = pattern.split(' ').collect();
            for start in 0..tokens.len() {
                if let Some(end) = match_at(tokens, roles, start, &words) {
                    // "was kostet" asks for a price; a bare "was" keeps its place in the sentence.
                    roles[start..end].iter_mut().for_each(|role| *role = Role::Facet);
                    if !found.contains(facet) {
                        found.push(*facet);
                    }
                }
            }
        }
    }
    found.sort_by_key(|facet| Facet::ALL.iter().position(|f| f == facet));
    found
}

/// The end of a pattern that begins at a word. `x*` is a beginning, `...` up to four words.
fn match_at(tokens: &[Token], roles: &[Role], start: usize, pattern: &[&str]) -> Option<usize> {
    let Some((&first, rest)) = pattern.split_first() else { return Some(start) };
    if first == "..." {
        return (start..tokens.len().min(start + 5))
            .find_map(|at| match_at(tokens, roles, at, rest));
    }
    let token = tokens.get(start)?;
    if roles[start] == Role::Masked {
        return None;
    }
    let word = token.folded.as_str();
    let hit = match first.strip_suffix('*') {
        Some(beginning) => word.starts_with(beginning),
        None => word == first,
    };
    if hit { match_at(tokens, roles, start + 1, rest) } else { None }
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
        ],
    ),
    (
        Facet::Cost,
        &[
            "kosten",
            "kostet",
            "koste",
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
            "wie hoch ist",
            "was nehmen die",
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
            "was muss mit",
            "was muss ich mit",
            "was soll ich mit",
            "was fuer zettel",
            "welche zettel",
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
            "ab wie viel uhr",
            "um wie viel uhr",
            "uhr",
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
        recognize(&tokens, &mut vec![Role::default(); tokens.len()])
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
