//! `import`: foreign catalogs into the data directory.

use std::{
    fmt::Write,
    path::{Path, PathBuf},
    time::Duration,
};

use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use time::{Date, format_description::well_known::Iso8601};
use tokio_util::sync::CancellationToken;

use super::{Common, DONE, FAILED, USAGE, load_config, show};
use crate::{
    config::Config,
    ids::{LeikaKey, RegionKey},
    import::{
        pvog,
        record::Rejected,
        run::{self, Context, Counts, Done, Failure},
        source::{Kind, Source},
    },
    offers::data::DataDir,
    reply::AvailabilityKind,
};

#[derive(Debug, Args)]
pub(super) struct ImportArgs {
    /// What kind of source it is; all remembered sources if left out, with --update
    #[arg(value_enum)]
    kind: Option<Kind>,
    /// File, directory or address
    source: Option<PathBuf>,
    /// Where it holds, or what of it is wanted: 12-digit key (ARS), name or postcode
    #[arg(long, value_name = "ARS")]
    region: Option<String>,
    /// Import even if more than a fifth of the services would be gone
    #[arg(long)]
    force: bool,
    /// Read all remembered sources anew; with a source (xzufi): add its changes to what was read
    #[arg(long)]
    update: bool,
    /// Write what was joined, what not and why, entry by entry, into this file (tab-separated)
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Name of the source in the data directory, if there are several of a kind in a region
    #[arg(long)]
    name: Option<String>,
    /// Whom to name as the source
    #[arg(long)]
    title: Option<String>,
    /// Licence of the source, named with it
    #[arg(long)]
    licence: Option<String>,
    /// As of when the source is, if it does not say so (YYYY-MM-DD)
    #[arg(long, value_name = "DATE")]
    as_of: Option<String>,
    /// Settings for pvog (TOML): client id, versions of its calls, rate
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
}

pub(super) async fn run(common: &Common, args: &ImportArgs) -> u8 {
    let config = match load_config(common) {
        Ok(loaded) => loaded.config,
        Err(code) => return code,
    };
    let prepared = match Prepared::new(config) {
        Ok(prepared) => prepared,
        Err(error) => {
            eprintln!("Fehler: {error:#}");
            return USAGE;
        }
    };
    let orders = match orders(&prepared, args) {
        Ok(orders) => orders,
        Err(why) => {
            eprintln!("Fehler: {why}");
            return USAGE;
        }
    };
    let mut code = DONE;
    let mut report = String::from(REPORT_HEADER);
    for source in orders {
        let name = source.name.clone();
        let by_hand = matches!(source.kind, Kind::Csv | Kind::Towns);
        match one(&prepared, source, args).await {
            Ok(done) => {
                let _ = write!(report, "{}", rows(&done));
                if show(&summary(&name, &done)) != DONE {
                    return FAILED;
                }
                // What people write by hand they can mend.
                if by_hand && !done.rejected.is_empty() {
                    let rejected: Vec<Rejected> =
                        done.rejected.into_iter().map(|(_, rejected)| rejected).collect();
                    eprintln!("Bitte verbessern:{}", run::told(&rejected));
                    code = FAILED;
                }
            }
            Err(failure) => {
                eprintln!("Fehler: {failure}");
                eprintln!("Die Daten bleiben, wie sie waren.");
                code = FAILED;
            }
        }
    }
    if code == FAILED && args.source.is_none() {
        // What was read before is joined with the catalog as it is now.
        if let Err(failure) = run::rebuild(&prepared.context(), &mut |_, _, _| {}) {
            eprintln!("Fehler: {failure}");
        }
    }
    if let Some(path) = &args.report
        && let Err(error) = std::fs::write(path, report)
    {
        eprintln!("Fehler: {}: {error}", path.display());
        return FAILED;
    }
    code
}

struct Prepared {
    data: DataDir,
    files: crate::catalog::CatalogFiles,
    bot: crate::bot::Bot,
    today: Date,
}

impl Prepared {
    /// The bot over the catalog as configured, without what was imported before.
    fn new(config: Config) -> anyhow::Result<Self> {
        let data = config.data_dir();
        let files = crate::setup::catalog_files(&config)?;
        let bot = crate::setup::build_bare_bot(&config)?;
        Ok(Self { data, files, bot, today: time::OffsetDateTime::now_utc().date() })
    }

    fn context(&self) -> Context<'_> {
        let Self { data, files, bot, today } = self;
        Context { data, files, bot, today: *today }
    }

    fn region(&self, text: &str) -> Result<RegionKey, String> {
        if let Ok(key) = text.parse() {
            return Ok(key);
        }
        let place =
            self.bot.places().resolve(text).map_err(|error| format!("--region: {error}"))?;
        Ok(place.key)
    }
}

