//! `catalog check`, `catalog stats` and `catalog test`.

use std::{
    fmt::Write,
    path::{Path, PathBuf},
};

use clap::Subcommand;

use super::{DONE, FAILED, show};
use crate::{
    bot::Bot,
    catalog::{
        Catalog, CatalogFiles, Severity,
        service::GeneralKind,
        stats::{Counts, Stats, slug},
    },
    places::Places,
    regression,
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
    /// Have conversations with the bot and check that they go as they must
    #[command(after_help = "Examples:\n  amtslotse catalog test conversations\n  \
        amtslotse --catalog mein-katalog catalog test mein-katalog/conversations")]
    Test {
        /// Directory with conversation files (*.txt)
        dir: PathBuf,
    },
    /// Count how many services are online, municipality by municipality and level by level
    #[cfg(feature = "import")]
    #[command(after_help = "Examples:\n  amtslotse catalog coverage --region Berlin\n  \
        amtslotse catalog coverage --region 084160000000 --csv kreis.csv --chart kreis.svg")]
    Coverage {
        /// 12-digit key, name or postcode; all of Germany if left out
        #[arg(long, value_name = "ARS")]
        region: Option<String>,
        /// Write the counts into this file, as spreadsheets read it
        #[arg(long, value_name = "FILE.csv")]
        csv: Option<PathBuf>,
        /// Draw them into this file
        #[arg(long, value_name = "FILE.svg")]
        chart: Option<PathBuf>,
    },
    /// Count what a catalog holds
    #[command(after_help = "Example:\n  amtslotse catalog stats")]
    Stats {
        /// Directory of the catalog; the one inside the program if left out
        dir: Option<PathBuf>,
        /// Also draw the availability by level into this SVG file
        #[arg(long, value_name = "FILE.svg")]
        chart: Option<PathBuf>,
    },
}

const KINDS: [GeneralKind; 4] = [
    GeneralKind::NationwideOnline,
    GeneralKind::NationwidePartly,
    GeneralKind::InPersonByLaw,
    GeneralKind::DependsOnTown,
];

/// What is known of online services in Germany, and from whom.
const KNOWN: [(&str, &str); 3] = [
    ("196 von 575 OZG-Leistungen (34 %) überall online, Januar 2025", "INSM, Behörden-Digimeter"),
    ("165 von 579 OZG-Leistungen (28 %) überall online, September 2025", "Bitkom"),
    ("349 von 579 OZG-Leistungen (60 %) irgendwo online, September 2025", "Bitkom"),
];

/// `catalog test`: whether the conversations of a directory go as they must.
pub(super) fn test(bot: &Bot, dir: &Path) -> u8 {
    let files = match regression::read_dir(dir) {
        Ok(files) => files,
        Err(error) => {
            eprintln!("Fehler: {}: {error}", dir.display());
            return FAILED;
        }
    };
    if files.is_empty() {
        eprintln!("Fehler: {}: kein Gespräch gefunden (erwartet: Dateien *.txt)", dir.display());
        return FAILED;
    }
    let report = regression::run(bot, &files);
    let mut out = String::new();
    for failure in &report.failures {
        let _ = writeln!(out, "{failure}");
    }
    let _ = writeln!(
        out,
        "{} Gespräche mit {} Nachrichten geführt: {} Abweichungen",
        report.conversations,
        report.messages,
        report.failures.len(),
    );
    let shown = show(&out);
    if report.failures.is_empty() { shown } else { FAILED }
}

pub(super) fn run(command: &CatalogCommand, option: Option<&Path>) -> u8 {
    let dir = match command {
        CatalogCommand::Check { dir, .. } | CatalogCommand::Stats { dir, .. } => dir.as_deref(),
        _ => None,
    };
    let files =
        match dir.or(option).map_or_else(|| Ok(CatalogFiles::embedded()), CatalogFiles::from_dir) {
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
            let today = time::OffsetDateTime::now_utc().date();
            findings.extend(crate::catalog::lint::lint(&catalog, &files, today));
            #[cfg(feature = "import")]
            findings.extend(crate::import::mapping::check(&files, &catalog));
            let errors = findings.iter().filter(|f| f.severity == Severity::Error).count();
            let shown = findings.iter().filter(|f| *hints || f.severity == Severity::Error);
            let mut out = String::new();
            for finding in shown {
                let _ = writeln!(out, "{finding}");
            }
            let _ = writeln!(
                out,
                "{} Leistungen und {} Lebenslagen geprüft: {errors} Fehler, {} Hinweise{}",
                catalog.services().len(),
                catalog.life_events.len(),
                findings.len() - errors,
                if *hints || findings.len() == errors { "" } else { " (anzeigen mit --hints)" },
            );
            show(&out);
            if errors == 0 { DONE } else { FAILED }
        }
        CatalogCommand::Stats { chart, .. } => {
            if let Some(path) = chart
                && let Err(error) = std::fs::write(path, availability_chart(&Stats::of(&catalog)))
            {
                eprintln!("Fehler: {}: {error}", path.display());
                return FAILED;
            }
            show(&stats_table(&catalog, places.as_ref()))
        }
        // They need a bot: see `test` and `coverage`.
        _ => DONE,
    }
}

