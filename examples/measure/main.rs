//! How much the catalog's words are worth: for whoever extends the catalog or changes the matcher.
//!
//! * `measure curve FILE.tsv... [--svg OUT.svg]`: accuracy with random parts of the collections in
//!   `catalog/phrases`; when doubling them gains less than a point, more of them will not help.
//! * `measure lexicon FILE.tsv...`: accuracy without the shared ideas, group by group (the headings
//!   in `catalog/lexicon/concepts.toml`).
//! * `measure fit QUESTIONS.tsv NO_SERVICE.tsv`: fits the weights of the confidence
//!   (`src/matching/ranking.rs`) on questions, and on expressions that the model has not seen
//!   (five folds).
//! * `measure doubtful`: expressions that the model, trained without them, is far from giving to
//!   their service: candidates for a second look.
//! * `measure redundant`: expressions that the model, trained without them, gives to their service
//!   with hardly a doubt: they can go when the collections grow too large.
//!
//! Question files are those of `amtslotse eval`.

mod typos;

use std::{collections::BTreeMap, error::Error, fmt::Write, fs, sync::Arc};

use amtslotse::{
    bot::{Bot, Settings},
    catalog::{Catalog, CatalogFiles, NoOffers},
    eval::Question,
    matching::{Matcher, Ranking, hash::Fnv, ranking},
    places::Places,
    text::tokens,
};

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let files = CatalogFiles::embedded();
    let catalog = Catalog::load(&files)?;
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["curve", ref files @ .., "--svg", out] => {
            let curve = curve(&catalog, &read(files)?);
            fs::write(out, chart(&curve))?;
        }
        ["curve", ref files @ ..] => drop(curve(&catalog, &read(files)?)),
        ["lexicon", ref questions @ ..] => lexicon(&catalog, &files, &read(questions)?),
        ["fit", questions, no_service] => fit(&catalog, &read(&[questions, no_service])?),
        ["typos", ref questions @ ..] => typos::measure(&bot(catalog, &files)?, &read(questions)?),
        ["doubtful"] => list_unseen(&catalog, |share| share < 0.005),
        ["redundant"] => list_unseen(&catalog, |share| share > 0.97),
        _ => {
            return Err(
                "measure curve|lexicon|fit|typos|doubtful|redundant, see the head of the file"
                    .into(),
            );
        }
    }
    Ok(())
}

fn bot(catalog: Catalog, files: &CatalogFiles) -> Result<Bot, Box<dyn Error>> {
    let places = Places::load(files).map_err(|finding| finding.to_string())?;
    let settings = Settings::default();
    Ok(Bot::new(Arc::new(catalog), Arc::new(places), Arc::new(NoOffers), settings))
}

/// Name and questions of each file.
type Sets = Vec<(String, Vec<Question>)>;

fn read(files: &[&str]) -> Result<Sets, Box<dyn Error>> {
    let read = |file: &&str| -> Result<_, Box<dyn Error>> {
        let name = file.rsplit('/').next().unwrap_or(file).trim_end_matches(".tsv");
        Ok((name.to_owned(), Question::parse_file(&fs::read_to_string(file)?)?))
    };
    files.iter().map(read).collect()
}

/// The share of questions, in percent, whose service is first, and among the first three.
fn accuracy(catalog: &Catalog, matcher: &Matcher, questions: &[Question]) -> (f64, f64) {
    let (mut first, mut among_three, mut all) = (0u32, 0u32, 0u32);
    for question in questions.iter().filter(|question| !question.ids.is_empty()) {
        let (ranking, _) = rank(matcher, &question.question);
        let right = |place: usize| {
            let found = ranking.matches.get(place);
            found.is_some_and(|m| {
                question.ids.contains(&catalog.services()[usize::from(m.class)].id)
            })
        };
        all += 1;
        first += u32::from(right(0));
        among_three += u32::from((0..3).any(right));
    }
    let percent = |count: u32| 100.0 * f64::from(count) / f64::from(all.max(1));
    (percent(first), percent(among_three))
}

/// What a matcher makes of a text, and the signals of its confidence.
fn rank(matcher: &Matcher, text: &str) -> (Ranking, [f32; SIGNALS]) {
    let query = matcher.understand(tokens(text), Vec::new());
    let ranking = matcher.rank(&query);
    let signals = ranking::signals(&ranking, &query);
    (ranking, signals)
}

/// A number from 0 to `of` that a text always gets from the same seed.
fn draw(text: &str, seed: u64, of: u64) -> u64 {
    let mut hash = Fnv::new(b'd');
    hash.write(&seed.to_le_bytes());
    hash.write(text.as_bytes());
    // The low bits of this hash alone are too regular.
    (hash.finish() ^ hash.finish() >> 32) % of
}

