//! Deadlines as a calendar file (iCalendar, RFC 5545) for the calendar programs of citizens.
//!
//! Written by hand: the format is a dozen lines, and the crate for it brings a second time library
//! and random identifiers along. The same input gives the same bytes, and no text can break out of
//! its line.
//!
//! There is no METHOD: that would make the file a scheduling message, which has to name an
//! organizer (RFC 5546, 3.2.1).

use std::fmt::Write;

use time::{Date, OffsetDateTime, UtcOffset};

/// One all-day entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Names the entry for good (3.8.4.7), so that a later file can replace it. Not empty, once in
    /// a file.
    pub uid: String,
    pub day: Date,
    /// One line, not empty; line breaks become spaces.
    pub title: String,
    /// Any lines of plain text, or nothing.
    pub text: String,
    /// A web address, for programs that show one. Put it into the text for the others.
    pub url: Option<String>,
}

/// PRODID (3.7.3): who wrote the file.
const PRODUCT: &str = "-//Amtslotse//Amtslotse//DE";

/// An all-day entry begins at midnight where the reader is (3.8.6.3), so this is nine o'clock on
/// the day before. Google drops alarms on import and uses the reader's own setting.
const ALARM: &str = "-PT15H";

/// The longest line in octets, without its line break (3.1).
const WIDTH: usize = 75;

/// A calendar file (3.4): UTF-8, CRLF, all-day events that leave the day free, each with an alarm
/// on the morning before. `stamp` is the time of the export.
///
/// Left out are entries in years without four digits, which the format cannot write, and addresses
/// other than http and https. A file needs an entry (3.6), so do not offer one without.
pub fn file(name: &str, entries: &[Entry], stamp: OffsetDateTime) -> String {
    let mut out = String::new();
    line(&mut out, "BEGIN", "VCALENDAR");
    line(&mut out, "VERSION", "2.0");
    line(&mut out, "PRODID", PRODUCT);
    line(&mut out, "X-WR-CALNAME", &title(name));
    let stamp = utc(stamp);
    for entry in entries {
        event(&mut out, entry, &stamp);
    }
    line(&mut out, "END", "VCALENDAR");
    out
}

/// An event (3.6.1) and, at its end, its alarm (3.6.6).
fn event(out: &mut String, entry: &Entry, stamp: &str) {
    let Some(start) = date(entry.day) else { return };
    let title = title(&entry.title);
    line(out, "BEGIN", "VEVENT");
    line(out, "UID", &text(&entry.uid));
    line(out, "DTSTAMP", stamp);
    line(out, "DTSTART;VALUE=DATE", &start);
    // The end is exclusive. Without one, an event lasts its day: so the last day of the year 9999.
    if let Some(end) = entry.day.next_day().and_then(date) {
        line(out, "DTEND;VALUE=DATE", &end);
    }
    line(out, "SUMMARY", &title);
    let text = text(&entry.text);
    if !text.is_empty() {
        line(out, "DESCRIPTION", &text);
    }
    if let Some(url) = entry.url.as_deref().and_then(uri) {
        line(out, "URL", &url);
    }
    line(out, "TRANSP", "TRANSPARENT");
    line(out, "BEGIN", "VALARM");
    line(out, "ACTION", "DISPLAY");
    line(out, "DESCRIPTION", &title);
    line(out, "TRIGGER", ALARM);
    line(out, "END", "VALARM");
    line(out, "END", "VEVENT");
}

/// Adds a content line (3.1), folded between characters. The value is escaped and has no breaks.
fn line(out: &mut String, name: &str, value: &str) {
    let mut width = 0;
    for c in name.chars().chain([':']).chain(value.chars()) {
        if width + c.len_utf8() > WIDTH {
            out.push_str("\r\n ");
            width = 1;
        }
        out.push(c);
        width += c.len_utf8();
    }
    out.push_str("\r\n");
}

/// A DATE (3.3.4), if its year has four digits.
fn date(day: Date) -> Option<String> {
    (0..=9999).contains(&day.year()).then(|| digits(day))
}

/// A DATE-TIME in UTC (3.3.5).
fn utc(at: OffsetDateTime) -> String {
    let at = at.to_offset(UtcOffset::UTC);
    let (hour, minute, second) = at.to_hms();
    format!("{}T{hour:02}{minute:02}{second:02}Z", digits(at.date()))
}

fn digits(day: Date) -> String {
    format!("{:04}{:02}{:02}", day.year(), u8::from(day.month()), day.day())
}

/// A TEXT (3.3.11) of any lines.
fn text(raw: &str) -> String {
    escape(plain(raw).trim())
}

/// A TEXT of one line.
fn title(raw: &str) -> String {
    escape(plain(raw).replace('\n', " ").trim())
}

/// Every line break as `\n`, and no other control characters.
fn plain(raw: &str) -> String {
    let lines = raw.replace("\r\n", "\n").replace(['\r', '\u{2028}', '\u{2029}'], "\n");
    lines.replace('\t', " ").chars().filter(|c| *c == '\n' || !c.is_control()).collect()
}

fn escape(plain: &str) -> String {
    let mut out = String::with_capacity(plain.len());
    for c in plain.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\\' | ';' | ',' => out.extend(['\\', c]),
            _ => out.push(c),
        }
    }
    out
}

/// A URI of the web (3.3.13), where no backslash escapes: control characters are dropped, others
/// that a URI cannot hold (RFC 3986, 2) are percent-encoded.
fn uri(raw: &str) -> Option<String> {
    if !["https://", "http://"].iter().any(|scheme| raw.starts_with(scheme)) {
        return None;
    }
    let mut out = String::with_capacity(raw.len());
    for c in raw.chars().filter(|c| !c.is_control()) {
        if c.is_ascii_alphanumeric() || "-._~:/?#[]@!$&'()*+,;=%".contains(c) {
            out.push(c);
        } else {
            for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                write!(out, "%{byte:02X}").expect("a String takes it");
            }
        }
    }
    Some(out)
}