/// `catalog coverage`: counts from what was imported and the general rules.
#[cfg(feature = "import")]
pub(super) fn coverage(
    bot: &Bot,
    data: &crate::offers::data::DataDir,
    region: Option<&str>,
    csv: Option<&Path>,
    chart: Option<&Path>,
) -> u8 {
    use super::USAGE;
    use crate::{
        catalog::service::Level,
        ids::RegionKey,
        offers::coverage::{Counts, Municipality, csv as to_csv, svg},
    };
    let key = region.map(|text| super::offers::key_of(bot.places(), text)).transpose();
    let key = match key {
        Ok(key) => key.unwrap_or(RegionKey::GERMANY),
        Err(why) => {
            eprintln!("Fehler: --region: {why}");
            return USAGE;
        }
    };
    let municipalities = match municipalities(bot, data, key) {
        Ok(municipalities) => municipalities,
        Err(why) => {
            eprintln!("Fehler: {why}");
            return FAILED;
        }
    };
    if municipalities.is_empty() {
        eprintln!("Fehler: --region: in {key} liegt keine Gemeinde");
        return USAGE;
    }
    let name = bot.places().place(key).map_or("Deutschland", |place| place.name.as_str());
    let title = format!("Welche Leistungen gehen online? {name}");
    let files = [
        (csv, csv.map(|_| to_csv(&municipalities))),
        (chart, chart.map(|_| svg(&title, &municipalities, &KNOWN))),
    ];
    for (path, text) in files.into_iter().filter_map(|(path, text)| Some((path?, text?))) {
        if let Err(error) = std::fs::write(path, text) {
            eprintln!("Fehler: {}: {error}", path.display());
            return FAILED;
        }
    }
    let total = |municipality: &Municipality| municipality.total();
    let all: Counts = municipalities.iter().map(total).sum();
    let mut out = format!("{title}\n{} Gemeinden\n", municipalities.len());
    let mut row = |label: &str, counts: Counts| {
        let share = |count: usize| 100.0 * count as f64 / counts.all().max(1) as f64;
        let _ = writeln!(
            out,
            "{label:<12}{:>10} ({:>3.0} %){:>10} ({:>3.0} %){:>10} ({:>3.0} %){:>10} ({:>3.0} %)",
            counts.online,
            share(counts.online),
            counts.partly,
            share(counts.partly),
            counts.in_person,
            share(counts.in_person),
            counts.unknown,
            share(counts.unknown),
        );
    };
    for level in [Level::Gemeinde, Level::Kreis, Level::Land, Level::Bund] {
        let of_level = municipalities.iter().filter_map(|m| m.counts.get(&level).copied());
        row(&slug(&level), of_level.sum());
    }
    row("alle", all);
    out.push_str("             (online, teilweise, vor Ort, unbekannt)\n");
    out.push_str(
        "Zum Vergleich, was andere bundesweit gezählt haben (andere Auswahl von Leistungen):\n",
    );
    for (what, source) in KNOWN {
        let _ = writeln!(out, "  {what} ({source})");
    }
    show(&out)
}

