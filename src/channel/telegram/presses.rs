//! A button pressed twice in a row is one press: a nervous finger, or a phone that sent it again.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use super::update::Press;
use crate::app::ThreadKey;

/// Whoever presses the same button after this means it.
const AGAIN: Duration = Duration::from_secs(5);

/// The presses of the last seconds, as hashes.
#[derive(Default)]
pub(super) struct Presses(Mutex<HashMap<ThreadKey, Instant>>);

impl Presses {
    /// `false` if the same person pressed the same button just before.
    pub fn note(&self, press: &Press) -> bool {
        let place = press.message.as_ref().map(|message| (message.chat.id, message.message_id));
        let key = ThreadKey::new("telegram press", (place, press.from.id, &press.data));
        let now = Instant::now();
        let mut recent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        recent.retain(|_, pressed| now.duration_since(*pressed) < AGAIN);
        recent.insert(key, now).is_none()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn press(message: i32, person: i64, data: &str) -> Press {
        serde_json::from_value(json!({
            "id": "q", "from": {"id": person}, "data": data,
            "message": {"message_id": message, "chat": {"id": 7, "type": "group"}},
        }))
        .unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn fault_33_the_same_press_counts_once_until_it_is_meant_again() {
        let presses = Presses::default();
        assert!(presses.note(&press(1, 1, "a")));
        assert!((0..100).all(|_| !presses.note(&press(1, 1, "a"))));
        assert!(presses.note(&press(1, 1, "b")));
        assert!(presses.note(&press(2, 1, "a")));
        assert!(presses.note(&press(1, 2, "a")));
        tokio::time::advance(AGAIN).await;
        assert!(presses.note(&press(1, 1, "a")));
        assert_eq!(presses.0.lock().unwrap().len(), 1);
    }
}
