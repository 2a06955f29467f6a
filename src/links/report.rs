//! What a run found, for an operator to act on.

use std::fmt::Write;

use time::{OffsetDateTime, macros::format_description};

use super::{Kind, Verdict};

/// How many users of a link are named in the text; the table names all.
const NAMED_USERS: usize = 5;

/// The longest address or name shown in the text, in characters.
const MAX_SHOWN: usize = 300;

/// One link and what is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The link as it is written, without user name and password.
    pub url: String,
    /// Where it is used.
    pub used_by: Vec<String>,
    /// What was found.
    pub verdict: Verdict,
    /// The last HTTP status, if there was an answer.
    pub status: Option<u16>,
    /// The new address of a page that has moved; else, after a redirect, the address that the
    /// verdict speaks of.
    pub leads_to: Option<String>,
    /// When the run began that found it.
    pub checked_at: OffsetDateTime,
    /// In how many runs in a row it was down or gone.
    pub failures_in_a_row: u32,
    /// When the first of them began.
    pub first_failed_at: Option<OffsetDateTime>,
}

impl Finding {
    /// What the link is worth.
    pub fn kind(&self) -> Kind {
        self.verdict.kind()
    }

    /// Why, in German, with the status and where it leads.
    pub fn reason(&self) -> String {
        let mut reason = self.verdict.to_string();
        if let Some(status) = self.status {
            let _ = write!(reason, " (Status {status})");
        }
        if let Some(leads_to) = &self.leads_to {
            let _ = write!(reason, ": {}", shown(leads_to));
        }
        reason
    }
}

/// What is known of all links after a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// One for each link, in the order of their addresses.
    pub findings: Vec<Finding>,
    /// How many links were not come to, because the run was cancelled.
    pub open: usize,
    /// How many pages were asked in this run.
    pub asked: usize,
}

impl Report {
    /// A host that does not exist is gone only if others answer: else it is our own name server or
    /// firewall that knows no host.
    pub(super) fn new(mut findings: Vec<Finding>, open: usize, asked: usize) -> Self {
        if !findings.iter().any(|finding| finding.status.is_some()) {
            for finding in &mut findings {
                if finding.verdict == Verdict::HostStillUnknown {
                    finding.verdict = Verdict::HostUnknown;
                }
            }
        }
        Self { findings, open, asked }
    }

    /// How many links are of a kind.
    pub fn count(&self, kind: Kind) -> usize {
        self.of(kind).count()
    }

    /// Whether every link was checked and works.
    pub fn is_clean(&self) -> bool {
        self.open == 0 && self.count(Kind::Works) == self.findings.len()
    }

    /// The report as German text: figures first, then each link that needs attention.
    pub fn render(&self) -> String {
        let mut text = format!(
            "{} Links, {} Seiten in diesem Lauf abgefragt\n\n",
            self.findings.len() + self.open,
            self.asked
        );
        for kind in Kind::ALL {
            let _ = writeln!(text, "  {kind:<25}{:>8}", self.count(kind));
        }
        if self.open > 0 {
            let _ = writeln!(text, "  {:<25}{:>8}", "noch offen", self.open);
            text.push_str("\nDer Lauf wurde abgebrochen. Der nächste macht dort weiter.\n");
        }
        if self.seems_offline() {
            text.push_str(
                "\nKein Server hat geantwortet. Vermutlich kommt dieser Rechner nicht direkt ins \
                 Internet; einen Proxy benutzt die Linkprüfung nicht.\n",
            );
        }
        for kind in Kind::ALL.into_iter().filter(|kind| *kind != Kind::Works) {
            let count = self.count(kind);
            if count > 0 {
                let _ = writeln!(text, "\n{} ({count})", capitalized(&kind.to_string()));
                self.of(kind).for_each(|finding| describe(&mut text, finding));
            }
        }
        text
    }

    /// All findings as a table with tabs, one line each, the first line names the columns.
    pub fn tsv(&self) -> String {
        let mut table =
            "Link\tErgebnis\tGrund\tStatus\tführt zu\tgeprüft am\tFehlschläge in Folge\t\
                         fehlt seit\tbenutzt in\n"
                .to_owned();
        for finding in &self.findings {
            let cells = [
                cell(&finding.url),
                finding.kind().to_string(),
                finding.verdict.to_string(),
                finding.status.map(|status| status.to_string()).unwrap_or_default(),
                finding.leads_to.as_deref().map(cell).unwrap_or_default(),
                date(finding.checked_at),
                finding.failures_in_a_row.to_string(),
                finding.first_failed_at.map(date).unwrap_or_default(),
                cell(&finding.used_by.join(", ")),
            ];
            table.push_str(&cells.join("\t"));
            table.push('\n');
        }
        table
    }

    fn of(&self, kind: Kind) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(move |finding| finding.kind() == kind)
    }

    fn seems_offline(&self) -> bool {
        self.count(Kind::Down) > 0 && self.findings.iter().all(|finding| finding.status.is_none())
    }
}

