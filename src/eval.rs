//! How good the answers are: questions in, rates out.
//!
//! For questions that have a service, four rates sum to 100 %: right at once, right after one
//! question, wrong, missed. For questions that have none, what counts is how often a service was
//! asserted all the same. All with 95 % Wilson intervals.

use std::{collections::BTreeMap, fmt};

use serde::Serialize;

use crate::{
    catalog::Catalog,
    ids::ServiceId,
    message::Facet,
    reply::{DecisionKind, Outcome},
};

/// One question of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The message.
    pub question: String,
    /// The services that are right, the preferred one first; empty if none is. One of a foreign
    /// catalog (`berlin:120686`) is right if its offer is behind what was answered.
    pub ids: Vec<ServiceId>,
    /// The language, if the file says so.
    pub lang: Option<String>,
    /// What kind of question it is.
    pub tags: Vec<String>,
}

impl Question {
    /// Reads a tab-separated file with a header line: `question`, and perhaps `ids`, `lang`, `tags`.
    ///
    /// # Errors
    /// What is wrong, in German, with the line.
    pub fn parse_file(text: &str) -> Result<Vec<Self>, String> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut lines = text.lines().enumerate();
        let header: Vec<&str> =
            lines.next().map(|(_, line)| line.split('\t').collect()).unwrap_or_default();
        let column = |name: &str| header.iter().position(|cell| cell.trim() == name);
        let question_at =
            column("question").ok_or("Zeile 1: die Spalte »question« fehlt in der Kopfzeile")?;
        let (ids_at, lang_at, tags_at) = (column("ids"), column("lang"), column("tags"));
        let mut questions = Vec::new();
        for (at, line) in lines {
            if line.trim().is_empty() {
                continue;
            }
            let cells: Vec<&str> = line.split('\t').collect();
            let cell = |at: Option<usize>| at.and_then(|at| cells.get(at)).copied().unwrap_or("");
            let list = |text: &str| -> Vec<String> {
                text.split(',')
                    .map(str::trim)
                    .filter(|s| !s.is_empty())
                    .map(str::to_owned)
                    .collect()
            };
            let ids = list(cell(ids_at))
                .iter()
                .map(|id| id.parse())
                .collect::<Result<Vec<ServiceId>, _>>()
                .map_err(|error| format!("Zeile {}: ids: {error}", at + 1))?;
            let lang = Some(cell(lang_at).trim().to_owned()).filter(|lang| !lang.is_empty());
            let question = cell(Some(question_at)).to_owned();
            questions.push(Self { question, ids, lang, tags: list(cell(tags_at)) });
        }
        Ok(questions)
    }
}

impl Question {
    /// Whether what an outcome names at a position is right.
    fn is_right(&self, outcome: &Outcome, at: usize) -> bool {
        let offer = outcome.offers.get(at).and_then(Option::as_deref);
        outcome.services.get(at).is_some_and(|id| {
            self.ids.iter().any(|right| right == id || Some(right.as_str()) == offer)
        })
    }
}

/// A question that stands, or nearly stands, in the catalog: it measures memory, not matching.
#[derive(Debug, Clone, PartialEq)]
pub struct Leak {
    /// The question.
    pub question: String,
    /// The expression of the catalog.
    pub expression: String,
    /// The service it stands for.
    pub service: ServiceId,
    /// Shared runs of five letters over all, 0 to 1.
    pub likeness: f64,
}

/// The questions that equal an expression of the catalog, or are more like one than
/// [`NEAR_DUPLICATE`](crate::catalog::lint::NEAR_DUPLICATE).
pub fn leaks(questions: &[Question], catalog: &Catalog) -> Vec<Leak> {
    use crate::{matching::expressions::said_of, text::similarity::FiveGrams};
    let expressions: Vec<(FiveGrams, &str, &ServiceId)> = catalog
        .services()
        .iter()
        .flat_map(|service| said_of(service).map(move |(_, text)| (text, &service.id)))
        .map(|(text, id)| (FiveGrams::of(text), text, id))
        .collect();
    let mut by_run: rustc_hash::FxHashMap<[char; 5], Vec<u32>> = rustc_hash::FxHashMap::default();
    for (at, (grams, ..)) in expressions.iter().enumerate() {
        for run in grams.runs() {
            by_run.entry(*run).or_default().push(at as u32);
        }
    }
    let mut leaks = Vec::new();
    for question in questions {
        let grams = FiveGrams::of(&question.question);
        let mut candidates: Vec<u32> =
            grams.runs().iter().filter_map(|run| by_run.get(run)).flatten().copied().collect();
        candidates.sort_unstable();
        candidates.dedup();
        let alike = candidates.into_iter().map(|at| {
            let (expression, text, id) = &expressions[at as usize];
            (grams.likeness(expression), *text, *id)
        });
        let nearest = alike.max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(a.1)));
        if let Some((likeness, text, id)) = nearest
            && likeness > crate::catalog::lint::NEAR_DUPLICATE
        {
            leaks.push(Leak {
                question: question.question.clone(),
                expression: text.to_owned(),
                service: id.clone(),
                likeness,
            });
        }
    }
    leaks
}

