//! The Discord channel, against a Discord server of our own on loopback.
