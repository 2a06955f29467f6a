//! Accuracy with random parts of the collections.

use std::fmt::Write;

use amtslotse::catalog::Catalog;

use super::{Lab, Sets, accuracy, draw};

/// Prints the curve; returns it as a chart.
pub fn measure(lab: &Lab, sets: &Sets) -> String {
    chart(&curve(lab, sets))
}

/// The catalog with those lines of the collections that are to be kept.
fn with_part(catalog: &Catalog, keep: impl Fn(&str) -> bool) -> Catalog {
    let mut services = catalog.services().to_vec();
    for (_, phrases) in services.iter_mut().flat_map(|service| &mut service.collected) {
        phrases.retain(|phrase| keep(phrase));
    }
    Catalog::new(services, catalog.lexicon.clone())
}

/// Expressions, then for each set of questions the mean of first and of among three.
type Curve = Vec<(usize, Vec<(String, f64, f64)>)>;

fn curve(lab: &Lab, sets: &Sets) -> Curve {
    const SEEDS: u64 = 5;
    let mut curve = Curve::new();
    for eighths in [0, 1, 2, 4, 8] {
        let seeds = if eighths % 8 == 0 { 1 } else { SEEDS };
        let mut expressions = 0;
        let mut sums: Vec<(String, f64, f64)> =
            sets.iter().map(|(name, _)| (name.clone(), 0.0, 0.0)).collect();
        for seed in 1..=seeds {
            let part = with_part(&lab.catalog, |phrase| draw(phrase, seed, 8) < eighths);
            let bot = lab.bot(part);
            expressions += bot.expressions() / seeds as usize;
            for ((_, questions), sum) in sets.iter().zip(&mut sums) {
                let (first, three) = accuracy(&bot, questions);
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
