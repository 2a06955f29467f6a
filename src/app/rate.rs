//! How fast one person may ask: a token bucket per key.
//!
//! A bucket holds as many tokens as messages are allowed in a minute and refills evenly. Only the
//! time at which it will be full again is kept; the tokens follow from it.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

const MINUTE: Duration = Duration::from_secs(60);
/// Most buckets kept at once: some megabytes.
const MAX_KEYS: usize = 100_000;
/// This part of the buckets goes at once when there are too many, so that looking for them is rare.
const EVICTED_PART: usize = 16;

/// Whether a message may be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// Yes.
    Admitted,
    /// No, and the citizen is to be told so: once in a flood.
    TooFast,
    /// No, and the citizen has been told.
    Ignored,
}

/// Buckets by key. A key is a hash, never an id of a platform.
///
/// A flood is over when its bucket is half full again. Until then tokens that come back are given
/// out, so that a citizen who slows down is answered at once, but there is no second notice.
pub struct Limiter<K> {
    interval: Duration,
    capacity: Duration,
    buckets: Mutex<Buckets<K>>,
}

struct Buckets<K> {
    by_key: HashMap<K, Bucket>,
    swept: Option<Instant>,
}

#[derive(Clone, Copy)]
struct Bucket {
    full_at: Instant,
    told: bool,
}

impl<K: Hash + Eq + Copy> Limiter<K> {
    /// Allows `per_minute` messages (at least one) at once, and as many in every minute.
    pub fn new(per_minute: u32) -> Self {
        let per_minute = per_minute.max(1);
        let interval = MINUTE / per_minute;
        let buckets = Mutex::new(Buckets { by_key: HashMap::new(), swept: None });
        // Not the whole minute: the interval was rounded.
        Self { interval, capacity: interval * per_minute, buckets }
    }

    /// Takes a token from the key's bucket, if there is one.
    pub fn admit(&self, key: K, now: Instant) -> Admission {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        buckets.make_room(&key, now);
        let bucket = buckets.by_key.entry(key).or_insert(Bucket { full_at: now, told: false });
        let missing = bucket.full_at.saturating_duration_since(now);
        if missing <= self.capacity / 2 {
            bucket.told = false;
        }
        if missing + self.interval <= self.capacity {
            bucket.full_at = now + missing + self.interval;
            return Admission::Admitted;
        }
        let told = std::mem::replace(&mut bucket.told, true);
        if told { Admission::Ignored } else { Admission::TooFast }
    }

    /// Forgets a key: its chat is gone, or the citizen wants everything erased.
    pub fn forget(&self, key: &K) {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        buckets.by_key.remove(key);
    }
}

impl<K: Hash + Eq + Copy> Buckets<K> {
    fn make_room(&mut self, key: &K, now: Instant) {
        let crowded = self.by_key.len() >= MAX_KEYS && !self.by_key.contains_key(key);
        if crowded || self.swept.is_none_or(|swept| now.duration_since(swept) >= MINUTE) {
            self.by_key.retain(|_, bucket| bucket.full_at > now);
            self.swept = Some(now);
        }
        if crowded && self.by_key.len() >= MAX_KEYS {
            self.drop_fullest();
        }
    }

