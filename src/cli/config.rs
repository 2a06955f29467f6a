//! `config check` and `config example`.

use clap::Subcommand;

use super::{Common, DONE, USAGE, load_config, show};
use crate::config::EXAMPLE;

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
        ConfigCommand::Check => {
            let loaded = match load_config(common) {
                Ok(loaded) => loaded,
                Err(code) => return code,
            };
            for warning in &loaded.warnings {
                println!("Hinweis: {warning}");
            }
            match crate::setup::build_bot(&loaded.config) {
                Ok(bot) => {
                    let services = bot.catalog().services().len();
                    println!("Die Einstellungen sind in Ordnung ({services} Leistungen).");
                    DONE
                }
                Err(error) => {
                    eprintln!("Fehler: {error:#}");
                    USAGE
                }
            }
        }
    }
}
