//! The channels of the towns: each runs by itself, is watched, and is begun anew if it fails. One
//! channel's failure never stops another.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
};
use tokio::time::{Instant, sleep};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

use crate::{
    app::App,
    channel::ChannelError,
    config::{Config, DiscordMode, TelegramMode},
    health::{Part, Role},
    ids::TenantId,
    metrics,
};

/// First and longest wait before a channel that failed is begun anew.
const AGAIN: Duration = Duration::from_secs(1);
const LONGEST_AGAIN: Duration = Duration::from_secs(60);
/// How often it is looked whether a channel still gives signs of life.
const LOOK: Duration = Duration::from_secs(15);

/// The channels there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum ChannelKind {
    Telegram,
    Discord,
}

impl ChannelKind {
    /// Those that a town has switched on.
    pub fn enabled(config: &Config) -> impl Iterator<Item = Self> {
        let telegram = config.telegram.enabled.then_some(Self::Telegram);
        telegram.into_iter().chain(config.discord.enabled.then_some(Self::Discord))
    }

    /// Whether messages are brought to us, so that a port must be open.
    pub fn is_brought(self, config: &Config) -> bool {
        match self {
            Self::Telegram => config.telegram.mode == TelegramMode::Webhook,
            Self::Discord => config.discord.mode == DiscordMode::Interactions,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Telegram => "telegram",
            Self::Discord => "discord",
        }
    }
}

/// What receives the messages that are brought to us.
#[derive(Clone, Default)]
pub(super) struct Receivers(Arc<RwLock<HashMap<(ChannelKind, TenantId), Receiver>>>);

#[derive(Clone)]
enum Receiver {
    /// It is not ready yet, or not any more.
    Starting,
    #[cfg(feature = "telegram")]
    Telegram(Arc<crate::channel::telegram::Hook>),
    #[cfg(feature = "discord")]
    Discord(Arc<crate::channel::discord::Endpoint>),
}

impl Receiver {
    /// Waits until what was begun is answered.
    async fn drain(&self) {
        match self {
            Self::Starting => {}
            #[cfg(feature = "telegram")]
            Self::Telegram(hook) => hook.drain().await,
            #[cfg(feature = "discord")]
            Self::Discord(endpoint) => endpoint.drain().await,
        }
    }
}

impl Receivers {
    /// The paths under which messages are brought: `/telegram` and `/discord`, with `/<town>` after
    /// it if there are several.
    pub fn router(&self) -> Router {
        let one = |kind| {
            post(move |State(all): State<Self>, headers: HeaderMap, body: Body| async move {
                all.receive(kind, TenantId::only(), headers, body).await
            })
        };
        let of_town = |kind| {
            post(
                move |State(all): State<Self>,
                      Path(town): Path<String>,
                      headers: HeaderMap,
                      body: Body| async move {
                    match town.parse() {
                        Ok(town) => all.receive(kind, town, headers, body).await,
                        Err(_) => StatusCode::NOT_FOUND.into_response(),
                    }
                },
            )
        };
        Router::new()
            .route("/telegram", one(ChannelKind::Telegram))
            .route("/telegram/{town}", of_town(ChannelKind::Telegram))
            .route("/discord", one(ChannelKind::Discord))
            .route("/discord/{town}", of_town(ChannelKind::Discord))
            .with_state(self.clone())
    }

    async fn receive(
        self,
        kind: ChannelKind,
        town: TenantId,
        headers: HeaderMap,
        body: Body,
    ) -> Response {
        let (status, json) = match self.get(kind, town) {
            None => (StatusCode::NOT_FOUND, Vec::new()),
            Some(Receiver::Starting) => (StatusCode::SERVICE_UNAVAILABLE, Vec::new()),
            #[cfg(feature = "telegram")]
            Some(Receiver::Telegram(hook)) => (hook.receive(&headers, body).await, Vec::new()),
            #[cfg(feature = "discord")]
            Some(Receiver::Discord(endpoint)) => endpoint.receive(&headers, body).await,
        };
        (status, [(header::CONTENT_TYPE, "application/json")], json).into_response()
    }

    /// From now on what is brought for a town is to be brought again, until its channels take it.
    pub fn expect(&self, town: &TenantId, config: &Config) {
        for kind in ChannelKind::enabled(config).filter(|kind| kind.is_brought(config)) {
            self.set(kind, town, Receiver::Starting);
        }
    }

    /// Nothing is to be brought for a town any more.
    pub fn forget(&self, town: &TenantId) {
        let mut receivers = self.0.write().unwrap_or_else(PoisonError::into_inner);
        receivers.retain(|(_, of), _| of != town);
    }

    fn get(&self, kind: ChannelKind, town: TenantId) -> Option<Receiver> {
        let receivers = self.0.read().unwrap_or_else(PoisonError::into_inner);
        receivers.get(&(kind, town)).cloned()
    }

    /// Hands messages to a receiver as long as something runs; then lets it finish what it has begun.
    async fn serve_while<T>(
        &self,
        kind: ChannelKind,
        town: &TenantId,
        receiver: Receiver,
        running: impl Future<Output = T>,
    ) -> T {
        self.set(kind, town, receiver.clone());
        let ended = running.await;
        self.set(kind, town, Receiver::Starting);
        receiver.drain().await;
        ended
    }

    fn set(&self, kind: ChannelKind, town: &TenantId, receiver: Receiver) {
        let mut receivers = self.0.write().unwrap_or_else(PoisonError::into_inner);
        receivers.insert((kind, town.clone()), receiver);
    }
}

