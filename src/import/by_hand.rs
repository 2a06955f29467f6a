//! What the sources that somebody fills in by hand have in common: the [table](super::csv) of a
//! clerk and the [overlay](super::towns) of a town. Their texts are cleaned and their links, postal
//! codes and mail addresses checked here, once; the reasons are German, since clerks read them.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::Path,
};

use url::{Host, Url};

use super::plain;
use crate::{ids::RegionKey, text::fold};

/// The longest text, in characters.
const MAX_TEXT: usize = 300;
/// The longest name, in characters.
pub const MAX_NAME: usize = 200;
/// How much of a value is shown in a report, in characters.
pub const SHOWN: usize = 60;
/// The longest address of a page, in bytes.
const MAX_LINK: usize = 2_000;
/// The longest id of a record, in bytes.
const MAX_ID: usize = 30;

/// A value and what is wrong with it, for a report.
pub fn shown(value: &str, reason: &str) -> String {
    format!("»{}« {reason}", plain::at_most(value, SHOWN))
}

/// A regular file, read as a whole. Links to files are followed; a pipe is never opened, since
/// reading it might wait for ever.
///
/// # Errors
/// If it cannot be read, is something else or larger than `max` bytes.
pub fn read_file(path: &Path, max: u64) -> io::Result<Vec<u8>> {
    let too_large = || io::Error::other(format!("größer als {} MB", max >> 20));
    let meta = fs::metadata(path)?;
    if !meta.is_file() {
        return Err(io::Error::other("keine gewöhnliche Datei"));
    }
    if meta.len() > max {
        return Err(too_large());
    }
    let mut bytes = Vec::new();
    // It may have grown since.
    File::open(path)?.take(max + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > max { Err(too_large()) } else { Ok(bytes) }
}

/// Plain text in one line; `None` if nothing is left, or only a dash.
pub fn text(written: &str) -> Option<String> {
    let text = lines(written).join(" ");
    (!text.is_empty()).then_some(text)
}

/// Plain text in one line, cut at a sentence or a word where it is too long.
pub fn short(written: &str) -> Option<String> {
    Some(plain::at_most(&text(written)?, MAX_TEXT))
}

/// Plain text, one entry for each line that holds more than a dash.
pub fn lines(written: &str) -> Vec<String> {
    let mut lines = plain::lines(&written.replace('\r', "\n"));
    for line in &mut lines {
        line.retain(|c| !is_unseen(c));
        *line = line.trim().to_owned();
    }
    lines.retain(|line| !matches!(line.as_str(), "" | "-" | "–" | "—"));
    lines
}

/// Characters without a picture, among them those that turn the direction of writing.
fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}')
        || matches!(c, '\u{2060}'..='\u{206f}' | '\u{fff9}'..='\u{fffb}')
}

/// A word for comparison: case, umlauts, blanks and punctuation do not matter ("E-Mail" is "email").
pub fn word(written: &str) -> String {
    fold(written).chars().filter(|c| c.is_alphanumeric()).collect()
}

/// The address of a page, in the form that browsers use (the host in ASCII).
///
/// # Errors
/// If it is not `http` or `https`, names a user or no host of the public net; the reason completes
/// "Die Adresse …".
pub fn link(written: &str) -> Result<String, &'static str> {
    let written = written.trim();
    if written.len() > MAX_LINK {
        return Err("ist länger als 2000 Zeichen");
    }
    if written.chars().any(|c| c.is_whitespace() || c.is_control() || "<>\"`{}|\\^".contains(c)) {
        return Err("enthält Leerzeichen oder unerlaubte Zeichen");
    }
    let incomplete = "beginnt nicht mit https:// (oder http://)";
    let url = Url::parse(written).map_err(|_| incomplete)?;
    if !matches!(url.scheme(), "https" | "http") {
        return Err(incomplete);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("enthält einen Benutzernamen oder ein Passwort");
    }
    match url.host() {
        Some(Host::Domain(host)) if host.trim_end_matches('.').contains('.') => Ok(url.into()),
        _ => Err("nennt keinen Rechner mit Namen (www.musterstadt.example)"),
    }
}

/// The mail address of an office.
///
/// # Errors
/// If it is none; the reason completes "Die Adresse …".
pub fn email(written: &str) -> Result<String, &'static str> {
    let written = written.trim();
    let is_part = |part: &str| {
        !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || ".-_+%&'".contains(c))
    };
    match written.split_once('@') {
        Some((user, host)) if is_part(user) && is_part(host) && host.contains('.') => {
            Ok(written.to_owned())
        }
        _ => Err("ist keine E-Mail-Adresse"),
    }
}

/// A German postcode; the zero that spreadsheets drop from "01067" is put back.
///
/// # Errors
/// If it has not five digits.
pub fn postcode(written: &str) -> Result<String, &'static str> {
    let digits = written.trim();
    if matches!(digits.len(), 4 | 5) && digits.bytes().all(|b| b.is_ascii_digit()) {
        Ok(format!("{digits:0>5}"))
    } else {
        Err("ist keine Postleitzahl (5 Ziffern)")
    }
}