/// The catalog with those lines of the collections (and of the matters that are not ours) that are
/// to be kept.
fn with_part(catalog: &Catalog, matters_too: bool, keep: impl Fn(&str) -> bool) -> Catalog {
    let mut services = catalog.services().to_vec();
    for (_, phrases) in services.iter_mut().flat_map(|service| &mut service.collected) {
        phrases.retain(|phrase| keep(phrase));
    }
    let mut lexicon = catalog.lexicon.clone();
    if matters_too {
        for matter in &mut lexicon.matters {
            matter.phrases.retain(|phrase| keep(phrase));
        }
    }
    Catalog::new(services, lexicon)
}

/// Expressions, then for each set of questions the mean of first and of among three.
type Curve = Vec<(usize, Vec<(String, f64, f64)>)>;

fn curve(catalog: &Catalog, sets: &Sets) -> Curve {
    const SEEDS: u64 = 5;
    let mut curve = Curve::new();
    for eighths in [0, 1, 2, 4, 8] {
        let seeds = if eighths % 8 == 0 { 1 } else { SEEDS };
        let mut expressions = 0;
        let mut sums: Vec<(String, f64, f64)> =
            sets.iter().map(|(name, _)| (name.clone(), 0.0, 0.0)).collect();
        for seed in 1..=seeds {
            let part = with_part(catalog, false, |phrase| draw(phrase, seed, 8) < eighths);
            let matcher = Matcher::build(&part);
            expressions += matcher.expressions() / seeds as usize;
            for ((_, questions), sum) in sets.iter().zip(&mut sums) {
                let (first, three) = accuracy(&part, &matcher, questions);
                sum.1 += first / seeds as f64;
                sum.2 += three / seeds as f64;
            }
        }
        print!("{eighths}/8 of the collections (mean of {seeds}): {expressions:6} expressions");
        for (name, first, three) in &sums {
            print!("  {name} {first:.1} / {three:.1}");
        }
        println!();
        curve.push((expressions, sums));
    }
    curve
}

/// The curve as a chart: expressions (doubling from mark to mark) against accuracy.
fn chart(curve: &Curve) -> String {
    const COLORS: [&str; 4] = ["#1b7f4b", "#a3336b", "#d9a400", "#4a5568"];
    let (low, high) = (75.0, 100.0);
    let first = curve.first().map_or(1, |(n, _)| *n).max(1) as f64;
    let x = |n: usize| 70.0 + 180.0 * (n as f64 / first).log2();
    let y = |percent: f64| 300.0 - 270.0 * (percent - low) / (high - low);
    let width = curve.last().map_or(0.0, |(n, _)| x(*n)) + 225.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} 345\" \
         font-family=\"sans-serif\" font-size=\"13\">\n<title>Right service first and among the \
         first three, by number of expressions</title>\n"
    );
    for percent in [75.0, 80.0, 85.0, 90.0, 95.0, 100.0] {
        let at = y(percent);
        let _ = writeln!(
            svg,
            "<line x1=\"60\" x2=\"{:.0}\" y1=\"{at:.0}\" y2=\"{at:.0}\" stroke=\"#ddd\"/>\
             <text x=\"52\" y=\"{:.0}\" text-anchor=\"end\">{percent:.0} %</text>",
            width - 205.0,
            at + 4.0
        );
    }
    for (expressions, _) in curve {
        let _ = writeln!(
            svg,
            "<text x=\"{:.0}\" y=\"325\" text-anchor=\"middle\">{expressions}</text>",
            x(*expressions)
        );
    }
    // Height, colour and text of each label at the right end of a line.
    let mut labels: Vec<(f64, &str, String)> = Vec::new();
    let sets = curve.first().map_or(0, |(_, sets)| sets.len());
    for (set, color) in (0..sets).zip(COLORS.iter().cycle()) {
        for (dash, what) in [("", "first"), ("6 4", "first three")] {
            let value =
                |point: &(String, f64, f64)| if dash.is_empty() { point.1 } else { point.2 };
            let points: Vec<String> = curve
                .iter()
                .map(|(n, sets)| format!("{:.1},{:.1}", x(*n), y(value(&sets[set]))))
                .collect();
            let _ = writeln!(
                svg,
                "<polyline points=\"{}\" fill=\"none\" stroke=\"{color}\" stroke-width=\"2\" \
                 stroke-dasharray=\"{dash}\"/>",
                points.join(" ")
            );
            if let Some((_, sets)) = curve.last() {
                let (name, value) = (&sets[set].0, value(&sets[set]));
                labels.push((y(value), color, format!("{name}, {what}: {value:.1}")));
            }
        }
    }
    labels.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut lowest = f64::NEG_INFINITY;
    for (at, color, text) in labels {
        lowest = at.max(lowest + 16.0);
        let (x, y) = (width - 200.0, lowest + 4.0);
        let _ = writeln!(svg, "<text x=\"{x:.0}\" y=\"{y:.0}\" fill=\"{color}\">{text}</text>");
    }
    svg.push_str("</svg>\n");
    svg
}