/// One line of the results file.
#[derive(Debug, Serialize)]
pub struct ResultLine<'a> {
    /// As in the file.
    pub question: &'a str,
    /// What was decided.
    #[serde(flatten)]
    pub outcome: &'a Outcome,
    /// From text to reply.
    pub micros: u64,
}

/// How a question went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// The first asserted service is right; a vague question was rightly asked back.
    RightAtOnce,
    /// Asked back, with the right service among the choices.
    RightAfterOne,
    /// The first asserted service is not right.
    Wrong,
    /// Anything else.
    Missed,
    /// There is no right service, and none was asserted.
    Declined,
    /// There is no right service, but we asked back.
    AskedInVain,
    /// There is no right service, but one was asserted.
    AssertedInVain,
}

impl Verdict {
    /// Judges an outcome.
    pub fn of(question: &Question, outcome: &Outcome) -> Self {
        let right = |at: usize| question.is_right(outcome, at);
        if question.ids.is_empty() {
            return match outcome.decision {
                _ if outcome.asserted > 0 => Self::AssertedInVain,
                DecisionKind::Clarify => Self::AskedInVain,
                DecisionKind::Answer | DecisionKind::Abstain | DecisionKind::Notice => {
                    Self::Declined
                }
            };
        }
        let offered = (0..outcome.services.len().min(5)).any(right);
        match outcome.decision {
            DecisionKind::Answer if right(0) => Self::RightAtOnce,
            DecisionKind::Answer => Self::Wrong,
            DecisionKind::Clarify
                if offered && question.tags.iter().any(|tag| tag == "clarify") =>
            {
                Self::RightAtOnce
            }
            DecisionKind::Clarify if offered => Self::RightAfterOne,
            DecisionKind::Clarify | DecisionKind::Abstain | DecisionKind::Notice => Self::Missed,
        }
    }

    /// Whether there is something to learn from it.
    pub fn is_miss(self) -> bool {
        !matches!(self, Self::RightAtOnce | Self::Declined)
    }

    /// One line for whoever improves the catalog.
    pub fn describe(self, question: &Question, outcome: &Outcome) -> String {
        let ids =
            |ids: &[ServiceId]| ids.iter().map(ServiceId::as_str).collect::<Vec<_>>().join(",");
        format!(
            "{self:?}\t{:.2}\t{}\t{}\t-> {}",
            outcome.confidence,
            question.question,
            ids(&question.ids),
            ids(&outcome.services)
        )
    }
}

/// Counts of one group of questions.
#[derive(Debug, Clone, Default)]
struct Tally {
    verdicts: BTreeMap<Verdict, usize>,
    top1: usize,
    top3: usize,
    with_service: usize,
    all: usize,
    extra_cards: usize,
    asserted: usize,
}

/// Counts of a whole file.
#[derive(Debug, Clone, Default)]
pub struct Report {
    all: Tally,
    by_priority: BTreeMap<u8, Tally>,
    by_lang: BTreeMap<String, Tally>,
    by_tag: BTreeMap<String, Tally>,
    facets: BTreeMap<&'static str, FacetTally>,
    micros: Vec<u64>,
}

#[derive(Debug, Clone, Copy, Default)]
struct FacetTally {
    tagged: usize,
    found: usize,
    untagged: usize,
}

impl Report {
    /// Counts one answer.
    pub fn count(
        &mut self,
        question: &Question,
        outcome: &Outcome,
        micros: u64,
        catalog: &Catalog,
    ) -> Verdict {
        let verdict = Verdict::of(question, outcome);
        let priority = question.ids.first().and_then(|id| catalog.service(id)).map(|s| s.priority);
        self.all.add(question, outcome, verdict);
        if let Some(priority) = priority {
            self.by_priority.entry(priority).or_default().add(question, outcome, verdict);
        }
        if let Some(lang) = &question.lang {
            self.by_lang.entry(lang.clone()).or_default().add(question, outcome, verdict);
        }
        for tag in &question.tags {
            self.by_tag.entry(tag.clone()).or_default().add(question, outcome, verdict);
        }
        self.count_facets(question, outcome);
        self.micros.push(micros);
        verdict
    }

