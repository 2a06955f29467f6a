//! Asks the Suchdienst, politely: one request at a time, not more than so many a second, and what
//! is stored is not asked again.
//!
//! The addresses and parameters are those of its public interface, at API version 9.12.

use std::{
    collections::BTreeSet,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    time::Duration,
};

use reqwest::{
    StatusCode, Url,
    header::{self, HeaderMap, HeaderName, HeaderValue},
    redirect,
};
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use time::{
    OffsetDateTime,
    format_description::well_known::{Rfc2822, Rfc3339},
};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::{
    settings::{Checked, Settings, unfit},
    shapes::{Asked, Object, OfficeTitle, Stored, chosen, is_id},
};
use crate::{
    ids::{LeikaKey, RegionKey},
    import::{
        raw,
        record::{ImportError, Rejected},
    },
};

/// How one asks for an own id; whoever has none may ask without.
const CLIENT_ID: HeaderName = HeaderName::from_static("pvog-sud-api-client-id");
/// Largest answer, in bytes, unpacked.
const MAX_BODY: usize = 16 * 1024 * 1024;
/// More pages than any answer can have.
const MAX_PAGES: u64 = 500;
/// Redirects followed, all on the same host.
const MAX_REDIRECTS: usize = 3;
/// After so many items in a row without any answer the service is taken for out of order.
const MAX_UNANSWERED: u32 = 20;
/// After so many items of which none is there, from the start, the address is taken for wrong: the
/// service answers "not found" for a retired version as for a service that a town does not offer.
const MAX_MISSING: usize = 200;

/// What came of [`fetch`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fetched {
    /// Requests sent, repeated ones counted again.
    pub requests: u64,
    /// Answers stored.
    pub stored: u64,
    /// Answers that say there is nothing; stored as empty files.
    pub empty: u64,
    /// How often a stored answer was used instead of asking.
    pub kept: u64,
    /// What was given up; asked again by the next run.
    pub failed: Vec<Rejected>,
    /// Whether it ended early because it was told to.
    pub cancelled: bool,
}

/// Asks for all `leika` keys in all `regions`, and stores the answers in `dir`:
/// `<region>/<key>.json`, `<region>/stellen/<description>.json` (offices in charge) and
/// `stellen/<office>.json`. What is there is not asked again, so that a run that was interrupted
/// goes on where it ended; to have everything fresh, give another folder.
///
/// `progress` is told how many pairs of region and keys are done, and how many there are. Once
/// `cancel` is, the function returns at once, with what it has.
///
/// # Errors
///
/// If a setting makes no sense, a file cannot be written, or the service is out of order: it did
/// not answer 20 items in a row, has nothing at all for the first 200, or wants to be left alone
/// for more than ten minutes. What was stored until then stays.
pub async fn fetch(
    settings: &Settings,
    regions: &[RegionKey],
    leika: &[LeikaKey],
    dir: &Path,
    progress: &mut (dyn FnMut(u64, Option<u64>) + Send),
    cancel: &CancellationToken,
) -> Result<Fetched, ImportError> {
    let mut client = Client::new(settings, dir, cancel, Pauses::POLITE)?;
    client.fetch_all(regions, leika, progress).await
}

/// How long to wait before a request is repeated.
#[derive(Clone, Copy)]
struct Pauses {
    /// The first time; then twice as long each time.
    first: Duration,
    /// At most.
    longest: Duration,
    /// The longest that the service may ask for; after that the run ends.
    patience: Duration,
}

impl Pauses {
    const POLITE: Self = Self {
        first: Duration::from_secs(1),
        longest: Duration::from_secs(60),
        patience: Duration::from_secs(600),
    };

    /// Before the `attempt`th repetition, counted from 0.
    fn before(self, attempt: u32) -> Duration {
        let factor = 2_u32.saturating_pow(attempt);
        self.first.saturating_mul(factor).min(self.longest)
    }
}

/// Why there is no answer.
enum Fault {
    /// Not for this item, and why.
    GivenUp(String),
    /// The same, but it may be the service rather than the item.
    Unanswered(String),
    /// Not for any item.
    Stop(ImportError),
    /// Nobody waits for it any more.
    Cancelled,
}

