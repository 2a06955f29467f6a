//! What a source's text says of sending an application in.

use crate::import::plain;

/// Ways to send something from home, whole words in lower case and without punctuation.
const CHANNELS: [&str; 18] = [
    "auf postalischem weg",
    "briefkasten",
    "e mail an",
    "hausbriefkasten",
    "mit der post",
    "per brief",
    "per e mail",
    "per email",
    "per fax",
    "per mail",
    "per post",
    "per telefax",
    "postalisch",
    "postweg",
    "schriftlich",
    "schriftlichen antrag",
    "schriftliche anmeldung",
    "schriftlicher antrag",
];

/// What one does with the matter itself.
const DOING: [&str; 14] = [
    "abmelden",
    "anfordern",
    "angefordert",
    "anmelden",
    "anzeigen",
    "anzuzeigen",
    "beantragen",
    "beantragt",
    "erledigen",
    "gestellt",
    "melden",
    "mitteilen",
    "stellen",
    "ummelden",
];

/// What one does with the papers of a matter; by itself it leaves open how.
const HANDING_IN: [&str; 5] =
    ["einreichen", "eingereicht", "einzureichen", "erfolgen", "reichen sie"];

/// What one does with the papers of a matter from home.
const SENDING: [&str; 15] = [
    "eingesandt",
    "einschicken",
    "einsenden",
    "einzusenden",
    "hochladen",
    "hochzuladen",
    "schicken sie",
    "senden sie",
    "übersenden",
    "zu senden",
    "zurückschicken",
    "zurücksenden",
    "zuschicken",
    "zusenden",
    "zuzusenden",
];

/// Parts of the names of the papers that a matter begins with.
const PAPERS: [&str; 7] =
    ["antrag", "anträge", "anzeige", "formular", "fragebogen", "meldung", "vordruck"];

/// What the office does, not the citizen.
const OFFICE: [&str; 13] = [
    "bekommen sie",
    "bescheid",
    "erhalten sie",
    "ihnen",
    "informiert",
    "mitgeteilt",
    "sie bekommen",
    "sie erhalten",
    "werden sie",
    "wird",
    "zugesandt",
    "zugeschickt",
    "zugestellt",
];

/// What takes back, or narrows, what a sentence says.
const LIMITS: [&str; 12] = [
    "ausgeschlossen",
    "ausnahmefall",
    "ausnahmefällen",
    "entfällt",
    "fragen",
    "kein",
    "keine",
    "keinen",
    "keinesfalls",
    "nicht",
    "rückfragen",
    "unzulässig",
];

/// Only by coming, in so many words.
const ONLY_IN_PERSON: [&str; 7] = [
    "ausschließlich persönlich",
    "nur bei persönlicher",
    "nur durch persönliche",
    "nur nach persönlicher",
    "nur persönlich",
    "nur sie persönlich",
    "nur vor ort",
];

/// Coming, as a noun; a heading of just these words is a demand.
const APPEARANCE: [&str; 5] = [
    "persönliche anwesenheit",
    "persönlichen erscheinen",
    "persönliche vorsprache",
    "persönlicher vorsprache",
    "persönliches erscheinen",
];

/// Coming, as a verb beside "persönlich"; one can be "persönlich geeignet", too.
const COMING: [&str; 15] = [
    "abgeben",
    "abholen",
    "abzugeben",
    "anmelden",
    "anwesend",
    "anzeigen",
    "beantragen",
    "beantragt",
    "erscheinen",
    "gestellt",
    "kommen",
    "stellen",
    "vorbeikommen",
    "vor ort",
    "vorsprechen",
];

/// That it must be.
const NEED: [&str; 7] =
    ["erforderlich", "muss", "müssen", "notwendig", "pflicht", "sprechen sie", "zwingend"];

/// Other ways beside coming, or somebody else who comes.
const ALTERNATIVES: [&str; 5] = ["bevollmächt", "elektronisch", "online", "telefon", "vollmacht"];

/// Whether a German text says that the application may be sent in: `Some(true)` if it does,
/// `Some(false)` if it says that somebody must come, `None` if it says neither.
///
/// A text that says both is `Some(true)` only if one comes to collect what was applied for. What the
/// office sends, and what is said with "nicht" or "im Ausnahmefall", does not count. Judged sentence
/// by sentence, by words: rather `None` too often than a form sent to an office that wants to see
/// its sender.
pub fn may_be_sent(text: &str) -> Option<bool> {
    let lines = plain::lines(text);
    let sentences = lines.iter().flat_map(|line| sentences(line)).map(words);
    let [mut sent, mut come, mut collect] = [false; 3];
    for sentence in sentences {
        if is_sent(&sentence) {
            sent = true;
        } else if must_come(&sentence) {
            let to_collect = sentence.contains("abhol") || sentence.contains("aushändig");
            collect |= to_collect;
            come |= !to_collect;
        }
    }
    if sent && !come { Some(true) } else { (come || collect).then_some(false) }
}

fn is_sent(sentence: &str) -> bool {
    let nouns = sentence.replace("beantrag", "");
    let papers = PAPERS.iter().any(|part| nouns.contains(part));
    let by_channel =
        any(&CHANNELS, sentence) && (any(&DOING, sentence) || papers && any(&HANDING_IN, sentence));
    let sent = by_channel || papers && any(&SENDING, sentence);
    sent && !any(&OFFICE, sentence) && !any(&LIMITS, sentence)
}

fn must_come(sentence: &str) -> bool {
    if any(&ONLY_IN_PERSON, sentence) {
        return !sentence.contains(" nicht nur ");
    }
    if APPEARANCE.contains(&sentence.trim()) {
        return true;
    }
    let in_person =
        any(&APPEARANCE, sentence) || any(&["persönlich"], sentence) && any(&COMING, sentence);
    let otherwise =
        any(&CHANNELS, sentence) || ALTERNATIVES.iter().any(|part| sentence.contains(part));
    in_person && any(&NEED, sentence) && !otherwise && !any(&LIMITS, sentence)
}

/// Whether one of the phrases stands in a sentence made by [`words`].
fn any(phrases: &[&str], sentence: &str) -> bool {
    phrases.iter().any(|phrase| {
        sentence.match_indices(phrase).any(|(at, _)| {
            sentence[..at].ends_with(' ') && sentence[at + phrase.len()..].starts_with(' ')
        })
    })
}

/// The words of a sentence in lower case, with a space before and after each.
fn words(sentence: &str) -> String {
    let parts = sentence.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    parts.fold(" ".to_owned(), |line, word| line + &word.to_lowercase() + " ")
}

/// Splits where a sentence ends and a capital letter follows, with or without a space between:
/// texts are often joined without. Numbers, addresses and most abbreviations stay whole.
fn sentences(line: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut from = 0;
    for (at, end) in line.match_indices(['.', '!', '?']) {
        let next = at + end.len();
        let begins =
            line[next..].trim_start_matches([' ', '"', '“', '”', '„', ')', '(']).chars().next();
        if begins.is_some_and(char::is_uppercase) {
            found.push(&line[from..next]);
            from = next;
        }
    }
    found.push(&line[from..]);
    found
}
