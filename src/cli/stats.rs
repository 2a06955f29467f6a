//! `stats`: what was asked and how answers were judged. Numbers under five are hidden: in a small
//! town they could stand for somebody.

use std::collections::BTreeMap;

use clap::Args;
use time::{Duration, OffsetDateTime};

use super::{Common, FAILED, USAGE, load_process, show};
use crate::{
    message::by_german_clocks,
    serve,
    store::{CountRow, FeedbackRow},
};

/// Smaller numbers are hidden.
const FEW: i64 = 5;

#[derive(Debug, Args)]
pub(super) struct StatsArgs {
    /// Of the last so many days, today included
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u16).range(1..=4000))]
    days: u16,
    /// As a table for other programs, separated by semicolons
    #[arg(long)]
    csv: bool,
}

pub(super) async fn run(common: &Common, args: &StatsArgs) -> u8 {
    let process = match load_process(common) {
        Ok(process) => process,
        Err(code) => return code,
    };
    let store = match serve::open_existing_store(&process.base).await {
        Ok(store) => store,
        Err(error) => {
            eprintln!("Fehler: {error:#}");
            return USAGE;
        }
    };
    let tenant = common.tenant.as_ref().map(|tenant| tenant.as_str());
    let today = by_german_clocks(OffsetDateTime::now_utc()).date();
    let since = (today - Duration::days(i64::from(args.days) - 1)).to_string();
    let read = async {
        Ok::<_, crate::store::Down>((
            store.counts(tenant, &since).await?,
            store.feedback(tenant, &since).await?,
        ))
    };
    match read.await {
        Ok((counts, feedback)) => show(&table(&counts, &feedback, args.csv)),
        Err(_) => {
            eprintln!("Fehler: store.url: die Datenbank antwortet nicht");
            FAILED
        }
    }
}

/// The numbers by town, what was counted, and service.
fn table(counts: &[CountRow], feedback: &[FeedbackRow], csv: bool) -> String {
    let mut sums: BTreeMap<(&str, &str, &str), i64> = BTreeMap::new();
    for row in counts {
        *sums.entry((&row.tenant, kind(&row.kind), &row.service)).or_default() += row.n;
    }
    for row in feedback {
        *sums.entry((&row.tenant, verdict(&row.verdict), &row.service)).or_default() += row.n;
    }
    let separator = if csv { ";" } else { "\t" };
    let mut out = ["Gemeinde", "Was", "Leistung", "Zahl"].join(separator) + "\n";
    for ((tenant, what, service), n) in sums {
        let n = if n < FEW { format!("<{FEW}") } else { n.to_string() };
        out.push_str(&([tenant, what, service, &n].join(separator) + "\n"));
    }
    out
}

fn kind(kind: &str) -> &str {
    match kind {
        "answer" => "beantwortet",
        "clarify" => "nachgefragt",
        "abstain" => "nicht gewusst",
        "notice" => "Hinweis oder Befehl",
        "service" => "Leistung genannt",
        other => other,
    }
}

fn verdict(verdict: &str) -> &str {
    match verdict {
        "fits" => "Urteil: passt",
        "wrong-service" => "Urteil: falsche Leistung",
        "wrong-facts" => "Urteil: Angaben stimmen nicht",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_added_up_and_small_ones_hidden() {
        let count = |day: &str, kind: &str, service: &str, n| CountRow {
            tenant: "adorf".to_owned(),
            day: day.to_owned(),
            channel: "telegram".to_owned(),
            kind: kind.to_owned(),
            service: service.to_owned(),
            n,
        };
        let counts = [
            count("2026-11-21", "answer", "", 3),
            count("2026-11-22", "answer", "", 4),
            count("2026-11-22", "service", "hund-anmelden", 4),
        ];
        let shown = table(&counts, &[], true);
        assert!(shown.contains("adorf;beantwortet;;7\n"), "{shown}");
        assert!(shown.contains("adorf;Leistung genannt;hund-anmelden;<5\n"), "{shown}");
    }
}
