//! Whose turn it is: a bounded number of messages is answered at once, and those that wait are
//! taken from one tenant after the other, so that a town with a long line delays no other town.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::oneshot;

use crate::metrics::{QUEUE_RUNNING, QUEUE_WAITING};

/// The line of each tenant in front of a bounded number of turns. Cheap to clone.
#[derive(Clone)]
pub struct Queue {
    lines: Arc<Mutex<Lines>>,
}

/// A running turn. It ends when this is dropped, and the next in line gets it.
#[must_use = "the turn ends when this is dropped"]
pub struct Turn {
    /// None once the turn was passed on.
    lines: Option<Arc<Mutex<Lines>>>,
}

/// Too many wait, and this one belongs to the longest line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many messages are waiting")]
pub struct Full;

struct Lines {
    at_once: usize,
    capacity: usize,
    running: usize,
    waiting: usize,
    next_ticket: u64,
    /// No line is empty.
    by_tenant: BTreeMap<Arc<str>, VecDeque<Waiter>>,
    /// The tenants with a line, the one to be served next in front.
    round: VecDeque<Arc<str>>,
}

struct Waiter {
    /// Rises along a line.
    ticket: u64,
    called: oneshot::Sender<Result<Turn, Full>>,
}

/// A place in line, given up when this is dropped. A turn that was handed over but never looked at
/// ends with the channel it is in, and so passes on to the next.
struct Place<'a> {
    queue: &'a Queue,
    tenant: &'a Arc<str>,
    ticket: u64,
}

impl Queue {
    /// Lets `at_once` turns run (at least one) and `waiting` messages wait, of all tenants together.
    pub fn new(at_once: usize, waiting: usize) -> Self {
        let lines = Lines {
            at_once: at_once.max(1),
            capacity: waiting,
            running: 0,
            waiting: 0,
            next_ticket: 0,
            by_tenant: BTreeMap::new(),
            round: VecDeque::new(),
        };
        Self { lines: Arc::new(Mutex::new(lines)) }
    }

    /// Waits for a turn. Giving up waiting (dropping the future) leaves the line.
    ///
    /// # Errors
    /// If as many wait as may, and no line is longer than this tenant's would become; or later, if
    /// this was the newest in the longest line when another tenant needed the room.
    pub async fn enter(&self, tenant: &Arc<str>) -> Result<Turn, Full> {
        let (ticket, called) = {
            let mut lines = lock(&self.lines);
            if lines.running < lines.at_once {
                lines.running += 1;
                lines.record();
                return Ok(Turn { lines: Some(Arc::clone(&self.lines)) });
            }
            lines.make_room_for(tenant)?;
            let joined = lines.join(tenant);
            lines.record();
            joined
        };
        let _place = Place { queue: self, tenant, ticket };
        called.await.unwrap_or(Err(Full))
    }

    /// Hands a turn that has ended to the next one who still waits for it.
    fn pass_on(lines: &Arc<Mutex<Lines>>) {
        let mut guard = lock(lines);
        while let Some(waiter) = guard.next() {
            let turn = Turn { lines: Some(Arc::clone(lines)) };
            match waiter.called.send(Ok(turn)) {
                Ok(()) => return guard.record(),
                // Has just stopped waiting. The turn must not end itself: we hold the lock.
                Err(Ok(unwanted)) => unwanted.disarm(),
                Err(Err(Full)) => {}
            }
        }
        guard.running -= 1;
        guard.record();
    }
}

impl Turn {
    fn disarm(mut self) {
        self.lines = None;
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(lines) = self.lines.take() {
            Queue::pass_on(&lines);
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut lines = lock(&self.queue.lines);
        lines.leave(self.tenant, self.ticket);
        lines.record();
    }
}

impl Lines {
    fn join(&mut self, tenant: &Arc<str>) -> (u64, oneshot::Receiver<Result<Turn, Full>>) {
        let (called, receiver) = oneshot::channel();
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        self.waiting += 1;
        let line = self.by_tenant.entry(Arc::clone(tenant)).or_default();
        if line.is_empty() {
            self.round.push_back(Arc::clone(tenant));
        }
        line.push_back(Waiter { ticket, called });
        (ticket, receiver)
    }

    /// The first of the tenant whose turn it is; the tenant goes to the end of the round.
    fn next(&mut self) -> Option<Waiter> {
        let tenant = self.round.pop_front()?;
        let line = self.by_tenant.get_mut(&tenant)?;
        let waiter = line.pop_front()?;
        self.waiting -= 1;
        if line.is_empty() {
            self.by_tenant.remove(&tenant);
        } else {
            self.round.push_back(tenant);
        }
        Some(waiter)
    }

    fn leave(&mut self, tenant: &Arc<str>, ticket: u64) {
        let Some(line) = self.by_tenant.get_mut(tenant) else { return };
        let Ok(at) = line.binary_search_by_key(&ticket, |waiter| waiter.ticket) else { return };
        line.remove(at);
        self.left(tenant);
    }

    /// Makes sure that one more of `tenant` may wait: if there is no room, the newest of the
    /// longest line goes. Of lines that would be equally long the newcomer's loses.
    fn make_room_for(&mut self, tenant: &Arc<str>) -> Result<(), Full> {
        if self.waiting < self.capacity {
            return Ok(());
        }
        let own = self.by_tenant.get(tenant).map_or(0, VecDeque::len);
        let longest = self.by_tenant.iter_mut().max_by_key(|(_, line)| line.len());
        let (longest, line) = longest.filter(|(_, line)| line.len() > own + 1).ok_or(Full)?;
        let longest = Arc::clone(longest);
        if let Some(waiter) = line.pop_back() {
            // If nobody listens any more, there is nobody to be told.
            let _ = waiter.called.send(Err(Full));
        }
        self.left(&longest);
        Ok(())
    }

    /// Keeps the books after one has left a tenant's line.
    fn left(&mut self, tenant: &Arc<str>) {
        self.waiting -= 1;
        if self.by_tenant.get(tenant).is_some_and(VecDeque::is_empty) {
            self.by_tenant.remove(tenant);
            self.round.retain(|other| other != tenant);
        }
    }

    fn record(&self) {
        metrics::gauge!(QUEUE_WAITING).set(self.waiting as f64);
        metrics::gauge!(QUEUE_RUNNING).set(self.running as f64);
    }
}

fn lock(lines: &Mutex<Lines>) -> MutexGuard<'_, Lines> {
    lines.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
