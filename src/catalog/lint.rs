//! What an editor should look at: gaps, clashes, stale dates, hard sentences, expressions that
//! bring nothing new. Nothing here keeps a catalog from being used.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;
use time::{Date, Duration};

use super::{
    Catalog, CatalogFiles, Service,
    load::{Finding, service_path},
};
use crate::{
    matching::{expressions::said_of, stopwords},
    text::{fold, similarity::FiveGrams, tokens},
};

/// A fact is looked at again after so many days.
const STALE_AFTER: Duration = Duration::days(730);
/// Expressions a collection should hold, by priority.
const WANTED: [(u8, usize); 3] = [(1, 60), (2, 60), (3, 40)];
/// From this likeness on (shared runs of five letters), one of two expressions brings nothing new.
pub const NEAR_DUPLICATE: f64 = 0.8;
/// Fewer different content words per expression than this, and the collection is a template.
const MIN_NEW_WORDS: f64 = 1.2;
/// Hardest text (LIX, C. H. Björnsson 1968: words per sentence plus the percentage of words of
/// more than six letters) of a paragraph of at least [`LIX_WORDS`] words.
const MAX_LIX: f64 = 45.0;
/// Longest plain name, in letters and words: it must fit on a button.
const MAX_PLAIN_LETTERS: usize = 45;
const MAX_PLAIN_WORDS: usize = 7;
/// In fewer words than this, one long compound decides.
const LIX_WORDS: usize = 14;

/// Looks through a catalog as of a day.
pub fn lint(catalog: &Catalog, files: &CatalogFiles, today: Date) -> Vec<Finding> {
    let mut findings = Vec::new();
    for service in catalog.services() {
        let mut entry = Entry::new(service, files, &mut findings);
        gaps(service, &mut entry);
        stale(service, today, &mut entry);
        hard_text(service, &mut entry);
        collection(service, &mut entry);
    }
    clashes(catalog, files, &mut findings);
    findings
}

/// A service's files, and what is found in them.
struct Entry<'a> {
    path: String,
    phrases_path: String,
    files: &'a CatalogFiles,
    findings: &'a mut Vec<Finding>,
}

impl<'a> Entry<'a> {
    fn new(service: &Service, files: &'a CatalogFiles, findings: &'a mut Vec<Finding>) -> Self {
        let phrases_path = format!("phrases/de/{}.txt", service.id);
        Self { path: service_path(service), phrases_path, files, findings }
    }

    /// A hint on the first line of the service's file that holds a text.
    fn hint(&mut self, held: &str, message: String) {
        self.hint_in(&self.path.clone(), held, message);
    }

    /// A hint on a line of the phrase collection.
    fn hint_in_phrases(&mut self, phrase: &str, message: String) {
        self.hint_in(&self.phrases_path.clone(), phrase, message);
    }

    fn hint_in(&mut self, path: &str, held: &str, message: String) {
        let line = line_holding(self.files, path, held);
        self.findings.push(Finding::hint(self.files.display(path), message).at_line(line));
    }
}

/// The first line of a file that is a text, or holds it, counted from 1.
fn line_holding(files: &CatalogFiles, path: &str, held: &str) -> Option<usize> {
    let text = std::str::from_utf8(files.file(path)?).ok()?;
    let whole = text.lines().position(|line| line.trim() == held);
    whole.or_else(|| text.lines().position(|line| line.contains(held))).map(|at| at + 1)
}

fn gaps(service: &Service, entry: &mut Entry<'_>) {
    let everyday = service.priority <= 2;
    let wanted = [
        ("online.reason", service.online.reason.is_some()),
        ("online.steps", !everyday || !service.online.steps.is_empty()),
        ("fee", !everyday || !service.fee.is_empty()),
        ("paper", !everyday || !service.paper.is_empty()),
        ("name.en", !everyday || service.name.contains_key("en")),
    ];
    let missing: Vec<&str> =
        wanted.into_iter().filter(|(_, there)| !there).map(|(key, _)| key).collect();
    if let [first, ..] = missing[..] {
        let near = if first.starts_with("online") { "[online]" } else { "[name.de]" };
        entry.hint(near, format!("es fehlt: {}", missing.join(", ")));
    }
}