impl From<ImportError> for Fault {
    fn from(error: ImportError) -> Self {
        Self::Stop(error)
    }
}

/// What one request led to.
enum Reply {
    Json(String),
    /// The service has nothing of that.
    Nothing,
    /// It will not be answered, however often.
    Refused(Fault),
    /// It may be answered later: why not now, and when, if the service says so.
    Later(String, Option<Duration>),
}

struct Client<'a> {
    settings: &'a Settings,
    base: Url,
    http: reqwest::Client,
    dir: &'a Path,
    cancel: &'a CancellationToken,
    pauses: Pauses,
    /// Between the beginnings of two requests.
    interval: Duration,
    /// When the next request may begin.
    next: Instant,
    unanswered: u32,
    /// Empty files written, as long as nothing else was.
    suspicious: Vec<PathBuf>,
    done: Fetched,
}

impl<'a> Client<'a> {
    fn new(
        settings: &'a Settings,
        dir: &'a Path,
        cancel: &'a CancellationToken,
        pauses: Pauses,
    ) -> Result<Self, ImportError> {
        let Checked { base, client_id, interval, timeout } = settings.checked()?;
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(header::ACCEPT_LANGUAGE, HeaderValue::from_static("de"));
        if let Some(id) = client_id {
            headers.insert(CLIENT_ID, id);
        }
        let http = reqwest::Client::builder()
            .user_agent(concat!("Amtslotse/", env!("CARGO_PKG_VERSION")))
            .default_headers(headers)
            .timeout(timeout)
            .redirect(redirect::Policy::custom(stay_on_host))
            .build()
            .map_err(|error| unfit("base_url", &error.to_string()))?;
        Ok(Self {
            settings,
            base,
            http,
            dir,
            cancel,
            pauses,
            interval,
            next: Instant::now(),
            unanswered: 0,
            suspicious: Vec::new(),
            done: Fetched::default(),
        })
    }

    async fn fetch_all(
        &mut self,
        regions: &[RegionKey],
        leika: &[LeikaKey],
        progress: &mut (dyn FnMut(u64, Option<u64>) + Send),
    ) -> Result<Fetched, ImportError> {
        // In order and each once, so that the names of the files are the same in every run.
        let regions: BTreeSet<RegionKey> = regions.iter().copied().collect();
        let keys: BTreeSet<LeikaKey> = leika.iter().copied().collect();
        let keys: Vec<LeikaKey> = keys.into_iter().collect();
        let batches: Vec<&[LeikaKey]> = keys.chunks(self.settings.keys_per_request).collect();
        let total = (regions.len() * batches.len()) as u64;
        let mut done = 0;
        progress(done, Some(total));
        for region in regions {
            for &batch in &batches {
                match self.item(region, batch).await {
                    Ok(()) => {}
                    Err(Fault::Cancelled) => {
                        self.done.cancelled = true;
                        return Ok(std::mem::take(&mut self.done));
                    }
                    Err(Fault::Stop(error)) => return Err(error),
                    Err(Fault::GivenUp(reason) | Fault::Unanswered(reason)) => {
                        self.give_up(region, &names(batch), reason);
                    }
                }
                done += 1;
                progress(done, Some(total));
            }
        }
        Ok(std::mem::take(&mut self.done))
    }

    /// Descriptions and offices of some keys in a region.
    async fn item(&mut self, region: RegionKey, keys: &[LeikaKey]) -> Result<(), Fault> {
        let path = self.dir.join(region.to_string()).join(format!("{}.json", names(keys)));
        let text = match self.kept(&path)? {
            Some(text) => text,
            None => {
                let pages = self.descriptions(region, keys).await?;
                self.store(&path, region, Asked::Leika(keys), pages)?
            }
        };
        if !self.settings.offices {
            return Ok(());
        }
        for id in description_ids(&text) {
            match self.offices(region, &id).await {
                Err(Fault::GivenUp(reason) | Fault::Unanswered(reason)) => {
                    self.give_up(region, &id, reason);
                }
                outcome => outcome?,
            }
        }
        Ok(())
    }

