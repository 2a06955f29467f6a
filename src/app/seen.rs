//! Ids of the latest events: what the platform repeats, and what this process answered while the
//! store could not tell.

use std::{
    collections::{HashSet, VecDeque},
    hash::Hash,
};

/// A bounded memory of ids. They need not grow: Telegram goes on at a random number after a week of
/// silence.
#[derive(Debug)]
pub(crate) struct Seen<T> {
    ids: HashSet<T>,
    order: VecDeque<T>,
    most: usize,
}

impl<T: Eq + Hash + Copy> Seen<T> {
    /// Remembers so many ids; the oldest are forgotten first.
    pub fn new(most: usize) -> Self {
        Self { ids: HashSet::new(), order: VecDeque::new(), most }
    }

    /// Notes an id; `false` if it was there before.
    pub fn add(&mut self, id: T) -> bool {
        if !self.ids.insert(id) {
            return false;
        }
        self.order.push_back(id);
        if self.order.len() > self.most
            && let Some(oldest) = self.order.pop_front()
        {
            self.ids.remove(&oldest);
        }
        true
    }

    /// Forgets an id: what it stood for was given up.
    pub fn forget(&mut self, id: &T) {
        if self.ids.remove(id) {
            self.order.retain(|other| other != id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fault_36_a_repeated_event_is_recognised_and_memory_stays_bounded() {
        let mut seen = Seen::new(100);
        assert!(seen.add(7));
        assert!(!seen.add(7));
        seen.forget(&7);
        assert!(seen.add(7));
        for id in 1_000..1_200 {
            assert!(seen.add(id));
        }
        assert_eq!((seen.ids.len(), seen.order.len()), (100, 100));
        assert!(seen.add(7), "long forgotten; ids may also be smaller than before");
    }
}