/// What is to be read: the source of the command line, or all that are remembered.
fn orders(prepared: &Prepared, args: &ImportArgs) -> Result<Vec<Source>, String> {
    let known = run::read_sources(&prepared.data).map_err(|error| error.to_string())?;
    let Some(from) = &args.source else {
        if !args.update {
            return Err("es fehlt, was gelesen werden soll: amtslotse import ART QUELLE, oder \
                        amtslotse import --update für alle schon bekannten Quellen"
                .to_owned());
        }
        let wanted = |source: &Source| args.kind.is_none_or(|kind| kind == source.kind);
        let sources: Vec<Source> = known.list.into_iter().filter(wanted).collect();
        return if sources.is_empty() {
            Err(format!("{}: noch keine Quelle eingelesen", prepared.data.path().display()))
        } else {
            Ok(sources)
        };
    };
    let Some(kind) = args.kind else { return Err("die Art der Quelle fehlt".to_owned()) };
    let region = args.region.as_deref().map(|text| prepared.region(text)).transpose()?;
    if kind.needs_region() && region.is_none() {
        return Err(format!("»{}« braucht --region: wo gilt es?", kind.name()));
    }
    let is_address = is_address(from);
    if is_address && kind != Kind::Pvog {
        return Err(format!("»{}« wird aus einer Datei gelesen, nicht aus dem Netz", kind.name()));
    }
    if is_address && region.is_none() {
        return Err("»pvog« aus dem Netz braucht --region: für welchen Ort?".to_owned());
    }
    // A later update must find it from wherever it is called.
    let from = if is_address {
        from.clone()
    } else {
        std::path::absolute(from).map_err(|error| format!("{}: {error}", from.display()))?
    };
    let name = match (&args.name, region) {
        (Some(name), _) => slug(name)?,
        (None, Some(region)) => format!("{}-{region}", kind.name()),
        (None, None) => kind.name().to_owned(),
    };
    let old = known.get(&name).cloned();
    let mut paths = Vec::new();
    if args.update && kind == Kind::Xzufi {
        paths.extend(old.iter().flat_map(|old| old.from.iter().cloned()));
    }
    if !paths.contains(&from) {
        paths.push(from);
    }
    let as_of = args.as_of.as_deref().map(|text| {
        Date::parse(text, &Iso8601::DATE)
            .map_err(|_| format!("--as-of: »{text}« ist kein Datum (JJJJ-MM-TT)"))
            .and_then(|date| match date <= prepared.today {
                true => Ok(date),
                false => Err(format!("--as-of: {text} liegt in der Zukunft")),
            })
    });
    let old = old.as_ref();
    Ok(vec![Source {
        name,
        kind,
        from: paths,
        region,
        title: said(args.title.as_deref())
            .or_else(|| old.map(|old| old.title.clone()))
            .unwrap_or_else(|| kind.title().to_owned()),
        licence: said(args.licence.as_deref()).or_else(|| old.and_then(|old| old.licence.clone())),
        as_of: as_of.transpose()?.or_else(|| old.and_then(|old| old.as_of)),
        read: None,
        services: 0,
    }])
}

/// What an option says, if it says anything.
fn said(option: Option<&str>) -> Option<String> {
    option.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
}

fn is_address(source: &Path) -> bool {
    source.to_str().is_some_and(|text| text.starts_with("http://") || text.starts_with("https://"))
}

fn slug(name: &str) -> Result<String, String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if name.is_empty() || name.len() > 40 || !name.chars().all(fits) {
        return Err("--name: erlaubt sind Buchstaben a-z, Ziffern und Bindestrich".to_owned());
    }
    Ok(name.to_owned())
}

async fn one(prepared: &Prepared, source: Source, args: &ImportArgs) -> Result<Done, Failure> {
    let bar = progress_bar("");
    let fetched = fetch(prepared, &source, args, &bar).await?;
    let mut progress = |what: &str, done: u64, total: Option<u64>| {
        bar.set_message(what.to_owned());
        total.map_or_else(|| bar.unset_length(), |total| bar.set_length(total));
        bar.set_position(done);
    };
    let mut done = run::import(&prepared.context(), source, args.force, &mut progress)?;
    bar.finish_and_clear();
    done.rejected.extend(fetched);
    Ok(done)
}

/// A bar on the terminal; none where the output goes elsewhere.
pub(super) fn progress_bar(what: &str) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
    let style = "{msg:10} [{elapsed_precise}] {wide_bar} {pos}/{len}";
    bar.set_style(
        ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar()),
    );
    bar.set_message(what.to_owned());
    bar.enable_steady_tick(Duration::from_millis(500));
    bar
}

