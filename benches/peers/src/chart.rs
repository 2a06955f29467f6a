//! The comparison as a picture: accuracy on the left, time on a logarithmic scale on the right.

use std::fmt::Write;

use crate::{
    compare::Condition,
    measure::QuestionSet,
    table::{Row, number},
};

const COLORS: [&str; 4] = ["#1b7f4b", "#a3336b", "#d9a400", "#4a5568"];
const BAR: f64 = 11.0;
/// Where the bars of both panels begin, and how wide a panel is.
const LEFT: f64 = 300.0;
const RIGHT: f64 = 660.0;
const PANEL: f64 = 270.0;
const TOP: f64 = 70.0;

/// One condition: a group of bars per engine, a bar per set of questions.
pub fn svg(condition: &Condition, sets: &[QuestionSet]) -> String {
    let times = || condition.rows.iter().flat_map(|row| &row.figures).map(|f| f.micros(50));
    let low = times().fold(f64::INFINITY, f64::min).log10().floor();
    let high = times().fold(1.0, f64::max).log10().ceil().max(low + 1.0);
    let scale = Scale { low, high };
    let group = BAR * sets.len() as f64 + 12.0;
    let bottom = TOP + group * condition.rows.len() as f64;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 1000 {:.0}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n<title>Right service first, and time of an \
         answer: Amtslotse and other engines over the same texts</title>\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n",
        bottom + 30.0
    );
    text(&mut svg, LEFT, 44.0, "start", "right service first, %");
    text(&mut svg, RIGHT, 44.0, "start", "median time of an answer, logarithmic");
    for (at, (set, color)) in sets.iter().zip(COLORS.iter().cycle()).enumerate() {
        let x = LEFT + 150.0 * at as f64;
        let _ = writeln!(
            svg,
            "<rect x=\"{x:.0}\" y=\"14\" width=\"10\" height=\"10\" fill=\"{color}\"/>"
        );
        text(&mut svg, x + 15.0, 23.0, "start", &set.name);
    }
    for percent in [0.0, 25.0, 50.0, 75.0, 100.0] {
        mark(&mut svg, LEFT + PANEL * percent / 100.0, bottom, &format!("{percent:.0}"));
    }
    for power in scale.powers() {
        let label = duration(power).replace(".0", "");
        mark(&mut svg, RIGHT + PANEL * scale.share(power), bottom, &label);
    }
    for (at, row) in condition.rows.iter().enumerate() {
        bars(&mut svg, row, sets, TOP + group * at as f64, &scale);
    }
    svg.push_str("</svg>\n");
    svg
}

fn bars(svg: &mut String, row: &Row, sets: &[QuestionSet], top: f64, scale: &Scale) {
    let middle = top + BAR * row.figures.len() as f64 / 2.0 + 4.0;
    text(svg, LEFT - 10.0, middle, "end", row.engine.trim_matches('*'));
    let colors = COLORS.iter().cycle();
    for (at, ((figures, set), color)) in row.figures.iter().zip(sets).zip(colors).enumerate() {
        let sampled = figures.asked < set.asked.len();
        let of = if sampled { format!(" (of {})", figures.asked) } else { String::new() };
        let y = top + BAR * at as f64;
        let (percent, micros) = (figures.percent(figures.first), figures.micros(50));
        for (x, share, label) in [
            (LEFT, percent / 100.0, format!("{percent:.1}{of}")),
            (RIGHT, scale.share(micros), duration(micros)),
        ] {
            let width = PANEL * share;
            let height = BAR - 1.0;
            let _ = writeln!(
                svg,
                "<rect x=\"{x:.0}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" \
                 fill=\"{color}\"/>"
            );
            let _ = writeln!(
                svg,
                "<text x=\"{:.1}\" y=\"{:.1}\" font-size=\"10\">{label}</text>",
                x + width + 4.0,
                y + BAR - 2.0
            );
        }
    }
}

/// Powers of ten from `low` to `high`, both as exponents.
struct Scale {
    low: f64,
    high: f64,
}

impl Scale {
    /// Where a value is, 0 to 1.
    fn share(&self, value: f64) -> f64 {
        ((value.log10() - self.low) / (self.high - self.low)).clamp(0.0, 1.0)
    }

    fn powers(&self) -> impl Iterator<Item = f64> {
        (self.low as i32..=self.high as i32).map(|power| 10f64.powi(power))
    }
}

fn mark(svg: &mut String, x: f64, bottom: f64, label: &str) {
    let _ = writeln!(
        svg,
        "<line x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{:.0}\" y2=\"{bottom:.0}\" stroke=\"#ddd\"/>",
        TOP - 12.0
    );
    text(svg, x, bottom + 16.0, "middle", label);
}

fn text(svg: &mut String, x: f64, y: f64, anchor: &str, text: &str) {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    let _ = writeln!(svg, "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{text}</text>");
}

/// "230 µs", "1.5 ms", "2.0 s".
fn duration(micros: f64) -> String {
    match micros {
        1e6.. => format!("{} s", number(micros / 1e6)),
        1e3.. => format!("{} ms", number(micros / 1e3)),
        _ => format!("{} µs", number(micros)),
    }
}
