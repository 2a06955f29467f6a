//! From words to features: what of a text is compared with what people say of a service.

use rustc_hash::FxHashSet;

use super::{stopwords, vocabulary::Vocabulary};
use crate::text::{
    Token,
    german::{separable_verbs, skeleton, stem},
};

/// The key of a feature: a hash of its kind and text. Two features share a key with a chance of
/// about one in 10^13 for a whole catalog.
pub type Key = u64;

/// What each kind of feature counts. Relations between them were found by comparing on questions
/// that were set apart for tuning; see `docs/matching.md`.
pub mod weight {
    /// A word's stem.
    pub const WORD: f32 = 1.0;
    /// A word like "ich": it keeps word pairs apart and says little else.
    pub const STOP: f32 = 0.15;
    /// A word that asks for a facet ("kosten"): the service is elsewhere in the sentence.
    pub const FACET: f32 = 0.25;
    /// The vocabulary's word in place of a misspelt one.
    pub const CORRECTED: f32 = 0.85;
    /// A separable verb put together again.
    pub const VERB: f32 = 1.0;
    /// A word that is a part of such a verb.
    pub const VERB_PART: f32 = 0.25;
    /// One part of a compound.
    pub const PART: f32 = 0.55;
    /// Two neighbouring words.
    pub const PAIR: f32 = 0.5;
    /// Three to five letters of a word's spelling skeleton.
    pub const GRAM: f32 = 0.33;
    /// A shared idea behind a colloquial or foreign word.
    pub const CONCEPT: f32 = 0.9;
}

/// One feature of a text.
#[derive(Debug, Clone, PartialEq)]
pub struct Feature {
    /// What it is.
    pub key: Key,
    /// How much it counts, before its rarity.
    pub weight: f32,
    /// Which word of the text it comes from.
    pub token: u16,
    /// Its kind, for explanations and coverage.
    pub kind: Kind,
}

/// The kinds of features.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "see `weight`")]
pub enum Kind {
    Word,
    Part,
    Pair,
    Gram,
    Concept,
}

/// How a word of the text is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Role {
    /// As a word of the question.
    #[default]
    Content,
    /// It asked for a facet.
    Facet,
    /// A part of a separable verb ("melde ... ab"), which is compared as a whole.
    VerbPart,
    /// It named a place, or is a number that means nothing here: not compared.
    Masked,
}

/// A word that was read as another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Correction {
    /// As typed.
    pub typed: String,
    /// As understood.
    pub read: String,
    /// Letters that differ.
    pub distance: usize,
}

/// The features of a text and how its words were read.
#[derive(Debug, Clone, Default)]
pub struct Extracted {
    /// All features, in the order of the text.
    pub features: Vec<Feature>,
    /// Misspelt words.
    pub corrections: Vec<Correction>,
    /// Ideas found (position of the word, position of the concept in the lexicon).
    pub concepts: Vec<(u16, u16)>,
}

/// Takes a text apart. With `correct`, unknown words are read as near known ones.
pub fn extract(
    tokens: &[Token],
    roles: &[Role],
    vocabulary: &Vocabulary,
    correct: bool,
) -> Extracted {
    let mut out = Extracted::default();
    let verbs = separable_verbs(tokens);
    let apart = |at| verbs.iter().any(|verb| verb.apart.is_some_and(|(v, p)| v == at || p == at));
    let mut stems: Vec<Option<(String, bool)>> = Vec::with_capacity(tokens.len());
    for (at, token) in tokens.iter().enumerate() {
        let mut role = roles.get(at).copied().unwrap_or_default();
        if role == Role::Content && apart(at) {
            role = Role::VerbPart;
        }
        if role == Role::Masked {
            stems.push(None);
            continue;
        }
        stems.push(Some(word_features(at as u16, token, role, vocabulary, correct, &mut out)));
    }
    pair_features(&stems, &mut out);
    joined_features(tokens, roles, vocabulary, &mut out);
    for verb in &verbs {
        let skeleton = skeleton(&verb.verb);
        let at = verb.apart.map_or(0, |(verb_at, _)| verb_at) as u16;
        out.push(key(b'w', stem(&skeleton)), weight::VERB, at, Kind::Word);
    }
    concept_features(tokens, roles, vocabulary, &mut out);
    out
}

impl Extracted {
    fn push(&mut self, key: Key, weight: f32, token: u16, kind: Kind) {
        self.features.push(Feature { key, weight, token, kind });
    }

    fn grams(&mut self, skeleton: &str, scale: f32, token: u16) {
        for_grams(skeleton, |gram| {
            self.push(key(b'g', gram), weight::GRAM * scale, token, Kind::Gram);
        });
    }
}

