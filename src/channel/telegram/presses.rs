//! A button pressed twice in a row is one press: a nervous finger, or a phone that sent it again.

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use super::update::Press;

/// Whoever presses the same button after this means it.
const AGAIN: Duration = Duration::from_secs(5);

/// The presses of the last seconds: the button as a hash with random keys, and the update.
#[derive(Default)]
pub(super) struct Presses {
    keys: RandomState,
    recent: Mutex<HashMap<u64, (Instant, i64)>>,
}

impl Presses {
    /// `false` if the same person pressed the same button just before. A press that Telegram delivers
    /// again is the same press.
    pub fn note(&self, update: i64, press: &Press) -> bool {
        let place = press.message.as_ref().map(|message| (message.chat.id, message.message_id));
        let button = self.keys.hash_one((place, press.from.id, &press.data));
        let now = Instant::now();
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.retain(|_, (pressed, _)| now.duration_since(*pressed) < AGAIN);
        let (pressed, first) = recent.entry(button).or_insert((now, update));
        *pressed = now;
        *first == update
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
        assert!(presses.note(1, &press(1, 1, "a")));
        assert!((2..100).all(|update| !presses.note(update, &press(1, 1, "a"))));
        assert!(presses.note(1, &press(1, 1, "a")), "delivered again");
        assert!(presses.note(101, &press(1, 1, "b")));
        assert!(presses.note(102, &press(2, 1, "a")));
        assert!(presses.note(103, &press(1, 2, "a")));
        tokio::time::advance(AGAIN).await;
        assert!(presses.note(104, &press(1, 1, "a")));
        assert_eq!(presses.recent.lock().unwrap().len(), 1);
    }
}
