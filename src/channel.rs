//! The ends of the line: each channel turns what its platform delivers into a
//! [`Message`](crate::message::Message), hands it to the [`App`](crate::app::App), and renders the
//! [`Reply`](crate::reply::Reply) its own way. Platform types do not leave their module.

#[cfg(feature = "discord")]
pub mod discord;
#[cfg(any(feature = "discord", feature = "telegram"))]
mod public;
#[cfg(feature = "telegram")]
pub mod telegram;
pub mod terminal;

#[cfg(any(feature = "discord", feature = "telegram"))]
use crate::reply::AvailabilityKind;

/// Why a channel ended although nobody asked it to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChannelError {
    /// The operator must change a setting; the message (German) names the key.
    #[error("{0}")]
    Misconfigured(String),
}

/// The picture of a status in chats: seen without colour, and read aloud by screen readers.
#[cfg(any(feature = "discord", feature = "telegram"))]
fn mark(availability: AvailabilityKind) -> &'static str {
    match availability {
        AvailabilityKind::Online => "✅",
        AvailabilityKind::Partly => "🟡",
        AvailabilityKind::InPerson => "❌",
        AvailabilityKind::Unknown => "❔",
    }
}
