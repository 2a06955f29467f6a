//! Spaces that are missing ("meldebescheinigungbeantragen") or too many ("Führ erschein").
//!
//! Only words that the catalog does not know are touched: known ones are as they are meant.

use super::{
    features::{Correction, Role},
    stopwords,
    vocabulary::Vocabulary,
};
use crate::text::{
    Token,
    german::{skeleton, stem},
};

/// Shortest word that may be several.
const MIN_JOINED: usize = 7;
/// Longest word that is looked at: a longer one is noise.
const MAX_JOINED: usize = 60;
/// Words in one are at most so many.
const MAX_PIECES: usize = 4;
/// Shortest piece that need not be filler ("im", "das").
const MIN_PIECE: usize = 3;
/// Pieces up to this length must be used by so many services: short words are found everywhere.
const SHORT_PIECE: usize = 4;
const SHORT_PIECE_SERVICES: u32 = 12;
/// A longer piece must be used by so many: not somebody's typing error.
const PIECE_SERVICES: u32 = 2;
/// A piece of this length may be followed by a linking "s".
const MIN_BEFORE_LINK: usize = 5;
/// Shortest word that two pieces are put together to.
const MIN_CUT: usize = 6;
/// Words of a message that are cut; a message with more of them is noise.
const MAX_REPAIRS: usize = 12;

/// A message with its spaces put right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Respaced {
    /// Its words.
    pub tokens: Vec<Token>,
    /// What was changed.
    pub corrections: Vec<Correction>,
}

/// Puts spaces right where the catalog knows none of the words as they are. None if nothing is to
/// be changed.
pub fn respace(tokens: &[Token], roles: &[Role], vocabulary: &Vocabulary) -> Option<Respaced> {
    let unknown: Vec<bool> = tokens
        .iter()
        .zip(roles)
        .map(|(token, role)| !role.is_left_out() && is_unknown(&token.folded, vocabulary))
        .collect();
    let mut out = Respaced { tokens: Vec::with_capacity(tokens.len()), corrections: Vec::new() };
    let mut at = 0;
    while at < tokens.len() {
        let token = &tokens[at];
        let open = out.corrections.len() < MAX_REPAIRS;
        let free = |at: usize| roles.get(at).is_some_and(|role| !role.is_left_out());
        if let Some(next) = tokens.get(at + 1)
            && open
            && free(at)
            && free(at + 1)
            && let Some(whole) = put_together(token, next, vocabulary)
        {
            out.corrections.push(Correction {
                typed: format!("{} {}", token.typed, next.typed),
                read: whole.folded.clone(),
                distance: 1,
            });
            out.tokens.push(whole);
            at += 2;
            continue;
        }
        match (open && unknown[at]).then(|| cut(&token.folded, vocabulary)).flatten() {
            Some(pieces) => {
                out.corrections.push(Correction {
                    typed: token.typed.clone(),
                    read: pieces.join(" "),
                    distance: pieces.len() - 1,
                });
                let last = pieces.len() - 1;
                out.tokens.extend(pieces.iter().enumerate().map(|(piece_at, piece)| Token {
                    folded: (*piece).to_owned(),
                    typed: (*piece).to_owned(),
                    capital: token.capital && piece_at == 0,
                    ends_clause: token.ends_clause && piece_at == last,
                }));
            }
            None => out.tokens.push(token.clone()),
        }
        at += 1;
    }
    (!out.corrections.is_empty()).then_some(out)
}

fn is_unknown(folded: &str, vocabulary: &Vocabulary) -> bool {
    folded.is_ascii()
        && !folded.bytes().any(|byte| byte.is_ascii_digit())
        && vocabulary.services_with(folded) == 0
        && !vocabulary.knows(stem(&skeleton(folded)))
}

/// Two words that the catalog knows as one, and not both of them by themselves.
fn put_together(first: &Token, second: &Token, vocabulary: &Vocabulary) -> Option<Token> {
    let by_themselves = |token: &Token| {
        vocabulary.services_with(&token.folded) > 0 || stopwords::is_stop(&token.folded)
    };
    let folded = format!("{}{}", first.folded, second.folded);
    let fits = !first.ends_clause
        && (MIN_CUT..=MAX_JOINED).contains(&folded.len())
        && !(by_themselves(first) && by_themselves(second))
        && (vocabulary.services_with(&folded) >= PIECE_SERVICES
            || (is_unknown(&first.folded, vocabulary) || is_unknown(&second.folded, vocabulary))
                && vocabulary.knows(stem(&skeleton(&folded))));
    fits.then(|| Token {
        typed: format!("{}{}", first.typed, second.typed),
        capital: first.capital,
        ends_clause: second.ends_clause,
        folded,
    })
}

