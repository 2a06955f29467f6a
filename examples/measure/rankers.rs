//! Ways to rank, side by side: nearest expression, centroids, linear model, blends.

use amtslotse::{matching::Matcher, text::tokens};

use super::{Lab, Sets};

/// A way to rank: its name, and the score from (likeness of the nearest expression, mean likeness of
/// all of the service's expressions, score of the linear model).
type Ranker = (&'static str, fn(f32, f32, f32) -> f32);

const RANKERS: [Ranker; 5] = [
    ("(a) nearest expression", |nearest, _, _| nearest),
    ("(b) nearest expression and centroid", |nearest, mean, _| nearest + 4.0 * mean),
    ("centroid alone", |_, mean, _| mean),
    ("(c) linear model", |_, _, score| score),
    ("(c) and (a) blended", |nearest, _, score| score + 2.0 * nearest),
];

/// Prints how often each way puts the right service first, and among the first three.
pub fn measure(lab: &Lab, sets: &Sets) {
    let matcher = Matcher::build(&lab.catalog);
    let services = lab.catalog.services();
    for (name, questions) in sets {
        let with_service: Vec<_> = questions.iter().filter(|q| !q.ids.is_empty()).collect();
        let mut counts = [(0u32, 0u32); RANKERS.len()];
        for question in &with_service {
            let query = matcher.understand(tokens(&question.question), Vec::new());
            let likeness: Vec<(f32, f32, f32)> = matcher.likenesses(&query);
            for ((_, score), count) in RANKERS.iter().zip(&mut counts) {
                let mut order: Vec<usize> = (0..services.len()).collect();
                let of = |at: &usize| {
                    let (nearest, mean, linear) = likeness[*at];
                    score(nearest, mean, linear)
                };
                order.sort_by(|a, b| of(b).total_cmp(&of(a)).then(a.cmp(b)));
                let right = |at: &usize| question.ids.contains(&services[*at].id);
                count.0 += u32::from(right(&order[0]));
                count.1 += u32::from(order.iter().take(3).any(right));
            }
        }
        for ((ranker, _), (first, three)) in RANKERS.iter().zip(counts) {
            let percent = |n: u32| 100.0 * f64::from(n) / with_service.len().max(1) as f64;
            println!("{name}\t{ranker}\t{:.1} / {:.1}", percent(first), percent(three));
        }
    }
}
