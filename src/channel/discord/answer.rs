//! Answers what comes in: each event once, and a fault in one of them touches no other.

use std::{
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
    sync::{OnceCell, oneshot},
    time::{Instant, sleep, timeout},
};
use tokio_util::task::TaskTracker;

use super::{
    NAME, Pace,
    api::{Api, Failure},
    card::Card,
    commands,
    receive::{self, AnswerTo, Asked, Call, Shown},
    render::render,
};
use crate::{
    app::{Admission, App, Claim, Claimant, Seen, ThreadKey, Turn},
    message::Message,
    metrics,
    reply::{File, Reply},
};

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
    at_work: TaskTracker,
    seen: Mutex<Seen<u64>>,
    me: OnceLock<UserId>,
    registered: OnceCell<()>,
    heard: Mutex<Instant>,
    connected: AtomicBool,
}

/// Waits before Discord is asked again about an answer that it does not know yet.
const ASK_AGAIN: [Duration; 3] =
    [Duration::from_millis(300), Duration::from_secs(1), Duration::from_secs(3)];

/// An answer, and what will come of it.
struct Thought {
    card: Card,
    /// Files to be sent after it.
    files: Vec<File>,
    turn: Option<Turn>,
}

/// Who waits for the first response to an interaction, if Discord brought it by itself: it is
/// answered as one answers a request, not by a request of ours.
pub(super) type Line = oneshot::Sender<CreateInteractionResponse>;

impl Desk {
    pub fn new(app: App, api: Api, pace: Pace) -> Self {
        Self {
            app,
            api,
            pace,
            runtime: Handle::current(),
            at_work: TaskTracker::new(),
            seen: Mutex::new(Seen::new(REMEMBERED)),
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
            let Ok(Ok(_turn)) = timeout(PATIENCE, desk.app.enter()).await else {
                tracing::warn!("too many events at once; one from Discord was dropped");
                metrics::dropped("discord_event");
                return;
            };
            if tokio::spawn(work).await.is_err_and(|fault| fault.is_panic()) {
                tracing::error!("answering a Discord event failed inside");
                metrics::panicked("answer");
            }
        };
        self.at_work.spawn_on(guarded, &self.runtime);
    }