/// The known words that an unknown one consists of: as few as can be, of these the most used.
fn cut<'a>(folded: &'a str, vocabulary: &Vocabulary) -> Option<Vec<&'a str>> {
    if !(MIN_JOINED..=MAX_JOINED).contains(&folded.len()) {
        return None;
    }
    // One letter off a known word is likelier than several words in one.
    let near = vocabulary.nearest(folded, &skeleton(folded));
    if near.is_some_and(|near| near.distance <= 1) {
        return None;
    }
    // best[end]: how the letters up to there are cut best: pieces, unlikelihood, last piece, and
    // where the piece before it ends (a linking letter may lie between).
    type Cut = (usize, f32, (usize, usize), usize);
    let mut best: Vec<Option<Cut>> = vec![None; folded.len() + 1];
    best[0] = Some((0, 0.0, (0, 0), 0));
    for start in 0..folded.len() {
        let Some((pieces, unlikely, last, _)) = best[start] else { continue };
        let after_link = start > 0
            && last.1 - last.0 >= MIN_BEFORE_LINK
            && folded[start..].starts_with('s')
            && !stopwords::is_stop(&folded[last.0..last.1]);
        for begin in [Some(start), after_link.then_some(start + 1)].into_iter().flatten() {
            for end in begin + 2..=folded.len() {
                let Some(cost) = piece_cost(&folded[begin..end], vocabulary) else { continue };
                let cut = (pieces + 1, unlikely + cost, (begin, end), start);
                let better = |old: &Cut| (cut.0, cut.1) < (old.0, old.1);
                if cut.0 <= MAX_PIECES && best[end].as_ref().is_none_or(better) {
                    best[end] = Some(cut);
                }
            }
        }
    }
    let mut pieces = Vec::new();
    let mut end = folded.len();
    while end > 0 {
        let (_, _, (begin, to), before) = best[end]?;
        pieces.push(&folded[begin..to]);
        end = before;
    }
    pieces.reverse();
    (pieces.len() > 1).then_some(pieces)
}

/// How unlikely a piece is, if it is a word at all.
fn piece_cost(piece: &str, vocabulary: &Vocabulary) -> Option<f32> {
    let services = vocabulary.services_with(piece);
    let stop = stopwords::is_stop(piece);
    let enough = match piece.len() {
        ..MIN_PIECE => stop,
        MIN_PIECE..=SHORT_PIECE => stop || services >= SHORT_PIECE_SERVICES,
        _ => stop || services >= PIECE_SERVICES,
    };
    enough.then(|| 10.0 - libm::logf(1.0 + services as f32))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{catalog::Lexicon, matching::expressions::Word, text::tokens};

    fn respaced(text: &str) -> String {
        let known = [
            "meldebescheinigung",
            "beantragen",
            "fuehrerschein",
            "verlaengerung",
            "antrag",
            "mein",
            "auto",
            "abmelden",
            "das",
            "kindergeld",
            "kinder",
            "held",
            "personalausweis",
        ];
        let word = |word: &&str| Word { folded: (*word).to_owned(), services: 20, expressions: 20 };
        let vocabulary = Vocabulary::build(known.iter().map(word).collect(), &Lexicon::default());
        let tokens = tokens(text);
        let roles = vec![Role::Content; tokens.len()];
        let out = respace(&tokens, &roles, &vocabulary).map_or(tokens, |out| out.tokens);
        out.iter().map(|token| token.folded.as_str()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn words_run_together_are_cut() {
        assert_eq!(respaced("meldebescheinigungbeantragen"), "meldebescheinigung beantragen");
        assert_eq!(respaced("meinauto abmelden"), "mein auto abmelden");
        assert_eq!(respaced("dasautoabmelden bitte"), "das auto abmelden bitte");
        assert_eq!(respaced("Verlängerungsantrag"), "verlaengerung antrag");
    }

    #[test]
    fn words_cut_in_two_are_put_together() {
        assert_eq!(respaced("Führ erschein weg"), "fuehrerschein weg");
        assert_eq!(respaced("Perso nalausweis"), "personalausweis");
    }

    #[test]
    fn what_is_known_or_one_letter_off_stays() {
        assert_eq!(respaced("kinderheld"), "kinderheld");
        assert_eq!(respaced("mein kindergeld antrag"), "mein kindergeld antrag");
        assert_eq!(respaced("asdfghjkl qwertz"), "asdfghjkl qwertz");
    }
}
