//! Amtslotse beside other search engines: the same catalog, the same questions, one process.
//!
//! ```text
//! cargo run --release --manifest-path benches/peers/Cargo.toml -- QUESTIONS.tsv [MORE.tsv] [--svg OUT.svg]
//! ```
//!
//! Prints Markdown tables; progress goes to the standard error output. Every engine indexes the
//! same texts, one document per expression; the service of the best expression comes first. All
//! searches run on one thread. Question files have the columns `question` and `ids`, as for
//! `amtslotse eval`; questions without a service are left out, since the other engines have no way
//! of saying that nothing fits.

mod chart;
mod compare;
mod engine;
mod growth;
mod measure;
mod synthetic;
mod table;
mod texts;

use std::{fs, path::PathBuf, sync::Arc};

use amtslotse::{
    catalog::{Catalog, CatalogFiles},
    places::Places,
};
use anyhow::{Context, Result, anyhow};
use clap::Parser;

use crate::measure::QuestionSet;

/// Compares Amtslotse with other search engines
#[derive(Debug, Parser)]
struct Args {
    /// Tab-separated questions
    #[arg(required = true, value_name = "QUESTIONS.tsv")]
    questions: Vec<PathBuf>,
    /// Draw the comparison over all expressions to this file
    #[arg(long, value_name = "OUT.svg")]
    svg: Option<PathBuf>,
    /// Questions of each file for engines that look at nearly every text
    #[arg(long, value_name = "COUNT", default_value_t = 100)]
    sampled: usize,
    /// Leave out the synthetic catalogs
    #[arg(long)]
    no_growth: bool,
}

fn main() -> Result<()> {
    let args = Args::parse();
    let files = CatalogFiles::embedded();
    let catalog = Catalog::load(&files)?;
    let places = Places::load(&files).map_err(|finding| anyhow!("{finding}"))?;
    let places = Arc::new(places);
    let sets: Vec<QuestionSet> = args
        .questions
        .iter()
        .map(|path| QuestionSet::read(path, &catalog))
        .collect::<Result<_>>()?;

    let conditions = compare::compare(&catalog, &places, &sets, args.sampled)?;
    println!("{}\n", versions());
    println!("{} services.", catalog.services().len());
    for condition in &conditions {
        println!("* {}: {} texts", condition.name, condition.texts);
    }
    println!(
        "\nTimes are the least of three rounds, on one thread. Engines that look at nearly every \
         text get\nan evenly spaced sample of {} questions of each file when there are many texts \
         (column n).",
        args.sampled
    );
    for (at, set) in sets.iter().enumerate() {
        println!("\n## {}\n\n{}", set.name, table::comparison(&conditions, at));
    }
    if let Some(path) = &args.svg {
        fs::write(path, chart::svg(&conditions[0], &sets))
            .with_context(|| path.display().to_string())?;
    }
    if !args.no_growth {
        let local = growth::flat(&catalog, &files, &places)?;
        println!(
            "## Growth, synthetic: one entry per service and place\n\nOurs keeps its whole catalog \
             and its places at every size.\n\n{}",
            table::growth(&local, "entries")
        );
        let distinct = growth::distinct(&catalog, &sets[0].asked)?;
        println!(
            "## Growth, synthetic: distinct services, about 20 expressions each\n\n{}",
            table::growth(&distinct, "services")
        );
    }
    Ok(())
}

/// Versions of the engines, from this package's own lock file.
fn versions() -> String {
    const LOCK: &str = include_str!("../Cargo.lock");
    let version = |name: &str| {
        let entry = LOCK.split_once(&format!("name = \"{name}\"\nversion = \""));
        let version = entry.and_then(|(_, rest)| rest.split('"').next());
        format!("{name} {}", version.unwrap_or("?"))
    };
    let crates = ["tantivy", "rusqlite", "nucleo-matcher", "rapidfuzz", "strsim"].map(version);
    format!("{}; SQLite {}", crates.join(", "), rusqlite::version())
}