    fn count_facets(&mut self, question: &Question, outcome: &Outcome) {
        for facet in Facet::ALL {
            let tag = format!("facet-{}", facet.name());
            let tagged = question.tags.contains(&tag)
                || facet == Facet::Documents
                    && question.tags.iter().any(|t| t == "facet-requirements");
            let found = outcome.facets.contains(&facet);
            let tally = self.facets.entry(facet.name()).or_default();
            tally.tagged += usize::from(tagged);
            tally.found += usize::from(tagged && found);
            tally.untagged += usize::from(!tagged && found);
        }
    }

    /// The share of questions with a verdict, 0 to 1, among those that have (or lack) a service.
    pub fn rate(&self, verdict: Verdict) -> f64 {
        self.all.rate(verdict)
    }

    /// A rate among the questions on services of one priority.
    pub fn rate_of_priority(&self, priority: u8, verdict: Verdict) -> f64 {
        self.by_priority.get(&priority).map_or(0.0, |tally| tally.rate(verdict))
    }
}

impl Tally {
    fn add(&mut self, question: &Question, outcome: &Outcome, verdict: Verdict) {
        let right = |at: usize| question.is_right(outcome, at);
        self.all += 1;
        *self.verdicts.entry(verdict).or_default() += 1;
        self.with_service += usize::from(!question.ids.is_empty());
        let first = |count: usize| 0..outcome.services.len().min(count);
        self.top1 += usize::from(first(1).any(right));
        self.top3 += usize::from(first(3).any(right));
        self.extra_cards += first(outcome.asserted).skip(1).filter(|at| !right(*at)).count();
        self.asserted += usize::from(outcome.asserted > 0);
    }

    fn base(&self, verdict: Verdict) -> usize {
        match verdict {
            Verdict::RightAtOnce | Verdict::RightAfterOne | Verdict::Wrong | Verdict::Missed => {
                self.with_service
            }
            Verdict::Declined | Verdict::AskedInVain | Verdict::AssertedInVain => {
                self.all - self.with_service
            }
        }
    }

    fn rate(&self, verdict: Verdict) -> f64 {
        let count = self.verdicts.get(&verdict).copied().unwrap_or_default();
        count as f64 / self.base(verdict).max(1) as f64
    }

    fn cell(&self, verdict: Verdict) -> String {
        let count = self.verdicts.get(&verdict).copied().unwrap_or_default();
        percent(count, self.base(verdict))
    }

    fn row(&self, f: &mut fmt::Formatter<'_>, name: &str) -> fmt::Result {
        if self.with_service > 0 {
            writeln!(
                f,
                "{name:<20}{:>5}{:>19}{:>19}{:>19}{:>19}{:>7}{:>7}",
                self.with_service,
                self.cell(Verdict::RightAtOnce),
                self.cell(Verdict::RightAfterOne),
                self.cell(Verdict::Wrong),
                self.cell(Verdict::Missed),
                short_percent(self.top1, self.with_service),
                short_percent(self.top3, self.with_service),
            )?;
        }
        if self.all > self.with_service {
            writeln!(
                f,
                "{name:<20}{:>5}{:>19}{:>19}{:>19}",
                self.all - self.with_service,
                self.cell(Verdict::Declined),
                self.cell(Verdict::AskedInVain),
                self.cell(Verdict::AssertedInVain),
            )?;
        }
        Ok(())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.all.with_service > 0 {
            writeln!(
                f,
                "{:<20}{:>5}{:>19}{:>19}{:>19}{:>19}{:>7}{:>7}",
                "", "n", "right at once", "after one q.", "wrong", "missed", "top-1", "top-3"
            )?;
        }
        if self.all.all > self.all.with_service {
            writeln!(
                f,
                "{:<20}{:>5}{:>19}{:>19}{:>19}",
                "without a service", "n", "declined", "asked", "asserted"
            )?;
        }
        self.all.row(f, "all")?;
        for (priority, tally) in &self.by_priority {
            tally.row(f, &format!("priority {priority}"))?;
        }
        for (lang, tally) in &self.by_lang {
            tally.row(f, &format!("lang {lang}"))?;
        }
        for (tag, tally) in &self.by_tag {
            tally.row(f, tag)?;
        }
        if self.all.with_service > 0 {
            let extra = percent(self.all.extra_cards, self.all.asserted);
            writeln!(f, "wrong extra cards, of answers: {extra}")?;
        }
        if self.facets.values().any(|facet| facet.tagged > 0) {
            writeln!(f, "facets (tagged, found, found though not tagged):")?;
            for (name, facet) in self.facets.iter().filter(|(_, f)| f.tagged + f.untagged > 0) {
                writeln!(
                    f,
                    "  {name:<14}{:>5}{:>5}{:>5}",
                    facet.tagged, facet.found, facet.untagged
                )?;
            }
        }
        let mut micros = self.micros.clone();
        micros.sort_unstable();
        let quantile = |q: usize| micros.get(micros.len() * q / 100).copied().unwrap_or_default();
        writeln!(f, "microseconds: p50 {}, p99 {}", quantile(50), quantile(99))
    }
}

