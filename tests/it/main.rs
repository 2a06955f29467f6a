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
mod life_events;
#[cfg(feature = "telegram")]
mod logs;
mod offers;
mod quality;
mod regression;
mod replies;
mod safety;
#[cfg(feature = "telegram")]
mod telegram;
mod wording;

use std::sync::LazyLock;

use amtslotse::{bot::Bot, config::Config};

/// The bot as shipped, built once: it is immutable.
static BOT: LazyLock<Bot> = LazyLock::new(|| {
    amtslotse::serve::build_bot(&without_data()).expect("the shipped catalog is valid")
});

/// The settings as they are by default, but for what a developer may have imported here.
fn without_data() -> Config {
    let mut config = Config::default();
    config.bot.data = "/nowhere".into();
    config
}
