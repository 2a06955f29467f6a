//! The towns that are served now: each with its app and its channels, which begin and end without
//! the others.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use secrecy::ExposeSecret;
use tokio::{task::JoinSet, time::timeout};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    channels::{self, ChannelKind, Receivers},
    keeper::Step,
};
use crate::{
    app::{App, Shared},
    bot::Bot,
    channel::ChannelError,
    config::Config,
    ids::TenantId,
    metrics,
};

/// The towns that are served.
pub(super) struct Towns {
    shared: Shared,
    receivers: Receivers,
    shutdown: CancellationToken,
    towns: BTreeMap<TenantId, Town>,
    channels: JoinSet<Result<(), ChannelError>>,
}

struct Town {
    app: App,
    config: Arc<Config>,
    stop: CancellationToken,
    channels: TaskTracker,
}

/// How long a town's channels may take to finish what they are answering, before they begin anew
/// with other settings.
const GRACE: Duration = Duration::from_secs(10);

impl Towns {
    pub fn new(shared: Shared, receivers: Receivers, shutdown: CancellationToken) -> Self {
        let (towns, channels) = (BTreeMap::new(), JoinSet::new());
        Self { shared, receivers, shutdown, towns, channels }
    }

    /// Serves a town, or serves it otherwise, or not any more.
    pub async fn take(&mut self, id: &TenantId, step: Step) {
        match step {
            Step::Stop => self.stop(id).await,
            Step::Serve(config, bot) => match self.towns.get(id) {
                Some(town) if has_same_channels(&town.config, &config) => town.app.swap(bot),
                _ => {
                    self.stop(id).await;
                    self.start(id, *config, bot);
                }
            },
        }
        metrics::serves(self.towns.len());
    }

    fn start(&mut self, id: &TenantId, config: Config, bot: Arc<Bot>) {
        let app = App::new(id.clone(), bot, self.shared.clone(), &config);
        let (stop, config) = (self.shutdown.child_token(), Arc::new(config));
        self.receivers.expect(id, &config);
        let tracker = TaskTracker::new();
        for kind in ChannelKind::enabled(&config) {
            let (app, config) = (app.clone(), Arc::clone(&config));
            let running = channels::run(kind, app, config, self.receivers.clone(), stop.clone());
            self.channels.spawn(tracker.track_future(running));
        }
        tracker.close();
        let town = Town { app, config, stop, channels: tracker };
        self.towns.insert(id.clone(), town);
    }

    async fn stop(&mut self, id: &TenantId) {
        let Some(town) = self.towns.remove(id) else { return };
        town.stop.cancel();
        if timeout(GRACE, town.channels.wait()).await.is_err() {
            tracing::warn!(tenant = %id, "not all channels of a town ended in time");
        }
        self.receivers.forget(id);
    }

    /// The next channel that ended.
    pub async fn ended(&mut self) -> Option<Result<(), ChannelError>> {
        match self.channels.join_next().await? {
            Ok(ended) => Some(ended),
            Err(_) => {
                tracing::error!("a channel ended in a fault");
                Some(Ok(()))
            }
        }
    }

    /// Whether no channel is left.
    pub fn is_silent(&self) -> bool {
        self.channels.is_empty()
    }

    /// Waits until all channels have ended.
    pub async fn drain(&mut self) {
        while self.channels.join_next().await.is_some() {}
    }
}

/// Whether a town's channels can go on as they are.
fn has_same_channels(a: &Config, b: &Config) -> bool {
    // Secrets do not show in it; they are compared by themselves.
    let shown = |c: &Config| format!("{:?}{:?}{:?}", c.telegram, c.discord, c.limits);
    let secrets = |c: &Config| {
        [&c.telegram.token, &c.telegram.secret, &c.discord.token]
            .map(|secret| secret.expose_secret().to_owned())
    };
    shown(a) == shown(b) && secrets(a) == secrets(b)
}
