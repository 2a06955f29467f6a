//! How good and how fast an engine is.

use std::{
    fs,
    hint::black_box,
    path::Path,
    time::{Duration, Instant},
};

use amtslotse::{catalog::Catalog, eval::Question};
use anyhow::{Context, Result, anyhow, ensure};

use crate::engine::Engine;

/// How often each question is asked; the fastest time counts, so that the first round, on which
/// everything is cold, does not.
const ROUNDS: usize = 3;
/// How many services are asked for.
const K: usize = 3;

/// A question and its right answers.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The question.
    pub question: String,
    /// Positions of the services that are right.
    pub right: Vec<usize>,
}

/// Questions of one file.
pub struct QuestionSet {
    /// The file's name without its ending.
    pub name: String,
    /// Those that have a service.
    pub asked: Vec<Asked>,
}

impl QuestionSet {
    /// Reads a tab-separated file with the columns `question` and `ids`.
    pub fn read(path: &Path, catalog: &Catalog) -> Result<Self> {
        let shown = path.display();
        let text = fs::read_to_string(path).with_context(|| shown.to_string())?;
        let questions = Question::parse_file(&text).map_err(|why| anyhow!("{shown}: {why}"))?;
        let asked: Vec<Asked> = questions
            .into_iter()
            .filter(|question| !question.ids.is_empty())
            .map(|question| {
                let right = question.ids.iter().filter_map(|id| catalog.position(id)).collect();
                Asked { question: question.question, right }
            })
            .collect();
        ensure!(!asked.is_empty(), "{shown}: no question has a service in the column »ids«");
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Self { name, asked })
    }
}

/// At most `of` of a list, evenly spaced.
pub fn sample<T: Clone>(list: &[T], of: usize) -> Vec<T> {
    let count = of.min(list.len());
    (0..count).map(|at| list[at * list.len() / count].clone()).collect()
}

/// What was measured of one engine on one set of questions.
#[derive(Debug, Clone)]
pub struct Figures {
    /// How many questions were asked.
    pub asked: usize,
    /// How many got a right service first.
    pub first: usize,
    /// How many got one among the first three.
    pub three: usize,
    /// Microseconds of each question, sorted.
    micros: Vec<f64>,
}

impl Figures {
    /// Asks all questions, several times over.
    pub fn measure(engine: &mut dyn Engine, questions: &[Asked]) -> Result<Self> {
        let (mut first, mut three) = (0, 0);
        let mut micros = vec![f64::INFINITY; questions.len()];
        // Round by round and not question by question, so that a disturbance hits a question once.
        for round in 0..ROUNDS {
            for (asked, least) in questions.iter().zip(&mut micros) {
                let start = Instant::now();
                let found = black_box(engine.search(&asked.question, K)?);
                *least = least.min(start.elapsed().as_secs_f64() * 1e6);
                if round == 0 {
                    let right = |service: &usize| asked.right.contains(service);
                    first += usize::from(found.first().is_some_and(right));
                    three += usize::from(found.iter().any(right));
                }
            }
        }
        micros.sort_by(f64::total_cmp);
        Ok(Self { asked: questions.len(), first, three, micros })
    }

    /// Share of the questions, in percent.
    pub fn percent(&self, count: usize) -> f64 {
        100.0 * count as f64 / self.asked.max(1) as f64
    }

    /// The time that so many percent of the questions need at most.
    pub fn micros(&self, percent: usize) -> f64 {
        let at = self.micros.len() * percent / 100;
        self.micros.get(at).or(self.micros.last()).copied().unwrap_or_default()
    }
}

/// What a closure returns, and how long it took.
pub fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let done = work();
    (done, start.elapsed())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_evenly_spaced() {
        assert_eq!(sample(&[0, 1, 2, 3, 4, 5], 3), [0, 2, 4]);
        assert_eq!(sample(&[0, 1], 3), [0, 1]);
        assert!(sample::<u8>(&[], 3).is_empty());
    }

    #[test]
    fn right_answers_are_counted() {
        struct Always;
        impl Engine for Always {
            fn name(&self) -> String {
                String::new()
            }
            fn search(&mut self, _: &str, _: usize) -> Result<Vec<usize>> {
                Ok(vec![4, 2])
            }
        }
        let asked = |right: usize| Asked { question: String::new(), right: vec![right] };
        let figures = Figures::measure(&mut Always, &[asked(4), asked(2), asked(1)]).unwrap();
        assert_eq!((figures.first, figures.three, figures.asked), (1, 2, 3));
        assert!(figures.micros(50) <= figures.micros(99));
    }
}
