//! `links check`: whether what we point to is still there.

use std::{collections::BTreeMap, path::PathBuf};

use clap::Subcommand;
use tokio_util::sync::CancellationToken;

use super::{Common, DONE, FAILED, USAGE, load_config, show};
use crate::{
    catalog::Catalog,
    config::Config,
    import::run::{read_records, read_sources},
    links::{Memory, Settings, Target, check},
};

#[derive(Debug, Subcommand)]
pub(super) enum LinksCommand {
    /// Ask every linked page once, politely, and say what works, moved, is down or gone. A run that
    /// is stopped goes on where it was
    #[command(
        after_help = "Examples:\n  amtslotse links check\n  amtslotse links check --report links.tsv"
    )]
    Check {
        /// Write every link and what became of it into this file (tab-separated)
        #[arg(long, value_name = "FILE")]
        report: Option<PathBuf>,
        /// Only the links of the catalog, not of what was imported
        #[arg(long)]
        only_catalog: bool,
    },
}

pub(super) async fn run(common: &Common, command: &LinksCommand) -> u8 {
    let LinksCommand::Check { report, only_catalog } = command;
    let config = match load_config(common) {
        Ok(loaded) => loaded.config,
        Err(code) => return code,
    };
    let targets = match targets(&config, *only_catalog) {
        Ok(targets) => targets,
        Err(why) => {
            eprintln!("Fehler: {why}");
            return USAGE;
        }
    };
    let data = config.data_dir();
    let opened = std::fs::create_dir_all(data.path())
        .map_err(|error| format!("{}: {error}", data.path().display()))
        .and_then(|()| Memory::open(&data.links()).map_err(|error| error.to_string()));
    let mut memory = match opened {
        Ok(memory) => memory,
        Err(why) => {
            eprintln!("Fehler: {why}");
            return FAILED;
        }
    };
    let cancel = CancellationToken::new();
    tokio::spawn({
        let cancel = cancel.clone();
        async move {
            if crate::signals::stop().await.is_ok() {
                cancel.cancel();
            }
        }
    });
    let bar = super::import::progress_bar("Links");
    let mut progress = |done: u64, all: u64| {
        bar.set_length(all);
        bar.set_position(done);
    };
    let now = time::OffsetDateTime::now_utc();
    let settings = Settings::default();
    let checked = check(&targets, &mut memory, &settings, now, &mut progress, &cancel).await;
    bar.finish_and_clear();
    let found = match checked {
        Ok(found) => found,
        Err(error) => {
            eprintln!("Fehler: {error}");
            return FAILED;
        }
    };
    if let Some(path) = report
        && let Err(error) = std::fs::write(path, found.tsv())
    {
        eprintln!("Fehler: {}: {error}", path.display());
        return FAILED;
    }
    let code = if found.is_clean() { DONE } else { FAILED };
    show(&found.render()).max(code)
}

/// Every link once, with the services that use it.
fn targets(config: &Config, only_catalog: bool) -> Result<Vec<Target>, String> {
    let files = crate::setup::catalog_files(config).map_err(|error| format!("{error:#}"))?;
    let catalog = Catalog::load(&files).map_err(|error| error.to_string())?;
    let mut used: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut add = |url: &str, by: String| {
        let users = used.entry(url.to_owned()).or_default();
        if !users.contains(&by) {
            users.push(by);
        }
    };
    for service in catalog.services() {
        let sources = service.sources().filter_map(|source| source.url.as_ref());
        for url in service.link.iter().map(|link| &link.url).chain(sources) {
            add(url, service.id.to_string());
        }
    }
    if !only_catalog {
        let data = config.data_dir();
        let sources = read_sources(&data).map_err(|error| error.to_string())?;
        for source in &sources.list {
            let records = read_records(&data.records(&source.name)).map_err(|e| e.to_string())?;
            for record in &records {
                let by = || format!("{}:{}", source.kind.name(), record.id);
                let texts = record.local.iter().filter_map(|local| local.texts.as_ref());
                for page in texts.chain([&record.texts]).filter_map(|texts| texts.page.as_ref()) {
                    add(page, by());
                }
                for link in record.local.iter().flat_map(|local| &local.evidence.links) {
                    add(&link.url, by());
                }
            }
        }
    }
    Ok(used.into_iter().map(|(url, used_by)| Target { url, used_by }).collect())
}
