//! **Amtslotse** answers a citizen's question, in the citizen's own words, with the public service
//! that is meant and whether it can be done online today.
pub mod app;
pub mod bot;
pub mod catalog;
pub mod channel;
pub mod config;
pub mod conversation;
pub mod ids;
pub mod matching;
pub mod message;
pub mod places;
pub mod reply;
pub mod serve;
pub mod telemetry;
pub mod text;
