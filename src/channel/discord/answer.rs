//! Answers what comes in: each event once, a bounded number at a time, and a fault in one of them
//! touches no other.

use std::{
    collections::{HashSet, VecDeque},
    future::Future,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use serenity::{
    all::{
        ApplicationId, CommandInteraction, Context, CreateAutocompleteResponse,
        CreateInteractionResponse, CreateInteractionResponseMessage, EventHandler, Interaction,
        MessageId, MessageReference, Nonce, Ready, ResumedEvent, UserId,
    },
    async_trait,
};
use tokio::{
    runtime::Handle,
    sync::{OnceCell, Semaphore},
    time::{Instant, timeout},
};
use tokio_util::task::TaskTracker;

use super::{
    Pace,
    api::{Api, Failure},
    card::Card,
    commands,
    receive::{self, AnswerTo, Asked, Call, Shown},
    render::render,
};
use crate::{
    app::{Admission, App, ThreadKey},
    conversation::Conversation,
    message::Message,
    reply::{File, Reply},
};

/// Events in hand at once. Most of the time of each is waiting for Discord.
const AT_ONCE: usize = 256;
/// An event that has waited longer for its turn is dropped: its answer would come too late.
const PATIENCE: Duration = Duration::from_secs(10);
/// Event ids remembered, so that a repeated event is answered once.
const REMEMBERED: usize = 4096;
/// An answer that takes longer is not coming.
const LONGEST_THOUGHT: Duration = Duration::from_secs(60);

/// Where events are answered. It outlives the connections they come over.
pub(super) struct Desk {
    app: App,
    api: Api,
    pace: Pace,
    /// The runtime that answers run on; that of a connection may be given up at any time.
    runtime: Handle,
    turns: Semaphore,
    at_work: TaskTracker,
    seen: Mutex<Seen>,
    me: OnceLock<UserId>,
    registered: OnceCell<()>,
    heard: Mutex<Instant>,
    connected: AtomicBool,
}

/// Ids of the latest events.
#[derive(Default)]
struct Seen {
    ids: HashSet<u64>,
    order: VecDeque<u64>,
}

impl Seen {
    /// Whether this id is new.
    fn is_new(&mut self, id: u64) -> bool {
        if !self.ids.insert(id) {
            return false;
        }
        self.order.push_back(id);
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.ids.remove(&oldest);
        }
        true
    }
}

/// An answer, and the conversation after it.
struct Thought {
    card: Card,
    /// Files to be sent after it.
    files: Vec<File>,
    conversation: Option<Conversation>,
}

impl Desk {
    pub fn new(app: App, api: Api, pace: Pace) -> Self {
        Self {
            app,
            api,
            pace,
            runtime: Handle::current(),
            turns: Semaphore::new(AT_ONCE),
            at_work: TaskTracker::new(),
            seen: Mutex::default(),
            me: OnceLock::new(),
            registered: OnceCell::new(),
            heard: Mutex::new(Instant::now()),
            connected: AtomicBool::new(false),
        }
    }

    pub fn api(&self) -> &Api {
        &self.api
    }

    /// When the gateway last brought anything.
    pub fn heard(&self) -> Instant {
        *self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether there was a session since this was last asked.
    pub fn was_connected(&self) -> bool {
        self.connected.swap(false, Ordering::Relaxed)
    }

    /// Takes nothing more, and finishes what is in hand, if that is soon done.
    pub async fn close(&self) {
        self.at_work.close();
        if timeout(self.pace.drain, self.at_work.wait()).await.is_err() {
            tracing::warn!(unanswered = self.at_work.len(), "not all Discord answers were sent");
        }
    }

    /// Works on an event in a task of its own.
    fn spawn(self: &Arc<Self>, work: impl Future<Output = ()> + Send + 'static) {
        *self.heard.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        if self.at_work.is_closed() {
            return;
        }
        let desk = Arc::clone(self);
        let guarded = async move {
            let Ok(Ok(_turn)) = timeout(PATIENCE, desk.turns.acquire()).await else {
                tracing::warn!("too many Discord events at once; one was dropped");
                return;
            };
            if tokio::spawn(work).await.is_err_and(|fault| fault.is_panic()) {
                tracing::error!("answering a Discord event failed inside");
            }
        };
        self.at_work.spawn_on(guarded, &self.runtime);
    }

    fn is_new(&self, id: u64) -> bool {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).is_new(id)
    }