    /// All pages; `None` if there is nothing.
    async fn descriptions(
        &mut self,
        region: RegionKey,
        keys: &[LeikaKey],
    ) -> Result<Option<Vec<Box<RawValue>>>, Fault> {
        let size = self.settings.page_size;
        let version = &self.settings.versions.descriptions;
        let mut url = self.url(&[version, "servicedescriptions", "leikahierarchy"]);
        url.query_pairs_mut().append_pair("ars", &region.to_string());
        for key in keys {
            url.query_pairs_mut().append_pair("leikaIds", &key.to_string());
        }
        let mut pages = Vec::new();
        for number in 0..MAX_PAGES {
            let mut url = url.clone();
            url.query_pairs_mut()
                .append_pair("page", &number.to_string())
                .append_pair("size", &size.to_string());
            let Some(text) = self.get(url).await? else { break };
            let is_last = match serde_json::from_str::<Object>(&text) {
                Ok(page) if page.content.is_some() => page.is_last(number, size),
                Ok(_) => return Err(Fault::GivenUp("Antwort ohne »content«".to_owned())),
                Err(error) => return Err(Fault::GivenUp(raw::json_fault(&error))),
            };
            pages.push(json(text)?);
            if is_last {
                return Ok(Some(pages));
            }
        }
        match pages.len() as u64 {
            0 => Ok(None),
            MAX_PAGES => Err(Fault::GivenUp(format!("mehr als {MAX_PAGES} Seiten"))),
            _ => Ok(Some(pages)),
        }
    }

    /// The offices in charge of a description, and the one to name.
    async fn offices(&mut self, region: RegionKey, service: &str) -> Result<(), Fault> {
        let folder = self.dir.join(region.to_string()).join("stellen");
        let path = folder.join(format!("{service}.json"));
        let versions = &self.settings.versions;
        let place = [("ars", region.to_string()), ("lbId", service.to_owned())];
        let text = match self.kept(&path)? {
            Some(text) => text,
            None => {
                let mut url = self.url(&[&versions.office_titles, "organisationunits", "titles"]);
                url.query_pairs_mut().extend_pairs(&place);
                let answer = self.get(url).await?.map(json).transpose()?;
                self.store(&path, region, Asked::Service(service), answer)?
            }
        };
        let Some(office) = office_id(&text)? else { return Ok(()) };
        // One office is in charge of many services: it is asked for once.
        let path = self.dir.join("stellen").join(format!("{office}.json"));
        if self.kept(&path)?.is_none() {
            let mut url = self.url(&[&versions.office, "organisationunits", "detail"]);
            url.query_pairs_mut().append_pair("q", &office).extend_pairs(&place);
            let answer = self.get(url).await?.map(json).transpose()?;
            self.store(&path, region, Asked::Office(&office), answer)?;
        }
        Ok(())
    }

    fn url(&self, path: &[&str]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        url
    }

    /// Asks until there is an answer; `None` if there is nothing.
    async fn get(&mut self, url: Url) -> Result<Option<String>, Fault> {
        let mut attempt = 0;
        loop {
            self.wait_until(self.next).await?;
            self.next = Instant::now() + self.interval;
            self.done.requests += 1;
            let reply = tokio::select! {
                biased;
                () = self.cancel.cancelled() => return Err(Fault::Cancelled),
                reply = self.ask(url.clone()) => reply,
            };
            let (reason, after) = match reply {
                Reply::Json(text) => {
                    self.unanswered = 0;
                    return Ok(Some(text));
                }
                Reply::Nothing => {
                    self.unanswered = 0;
                    return Ok(None);
                }
                Reply::Refused(fault) => return Err(self.counted(fault)),
                Reply::Later(reason, after) => (reason, after),
            };
            if attempt == self.settings.retries {
                let reason = format!("{reason} ({} Versuche)", u64::from(attempt) + 1);
                return Err(self.counted(Fault::Unanswered(reason)));
            }
            let pause = after.unwrap_or_else(|| self.pauses.before(attempt));
            if pause > self.pauses.patience {
                let reason = format!(
                    "{reason}; erst in {} Sekunden darf wieder gefragt werden. Ein neuer Lauf fährt fort.",
                    pause.as_secs()
                );
                return Err(self.stop(reason));
            }
            self.next = self.next.max(Instant::now() + pause);
            attempt += 1;
        }
    }

