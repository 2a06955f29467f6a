//! `offers`: what was imported, seen with the operator's eyes.

use std::fmt::Write;

use clap::Subcommand;
use time::{Date, Duration};

use super::{Common, DONE, FAILED, USAGE, load_config, show};
use crate::{
    bot::Bot,
    catalog::{Offer, Service},
    config::Config,
    ids::{RegionKey, ServiceId},
    offers::file::OffersFile,
    places::Places,
};

/// Older data are told to the operator.
const OLD: Duration = Duration::days(365);

#[derive(Debug, Subcommand)]
pub(super) enum OffersCommand {
    /// The sources and, with a region, every offer there
    #[command(
        after_help = "Examples:\n  amtslotse offers list\n  amtslotse offers list --region Berlin"
    )]
    List {
        /// 12-digit key, name or postcode
        #[arg(long, value_name = "ARS")]
        region: Option<String>,
    },
    /// All that is known of a service at a place, region by region
    #[command(after_help = "Example:\n  amtslotse offers show wohnsitz-ummelden --region Berlin")]
    Show {
        /// Id of a service (`hund-anmelden`, `berlin:324190`)
        service: String,
        /// 12-digit key, name or postcode
        #[arg(long, value_name = "ARS")]
        region: String,
    },
    /// What a person should look at: old data, doubtful joins, contradictions, entries due for
    /// review and who is to look at them
    Check,
}

pub(super) fn run(common: &Common, command: &OffersCommand) -> u8 {
    let config = match load_config(common) {
        Ok(loaded) => loaded.config,
        Err(code) => return code,
    };
    let told = |error: anyhow::Error| {
        eprintln!("Fehler: {error:#}");
        USAGE
    };
    let bot = match crate::setup::build_bot(&config) {
        Ok(bot) => bot,
        Err(error) => return told(error),
    };
    if matches!(command, OffersCommand::Check) {
        return match findings(&config, &bot, time::OffsetDateTime::now_utc().date()) {
            Ok(findings) => {
                let code = if findings.is_empty() { DONE } else { FAILED };
                let mut out = findings.join("\n");
                let line = if out.is_empty() { "" } else { "\n" };
                let _ = writeln!(out, "{line}{} Hinweise", findings.len());
                show(&out).max(code)
            }
            Err(error) => told(error),
        };
    }
    let path = config.data_dir().offers();
    if !path.exists() {
        eprintln!("Fehler: {}: noch nichts eingelesen (amtslotse import)", path.display());
        return USAGE;
    }
    let file = match OffersFile::open(&path) {
        Ok(file) => file,
        Err(error) => return told(error.into()),
    };
    let region = |text: &str| match key_of(bot.places(), text) {
        Ok(key) => Some(key),
        Err(why) => {
            eprintln!("Fehler: --region: {why}");
            None
        }
    };
    match command {
        OffersCommand::List { region: None } => show(&sources(&file)),
        OffersCommand::List { region: Some(text) } => match region(text) {
            Some(key) => show(&list(&bot, &file, key)),
            None => USAGE,
        },
        OffersCommand::Show { service, region: text } => {
            let Some(key) = region(text) else { return USAGE };
            match service.parse::<ServiceId>().ok().and_then(|id| bot.known_as(&id)) {
                Some(id) => show(&details(&bot, &file, &id, key)),
                None => {
                    eprintln!("Fehler: »{service}« kennt weder der Katalog noch eine Quelle");
                    USAGE
                }
            }
        }
        // Done above: it needs no file.
        OffersCommand::Check => DONE,
    }
}

/// A region by its key, which need not be a municipality's, or by name or postcode.
pub(super) fn key_of(places: &Places, text: &str) -> Result<RegionKey, String> {
    match text.parse() {
        Ok(key) => Ok(key),
        Err(_) => places.resolve(text).map(|place| place.key).map_err(|error| error.to_string()),
    }
}

fn sources(file: &OffersFile) -> String {
    let manifest = file.manifest();
    let mut out = format!("{} Angebote aus {} Quellen\n", file.len(), manifest.sources.len());
    for source in &manifest.sources {
        let licence = source.licence.as_deref().unwrap_or("Lizenz nicht angegeben");
        let _ = writeln!(
            out,
            "  {} ({}): {} Einträge, gelesen am {}, »{}«, {licence}",
            source.name,
            source.kind,
            source.records,
            german(source.read),
            source.title
        );
    }
    out
}

