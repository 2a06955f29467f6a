//! The connection that events come over.
//!
//! serenity reconnects by itself, with gaps: on some close codes (4003, 4010, 4011) it spins on
//! one core and never returns, a shard whose connection is dead may wait for ever to close it,
//! and a client that never connected cannot be stopped. So each client has a runtime of its own,
//! which can be given up as a whole, and a watchdog that decides when.

use std::{sync::Arc, time::Duration};

use serenity::{
    all::{ClientBuilder, ConnectionStage, GatewayIntents, ShardManager},
    gateway::GatewayError,
    http::Http,
};
use tokio::{
    runtime::{Builder, Runtime},
    task::JoinHandle,
    time::{Instant, timeout},
};
use tokio_util::sync::CancellationToken;

use super::{
    Pace,
    answer::{Desk, Events},
};
use crate::health::Part;

/// None of these is privileged. Texts come in private chats and where we are mentioned.
const INTENTS: GatewayIntents = GatewayIntents::GUILDS
    .union(GatewayIntents::GUILD_MESSAGES)
    .union(GatewayIntents::DIRECT_MESSAGES);
/// Threads of a connection: one may spin while the other still obeys.
const THREADS: usize = 2;
/// Saying goodbye to Discord takes milliseconds, if anybody listens.
const GOODBYE: Duration = Duration::from_secs(2);

/// How a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// We were asked to stop.
    Asked,
    /// The token is refused (4004).
    Unauthorized,
    /// The intents are refused (4013, 4014).
    Intents,
    /// Something else; connecting again may help.
    Broken,
}

/// Keeps one client connected until it ends, or does not answer any more.
pub(super) async fn hold(
    http: Http,
    url: String,
    desk: &Arc<Desk>,
    part: &Part,
    pace: &Pace,
    shutdown: &CancellationToken,
) -> Ended {
    let mut connection = tokio::select! {
        () = shutdown.cancelled() => return Ended::Asked,
        opened = Connection::open(http, url, Events(Arc::clone(desk))) => match opened {
            Some(connection) => connection,
            None => return Ended::Broken,
        },
    };
    let mut watch = Watch::new(pace.stuck);
    let mut looks = tokio::time::interval(pace.stuck / 30);
    loop {
        tokio::select! {
            () = shutdown.cancelled() => {
                desk.close().await;
                connection.say_goodbye().await;
                return Ended::Asked;
            }
            ended = &mut connection.running => return ended.unwrap_or(Ended::Broken),
            _ = looks.tick() => {
                let (stage, latency) = connection.state().await;
                if stage == ConnectionStage::Connected {
                    part.up();
                }
                if watch.is_stuck(Instant::now(), stage, latency, desk.heard()) {
                    tracing::warn!("Discord's gateway does not answer; connecting anew");
                    return Ended::Broken;
                }
            }
        }
    }
}

/// One client of serenity's. Dropping it ends everything that the client started.
struct Connection {
    shards: Arc<ShardManager>,
    running: JoinHandle<Ended>,
    _threads: Threads,
}

impl Connection {
    async fn open(http: Http, url: String, events: Events) -> Option<Self> {
        let threads = Threads::start()?;
        let building = threads.runtime()?.spawn(async move {
            let client = ClientBuilder::new_with_http(http, INTENTS).event_handler(events).await?;
            // serenity asks for the address itself, and takes Discord's own if that fails.
            *client.ws_url.lock().await = url;
            Ok::<_, serenity::Error>(client)
        });
        let mut client = building.await.ok()?.ok()?;
        let shards = Arc::clone(&client.shard_manager);
        let running = threads.runtime()?.spawn(async move { why(client.start().await) });
        Some(Self { shards, running, _threads: threads })
    }

    async fn state(&self) -> (ConnectionStage, Option<Duration>) {
        let runners = self.shards.runners.lock().await;
        let state = runners.values().next().map(|shard| (shard.stage, shard.latency));
        state.unwrap_or((ConnectionStage::Disconnected, None))
    }

    /// Tells Discord that we go, so that it delivers nothing any more.
    async fn say_goodbye(&self) {
        let (stage, _) = self.state().await;
        if stage == ConnectionStage::Connected
            && timeout(GOODBYE, self.shards.shutdown_all()).await.is_err()
        {
            tracing::debug!("Discord did not say goodbye");
        }
    }
}

/// Threads that can be given up, whatever runs on them.
struct Threads(Option<Runtime>);

impl Threads {
    fn start() -> Option<Self> {
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(THREADS).thread_name("discord-gateway").enable_all();
        match builder.build() {
            Ok(runtime) => Some(Self(Some(runtime))),
            Err(error) => {
                tracing::error!(%error, "no threads for the Discord gateway");
                None
            }
        }
    }

    fn runtime(&self) -> Option<&Runtime> {
        self.0.as_ref()
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        // Waiting for them is neither allowed here nor wise.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

fn why(ended: serenity::Result<()>) -> Ended {
    match ended {
        Err(serenity::Error::Gateway(GatewayError::InvalidAuthentication)) => Ended::Unauthorized,
        Err(serenity::Error::Gateway(
            GatewayError::InvalidGatewayIntents | GatewayError::DisallowedGatewayIntents,
        )) => Ended::Intents,
        _ => Ended::Broken,
    }
}

/// Decides when a connection is dead: it is not connected, or brings neither events nor
/// heartbeats, for too long.
struct Watch {
    limit: Duration,
    alive: Instant,
    latency: Option<Duration>,
}

impl Watch {
    fn new(limit: Duration) -> Self {
        Self { limit, alive: Instant::now(), latency: None }
    }

    /// The latency is measured anew with each heartbeat, to the nanosecond: while it changes, the
    /// heart beats.
    fn is_stuck(
        &mut self,
        now: Instant,
        stage: ConnectionStage,
        latency: Option<Duration>,
        heard: Instant,
    ) -> bool {
        let beats = latency.is_some() && latency != self.latency;
        self.latency = latency;
        if stage == ConnectionStage::Connected {
            if beats {
                self.alive = now;
            }
            self.alive = self.alive.max(heard);
        }
        now.duration_since(self.alive) >= self.limit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn fault_65_a_silent_connection_is_given_up() {
        let mut watch = Watch::new(150 * SECOND);
        let start = watch.alive;
        let mut look = |at: u32, stage, latency: Option<u64>, heard: u32| {
            let latency = latency.map(Duration::from_nanos);
            watch.is_stuck(start + at * SECOND, stage, latency, start + heard * SECOND)
        };
        let connected = ConnectionStage::Connected;
        assert!(!look(5, ConnectionStage::Identifying, None, 0));
        assert!(!look(140, connected, None, 20), "an event came");
        assert!(!look(160, connected, Some(1), 20), "a heartbeat");
        assert!(!look(300, connected, Some(2), 20), "another");
        assert!(!look(449, connected, Some(2), 20), "none");
        assert!(look(450, connected, Some(2), 20), "none for too long");
    }

    #[test]
    fn fault_65_a_connection_that_never_comes_about_is_given_up() {
        let mut watch = Watch::new(150 * SECOND);
        let start = watch.alive;
        for (at, stuck) in [(0, false), (149, false), (150, true)] {
            let stage = ConnectionStage::Identifying;
            assert_eq!(watch.is_stuck(start + at * SECOND, stage, None, start), stuck, "{at} s");
        }
    }
}