fn lexicon(catalog: &Catalog, files: &CatalogFiles, sets: &Sets) {
    let text = files.file("lexicon/concepts.toml").map_or("".into(), String::from_utf8_lossy);
    let mut groups: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut group = String::new();
    for line in text.lines() {
        if let Some(heading) = line.strip_prefix("# ---") {
            heading.trim_matches(['-', ' ']).clone_into(&mut group);
        } else if let Some(id) = line.strip_prefix("id = ") {
            groups.entry(group.clone()).or_default().push(id.trim_matches('"').to_owned());
        }
    }
    let without = |ids: &dyn Fn(&str) -> bool, bare: bool| {
        let mut lexicon = catalog.lexicon.clone();
        lexicon.concepts.retain(|concept| !ids(&concept.id));
        let mut services = catalog.services().to_vec();
        if bare {
            services.iter_mut().for_each(|service| service.collected.clear());
        }
        let catalog = Catalog::new(services, lexicon);
        let matcher = Matcher::build(&catalog);
        for (name, questions) in sets {
            let (first, three) = accuracy(&catalog, &matcher, questions);
            print!("  {name} {first:.1} / {three:.1}");
        }
        println!();
    };
    print!("everything:");
    without(&|_| false, false);
    print!("without any shared idea:");
    without(&|_| true, false);
    for (group, ids) in &groups {
        print!("without »{group}« ({}):", ids.len());
        without(&|id| ids.iter().any(|other| other == id), false);
    }
    print!("no collections, everything else:");
    without(&|_| false, true);
    print!("no collections, no shared idea:");
    without(&|_| true, true);
}

const FOLDS: u64 = 5;

/// A line of the collections, or of the matters that are not ours, as a model sees it that has not
/// been trained on it.
struct Unseen<'a> {
    phrase: &'a str,
    /// Its service; none if it is of a matter that is not ours.
    class: Option<usize>,
    ranking: Ranking,
    signals: [f32; SIGNALS],
}