fn stale(service: &Service, today: Date, entry: &mut Entry<'_>) {
    let mut told = BTreeSet::new();
    for source in service.sources().filter(|source| told.insert((&source.title, source.checked))) {
        let held = format!("checked = {}", source.checked);
        if today - source.checked > STALE_AFTER {
            let message = format!(
                "source.checked: älter als zwei Jahre: »{}« ({})",
                source.title, source.checked
            );
            entry.hint(&held, message);
        } else if source.checked > today {
            let message = format!(
                "source.checked: »{}« liegt in der Zukunft ({})",
                source.title, source.checked
            );
            entry.hint(&held, message);
        }
    }
    if let Some(review) = &service.review
        && review.due < today
    {
        let message = format!("review.due: war am {} fällig ({})", review.due, review.by);
        entry.hint("review", message);
    }
}

fn hard_text(service: &Service, entry: &mut Entry<'_>) {
    if let Some(name) = service.name.get("de") {
        let words = name.plain.split_whitespace().count();
        let letters = name.plain.chars().count();
        if letters > MAX_PLAIN_LETTERS || words > MAX_PLAIN_WORDS || is_officialese(&name.plain) {
            let message = format!(
                "name.de.plain: »{}« liest sich wie ein Amtstext (höchstens {MAX_PLAIN_LETTERS} \
                 Zeichen und {MAX_PLAIN_WORDS} Wörter, keine Paragrafen)",
                name.plain
            );
            entry.hint(&format!("\"{}\"", name.plain), message);
        }
    }
    if let Some(reason) = &service.online.reason
        && let Some(lix) = lix(reason)
        && lix > MAX_LIX
    {
        let message =
            format!("online.reason: schwer zu lesen (LIX {lix:.0}, höchstens {MAX_LIX:.0})");
        entry.hint("reason = ", message);
    }
}

/// Words of a law or a form, which nobody says.
fn is_officialese(text: &str) -> bool {
    const WORDS: [&str; 9] =
        ["§", "gemäß", "bzw.", "hinsichtlich", "i. S. d.", "i.S.d.", "gem.", "Abs.", "sog."];
    WORDS.iter().any(|word| text.contains(word))
}

/// Readability of a text of some length.
fn lix(text: &str) -> Option<f64> {
    let words: Vec<&str> = text.split_whitespace().collect();
    if words.len() < LIX_WORDS {
        return None;
    }
    let sentences = text.split(['.', '!', '?', ':', ';']).filter(|s| !s.trim().is_empty()).count();
    let letters = |word: &&&str| word.chars().filter(|c| c.is_alphabetic()).count() > 6;
    let long = words.iter().filter(letters).count();
    let words = words.len() as f64;
    Some(words / sentences.max(1) as f64 + 100.0 * long as f64 / words)
}

/// The large collection of what people say in German: enough, and each line something new.
fn collection(service: &Service, entry: &mut Entry<'_>) {
    let phrases: Vec<&String> = service
        .collected
        .iter()
        .filter(|(language, _)| language == "de")
        .flat_map(|(_, phrases)| phrases)
        .collect();
    let wanted = WANTED.iter().find(|(p, _)| *p == service.priority).map_or(0, |(_, n)| *n);
    if phrases.len() < wanted {
        let message = format!("phrases/de: {} Ausdrücke (gewünscht: {wanted})", phrases.len());
        entry.hint("[says.de]", message);
    }
    for (one, other) in near_duplicates(&phrases) {
        let message = format!("fast gleich: »{}« und »{}«", phrases[one], phrases[other]);
        entry.hint_in_phrases(phrases[other], message);
    }
    let content: BTreeSet<String> = phrases
        .iter()
        .flat_map(|phrase| tokens(phrase))
        .map(|token| token.folded)
        .filter(|word| !stopwords::is_stop(word))
        .collect();
    let new_words = content.len() as f64 / phrases.len().max(1) as f64;
    if !phrases.is_empty() && new_words < MIN_NEW_WORDS {
        let message = format!("nur {new_words:.1} verschiedene Wörter je Ausdruck");
        entry.hint_in_phrases("", message);
    }
}

