//! How sure an answer is: weights of the confidence, thresholds by risk control, reliability.

use std::fmt::Write;

use amtslotse::matching::ranking::{CHOICES, SIGNALS, signals};

use super::{Lab, Sets, draw, place_of, unseen};

const N: usize = SIGNALS.len();
/// Parts of the tuning questions that are predicted by weights fitted on the others.
const FOLDS: u64 = 5;
/// How much all unseen expressions of services, and all of matters, count together, in questions.
const UNSEEN: f64 = 400.0;
/// Steps of gradient descent with curvature (Newton); a handful is enough.
const STEPS: usize = 30;
/// The error among asserted answers that is accepted ...
const RISK: f64 = 0.05;
/// ... with this certainty (one-sided).
const CERTAINTY_Z: f64 = 1.281_552; // 90 %

/// One message: its signals, and where the right service is.
struct Sample {
    signals: [f64; N],
    /// From 0; none if there is no right service, or not among those kept.
    place: Option<usize>,
    /// Open between several services: no single answer is right.
    vague: bool,
    weight: f64,
    /// Which part of cross-validation it is in.
    fold: u64,
}

/// A logistic regression.
#[derive(Clone, Copy)]
struct Fitted {
    weights: [f64; N],
    bias: f64,
}

/// A set of messages with the probability that each is answered rightly.
struct Predicted {
    name: String,
    /// Probability, whether it came true.
    messages: Vec<(f64, bool)>,
    /// Probability, whether the first service is one that an expert would accept.
    accepted: Vec<(f64, bool)>,
}

/// Prints everything; returns the reliability as a chart.
pub fn measure(lab: &Lab, tuning: &Sets, held_out: &Sets) -> String {
    let bot = lab.bot(lab.catalog.clone());
    let samples_of = |sets: &Sets| -> Vec<Vec<Sample>> {
        let sample = |question: &amtslotse::eval::Question| {
            let ranking = bot.rank(&question.question);
            Sample {
                signals: signals(&ranking).map(f64::from),
                place: place_of(&bot, &ranking, question),
                vague: question.ids.len() > 1 && question.tags.iter().any(|tag| tag == "clarify"),
                weight: 1.0,
                fold: draw(&question.question, 3, FOLDS),
            }
        };
        sets.iter().map(|(_, questions)| questions.iter().map(sample).collect()).collect()
    };
    let tuned = samples_of(tuning);
    let checked = samples_of(held_out);
    let unseen = unseen_samples(lab);
    println!("signals: {SIGNALS:?}");
    let mut chart = Vec::new();
    for (what, places) in [("the first is right", 1), ("among the first", CHOICES)] {
        let all = || tuned.iter().flatten().chain(&unseen);
        let fitted = Fitted::new(all(), places);
        let weights: Vec<String> = fitted.weights.iter().map(|w| format!("{w:.4}")).collect();
        println!("{what}: weights [{}], bias {:.4}", weights.join(", "), fitted.bias);
        // Tuning questions are judged by weights that were fitted without them.
        let folds: Vec<Fitted> = (0..FOLDS)
            .map(|fold| Fitted::new(all().filter(|sample| sample.fold != fold), places))
            .collect();
        let by_fold = |sample: &Sample| folds[sample.fold as usize].probability(sample);
        let cross_validated = predict("tuning, cross-validated", &tuned, places, by_fold);
        let predicted = predict("held out", &checked, places, |s| fitted.probability(s));
        for set in [&cross_validated, &predicted] {
            set.print();
        }
        if places == 1 {
            thresholds(&cross_validated, &predicted);
            chart.extend([cross_validated, predicted]);
        }
    }
    draw_chart(&chart)
}

fn unseen_samples(lab: &Lab) -> Vec<Sample> {
    let mut samples = Vec::new();
    unseen::for_each(lab, |line| {
        let place =
            line.ranking.matches.iter().position(|m| Some(usize::from(m.class)) == line.class);
        let weight = if line.class.is_some() { 1.0 } else { -1.0 };
        // A fold that no cross-validation leaves out.
        let signals = signals(&line.ranking).map(f64::from);
        samples.push(Sample { signals, place, vague: false, weight, fold: FOLDS });
    });
    let of_services = samples.iter().filter(|sample| sample.weight > 0.0).count() as f64;
    let of_matters = samples.len() as f64 - of_services;
    for sample in &mut samples {
        sample.weight = UNSEEN / if sample.weight > 0.0 { of_services } else { of_matters };
    }
    samples
}

