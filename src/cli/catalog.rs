//! `catalog check` and `catalog stats`.

use std::{fmt::Write, path::PathBuf};

use clap::Subcommand;

use super::{DONE, FAILED, show};
use crate::{
    catalog::{
        Catalog, CatalogFiles, Severity,
        stats::{Counts, Stats, slug},
    },
    places::Places,
};

#[derive(Debug, Subcommand)]
pub(super) enum CatalogCommand {
    /// Say what is wrong in a catalog, with file, line and key
    #[command(
        after_help = "Examples:\n  amtslotse catalog check\n  amtslotse catalog check mein-katalog"
    )]
    Check {
        /// Directory of the catalog; the one inside the program if left out
        dir: Option<PathBuf>,
        /// Show hints too
        #[arg(long)]
        hints: bool,
    },
    /// Count what a catalog holds
    #[command(after_help = "Example:\n  amtslotse catalog stats")]
    Stats {
        /// Directory of the catalog; the one inside the program if left out
        dir: Option<PathBuf>,
    },
}

pub(super) fn run(command: &CatalogCommand, option: Option<PathBuf>) -> u8 {
    let (CatalogCommand::Check { dir, .. } | CatalogCommand::Stats { dir }) = command;
    let dir = dir.clone().or(option);
    let files =
        match dir.as_deref().map_or_else(|| Ok(CatalogFiles::embedded()), CatalogFiles::from_dir) {
            Ok(files) => files,
            Err(error) => {
                eprintln!("Fehler: {error}");
                return FAILED;
            }
        };
    let (catalog, mut findings) = Catalog::load_with_findings(&files);
    let places = Places::load(&files).map_err(|finding| findings.insert(0, finding)).ok();
    match command {
        CatalogCommand::Check { hints, .. } => {
            let errors = findings.iter().filter(|f| f.severity == Severity::Error).count();
            let shown = findings.iter().filter(|f| *hints || f.severity == Severity::Error);
            let mut out = String::new();
            for finding in shown {
                let _ = writeln!(out, "{finding}");
            }
            let _ = writeln!(
                out,
                "{} Leistungen geprüft: {errors} Fehler, {} Hinweise{}",
                catalog.services().len(),
                findings.len() - errors,
                if *hints || findings.len() == errors { "" } else { " (anzeigen mit --hints)" },
            );
            show(&out);
            if errors == 0 { DONE } else { FAILED }
        }
        CatalogCommand::Stats { .. } => show(&stats_table(&catalog, places.as_ref())),
    }
}

fn stats_table(catalog: &Catalog, places: Option<&Places>) -> String {
    let mut out = String::new();
    let stats = Stats::of(catalog);
    let by = |priority: u8| stats.by_priority.get(&priority).copied().unwrap_or_default();
    let columns: [Counts; 3] = [by(1), by(2), by(3)];
    let _ = writeln!(out, "{:<24}{:>10}{:>10}{:>10}{:>10}", "Priorität", 1, 2, 3, "alle");
    type Row = (&'static str, fn(&Counts) -> usize);
    let rows: [Row; 13] = [
        ("Leistungen", |c| c.services),
        ("LeiKa-Schlüssel", |c| c.leika),
        ("englischer Name", |c| c.english),
        ("Abgrenzung [[not]]", |c| c.contrast),
        ("Grund [online]", |c| c.reason),
        ("Schritte", |c| c.steps),
        ("Gebühr", |c| c.fee),
        ("Unterlagen", |c| c.paper),
        ("Frist", |c| c.deadline),
        ("Dauer", |c| c.duration),
        ("Rechtsgrundlage", |c| c.legal),
        ("Links", |c| c.link),
        ("deutsche Ausdrücke", |c| c.expressions),
    ];
    for (label, count) in rows {
        let [a, b, c] = columns.each_ref().map(count);
        let _ = writeln!(out, "{label:<24}{a:>10}{b:>10}{c:>10}{:>10}", a + b + c);
    }
    out.push('\n');
    for (kind, count) in &stats.by_kind {
        let _ = writeln!(out, "{:<24}{count:>10}", slug(kind));
    }
    if let Some(places) = places {
        let (with_postcode, postcodes) = places.postcode_coverage();
        let _ = writeln!(
            out,
            "\n{} Gemeinden, {with_postcode} mit Postleitzahl; {postcodes} Postleitzahlen",
            places.municipalities()
        );
    }
    out
}
