//! Every sentence the bot says, in every language: there, used, readable.

use std::collections::{BTreeMap, BTreeSet};

use amtslotse::bot::wording::{FILES, entries};

use crate::house::sources;

/// Longest sentence, in words, and highest LIX of the German files.
const MAX_WORDS: usize = 15;
const MAX_LIX: f64 = 45.0;

fn file(name: &str) -> BTreeMap<&'static str, &'static str> {
    let (_, _, text) = FILES.into_iter().find(|(path, ..)| *path == name).expect("a wording file");
    let all: Vec<_> = entries(text).collect();
    let map: BTreeMap<_, _> = all.iter().copied().collect();
    assert_eq!(all.len(), map.len(), "{name}: a key stands twice");
    map
}

/// The values a sentence needs: `$name`.
fn values(text: &str) -> BTreeSet<&str> {
    let names = text.split('$').skip(1);
    names
        .map(|rest| rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap())
        .collect()
}

#[test]
fn every_sentence_is_used_and_none_is_missing() {
    let german = file("wording/de.ftl");
    assert!(german.len() > 50);
    let code: String = sources().into_iter().map(|(_, code)| code).collect();
    for key in german.keys() {
        assert!(code.contains(&format!("\"{key}\"")), "wording/de.ftl: nobody says »{key}«");
    }
    for call in ["say(\"", "say_with(\"", "linked(text, \""] {
        for (at, _) in code.match_indices(call) {
            let key = code[at + call.len()..].split('"').next().unwrap();
            assert!(german.contains_key(key), "wording/de.ftl lacks »{key}«");
        }
    }
}

#[test]
fn all_languages_say_the_same_with_the_same_values() {
    let german = file("wording/de.ftl");
    let english = file("wording/en.ftl");
    let keys =
        |of: &BTreeMap<&str, &str>| of.keys().map(|key| (*key).to_owned()).collect::<Vec<_>>();
    assert_eq!(keys(&german), keys(&english));
    for (name, other) in
        [("wording/en.ftl", english), ("wording/de-du.ftl", file("wording/de-du.ftl"))]
    {
        for (key, text) in other {
            let expected = german.get(key).unwrap_or_else(|| panic!("{name}: »{key}« is unknown"));
            assert_eq!(values(text), values(expected), "{name}: {key}");
        }
    }
}

#[test]
fn whoever_says_du_never_says_sie() {
    let german = file("wording/de.ftl");
    let mut said = german.clone();
    said.extend(file("wording/de-du.ftl"));
    for (key, text) in said {
        let formal = ["Sie", "Ihr", "Ihre", "Ihrem", "Ihren", "Ihrer", "Ihres", "Ihnen"];
        let word = text.split(|c: char| !c.is_alphabetic()).find(|word| formal.contains(word));
        // At the beginning of a sentence "Sie" may be somebody else; none of ours begins so.
        assert_eq!(word, None, "wording/de-du.ftl: {key}: {text}");
    }
}

#[test]
fn german_sentences_are_short_and_plain() {
    for name in ["wording/de.ftl", "wording/de-du.ftl"] {
        for (key, text) in file(name) {
            let text = text.replace("{ ", "").replace(" }", "").replace('$', "");
            for sentence in text.split(['.', '!', '?', ':', ';']) {
                let words = sentence.split_whitespace().count();
                assert!(words <= MAX_WORDS, "{name}: {key}: {words} words: {sentence}");
            }
            if let Some(lix) = lix(&text) {
                assert!(lix <= MAX_LIX, "{name}: {key}: LIX {lix:.0}: {text}");
            }
        }
    }
}

/// Läsbarhetsindex (Björnsson 1968): words a sentence, and the share of words of more than six
/// letters in percent. Of a few words it says nothing.
fn lix(text: &str) -> Option<f64> {
    let words: Vec<&str> =
        text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let sentences = text.split(['.', '!', '?', ':']).filter(|s| !s.trim().is_empty()).count();
    let long = words.iter().filter(|word| word.chars().count() > 6).count();
    let count = words.len() as f64;
    (words.len() >= 12).then(|| count / sentences.max(1) as f64 + 100.0 * long as f64 / count)
}
