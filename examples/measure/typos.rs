//! What typing errors cost: each question with one error of each of nine kinds.

use amtslotse::{
    bot::Bot,
    conversation::Conversation,
    eval::{Question, Verdict},
    message::Message,
};

use super::{Sets, draw};

/// A kind of error: its name, and what it makes of a word (none if it cannot be made there).
type Kind = (&'static str, fn(&[char], u64) -> Option<Vec<char>>);

const KINDS: [Kind; 9] = [
    ("two letters swapped", swapped),
    ("a letter left out", left_out),
    ("a letter twice", twice),
    ("the key beside", key_beside),
    ("a letter too many", too_many),
    ("umlaut without dots", without_dots),
    ("as it sounds", as_it_sounds),
    ("a word cut in two", cut),
    ("two words in one", joined),
];

/// Shortest word that gets an error.
const MIN_LETTERS: usize = 5;

/// Prints right at once and wrong, without errors and with each kind of error, over the questions
/// that the kind can be made in.
pub fn measure(bot: &Bot, sets: &Sets) {
    for (name, questions) in sets {
        println!(
            "{name}: questions, right at once (clean -> with error), right service first, wrong"
        );
        for (kind, make) in KINDS {
            let (mut count, mut clean, mut with_error) = (0, [0; 3], [0; 3]);
            for question in questions.iter().filter(|question| !question.ids.is_empty()) {
                let Some(text) = misspell(&question.question, make) else { continue };
                count += 1;
                add(&mut clean, bot, question, &question.question);
                add(&mut with_error, bot, question, &text);
            }
            let percent = |n: u32| 100.0 * f64::from(n) / f64::from(count.max(1));
            print!("  {kind:<22}{count:>5}");
            for (before, after) in clean.into_iter().zip(with_error) {
                let (before, after) = (percent(before), percent(after));
                print!("   {before:5.1} -> {after:5.1} ({:+.1})", after - before);
            }
            println!();
        }
    }
}

/// Counts right at once, right service first, wrong.
fn add(sums: &mut [u32; 3], bot: &Bot, question: &Question, text: &str) {
    let outcome = bot.respond(&Message::text(text), &Conversation::default()).0.outcome;
    let verdict = Verdict::of(question, &outcome);
    let first = outcome.services.first().is_some_and(|id| question.ids.contains(id));
    sums[0] += u32::from(verdict == Verdict::RightAtOnce);
    sums[1] += u32::from(first);
    sums[2] += u32::from(verdict == Verdict::Wrong);
}

/// The text with one error, in a word drawn from those long enough.
fn misspell(text: &str, make: fn(&[char], u64) -> Option<Vec<char>>) -> Option<String> {
    let words: Vec<&str> = text.split(' ').collect();
    let long = |at: &usize| words[*at].chars().filter(|c| c.is_alphabetic()).count() >= MIN_LETTERS;
    let candidates: Vec<usize> = (0..words.len()).filter(long).collect();
    let start = draw(text, 1, candidates.len().max(1) as u64) as usize;
    for step in 0..candidates.len() {
        let at = candidates[(start + step) % candidates.len()];
        // "Two words in one" needs the next word too.
        let mut letters: Vec<char> = words[at].chars().collect();
        if let Some(next) = words.get(at + 1) {
            letters.push(' ');
            letters.extend(next.chars());
        }
        let Some(made) = make(&letters, draw(text, 2, 1 << 20)) else { continue };
        let before = words[..at].iter().flat_map(|word| [*word, " "]).collect::<String>();
        let after = words.iter().skip(at + 2).flat_map(|word| [" ", word]).collect::<String>();
        return Some(before + &made.into_iter().collect::<String>() + &after);
    }
    None
}

/// Letters of the first word, without sentence marks at its end.
fn length(letters: &[char]) -> usize {
    let end = letters.iter().position(|c| *c == ' ').unwrap_or(letters.len());
    letters[..end].iter().rposition(|c| c.is_alphabetic()).map_or(0, |last| last + 1)
}

/// Somewhere inside, from the second letter on, at most `before_end` from the end.
fn inside(letters: &[char], before_end: usize, seed: u64) -> usize {
    1 + (seed as usize) % (length(letters) - before_end).max(1)
}

fn swapped(letters: &[char], seed: u64) -> Option<Vec<char>> {
    let at = inside(letters, 2, seed);
    let mut out = letters.to_vec();
    out.swap(at, at + 1);
    (out != letters).then_some(out)
}

fn left_out(letters: &[char], seed: u64) -> Option<Vec<char>> {
    let mut out = letters.to_vec();
    out.remove(inside(letters, 1, seed));
    Some(out)
}

fn twice(letters: &[char], seed: u64) -> Option<Vec<char>> {
    let at = inside(letters, 1, seed);
    let mut out = letters.to_vec();
    out.insert(at, letters[at]);
    Some(out)
}

fn key_beside(letters: &[char], seed: u64) -> Option<Vec<char>> {
    const ROWS: [&str; 3] = ["qwertzuiopü", "asdfghjklöä", "yxcvbnm"];
    let at = inside(letters, 1, seed);
    let lower = letters[at].to_lowercase().next()?;
    let row = ROWS.iter().find(|row| row.contains(lower))?;
    let keys: Vec<char> = row.chars().collect();
    let key = keys.iter().position(|key| *key == lower)?;
    let beside =
        if seed & 1 << 19 == 0 && key > 0 { key - 1 } else { (key + 1).min(keys.len() - 2) };
    let mut out = letters.to_vec();
    out[at] = keys[beside];
    (out != letters).then_some(out)
}

fn too_many(letters: &[char], seed: u64) -> Option<Vec<char>> {
    let at = inside(letters, 1, seed);
    let mut out = letters.to_vec();
    out.insert(at, char::from(b'a' + (seed / 31 % 26) as u8));
    Some(out)
}

fn without_dots(letters: &[char], _: u64) -> Option<Vec<char>> {
    let plain = |c: &char| match c {
        'ä' => 'a',
        'ö' => 'o',
        'ü' => 'u',
        'Ä' => 'A',
        'Ö' => 'O',
        'Ü' => 'U',
        'ß' => 's',
        other => *other,
    };
    let out: Vec<char> = letters.iter().map(plain).collect();
    (out != letters).then_some(out)
}

/// One confusion of sounds: the first of these spellings that the word holds.
fn as_it_sounds(letters: &[char], seed: u64) -> Option<Vec<char>> {
    const SOUNDS: [(&str, &str); 16] = [
        ("tz", "z"),
        ("ie", "i"),
        ("ih", "i"),
        ("eh", "e"),
        ("ah", "a"),
        ("üh", "ü"),
        ("ck", "k"),
        ("ei", "ai"),
        ("äu", "eu"),
        ("eu", "oi"),
        ("dt", "t"),
        ("v", "f"),
        ("ss", "s"),
        ("nn", "n"),
        ("ll", "l"),
        ("d", "t"),
    ];
    let end = length(letters);
    let word: String = letters[..end].iter().collect();
    let rest: String = letters[end..].iter().collect();
    let start = seed as usize % SOUNDS.len();
    let sounds = SOUNDS.iter().cycle().skip(start).take(SOUNDS.len());
    let (right, wrong) = sounds.into_iter().find(|(right, _)| word.contains(right))?;
    Some((word.replacen(right, wrong, 1) + &rest).chars().collect())
}

fn cut(letters: &[char], seed: u64) -> Option<Vec<char>> {
    let long = length(letters) >= 8;
    long.then(|| {
        let mut out = letters.to_vec();
        out.insert(3 + seed as usize % (length(letters) - 6), ' ');
        out
    })
}

fn joined(letters: &[char], _: u64) -> Option<Vec<char>> {
    let space = letters.iter().position(|c| *c == ' ')?;
    let ends = letters[..space].last().is_some_and(|c| c.is_alphabetic());
    ends.then(|| letters.iter().filter(|c| **c != ' ').copied().collect())
}
