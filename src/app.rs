//! One message from any channel: claim it, load the conversation, let the bot respond, keep what
//! comes of it.
//!
//! ```text
//! enter    its town's turn has come ([`queue`])
//! claim    it is ours to answer: no other process does, and none did
//! respond  conversation + message -> reply + next conversation
//!          (the channel sends the reply)
//! finish   conversation, counters and "answered" are written, in one transaction
//! ```
//!
//! What happens in between may be cut off anywhere: then nothing is written, the claim runs out,
//! and the message is answered anew if the platform delivers it again. While the store is down, the
//! bot answers all the same, without remembering anything.

mod lease;
pub mod queue;
pub mod rate;
mod seen;
mod thread;

use std::{
    hash::{BuildHasher, RandomState},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::time::Instant;

pub(crate) use self::seen::Seen;
pub use self::{lease::Lease, rate::Admission, thread::ThreadKey};
use self::{
    queue::{Full, Queue},
    rate::Limiter,
    thread::{ThreadTurn, Threads},
};
use crate::{
    bot::Bot,
    config::Config,
    conversation::Conversation,
    health::Health,
    ids::TenantId,
    message::Message,
    metrics,
    reply::{Block, DataRequest, DecisionKind, Reply},
    store::{Claimed, Count, Down, Feedback, Finish, Finished, Key, Save, Secret, Store},
};

/// What all towns of a process share.
#[derive(Clone)]
pub struct Shared {
    /// Where state is kept.
    pub store: Store,
    /// The key of all hashes.
    pub secret: Arc<Secret>,
    /// Whose turn it is.
    pub queue: Queue,
    /// How the parts of the process are.
    pub health: Health,
    /// This process, among those that share the store.
    pub replica: Arc<str>,
    attempts: Arc<AtomicU64>,
}

impl Shared {
    /// What a process has once.
    pub fn new(store: Store, secret: Secret, queue: Queue, health: Health) -> Self {
        // Every `RandomState` has random keys.
        let chance = RandomState::new().hash_one(std::process::id());
        let replica = format!("{chance:016x}").into();
        let secret = Arc::new(secret);
        Self { store, secret, queue, health, replica, attempts: Arc::default() }
    }
}

/// Handles the messages of one town, of all its channels. Cheap to clone.
#[derive(Clone)]
pub struct App {
    inner: Arc<Inner>,
}

struct Inner {
    tenant: TenantId,
    shared: Shared,
    bot: RwLock<Arc<Bot>>,
    threads: Threads,
    rates: Limiter<Key>,
    seen: Mutex<Seen<Key>>,
    remembered: Duration,
}

/// Messages remembered as answered by this process, for when the store cannot tell.
const REMEMBERED: usize = 4_096;
/// How often a conversation that somebody else changed meanwhile is thought through anew.
const TRIES: usize = 5;

/// Whether a message is ours to answer.
#[derive(Debug)]
pub enum Claim {
    /// Yes; nobody else answers it while it is.
    Mine(Claimant),
    /// Another process answers it, or died while it did.
    Held,
    /// It is answered.
    Done,
}

/// That a message is ours to answer: to be handed to [`App::finish`], [`App::done`] or
/// [`App::give_back`]. One that is dropped runs out by itself.
#[derive(Debug)]
pub struct Claimant {
    key: Key,
    owner: String,
}

/// A reply and what will come of it.
pub struct Turn {
    /// What to say.
    pub reply: Reply,
    message: Message,
    channel: &'static str,
    conversation: Conversation,
    /// The thread it belongs to, and the version of its conversation that was read.
    base: Option<(Key, Option<i64>)>,
    /// Nothing is kept: the citizen wants to be forgotten.
    forget: bool,
    _turn: Option<ThreadTurn>,
}

/// A conversation as it was read from the store.
struct Base {
    version: Option<i64>,
    conversation: Conversation,
}

impl App {
    /// Puts a bot to work.
    pub fn new(tenant: TenantId, bot: Arc<Bot>, shared: Shared, config: &Config) -> Self {
        let inner = Inner {
            tenant,
            shared,
            bot: RwLock::new(bot),
            threads: Threads::default(),
            rates: Limiter::new(config.limits.per_chat_per_minute),
            seen: Mutex::new(Seen::new(REMEMBERED)),
            remembered: config.retention.conversation.duration(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// The town.
    pub fn tenant(&self) -> &TenantId {
        &self.inner.tenant
    }

    /// What it shares with other towns.
    pub fn shared(&self) -> &Shared {
        &self.inner.shared
    }

    /// The bot at this moment.
    pub fn bot(&self) -> Arc<Bot> {
        Arc::clone(&self.inner.bot.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// From the next message on, another bot answers: one with a changed catalog.
    pub fn swap(&self, bot: Arc<Bot>) {
        *self.inner.bot.write().unwrap_or_else(PoisonError::into_inner) = bot;
    }

    /// Waits for a turn among all messages of all towns.
    ///
    /// # Errors
    /// If too many wait.
    pub async fn enter(&self) -> Result<queue::Turn, Full> {
        self.inner.shared.queue.enter(self.inner.tenant.shared()).await
    }

    /// Counts a message against the share of its chat (or, in groups, its sender).
    pub fn admit(&self, chat: &ThreadKey) -> Admission {
        self.inner.rates.admit(self.key(chat), Instant::now())
    }

    /// Claims a message by the number that its platform gave it. While the store is down, only what
    /// this process answered is known to be answered.
    pub async fn claim(&self, channel: &'static str, id: impl ToString) -> Claim {
        let Shared { store, secret, replica, .. } = &self.inner.shared;
        let tenant = self.inner.tenant.as_str();
        let key = secret.key(&["update", tenant, channel, &id.to_string()]);
        // Unique to the attempt: one that comes too late is not taken for the next.
        let attempt = self.inner.shared.attempts.fetch_add(1, Ordering::Relaxed);
        let owner = format!("{replica}-{attempt}");
        let claimed = store.claim(tenant, &key, &owner).await;
        // What another process holds, this one has not answered.
        let is_new = claimed != Ok(Claimed::Held) && self.seen(|seen| seen.add(key));
        let mine = || Claim::Mine(Claimant { key, owner });
        let (claim, result) = match claimed {
            Ok(Claimed::Mine) => (mine(), None),
            Err(Down) if is_new => (mine(), None),
            Ok(Claimed::Held) => (Claim::Held, Some("held")),
            Ok(Claimed::Done) | Err(Down) => (Claim::Done, Some("duplicate")),
        };
        if let Some(result) = result {
            self.count_update(channel, result);
        }
        claim
    }

    /// Gives a message back: it could not be answered now, and the platform will deliver it again.
    pub async fn give_back(&self, claim: Claimant) {
        self.seen(|seen| seen.forget(&claim.key));
        // If the store is down, the claim runs out by itself.
        let _ = self
            .inner
            .shared
            .store
            .release(self.inner.tenant.as_str(), &claim.key, &claim.owner)
            .await;
    }

    /// Notes that a message needs no answer (any more).
    pub async fn done(&self, claim: Claimant) {
        let claim = Some((claim.key, claim.owner));
        // If the store is down, the claim runs out by itself.
        let _ = self.write(&Finish { claim, ..self.finish_of_nothing() }).await;
    }

    /// Answers a message in the light of its thread, if it belongs to one. Never fails: a fault
    /// inside becomes an apology. Messages of one thread are answered one after another: the next
    /// one waits until this turn is finished or dropped.
    pub async fn respond(
        &self,
        channel: &'static str,
        message: &Message,
        thread: Option<&ThreadKey>,
    ) -> Turn {
        let started = Instant::now();
        let key = thread.map(|thread| self.key(thread));
        let turn = match &key {
            Some(key) => Some(self.inner.threads.turn(key).await),
            None => None,
        };
        let base = self.recall(key.as_ref()).await;
        let (reply, conversation) = self.think(message, &base.conversation);
        let mut turn = Turn {
            reply,
            message: message.clone(),
            channel,
            conversation,
            base: key.map(|key| (key, base.version)),
            forget: false,
            _turn: turn,
        };
        self.serve_data_request(&mut turn).await;
        let outcome = kind_of(turn.reply.outcome.decision);
        metrics::answered(self.inner.tenant.as_str(), channel, outcome, started.elapsed());
        turn
    }

    /// What to say, once, to somebody who writes too fast.
    pub fn slow_down(&self, message: &Message) -> Reply {
        let bot = self.bot();
        bot.slow_down(message.language.unwrap_or(bot.language()))
    }

    /// Writes what came of a turn: its conversation under each of the threads in which it may go on,
    /// the counters, and that the message is answered.
    pub async fn finish(&self, turn: Turn, claim: Option<Claimant>, kept: &[ThreadKey]) {
        let Turn { message, mut conversation, mut base, .. } = turn;
        let threads: Vec<Key> = match turn.forget {
            true => Vec::new(),
            false => kept.iter().map(|thread| self.key(thread)).collect(),
        };
        let mut finish = Finish {
            claim: claim.map(|claim| (claim.key, claim.owner)),
            counts: self.counts(turn.channel, &message, &turn.reply),
            feedback: self.judged(turn.channel, &message, &turn.reply),
            ..self.finish_of_nothing()
        };
        for _ in 0..TRIES {
            finish.conversations = saves(&threads, base, &conversation);
            if self.write(&finish).await != Ok(Finished::Conflict) {
                return self.count_update(turn.channel, "answered");
            }
            // Another process answered in this thread meanwhile: what would have come of our
            // message after that one?
            let thread = base.map(|(thread, _)| thread);
            let now = self.recall(thread.as_ref()).await;
            conversation = self.think(&message, &now.conversation).1;
            base = thread.map(|thread| (thread, now.version));
        }
        tracing::warn!("a conversation changed too fast; its last turn is not remembered");
        finish.conversations.clear();
        let _ = self.write(&finish).await;
        self.count_update(turn.channel, "answered");
    }

    /// Forgets a thread: the bot was removed from it.
    pub async fn forget(&self, thread: &ThreadKey) {
        let key = self.key(thread);
        // If the store is down, it runs out by itself.
        let _ = self.inner.shared.store.erase(self.inner.tenant.as_str(), &key).await;
    }

    fn key(&self, thread: &ThreadKey) -> Key {
        let [channel, id] = thread.parts();
        self.inner.shared.secret.key(&["thread", self.inner.tenant.as_str(), channel, id])
    }

    fn seen<T>(&self, with: impl FnOnce(&mut Seen<Key>) -> T) -> T {
        with(&mut self.inner.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn finish_of_nothing(&self) -> Finish {
        Finish { tenant: self.inner.tenant.to_string(), ..Finish::default() }
    }

    async fn write(&self, finish: &Finish) -> Result<Finished, Down> {
        self.inner.shared.store.finish(finish).await
    }

    /// The reply to a message; a fault inside becomes an apology.
    fn think(&self, message: &Message, conversation: &Conversation) -> (Reply, Conversation) {
        let bot = self.bot();
        let answered = catch_unwind(AssertUnwindSafe(|| bot.respond(message, conversation)));
        answered.unwrap_or_else(|_| {
            tracing::error!("answering a message failed inside; the citizen got an apology");
            metrics::panicked("answer");
            (bot.apology(message.language.unwrap_or(bot.language())), Conversation::default())
        })
    }

    /// The conversation of a thread so far.
    async fn recall(&self, thread: Option<&Key>) -> Base {
        let Some(thread) = thread else {
            // Without a thread there is nothing in which to say once who we are.
            return Base { version: None, conversation: Conversation::introduced() };
        };
        match self.inner.shared.store.recall(self.inner.tenant.as_str(), thread).await {
            Ok(Some(found)) => Base {
                version: Some(found.version),
                // One that another version of this program wrote begins anew.
                conversation: serde_json::from_str(&found.state).unwrap_or_default(),
            },
            Ok(None) => Base { version: None, conversation: Conversation::default() },
            // Nobody is to be greeted with every message because we cannot remember.
            Err(Down) => Base { version: None, conversation: Conversation::introduced() },
        }
    }

    /// Whoever asks what is stored is told what the store itself says; whoever wants to be forgotten
    /// is told so when it is so.
    async fn serve_data_request(&self, turn: &mut Turn) {
        let Some(request) = turn.reply.outcome.request else { return };
        let Some((thread, _)) = turn.base else {
            // A request alone leaves nothing behind.
            turn.forget = true;
            let text = self.on_the_store(turn, "store-no-thread");
            turn.reply.blocks.push(text);
            return;
        };
        match request {
            DataRequest::Access => self.serve_access(turn, &thread).await,
            DataRequest::Forget => self.serve_erasure(turn, &thread).await,
        }
    }

    async fn serve_access(&self, turn: &mut Turn, thread: &Key) {
        let store = &self.inner.shared.store;
        let stored = store.stored(self.inner.tenant.as_str(), thread).await;
        let is_blank = turn.conversation.is_blank();
        // In groups it is one message of ours that was looked up, and not the chat.
        let [in_private, in_public] = match stored {
            Ok(Some(_)) if is_blank => ["store-row-blank", "store-row-blank-public"],
            Ok(Some(_)) => ["store-row", "store-row-public"],
            Ok(None) => ["store-no-row", "store-no-row-public"],
            Err(Down) => ["store-down"; 2],
        };
        match stored {
            // Who only asked what is stored leaves nothing behind.
            Ok(None) => turn.forget = true,
            Ok(Some(_)) if !is_blank => {}
            Ok(Some(_)) | Err(Down) => turn.reply.blocks.clear(),
        }
        let key = if turn.message.public { in_public } else { in_private };
        let text = self.on_the_store(turn, key);
        turn.reply.blocks.push(text);
    }

    async fn serve_erasure(&self, turn: &mut Turn, thread: &Key) {
        turn.forget = true;
        let (store, tenant) = (&self.inner.shared.store, self.inner.tenant.as_str());
        let left = match store.erase(tenant, thread).await {
            Ok(_) => store.stored(tenant, thread).await,
            Err(Down) => Err(Down),
        };
        let key = match left {
            Ok(None) if turn.message.public => "store-erased-public",
            Ok(None) => "store-erased",
            Ok(Some(_)) | Err(Down) => {
                turn.reply.blocks.clear();
                "store-not-erased"
            }
        };
        let text = self.on_the_store(turn, key);
        turn.reply.blocks.push(text);
    }

    /// What a wording key says about the store.
    fn on_the_store(&self, turn: &Turn, key: &str) -> Block {
        let minutes = self.inner.remembered.as_secs().div_ceil(60).to_string();
        let bot = self.bot();
        let wording = bot.wording(turn.reply.language);
        Block::Text(wording.say_with(key, &[("minutes", minutes.as_str())]))
    }

    /// What is counted of a reply: how it was decided, and each service that was asserted.
    fn counts(&self, channel: &'static str, message: &Message, reply: &Reply) -> Vec<Count> {
        let outcome = &reply.outcome;
        let count = |kind: &str, service: &str| Count {
            day: message.day().to_string(),
            channel: channel.to_owned(),
            kind: kind.to_owned(),
            service: service.to_owned(),
        };
        let asserted = outcome.services.iter().take(outcome.asserted);
        let asserted = asserted.map(|service| count("service", service.as_str()));
        std::iter::once(count(kind_of(outcome.decision), "")).chain(asserted).collect()
    }

    fn judged(&self, channel: &'static str, message: &Message, reply: &Reply) -> Vec<Feedback> {
        let Some((service, verdict)) = &reply.outcome.verdict else { return Vec::new() };
        tracing::info!(%service, verdict = verdict.name(), "an answer was judged");
        vec![Feedback {
            day: message.day().to_string(),
            channel: channel.to_owned(),
            service: service.to_string(),
            verdict: verdict.name().to_owned(),
        }]
    }

    /// Counts what became of a message for the operator's monitoring.
    pub(crate) fn count_update(&self, channel: &'static str, result: &'static str) {
        metrics::update(self.inner.tenant.as_str(), channel, result);
    }
}

/// A decision, as counters name it.
pub(crate) fn kind_of(decision: DecisionKind) -> &'static str {
    match decision {
        DecisionKind::Answer => "answer",
        DecisionKind::Clarify => "clarify",
        DecisionKind::Abstain => "abstain",
        DecisionKind::Notice => "notice",
    }
}

/// The conversation under each thread; in the one it came from, in place of what was read.
fn saves(threads: &[Key], base: Option<(Key, Option<i64>)>, next: &Conversation) -> Vec<Save> {
    // Conversations are plain data: writing them cannot fail.
    let Ok(state) = serde_json::to_string(next) else { return Vec::new() };
    let save = |thread: &Key| {
        let expected = base.filter(|(key, _)| key == thread).and_then(|(_, version)| version);
        Save { thread: *thread, expected, state: state.clone() }
    };
    threads.iter().map(save).collect()
}

#[cfg(test)]
mod tests;
