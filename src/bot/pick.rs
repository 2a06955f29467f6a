//! The answer to a question of ours: "2", "das zweite", "nichts davon".

use crate::text::Token;

/// What a message picks of the choices offered.
pub(super) enum Pick {
    /// It is no pick.
    Nothing,
    /// None of them.
    None,
    /// A number that was not offered.
    OutOfRange,
    /// This one, counted from 0.
    Choice(usize),
}

/// Reads "2", "nummer 2", "das zweite", "letzte", "nichts davon".
pub(super) fn pick(tokens: &[Token], count: usize) -> Pick {
    const FILLER: [&str; 19] = [
        "nummer", "nr", "no", "das", "die", "der", "den", "dem", "bitte", "ich", "meine", "nehme",
        "moechte", "option", "antwort", "punkt", "ist", "wahl", "also",
    ];
    const NONE: [&str; 9] =
        ["nichts", "keins", "keines", "keine", "keiner", "davon", "nix", "nein", "nicht"];
    let words: Vec<&str> = tokens
        .iter()
        .map(|token| token.folded.as_str())
        .filter(|word| !FILLER.contains(word))
        .collect();
    if words.is_empty() || words.len() > 3 {
        return Pick::Nothing;
    }
    let is_none = |word: &&str| NONE.contains(word);
    if words.iter().any(is_none)
        && words
            .iter()
            .all(|word| is_none(word) || matches!(*word, "von" | "denen" | "passt" | "dabei"))
    {
        return Pick::None;
    }
    let [word] = words[..] else { return Pick::Nothing };
    let ordinals: [&[&str]; 6] = [
        &["1", "eins", "erste", "ersten", "erstes", "erster", "a"],
        &["2", "zwei", "zweite", "zweiten", "zweites", "zweiter", "b"],
        &["3", "drei", "dritte", "dritten", "drittes", "dritter", "c"],
        &["4", "vier", "vierte", "vierten", "viertes", "vierter", "d"],
        &["5", "fuenf", "fuenfte", "fuenften", "fuenftes", "fuenfter", "e"],
        &["6", "sechs", "sechste", "sechsten", "sechstes", "sechster", "f"],
    ];
    if let Some(at) = ordinals.iter().position(|names| names.contains(&word)) {
        return if at < count { Pick::Choice(at) } else { Pick::OutOfRange };
    }
    if matches!(word, "letzte" | "letzten" | "letztes" | "letzter") {
        return Pick::Choice(count - 1);
    }
    // Longer numbers are postcodes, years or amounts.
    match word.parse::<usize>() {
        Ok(number) if word.len() <= 2 && (1..=count).contains(&number) => Pick::Choice(number - 1),
        Ok(_) if word.len() <= 2 => Pick::OutOfRange,
        _ => Pick::Nothing,
    }
}