/// How each service can be done in each municipality of a region: by the most specific offer that
/// says so, else by the general rule.
#[cfg(feature = "import")]
fn municipalities(
    bot: &Bot,
    data: &crate::offers::data::DataDir,
    region: crate::ids::RegionKey,
) -> anyhow::Result<Vec<crate::offers::coverage::Municipality>> {
    use std::collections::HashMap;

    use crate::{
        bot::availability_at,
        catalog::service::Level,
        ids::RegionKey,
        offers::{
            coverage::{Counts, Municipality},
            file::OffersFile,
        },
        reply::AvailabilityKind,
    };
    let services = bot.catalog().services();
    let mut known: Vec<HashMap<RegionKey, AvailabilityKind>> = vec![HashMap::new(); services.len()];
    let path = data.offers();
    if path.exists() {
        OffersFile::open(&path)?.for_each(&mut |service, region, kind| {
            if kind != AvailabilityKind::Unknown
                && let Some(at) = bot.catalog().position(service)
            {
                known[at].insert(region, kind);
            }
        })?;
    }
    let places = bot.places();
    let municipality = |place: &crate::places::Place| {
        let mut counts = std::collections::BTreeMap::<Level, Counts>::new();
        for (service, known) in services.iter().zip(&known) {
            let local = place.key.chain().find_map(|key| known.get(&key).copied());
            let kind = availability_at(service, local);
            Counts::add(counts.entry(service.level).or_default(), kind);
        }
        let kreis = places.kreis_of(place.key).unwrap_or(place).name.clone();
        let (key, name) = (place.key, place.name.clone());
        Municipality { key, name, kreis, population: place.population, counts }
    };
    Ok(places.municipalities_in(region).map(municipality).collect())
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
    let _ = write!(out, "{:<24}", "allgemeine Regel");
    for kind in KINDS {
        let _ = write!(out, "{:>20}", slug(&kind));
    }
    out.push('\n');
    let mut row = |label: &str, count: &dyn Fn(GeneralKind) -> usize| {
        let all: usize = KINDS.into_iter().map(count).sum();
        let _ = write!(out, "{:<24}", format!("{label} ({all})"));
        for kind in KINDS {
            let share = 100.0 * count(kind) as f64 / all.max(1) as f64;
            let _ = write!(out, "{:>20}", format!("{} ({share:.0} %)", count(kind)));
        }
        out.push('\n');
    };
    for (level, kinds) in &stats.by_level {
        row(&slug(level), &|kind| kinds.get(&kind).copied().unwrap_or_default());
    }
    row("alle", &|kind| stats.by_level.values().filter_map(|kinds| kinds.get(&kind)).sum());
    out.push_str("\nZum Vergleich, was andere bundesweit gezählt haben:\n");
    for (what, source) in KNOWN {
        let _ = writeln!(out, "  {what} ({source})");
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

/// Stacked bars, one a level: what the law or the federal portals settle for everybody, and what
/// each town does its own way.
fn availability_chart(stats: &Stats) -> String {
    const WIDTH: f64 = 640.0;
    const LABEL: f64 = 110.0;
    const ROW: f64 = 34.0;
    const NAMES: [(&str, &str); 4] = [
        ("überall online", "#1b7f4b"),
        ("überall teilweise online", "#d9a400"),
        ("nur persönlich (Gesetz)", "#a3336b"),
        ("je nach Ort", "#8a94a6"),
    ];
    let height = ROW * (stats.by_level.len() as f64 + 2.0) + 18.0 * KNOWN.len() as f64;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {:.0} {height:.0}\" font-family=\"sans-serif\" font-size=\"13\">\n\
         <title>Leistungen des Katalogs nach Ebene: geht es online?</title>\n",
        WIDTH + LABEL + 10.0
    );
    for (row, (level, kinds)) in stats.by_level.iter().enumerate() {
        let all: usize = kinds.values().sum();
        let y = row as f64 * ROW + 4.0;
        let _ = writeln!(svg, "<text x=\"0\" y=\"{:.0}\">{} ({all})</text>", y + 18.0, slug(level));
        let mut x = LABEL;
        for (kind, (name, colour)) in KINDS.iter().zip(NAMES) {
            let count = kinds.get(kind).copied().unwrap_or_default();
            let width = WIDTH * count as f64 / all.max(1) as f64;
            if count == 0 {
                continue;
            }
            let _ = writeln!(
                svg,
                "<rect x=\"{x:.1}\" y=\"{y:.0}\" width=\"{width:.1}\" height=\"26\" fill=\"{colour}\"><title>{name}: {count}</title></rect>"
            );
            if width > 24.0 {
                let _ = writeln!(
                    svg,
                    "<text x=\"{:.1}\" y=\"{:.0}\" text-anchor=\"middle\" fill=\"#fff\">{count}</text>",
                    x + width / 2.0,
                    y + 18.0
                );
            }
            x += width;
        }
    }
    let y = stats.by_level.len() as f64 * ROW + 24.0;
    for (at, (name, colour)) in NAMES.iter().enumerate() {
        let x = LABEL + at as f64 * (WIDTH / 4.0);
        let _ = writeln!(
            svg,
            "<rect x=\"{x:.0}\" y=\"{:.0}\" width=\"12\" height=\"12\" fill=\"{colour}\"/><text x=\"{:.0}\" y=\"{y:.0}\" font-size=\"11\">{name}</text>",
            y - 10.0,
            x + 16.0
        );
    }
    for (at, (what, source)) in KNOWN.iter().enumerate() {
        let y = y + 28.0 + 18.0 * at as f64;
        let _ = writeln!(
            svg,
            "<text x=\"{LABEL:.0}\" y=\"{y:.0}\" font-size=\"11\" fill=\"#4a5568\">Zum Vergleich: {what} ({source})</text>"
        );
    }
    svg.push_str("</svg>\n");
    svg
}