/// Pairs of expressions that are more alike than [`NEAR_DUPLICATE`].
///
/// Two sets that share more than a part `t` of their union share one of the first
/// `n - ceil(t * n) + 1` members of each, in any fixed order, best rare ones first (prefix filter: Chaudhuri, Ganti and
/// Kaushik, ICDE 2006): only those are compared.
fn near_duplicates(phrases: &[&String]) -> Vec<(usize, usize)> {
    let grams: Vec<FiveGrams> = phrases.iter().map(|phrase| FiveGrams::of(phrase)).collect();
    let mut uses: FxHashMap<[char; 5], u32> = FxHashMap::default();
    for run in grams.iter().flat_map(FiveGrams::runs) {
        *uses.entry(*run).or_default() += 1;
    }
    let mut holders: FxHashMap<[char; 5], Vec<usize>> = FxHashMap::default();
    let mut found = Vec::new();
    for (at, one) in grams.iter().enumerate() {
        let all = one.runs().len();
        let prefix = all - (NEAR_DUPLICATE * all as f64).ceil() as usize + 1;
        let mut candidates = BTreeSet::new();
        let mut runs = one.runs().to_vec();
        runs.sort_unstable_by_key(|run| (uses[run], *run));
        for run in runs.into_iter().take(prefix) {
            let holders = holders.entry(run).or_default();
            candidates.extend(holders.iter().copied());
            holders.push(at);
        }
        let alike = |other: &usize| one.likeness(&grams[*other]) > NEAR_DUPLICATE;
        found.extend(candidates.into_iter().filter(alike).map(|other| (other, at)));
    }
    found
}

/// Expressions that stand for two services, and those that are another one's name. Services whose
/// difference is told may share one: the citizen is asked which is meant.
fn clashes(catalog: &Catalog, files: &CatalogFiles, findings: &mut Vec<Finding>) {
    use crate::matching::expressions::ExpressionKind;
    let mut owners: BTreeMap<String, BTreeMap<usize, &str>> = BTreeMap::new();
    let mut names: BTreeMap<String, usize> = BTreeMap::new();
    for (at, service) in catalog.services().iter().enumerate() {
        for (kind, text) in said_of(service) {
            match kind {
                ExpressionKind::Authority => continue,
                ExpressionKind::Name => {
                    names.insert(fold(text), at);
                }
                ExpressionKind::Synonym | ExpressionKind::Phrase | ExpressionKind::Formerly => {}
            }
            owners.entry(fold(text)).or_default().insert(at, text);
        }
    }
    for (expression, at) in owners.iter().filter(|(_, at)| at.len() > 1) {
        let services: Vec<&Service> = at.keys().map(|&at| &catalog.services()[at]).collect();
        let named = names.get(expression).map(|&at| &catalog.services()[at].id);
        if named.is_none() && all_told_apart(&services) {
            continue;
        }
        let ids: Vec<&str> = services.iter().map(|service| service.id.as_str()).collect();
        let message = match named {
            Some(named) => format!(
                "»{expression}« ist der Name von »{named}« und steht auch bei: {}",
                ids.join(", ")
            ),
            None => format!(
                "»{expression}« steht bei mehreren Leistungen, ohne dass [[not]] den Unterschied \
                 nennt: {}",
                ids.join(", ")
            ),
        };
        let owner = at.iter().find(|(at, _)| Some(&catalog.services()[**at].id) != named);
        if let Some((&at, text)) = owner {
            let mut entry = Entry::new(&catalog.services()[at], files, findings);
            match line_holding(files, &entry.path, text) {
                Some(_) => entry.hint(text, message),
                None => entry.hint_in_phrases(text, message),
            }
        }
    }
}

/// Whether for each two services one says how the other differs.
fn all_told_apart(services: &[&Service]) -> bool {
    let tells = |a: &Service, b: &Service| a.not.iter().any(|not| not.id == b.id);
    services
        .iter()
        .enumerate()
        .all(|(at, a)| services[at + 1..].iter().all(|b| tells(a, b) || tells(b, a)))
}

#[cfg(test)]
mod tests {
    use super::lix;

    #[test]
    fn readability_follows_bjoernssons_formula() {
        let easy = "Sie gehen ins Amt. Dort geben Sie den Antrag ab. Das Amt prüft ihn dann.";
        // 15 words, 3 sentences, none of more than six letters.
        assert_eq!(lix(easy), Some(5.0));
        assert_eq!(lix("Die Meldebehörde prüft."), None, "too short to judge");
    }
}