fn predict(
    name: &str,
    sets: &[Vec<Sample>],
    places: usize,
    probability: impl Fn(&Sample) -> f64,
) -> Predicted {
    let all = || sets.iter().flatten();
    Predicted {
        name: name.to_owned(),
        messages: all().map(|sample| (probability(sample), sample.is_among(places))).collect(),
        accepted: all().map(|sample| (probability(sample), sample.place == Some(0))).collect(),
    }
}

impl Sample {
    fn is_among(&self, places: usize) -> bool {
        !(self.vague && places == 1) && self.place.is_some_and(|place| place < places)
    }
}

impl Predicted {
    /// Logarithmic loss, expected calibration error, and ten classes of probability.
    fn print(&self) {
        if self.messages.is_empty() {
            return;
        }
        let n = self.messages.len() as f64;
        let loss = |&(p, right): &(f64, bool)| -(if right { p } else { 1.0 - p }).max(1e-9).ln();
        let loss = self.messages.iter().map(loss).sum::<f64>() / n;
        let classes = self.classes();
        let error: f64 = classes.iter().map(|c| c.count as f64 * (c.said - c.came).abs()).sum();
        println!("{}: {n} messages, loss {loss:.4}, calibration error {:.3}", self.name, error / n);
        for class in classes {
            println!("  said {:.3}  came true {:.3}  of {:4}", class.said, class.came, class.count);
        }
    }

    /// The messages in ten classes by probability.
    fn classes(&self) -> Vec<Reliability> {
        let class_of = |p: f64| ((p * 10.0) as usize).min(9);
        (0..10)
            .filter_map(|class| {
                let members = self.messages.iter().filter(|(p, _)| class_of(*p) == class);
                let (mut count, mut said, mut came) = (0usize, 0.0, 0.0);
                for (p, right) in members {
                    count += 1;
                    said += p;
                    came += f64::from(u8::from(*right));
                }
                let n = count as f64;
                (count > 0).then(|| Reliability { count, said: said / n, came: came / n })
            })
            .collect()
    }

    /// Messages asserted from a threshold on, and wrong ones among them.
    fn asserted(&self, threshold: f64) -> (usize, usize) {
        let sure = self.accepted.iter().filter(|(p, _)| *p >= threshold);
        let wrong = sure.clone().filter(|(_, right)| !right).count();
        (sure.count(), wrong)
    }
}

/// Messages of about one probability.
struct Reliability {
    count: usize,
    said: f64,
    came: f64,
}

/// The lowest threshold whose error among asserted answers is at most [`RISK`] with certainty, on
/// the questions for tuning; and what it gives on the others.
fn thresholds(tuning: &Predicted, held_out: &Predicted) {
    println!("threshold: asserted, wrong among them (upper bound) | held out");
    let mut chosen = None;
    for percent in (30..=95).rev().step_by(5) {
        let threshold = f64::from(percent) / 100.0;
        let (asserted, wrong) = tuning.asserted(threshold);
        let bound = upper_bound(wrong, asserted);
        let (held, held_wrong) = held_out.asserted(threshold);
        let share = |wrong: usize, of: usize| 100.0 * wrong as f64 / of.max(1) as f64;
        println!(
            "  {threshold:.2}: {asserted:5} {:5.1} % ({:4.1} %) | {held:5} {:5.1} % ({:4.1} %)",
            share(wrong, asserted),
            100.0 * bound,
            share(held_wrong, held),
            100.0 * upper_bound(held_wrong, held),
        );
        // A fixed sequence from safe to bold: the first that fails ends it.
        match chosen {
            None if bound > RISK => chosen = Some((threshold + 0.05, true)),
            None if percent == 30 => chosen = Some((threshold, true)),
            _ => {}
        }
    }
    if let Some((threshold, _)) = chosen {
        println!("  at most {:.0} % wrong among asserted: from {threshold:.2} on", 100.0 * RISK);
    }
}

/// One-sided upper bound of a proportion (Wilson score with continuity correction, which is never
/// below the exact bound of Clopper and Pearson by more than a fraction of a percent).
fn upper_bound(count: usize, of: usize) -> f64 {
    if of == 0 {
        return 1.0;
    }
    let (n, z2) = (of as f64, CERTAINTY_Z * CERTAINTY_Z);
    let p = count as f64 / n;
    let spread =
        CERTAINTY_Z * (z2 + 2.0 - 1.0 / n + 4.0 * p * (n * (1.0 - p) - 1.0)).max(0.0).sqrt();
    ((2.0 * n * p + z2 + 1.0 + spread) / (2.0 * (n + z2))).min(1.0)
}

