//! What an editor should look at: gaps, clashes, stale dates, hard sentences, expressions that
//! bring nothing new. Nothing here keeps a catalog from being used.

use std::collections::{BTreeMap, BTreeSet};

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
/// In fewer words than this, one long compound decides.
const LIX_WORDS: usize = 14;

/// Looks through a catalog as of a day.
pub fn lint(catalog: &Catalog, files: &CatalogFiles, today: Date) -> Vec<Finding> {
    let mut findings = Vec::new();
    for service in catalog.services() {
        let shown = files.display(&service_path(service));
        let mut hint = |message: String| findings.push(Finding::hint(&shown, message));
        gaps(service, &mut hint);
        stale(service, today, &mut hint);
        hard_text(service, &mut hint);
        collection(service, &mut hint);
    }
    clashes(catalog, files, &mut findings);
    findings
}

fn gaps(service: &Service, hint: &mut impl FnMut(String)) {
    let mut missing = Vec::new();
    let everyday = service.priority <= 2;
    if service.online.reason.is_none() {
        missing.push("online.reason");
    }
    if everyday && service.online.steps.is_empty() {
        missing.push("online.steps");
    }
    if everyday && service.fee.is_empty() {
        missing.push("fee");
    }
    if everyday && service.paper.is_empty() {
        missing.push("paper");
    }
    if everyday && !service.name.contains_key("en") {
        missing.push("name.en");
    }
    if !missing.is_empty() {
        hint(format!("es fehlt: {}", missing.join(", ")));
    }
}

fn stale(service: &Service, today: Date, hint: &mut impl FnMut(String)) {
    let old: BTreeSet<String> = service
        .sources()
        .filter(|source| today - source.checked > STALE_AFTER)
        .map(|source| format!("»{}« ({})", source.title, source.checked))
        .collect();
    if !old.is_empty() {
        hint(format!("source.checked: älter als zwei Jahre: {}", Vec::from_iter(old).join(", ")));
    }
    let future = service.sources().find(|source| source.checked > today);
    if let Some(source) = future {
        hint(format!(
            "source.checked: »{}« liegt in der Zukunft ({})",
            source.title, source.checked
        ));
    }
    if let Some(review) = &service.review
        && review.due < today
    {
        hint(format!("review.due: war am {} fällig ({})", review.due, review.by));
    }
}

fn hard_text(service: &Service, hint: &mut impl FnMut(String)) {
    let Some(reason) = &service.online.reason else { return };
    if let Some(lix) = lix(reason)
        && lix > MAX_LIX
    {
        hint(format!("online.reason: schwer zu lesen (LIX {lix:.0}, höchstens {MAX_LIX:.0})"));
    }
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
fn collection(service: &Service, hint: &mut impl FnMut(String)) {
    let phrases: Vec<&String> = service
        .collected
        .iter()
        .filter(|(language, _)| language == "de")
        .flat_map(|(_, phrases)| phrases)
        .collect();
    let wanted = WANTED.iter().find(|(p, _)| *p == service.priority).map_or(0, |(_, n)| *n);
    if phrases.len() < wanted {
        hint(format!("phrases/de: {} Ausdrücke (gewünscht: {wanted})", phrases.len()));
    }
    let grams: Vec<FiveGrams> = phrases.iter().map(|phrase| FiveGrams::of(phrase)).collect();
    for (at, one) in grams.iter().enumerate() {
        for other in &grams[at + 1..] {
            if one.likeness(other) > NEAR_DUPLICATE {
                hint(format!("phrases/de: fast gleich: »{}« und »{}«", one.folded, other.folded));
            }
        }
    }
    let content: BTreeSet<String> = phrases
        .iter()
        .flat_map(|phrase| tokens(phrase))
        .map(|token| token.folded)
        .filter(|word| !stopwords::is_stop(word))
        .collect();
    let new_words = content.len() as f64 / phrases.len().max(1) as f64;
    if !phrases.is_empty() && new_words < MIN_NEW_WORDS {
        hint(format!("phrases/de: nur {new_words:.1} verschiedene Wörter je Ausdruck"));
    }
}

/// Expressions that stand for two services, and those that are another one's name.
fn clashes(catalog: &Catalog, files: &CatalogFiles, findings: &mut Vec<Finding>) {
    use crate::matching::expressions::ExpressionKind;
    let mut owners: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
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
            owners.entry(fold(text)).or_default().insert(at);
        }
    }
    for (expression, at) in owners.iter().filter(|(_, at)| at.len() > 1) {
        let ids: Vec<&str> = at.iter().map(|&at| catalog.services()[at].id.as_str()).collect();
        let first = at.iter().next().map_or(0, |&at| at);
        let shown = files.display(&service_path(&catalog.services()[first]));
        let message = match names.get(expression) {
            Some(&named) => format!(
                "»{expression}« ist der Name von »{}« und steht auch bei: {}",
                catalog.services()[named].id,
                ids.join(", ")
            ),
            None => format!("»{expression}« steht bei mehreren Leistungen: {}", ids.join(", ")),
        };
        findings.push(Finding::hint(shown, message));
    }
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