    fn is_new(&self, id: u64) -> bool {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).add(id)
    }

    /// Registers the commands if Discord knows others. READY comes with each new session, so this
    /// is done once; if it fails, with the next session.
    pub async fn register(&self, application: ApplicationId) -> Result<(), Failure> {
        let registering = self.registered.get_or_try_init(|| async {
            let ours = commands::definitions(&self.app.bot());
            let known = self.api.commands(application).await?;
            if !commands::are_known(&ours, &known) {
                self.api.set_commands(application, &ours).await?;
                tracing::info!(commands = ours.len(), "Discord commands registered");
            }
            Ok::<_, Failure>(())
        });
        registering.await.copied()
    }

    /// Deals with an interaction, unless it was dealt with before.
    pub fn take(self: &Arc<Self>, interaction: Interaction, line: Option<Line>) {
        let id = interaction.id().get();
        if !self.is_new(id) {
            return;
        }
        let desk = Arc::clone(self);
        match interaction {
            Interaction::Autocomplete(typing) => {
                self.spawn(async move { desk.complete(&typing, line).await });
            }
            Interaction::Command(command) => self.spawn(async move {
                let asked = receive::of_command(&command, &desk.app.bot());
                desk.answer(id, asked, line).await;
            }),
            Interaction::Component(component) => {
                self.spawn(desk.answer(id, receive::of_component(&component), line));
            }
            // Pings are answered where they come in, and we open no forms.
            _ => {}
        }
    }

    async fn complete(&self, typing: &CommandInteraction, mut line: Option<Line>) {
        let typed = typing.data.autocomplete().map_or("", |option| option.value);
        let choices = commands::complete(&self.app.bot(), typed);
        let choices = CreateAutocompleteResponse::new().set_choices(choices);
        let response = CreateInteractionResponse::Autocomplete(choices);
        // One comes with every key pressed: that some are too late is usual.
        let _ = match line.take() {
            Some(line) => line.send(response).map_err(drop),
            None => {
                self.api.answer(typing.id, &typing.token, &response).await.map(drop).map_err(drop)
            }
        };
    }

    async fn answer(self: Arc<Self>, id: u64, asked: Asked, line: Option<Line>) {
        // Discord does not deliver again: whoever claims it first is the only one to answer.
        let Claim::Mine(claim) = self.app.claim(NAME, id).await else { return };
        let Asked { message, thread, asker, answer } = asked;
        let public = answer.is_public();
        let slow_down = match self.app.admit(&asker) {
            Admission::Admitted => false,
            // Discord shows an interaction without an answer as a fault of ours.
            Admission::Ignored if matches!(answer, AnswerTo::Message { .. }) => {
                return self.refuse(claim).await;
            }
            Admission::TooFast | Admission::Ignored => true,
        };
        let (desk, of) = (Arc::clone(&self), thread.clone());
        let thinking = async move {
            if slow_down {
                let card = desk.card(&desk.app.slow_down(&message), public);
                return Thought { card, files: Vec::new(), turn: None };
            }
            desk.think(message, of, public).await
        };
        let (thought, sent) = match &answer {
            AnswerTo::Message { .. } => {
                let thought = thinking.await;
                let sent = self.send(&answer, &thought.card).await;
                (thought, sent)
            }
            AnswerTo::Interaction(call) => self.in_time(call, line, thinking).await,
        };
        match thought.turn {
            None => self.refuse(claim).await,
            Some(turn) => {
                let below = || sent.map(|sent| answer.thread(sent));
                let kept = if answer.stays() { thread } else { below() };
                self.app.finish(turn, Some(claim), kept.as_slice()).await;
            }
        }
        for file in &thought.files {
            note(once_known(|| self.api.send_file(&answer, file)).await);
        }
    }

    async fn refuse(&self, claim: Claimant) {
        self.app.count_update(NAME, "refused");
        self.app.done(claim).await;
    }

    /// What to say. A fault inside becomes an apology.
    async fn think(&self, message: Message, thread: Option<ThreadKey>, public: bool) -> Thought {
        let app = self.app.clone();
        let thinking = tokio::spawn(async move {
            let turn = app.respond(NAME, &message, thread.as_ref()).await;
            let card = render(&turn.reply, public, app.bot().wording(turn.reply.language));
            (card, turn)
        });
        let abort = thinking.abort_handle();
        match timeout(LONGEST_THOUGHT, thinking).await {
            Ok(Ok((card, turn))) => {
                Thought { card, files: turn.reply.files.clone(), turn: Some(turn) }
            }
            _ => {
                abort.abort();
                tracing::error!("an answer failed inside; the citizen got an apology");
                let bot = self.app.bot();
                let card = self.card(&bot.apology(bot.language()), public);
                Thought { card, files: Vec::new(), turn: None }
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
        line: Option<Line>,
        thinking: impl Future<Output = Thought> + Send + 'static,
    ) -> (Thought, Option<MessageId>) {
        let mut thinking = std::pin::pin!(thinking);
        if let Ok(thought) = timeout(self.pace.defer, &mut thinking).await {
            let response = response(call.shown, &thought.card);
            let sent = self.respond_first(call, line, response).await;
            return (thought, note(sent).flatten());
        }
        let deferred = self.respond_first(call, line, deferral(call.shown)).await;
        let thought = thinking.await;
        if deferred.is_err_and(|failure| failure != Failure::ALREADY_ANSWERED) {
            note(deferred);
            return (thought, None);
        }
        let edit = thought.card.edit();
        let sent = once_known(|| self.api.edit_answer(call.application, &call.token, &edit)).await;
        (thought, note(sent))
    }

    /// The first response to an interaction; the message that it became, where a conversation hangs
    /// on it.
    async fn respond_first(
        &self,
        call: &Call,
        line: Option<Line>,
        response: CreateInteractionResponse,
    ) -> Result<Option<MessageId>, Failure> {
        let Some(line) = line else {
            return self.api.answer(call.id, &call.token, &response).await;
        };
        let is_deferral = matches!(response, CreateInteractionResponse::Defer(_));
        line.send(response).map_err(|_| Failure::TOO_LATE)?;
        if call.shown != Shown::Ephemeral || is_deferral {
            return Ok(None);
        }
        once_known(|| self.api.answered(call.application, &call.token)).await.map(Some)
    }
}

/// A request about the answer to an interaction. One that Discord gets as the response to its own
/// request may still be on its way, and until then Discord knows of none.
async fn once_known<T, R>(request: impl Fn() -> R) -> Result<T, Failure>
where
    R: Future<Output = Result<T, Failure>>,
{
    let mut waits = ASK_AGAIN.into_iter();
    loop {
        match request().await {
            Err(failure) if failure.is_unknown() => match waits.next() {
                Some(wait) => sleep(wait).await,
                None => return Err(failure),
            },
            known => return known,
        }
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
        self.0.spawn(async move {
            if let Err(failure) = desk.register(application).await {
                tracing::warn!(?failure, "Discord commands could not be registered");
            }
        });
    }

    async fn resume(&self, _: Context, _: ResumedEvent) {
        tracing::debug!("Discord session resumed");
        self.0.spawn(async {});
    }

    async fn message(&self, _: Context, message: serenity::model::channel::Message) {
        let Some(me) = self.0.me.get() else { return };
        let Some(asked) = receive::to_message(&message, *me) else { return };
        let id = message.id.get();
        if self.0.is_new(id) {
            self.0.spawn(Arc::clone(&self.0).answer(id, asked, None));
        }
    }

    async fn interaction_create(&self, _: Context, interaction: Interaction) {
        self.0.take(interaction, None);
    }
}
