//! What is remembered between two messages: ids only, never a citizen's words.

use serde::{Deserialize, Serialize};

use crate::{
    ids::{RegionKey, ServiceId},
    message::Facet,
};

/// The state of one conversation. Plain data with a version; whoever meets an unknown version
/// starts a new conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conversation {
    /// Layout of this struct, see [`Conversation::VERSION`].
    pub version: u8,
    /// The service last answered, for "und was kostet das?".
    pub service: Option<ServiceId>,
    /// The place the citizen named.
    pub place: Option<RegionKey>,
    /// The question we asked back and still wait for.
    pub pending: Option<Pending>,
    /// How many questions in a row we asked back.
    pub asked: u8,
}

impl Conversation {
    /// The layout that this build writes and reads.
    pub const VERSION: u8 = 1;
}

impl Default for Conversation {
    fn default() -> Self {
        Self { version: Self::VERSION, service: None, place: None, pending: None, asked: 0 }
    }
}

/// What we asked, so that "2", "das zweite" or "der gebrauchte" can be understood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pending {
    /// Which of these services?
    Service {
        /// The services offered, in the order shown.
        choices: Vec<ServiceId>,
        /// What the citizen wanted to know of it.
        facets: Vec<Facet>,
    },
    /// Which of these places?
    Place {
        /// The places offered, in the order shown.
        choices: Vec<RegionKey>,
        /// The service that was asked about.
        service: Option<ServiceId>,
        /// What the citizen wanted to know of it.
        facets: Vec<Facet>,
    },
}
