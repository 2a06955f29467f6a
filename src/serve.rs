//! Composition and life cycle: catalog, bots, store and channels are put together, run until the
//! process is asked to stop, and end cleanly.
//!
//! * `keeper`: builds the bots of all towns, and builds anew what changed (`files`).
//! * `towns`: the towns that are served, with their `channels`.
//! * `notes`: what the database tells beside.
//! * here: what there is once, and in which order it begins and ends.

mod channels;
mod files;
mod keeper;
mod notes;
mod towns;

use std::{
    fs::{File, TryLockError},
    net::SocketAddr,
    path::Path,
    time::Duration,
};

use anyhow::Context;
use secrecy::ExposeSecret;
use tokio::{
    task::JoinSet,
    time::{Instant, MissedTickBehavior, timeout},
};
use tokio_util::sync::CancellationToken;

pub use self::keeper::ALL_TOWNS;
use self::{
    channels::{ChannelKind, Receivers},
    files::{Changes, Seen},
    keeper::{Applied, Keeper},
    notes::StoreNotes,
    towns::Towns,
};
use crate::{
    app::{Shared, queue::Queue},
    channel::ChannelError,
    config::{Config, Process, StoreConfig},
    health::{Health, Part, Role},
    http::{self, Server},
    metrics, notify,
    signals::Hangups,
    store::{Secret, Store, Timing},
};

/// How long channels may take to finish what they are answering.
const GRACE: Duration = Duration::from_secs(9);
/// How long the last answers over HTTP may take to leave.
const LAST_WORDS: Duration = Duration::from_secs(2);
/// How often files are looked at; twice as long until a change is in use.
const LOOK: Duration = Duration::from_secs(2);
/// Messages answered at once. Most of the time of each is waiting for a platform.
const AT_ONCE: usize = 256;
/// No sign of life of any channel for so long, and systemd is not told that we live.
const SILENT: Duration = Duration::from_secs(300);

/// How `serve` ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// It was asked to stop.
    Stopped,
    /// No channel is enabled.
    NothingEnabled,
    /// Every channel gave up: the operator must change a setting.
    Misconfigured,
}

/// Runs all enabled channels of all towns until `shutdown`, or until none is left.
///
/// # Errors
/// If settings, catalog or database are faulty, or an address is taken. Nothing is connected by then.
pub async fn serve(process: Process, shutdown: CancellationToken) -> anyhow::Result<Ended> {
    let is_enabled = |config: &Config| ChannelKind::enabled(config).next().is_some();
    if process.dir.is_none() && !process.tenants.values().any(is_enabled) {
        return Ok(Ended::NothingEnabled);
    }
    // From here on SIGHUP ends nothing.
    let hangups = Hangups::listen();
    let mut running = Running::prepare(process, &shutdown).await?;
    running.begin().await;
    let asked = running.go(hangups, &shutdown).await;
    Ok(running.end(asked).await)
}

/// The database as configured.
///
/// # Errors
/// If it cannot be used; in German, naming the key.
async fn open_store_of(config: &Config) -> anyhow::Result<Store> {
    let timing = Timing {
        lease: config.store.lease.duration(),
        conversation: config.retention.conversation.duration(),
        seen: config.retention.seen.duration(),
        counters: config.retention.counters.duration(),
    };
    Ok(Store::open(config.store.address()?.expose_secret(), timing).await?)
}

/// The database as configured, if there is one.
///
/// # Errors
/// If it is not there or cannot be used; in German, naming the key.
pub async fn open_existing_store(config: &Config) -> anyhow::Result<Store> {
    if let Some(path) = config.store.sqlite_path().filter(|path| !path.exists()) {
        anyhow::bail!(
            "store.url: {} gibt es nicht; die Datei entsteht beim ersten Start",
            path.display()
        );
    }
    open_store_of(config).await
}

