//! The link checker behind `amtslotse links check`: do the links that we show still lead anywhere?
//!
//! Only that command runs it; the bot itself never asks a foreign server on behalf of a citizen.
//!
//! * Polite: one request at a time for each host, with a pause after it, and `HEAD` before `GET`.
//!   A host that is down or wants to be left alone is not asked for page after page.
//! * Resumable: every result is kept in a [`Memory`] as it comes in, and young ones are not asked
//!   for again.
//! * Harmless: [`guard`] keeps it out of private networks; time, size and redirects are limited,
//!   and nothing is decompressed or interpreted.
//!
//! In reading order: [`check()`] plans and collects, `probe` asks one page, [`guard`] says where it
//! may ask, [`memory`] remembers, [`report`] tells.

pub mod guard;
pub mod memory;
mod probe;
pub mod report;
mod verdict;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use time::OffsetDateTime;
use tokio::{
    sync::{Mutex, mpsc},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;
use url::Url;

pub use self::{
    guard::AddressRule,
    memory::Memory,
    report::{Finding, Report},
    verdict::{Kind, Verdict},
};
use self::{
    guard::SystemResolver,
    memory::Entry,
    probe::{Probe, Prober, without_credentials},
};

/// How a run asks.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How long a host is left alone after each request.
    pub per_host_pause: Duration,
    /// How long servers may take for one link, redirects and look-ups included.
    pub timeout: Duration,
    /// How much of a page is read, in bytes; what the network has delivered beyond it is dropped.
    pub max_body: usize,
    /// How many redirects of one link are followed.
    pub max_redirects: usize,
    /// How many hosts are asked at once.
    pub concurrency: usize,
    /// What we call ourselves: a name and, better, an address to complain at.
    pub user_agent: String,
    /// Younger results are not asked for again; those of links that do not answer last half a day
    /// at most.
    pub recheck_after: Duration,
    /// Which addresses may be asked.
    pub allow: AddressRule,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            per_host_pause: Duration::from_secs(1),
            timeout: Duration::from_secs(10),
            max_body: 64 * 1024,
            max_redirects: 3,
            concurrency: 4,
            user_agent: concat!("Amtslotse/", env!("CARGO_PKG_VERSION"), " (link check)")
                .to_owned(),
            recheck_after: Duration::from_hours(7 * 24),
            allow: AddressRule::default(),
        }
    }
}

/// A link to check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The link as it is written.
    pub url: String,
    /// Where it is used: ids or files by which an operator finds it.
    pub used_by: Vec<String>,
}

/// Why a run could not begin or go on. What is wrong with a link is no such error.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// The memory could not be read or written.
    #[error("»{path}«: {error}")]
    Io {
        /// Which file.
        path: String,
        /// Why.
        error: std::io::Error,
    },
    /// A directory or the like.
    #[error("»{path}« ist keine Datei")]
    NotAFile {
        /// Which.
        path: String,
    },
    /// A file of somebody else.
    #[error("»{path}« ist kein Gedächtnis der Linkprüfung und bleibt, wie es ist")]
    NotAMemory {
        /// Which.
        path: String,
    },
    /// A memory with a line that cannot be read.
    #[error(
        "»{path}«, Zeile {line}: nicht lesbar ({error}). Die Datei bleibt, wie sie ist; wird sie \
         umbenannt, beginnt die Prüfung von vorn"
    )]
    BrokenLine {
        /// Which file.
        path: String,
        /// Which line, from 1.
        line: usize,
        /// Why.
        error: serde_json::Error,
    },
    /// Another run uses the memory.
    #[error("»{path}« wird gerade von einer anderen Linkprüfung benutzt")]
    InUse {
        /// Which file.
        path: String,
    },
    /// The HTTP client could not be set up, most likely for a user agent that cannot be sent.
    #[error("Die Linkprüfung kann nicht beginnen: {0}")]
    Client(reqwest::Error),
}

/// Checks links that were not checked lately, and reports on all.
///
/// `now` is taken for the time of every result. `progress` is told how many pages are done, and how
/// many there are. After `cancel`, or when the future is dropped, at most one unfinished page for
/// each host is lost; the next run goes on from there.
///
/// # Errors
///
/// If the run cannot begin, or its results cannot be kept.
pub async fn check(
    targets: &[Target],
    memory: &mut Memory,
    settings: &Settings,
    now: OffsetDateTime,
    progress: &mut (dyn FnMut(u64, u64) + Send),
    cancel: &CancellationToken,
) -> Result<Report, LinkError> {
    let prober = Prober::new(settings.clone(), Arc::new(SystemResolver));
    run(targets, memory, prober.map_err(LinkError::Client)?, now, progress, cancel).await
}

async fn run(
    targets: &[Target],
    memory: &mut Memory,
    prober: Prober,
    now: OffsetDateTime,
    progress: &mut (dyn FnMut(u64, u64) + Send),
    cancel: &CancellationToken,
) -> Result<Report, LinkError> {
    let links = Links::new(targets, prober.settings());
    let recheck_after = prober.settings().recheck_after;
    let mut open = links.pages();
    let total = open.len() as u64;
    open.retain(|page| !memory.is_fresh(page.as_str(), recheck_after, now));
    let to_ask = open.len();
    progress(total - to_ask as u64, total);

    let (workers, mut results) = start(by_host(&open), prober);
    while let Some((page, probe)) = next(&mut results, cancel).await {
        memory.record(page.as_str(), probe, now)?;
        open.remove(&page);
        progress(total - open.len() as u64, total);
    }
    drop(workers);
    memory.tidy()?;
    Ok(links.report(memory, &open, to_ask - open.len(), now))
}