    /// Who wrote least loses least by being forgotten.
    fn drop_fullest(&mut self) {
        let mut fullest: Vec<_> = self.by_key.iter().map(|(key, b)| (b.full_at, *key)).collect();
        let count = self.by_key.len() / EVICTED_PART;
        fullest.select_nth_unstable_by_key(count, |(full_at, _)| *full_at);
        for (_, key) in &fullest[..count] {
            self.by_key.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn len(limiter: &Limiter<u32>) -> usize {
        limiter.buckets.lock().unwrap().by_key.len()
    }

    #[test]
    fn fault_28_a_flood_gets_its_share_and_one_notice_and_others_nothing_of_it() {
        let limiter = Limiter::new(20);
        let now = Instant::now();
        let flood: Vec<_> = (0..50).map(|_| limiter.admit(1, now)).collect();
        assert_eq!(flood[..20], [Admission::Admitted; 20]);
        assert_eq!(flood[20], Admission::TooFast);
        assert_eq!(flood[21..], [Admission::Ignored; 29]);
        assert_eq!(limiter.admit(2, now), Admission::Admitted);
    }

    #[test]
    fn fault_28_ten_thousand_people_at_once_are_all_admitted() {
        let limiter = Limiter::new(20);
        let now = Instant::now();
        for person in 0..10_000 {
            assert_eq!(limiter.admit(person, now), Admission::Admitted);
        }
    }

    #[test]
    fn fault_28_fifty_messages_a_second_for_ten_minutes_get_one_notice() {
        let limiter = Limiter::new(20);
        let start = Instant::now();
        let answers: Vec<_> = (0..50 * 600)
            .map(|n| limiter.admit(1, start + Duration::from_millis(20 * n)))
            .collect();
        let count = |wanted| answers.iter().filter(|answer| **answer == wanted).count();
        assert_eq!(count(Admission::TooFast), 1);
        // 20 at once and 20 in each minute; the last one is due just after the end.
        assert_eq!(count(Admission::Admitted), 20 + 200 - 1);
    }

    #[test]
    fn who_slows_down_is_answered_at_once_and_told_again_only_after_half_a_bucket() {
        let limiter = Limiter::new(2);
        let start = Instant::now();
        let at = |seconds| limiter.admit(1, start + seconds * SECOND);
        assert_eq!(at(0), Admission::Admitted);
        assert_eq!(at(0), Admission::Admitted);
        assert_eq!(at(0), Admission::TooFast);
        assert_eq!(at(29), Admission::Ignored);
        // A token is back, which is half of this bucket: the flood is over.
        assert_eq!(at(30), Admission::Admitted);
        assert_eq!(at(31), Admission::TooFast);
        assert_eq!(at(32), Admission::Ignored);
    }

    #[test]
    fn any_minute_admits_at_most_a_bucket_and_what_flows_in() {
        for per_minute in [1, 3, 7, 20, 1000] {
            let limiter = Limiter::new(per_minute);
            let start = Instant::now();
            let steps = (0..6000).map(|n| start + Duration::from_millis(10 * n));
            let admitted =
                steps.filter(|now| limiter.admit(1, *now) == Admission::Admitted).count();
            let bound = 2 * per_minute as usize;
            assert!(admitted <= bound && admitted + 1 >= bound, "{admitted} of {bound}");
        }
    }

    #[test]
    fn limits_out_of_all_proportion_do_not_panic() {
        for per_minute in [0, u32::MAX] {
            let limiter = Limiter::new(per_minute);
            assert_eq!(limiter.admit(1, Instant::now()), Admission::Admitted);
        }
    }

    #[test]
    fn a_clock_that_goes_back_admits_no_more() {
        let limiter = Limiter::new(1);
        let now = Instant::now();
        assert_eq!(limiter.admit(1, now + SECOND), Admission::Admitted);
        assert_eq!(limiter.admit(1, now), Admission::TooFast);
    }

    #[test]
    fn full_buckets_are_dropped() {
        let limiter = Limiter::new(20);
        let start = Instant::now();
        for person in 0..1000 {
            limiter.admit(person, start);
        }
        assert_eq!(len(&limiter), 1000);
        limiter.admit(1, start + 2 * MINUTE);
        assert_eq!(len(&limiter), 1);
    }

    #[test]
    fn fault_28_memory_is_bounded_and_the_flooding_stay_known() {
        let limiter = Limiter::new(20);
        let now = Instant::now();
        for _ in 0..21 {
            limiter.admit(0, now);
        }
        for person in 1..250_000 {
            assert_eq!(limiter.admit(person, now), Admission::Admitted);
        }
        assert!(len(&limiter) <= MAX_KEYS);
        assert_eq!(limiter.admit(0, now), Admission::Ignored);
    }

    #[test]
    fn a_forgotten_key_begins_anew() {
        let limiter = Limiter::new(1);
        let now = Instant::now();
        limiter.admit(1, now);
        limiter.forget(&1);
        assert_eq!(limiter.admit(1, now), Admission::Admitted);
    }
}
