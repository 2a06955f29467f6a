//! One message from any channel: load the conversation, let the bot respond, hand it back.
//!
//! Conversations live in memory and end after a while without a message. They are found by a
//! [`ThreadKey`], a hash that cannot be turned back into a chat's id.

use std::{
    collections::{BTreeMap, HashMap},
    hash::{BuildHasher, Hash, RandomState},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, LazyLock, Mutex, PoisonError, RwLock},
    time::Duration,
};

use tokio::time::Instant;

use crate::{
    bot::Bot,
    config::Config,
    conversation::Conversation,
    ids::ServiceId,
    message::{Message, Verdict},
    reply::Reply,
};

/// Handles messages: one for all channels.
#[derive(Clone)]
pub struct App {
    bot: Arc<RwLock<Arc<Bot>>>,
    memory: Arc<Mutex<Memory>>,
    feedback: Arc<Mutex<Feedback>>,
    remember: Duration,
    per_minute: u32,
}

/// How often each service's answer was judged in each way; by nobody knows whom.
pub type Feedback = BTreeMap<(ServiceId, Verdict), u64>;

/// Which conversation a message belongs to: a private chat, or (in groups, where nothing is
/// stored per person) one message of the bot's that is replied to. Valid until the process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ThreadKey(u64, u64);

impl ThreadKey {
    /// Hashes whatever identifies the thread, with keys that only this process knows.
    pub fn new(channel: &str, id: impl Hash) -> Self {
        static KEYS: LazyLock<[RandomState; 2]> =
            LazyLock::new(|| [RandomState::new(), RandomState::new()]);
        Self(KEYS[0].hash_one((channel, &id)), KEYS[1].hash_one((channel, &id)))
    }
}

/// A reply and the conversation after it.
#[derive(Debug, Clone)]
pub struct Turn {
    /// What to say.
    pub reply: Reply,
    /// To be kept ([`App::keep`]) under the thread the citizen will answer in.
    pub conversation: Conversation,
}

/// Whether a message may be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// Yes.
    Admitted,
    /// No, and the citizen is told so, once.
    TooFast,
    /// No, and the citizen has been told.
    Ignored,
}

#[derive(Default)]
struct Memory {
    conversations: HashMap<ThreadKey, (Instant, Conversation)>,
    rates: HashMap<ThreadKey, Rate>,
    swept: Option<Instant>,
}

struct Rate {
    since: Instant,
    count: u32,
}

const MINUTE: Duration = Duration::from_secs(60);
/// Most conversations held at once; the oldest are forgotten first.
const MAX_CONVERSATIONS: usize = 100_000;

impl App {
    /// Puts a bot to work.
    pub fn new(bot: Arc<Bot>, config: &Config) -> Self {
        Self {
            bot: Arc::new(RwLock::new(bot)),
            memory: Arc::default(),
            feedback: Arc::default(),
            remember: config.retention.conversation.duration(),
            per_minute: config.limits.per_chat_per_minute,
        }
    }

