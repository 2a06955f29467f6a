//! Interactions that Discord brings itself: commands and presses, signed, to any of several
//! processes. There is no connection to hold; but neither are there private messages nor mentions.

use std::{sync::Arc, time::Duration};

use axum::{
    body::Body,
    http::{HeaderMap, StatusCode},
    response::IntoResponse,
};
use serde::Deserialize;
use serenity::{
    all::{ApplicationId, Interaction},
    interactions_endpoint::Verifier,
};
use time::OffsetDateTime;
use tokio::{
    sync::oneshot,
    time::{sleep, timeout},
};

use super::{Api, ChannelError, Desk, Failure, LONGEST_RETRY, NAME, Pace, Waits, wrong_token};
use crate::{
    app::App,
    config::DiscordConfig,
    health::Part,
    http::{MAX_BODY, read_body},
    metrics,
};

/// The headers of Discord's signature.
const SIGNATURE: &str = "x-signature-ed25519";
const TIMESTAMP: &str = "x-signature-timestamp";
/// A request that was signed earlier or later than this is a replayed one.
const FRESH: Duration = Duration::from_secs(5 * 60);
/// Discord waits three seconds.
const LONGEST: Duration = Duration::from_millis(2_900);
/// The kind of a request by which Discord tests the endpoint, and the answer to it.
const PING: u8 = 1;
const PONG: &[u8] = br#"{"type":1}"#;

/// What receives interactions.
pub struct Endpoint {
    desk: Arc<Desk>,
    verifier: Verifier,
}

/// What to tell Discord: a status, and JSON.
pub type Response = (StatusCode, Vec<u8>);

/// Registers the commands, however long Discord cannot be reached.
///
/// # Errors
/// If the operator must change a setting first.
pub async fn set_up(
    app: App,
    config: &DiscordConfig,
    part: &Part,
) -> Result<Endpoint, ChannelError> {
    set_up_at(app, config, part, Pace::default()).await
}

/// Like [`set_up`], at another pace.
///
/// # Errors
/// If the operator must change a setting first.
pub async fn set_up_at(
    app: App,
    config: &DiscordConfig,
    part: &Part,
    pace: Pace,
) -> Result<Endpoint, ChannelError> {
    part.starting();
    let verifier = verifier(&config.public_key).ok_or_else(|| {
        ChannelError::Misconfigured("discord.public_key: kein gültiger Schlüssel".to_owned())
    })?;
    let application = config.application_id.parse().map_err(|_| {
        ChannelError::Misconfigured("discord.application_id: keine Nummer".to_owned())
    })?;
    let desk = Arc::new(Desk::new(app, Api::new(config), pace));
    let mut waits = Waits::new(pace.retry, LONGEST_RETRY);
    loop {
        match desk.register(ApplicationId::new(application)).await {
            Ok(()) => break,
            Err(Failure::Unauthorized) => return Err(wrong_token()),
            Err(failure) => {
                tracing::warn!(?failure, "Discord commands could not be registered; trying again");
                part.down("unreachable", "Discord cannot be reached");
                sleep(waits.next()).await;
            }
        }
    }
    part.up();
    Ok(Endpoint { desk, verifier })
}

/// The check of signatures by a key in 64 hexadecimal digits.
fn verifier(key: &str) -> Option<Verifier> {
    let mut bytes = [0; 32];
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(key.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    Verifier::try_new(bytes).ok()
}

impl Endpoint {
    /// Receives an interaction.
    pub async fn receive(&self, headers: &HeaderMap, body: Body) -> Response {
        let body = match read_body(body, MAX_BODY).await {
            Ok(body) => body,
            Err(error) => return (error.into_response().status(), Vec::new()),
        };
        let body = &body[..];
        if !self.is_discord(headers, body) {
            metrics::webhook_rejected(NAME, "signature");
            return (StatusCode::UNAUTHORIZED, Vec::new());
        }
        #[derive(Deserialize)]
        struct Kind {
            #[serde(rename = "type")]
            kind: u8,
        }
        if serde_json::from_slice::<Kind>(body).is_ok_and(|kind| kind.kind == PING) {
            return (StatusCode::OK, PONG.to_vec());
        }
        let Ok(interaction) = serde_json::from_slice::<Interaction>(body) else {
            metrics::webhook_rejected(NAME, "unreadable");
            return (StatusCode::BAD_REQUEST, Vec::new());
        };
        let (line, answered) = oneshot::channel();
        self.desk.take(interaction, Some(line));
        match timeout(LONGEST, answered).await {
            // serenity's builders are plain structs: writing them cannot fail.
            Ok(Ok(response)) => match serde_json::to_vec(&response) {
                Ok(json) => (StatusCode::OK, json),
                Err(_) => (StatusCode::INTERNAL_SERVER_ERROR, Vec::new()),
            },
            // It was answered before, or there were too many at once.
            Ok(Err(_)) => (StatusCode::CONFLICT, Vec::new()),
            Err(_) => (StatusCode::SERVICE_UNAVAILABLE, Vec::new()),
        }
    }

    /// Takes nothing more, and finishes what is in hand.
    pub async fn drain(&self) {
        self.desk.close().await;
    }

    fn is_discord(&self, headers: &HeaderMap, body: &[u8]) -> bool {
        let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let (Some(signature), Some(timestamp)) = (header(SIGNATURE), header(TIMESTAMP)) else {
            return false;
        };
        let now = OffsetDateTime::now_utc().unix_timestamp();
        let is_fresh =
            timestamp.parse::<i64>().is_ok_and(|signed| now.abs_diff(signed) <= FRESH.as_secs());
        is_fresh && self.verifier.verify(signature, timestamp, body).is_ok()
    }
}