/// "81.3 [76.7-85.2]": percentage with its 95 % Wilson interval.
fn percent(count: usize, of: usize) -> String {
    let (low, high) = wilson(count, of);
    let share = 100.0 * count as f64 / of.max(1) as f64;
    format!("{share:.1} [{:.1}-{:.1}]", 100.0 * low, 100.0 * high)
}

fn short_percent(count: usize, of: usize) -> String {
    format!("{:.1}", 100.0 * count as f64 / of.max(1) as f64)
}

/// The 95 % Wilson score interval of a proportion (E. B. Wilson, 1927).
pub fn wilson(count: usize, of: usize) -> (f64, f64) {
    if of == 0 {
        return (0.0, 1.0);
    }
    const Z: f64 = 1.959_964;
    let (n, p) = (of as f64, count as f64 / of as f64);
    let centre = p + Z * Z / (2.0 * n);
    let spread = Z * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
    let scale = 1.0 + Z * Z / n;
    (((centre - spread) / scale).max(0.0), ((centre + spread) / scale).min(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wilson_intervals_agree_with_published_values() {
        // Newcombe (1998), table I: 81 of 263, 15 of 148, 0 of 20.
        for (count, of, low, high) in
            [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611)]
        {
            let (l, h) = wilson(count, of);
            assert!((l - low).abs() < 5e-5 && (h - high).abs() < 5e-5, "{count}/{of}: {l} {h}");
        }
    }

    #[test]
    fn files_are_read_by_their_header() {
        let text = "ids\tquestion\ttags\na-b,c\tFrage?\tshort,lower\n\n\tohne\t\n";
        let questions = Question::parse_file(text).unwrap();
        assert_eq!(questions.len(), 2);
        assert_eq!(questions[0].ids[1].as_str(), "c");
        assert_eq!(questions[0].tags, ["short", "lower"]);
        assert!(questions[1].ids.is_empty());
        assert!(Question::parse_file("frage\nx\n").unwrap_err().contains("question"));
        assert!(Question::parse_file("question\tids\nx\tÄ\n").unwrap_err().contains("Zeile 2"));
    }

    #[test]
    fn verdicts_follow_the_rules() {
        let question = |ids: &[&str], tags: &[&str]| Question {
            question: String::new(),
            ids: ids.iter().map(|id| id.parse().unwrap()).collect(),
            lang: None,
            tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        };
        let outcome = |decision, services: &[&str]| {
            let mut outcome = Outcome::new(decision, None);
            outcome.services = services.iter().map(|id| id.parse().unwrap()).collect();
            outcome.asserted = usize::from(decision == DecisionKind::Answer);
            outcome
        };
        use DecisionKind::{Abstain, Answer, Clarify, Notice};
        for (question, outcome, expected) in [
            (question(&["a"], &[]), outcome(Answer, &["a", "b"]), Verdict::RightAtOnce),
            (question(&["a"], &[]), outcome(Answer, &["b", "a"]), Verdict::Wrong),
            (question(&["a"], &[]), outcome(Clarify, &["b", "a"]), Verdict::RightAfterOne),
            (question(&["a"], &["clarify"]), outcome(Clarify, &["b", "a"]), Verdict::RightAtOnce),
            (question(&["a"], &[]), outcome(Clarify, &["b", "c"]), Verdict::Missed),
            (question(&["a"], &[]), outcome(Abstain, &["a"]), Verdict::Missed),
            (question(&[], &[]), outcome(Answer, &["a"]), Verdict::AssertedInVain),
            (question(&[], &[]), outcome(Clarify, &["a"]), Verdict::AskedInVain),
            (question(&[], &[]), outcome(Notice, &[]), Verdict::Declined),
        ] {
            assert_eq!(Verdict::of(&question, &outcome), expected);
        }
    }
}
