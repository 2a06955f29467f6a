//! The web hook: Telegram brings updates, to any of several processes, and keeps each until one of
//! them has confirmed it. So an update is confirmed when it is answered, and not before.

use std::{sync::Arc, time::Duration};

use axum::{
    body::Body,
    http::{HeaderMap, StatusCode},
    response::IntoResponse,
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::value::RawValue;
use subtle::ConstantTimeEq;
use tokio::time::sleep;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    Api, Backoff, Channel, ChannelError, Fault, Handled, Me, NAME, api, register_commands,
    unauthorized, update::Update,
};
use crate::{
    app::App,
    config::TelegramConfig,
    health::Part,
    http::{MAX_BODY, read_body},
    metrics,
    store::Signal,
};

/// The header in which Telegram shows the secret that it was given (Bot API, `setWebhook`).
const SECRET_HEADER: &str = "x-telegram-bot-api-secret-token";
/// How often Telegram is asked whether the hook still stands, and how deliveries go.
const LOOK_AFTER: Duration = Duration::from_secs(60 * 60);
/// Under this name the store keeps which hook was set.
const SIGNAL: &str = "webhook";

/// What receives updates.
pub struct Hook {
    channel: Arc<Channel>,
    secret: SecretString,
    at_work: TaskTracker,
}

/// Learns who we are and sets the hook, however long Telegram cannot be reached. The hook is never
/// taken away: other processes may need it, and Telegram keeps what comes meanwhile.
///
/// # Errors
/// If the operator must change a setting first.
pub async fn set_up(app: App, config: &TelegramConfig, part: &Part) -> Result<Hook, ChannelError> {
    let api = api(config)?;
    part.starting();
    let mut backoff = Backoff::patient();
    let me = loop {
        match introduce(&api, &app, config).await {
            Ok(me) => break me,
            Err(Fault::Unauthorized) => return Err(unauthorized(config)),
            Err(fault) => {
                tracing::warn!(%fault, "telegram: the web hook is not set yet, trying again");
                let (reason, text) = fault.reason();
                part.down(reason, text);
                sleep(backoff.wait(fault)).await;
            }
        }
    };
    part.up();
    let secret = config.secret.clone();
    Ok(Hook { channel: Channel::new(api, app, me, config), secret, at_work: TaskTracker::new() })
}

/// Who we are; and the hook, if Telegram or the store know another one.
async fn introduce(api: &Api, app: &App, config: &TelegramConfig) -> Result<Me, Fault> {
    let me = api.me().await?;
    let (tenant, store) = (app.tenant().as_str(), &app.shared().store);
    let hash = hook_hash(app, config);
    let is_ours =
        |known: &Signal| known.tenant == tenant && known.what == SIGNAL && known.hash == hash;
    let is_known = store.announced().await.is_ok_and(|known| known.iter().any(is_ours));
    if is_known && api.webhook().await?.url == config.webhook_url {
        return Ok(me);
    }
    api.set_webhook(&config.webhook_url, config.secret.expose_secret()).await?;
    tracing::info!("telegram: web hook set");
    let _ = store.announce(tenant, SIGNAL, &hash).await;
    register_commands(api.clone(), app.clone()).await;
    Ok(me)
}

/// Which hook we want: Telegram tells its address, but not its secret. Another version of the program
/// may have another menu of commands, which is set with the hook.
fn hook_hash(app: &App, config: &TelegramConfig) -> String {
    let token = config.token.expose_secret();
    let secret = config.secret.expose_secret();
    let parts = ["webhook", env!("CARGO_PKG_VERSION"), token, &config.webhook_url, secret];
    app.shared().secret.key(&parts).hex()
}

async fn handle(channel: Arc<Channel>, id: i64, update: Update) -> StatusCode {
    let (_, handled) = tokio::join!(channel.acknowledge(&update), channel.handle(id, &update));
    match handled {
        Handled::Settled => StatusCode::OK,
        Handled::Later => StatusCode::SERVICE_UNAVAILABLE,
        Handled::Undelivered(claim) => {
            channel.app.give_back(claim).await;
            StatusCode::SERVICE_UNAVAILABLE
        }
    }
}

impl Hook {
    /// Receives an update; what to tell Telegram. Everything but success is delivered again.
    pub async fn receive(&self, headers: &HeaderMap, body: Body) -> StatusCode {
        if !self.is_telegram(headers) {
            metrics::webhook_rejected(NAME, "secret");
            return StatusCode::UNAUTHORIZED;
        }
        let body = match read_body(body, MAX_BODY).await {
            Ok(body) => body,
            Err(error) => return error.into_response().status(),
        };
        let Ok(update) = serde_json::from_slice::<&RawValue>(&body) else {
            metrics::webhook_rejected(NAME, "unreadable");
            return StatusCode::BAD_REQUEST;
        };
        let Some(id) = Update::id(update) else {
            metrics::webhook_rejected(NAME, "unreadable");
            return StatusCode::BAD_REQUEST;
        };
        // One that needs no answer must not come again.
        let Some(update) = Update::read(update) else { return StatusCode::OK };
        // In a task of its own: an answer on its way is finished though Telegram hangs up meanwhile.
        let handled = self.at_work.spawn(handle(Arc::clone(&self.channel), id, update)).await;
        handled.unwrap_or_else(|_| {
            tracing::error!("telegram: answering a message ended in a fault");
            metrics::panicked("answer");
            StatusCode::INTERNAL_SERVER_ERROR
        })
    }

    /// Waits until what was begun is answered.
    pub async fn drain(&self) {
        self.at_work.close();
        self.at_work.wait().await;
    }

    fn is_telegram(&self, headers: &HeaderMap) -> bool {
        let shown = headers.get(SECRET_HEADER).map_or(&b""[..], |value| value.as_bytes());
        let secret = self.secret.expose_secret().as_bytes();
        !secret.is_empty() && bool::from(shown.ct_eq(secret))
    }

    /// Looks now and then whether the hook still stands; runs until `shutdown`.
    ///
    /// # Errors
    /// If the operator must change a setting.
    pub async fn look_after(
        &self,
        config: &TelegramConfig,
        part: &Part,
        shutdown: CancellationToken,
    ) -> Result<(), ChannelError> {
        let mut wait = LOOK_AFTER;
        while shutdown.run_until_cancelled(sleep(wait)).await.is_some() {
            part.alive();
            wait = LOOK_AFTER;
            match self.look(config, part).await {
                Ok(()) => {}
                Err(Fault::Unauthorized) => return Err(unauthorized(config)),
                Err(fault) => {
                    tracing::warn!(%fault, "telegram: the web hook could not be looked after");
                    wait = LOOK_AFTER / 10;
                }
            }
        }
        Ok(())
    }

    async fn look(&self, config: &TelegramConfig, part: &Part) -> Result<(), Fault> {
        let api = &self.channel.api;
        let webhook = api.webhook().await?;
        if webhook.url != config.webhook_url {
            tracing::warn!("telegram: the web hook was changed by somebody else, setting it again");
            api.set_webhook(&config.webhook_url, config.secret.expose_secret()).await?;
        }
        metrics::telegram_waiting(self.channel.app.tenant().as_str(), webhook.pending);
        match webhook.failed_lately() {
            false => part.up(),
            // What Telegram says about it may hold the address: it is not logged.
            true => part.degraded("deliveries_fail", "Telegram cannot deliver all messages"),
        }
        Ok(())
    }
}
