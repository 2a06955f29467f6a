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
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
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

    fn and(self, other: Self) -> Self {
        Self {
            catalog: self.catalog || other.catalog,
            offers: self.offers || other.offers,
            outages: self.outages || other.outages,
        }
    }

    fn without(self, other: Self) -> Self {
        Self {
            catalog: self.catalog && !other.catalog,
            offers: self.offers && !other.offers,
            outages: self.outages && !other.outages,
        }
    }

    /// What is loaded by itself: the notes, then the rest.
    fn parts(self) -> impl Iterator<Item = Self> {
        let notes = Self { outages: self.outages, ..Self::default() };
        let rest = Self { outages: false, ..self };
        [notes, rest].into_iter().filter(|part| part.any())
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
/// it is dropped. What was refused is tried again with the next change.
pub(super) async fn when_asked_or_changed(
    mut hangups: Option<Hangups>,
    mut seen: Seen,
    app: App,
    config: Config,
) {
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut before = seen.clone();
    let mut pending = Changed::default();
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
        pending = pending.and(changed);
        // A note about an outage does not wait for a catalog that is faulty.
        for part in pending.parts() {
            let (app, config) = (app.clone(), config.clone());
            match tokio::task::spawn_blocking(move || reload_changed(&app, &config, part)).await {
                Ok(Reloaded::Swapped) => {
                    tracing::info!(?part, "loaded anew");
                    pending = pending.without(part);
                }
                Ok(Reloaded::Refused(why)) => {
                    tracing::error!("what changed is refused, the old state still answers: {why}");
                }
                Err(_) => tracing::error!("loading anew failed inside"),
            }
        }
    }
}

async fn look_around(config: &Config) -> Seen {
    let config = config.clone();
    tokio::task::spawn_blocking(move || Seen::now(&config)).await.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{conversation::Conversation, message::Message};

    const DOG: &str = "format = 1\ntopic = \"tiere\"\nlevel = \"gemeinde\"\nauthority = \"Steueramt\"\n\
        [name.de]\nofficial = \"Hund anmelden\"\nplain = \"Hund anmelden\"\n\
        [says.de]\nphrases = [\"hund anmelden\", \"neuer hund\"]\n";
    const OUTAGE: &str =
        "format = 1\n[[outage]]\nwhat = \"hund-anmelden\"\ninstead = \"Anrufen.\"\n";

    fn said(app: &App) -> String {
        let bot = app.bot();
        let reply = bot.respond(&Message::text("hund anmelden"), &Conversation::introduced()).0;
        crate::channel::terminal::render(&reply, false)
    }

    /// Lets the clock run until the bot says something, for a minute at most.
    async fn until_said(app: &App, text: &str) {
        for _ in 0..60 {
            if said(app).contains(text) {
                return;
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        panic!("»{text}« is not said: {}", said(app));
    }

    #[tokio::test(start_paused = true)]
    async fn what_changes_on_disk_is_said_and_what_is_faulty_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = dir.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        let dog = "catalog/services/tiere/hund-anmelden.toml";
        write(dog, DOG);
        write("catalog/lexicon/concepts.toml", "format = 1\n");
        let mut config = Config::default();
        config.bot.catalog = dir.path().join("catalog");
        config.bot.data = dir.path().join("data");
        let app = App::new(Arc::new(build_bot(&config).unwrap()), &config);
        let seen = Seen::now(&config);
        let watching = tokio::spawn(when_asked_or_changed(None, seen, app.clone(), config.clone()));

        write("data/outages.toml", OUTAGE);
        until_said(&app, "Zurzeit gestört: Hund anmelden. Stattdessen: Anrufen.").await;
        // A faulty note is refused; the one before is still told.
        write("data/outages.toml", "format = 1\n[[outage]]\nwaht = \"x\"\n");
        tokio::time::sleep(Duration::from_secs(20)).await;
        assert!(said(&app).contains("Anrufen."), "{}", said(&app));
        write("data/outages.toml", "format = 1\n");
        write("data/offers.redb", "no file of offers");
        write(dog, &DOG.replace("Steueramt", "Stadtkasse"));
        tokio::time::sleep(Duration::from_secs(20)).await;
        assert!(said(&app).contains("Steueramt"), "a faulty file of offers is refused whole");
        fs::remove_file(dir.path().join("data/offers.redb")).unwrap();
        until_said(&app, "Stadtkasse").await;
        assert!(!said(&app).contains("gestört"));
        watching.abort();
    }
}
