//! Updates being answered: those of one chat in order, different chats at once, each once.
//!
//! Telegram keeps an update until a higher offset is asked for. The inbox knows which offset that
//! may be: that of the first update which is neither answered nor given up. So nothing is lost if
//! the process dies, and one slow chat does not hold up the others.

use std::{
    collections::{BTreeSet, HashMap},
    future::Future,
    sync::Arc,
    time::Duration,
};

use tokio::{
    sync::{Semaphore, oneshot},
    task::{Id, JoinError, JoinSet},
    time::timeout,
};

use crate::app::Seen;

/// Chats answered at once.
const AT_ONCE: usize = 32;
/// How long an answer may take, waiting and repeating included, before it is given up.
const PATIENCE: Duration = Duration::from_secs(90);
/// Updates remembered as seen: many times what Telegram delivers at once (100).
const REMEMBERED: usize = 2_000;

/// The updates that are being answered.
#[derive(Default)]
pub(super) struct Inbox {
    tasks: JoinSet<()>,
    /// Which update a task answers.
    answering: HashMap<Id, i64>,
    unfinished: BTreeSet<i64>,
    /// The end of the last update of each chat.
    last_of_chat: HashMap<i64, oneshot::Receiver<()>>,
    permits: Permits,
    seen: Updates,
    /// One more than the newest update delivered.
    after: Option<i64>,
}

struct Permits(Arc<Semaphore>);

/// The newest updates seen.
struct Updates(Seen<i64>);

impl Default for Updates {
    fn default() -> Self {
        Self(Seen::new(REMEMBERED))
    }
}

impl Default for Permits {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(AT_ONCE)))
    }
}

impl Inbox {
    /// Takes note of an update; `false` if it was delivered before.
    pub fn note(&mut self, update: i64) -> bool {
        self.after = self.after.max(Some(update.saturating_add(1)));
        self.seen.0.add(update)
    }

    /// Takes note that all there was has been delivered and confirmed. After a week of silence
    /// Telegram goes on at a random number, which may be a lower one: then no offset is right.
    pub fn note_nothing(&mut self) {
        if self.unfinished.is_empty() {
            self.after = None;
        }
    }

    /// From where on updates are needed; those before are confirmed by asking.
    pub fn offset(&self) -> Option<i64> {
        self.unfinished.first().copied().or(self.after)
    }

    pub fn is_idle(&self) -> bool {
        self.unfinished.is_empty()
    }

    /// Answers an update: one part at once, the other when the chat's earlier ones are done.
    pub fn start(
        &mut self,
        update: i64,
        chat: Option<i64>,
        at_once: impl Future<Output = ()> + Send + 'static,
        in_turn: impl Future<Output = ()> + Send + 'static,
    ) {
        let (done, ended) = oneshot::channel::<()>();
        let before = chat.and_then(|chat| self.last_of_chat.insert(chat, ended));
        let permits = Arc::clone(&self.permits.0);
        let in_turn = async move {
            // Dropped at the end, also by a panic: the next one's turn has come.
            let _done = done;
            if let Some(before) = before {
                let _ = before.await;
            }
            let _permit = permits.acquire_owned().await;
            if timeout(PATIENCE, in_turn).await.is_err() {
                tracing::warn!("telegram: an answer took too long and was given up");
            }
        };
        let task = self.tasks.spawn(async move {
            tokio::join!(at_once, in_turn);
        });
        self.answering.insert(task.id(), update);
        self.unfinished.insert(update);
    }

    /// Waits until all is answered, at most so long.
    pub async fn settle(&mut self, at_most: Duration) {
        let all = async {
            while let Some(ended) = self.tasks.join_next_with_id().await {
                let ended = ended.map(|(id, ())| id);
                finish(&mut self.answering, &mut self.unfinished, ended);
            }
        };
        let _ = timeout(at_most, all).await;
        self.last_of_chat
            .retain(|_, last| last.try_recv() == Err(oneshot::error::TryRecvError::Empty));
    }
}