fn describe(text: &mut String, finding: &Finding) {
    let _ = writeln!(text, "  {}", shown(&finding.url));
    let _ = writeln!(text, "    {}", finding.reason());
    if let Some(since) = finding.first_failed_at.filter(|_| finding.failures_in_a_row > 1) {
        let _ = writeln!(
            text,
            "    {} Mal in Folge, zuerst am {}",
            finding.failures_in_a_row,
            date(since)
        );
    }
    if !finding.used_by.is_empty() {
        let named: Vec<String> =
            finding.used_by.iter().take(NAMED_USERS).map(|user| shown(user)).collect();
        let more = match finding.used_by.len().saturating_sub(NAMED_USERS) {
            0 => String::new(),
            more => format!(" und {more} weitere"),
        };
        let _ = writeln!(text, "    benutzt in: {}{more}", named.join(", "));
    }
}

/// Foreign text for a terminal: without characters that control it or reorder what is read.
fn shown(text: &str) -> String {
    let mut shown: String = text.chars().filter(|c| !is_treacherous(*c)).take(MAX_SHOWN).collect();
    if text.chars().count() > MAX_SHOWN {
        shown.push('…');
    }
    shown
}

/// Foreign text for a cell, which a spreadsheet must not take for a formula (OWASP ASVS 1.2.10).
fn cell(text: &str) -> String {
    let text: String = text.chars().filter(|c| !is_treacherous(*c)).collect();
    if text.starts_with(['=', '+', '-', '@']) { format!("'{text}") } else { text }
}

/// Controls, among them tab and line break, and the marks that turn the direction of writing.
fn is_treacherous(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

fn date(at: OffsetDateTime) -> String {
    // It fails only for a format that asks for what a date does not have.
    at.format(format_description!("[day].[month].[year]")).unwrap_or_default()
}

fn capitalized(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    fn finding(url: &str, verdict: Verdict, status: Option<u16>) -> Finding {
        Finding {
            url: url.to_owned(),
            used_by: vec!["hund-anmelden".to_owned()],
            verdict,
            status,
            leads_to: None,
            checked_at: datetime!(2026-11-22 03:00 +1),
            failures_in_a_row: 0,
            first_failed_at: None,
        }
    }

    #[test]
    fn the_text_says_what_needs_attention_and_why() {
        let moved = Finding {
            leads_to: Some("https://neu.example/".to_owned()),
            ..finding("http://alt.example/", Verdict::Moved, Some(200))
        };
        let gone = Finding {
            used_by: (1..=7).map(|n| format!("leistung-{n}")).collect(),
            failures_in_a_row: 3,
            first_failed_at: Some(datetime!(2026-11-08 03:00 +1)),
            ..finding("https://weg.example/", Verdict::NotFound, Some(404))
        };
        let works = finding("https://gut.example/", Verdict::Works, Some(200));
        let report = Report::new(vec![moved, gone, works], 2, 3);
        assert_eq!(
            report.render(),
            "5 Links, 3 Seiten in diesem Lauf abgefragt\n\
             \n\
             \x20 funktioniert                    1\n\
             \x20 umgezogen                       1\n\
             \x20 nicht mehr da                   1\n\
             \x20 zurzeit nicht erreichbar        0\n\
             \x20 nicht eindeutig                 0\n\
             \x20 nicht geprüft                   0\n\
             \x20 noch offen                      2\n\
             \n\
             Der Lauf wurde abgebrochen. Der nächste macht dort weiter.\n\
             \n\
             Umgezogen (1)\n\
             \x20 http://alt.example/\n\
             \x20   Die Seite hat dauerhaft eine neue Adresse (Status 200): https://neu.example/\n\
             \x20   benutzt in: hund-anmelden\n\
             \n\
             Nicht mehr da (1)\n\
             \x20 https://weg.example/\n\
             \x20   Die Seite gibt es nicht (Status 404)\n\
             \x20   3 Mal in Folge, zuerst am 08.11.2026\n\
             \x20   benutzt in: leistung-1, leistung-2, leistung-3, leistung-4, leistung-5 und 2 weitere\n"
        );
        assert!(!report.is_clean());
    }

    #[test]
    fn a_table_has_one_line_for_each_link_whatever_stands_in_it() {
        let nasty = Finding {
            used_by: vec!["=1+1".to_owned(), "a\tb".to_owned()],
            ..finding("@x\r\n\u{202e}y", Verdict::NotAnAddress, None)
        };
        let table = Report::new(vec![nasty], 0, 0).tsv();
        let lines: Vec<Vec<&str>> = table.lines().map(|line| line.split('\t').collect()).collect();
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[0].len(), lines[1].len());
        assert_eq!(lines[1][0], "'@xy");
        assert_eq!(lines[1][1], "nicht geprüft");
        assert_eq!(lines[1][5], "22.11.2026");
        assert_eq!(lines[1][8], "'=1+1, ab");
    }

    #[test]
    fn hosts_are_gone_only_if_others_answer() {
        let unknown = finding("https://a.example/", Verdict::HostStillUnknown, None);
        let alone = Report::new(vec![unknown.clone()], 0, 1);
        assert_eq!((alone.count(Kind::Gone), alone.count(Kind::Down)), (0, 1));
        assert!(alone.render().contains("nicht direkt ins Internet"));

        let works = finding("https://b.example/", Verdict::Works, Some(200));
        let report = Report::new(vec![unknown, works.clone()], 0, 2);
        assert_eq!(report.count(Kind::Gone), 1);
        assert!(!report.render().contains("Internet"));
        assert!(Report::new(vec![works], 0, 1).is_clean());
    }
}