/// An id for a record that was given none: the region without its last zeros and what it is called,
/// as in `05315-hund-anmelden`. What is too long is cut and told apart by a checksum.
pub fn id(region: RegionKey, called: &str) -> String {
    let folded = fold(called);
    let words = folded.split(|c: char| !c.is_ascii_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    let joined = |parts: &[&str]| {
        let parts = parts.iter().copied().filter(|part| !part.is_empty());
        parts.collect::<Vec<_>>().join("-")
    };
    let region = region.to_string();
    let id = joined(&[region.trim_end_matches('0'), &joined(&words)]);
    let says_all = folded.chars().all(|c| c.is_ascii() || !c.is_alphanumeric());
    if id.len() <= MAX_ID && says_all && !words.is_empty() {
        return id;
    }
    let checksum = format!("{:06x}", checksum(called) & 0xff_ffff);
    let head = &id[..id.len().min(MAX_ID - checksum.len() - 1)];
    joined(&[head.trim_end_matches('-'), &checksum])
}

/// Whether an id given by hand has the form that [`Record::id`](super::record::Record::id) asks for.
pub fn is_id(written: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
    (1..=MAX_ID).contains(&written.len()) && written.bytes().all(allowed)
}

/// FNV-1a: the same on every machine and in every version.
fn checksum(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::hours::OpeningHours;

    #[test]
    fn fault_51_only_plain_web_addresses_are_links() {
        assert_eq!(
            link(" https://www.koeln.de/hund?a=1#b ").unwrap(),
            "https://www.koeln.de/hund?a=1#b"
        );
        assert_eq!(link("http://www.koeln.de").unwrap(), "http://www.koeln.de/");
        assert_eq!(link("https://köln.de/ä").unwrap(), "https://xn--kln-sna.de/%C3%A4");
        // The first letter is Cyrillic: punycode shows it.
        assert!(link("https://еlster.de/").unwrap().starts_with("https://xn--"));
        let long = format!("https://www.koeln.de/{}", "a".repeat(10_000));
        for bad in [
            "www.koeln.de",
            "javascript:alert(1)",
            "data:text/html,x",
            "file:///etc/passwd",
            "https://nutzer:geheim@koeln.de",
            "https://nutzer@koeln.de",
            "https://koeln .de",
            "https://koeln.de/\u{0}",
            "https://localhost/",
            "https://127.0.0.1/",
            "https://[::1]/",
            "https:\\\\koeln.de",
            "https://",
            "",
            &long,
        ] {
            assert!(link(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn text_is_plain_and_a_lone_dash_is_none() {
        assert_eq!(
            text("<b>12</b>&nbsp;Euro\u{202e}\u{7}\r\npro Jahr").unwrap(),
            "12 Euro pro Jahr"
        );
        for nothing in ["", " - ", "–", "\n", "<p></p>", "\u{200b}"] {
            assert_eq!(text(nothing), None, "{nothing:?}");
        }
        assert_eq!(lines("Ausweis\r\n- \r\n<li>Foto"), ["Ausweis", "Foto"]);
        assert_eq!(word(" E-Mail "), "email");
        assert_eq!(word("GEBÜHR"), word("Gebu\u{308}hr"));
    }

    #[test]
    fn an_id_is_short_and_tells_apart() {
        let koeln: RegionKey = "053150000000".parse().unwrap();
        let village: RegionKey = "084160041041".parse().unwrap();
        assert_eq!(id(koeln, "hund-anmelden"), "05315-hund-anmelden");
        assert_eq!(id(koeln, "Führerschein"), "05315-fuehrerschein");
        assert_eq!(id(RegionKey::GERMANY, "hund-anmelden"), "hund-anmelden");
        let [first, second] = ["abgeben", "verlängern"]
            .map(|what| id(village, &format!("Verpflichtungserklärung {what}")));
        assert_ne!(first, second);
        for id in [first, second, id(village, "ペット"), id(RegionKey::GERMANY, "🐕")] {
            assert!(is_id(&id), "{id}");
        }
        assert_ne!(id(koeln, "ペット"), id(koeln, "ネコ"));
        for bad in ["", "a b", "ä", "a:b", &"x".repeat(31)] {
            assert!(!is_id(bad), "{bad}");
        }
    }

    #[test]
    fn postcodes_and_mail_addresses_are_checked() {
        assert_eq!(postcode("1067").unwrap(), "01067");
        assert_eq!(postcode(" 50667 ").unwrap(), "50667");
        assert!(postcode("D-50667").is_err() && postcode("123").is_err());
        assert!(email("buergeramt@stadt-koeln.de").is_ok());
        assert!(["", "@", "a@b", "a b@c.de", "a@b@c.de"].iter().all(|bad| email(bad).is_err()));
    }

    #[test]
    fn fault_53_only_regular_files_of_limited_size_are_read() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a");
        fs::write(&file, [0; 20]).unwrap();
        assert_eq!(read_file(&file, 20).unwrap().len(), 20);
        assert!(read_file(&file, 19).unwrap_err().to_string().contains("größer als"));
        assert!(
            read_file(dir.path(), 20).unwrap_err().to_string().contains("keine gewöhnliche Datei")
        );
        assert!(read_file(&dir.path().join("b"), 20).is_err());
    }

    /// Offices of Berlin, 2020: what cannot be read is what must not be (single Saturdays, other
    /// rules at the edges of the day, a day left empty, closed all week).
    #[test]
    fn hours_of_berlin_offices() {
        let Some(text) = sample("berlin-services-2020/aemter-output.json") else { return };
        let groups: serde_json::Value = serde_json::from_str(&text).unwrap();
        let offices = groups.as_array().unwrap().iter();
        let offices = offices.flat_map(|group| group["items"].as_array().unwrap());
        let (mut known, mut unknown, mut nothing) = (0, Vec::new(), 0);
        for office in offices {
            let openings = office["details"]["openings"].as_str().unwrap_or_default();
            let hours = OpeningHours::parse(&lines(openings).join("\n"));
            match hours.note {
                _ if !hours.spans.is_empty() => known += 1,
                Some(note) => unknown.push(note),
                None => nothing += 1,
            }
        }
        assert_eq!((known, unknown.len(), nothing), (50, 7, 11), "{unknown:#?}");
    }

    fn sample(path: &str) -> Option<String> {
        crate::real::real(path).map(|path| std::fs::read_to_string(path).unwrap())
    }
}