    /// Stops the run if nobody answers any more.
    fn counted(&mut self, fault: Fault) -> Fault {
        let Fault::Unanswered(reason) = fault else { return fault };
        self.unanswered += 1;
        if self.unanswered < MAX_UNANSWERED {
            return Fault::Unanswered(reason);
        }
        self.stop(format!("{MAX_UNANSWERED}-mal in Folge ohne Antwort; zuletzt: {reason}"))
    }

    fn stop(&self, reason: String) -> Fault {
        Fault::Stop(ImportError::Net { url: self.base.to_string(), reason })
    }

    async fn wait_until(&self, when: Instant) -> Result<(), Fault> {
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => Err(Fault::Cancelled),
            () = sleep_until(when) => Ok(()),
        }
    }

    /// Sends one request.
    async fn ask(&self, url: Url) -> Reply {
        let response = match self.http.get(url).send().await {
            Ok(response) => response,
            Err(error) => return Reply::Later(self.reason(&error), None),
        };
        let status = response.status();
        let shown = format!("Antwort mit Status {}", status.as_u16());
        match status {
            StatusCode::OK => self.body(response).await,
            StatusCode::NOT_FOUND | StatusCode::NO_CONTENT => Reply::Nothing,
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                Reply::Later(shown, retry_after(response.headers()))
            }
            // Not this item, but we are refused.
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                Reply::Refused(Fault::Unanswered(shown))
            }
            _ if status.is_server_error() => Reply::Later(shown, None),
            _ if status.is_redirection() => {
                let reason = format!("{shown}: Weiterleitung auf einen anderen Rechner");
                Reply::Refused(Fault::GivenUp(reason))
            }
            _ => Reply::Refused(Fault::GivenUp(shown)),
        }
    }

    async fn body(&self, mut response: reqwest::Response) -> Reply {
        let mut body = Vec::new();
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) if body.len() + chunk.len() > MAX_BODY => {
                    let reason = format!("Antwort größer als {} MiB", MAX_BODY / (1024 * 1024));
                    return Reply::Refused(Fault::GivenUp(reason));
                }
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) => break,
                Err(error) => return Reply::Later(self.reason(&error), None),
            }
        }
        // A gateway in trouble answers 200 with half a text or a page of HTML.
        let Ok(text) = String::from_utf8(body) else {
            return Reply::Later("Antwort nicht in UTF-8".to_owned(), None);
        };
        match serde_json::from_str::<IgnoredAny>(&text) {
            Ok(_) => Reply::Json(text),
            Err(error) => Reply::Later(format!("Antwort: {}", raw::json_fault(&error)), None),
        }
    }

    fn reason(&self, error: &reqwest::Error) -> String {
        if error.is_timeout() {
            let seconds = self.settings.timeout.to_string().replace('.', ",");
            format!("keine Antwort in {seconds} Sekunden")
        } else if error.is_connect() {
            "keine Verbindung".to_owned()
        } else if error.is_redirect() {
            "zu viele Weiterleitungen".to_owned()
        } else {
            "Übertragung abgebrochen".to_owned()
        }
    }

    /// What a file holds, if it is there from before.
    fn kept(&mut self, path: &Path) -> Result<Option<String>, ImportError> {
        match fs::read_to_string(path) {
            Ok(text) => {
                self.done.kept += 1;
                Ok(Some(text))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(raw::unreadable(path, error)),
        }
    }

    /// Stores an answer, or that there is none, and says what the file holds.
    fn store<A: serde::Serialize>(
        &mut self,
        path: &Path,
        ars: RegionKey,
        asked: Asked<'_>,
        answer: Option<A>,
    ) -> Result<String, Fault> {
        let Some(answer) = answer else {
            write(path, "")?;
            self.done.empty += 1;
            self.suspect(path)?;
            return Ok(String::new());
        };
        let fetched = OffsetDateTime::now_utc().format(&Rfc3339).unwrap_or_default();
        let text = serde_json::to_string(&Stored { ars, asked, fetched, answer })
            .map_err(|error| Fault::GivenUp(raw::json_fault(&error)))?;
        write(path, &text)?;
        self.done.stored += 1;
        Ok(text)
    }

    /// Takes back what was stored, and stops, if nothing at all seems to be there.
    fn suspect(&mut self, path: &Path) -> Result<(), Fault> {
        if self.done.stored > 0 {
            self.suspicious.clear();
            return Ok(());
        }
        self.suspicious.push(path.to_owned());
        if self.suspicious.len() < MAX_MISSING {
            return Ok(());
        }
        for path in self.suspicious.drain(..) {
            fs::remove_file(&path).map_err(|error| raw::unreadable(&path, error))?;
        }
        let reason = format!(
            "{MAX_MISSING} Anfragen, und nichts wurde gefunden: Vermutlich ist eine Version der Schnittstelle abgeschaltet (Einstellung »versions«)."
        );
        Err(self.stop(reason))
    }

    fn give_up(&mut self, region: RegionKey, what: &str, reason: String) {
        let file = self.base.to_string();
        let record = format!("{region}: {what}");
        self.done.failed.push(Rejected { file, record, reason });
    }
}

