//! What earlier runs found: a file that makes a run resumable and spares servers from being asked
//! again.
//!
//! JSON lines: a header, then one [`Entry`] for each result, written as it comes in; of several for
//! one page the last one counts. A run that was killed may leave half a line at the end, which is
//! dropped. At the end of a run the file is rewritten without what is superseded, by way of a
//! second file that is renamed: there is no moment at which it is incomplete.

use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, BufWriter, Read, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{Kind, LinkError, Verdict, probe::Probe};

/// A page that did not answer is asked again after half a day, in the next nightly run.
const RETRY_AFTER: Duration = Duration::from_hours(12);

/// The first line: by it a file is known as ours before anything is written to it.
const HEADER: &str = r#"{"format":"amtslotse-links","version":1}"#;

/// What is known of one page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Its address, without fragment.
    pub url: String,
    /// What was found.
    pub verdict: Verdict,
    /// The last HTTP status, if there was an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The new address of a page that has moved; else, after a redirect, the address that the
    /// verdict speaks of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leads_to: Option<String>,
    /// When the run began that asked it.
    #[serde(with = "time::serde::rfc3339")]
    pub checked_at: OffsetDateTime,
    /// In how many runs in a row, up to the last one, it was down or gone.
    #[serde(default)]
    pub failures_in_a_row: u32,
    /// When the first of them began.
    #[serde(
        default,
        with = "time::serde::rfc3339::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub first_failed_at: Option<OffsetDateTime>,
}

impl Entry {
    /// Whether it need not be asked again at `now`.
    fn is_fresh(&self, recheck_after: Duration, now: OffsetDateTime) -> bool {
        let lasts =
            if self.verdict.may_pass() { recheck_after.min(RETRY_AFTER) } else { recheck_after };
        // A time to come is a clock that was set back, and says nothing.
        Duration::try_from(now - self.checked_at).is_ok_and(|age| age < lasts)
    }

    /// What was found now, in the light of what was found before.
    fn after(before: Option<&Self>, url: &str, probe: Probe, now: OffsetDateTime) -> Self {
        let unknown = [Verdict::HostUnknown, Verdict::HostStillUnknown];
        let verdict = match (before, probe.verdict) {
            (Some(before), Verdict::HostUnknown) if unknown.contains(&before.verdict) => {
                Verdict::HostStillUnknown
            }
            (_, verdict) => verdict,
        };
        let failed = matches!(verdict.kind(), Kind::Down | Kind::Gone);
        let (failures, since) =
            before.map_or((0, None), |before| (before.failures_in_a_row, before.first_failed_at));
        Self {
            url: url.to_owned(),
            verdict,
            status: probe.status,
            leads_to: probe.leads_to.map(String::from),
            checked_at: now,
            failures_in_a_row: if failed { failures.saturating_add(1) } else { 0 },
            first_failed_at: failed.then(|| since.unwrap_or(now)),
        }
    }
}

/// The results of earlier runs and of this one, kept in a file.
#[derive(Debug)]
pub struct Memory {
    path: PathBuf,
    /// Open for appending, and locked.
    file: File,
    /// How many bytes of it are whole lines.
    length: u64,
    /// How many of its lines later ones supersede.
    superseded: usize,
    entries: BTreeMap<String, Entry>,
}

