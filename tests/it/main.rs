//! Behaviour of the whole program, from the outside. One binary, since each one links everything.

mod calendar;
mod catalog;
mod command_line;
mod config;
mod conversation;
mod dependencies;
#[cfg(feature = "discord")]
mod discord;
mod house;
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
    amtslotse::serve::build_bot(&Config::default(), None).expect("the shipped catalog is valid")
});