/// A name for some keys.
fn names(keys: &[LeikaKey]) -> String {
    keys.iter().map(LeikaKey::to_string).collect::<Vec<_>>().join("-")
}

/// Follows a redirect only to the same host, and not from https to http.
fn stay_on_host(attempt: redirect::Attempt) -> redirect::Action {
    let to = attempt.url();
    let from = attempt.previous().last();
    let same = from.is_some_and(|from| {
        from.host_str() == to.host_str() && (from.scheme() != "https" || to.scheme() == "https")
    });
    if attempt.previous().len() > MAX_REDIRECTS {
        attempt.error("too many redirects")
    } else if same {
        attempt.follow()
    } else {
        attempt.stop()
    }
}

/// How long to wait, from seconds or a date.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = OffsetDateTime::parse(text, &Rfc2822).ok()? - OffsetDateTime::now_utc();
    Some(Duration::try_from(until).unwrap_or_default())
}

/// Text that was found to be JSON.
fn json(text: String) -> Result<Box<RawValue>, Fault> {
    RawValue::from_string(text).map_err(|error| Fault::GivenUp(raw::json_fault(&error)))
}

/// What stands under `answer` in a stored file.
fn answer_of(stored: &str) -> Option<&RawValue> {
    serde_json::from_str::<Object>(stored).ok()?.answer
}

/// The ids of the descriptions in a stored file, of those that can be asked for.
fn description_ids(stored: &str) -> BTreeSet<String> {
    let pages = answer_of(stored).and_then(|answer| serde_json::from_str(answer.get()).ok());
    let pages: Vec<Object> = pages.unwrap_or_default();
    let descriptions = pages.iter().filter_map(|page| page.content.as_ref()).flatten();
    descriptions
        .filter_map(|description| serde_json::from_str::<Object>(description.get()).ok()?.id)
        .filter(|id| is_id(id))
        .collect()
}

/// The office to name, from a stored file.
fn office_id(stored: &str) -> Result<Option<String>, Fault> {
    let Some(answer) = answer_of(stored) else { return Ok(None) };
    let offices: Vec<OfficeTitle> = serde_json::from_str(answer.get())
        .map_err(|error| Fault::GivenUp(raw::json_fault(&error)))?;
    Ok(chosen(&offices).and_then(|office| office.id.clone()))
}

/// Writes a file at once or not at all. Small files: nothing waits for the disk for long.
fn write(path: &Path, text: &str) -> Result<(), ImportError> {
    let written = || {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let part = path.with_extension("part");
        let mut file = fs::File::create(&part)?;
        file.write_all(text.as_bytes())?;
        // An empty file has a meaning: no crash may leave one.
        file.sync_all()?;
        fs::rename(&part, path)
    };
    written().map_err(|error| raw::unreadable(path, error))
}

#[cfg(test)]
mod tests;