impl Memory {
    /// Opens a memory; a file that is not there yet is made.
    ///
    /// # Errors
    ///
    /// If the file cannot be read or written, another run holds it, or it is not an intact memory:
    /// then it is left as it is.
    pub fn open(path: &Path) -> Result<Self, LinkError> {
        let shown = || path.display().to_string();
        let io = |error| LinkError::Io { path: shown(), error };
        // Before it is opened: a FIFO would make us wait for ever.
        if fs::metadata(path).is_ok_and(|found| !found.is_file()) {
            return Err(LinkError::NotAFile { path: shown() });
        }
        let mut file =
            OpenOptions::new().read(true).append(true).create(true).open(path).map_err(io)?;
        // File systems without locks are used without.
        if let Err(TryLockError::WouldBlock) = file.try_lock() {
            return Err(LinkError::InUse { path: shown() });
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(io)?;
        let whole = bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
        let mut lines = bytes[..whole].split(|&byte| byte == b'\n');
        let is_new = bytes.is_empty();
        if !is_new && lines.next() != Some(HEADER.as_bytes()) {
            return Err(LinkError::NotAMemory { path: shown() });
        }
        let (entries, superseded) = read(lines, shown)?;
        // The real place: a rename would put a file where a symbolic link is.
        let path = path.canonicalize().map_err(io)?;
        let mut memory = Self { path, file, length: whole as u64, superseded, entries };
        if is_new {
            memory.rewrite()?;
        } else if whole < bytes.len() {
            memory.file.set_len(memory.length).map_err(io)?;
        }
        Ok(memory)
    }

    /// What is known of a page.
    pub fn get(&self, url: &str) -> Option<&Entry> {
        self.entries.get(url)
    }

    /// Whether a page need not be asked again at `now`.
    pub(super) fn is_fresh(&self, url: &str, after: Duration, now: OffsetDateTime) -> bool {
        self.get(url).is_some_and(|entry| entry.is_fresh(after, now))
    }

    /// Keeps a result, in the file as well.
    pub(super) fn record(
        &mut self,
        url: &str,
        probe: Probe,
        now: OffsetDateTime,
    ) -> Result<(), LinkError> {
        let entry = Entry::after(self.get(url), url, probe, now);
        let written = line(&entry).and_then(|line| {
            self.file.write_all(&line)?;
            Ok(line.len() as u64)
        });
        match written {
            Ok(length) => self.length += length,
            Err(error) => {
                // Half a line must not come before others. If that fails, too, it is the last one.
                let _ = self.file.set_len(self.length);
                return Err(LinkError::Io { path: self.path.display().to_string(), error });
            }
        }
        if self.entries.insert(url.to_owned(), entry).is_some() {
            self.superseded += 1;
        }
        Ok(())
    }

    /// Drops superseded lines from the file.
    pub(super) fn tidy(&mut self) -> Result<(), LinkError> {
        if self.superseded > 0 { self.rewrite() } else { Ok(()) }
    }

    fn rewrite(&mut self) -> Result<(), LinkError> {
        let (file, length) = self
            .replace_file()
            .map_err(|error| LinkError::Io { path: self.path.display().to_string(), error })?;
        (self.file, self.length, self.superseded) = (file, length, 0);
        Ok(())
    }

    /// Puts a new file in the place of the old one, and returns it, locked, with its length.
    fn replace_file(&self) -> io::Result<(File, u64)> {
        let mut next = self.path.clone().into_os_string();
        next.push(".neu");
        match fs::remove_file(&next) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let file = OpenOptions::new().read(true).append(true).create_new(true).open(&next)?;
        let mut writer = BufWriter::new(&file);
        writeln!(writer, "{HEADER}")?;
        for entry in self.entries.values() {
            writer.write_all(&line(entry)?)?;
        }
        writer.flush()?;
        drop(writer);
        file.sync_all()?;
        // Before the rename, so that no other run comes between; without locks, see `open`.
        let _ = file.try_lock();
        fs::rename(&next, &self.path)?;
        let length = file.metadata()?.len();
        Ok((file, length))
    }
}

/// The entries of all lines after the header, and how many were superseded.
fn read<'a>(
    lines: impl Iterator<Item = &'a [u8]>,
    shown: impl Fn() -> String,
) -> Result<(BTreeMap<String, Entry>, usize), LinkError> {
    let (mut entries, mut superseded) = (BTreeMap::new(), 0);
    for (number, line) in (2..).zip(lines).filter(|(_, line)| !line.is_empty()) {
        let entry: Entry = serde_json::from_slice(line).map_err(|error| LinkError::BrokenLine {
            path: shown(),
            line: number,
            error,
        })?;
        if entries.insert(entry.url.clone(), entry).is_some() {
            superseded += 1;
        }
    }
    Ok((entries, superseded))
}