    /// Registers the commands if Discord knows others. READY comes with each new session, so this
    /// is done once; if it fails, with the next session.
    async fn register(&self, application: ApplicationId) {
        let registering = self.registered.get_or_try_init(|| async {
            let ours = commands::definitions(&self.app.bot());
            let known = self.api.commands(application).await?;
            if !commands::are_known(&ours, &known) {
                self.api.set_commands(application, &ours).await?;
                tracing::info!(commands = ours.len(), "Discord commands registered");
            }
            Ok::<_, Failure>(())
        });
        if let Err(failure) = registering.await {
            tracing::warn!(?failure, "Discord commands could not be registered");
        }
    }

    async fn complete(&self, typing: &CommandInteraction) {
        let typed = typing.data.autocomplete().map_or("", |option| option.value);
        let choices = commands::complete(&self.app.bot(), typed);
        let choices = CreateAutocompleteResponse::new().set_choices(choices);
        let response = CreateInteractionResponse::Autocomplete(choices);
        // One comes with every key pressed: that some are too late is usual.
        let _ = self.api.answer(typing.id, &typing.token, &response).await;
    }

    async fn answer(self: Arc<Self>, asked: Asked) {
        let Asked { message, thread, asker, answer } = asked;
        let (public, stays) = (answer.is_public(), answer.stays());
        let slow_down = match self.app.admit(asker) {
            Admission::Admitted => false,
            // Discord shows an interaction without an answer as a fault of ours.
            Admission::Ignored if matches!(answer, AnswerTo::Message { .. }) => return,
            Admission::TooFast | Admission::Ignored => true,
        };
        let desk = Arc::clone(&self);
        let thinking = async move {
            if slow_down {
                let card = desk.card(&desk.app.slow_down(&message), public);
                return Thought { card, files: Vec::new(), conversation: None };
            }
            let thought = desk.think(message, thread, public).await;
            // The next message may come before this answer is sent.
            if let (true, Some(thread), Some(next)) = (stays, thread, &thought.conversation) {
                desk.app.keep(thread, next.clone()).await;
            }
            thought
        };
        let (thought, sent) = match &answer {
            AnswerTo::Message { .. } => {
                let thought = thinking.await;
                let sent = self.send(&answer, &thought.card).await;
                (thought, sent)
            }
            AnswerTo::Interaction(call) => self.in_time(call, thinking).await,
        };
        if let (Some(conversation), Some(sent)) = (thought.conversation, sent)
            && !answer.stays()
        {
            self.app.keep(answer.thread(sent), conversation).await;
        }
        for file in &thought.files {
            note(self.api.send_file(&answer, file).await);
        }
    }

    /// What to say. A fault inside becomes an apology.
    async fn think(&self, message: Message, thread: Option<ThreadKey>, public: bool) -> Thought {
        let app = self.app.clone();
        let thinking = tokio::spawn(async move {
            let turn = app.respond(&message, thread).await;
            let card = render(&turn.reply, public, app.bot().wording(turn.reply.language));
            (card, turn.reply.files, turn.conversation)
        });
        let abort = thinking.abort_handle();
        match timeout(LONGEST_THOUGHT, thinking).await {
            Ok(Ok((card, files, conversation))) => {
                Thought { card, files, conversation: Some(conversation) }
            }
            _ => {
                abort.abort();
                tracing::error!("an answer failed inside; the citizen got an apology");
                let bot = self.app.bot();
                let card = self.card(&bot.apology(bot.language()), public);
                Thought { card, files: Vec::new(), conversation: None }
            }
        }
    }

    fn card(&self, reply: &Reply, public: bool) -> Card {
        render(reply, public, self.app.bot().wording(reply.language))
    }

    /// Sends a message; without embeds where we may not post any.
    async fn send(&self, to: &AnswerTo, card: &Card) -> Option<MessageId> {
        let AnswerTo::Message { channel, message, guild } = to else { return None };
        let addressed = |answer: serenity::all::CreateMessage| {
            // Discord drops a second message with the same nonce: trying again is safe.
            let answer = answer.nonce(Nonce::String(message.to_string())).enforce_nonce(true);
            let before = MessageReference::from((*channel, *message)).fail_if_not_exists(false);
            if guild.is_some() { answer.reference_message(before) } else { answer }
        };
        let mut sent = self.api.post(*channel, &addressed(card.message())).await;
        if sent.is_err_and(Failure::is_forbidden) {
            sent = self.api.post(*channel, &addressed(card.plain_message())).await;
        }
        note(sent.map(Some)).flatten()
    }

