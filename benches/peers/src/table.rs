//! The figures as Markdown.

use std::{fmt::Write, time::Duration};

use crate::{compare::Condition, growth::Growth, measure::Figures};

/// One engine.
pub struct Row {
    /// Its name.
    pub engine: String,
    /// How long its index takes to build.
    pub build: Duration,
    /// One per set of questions, or per step of growth.
    pub figures: Vec<Figures>,
}

/// One set of questions: every engine under every condition.
pub fn comparison(conditions: &[Condition], set: usize) -> String {
    let mut out = String::from(
        "| knows | engine | n | top-1 % | top-3 % | p50 µs | p99 µs | p50 : ours | p99 : ours \
         | build s |\n|---|---|---:|---:|---:|---:|---:|---:|---:|---:|\n",
    );
    for condition in conditions {
        let ours = condition.rows.first().and_then(|row| row.figures.get(set));
        for row in &condition.rows {
            let figures = &row.figures[set];
            let ratio =
                |percent| ours.map_or(1.0, |ours| figures.micros(percent) / ours.micros(percent));
            let _ = writeln!(
                out,
                "| {} | {} | {} | {:.1} | {:.1} | {} | {} | {} | {} | {:.2} |",
                condition.name,
                row.engine,
                figures.asked,
                figures.percent(figures.first),
                figures.percent(figures.three),
                number(figures.micros(50)),
                number(figures.micros(99)),
                number(ratio(50)),
                number(ratio(99)),
                row.build.as_secs_f64(),
            );
        }
    }
    out
}

/// Every engine at every size.
pub fn growth(growth: &Growth, unit: &str) -> String {
    let mut head = String::from("| engine |");
    let mut line = String::from("|---|");
    for step in &growth.steps {
        let step = thousands(*step);
        let _ = write!(head, " {step} {unit}: p50 µs | p99 µs | top-1 % |");
        line.push_str("---:|---:|---:|");
    }
    let mut out = format!("{head} p50, last : first | build s, last |\n{line}---:|---:|\n");
    for row in &growth.rows {
        let _ = write!(out, "| {} |", row.engine);
        for figures in &row.figures {
            let _ = write!(
                out,
                " {} | {} | {:.1} |",
                number(figures.micros(50)),
                number(figures.micros(99)),
                figures.percent(figures.first)
            );
        }
        let ratio = match &row.figures[..] {
            [first, .., last] => last.micros(50) / first.micros(50),
            _ => 1.0,
        };
        let _ = writeln!(out, " {} | {:.2} |", number(ratio), row.build.as_secs_f64());
    }
    out
}

/// One decimal for small numbers, none for others, thousands apart.
pub fn number(value: f64) -> String {
    match value {
        0.0..10.0 => format!("{value:.1}"),
        10.0..1_000.0 => format!("{value:.0}"),
        _ => thousands(value.round() as usize),
    }
}

fn thousands(value: usize) -> String {
    let digits = value.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_show_the_digits_that_count() {
        let shown = [0.04, 1.0, 9.94, 10.4, 999.4, 1_234.5, 1_234_567.0].map(number);
        assert_eq!(shown, ["0.0", "1.0", "9.9", "10", "999", "1,235", "1,234,567"]);
    }
}
