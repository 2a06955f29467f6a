//! Hot reload: a changed catalog, newly imported offers or a note about an outage is loaded beside
//! what is in use, checked against the regression conversations and swapped whole. What is faulty is
//! refused, and the old one keeps answering.
//!
//! Files are looked at every few seconds: that works on every file system, needs no privilege, and
//! costs some hundred calls.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use super::{build_bot, offers, outages};
use crate::{app::App, bot::Bot, config::Config, regression};

/// How often files are looked at; twice as long until a change is in use.
const EVERY: Duration = Duration::from_secs(2);

/// What became of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reloaded {
    /// It answers from the next message on.
    Swapped,
    /// It is faulty, or breaks a conversation of the regression list; the one before still answers.
    Refused(String),
}

/// Loads everything anew beside what is in use, has the regression conversations with it, and puts
/// it to use if all go as they must.
pub fn reload(app: &App, config: &Config) -> Reloaded {
    reload_changed(app, config, Changed::ALL)
}

/// What changed on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Changed {
    catalog: bool,
    offers: bool,
    outages: bool,
}

impl Changed {
    const ALL: Self = Self { catalog: true, offers: true, outages: true };

    fn any(self) -> bool {
        self.catalog || self.offers || self.outages
    }
}

/// Loads only what changed: a note about an outage is in use within seconds, with the index over the
/// catalog as it is.
fn reload_changed(app: &App, config: &Config, changed: Changed) -> Reloaded {
    let next = || -> anyhow::Result<Bot> {
        if changed.catalog {
            return build_bot(config);
        }
        let mut bot = (*app.bot()).clone();
        if changed.offers {
            bot = bot.with_offers(offers(config)?);
        }
        if changed.outages {
            bot = bot.with_outages(outages(config, bot.catalog())?);
        }
        Ok(bot)
    };
    let bot = match next() {
        Ok(bot) => bot,
        Err(error) => return Reloaded::Refused(format!("{error:#}")),
    };
    // A note says what is broken today: no list of conversations knows it.
    let checked = changed.catalog || changed.offers;
    match checked.then(|| broken_conversations(&bot, config)).flatten() {
        Some(why) => Reloaded::Refused(why),
        None => {
            app.swap(Arc::new(bot));
            Reloaded::Swapped
        }
    }
}

/// Why a regression list does not hold: those in `conversations/` of the catalog's and of the data
/// directory. Outages of today do not count.
pub(super) fn broken_conversations(bot: &Bot, config: &Config) -> Option<String> {
    let bot = bot.with_outages(Arc::default());
    let data = config.data_dir();
    let dirs = config.catalog_dir().into_iter().chain([data.path()]);
    dirs.map(|dir| dir.join("conversations")).filter(|dir| dir.is_dir()).find_map(|dir| {
        let files = match regression::read_dir(&dir) {
            Ok(files) => files,
            Err(error) => return Some(format!("{}: {error}", dir.display())),
        };
        let report = regression::run(&bot, &files);
        let first = report.failures.first()?;
        let count = report.failures.len();
        Some(format!("{count} Abweichungen in {}; die erste: {first}", dir.display()))
    })
}

/// The state of the files when they were last looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Seen {
    catalog: BTreeMap<PathBuf, Mark>,
    offers: Option<Mark>,
    outages: Option<Mark>,
}

/// By what a changed file is told: time of change, length, and on Unix its number, which a file
/// renamed over another one brings with it.
type Mark = (Option<SystemTime>, u64, u64);

impl Seen {
    /// Looks at the files.
    pub fn now(config: &Config) -> Self {
        let mut catalog = BTreeMap::new();
        if let Some(dir) = config.catalog_dir() {
            look(dir, 0, &mut catalog);
        }
        let data = config.data_dir();
        let conversations = data.path().join("conversations");
        look(&conversations, 0, &mut catalog);
        Self { catalog, offers: mark(&data.offers()), outages: mark(&data.outages()) }
    }

    fn changed_since(&self, before: &Self) -> Changed {
        Changed {
            catalog: self.catalog != before.catalog,
            offers: self.offers != before.offers,
            outages: self.outages != before.outages,
        }
    }
}

/// Deeper nesting is a loop of links.
const MAX_DEPTH: usize = 6;

fn look(dir: &Path, depth: usize, marks: &mut BTreeMap<PathBuf, Mark>) {
    let Ok(entries) = fs::read_dir(dir) else { return };
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.is_dir() && depth < MAX_DEPTH {
            look(&path, depth + 1, marks);
        } else if let Some(mark) = mark(&path) {
            marks.insert(path, mark);
        }
    }
}

fn mark(path: &Path) -> Option<Mark> {
    let meta = fs::metadata(path).ok()?;
    #[cfg(unix)]
    let number = std::os::unix::fs::MetadataExt::ino(&meta);
    #[cfg(not(unix))]
    let number = 0;
    Some((meta.modified().ok(), meta.len(), number))
}

#[cfg(unix)]
pub(super) type Hangups = tokio::signal::unix::Signal;
#[cfg(not(unix))]
pub(super) type Hangups = ();

/// From now on SIGHUP ends nothing.
pub(super) fn hangups() -> Option<Hangups> {
    #[cfg(unix)]
    return tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup()).ok();
    #[cfg(not(unix))]
    None
}

/// Resolves with the next SIGHUP.
async fn hangup(hangups: &mut Option<Hangups>) {
    #[cfg(unix)]
    if let Some(hangups) = hangups
        && hangups.recv().await.is_some()
    {
        return;
    }
    #[cfg(not(unix))]
    let _ = hangups;
    std::future::pending().await
}

/// Loads anew what changed since `seen`, and everything whenever the process gets SIGHUP; runs until
/// it is dropped.
pub(super) async fn when_asked_or_changed(
    mut hangups: Option<Hangups>,
    mut seen: Seen,
    app: App,
    config: Config,
) {
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut before = seen.clone();
    loop {
        let changed = tokio::select! {
            () = hangup(&mut hangups) => {
                seen = look_around(&config).await;
                Changed::ALL
            }
            _ = ticks.tick() => {
                let now = look_around(&config).await;
                // What still changes is half written.
                let is_settled = now == before;
                before = now;
                if !is_settled {
                    continue;
                }
                let changed = before.changed_since(&seen);
                seen.clone_from(&before);
                changed
            }
        };
        if !changed.any() {
            continue;
        }
        let (app, config) = (app.clone(), config.clone());
        match tokio::task::spawn_blocking(move || reload_changed(&app, &config, changed)).await {
            Ok(Reloaded::Swapped) => tracing::info!(?changed, "loaded anew"),
            Ok(Reloaded::Refused(why)) => {
                tracing::error!("what changed is refused, the old state still answers: {why}");
            }
            Err(_) => tracing::error!("loading anew failed inside"),
        }
    }
}

async fn look_around(config: &Config) -> Seen {
    let config = config.clone();
    tokio::task::spawn_blocking(move || Seen::now(&config)).await.unwrap_or_default()
}
