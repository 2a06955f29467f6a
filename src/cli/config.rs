//! `config check` and `config example`.

use clap::Subcommand;

use super::{Common, DONE, USAGE, load_process, show};
use crate::{config::EXAMPLE, setup::Workshop};

#[derive(Debug, Subcommand)]
pub(super) enum ConfigCommand {
    /// Say whether the settings, the catalog and the default place are right
    #[command(after_help = "Example:\n  amtslotse config check --config config.toml")]
    Check,
    /// Print every key at its default, with a sentence each
    #[command(after_help = "Example:\n  amtslotse config example > config.toml")]
    Example,
}

pub(super) fn run(command: &ConfigCommand, common: &Common) -> u8 {
    match command {
        ConfigCommand::Example => show(EXAMPLE),
        ConfigCommand::Check => check(common),
    }
}

/// Checks the settings, and what they lead to: catalog, places, offers, notes and overlays.
fn check(common: &Common) -> u8 {
    let process = match load_process(common) {
        Ok(process) => process,
        Err(code) => return code,
    };
    for warning in &process.warnings {
        println!("Hinweis: {warning}");
    }
    let mut workshop = match Workshop::open(&process.base) {
        Ok(workshop) => workshop,
        Err(error) => {
            eprintln!("Fehler: {error:#}");
            return USAGE;
        }
    };
    let mut code = DONE;
    for (id, config) in &process.tenants {
        if let Err(error) = workshop.build(config, &[]) {
            let file =
                if process.dir.is_some() { format!("tenants/{id}.toml: ") } else { String::new() };
            eprintln!("Fehler: {file}{error:#}");
            code = USAGE;
        }
    }
    if code == DONE {
        let services = workshop.base().catalog().services().len();
        let towns = match process.dir {
            Some(_) => format!("{} Gemeinden, ", process.tenants.len()),
            None => String::new(),
        };
        println!("Die Einstellungen sind in Ordnung ({towns}{services} Leistungen).");
    }
    code
}