fn line(entry: &Entry) -> io::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(entry)?;
    line.push(b'\n');
    Ok(line)
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-11-22 03:00 +1);
    const WEEK: Duration = Duration::from_hours(7 * 24);

    fn probe(verdict: Verdict) -> Probe {
        Probe { verdict, status: None, leads_to: None }
    }

    fn record(memory: &mut Memory, url: &str, verdict: Verdict, now: OffsetDateTime) {
        memory.record(url, probe(verdict), now).unwrap();
    }

    #[test]
    fn results_are_there_again_after_a_run_was_killed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("links.jsonl");
        let mut memory = Memory::open(&path).unwrap();
        record(&mut memory, "https://a.example/", Verdict::Works, NOW);
        record(&mut memory, "https://b.example/", Verdict::NotFound, NOW);
        drop(memory); // Without `tidy`, as a killed process does.
        let mut bytes = fs::read(&path).unwrap();
        bytes.extend_from_slice(br#"{"url":"https://c.example/","verd"#);
        fs::write(&path, &bytes).unwrap();

        let mut memory = Memory::open(&path).unwrap();
        assert_eq!(memory.get("https://a.example/").unwrap().verdict, Verdict::Works);
        assert_eq!(memory.get("https://b.example/").unwrap().first_failed_at, Some(NOW));
        assert_eq!(memory.get("https://c.example/"), None);
        record(&mut memory, "https://c.example/", Verdict::Works, NOW);
        drop(memory);
        assert!(Memory::open(&path).unwrap().get("https://c.example/").is_some());
    }

    #[test]
    fn superseded_results_leave_the_file_and_the_lock_stays() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("links.jsonl");
        let mut memory = Memory::open(&path).unwrap();
        for verdict in [Verdict::Timeout, Verdict::ServerError, Verdict::Works] {
            record(&mut memory, "https://a.example/", verdict, NOW);
        }
        memory.tidy().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 2);
        assert!(matches!(Memory::open(&path), Err(LinkError::InUse { .. })));
        record(&mut memory, "https://b.example/", Verdict::Works, NOW);
        drop(memory);
        let memory = Memory::open(&path).unwrap();
        assert_eq!(memory.entries.len(), 2);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "no second file is left");
    }

    #[test]
    fn a_file_that_is_no_intact_memory_is_left_as_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("links.jsonl");
        let entry = r#""verdict":"works","checked_at":"2026-11-22T03:00:00+01:00""#;
        for (content, expected) in [
            ("Einkaufszettel".to_owned(), "ist kein Gedächtnis der Linkprüfung"),
            ("url;kind\n".to_owned(), "ist kein Gedächtnis der Linkprüfung"),
            (format!("{HEADER}\nkaputt\n"), "Zeile 2"),
            (format!("{HEADER}\n{{\"url\":\"a\",{entry}}}\n\u{fffd}\n{{}}\n"), "Zeile 3"),
            (format!("{HEADER}\n{{\"url\":\"a\",{entry},\"verdict\":\"works\"}}\n"), "Zeile 2"),
            (format!("{HEADER}\n{{\"url\":\"a\",{entry},\"neu\":1}}\n"), "Zeile 2"),
        ] {
            fs::write(&path, &content).unwrap();
            let error = Memory::open(&path).unwrap_err().to_string();
            assert!(error.contains(expected) && error.contains("links.jsonl"), "{error}");
            assert_eq!(fs::read_to_string(&path).unwrap(), content);
        }
        let error = Memory::open(dir.path()).unwrap_err().to_string();
        assert!(error.contains("keine Datei"), "{error}");
        assert!(Memory::open(&dir.path().join("fehlt/links.jsonl")).is_err());
    }

    #[test]
    fn failures_are_counted_until_the_page_answers() {
        let dir = tempfile::tempdir().unwrap();
        let mut memory = Memory::open(&dir.path().join("links.jsonl")).unwrap();
        let day = |n: i64| NOW + time::Duration::days(n);
        let page = "https://a.example/";
        let mut story = Vec::new();
        for (n, verdict) in (0..).zip([
            Verdict::Timeout,
            Verdict::HostUnknown,
            Verdict::HostUnknown,
            Verdict::HostUnknown,
            Verdict::Works,
            Verdict::NotFound,
        ]) {
            record(&mut memory, page, verdict, day(n));
            let entry = memory.get(page).unwrap();
            story.push((entry.verdict, entry.failures_in_a_row, entry.first_failed_at));
        }
        assert_eq!(
            story,
            [
                (Verdict::Timeout, 1, Some(day(0))),
                (Verdict::HostUnknown, 2, Some(day(0))),
                (Verdict::HostStillUnknown, 3, Some(day(0))),
                (Verdict::HostStillUnknown, 4, Some(day(0))),
                (Verdict::Works, 0, None),
                (Verdict::NotFound, 1, Some(day(5))),
            ]
        );
    }

    #[test]
    fn what_may_pass_is_asked_again_sooner() {
        let dir = tempfile::tempdir().unwrap();
        let mut memory = Memory::open(&dir.path().join("links.jsonl")).unwrap();
        record(&mut memory, "gone", Verdict::NotFound, NOW);
        record(&mut memory, "down", Verdict::Timeout, NOW);
        let fresh = |url: &str, hours: i64, after: Duration| {
            memory.is_fresh(url, after, NOW + time::Duration::hours(hours))
        };
        assert!(fresh("gone", 0, WEEK) && fresh("gone", 167, WEEK) && !fresh("gone", 168, WEEK));
        assert!(fresh("down", 11, WEEK) && !fresh("down", 12, WEEK));
        assert!(!fresh("down", 2, Duration::from_hours(1)));
        assert!(!fresh("gone", -1, WEEK), "the clock was set back");
        assert!(!fresh("gone", 0, Duration::ZERO));
        assert!(!fresh("never asked", 0, WEEK));
    }
}