/// The features of one word; returns its stem and whether it is a stop word.
fn word_features(
    at: u16,
    token: &Token,
    role: Role,
    vocabulary: &Vocabulary,
    correct: bool,
    out: &mut Extracted,
) -> (String, bool) {
    let skeleton = skeleton(&token.folded);
    let stemmed = stem(&skeleton).to_owned();
    if stopwords::is_stop(&token.folded) {
        // Apart from other words: "mit" is not "Miete", whose stem and skeleton it shares.
        out.push(key(b's', &token.folded), weight::STOP, at, Kind::Word);
        return (stemmed, true);
    }
    let scale = match role {
        Role::Facet => weight::FACET,
        Role::VerbPart => weight::VERB_PART,
        Role::Content | Role::Masked => 1.0,
    };
    let known = vocabulary.knows(&stemmed);
    if correct
        && !known
        && let Some(near) = vocabulary.nearest(&token.folded, &skeleton)
    {
        out.corrections.push(Correction {
            typed: token.typed.clone(),
            read: near.word.to_owned(),
            distance: near.distance,
        });
        let near_skeleton = crate::text::german::skeleton(near.word);
        let near_stem = stem(&near_skeleton);
        out.push(key(b'w', near_stem), weight::CORRECTED * scale, at, Kind::Word);
        for part in vocabulary.parts(&near_skeleton) {
            let weight = weight::PART * weight::CORRECTED * scale;
            out.push(key(b'w', &part), weight, at, Kind::Part);
        }
        out.grams(&near_skeleton, scale * weight::CORRECTED, at);
        return (near_stem.to_owned(), false);
    }
    out.push(key(b'w', &stemmed), weight::WORD * scale, at, Kind::Word);
    for part in vocabulary.parts(&skeleton) {
        out.push(key(b'w', &part), weight::PART * scale, at, Kind::Part);
    }
    out.grams(&skeleton, scale, at);
    (stemmed, false)
}

/// Pairs of neighbouring words, stop words skipped over.
fn pair_features(stems: &[Option<(String, bool)>], out: &mut Extracted) {
    let mut last: Option<&str> = None;
    for (at, stemmed) in stems.iter().enumerate() {
        let Some((stemmed, is_stop)) = stemmed else { continue };
        if *is_stop {
            continue;
        }
        if let Some(last) = last {
            let pair = pair_key(last, stemmed);
            out.push(pair, weight::PAIR, at as u16, Kind::Pair);
        }
        last = Some(stemmed);
    }
}

/// "Führer schein": two words that the vocabulary knows as one.
fn joined_features(tokens: &[Token], roles: &[Role], vocabulary: &Vocabulary, out: &mut Extracted) {
    let masked = |at: usize| roles.get(at) == Some(&Role::Masked);
    for at in 1..tokens.len() {
        if masked(at - 1) || masked(at) {
            continue;
        }
        let joined = format!("{}{}", tokens[at - 1].folded, tokens[at].folded);
        if joined.len() < 7 || tokens[at].folded.len() < 3 {
            continue;
        }
        let skeleton = skeleton(&joined);
        let stemmed = stem(&skeleton);
        if vocabulary.knows(stemmed) {
            out.push(key(b'w', stemmed), weight::CORRECTED, at as u16, Kind::Word);
            out.grams(&skeleton, weight::CORRECTED, at as u16);
        }
    }
}

/// The ideas behind single words and up to three neighbouring ones.
fn concept_features(
    tokens: &[Token],
    roles: &[Role],
    vocabulary: &Vocabulary,
    out: &mut Extracted,
) {
    let mut seen = FxHashSet::default();
    for start in 0..tokens.len() {
        let mut expression = String::new();
        for (at, token) in tokens.iter().enumerate().skip(start).take(3) {
            if roles.get(at) == Some(&Role::Masked) {
                break;
            }
            if !expression.is_empty() {
                expression.push(' ');
            }
            expression.push_str(stem(&skeleton(&token.folded)));
            for &concept in vocabulary.concepts(&expression) {
                if seen.insert(concept) {
                    out.concepts.push((start as u16, concept));
                    out.push(concept_key(concept), weight::CONCEPT, start as u16, Kind::Concept);
                }
            }
        }
    }
}

/// The key of a stem, part or verb.
pub fn word_key(stemmed: &str) -> Key {
    key(b'w', stemmed)
}

fn concept_key(concept: u16) -> Key {
    key(b'c', &concept.to_string())
}

fn pair_key(first: &str, second: &str) -> Key {
    let mut hash = Fnv::new(b'p');
    hash.write(first.as_bytes());
    hash.write(b" ");
    hash.write(second.as_bytes());
    hash.finish()
}

fn key(kind: u8, text: &str) -> Key {
    let mut hash = Fnv::new(kind);
    hash.write(text.as_bytes());
    hash.finish()
}

/// Calls back with each run of three to five letters of `^word$`.
fn for_grams(word: &str, mut each: impl FnMut(&str)) {
    if word.chars().count() < 3 {
        return;
    }
    let framed = format!("^{word}$");
    let bounds: Vec<usize> =
        framed.char_indices().map(|(at, _)| at).chain([framed.len()]).collect();
    for size in 3..=5 {
        for start in 0..bounds.len().saturating_sub(size) {
            each(&framed[bounds[start]..bounds[start + size]]);
        }
    }
}

/// FNV-1a: tiny, and the same on every machine.
struct Fnv(u64);

impl Fnv {
    fn new(kind: u8) -> Self {
        let mut hash = Self(0xcbf2_9ce4_8422_2325);
        hash.write(&[kind]);
        hash
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
