//! Discord, over the gateway or as interactions that Discord brings.
//!
//! ```text
//! gateway, interactions --event--> answer: receive --Message--> app --Reply--> render --> api
//! ```
//!
//! * `receive`: from what Discord delivers to our message; `render` (with `markup` and `card`): from
//!   a reply to embeds and buttons. Both are pure.
//! * `answer`: one event, once. `commands`: what Discord's clients offer.
//! * `api`: requests, repeated where that helps. `gateway`: the connection, and its watchdog.
//! * `interactions`: what Discord signs and brings itself, to any of several processes.

mod answer;
mod api;
mod card;
mod commands;
mod gateway;
mod interactions;
mod markup;
mod receive;
mod render;

use std::{
    hash::{BuildHasher, RandomState},
    sync::Arc,
    time::Duration,
};

use serenity::all::BotGateway;
use tokio_util::sync::CancellationToken;

pub use self::interactions::{Endpoint, set_up, set_up_at};
use self::{
    answer::Desk,
    api::{Api, Failure},
    gateway::{Ended, hold},
};
use super::ChannelError;
use crate::{
    app::{App, Lease},
    config::DiscordConfig,
    health::Part,
};

/// Names the channel in the store and in metrics.
const NAME: &str = "discord";

/// How long things may take. The defaults suit Discord; tests are in a hurry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// After so long without an answer, an interaction is told to wait. Discord gives 3 seconds.
    pub defer: Duration,
    /// First wait before Discord is asked again whether it is there.
    pub retry: Duration,
    /// First wait before a new connection, after one that broke.
    pub reconnect: Duration,
    /// A connection without a sign of life for so long is given up. A heart beats every 41 s.
    pub stuck: Duration,
    /// How long answers in hand may take when we are asked to stop.
    pub drain: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            defer: Duration::from_secs(2),
            retry: Duration::from_secs(1),
            reconnect: Duration::from_secs(5),
            stuck: Duration::from_secs(150),
            drain: Duration::from_secs(5),
        }
    }
}

/// Longest wait between two questions whether Discord is there.
const LONGEST_RETRY: Duration = Duration::from_secs(60);
/// Longest wait before a new connection.
const LONGEST_RECONNECT: Duration = Duration::from_secs(30 * 60);
/// Discord grants 1000 sessions a day and resets the token of who uses them up: so many are left
/// alone.
const SESSIONS_KEPT: u64 = 20;
/// Longest wait for new sessions.
const LONGEST_RATION: Duration = Duration::from_secs(60 * 60);

/// Runs the channel until `shutdown`. Of several processes that share a store, one is connected and
/// the others stand by.
///
/// # Errors
/// If the operator must change a setting first.
pub async fn run(
    app: App,
    config: &DiscordConfig,
    part: Part,
    shutdown: CancellationToken,
) -> Result<(), ChannelError> {
    run_at(app, config, part, Pace::default(), shutdown).await
}

/// Like [`run`], at another pace.
///
/// # Errors
/// If the operator must change a setting first.
pub async fn run_at(
    app: App,
    config: &DiscordConfig,
    part: Part,
    pace: Pace,
    shutdown: CancellationToken,
) -> Result<(), ChannelError> {
    let mut lease = Lease::new(&app, NAME);
    loop {
        if shutdown.run_until_cancelled(lease.acquire(&part)).await.is_none() {
            return Ok(());
        }
        part.starting();
        let ours = shutdown.child_token();
        let desk = Arc::new(Desk::new(app.clone(), Api::new(config), pace));
        let connected = stay_connected(&desk, config, &part, &pace, &ours);
        tokio::pin!(connected);
        let ended = tokio::select! {
            ended = &mut connected => ended,
            () = lease.lost() => {
                tracing::warn!("another process is connected to Discord now");
                ours.cancel();
                connected.await
            }
        };
        lease.give_up().await;
        ended?;
        if shutdown.is_cancelled() {
            return Ok(());
        }
    }
}

/// Connects, again and again, until `shutdown`.
async fn stay_connected(
    desk: &Arc<Desk>,
    config: &DiscordConfig,
    part: &Part,
    pace: &Pace,
    shutdown: &CancellationToken,
) -> Result<(), ChannelError> {
    let mut waits = Waits::new(pace.reconnect, LONGEST_RECONNECT);
    loop {
        let reached = tokio::select! {
            () = shutdown.cancelled() => break,
            reached = reach(desk.api(), part, pace) => reached?,
        };
        match hold(api::http(config), reached.url, desk, part, pace, shutdown).await {
            Ended::Asked => break,
            Ended::Unauthorized => return Err(wrong_token()),
            Ended::Intents => return Err(wrong_intents()),
            Ended::Broken => {}
        }
        part.down("disconnected", "the connection to Discord broke");
        if desk.was_connected() {
            waits.reset();
        }
        let wait = waits.next();
        tracing::warn!(seconds = wait.as_secs(), "the Discord connection broke; a new one follows");
        tokio::select! {
            () = shutdown.cancelled() => break,
            () = tokio::time::sleep(wait) => {}
        }
    }
    desk.close().await;
    Ok(())
}