fn finish(
    answering: &mut HashMap<Id, i64>,
    unfinished: &mut BTreeSet<i64>,
    ended: Result<Id, JoinError>,
) {
    let id = ended.unwrap_or_else(|error| {
        // Not the panic's own words: they may quote a message.
        tracing::error!("telegram: answering a message ended in a fault");
        crate::metrics::panicked("answer");
        error.id()
    });
    if let Some(update) = answering.remove(&id) {
        unfinished.remove(&update);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use tokio::time::{Instant, sleep};

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// What was answered, in order.
    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<i64>>>);

    impl Log {
        fn after(&self, wait: Duration, update: i64) -> impl Future<Output = ()> + Send + 'static {
            let log = self.clone();
            async move {
                sleep(wait).await;
                log.0.lock().unwrap().push(update);
            }
        }

        fn read(&self) -> Vec<i64> {
            self.0.lock().unwrap().clone()
        }
    }

    #[tokio::test(start_paused = true)]
    async fn one_chat_is_answered_in_order_and_another_does_not_wait() {
        let (mut inbox, log) = (Inbox::default(), Log::default());
        inbox.start(1, Some(7), async {}, log.after(3 * SECOND, 1));
        inbox.start(2, Some(7), async {}, log.after(SECOND, 2));
        inbox.start(3, Some(8), async {}, log.after(SECOND, 3));
        inbox.settle(10 * SECOND).await;
        assert_eq!(log.read(), [3, 1, 2]);
        assert!(inbox.is_idle());
    }

    #[tokio::test(start_paused = true)]
    async fn only_what_is_answered_is_confirmed() {
        let (mut inbox, log) = (Inbox::default(), Log::default());
        for update in [5, 6] {
            assert!(inbox.note(update));
        }
        inbox.start(5, Some(7), async {}, log.after(3 * SECOND, 5));
        inbox.start(6, Some(8), async {}, log.after(SECOND, 6));
        inbox.settle(2 * SECOND).await;
        assert_eq!(inbox.offset(), Some(5));
        inbox.settle(2 * SECOND).await;
        assert_eq!(inbox.offset(), Some(7));
    }

    #[tokio::test(start_paused = true)]
    async fn what_comes_at_once_does_not_wait_for_its_turn() {
        let (mut inbox, log) = (Inbox::default(), Log::default());
        inbox.start(1, Some(7), async {}, log.after(10 * SECOND, 1));
        inbox.start(2, Some(7), log.after(Duration::ZERO, 22), log.after(SECOND, 2));
        inbox.settle(60 * SECOND).await;
        assert_eq!(log.read(), [22, 1, 2]);
    }

    #[tokio::test(start_paused = true)]
    async fn fault_69_a_panic_ends_one_answer_only() {
        let (mut inbox, log) = (Inbox::default(), Log::default());
        inbox.note(1);
        inbox.start(1, Some(7), async {}, async { std::panic::resume_unwind(Box::new(())) });
        inbox.start(2, Some(7), async {}, log.after(SECOND, 2));
        inbox.settle(10 * SECOND).await;
        assert_eq!(log.read(), [2]);
        assert_eq!(inbox.offset(), Some(2));
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_never_ends_is_given_up() {
        let mut inbox = Inbox::default();
        let start = Instant::now();
        inbox.start(1, Some(7), async {}, std::future::pending());
        inbox.settle(100 * SECOND).await;
        assert!(inbox.is_idle());
        assert_eq!(start.elapsed(), PATIENCE);
    }

    #[tokio::test(start_paused = true)]
    async fn so_many_chats_are_answered_at_once_and_not_more() {
        let (mut inbox, log) = (Inbox::default(), Log::default());
        let start = Instant::now();
        for update in 0..100 {
            inbox.start(update, Some(update), async {}, log.after(SECOND, update));
        }
        inbox.settle(100 * SECOND).await;
        assert_eq!(start.elapsed(), 4 * SECOND);
        assert!(inbox.last_of_chat.is_empty(), "ids of chats are not kept");
    }

    #[test]
    fn fault_36_numbers_may_repeat_jump_and_start_again() {
        let mut inbox = Inbox::default();
        assert!(inbox.note(900));
        assert!(!inbox.note(900));
        assert!(inbox.note(950) && inbox.note(949));
        assert_eq!(inbox.offset(), Some(951));
        inbox.note_nothing();
        assert_eq!(inbox.offset(), None);
        assert!(inbox.note(12));
        assert_eq!(inbox.offset(), Some(13));
    }
}