async fn open_store(config: &Config) -> anyhow::Result<(Store, Option<File>)> {
    let lock = config.store.sqlite_path().map(|path| lock(&path)).transpose()?;
    let store = open_store_of(config).await?;
    if lock.is_some() {
        // What a process before us had begun when it died is ours at once.
        let _ = store.release_all().await;
    }
    Ok((store, lock))
}

/// What goes on beside: the store and the figures are looked after, health knows of the store, and
/// systemd that we live.
fn beside(shared: &Shared, figures: metrics::Metrics) -> JoinSet<()> {
    let Shared { store, health, replica, .. } = shared.clone();
    let part = health.part(Role::Auxiliary, "store", "");
    let mut tasks = JoinSet::new();
    let tended = store.clone();
    tasks.spawn(async move { tended.tend(&replica).await });
    tasks.spawn(async move { tell_store(&store, &part).await });
    tasks.spawn(async move { figures.upkeep().await });
    tasks.spawn(async move { notify::watchdog(move || health.is_alive(SILENT)).await });
    tasks
}

/// Sees to it that one process only runs on a SQLite file; the lock ends with the process.
fn lock(database: &Path) -> anyhow::Result<File> {
    let path = database.with_extension("lock");
    let file = File::options().create(true).truncate(false).write(true).open(&path);
    let file = file.with_context(|| format!("store.url: {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => anyhow::bail!(
            "store.url: mit {} läuft schon ein anderes amtslotse; mehrere zugleich brauchen PostgreSQL",
            database.display()
        ),
        Err(TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("store.url: {}", path.display()))
        }
    }
}

/// The directory of a SQLite file that is to be made in the usual place.
fn make_room(config: &StoreConfig) -> anyhow::Result<()> {
    if let Some(path) = config.sqlite_path()
        && let Some(dir) = path.parent().filter(|dir| !dir.as_os_str().is_empty())
    {
        std::fs::create_dir_all(dir).with_context(|| {
            format!("store.url: der Ordner {} kann nicht angelegt werden", dir.display())
        })?;
    }
    Ok(())
}

/// Keeps health informed about the store.
async fn tell_store(store: &Store, part: &Part) {
    let mut ticks = tokio::time::interval(Duration::from_millis(500));
    loop {
        ticks.tick().await;
        match store.is_up() {
            true => part.up(),
            false => part
                .degraded("down", "the database does not answer; conversations are not remembered"),
        }
    }
}

/// The key of all hashes: from its file, or beside the SQLite database.
fn secret(config: &StoreConfig) -> anyhow::Result<Secret> {
    match (config.secret_file.as_str(), config.sqlite_path()) {
        ("", Some(path)) => Ok(Secret::read_or_create(&path.with_extension("secret"))?),
        (file, _) => Ok(Secret::read(file.as_ref())?),
    }
}

/// Listens where Telegram, Discord and monitoring come.
async fn open_ports(
    config: &Config,
    keeper: &Keeper,
    health: &Health,
    figures: &metrics::Metrics,
    receivers: &Receivers,
    closing: &CancellationToken,
) -> anyhow::Result<JoinSet<()>> {
    let mut ports = JoinSet::new();
    let needs_port =
        |config: &Config| ChannelKind::enabled(config).any(|kind| kind.is_brought(config));
    // With a directory of towns, one that needs it may come later.
    let is_open = keeper.process().dir.is_some()
        || keeper.towns().values().any(|(config, _)| needs_port(config));
    // Ports are open before the channels begin.
    for (id, (config, _)) in keeper.towns() {
        receivers.expect(id, config);
    }
    if is_open {
        let router = receivers.router().merge(http::public_health_router(health.clone()));
        listen("http.listen", &config.http.listen, router, closing, &mut ports).await?;
    }
    if !config.metrics.listen.is_empty() {
        let router = http::operations_router(health.clone(), figures.clone());
        listen("metrics.listen", &config.metrics.listen, router, closing, &mut ports).await?;
    }
    Ok(ports)
}