impl Fitted {
    /// Newton's method on the logarithmic loss, with a little shrinkage.
    fn new<'a>(samples: impl Iterator<Item = &'a Sample> + Clone, places: usize) -> Self {
        const M: usize = N + 1;
        let mut w = [0.0; M];
        for _ in 0..STEPS {
            let mut gradient = [0.0; M];
            let mut hessian = [[0.0; M]; M];
            for sample in samples.clone() {
                let mut x = [1.0; M];
                x[..N].copy_from_slice(&sample.signals);
                let sum: f64 = x.iter().zip(&w).map(|(x, w)| x * w).sum();
                let p = 1.0 / (1.0 + (-sum).exp());
                let error = p - f64::from(u8::from(sample.is_among(places)));
                for i in 0..M {
                    gradient[i] += sample.weight * error * x[i];
                    for j in 0..M {
                        hessian[i][j] += sample.weight * p * (1.0 - p) * x[i] * x[j];
                    }
                }
            }
            for i in 0..M {
                gradient[i] += 0.1 * w[i];
                hessian[i][i] += 0.1;
            }
            let step = solve(hessian, gradient);
            w.iter_mut().zip(step).for_each(|(w, step)| *w -= step);
        }
        let mut weights = [0.0; N];
        weights.copy_from_slice(&w[..N]);
        Self { weights, bias: w[N] }
    }

    fn probability(&self, sample: &Sample) -> f64 {
        let sum: f64 = sample.signals.iter().zip(&self.weights).map(|(x, w)| x * w).sum();
        1.0 / (1.0 + (-sum - self.bias).exp())
    }
}

/// Gauss elimination of a well-conditioned system.
fn solve<const M: usize>(mut a: [[f64; M]; M], mut b: [f64; M]) -> [f64; M] {
    for i in 0..M {
        for k in i + 1..M {
            let pivot = a[i];
            let factor = a[k][i] / pivot[i];
            a[k].iter_mut().zip(pivot).for_each(|(a, pivot)| *a -= factor * pivot);
            b[k] -= factor * b[i];
        }
    }
    for i in (0..M).rev() {
        for k in i + 1..M {
            b[i] -= a[i][k] * b[k];
        }
        b[i] /= a[i][i];
    }
    b
}

/// What was said against what came true; the size of a dot is the number of messages.
fn draw_chart(sets: &[Predicted]) -> String {
    const COLORS: [&str; 2] = ["#1b7f4b", "#a3336b"];
    let at = |share: f64| 300.0 * share;
    let mut svg = String::from(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 620 380\" \
         font-family=\"sans-serif\" font-size=\"13\">\n<title>How often the first service is right, by \
         the confidence that was stated</title>\n",
    );
    for tenth in 0..=5 {
        let share = f64::from(tenth) / 5.0;
        let (x, y) = (60.0 + at(share), 330.0 - at(share));
        let _ = writeln!(
            svg,
            "<line x1=\"60\" x2=\"360\" y1=\"{y:.0}\" y2=\"{y:.0}\" stroke=\"#ddd\"/>\
             <text x=\"52\" y=\"{:.0}\" text-anchor=\"end\">{:.0} %</text>\
             <text x=\"{x:.0}\" y=\"350\" text-anchor=\"middle\">{:.0} %</text>",
            y + 4.0,
            100.0 * share,
            100.0 * share
        );
    }
    svg.push_str("<line x1=\"60\" y1=\"330\" x2=\"360\" y2=\"30\" stroke=\"#999\" stroke-dasharray=\"4 4\"/>\n");
    svg.push_str("<text x=\"210\" y=\"372\" text-anchor=\"middle\">confidence stated</text>\n");
    for ((set, color), row) in sets.iter().zip(COLORS).zip(0..) {
        for class in set.classes() {
            let _ = writeln!(
                svg,
                "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"{:.1}\" fill=\"{color}\" fill-opacity=\"0.6\"/>",
                60.0 + at(class.said),
                330.0 - at(class.came),
                2.0 + (class.count as f64).sqrt() / 3.0
            );
        }
        let y = 60 + 22 * row;
        let _ = writeln!(
            svg,
            "<circle cx=\"390\" cy=\"{}\" r=\"6\" fill=\"{color}\"/><text x=\"404\" y=\"{}\">{} ({})</text>",
            y - 4,
            y,
            set.name,
            set.messages.len()
        );
    }
    svg.push_str("<text x=\"380\" y=\"38\">first service right</text>\n</svg>\n");
    svg
}
