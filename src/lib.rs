//! **Amtslotse** answers a citizen's question, in the citizen's own words, with the public service
//! that is meant and whether it can be done online today.
//!
//! # The way of a message
//!
//! ```text
//! channel --Message--> app --> bot.respond(message, conversation) --> Reply + next conversation
//!                       |                |
//!                     store         matching + places + catalog
//! ```
//!
//! # Modules, in reading order
//!
//! * [`message`], [`reply`], [`conversation`]: the words everyone shares; [`ids`]: the keys.
//! * [`bot`]: what to say, and in which order it is considered. [`bot::decision`]: why it answers,
//!   asks back or declines.
//! * [`matching`]: which service is meant. [`places`]: which place is meant.
//! * [`catalog`]: the services and what is known of them. [`text`]: spelling and German grammar.
//! * [`import`]: foreign catalogs become [`offers`], looked up per municipality; [`links`]: whether what
//!   we point to is still there.
//! * [`setup`]: bots from settings. [`app`]: one message; [`store`]: what is remembered; [`channel`]: the platforms;
//!   [`serve`]: composition and life cycle, with [`http`], [`health`], [`metrics`] and [`notify`].
//! * [`cli`], [`eval`], [`config`], [`telemetry`].
//!
//! # Invariants (kept by `tests/it/house.rs`)
//!
//! 1. `bot`, `matching`, `catalog`, `places` and `text` know no `async` and no framework.
//! 2. Each framework is named only in its own adapter: teloxide in `channel/telegram`, serenity in
//!    `channel/discord`, sqlx in `store`, axum where HTTP comes in.
//! 3. Every message gets exactly one [`Reply`](reply::Reply). Not knowing is a reply, not an error.
//! 4. Same message (with its time), conversation, catalog and offers: same reply, on every channel
//!    and machine.
//! 5. Citizens' words are neither logged nor stored; a conversation holds ids, never text. What is stored of
//!    a chat hangs on a keyed hash.
//! 6. A reply says only what the catalog and the offers hold, and names its source.

#[cfg(feature = "server")]
pub mod app;
pub mod bot;
pub mod calendar;
pub mod catalog;
pub mod channel;
pub mod cli;
pub mod config;
pub mod conversation;
pub mod eval;
#[cfg(feature = "server")]
pub mod health;
#[cfg(feature = "server")]
pub mod http;
pub mod ids;
#[cfg(feature = "import")]
pub mod import;
pub mod language;
#[cfg(feature = "import")]
pub mod links;
pub mod matching;
pub mod message;
#[cfg(feature = "server")]
pub mod metrics;
#[cfg(feature = "server")]
pub mod notify;
pub mod offers;
pub mod places;
#[cfg(all(test, feature = "import"))]
mod real;
pub mod regression;
pub mod reply;
#[cfg(feature = "server")]
pub mod serve;
pub mod setup;
pub mod signals;
#[cfg(feature = "server")]
pub mod store;
pub mod telemetry;
pub mod text;