async fn listen(
    key: &'static str,
    address: &str,
    router: axum::Router,
    stop: &CancellationToken,
    ports: &mut JoinSet<()>,
) -> anyhow::Result<()> {
    let address: SocketAddr = address.parse().with_context(|| key)?;
    let server = Server::bind(key, address).await?;
    tracing::info!(key, address = %server.local_addr(), "listening");
    if key == "metrics.listen" && server.is_exposed() {
        tracing::warn!("metrics.listen: other machines can read the metrics");
    }
    let stop = stop.clone();
    ports.spawn(async move { server.serve(router, stop).await });
    Ok(())
}

/// The process at work.
struct Running {
    /// Not there only while it builds.
    keeper: Option<Keeper>,
    towns: Towns,
    shared: Shared,
    catalog: Part,
    /// When the catalog in use was loaded.
    loaded: Instant,
    seen: Seen,
    misconfigured: bool,
    /// What listens; it ends with `closing`.
    ports: JoinSet<()>,
    closing: CancellationToken,
    /// What goes on beside, and ends with the process.
    background: JoinSet<()>,
    /// That no other process has our SQLite file.
    _only_one: Option<File>,
}

impl Running {
    /// Puts everything together: first what can be wrong in settings and catalog, then the ports, then
    /// the database.
    async fn prepare(process: Process, shutdown: &CancellationToken) -> anyhow::Result<Self> {
        let seen = Seen::now(&process, process.tenants.values());
        let (figures, health) = (metrics::install()?, Health::new());
        let catalog = health.part(Role::Essential, "catalog", "");
        let base = process.base.clone();
        let keeper = tokio::task::spawn_blocking(|| Keeper::open(process)).await??;
        for why in keeper.broken_conversations() {
            // A town without its bot would be worse off.
            tracing::warn!("the catalog breaks its regression list: {why}");
        }
        make_room(&base.store)?;
        let secret = secret(&base.store)?;
        let (receivers, closing) = (Receivers::default(), CancellationToken::new());
        let ports = open_ports(&base, &keeper, &health, &figures, &receivers, &closing).await?;
        let (store, only_one) = open_store(&base).await?;
        let queue = Queue::new(AT_ONCE, base.limits.queue);
        let shared = Shared::new(store, secret, queue, health);
        let background = beside(&shared, figures);
        let towns = Towns::new(shared.clone(), receivers, shutdown.clone());
        Ok(Self {
            keeper: Some(keeper),
            towns,
            shared,
            catalog,
            loaded: Instant::now(),
            seen,
            misconfigured: false,
            ports,
            closing,
            background,
            _only_one: only_one,
        })
    }

    /// Lets what was begun be finished. `asked`: channels still run.
    async fn end(mut self, asked: bool) -> Ended {
        tracing::info!("stopping");
        notify::stopping();
        self.shared.health.stopping();
        if asked && timeout(GRACE, self.towns.drain()).await.is_err() {
            tracing::warn!("not all channels ended in time");
        }
        // What was answered while we drained is still on its way out.
        self.closing.cancel();
        let closed = async { while self.ports.join_next().await.is_some() {} };
        let _ = timeout(LAST_WORDS, closed).await;
        self.background.shutdown().await;
        tracing::info!("stopped");
        if self.misconfigured && !asked { Ended::Misconfigured } else { Ended::Stopped }
    }

    /// Serves all towns.
    async fn begin(&mut self) {
        let Some(keeper) = &self.keeper else { return };
        let towns = keeper.towns().iter();
        let steps: Vec<_> = towns
            .map(|(id, (config, bot))| {
                (id.clone(), keeper::Step::Serve(Box::new(config.clone()), bot.clone()))
            })
            .collect();
        let base = towns_services(keeper);
        tracing::info!(tenants = steps.len(), services = base, "catalog loaded, starting channels");
        for (id, step) in steps {
            self.towns.take(&id, step).await;
        }
        metrics::reloaded("", "refused", 0);
        if self.towns.is_silent() {
            tracing::warn!("no town has a channel switched on; waiting for one that has");
        }
        self.catalog.up();
        notify::ready();
    }