/// Waits until Discord's API is there, knows our token, and grants a session.
async fn reach(api: &Api, part: &Part, pace: &Pace) -> Result<BotGateway, ChannelError> {
    let mut waits = Waits::new(pace.retry, LONGEST_RETRY);
    loop {
        let wait = match api.gateway().await {
            Ok(gateway) => match ration(&gateway) {
                None => return Ok(gateway),
                Some(wait) => {
                    tracing::error!(
                        minutes = wait.as_secs() / 60,
                        "Discord grants hardly any more sessions today; waiting for new ones"
                    );
                    part.down("no_sessions", "Discord grants hardly any more sessions today");
                    wait
                }
            },
            Err(Failure::Unauthorized) => return Err(wrong_token()),
            Err(failure) => {
                tracing::warn!(?failure, "Discord's API cannot be reached; trying again");
                part.down("unreachable", "Discord cannot be reached");
                waits.next()
            }
        };
        tokio::time::sleep(wait).await;
    }
}

/// How long to wait for sessions, if hardly any are left.
fn ration(gateway: &BotGateway) -> Option<Duration> {
    let limit = &gateway.session_start_limit;
    let scarce = limit.remaining <= SESSIONS_KEPT.min(limit.total / 2);
    scarce.then(|| Duration::from_millis(limit.reset_after).clamp(LONGEST_RETRY, LONGEST_RATION))
}

fn wrong_token() -> ChannelError {
    ChannelError::Misconfigured(
        "discord.token: Discord lehnt das Token ab. Bitte im Discord Developer Portal unter „Bot“ \
         ein neues Token erzeugen und als discord.token (oder in der Datei discord.token_file) \
         eintragen"
            .to_owned(),
    )
}

fn wrong_intents() -> ChannelError {
    ChannelError::Misconfigured(
        "discord.token: Discord verweigert der Anwendung zu diesem Token die Ereignisse (Intents) \
         GUILDS, GUILD_MESSAGES und DIRECT_MESSAGES. Der Bot braucht keine weiteren; bitte im \
         Discord Developer Portal prüfen, ob die Anwendung eingeschränkt oder gesperrt ist"
            .to_owned(),
    )
}

/// Growing waits with some chance in them, so that many programs do not return at once.
struct Waits {
    first: Duration,
    longest: Duration,
    next: Duration,
}

impl Waits {
    fn new(first: Duration, longest: Duration) -> Self {
        Self { first, longest, next: first }
    }

    fn reset(&mut self) {
        self.next = self.first;
    }

    /// Between half of the wait and all of it; the wait after it is twice as long.
    fn next(&mut self) -> Duration {
        let wait = self.next;
        self.next = (wait * 2).min(self.longest);
        // Every `RandomState` has random keys.
        let chance = RandomState::new().hash_one(()) as u32;
        wait.mul_f64(0.5 + 0.5 * f64::from(chance) / f64::from(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn waits_grow_up_to_a_limit_and_start_anew() {
        let second = Duration::from_secs(1);
        let mut waits = Waits::new(second, 8 * second);
        for expected in [1, 2, 4, 8, 8] {
            let wait = waits.next();
            assert!(wait >= expected * second / 2 && wait <= expected * second, "{wait:?}");
        }
        waits.reset();
        assert!(waits.next() <= second);
    }

    #[test]
    fn fault_65_the_last_sessions_of_a_day_are_not_used_up() {
        let gateway = |remaining: u64, reset_after: u64| -> BotGateway {
            let limit = json!({
                "total": 1000, "remaining": remaining, "reset_after": reset_after,
                "max_concurrency": 1,
            });
            let gateway =
                json!({ "url": "wss://a.example", "shards": 1, "session_start_limit": limit });
            serde_json::from_value(gateway).unwrap()
        };
        assert_eq!(ration(&gateway(999, 1)), None);
        assert_eq!(ration(&gateway(20, 120_000)), Some(Duration::from_secs(120)));
        assert_eq!(ration(&gateway(0, 86_400_000)), Some(LONGEST_RATION));
    }

    #[test]
    fn errors_name_the_key() {
        for error in [wrong_token(), wrong_intents()] {
            assert!(error.to_string().contains("discord.token"), "{error}");
        }
    }
}
