//! `privacy report`: for the data protection officer, what the database holds.

use clap::Subcommand;
use time::{OffsetDateTime, macros::format_description};

use super::{Common, FAILED, USAGE, load_config, show};
use crate::{message::by_german_clocks, serve, store::TableReport};

#[derive(Debug, Subcommand)]
pub(super) enum PrivacyCommand {
    /// Per table: rows, the oldest of them, and how long rows are kept
    #[command(
        after_help = "Example:\n  amtslotse privacy report --config /etc/amtslotse/config.toml"
    )]
    Report,
}

pub(super) async fn run(common: &Common, command: &PrivacyCommand) -> u8 {
    let PrivacyCommand::Report = command;
    let config = match load_config(common) {
        Ok(loaded) => loaded.config,
        Err(code) => return code,
    };
    let store = match serve::open_existing_store(&config).await {
        Ok(store) => store,
        Err(error) => {
            eprintln!("Fehler: {error:#}");
            return USAGE;
        }
    };
    match store.table_reports().await {
        Ok(tables) => show(&report(&tables)),
        Err(_) => {
            eprintln!("Fehler: store.url: die Datenbank antwortet nicht");
            FAILED
        }
    }
}

/// What a table holds, in a clerk's words.
fn meaning(table: &str) -> &'static str {
    match table {
        "seen" => "beantwortete Nachrichten, nur ihre Nummer als Hash",
        "conversations" => "laufende Gespräche, ohne Worte, unter einem Hash",
        "counters" => "Zahl der Antworten je Tag und Leistung",
        "feedback" => "Zahl der Urteile je Tag und Leistung",
        "leases" => "welches Programm gerade zuständig ist",
        "notes" => "Hinweise auf Störungen, von der Verwaltung geschrieben",
        "signals" => "Prüfsummen von Katalog und Webhook",
        _ => "",
    }
}

fn report(tables: &[TableReport]) -> String {
    let mut out = String::from("Tabelle\tZeilen\tälteste\tAufbewahrung\tInhalt\n");
    for table in tables {
        let TableReport { table: name, rows, oldest, retention } = table;
        let oldest = oldest.map_or_else(|| "-".to_owned(), moment);
        let kept = retention.map_or_else(|| "bis ersetzt".to_owned(), span);
        out.push_str(&format!("{name}\t{rows}\t{oldest}\t{kept}\t{}\n", meaning(name)));
    }
    out.push_str(
        "Texte von Nachrichten, Namen und Kennungen von Chats stehen in keiner Tabelle.\n",
    );
    out
}

/// Unix milliseconds, by German clocks.
fn moment(milliseconds: i64) -> String {
    let format = format_description!("[day].[month].[year] [hour]:[minute]");
    OffsetDateTime::from_unix_timestamp(milliseconds / 1_000)
        .ok()
        .and_then(|at| by_german_clocks(at).format(format).ok())
        .unwrap_or_else(|| "-".to_owned())
}

fn span(span: std::time::Duration) -> String {
    let minutes = span.as_secs() / 60;
    match (minutes / 60, minutes / 60 / 24) {
        (0, _) => format!("{minutes} Minuten"),
        (hours, 0..=2) => format!("{hours} Stunden"),
        (_, days) => format!("{days} Tage"),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_report_says_what_is_there_since_when_and_how_long() {
        let tables = [
            TableReport {
                table: "conversations",
                rows: 3,
                oldest: Some(1_795_359_600_000),
                retention: Some(Duration::from_secs(1_800)),
            },
            TableReport { table: "leases", rows: 1, oldest: None, retention: None },
        ];
        let report = report(&tables);
        assert!(
            report.contains("conversations\t3\t22.11.2026 16:00\t30 Minuten\tlaufende Gespräche"),
            "{report}"
        );
        assert!(report.contains("leases\t1\t-\tbis ersetzt\t"), "{report}");
    }
}
