//! Behaviour of the whole program, from the outside. One binary, since each one links everything.

#[cfg(feature = "discord")]
mod discord;
#[cfg(feature = "telegram")]
mod logs;
#[cfg(feature = "telegram")]
mod telegram;
