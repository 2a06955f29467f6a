//! German words: spelling skeleton, light stem, separable verbs.
//!
//! All functions take folded text ([`super::fold`]).

use super::Spoken;

/// A spelling in which what people confuse is the same: umlauts with and without dots, `ph/f`,
/// `th/t`, `dt/t`, `ck/k`, `tz/z`, `ie/i`, `v/f`, `c/k`, `y/i`, mute `h`, double letters.
pub fn skeleton(word: &str) -> String {
    if !word.is_ascii() {
        return word.to_owned();
    }
    let bytes = word.as_bytes();
    let mut out: Vec<u8> = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let next = bytes.get(at + 1).copied().unwrap_or(0);
        let (letter, used) = match (bytes[at], next) {
            (vowel @ (b'a' | b'o' | b'u'), b'e') => (vowel, 2),
            (b'i', b'e') => (b'i', 2),
            (b'p', b'h') => (b'f', 2),
            (b't', b'h') | (b'd', b't') => (b't', 2),
            (b'c', b'k') => (b'k', 2),
            (b't', b'z') => (b'z', 2),
            (b'c', b'h') => {
                out.extend_from_slice(b"ch");
                at += 2;
                continue;
            }
            (b's', b'c') if bytes.get(at + 2) == Some(&b'h') => {
                out.extend_from_slice(b"sch");
                at += 3;
                continue;
            }
            (b'v', _) => (b'f', 1),
            (b'c', _) => (b'k', 1),
            (b'y', _) => (b'i', 1),
            (b'h', _) if at > 0 && is_vowel(bytes[at - 1]) && !is_vowel(next) => {
                at += 1;
                continue;
            }
            (other, _) => (other, 1),
        };
        // Digits keep their doubles: 115 is not 15.
        if out.last() != Some(&letter) || letter.is_ascii_digit() {
            out.push(letter);
        }
        at += used;
    }
    String::from_utf8(out).expect("ASCII in, ASCII out")
}

fn is_vowel(byte: u8) -> bool {
    matches!(byte, b'a' | b'e' | b'i' | b'o' | b'u')
}

/// Endings that are cut off, longest first, with the number of letters that must remain.
const ENDINGS: [(&str, usize); 9] = [
    ("ungen", 4),
    ("ern", 4),
    ("en", 3),
    ("er", 4),
    ("em", 3),
    ("es", 3),
    ("e", 3),
    ("s", 4),
    ("n", 3),
];

/// A light stem: cuts inflection off and nothing else ("hunde" and "hundes" become "hund",
/// "meldungen" becomes "meldung"). Takes a [`skeleton`] or a folded word.
pub fn stem(word: &str) -> &str {
    if !word.is_ascii() || word.bytes().any(|b| b.is_ascii_digit()) {
        return word;
    }
    for (ending, keep) in ENDINGS {
        let Some(rest) = word.strip_suffix(ending) else { continue };
        if rest.len() < keep {
            continue;
        }
        let before = rest.as_bytes()[rest.len() - 1];
        match ending {
            "ungen" => return &word[..rest.len() + 3],
            // As in the Snowball stemmer for German: only after these letters is it an inflection.
            "s" if !b"bdfghklmnrt".contains(&before) => {}
            // "steuern", and "meldn", "holn" as many people write who write as they speak.
            "n" if b"aeiouhn".contains(&before) => {}
            _ => return rest,
        }
    }
    word
}

/// Particles that separate from their verb.
const PARTICLES: [&str; 14] = [
    "ab", "an", "um", "aus", "ein", "zurueck", "weg", "nach", "vor", "zu", "auf", "mit",
    "zusammen", "frei",
];

/// Stems of verbs that, with a particle, name something one does at an office.
const VERBS: [&str; 25] = [
    "meld", "zieh", "zog", "tret", "trag", "hol", "geb", "gib", "lad", "lass", "stell", "schreib",
    "reich", "mach", "fang", "bau", "brech", "erkenn", "kenn", "leg", "setz", "lauf", "les",
    "nehm", "schaff",
];

/// A separable verb whose parts stand apart, put together again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeparatedVerb {
    /// Particle and stem ("abmeld").
    pub verb: String,
    /// Where the verb's word stands.
    pub verb_at: usize,
    /// Where its particle stands.
    pub particle_at: usize,
}