/// The answers of a service on the net, in a folder beside the records; what was not answered.
async fn fetch(
    prepared: &Prepared,
    source: &Source,
    args: &ImportArgs,
    bar: &ProgressBar,
) -> Result<Vec<(String, Rejected)>, Failure> {
    let Some(address) = source.address() else { return Ok(Vec::new()) };
    let told = |file: &Path, error: &dyn std::fmt::Display| {
        Failure::Data(format!("{}: {error}", file.display()))
    };
    let mut settings = match &args.settings {
        None => pvog::Settings::default(),
        Some(path) => {
            let text = std::fs::read_to_string(path).map_err(|error| told(path, &error))?;
            toml::from_str(&text).map_err(|error| told(path, &error.message()))?
        }
    };
    settings.base_url = address.to_owned();
    let dir = prepared.data.answers(&source.name);
    let done = dir.join("vollstaendig");
    // A run that was broken off goes on; after a whole one everything is asked anew.
    if done.exists() {
        std::fs::remove_dir_all(&dir).map_err(|error| told(&dir, &error))?;
    }
    let places = prepared.bot.places();
    let regions: Vec<RegionKey> = match source.region {
        Some(region) => places.municipalities_in(region).map(|place| place.key).collect(),
        None => Vec::new(),
    };
    let leika: Vec<LeikaKey> = prepared
        .bot
        .catalog()
        .services()
        .iter()
        .flat_map(|service| service.leika.clone())
        .collect();
    let cancel = CancellationToken::new();
    let stop = tokio::spawn({
        let cancel = cancel.clone();
        async move {
            if crate::signals::stop().await.is_ok() {
                cancel.cancel();
            }
        }
    });
    let mut progress = |done: u64, total: Option<u64>| {
        bar.set_message("abfragen");
        total.map_or_else(|| bar.unset_length(), |total| bar.set_length(total));
        bar.set_position(done);
    };
    let fetched = pvog::fetch(&settings, &regions, &leika, &dir, &mut progress, &cancel).await;
    stop.abort();
    let fetched = fetched?;
    if fetched.cancelled {
        return Err(Failure::Data(
            "abgebrochen; der nächste Aufruf macht an dieser Stelle weiter".to_owned(),
        ));
    }
    std::fs::write(&done, "").map_err(|error| told(&done, &error))?;
    Ok(fetched.failed.into_iter().map(|rejected| (source.name.clone(), rejected)).collect())
}

const REPORT_HEADER: &str = "Art\tQuelle\tEintrag\tName\tErgebnis\n";

/// The report's rows of one import.
fn rows(done: &Done) -> String {
    let mut out = String::new();
    let cell = |text: &str| text.replace(['\t', '\n', '\r'], " ");
    for (source, rejected) in &done.rejected {
        let _ = writeln!(
            out,
            "abgelehnt\t{source}\t{}\t{}\t{}",
            cell(&rejected.record),
            cell(&rejected.file),
            cell(&rejected.reason)
        );
    }
    for (source, id, name) in &done.own {
        let _ = writeln!(out, "eigene Leistung\t{source}\t{}\t{}\t", cell(id), cell(name));
    }
    for line in done.to_review().lines() {
        let _ = writeln!(out, "bitte prüfen\t{line}");
    }
    out
}

fn summary(name: &str, done: &Done) -> String {
    let mut out = String::new();
    if let Some(counts) = done.counts.get(name) {
        let _ = writeln!(out, "{name}: {}", counted(counts));
        let mut reasons: Vec<(&String, &usize)> = counts.rejected.iter().collect();
        reasons.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
        for (reason, count) in reasons {
            let _ = writeln!(out, "  {count:>6} nicht eingelesen: {reason}");
        }
    }
    let of = |kind: AvailabilityKind| done.offers.get(&kind).copied().unwrap_or_default();
    let all: usize = done.offers.values().sum();
    let _ = writeln!(
        out,
        "Alle Quellen zusammen: {all} Angebote: {} online, {} teilweise, {} vor Ort, {} unbekannt",
        of(AvailabilityKind::Online),
        of(AvailabilityKind::Partly),
        of(AvailabilityKind::InPerson),
        of(AvailabilityKind::Unknown),
    );
    if !done.remarks.is_empty() || !done.doubtful.is_empty() {
        let _ = writeln!(
            out,
            "Bitte prüfen: {} Zuordnungen, {} Widersprüche (Liste: --report DATEI)",
            done.doubtful.len(),
            done.remarks.len()
        );
    }
    out
}

fn counted(counts: &Counts) -> String {
    let mut out = format!("{} Einträge gelesen, {} eingelesen", counts.records, counts.imported);
    for (how, count) in &counts.joined {
        let _ = write!(out, ", {count} zugeordnet ({how})");
    }
    let _ = write!(out, ", {} eigene Leistungen, {} Sonderfälle", counts.own, counts.parts);
    out
}
