//! Waiting longer after each failure.

use std::{
    hash::{BuildHasher, RandomState},
    time::Duration,
};

/// The next wait: doubled each time up to a limit, plus up to a quarter by chance, so that many
/// bots do not come back at the same moment.
#[derive(Debug, Clone)]
pub(super) struct Backoff {
    first: Duration,
    next: Duration,
    most: Duration,
}

impl Backoff {
    pub fn new(first: Duration, most: Duration) -> Self {
        Self { first, next: first, most }
    }

    pub fn next(&mut self) -> Duration {
        let wait = self.next;
        self.next = (wait * 2).min(self.most);
        (wait + wait.mul_f64(chance() / 4.0)).min(self.most)
    }

    pub fn reset(&mut self) {
        self.next = self.first;
    }
}

/// 0 to 1. The keys of a hash map are random enough for waiting.
fn chance() -> f64 {
    f64::from(u16::try_from(RandomState::new().hash_one(()) >> 48).unwrap_or_default()) / 65_536.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_the_limit_and_start_again() {
        let seconds = Duration::from_secs;
        let mut backoff = Backoff::new(seconds(1), seconds(60));
        let first = backoff.next();
        assert!(first >= seconds(1) && first < seconds(2));
        let later: Vec<Duration> = (0..9).map(|_| backoff.next()).collect();
        assert!(later.iter().all(|wait| *wait >= seconds(2) && *wait <= seconds(60)));
        assert_eq!(later[8], seconds(60));
        backoff.reset();
        assert!(backoff.next() < seconds(2));
    }
}
