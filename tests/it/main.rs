//! Behaviour of the whole program, from the outside. One binary, since each one links everything.

mod calendar;
mod catalog;
#[cfg(feature = "import")]
mod cities;
mod command_line;
mod config;
mod conversation;
mod dependencies;
#[cfg(feature = "discord")]
mod discord;
mod house;
#[cfg(feature = "import")]
mod import;
#[cfg(feature = "discord")]
mod interactions;
mod life_events;
#[cfg(feature = "telegram")]
mod lifecycle;
#[cfg(feature = "telegram")]
mod logs;
mod offers;
#[cfg(feature = "server")]
mod postgres;
#[cfg(all(feature = "telegram", feature = "discord"))]
mod privacy;
mod quality;
mod regression;
mod replies;
mod safety;
#[cfg(feature = "telegram")]
mod scale_out;
#[cfg(feature = "telegram")]
mod telegram;
#[cfg(feature = "telegram")]
mod tenants;
mod wording;

use std::sync::LazyLock;

#[cfg(feature = "server")]
use amtslotse::{
    app::{App, Shared, queue::Queue},
    health::{Health, Part, Role},
    ids::TenantId,
    store::{Secret, Store},
};
use amtslotse::{bot::Bot, config::Config};

/// The bot as shipped, built once: it is immutable.
static BOT: LazyLock<Bot> = LazyLock::new(|| {
    amtslotse::setup::build_bot(&without_data()).expect("the shipped catalog is valid")
});

/// What a process has once, with a store in memory.
#[cfg(feature = "server")]
async fn shared() -> Shared {
    shared_with(Store::in_memory().await.unwrap())
}

/// What a process has once, with a key that is the same for all of them.
#[cfg(feature = "server")]
fn shared_with(store: Store) -> Shared {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "a key for tests, which is no secret").unwrap();
    let secret = Secret::read(file.path()).unwrap();
    Shared::new(store, secret, Queue::new(256, 10_000), Health::new())
}

/// A bot at work, with a store in memory.
#[cfg(feature = "server")]
async fn app(bot: std::sync::Arc<Bot>) -> App {
    App::new(TenantId::only(), bot, shared().await, &Config::default())
}

/// How a channel of it says how it is.
#[cfg(feature = "server")]
fn part(app: &App, channel: &'static str) -> Part {
    app.shared().health.part(Role::Channel, channel, "")
}

/// The settings as they are by default, but for what a developer may have imported here.
fn without_data() -> Config {
    let mut config = Config::default();
    config.bot.data = "/nowhere".into();
    config
}