    /// Answers an interaction within the three seconds that Discord gives: if the answer takes
    /// longer, says so first.
    async fn in_time(
        &self,
        call: &Call,
        thinking: impl Future<Output = Thought> + Send + 'static,
    ) -> (Thought, Option<MessageId>) {
        let mut thinking = std::pin::pin!(thinking);
        if let Ok(thought) = timeout(self.pace.defer, &mut thinking).await {
            let response = response(call.shown, &thought.card);
            let sent = self.api.answer(call.id, &call.token, &response).await;
            return (thought, note(sent).flatten());
        }
        let deferred = self.api.answer(call.id, &call.token, &deferral(call.shown)).await;
        let thought = thinking.await;
        if deferred.is_err_and(|failure| failure != Failure::ALREADY_ANSWERED) {
            note(deferred);
            return (thought, None);
        }
        let edit = thought.card.edit();
        let sent = self.api.edit_answer(call.application, &call.token, &edit).await;
        (thought, note(sent))
    }
}

fn response(shown: Shown, card: &Card) -> CreateInteractionResponse {
    match shown {
        Shown::Private => CreateInteractionResponse::Message(card.response()),
        Shown::Ephemeral => CreateInteractionResponse::Message(card.response().ephemeral(true)),
        Shown::Update => CreateInteractionResponse::UpdateMessage(card.response()),
    }
}

/// "A moment, please."
fn deferral(shown: Shown) -> CreateInteractionResponse {
    let waiting = CreateInteractionResponseMessage::new();
    match shown {
        Shown::Private => CreateInteractionResponse::Defer(waiting),
        Shown::Ephemeral => CreateInteractionResponse::Defer(waiting.ephemeral(true)),
        Shown::Update => CreateInteractionResponse::Acknowledge,
    }
}

/// Notes why an answer did not arrive.
fn note<T>(sent: Result<T, Failure>) -> Option<T> {
    match sent {
        Ok(sent) => return Some(sent),
        Err(Failure::ALREADY_ANSWERED) => {
            tracing::debug!("a Discord interaction was answered twice")
        }
        Err(Failure::TOO_LATE) => tracing::warn!("a Discord interaction was answered too late"),
        Err(failure) => tracing::warn!(?failure, "an answer could not be sent to Discord"),
    }
    None
}

/// Hands serenity's events to the desk.
pub(super) struct Events(pub Arc<Desk>);

#[async_trait]
impl EventHandler for Events {
    async fn ready(&self, _: Context, ready: Ready) {
        let desk = Arc::clone(&self.0);
        let application = ready.application.id;
        tracing::info!("connected to Discord");
        desk.connected.store(true, Ordering::Relaxed);
        let _ = desk.me.set(ready.user.id);
        self.0.spawn(async move { desk.register(application).await });
    }

    async fn resume(&self, _: Context, _: ResumedEvent) {
        tracing::debug!("Discord session resumed");
        self.0.spawn(async {});
    }

    async fn message(&self, _: Context, message: serenity::model::channel::Message) {
        let Some(me) = self.0.me.get() else { return };
        let Some(asked) = receive::to_message(&message, *me) else { return };
        if self.0.is_new(message.id.get()) {
            self.0.spawn(Arc::clone(&self.0).answer(asked));
        }
    }

    async fn interaction_create(&self, _: Context, interaction: Interaction) {
        if !self.0.is_new(interaction.id().get()) {
            return;
        }
        let desk = Arc::clone(&self.0);
        match interaction {
            Interaction::Autocomplete(typing) => {
                self.0.spawn(async move { desk.complete(&typing).await });
            }
            Interaction::Command(command) => self.0.spawn(async move {
                let asked = receive::of_command(&command, &desk.app.bot());
                desk.answer(asked).await;
            }),
            Interaction::Component(component) => {
                self.0.spawn(desk.answer(receive::of_component(&component)));
            }
            // Pings do not come over the gateway, and we open no forms.
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fault_36_a_repeated_event_is_recognised_and_memory_stays_bounded() {
        let mut seen = Seen::default();
        assert!(seen.is_new(7));
        assert!(!seen.is_new(7));
        for id in 100..100 + 2 * REMEMBERED as u64 {
            assert!(seen.is_new(id));
        }
        assert_eq!((seen.ids.len(), seen.order.len()), (REMEMBERED, REMEMBERED));
        assert!(seen.is_new(7), "long forgotten; ids may also be smaller than before");
    }
}