/// Runs a channel until `shutdown`, anew each time it fails.
///
/// # Errors
/// If the operator must change a setting first.
pub(super) async fn run(
    kind: ChannelKind,
    app: App,
    config: Arc<Config>,
    receivers: Receivers,
    shutdown: CancellationToken,
) -> Result<(), ChannelError> {
    let health = &app.shared().health;
    let part = health.part(Role::Channel, kind.name(), app.tenant().as_str());
    let mut wait = AGAIN;
    loop {
        let began = Instant::now();
        let once = once(
            kind,
            app.clone(),
            Arc::clone(&config),
            receivers.clone(),
            part.clone(),
            shutdown.clone(),
        );
        let mut running = AbortOnDropHandle::new(tokio::spawn(once));
        let ended = tokio::select! {
            ended = &mut running => ended.map_err(|_| metrics::panicked("channel")),
            () = silence(&part) => {
                tracing::error!(channel = kind.name(), "a channel gave no sign of life; it is begun anew");
                Err(())
            }
        };
        drop(running);
        match ended {
            Ok(Ok(())) => break,
            Ok(Err(error)) => {
                part.down("misconfigured", "a setting must be changed, see the log");
                return Err(error);
            }
            // The panic's own words may quote a message: they are not logged.
            Err(()) => tracing::error!(channel = kind.name(), "a channel ended in a fault"),
        }
        part.down("restarting", "it failed and is begun anew");
        if began.elapsed() > 10 * LONGEST_AGAIN {
            wait = AGAIN;
        }
        if shutdown.run_until_cancelled(sleep(wait)).await.is_none() {
            break;
        }
        wait = (2 * wait).min(LONGEST_AGAIN);
    }
    part.withdraw();
    Ok(())
}

/// Resolves when a part that gave signs of life gives none any more.
async fn silence(part: &Part) {
    loop {
        sleep(LOOK).await;
        if part.is_silent() {
            return;
        }
    }
}

async fn once(
    kind: ChannelKind,
    app: App,
    config: Arc<Config>,
    receivers: Receivers,
    part: Part,
    shutdown: CancellationToken,
) -> Result<(), ChannelError> {
    let town = app.tenant().clone();
    let is_brought = kind.is_brought(&config);
    if is_brought {
        receivers.set(kind, &town, Receiver::Starting);
    }
    match kind {
        #[cfg(feature = "telegram")]
        ChannelKind::Telegram if is_brought => {
            hook(app, &config, &receivers, &part, shutdown).await
        }
        #[cfg(feature = "telegram")]
        ChannelKind::Telegram => {
            crate::channel::telegram::run(app, &config.telegram, part, shutdown).await
        }
        #[cfg(feature = "discord")]
        ChannelKind::Discord if is_brought => {
            endpoint(app, &config, &receivers, &part, shutdown).await
        }
        #[cfg(feature = "discord")]
        ChannelKind::Discord => {
            crate::channel::discord::run(app, &config.discord, part, shutdown).await
        }
        #[cfg(not(all(feature = "telegram", feature = "discord")))]
        missing => {
            let _ = (app, config, part, shutdown);
            let key = missing.name();
            Err(ChannelError::Misconfigured(format!(
                "{key}.enabled = true, aber dieses Programm ist ohne diesen Kanal gebaut (Cargo-Merkmal »{key}«)"
            )))
        }
    }
}

#[cfg(feature = "telegram")]
async fn hook(
    app: App,
    config: &Config,
    receivers: &Receivers,
    part: &Part,
    shutdown: CancellationToken,
) -> Result<(), ChannelError> {
    use crate::channel::telegram;
    let town = app.tenant().clone();
    let setting_up = telegram::set_up(app, &config.telegram, part);
    let Some(hook) = shutdown.run_until_cancelled(setting_up).await.transpose()? else {
        return Ok(());
    };
    let hook = Arc::new(hook);
    let receiver = Receiver::Telegram(Arc::clone(&hook));
    let looking_after = hook.look_after(&config.telegram, part, shutdown);
    receivers.serve_while(ChannelKind::Telegram, &town, receiver, looking_after).await
}

#[cfg(feature = "discord")]
async fn endpoint(
    app: App,
    config: &Config,
    receivers: &Receivers,
    part: &Part,
    shutdown: CancellationToken,
) -> Result<(), ChannelError> {
    use crate::channel::discord;
    let town = app.tenant().clone();
    let setting_up = discord::set_up(app, &config.discord, part);
    let Some(endpoint) = shutdown.run_until_cancelled(setting_up).await.transpose()? else {
        return Ok(());
    };
    let receiver = Receiver::Discord(Arc::new(endpoint));
    receivers.serve_while(ChannelKind::Discord, &town, receiver, shutdown.cancelled()).await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_brought_before_a_channel_begins_is_to_come_again() {
        let (receivers, town) = (Receivers::default(), TenantId::only());
        let brought = async || {
            let receivers = receivers.clone();
            let town = TenantId::only();
            let kind = ChannelKind::Telegram;
            receivers.receive(kind, town, HeaderMap::new(), Body::empty()).await.status()
        };
        assert_eq!(brought().await, StatusCode::NOT_FOUND);
        let mut config = Config::default();
        config.telegram.enabled = true;
        receivers.expect(&town, &config);
        assert_eq!(brought().await, StatusCode::NOT_FOUND, "polled, not brought");
        config.telegram.mode = TelegramMode::Webhook;
        receivers.expect(&town, &config);
        assert_eq!(brought().await, StatusCode::SERVICE_UNAVAILABLE);
        receivers.forget(&town);
        assert_eq!(brought().await, StatusCode::NOT_FOUND);
    }
}
