//! Which conversation a message belongs to, and that its messages are answered one after another.

use std::{
    collections::HashMap,
    fmt::{self, Display},
    sync::{Arc, Mutex, PoisonError, Weak},
};

use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

use crate::store::Key;

/// Which conversation a message belongs to: a private chat, or (in groups, where nothing is
/// stored per person) one message of the bot's that is replied to. Holds the platform's ids, and so
/// never leaves the process: what is stored is a keyed hash of it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ThreadKey {
    channel: &'static str,
    id: String,
}

impl ThreadKey {
    /// The thread of a channel that an id, unique there, stands for.
    pub fn new(channel: &'static str, id: impl Display) -> Self {
        Self { channel, id: id.to_string() }
    }

    /// The channel, and what identifies the thread there.
    pub(super) fn parts(&self) -> [&str; 2] {
        [self.channel, &self.id]
    }
}

impl fmt::Debug for ThreadKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ThreadKey({})", self.channel)
    }
}

/// The threads in which a message is being answered.
#[derive(Debug, Default)]
pub(super) struct Threads(Mutex<Locks>);

#[derive(Debug, Default)]
struct Locks {
    of: HashMap<Key, Weak<AsyncMutex<()>>>,
    /// With so many, those in which nothing is being answered are forgotten.
    tidy_at: usize,
}

/// That nobody else in this process answers in a thread.
pub(super) type ThreadTurn = OwnedMutexGuard<()>;

/// Fewer locks are never tidied up.
const FEW: usize = 1_024;

impl Threads {
    /// Waits until the messages before are answered.
    pub async fn turn(&self, thread: &Key) -> ThreadTurn {
        let lock = self.lock_of(thread);
        lock.lock_owned().await
    }

    fn lock_of(&self, thread: &Key) -> Arc<AsyncMutex<()>> {
        let mut threads = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lock) = threads.of.get(thread).and_then(Weak::upgrade) {
            return lock;
        }
        if threads.of.len() >= threads.tidy_at.max(FEW) {
            threads.of.retain(|_, lock| lock.strong_count() > 0);
            threads.tidy_at = 2 * threads.of.len();
        }
        let lock = Arc::default();
        threads.of.insert(*thread, Arc::downgrade(&lock));
        lock
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_of_different_channels_differ_and_never_show() {
        assert_ne!(ThreadKey::new("telegram", 7), ThreadKey::new("discord", 7));
        assert_eq!(ThreadKey::new("telegram", 7), ThreadKey::new("telegram", 7));
        assert!(!format!("{:?}", ThreadKey::new("telegram", 4711)).contains("4711"));
    }
}