fn for_unseen(catalog: &Catalog, mut each: impl FnMut(&Unseen<'_>)) {
    for fold in 0..FOLDS {
        let held = |phrase: &str| draw(phrase, 0, FOLDS) == fold;
        let matcher = Matcher::build(&with_part(catalog, true, |phrase| !held(phrase)));
        let of_services = catalog.services().iter().enumerate().flat_map(|(at, service)| {
            let german = service.collected.iter().filter(|(language, _)| language == "de");
            german.flat_map(|(_, phrases)| phrases).map(move |phrase| (phrase, Some(at)))
        });
        let of_matters = catalog.lexicon.matters.iter().flat_map(|matter| &matter.phrases);
        for (phrase, class) in of_services.chain(of_matters.map(|phrase| (phrase, None))) {
            if held(phrase) {
                let (ranking, signals) = rank(&matcher, phrase);
                each(&Unseen { phrase, class, ranking, signals });
            }
        }
    }
}

/// Lists unseen expressions by the share that their service gets.
fn list_unseen(catalog: &Catalog, wanted: impl Fn(f32) -> bool) {
    for_unseen(catalog, |Unseen { phrase, class, ranking, .. }| {
        let Some(class) = *class else { return };
        let own = ranking.matches.iter().find(|m| usize::from(m.class) == class);
        let share = own.map_or(0.0, |m| m.share);
        if let Some(best) = ranking.matches.first()
            && wanted(share)
        {
            let id = |class: usize| catalog.services()[class].id.as_str();
            let best_id = id(usize::from(best.class));
            println!("{}\t{phrase}\t{share:.4}\t{best_id}\t{:.3}", id(class), best.share);
        }
    });
}

/// One message: where it is from, the signals, whether the first service is right, how much it
/// counts.
struct Sample {
    from: &'static str,
    signals: [f64; SIGNALS],
    /// Where the right service is, from 0.
    place: Option<usize>,
    weight: f64,
}

const SIGNALS: usize = ranking::SIGNALS.len();

fn fit(catalog: &Catalog, sets: &Sets) {
    let mut samples = Vec::new();
    let place_of = |ranking: &Ranking, right: &dyn Fn(usize) -> bool| {
        ranking.matches.iter().position(|m| right(usize::from(m.class)))
    };
    let matcher = Matcher::build(catalog);
    for question in sets.iter().flat_map(|(_, questions)| questions) {
        let (ranking, signals) = rank(&matcher, &question.question);
        let right = |at: usize| question.ids.contains(&catalog.services()[at].id);
        // People write in more often with a need than without; but a wrong answer weighs more.
        let (from, weight) =
            if question.ids.is_empty() { ("no service", 3.0) } else { ("questions", 1.0) };
        let (signals, place) = (signals.map(f64::from), place_of(&ranking, &right));
        samples.push(Sample { from, signals, place, weight });
    }
    for_unseen(catalog, |unseen| {
        let (from, weight) = match unseen.class {
            Some(_) => ("unseen expressions", 0.01),
            None => ("unseen matters", 0.25),
        };
        let place = place_of(&unseen.ranking, &|at| Some(at) == unseen.class);
        samples.push(Sample { from, signals: unseen.signals.map(f64::from), place, weight });
    });
    println!("{} messages, signals {:?}", samples.len(), ranking::SIGNALS);
    for (what, places) in [("the first is right", 1), ("among the first", ranking::CHOICES)] {
        let (weights, bias) = logistic_regression(&samples, places);
        println!("{what}: weights {weights:.2?}, bias {bias:.2}");
        let probability = |sample: &Sample| {
            let sum: f64 = sample.signals.iter().zip(&weights).map(|(x, w)| x * w).sum();
            1.0 / (1.0 + (-sum - bias).exp())
        };
        for from in ["questions", "no service", "unseen expressions", "unseen matters"] {
            println!("{from}: from this probability on, so many are right, wrong (percent of all)");
            let of: Vec<&Sample> = samples.iter().filter(|sample| sample.from == from).collect();
            let percent = |count: usize| 100.0 * count as f64 / of.len() as f64;
            for least in (0..20).map(|twentieth| f64::from(twentieth) / 20.0) {
                let sure = || of.iter().filter(|sample| probability(sample) >= least);
                let right = sure().filter(|sample| sample.is_among(places)).count();
                let wrong = sure().count() - right;
                println!("  {least:.2}  {:5.1} {:5.1}", percent(right), percent(wrong));
            }
        }
    }
}

impl Sample {
    fn is_among(&self, places: usize) -> bool {
        self.place.is_some_and(|place| place < places)
    }
}

/// Newton's method on the logarithmic loss, with a little shrinkage.
fn logistic_regression(samples: &[Sample], places: usize) -> ([f64; SIGNALS], f64) {
    const N: usize = SIGNALS + 1;
    let mut w = [0.0; N];
    for _ in 0..30 {
        let mut gradient = [0.0; N];
        let mut hessian = [[0.0; N]; N];
        for sample in samples {
            let mut x = [1.0; N];
            x[..SIGNALS].copy_from_slice(&sample.signals);
            let sum: f64 = x.iter().zip(&w).map(|(x, w)| x * w).sum();
            let p = 1.0 / (1.0 + (-sum).exp());
            let error = p - f64::from(u8::from(sample.is_among(places)));
            for i in 0..N {
                gradient[i] += sample.weight * error * x[i];
                for j in 0..N {
                    hessian[i][j] += sample.weight * p * (1.0 - p) * x[i] * x[j];
                }
            }
        }
        for i in 0..N {
            gradient[i] += 0.1 * w[i];
            hessian[i][i] += 0.1;
        }
        let step = solve(hessian, gradient);
        w.iter_mut().zip(step).for_each(|(w, step)| *w -= step);
    }
    let mut weights = [0.0; SIGNALS];
    weights.copy_from_slice(&w[..SIGNALS]);
    (weights, w[SIGNALS])
}

/// Gauss elimination of a well-conditioned system.
fn solve<const N: usize>(mut a: [[f64; N]; N], mut b: [f64; N]) -> [f64; N] {
    for i in 0..N {
        for k in i + 1..N {
            let pivot = a[i];
            let factor = a[k][i] / pivot[i];
            a[k].iter_mut().zip(pivot).for_each(|(a, pivot)| *a -= factor * pivot);
            b[k] -= factor * b[i];
        }
    }
    for i in (0..N).rev() {
        for k in i + 1..N {
            b[i] -= a[i][k] * b[k];
        }
        b[i] /= a[i][i];
    }
    b
}