    /// Runs until `shutdown` (then `true`) or until no channel is left.
    async fn go(&mut self, mut hangups: Hangups, shutdown: &CancellationToken) -> bool {
        let mut looks = tokio::time::interval(LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut before, mut pending) = (self.seen.clone(), Changes::default());
        let mut notes = StoreNotes::default();
        loop {
            let changes = tokio::select! {
                () = shutdown.cancelled() => return true,
                Some(ended) = self.towns.ended() => {
                    self.note_end(ended);
                    if self.towns.is_silent() && self.is_single() {
                        return shutdown.is_cancelled();
                    }
                    continue;
                }
                () = hangups.next() => {
                    notify::reloading();
                    self.seen = self.look().await;
                    before = self.seen.clone();
                    self.seen.all()
                }
                _ = looks.tick() => {
                    metrics::catalog_age(self.loaded.elapsed());
                    let now = self.look().await;
                    // What still changes is half written.
                    let is_settled = now == before;
                    before = now;
                    if !is_settled {
                        continue;
                    }
                    let mut changes = before.changed_since(&self.seen);
                    self.seen.clone_from(&before);
                    if let Some(keeper) = &mut self.keeper {
                        changes.merge(notes.ask(&self.shared, keeper, &self.catalog).await);
                    }
                    changes
                }
            };
            if changes.any() {
                pending.merge(changes);
                pending = self.renew(std::mem::take(&mut pending)).await;
                notify::ready();
            }
        }
    }

    fn is_single(&self) -> bool {
        self.keeper.as_ref().is_some_and(|keeper| keeper.process().dir.is_none())
    }

    fn note_end(&mut self, ended: Result<(), ChannelError>) {
        if let Err(ChannelError::Misconfigured(why)) = ended {
            tracing::error!("{why}");
            self.misconfigured = true;
        }
    }

    async fn look(&self) -> Seen {
        let Some(keeper) = &self.keeper else { return self.seen.clone() };
        let process = keeper.process().clone();
        let configs: Vec<Config> = keeper.towns().values().map(|(c, _)| c.clone()).collect();
        let looking = move || Seen::now(&process, configs.iter());
        tokio::task::spawn_blocking(looking).await.unwrap_or_default()
    }

    /// Loads anew what changed; what was refused, to be tried again with the next change.
    async fn renew(&mut self, changes: Changes) -> Changes {
        let Some(mut keeper) = self.keeper.take() else { return changes };
        let is_catalog = changes.catalog;
        let building = tokio::task::spawn_blocking(move || {
            let applied = keeper.apply(&changes);
            (keeper, applied)
        });
        let Ok((keeper, Applied { steps, refused })) = building.await else {
            // Without its keeper the process answers on, with what it has.
            tracing::error!("loading anew failed inside; nothing is loaded anew any more");
            self.catalog
                .degraded("no_reload", "loading anew failed inside; start the process anew");
            return Changes::default();
        };
        self.keeper = Some(keeper);
        for (id, step) in steps {
            tracing::info!(tenant = %id, "loaded anew");
            metrics::reloaded(id.as_str(), "ok", 1);
            self.towns.take(&id, step).await;
        }
        let mut pending = Changes::default();
        for (what, why) in refused {
            tracing::error!("what changed is refused, the old state still answers: {why}");
            metrics::reloaded("", "refused", 1);
            pending.merge(what);
        }
        if is_catalog && !pending.catalog {
            self.loaded = Instant::now();
        }
        match pending.any() {
            false => self.catalog.up(),
            true => {
                self.catalog.degraded("refused", "what changed is faulty; the old state answers")
            }
        }
        pending
    }
}

fn towns_services(keeper: &Keeper) -> usize {
    keeper.towns().values().next().map_or(0, |(_, bot)| bot.catalog().services().len())
}