fn list(bot: &Bot, file: &OffersFile, region: RegionKey) -> String {
    let mut offers = file.in_region(region);
    offers.sort_by(|a, b| a.0.cmp(&b.0));
    let mut out = String::new();
    for (id, offer) in &offers {
        let name = bot.service(id).map_or("", Service::plain);
        let _ = writeln!(out, "{:<10} {id}  {name}  [{}]", offer.availability.word(), offer.id);
    }
    let _ = writeln!(out, "{} Angebote in {region}", offers.len());
    out
}

fn details(bot: &Bot, file: &OffersFile, id: &ServiceId, region: RegionKey) -> String {
    use crate::catalog::Offers;
    let mut out = format!("{id}: {}\n", bot.service(id).map_or("", Service::plain));
    let mut found = false;
    for key in region.chain() {
        let Some(offer) = file.offer(id, key) else { continue };
        found = true;
        let place = bot.places().place(key).map_or("", |place| place.name.as_str());
        let _ = writeln!(out, "\n{key} {place}");
        describe(&mut out, &offer);
    }
    if !found {
        out.push_str("dort von keiner Quelle beschrieben: unbekannt\n");
    }
    out
}

fn describe(out: &mut String, offer: &Offer) {
    let mut line = |label: &str, text: &str| {
        if !text.is_empty() {
            let _ = writeln!(out, "  {label:<14}{text}");
        }
    };
    line("Eintrag", &offer.id);
    line("Online", offer.availability.word());
    line("Grund", offer.reason.as_deref().unwrap_or_default());
    for link in &offer.links {
        let title = link.title.as_deref().unwrap_or_default();
        line("Link", &format!("{} {} {title}", crate::catalog::stats::slug(&link.kind), link.url));
    }
    if let Some(office) = &offer.authority {
        line("Stelle", &office.name);
        line("Adresse", &office.address().unwrap_or_default());
        line("Telefon", office.phone.as_deref().unwrap_or_default());
        line("E-Mail", office.email.as_deref().unwrap_or_default());
    }
    line("Gebühr", offer.fee.as_deref().unwrap_or_default());
    line("Unterlagen", &offer.papers.join("; "));
    line("Frist", &offer.deadlines.join("; "));
    line("Dauer", offer.duration.as_deref().unwrap_or_default());
    for variant in &offer.variants {
        line("auch", &format!("{} ({})", variant.name, variant.id));
    }
    for source in &offer.sources {
        let licence = source.licence.as_deref().unwrap_or("Lizenz nicht angegeben");
        let date = match source.as_of {
            Some(date) => format!("Stand {}", german(date)),
            None => format!("gelesen am {}", german(source.read)),
        };
        line("Quelle", &format!("{}, {date}, {licence}", source.title));
    }
}

fn findings(config: &Config, bot: &Bot, today: Date) -> anyhow::Result<Vec<String>> {
    let mut findings = Vec::new();
    let path = config.data_dir().offers();
    if path.exists() {
        let file = OffersFile::open(&path)?;
        for source in &file.manifest().sources {
            let (name, read) = (&source.name, german(source.read));
            match source.as_of {
                Some(date) if date + OLD < today => findings.push(format!(
                    "{name}: Stand {}, älter als ein Jahr; gibt es einen neueren?",
                    german(date)
                )),
                _ if source.read + OLD < today => findings
                    .push(format!("{name}: zuletzt am {read} gelesen (amtslotse import --update)")),
                _ => {}
            }
        }
    }
    for service in bot.catalog().services() {
        if let Some(review) = service.review.as_ref().filter(|review| review.due < today) {
            let due = german(review.due);
            findings.push(format!(
                "{}: Prüfung fällig seit {due}, zuständig: {}",
                service.id, review.by
            ));
        }
    }
    let remarks = config.data_dir().remarks();
    if let Ok(text) = std::fs::read_to_string(remarks) {
        findings.extend(text.lines().map(|line| line.replace('\t', "  ")));
    }
    Ok(findings)
}

fn german(date: Date) -> String {
    format!("{:02}.{:02}.{}", date.day(), u8::from(date.month()), date.year())
}