/// Pages and what was found there, as it is found.
type Results = mpsc::UnboundedReceiver<(Url, Probe)>;

/// The next result; `None` when there is none to come. After `cancel` only what is there already.
async fn next(results: &mut Results, cancel: &CancellationToken) -> Option<(Url, Probe)> {
    tokio::select! {
        biased;
        () = cancel.cancelled() => results.try_recv().ok(),
        result = results.recv() => result,
    }
}

/// The distinct links, and what they are before anybody is asked.
struct Links {
    /// For each link as written, where it is used, and its page or why it is refused.
    links: BTreeMap<String, (BTreeSet<String>, Result<Url, Verdict>)>,
}

impl Links {
    fn new(targets: &[Target], settings: &Settings) -> Self {
        let mut links = BTreeMap::new();
        for target in targets {
            let admitted = || {
                let mut page = settings.allow.admit(&target.url)?;
                page.set_fragment(None); // No server sees it.
                Ok(page)
            };
            let (used_by, _) =
                links.entry(target.url.clone()).or_insert_with(|| (BTreeSet::new(), admitted()));
            used_by.extend(target.used_by.iter().cloned());
        }
        Self { links }
    }

    /// The distinct pages that may be asked.
    fn pages(&self) -> BTreeSet<Url> {
        self.links.values().filter_map(|(_, page)| page.as_ref().ok()).cloned().collect()
    }

    /// All links, with what is known of them; `open` are the pages that were not come to.
    fn report(
        self,
        memory: &Memory,
        open: &BTreeSet<Url>,
        asked: usize,
        now: OffsetDateTime,
    ) -> Report {
        let total = self.links.len();
        let finding = |(url, (used_by, page)): (String, (BTreeSet<String>, _))| {
            let used_by = used_by.into_iter().collect();
            match page {
                Err(refused) => Some(refused_link(url, used_by, refused, now)),
                Ok(page) if open.contains(&page) => None,
                Ok(page) => memory.get(page.as_str()).map(|entry| known_link(url, used_by, entry)),
            }
        };
        let findings: Vec<Finding> = self.links.into_iter().filter_map(finding).collect();
        let open = total - findings.len();
        Report::new(findings, open, asked)
    }
}

fn refused_link(
    url: String,
    used_by: Vec<String>,
    verdict: Verdict,
    checked_at: OffsetDateTime,
) -> Finding {
    // A report is passed on; a password must not be.
    let url = match Url::parse(&url) {
        Ok(parsed) if verdict == Verdict::Credentials => without_credentials(parsed).into(),
        _ => url,
    };
    Finding {
        url,
        used_by,
        verdict,
        status: None,
        leads_to: None,
        checked_at,
        failures_in_a_row: 0,
        first_failed_at: None,
    }
}

fn known_link(url: String, used_by: Vec<String>, entry: &Entry) -> Finding {
    // A redirect without fragment keeps that of the link (RFC 9110, section 10.2.2).
    let fragment = url.split_once('#').map(|(_, fragment)| fragment);
    let leads_to = entry.leads_to.clone().map(|to| match fragment {
        Some(fragment) if !to.contains('#') => format!("{to}#{fragment}"),
        _ => to,
    });
    Finding {
        url,
        used_by,
        verdict: entry.verdict,
        status: entry.status,
        leads_to,
        checked_at: entry.checked_at,
        failures_in_a_row: entry.failures_in_a_row,
        first_failed_at: entry.first_failed_at,
    }
}

/// The pages of each host, the host with the fewest first.
fn by_host(pages: &BTreeSet<Url>) -> Vec<Vec<Url>> {
    let mut hosts: BTreeMap<&str, Vec<Url>> = BTreeMap::new();
    for page in pages {
        hosts.entry(page.host_str().unwrap_or_default()).or_default().push(page.clone());
    }
    let mut hosts: Vec<Vec<Url>> = hosts.into_values().collect();
    hosts.sort_by_key(Vec::len);
    hosts
}

/// Starts as many workers as hosts are to be asked at once. They stop when they are dropped.
fn start(hosts: Vec<Vec<Url>>, prober: Prober) -> (JoinSet<()>, Results) {
    let (found, results) = mpsc::unbounded_channel();
    let count = prober.settings().concurrency.clamp(1, hosts.len().max(1));
    let (hosts, prober) = (Arc::new(Mutex::new(hosts)), Arc::new(prober));
    let mut workers = JoinSet::new();
    for _ in 0..count {
        let (hosts, prober, found) = (hosts.clone(), prober.clone(), found.clone());
        workers.spawn(async move {
            loop {
                // The host with the most pages takes longest, and is begun first.
                let Some(pages) = hosts.lock().await.pop() else { break };
                ask_host(pages, &prober, &found).await;
            }
        });
    }
    (workers, results)
}

/// Asks the pages of one host, until it is clear that the host answers none.
async fn ask_host(pages: Vec<Url>, prober: &Prober, found: &mpsc::UnboundedSender<(Url, Probe)>) {
    let (mut settled, mut in_a_row) = (None, 0);
    for page in pages {
        let probe = match &settled {
            Some(settled) => Probe::clone(settled),
            None => prober.probe(&page).await,
        };
        // After a redirect it is another host that the verdict speaks of.
        match probe.verdict.settles_host_after().filter(|_| probe.leads_to.is_none()) {
            None => in_a_row = 0,
            Some(times) => {
                in_a_row += 1;
                if in_a_row >= times {
                    settled = Some(probe.clone());
                }
            }
        }
        // Nobody listens any more if the run has ended.
        if found.send((page, probe)).is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests;