    /// The bot at this moment.
    pub fn bot(&self) -> Arc<Bot> {
        Arc::clone(&self.bot.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// From the next message on, another bot answers: one with a changed catalog.
    pub fn swap(&self, bot: Arc<Bot>) {
        *self.bot.write().unwrap_or_else(PoisonError::into_inner) = bot;
    }

    /// What citizens thought of answers since this process began.
    pub fn feedback(&self) -> Feedback {
        self.feedback.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Counts a message against its chat's (or, in groups, its sender's) share of a minute.
    pub fn admit(&self, chat: ThreadKey) -> Admission {
        let now = Instant::now();
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        memory.sweep(now, self.remember);
        let rate = memory.rates.entry(chat).or_insert(Rate { since: now, count: 0 });
        if now.duration_since(rate.since) >= MINUTE {
            *rate = Rate { since: now, count: 0 };
        }
        rate.count = rate.count.saturating_add(1);
        match rate.count.checked_sub(self.per_minute) {
            None | Some(0) => Admission::Admitted,
            Some(1) => Admission::TooFast,
            Some(_) => Admission::Ignored,
        }
    }

    /// Answers a message in the light of its thread, if it belongs to one. Never fails: a fault
    /// inside becomes an apology.
    pub async fn respond(&self, message: &Message, thread: Option<ThreadKey>) -> Turn {
        // Without a thread there is nothing in which to say once who we are.
        let fresh = || match thread {
            Some(_) => Conversation::default(),
            None => Conversation::introduced(),
        };
        let conversation = thread.and_then(|thread| self.recall(thread)).unwrap_or_else(fresh);
        let bot = self.bot();
        let answered = catch_unwind(AssertUnwindSafe(|| bot.respond(message, &conversation)));
        let (reply, conversation) = answered.unwrap_or_else(|_| {
            tracing::error!("answering a message failed inside; the citizen got an apology");
            (bot.apology(message.language.unwrap_or(bot.language())), Conversation::default())
        });
        if let Some((service, verdict)) = &reply.outcome.verdict {
            tracing::info!(%service, verdict = verdict.name(), "an answer was judged");
            let mut feedback = self.feedback.lock().unwrap_or_else(PoisonError::into_inner);
            *feedback.entry((service.clone(), *verdict)).or_default() += 1;
        }
        Turn { reply, conversation }
    }

    /// What to say, once, to somebody who writes too fast.
    pub fn slow_down(&self, message: &Message) -> Reply {
        let bot = self.bot();
        bot.slow_down(message.language.unwrap_or(bot.language()))
    }

    /// Keeps a conversation for the next message of its thread.
    pub async fn keep(&self, thread: ThreadKey, conversation: Conversation) {
        let now = Instant::now();
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        memory.sweep(now, self.remember);
        if memory.conversations.len() >= MAX_CONVERSATIONS {
            memory.forget_oldest();
        }
        memory.conversations.insert(thread, (now, conversation));
    }

    /// Drops what has expired, also when nobody writes; runs until it is dropped.
    pub async fn sweep(&self) {
        loop {
            tokio::time::sleep(MINUTE).await;
            let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
            memory.sweep(Instant::now(), self.remember);
        }
    }

    /// Forgets a thread: the bot was removed from it.
    pub async fn forget(&self, thread: ThreadKey) {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        memory.conversations.remove(&thread);
        memory.rates.remove(&thread);
    }

    fn recall(&self, thread: ThreadKey) -> Option<Conversation> {
        let memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, conversation) = memory.conversations.get(&thread)?;
        (since.elapsed() < self.remember).then(|| conversation.clone())
    }
}

impl Memory {
    /// Drops what has expired, at most once a minute.
    fn sweep(&mut self, now: Instant, remember: Duration) {
        if self.swept.is_some_and(|swept| now.duration_since(swept) < MINUTE) {
            return;
        }
        self.swept = Some(now);
        self.conversations.retain(|_, (since, _)| now.duration_since(*since) < remember);
        self.rates.retain(|_, rate| now.duration_since(rate.since) < MINUTE);
    }

    fn forget_oldest(&mut self) {
        let mut ages: Vec<Instant> = self.conversations.values().map(|(since, _)| *since).collect();
        let (_, &mut middle, _) = ages.select_nth_unstable(MAX_CONVERSATIONS / 2);
        self.conversations.retain(|_, (since, _)| *since > middle);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        bot::Settings,
        catalog::{Catalog, Lexicon, NoOffers},
        places::Places,
    };

    fn app() -> App {
        let catalog = Arc::new(Catalog::new(Vec::new(), Lexicon::default()));
        let bot =
            Bot::new(catalog, Arc::new(Places::default()), Arc::new(NoOffers), Settings::default());
        App::new(Arc::new(bot), &Config::default())
    }

    #[tokio::test(start_paused = true)]
    async fn a_conversation_ends_after_its_time() {
        let app = app();
        let thread = ThreadKey::new("test", 1);
        let conversation = Conversation { asked: 1, ..Conversation::default() };
        app.keep(thread, conversation.clone()).await;
        tokio::time::advance(Duration::from_secs(29 * 60)).await;
        assert_eq!(app.recall(thread), Some(conversation));
        tokio::time::advance(Duration::from_secs(2 * 60)).await;
        assert_eq!(app.recall(thread), None);
    }

    #[tokio::test(start_paused = true)]
    async fn fault_28_who_writes_too_fast_is_told_once_and_others_are_served() {
        let app = app();
        let (fast, other) = (ThreadKey::new("test", 1), ThreadKey::new("test", 2));
        let admissions: Vec<_> = (0..25).map(|_| app.admit(fast)).collect();
        assert!(admissions[..20].iter().all(|a| *a == Admission::Admitted));
        assert_eq!(admissions[20], Admission::TooFast);
        assert!(admissions[21..].iter().all(|a| *a == Admission::Ignored));
        assert_eq!(app.admit(other), Admission::Admitted);
        tokio::time::advance(Duration::from_secs(61)).await;
        assert_eq!(app.admit(fast), Admission::Admitted);
    }

    #[tokio::test(start_paused = true)]
    async fn expired_conversations_leave_the_memory_though_nobody_writes() {
        let app = app();
        app.keep(ThreadKey::new("test", 1), Conversation::default()).await;
        let held = || app.memory.lock().unwrap().conversations.len();
        assert_eq!(held(), 1);
        let _ = tokio::time::timeout(Duration::from_secs(32 * 60), app.sweep()).await;
        assert_eq!(held(), 0);
    }

    #[test]
    fn threads_of_different_channels_differ() {
        assert_ne!(ThreadKey::new("telegram", 7), ThreadKey::new("discord", 7));
        assert_eq!(ThreadKey::new("telegram", 7), ThreadKey::new("telegram", 7));
    }
}