/// The verbs of a text that stand apart: "ich melde mich ab" gives `abmeld`.
pub fn separated_verbs(words: &[Spoken<'_>]) -> Vec<SeparatedVerb> {
    let mut found = Vec::new();
    let mut start = 0;
    for (at, word) in words.iter().enumerate() {
        let clause_ends = word.ends_clause || at + 1 == words.len();
        // The particle ends its clause, or precedes a conjunction.
        let ends_here = clause_ends
            || matches!(
                words[at + 1].folded,
                "und" | "oder" | "weil" | "wenn" | "aber" | "in" | "nach"
            );
        if ends_here && PARTICLES.contains(&word.folded) {
            let verb = (start..at).rev().find_map(|at| Some((at, verb_stem(words[at].folded)?)));
            found.extend(verb.map(|(verb_at, stem)| SeparatedVerb {
                verb: format!("{}{stem}", word.folded),
                verb_at,
                particle_at: at,
            }));
        }
        if clause_ends {
            start = at + 1;
        }
    }
    found
}

/// The verb in "melde", "meldet", "zieht": its stem, if it is one of [`VERBS`].
fn verb_stem(word: &str) -> Option<&'static str> {
    let verb = VERBS.into_iter().find(|verb| {
        word.strip_prefix(verb).is_some_and(|rest| {
            matches!(rest, "" | "e" | "en" | "st" | "t" | "et" | "te" | "ten" | "est" | "n")
        })
    })?;
    Some(canonical(verb))
}

fn canonical(verb: &'static str) -> &'static str {
    match verb {
        "zog" => "zieh",
        "gib" => "geb",
        other => other,
    }
}

/// Particle and stem of a separable verb in one word: "abzumelden" and "abgemeldet" give `abmeld`.
pub fn separable_verb(word: &str) -> Option<String> {
    let (particle, rest) = PARTICLES.into_iter().find_map(|p| Some((p, word.strip_prefix(p)?)))?;
    let rest = rest.strip_prefix("zu").or_else(|| rest.strip_prefix("ge")).unwrap_or(rest);
    let verb = match rest {
        "zogen" => "zieh",
        _ => verb_stem(rest)?,
    };
    Some(format!("{particle}{verb}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::{fold, tokens};

    #[test]
    fn confused_spellings_share_a_skeleton() {
        for (a, b) in [
            ("Führerschein", "fuhrerschein"),
            ("Führungszeugnis", "Fürungszeugniss"),
            ("Photo", "Foto"),
            ("Stadtbüro", "Statbüro"),
            ("Rathaus", "Ratthaus"),
            ("Scheck", "Schek"),
            ("Verkehr", "Ferkehr"),
            ("Spielplatz", "Spilplaz"),
        ] {
            assert_eq!(skeleton(&fold(a)), skeleton(&fold(b)), "{a} {b}");
        }
        assert_ne!(skeleton("pass"), skeleton("post"));
        assert_eq!(skeleton("115"), "115");
    }

    #[test]
    fn stems_lose_inflection_only() {
        for (word, expected) in [
            ("hunde", "hund"),
            ("hundes", "hund"),
            ("meldungen", "meldung"),
            ("ausweise", "ausweis"),
            ("ausweis", "ausweis"),
            ("haus", "haus"),
            ("steuern", "steu"),
            ("steuer", "steu"),
            ("amt", "amt"),
            ("meldn", "meld"),
            ("holn", "hol"),
            ("wann", "wann"),
            ("bahn", "bahn"),
            ("2026", "2026"),
        ] {
            assert_eq!(stem(word), expected, "{word}");
        }
    }

    #[test]
    fn separable_verbs_are_rejoined_across_the_sentence() {
        let verbs = |text: &str| -> Vec<String> {
            let tokens = tokens(text);
            let spoken: Vec<Spoken<'_>> = tokens.iter().map(Spoken::from).collect();
            let whole = tokens.iter().filter_map(|token| separable_verb(&token.folded));
            separated_verbs(&spoken).into_iter().map(|found| found.verb).chain(whole).collect()
        };
        for (text, expected) in [
            ("Ich melde mein Auto ab", "abmeld"),
            ("wo meldet man sich um?", "ummeld"),
            ("ich zieh nächste woche weg", "wegzieh"),
            ("mein auto abzumelden", "abmeld"),
            ("habe mich angemeldet", "anmeld"),
            ("bin umgezogen", "umzieh"),
            ("wir ziehen um, was nun", "umzieh"),
            ("Ich melde mich an und will Kindergeld", "anmeld"),
        ] {
            assert_eq!(verbs(text), [expected], "{text}");
        }
        assert!(verbs("ich bin an der Reihe").is_empty());
    }
}
