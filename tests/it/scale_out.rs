//! Several replicas on one PostgreSQL, as a provider runs them: whatever happens to one of them, to
//! the database or to Telegram, every question is answered, and by one of them.
//!
//! * `kill`: replicas are killed while citizens ask;
//! * `hook`: what a web hook tells Telegram;
//! * `polling`: one replica fetches, the others stand by;
//! * `database`: PostgreSQL crashes, or hangs.

mod api;
mod cluster;
mod database;
mod hook;
mod kill;
mod polling;
mod replica;
