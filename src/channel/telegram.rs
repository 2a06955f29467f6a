//! Telegram, by long polling.
//!
//! teloxide's dispatcher is not used: it panics when Telegram cannot be reached at the start, and
//! confirms updates before they are answered. The loop here asks for updates, hands each to the
//! `inbox`, and confirms what is answered or given up.

mod api;
mod backoff;
mod deliver;
mod inbox;
mod markup;
mod presses;
mod receive;
mod render;
mod update;

use std::{sync::Arc, time::Duration};

use secrecy::ExposeSecret;
use serde_json::value::RawValue;
use teloxide::types::BotCommand;
use time::OffsetDateTime;
use tokio::time::{sleep, timeout};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

use self::{
    api::{Api, Fault, Me},
    backoff::Backoff,
    deliver::{Sent, acknowledge, deliver},
    inbox::Inbox,
    presses::Presses,
    receive::{Heard, group_thread, private_thread, to_message},
    render::render,
    update::Update,
};
use super::ChannelError;
use crate::{
    app::{Admission, App},
    bot::command::{COMMANDS, CommandNames},
    config::TelegramConfig,
    language::Language,
    reply::Reply,
};

/// How long a batch of updates may take before the next is asked for beside it.
const BATCH: Duration = Duration::from_secs(1);
/// Rest after an answer without updates.
const PAUSE: Duration = Duration::from_millis(100);
/// Wait before a file is sent once more.
const FILE_AGAIN: Duration = Duration::from_secs(1);
/// At the end: how long answers may take that were begun.
const GRACE: Duration = Duration::from_secs(5);
/// At the end: how long the last confirmation may take.
const LAST_CALL: Duration = Duration::from_secs(2);

/// Runs the channel until `shutdown`.
///
/// # Errors
/// If the operator must change a setting first.
pub async fn run(
    app: App,
    config: &TelegramConfig,
    shutdown: CancellationToken,
) -> Result<(), ChannelError> {
    let Some(api) = Api::new(&config.token, &config.api_url) else {
        return Err(misconfigured("telegram.api_url: keine gültige Adresse"));
    };
    let Some(me) = shutdown.run_until_cancelled(connect(&api, config)).await.transpose()? else {
        return Ok(());
    };
    tracing::info!("telegram: connected");
    let _commands =
        AbortOnDropHandle::new(tokio::spawn(register_commands(api.clone(), app.clone())));
    let max_age = config.max_age.duration();
    let channel = Arc::new(Channel { api, app, me, max_age, presses: Presses::default() });
    let mut inbox = Inbox::default();
    let ended = shutdown.run_until_cancelled(poll(&channel, &mut inbox, config)).await;
    inbox.settle(GRACE).await;
    if let Some(offset) = inbox.offset() {
        // What is not confirmed now comes once more after the next start: no harm but a repetition.
        let _ = timeout(LAST_CALL, channel.api.confirm(offset)).await;
    }
    ended.map_or(Ok(()), Err)
}

/// Learns who we are, however long Telegram cannot be reached.
async fn connect(api: &Api, config: &TelegramConfig) -> Result<Me, ChannelError> {
    let mut backoff = poll_backoff();
    loop {
        let who = async { Ok((api.me().await?, api.has_webhook().await?)) };
        match who.await {
            Ok((me, false)) => return Ok(me),
            Ok((_, true)) => return Err(webhook_set()),
            Err(Fault::Unauthorized) => return Err(unauthorized(config)),
            Err(fault) => {
                tracing::warn!(%fault, "telegram: not connected yet, trying again");
                sleep(backoff.wait(fault)).await;
            }
        }
    }
}

/// Fills the menu of commands. The bot answers without it, too.
async fn register_commands(api: Api, app: App) {
    let bot = app.bot();
    let menu = |language: Language| -> Vec<BotCommand> {
        let wording = bot.wording(language);
        let entry =
            |names: &CommandNames| BotCommand::new(names.name, wording.say(names.description));
        COMMANDS.iter().map(entry).collect()
    };
    // For everybody in the town's language, and for each language that we speak in that.
    let everybody = [(None, bot.language())];
    let by_language = Language::ALL.into_iter().map(|language| (Some(language.code()), language));
    for (code, language) in everybody.into_iter().chain(by_language) {
        if let Err(fault) = api.set_commands(menu(language), code).await {
            tracing::warn!(%fault, "telegram: the menu of commands could not be set");
        }
    }
}

/// Asks for updates for ever; ends only with a reason.
async fn poll(channel: &Arc<Channel>, inbox: &mut Inbox, config: &TelegramConfig) -> ChannelError {
    let mut backoff = poll_backoff();
    loop {
        match channel.api.updates(inbox.offset(), inbox.is_idle()).await {
            Ok(updates) => {
                backoff.reset();
                if updates.is_empty() {
                    inbox.note_nothing();
                    // A server that does not hold the request open is not asked without end.
                    sleep(PAUSE).await;
                }
                for update in updates {
                    channel.take_in(inbox, &update);
                }
                inbox.settle(BATCH).await;
            }
            Err(Fault::Unauthorized) => return unauthorized(config),
            Err(fault) => {
                tracing::warn!(%fault, "telegram: no messages could be fetched, trying again");
                inbox.settle(Duration::ZERO).await;
                sleep(backoff.wait(fault)).await;
            }
        }
    }
}

fn poll_backoff() -> Backoff {
    Backoff::new(Duration::from_secs(1), Duration::from_secs(60))
}

impl Backoff {
    /// The next wait, or what Telegram asks for if that is longer.
    fn wait(&mut self, fault: Fault) -> Duration {
        match fault {
            Fault::Busy(wait) => self.next().max(wait.min(Duration::from_secs(60))),
            _ => self.next(),
        }
    }
}

/// What it takes to answer a message.
struct Channel {
    api: Api,
    app: App,
    me: Me,
    max_age: Duration,
    presses: Presses,
}

impl Channel {
    fn take_in(self: &Arc<Self>, inbox: &mut Inbox, update: &RawValue) {
        let Some(id) = Update::id(update) else { return };
        if !inbox.note(id) {
            return;
        }
        let Some(update) = Update::read(update) else {
            tracing::debug!("telegram: an update of a kind that needs no answer");
            return;
        };
        let chat = update.chat();
        let (press, meant) = match &update {
            Update::Press(press) => (Some(press.id.clone()), self.presses.note(press)),
            Update::Message(_) | Update::Left(_) => (None, true),
        };
        let (beside, channel) = (Arc::clone(self), Arc::clone(self));
        let at_once = async move {
            if let Some(press) = press {
                acknowledge(&beside.api, &press).await;
            }
        };
        let in_turn = async move {
            if meant {
                channel.handle(&update).await;
            }
        };
        inbox.start(id, chat, at_once, in_turn);
    }

    async fn handle(&self, update: &Update) {
        if let Update::Left(chat) = update {
            self.app.forget(private_thread(chat.id)).await;
        }
        let Some(heard) = to_message(update, &self.me) else { return };
        if self.is_too_old(&heard) {
            tracing::debug!("telegram: a message is too old to be answered");
            return;
        }
        match self.app.admit(heard.address.rate()) {
            Admission::Admitted => self.answer(&heard).await,
            Admission::TooFast => {
                self.say(&heard, &self.app.slow_down(&heard.message)).await;
            }
            Admission::Ignored => {}
        }
    }

    fn is_too_old(&self, heard: &Heard) -> bool {
        heard.said.is_some_and(|said| OffsetDateTime::now_utc() - said > self.max_age)
    }

    async fn answer(&self, heard: &Heard) {
        let turn = self.app.respond(&heard.message, heard.address.thread()).await;
        for sent in self.say(heard, &turn.reply).await {
            let thread = if heard.address.private {
                private_thread(sent.chat)
            } else {
                group_thread(sent.chat, sent.message)
            };
            self.app.keep(thread, turn.conversation.clone()).await;
        }
    }

    /// Sends the files of a reply after its messages. One that cannot be sent is tried once more.
    async fn send_files(&self, heard: &Heard, sent: &[Sent], reply: &Reply) {
        let chat = sent.last().map_or(heard.address.chat, |sent| sent.chat);
        for file in &reply.files {
            let mut outcome = self.api.send_file(chat, heard.address.topic, file).await;
            if let Err(Fault::Busy(_) | Fault::Unreachable | Fault::Server(_)) = outcome {
                sleep(FILE_AGAIN).await;
                outcome = self.api.send_file(chat, heard.address.topic, file).await;
            }
            if let Err(fault) = outcome {
                tracing::warn!(%fault, "telegram: a file could not be delivered");
            }
        }
    }

    /// Sends a reply; the messages it became.
    async fn say(&self, heard: &Heard, reply: &Reply) -> Vec<Sent> {
        let parts = render(reply, heard.message.public);
        match deliver(&self.api, &heard.address, &parts).await {
            Ok(sent) => {
                self.send_files(heard, &sent, reply).await;
                sent
            }
            Err(fault) => {
                if let (Fault::Gone, Some(thread)) = (fault, heard.address.thread()) {
                    self.app.forget(thread).await;
                }
                tracing::warn!(%fault, "telegram: an answer could not be delivered");
                Vec::new()
            }
        }
    }
}

fn misconfigured(why: &str) -> ChannelError {
    ChannelError::Misconfigured(why.to_owned())
}

fn unauthorized(config: &TelegramConfig) -> ChannelError {
    let key = if config.token.expose_secret().is_empty() || !config.token_file.is_empty() {
        "telegram.token (aus telegram.token_file)"
    } else {
        "telegram.token"
    };
    let server =
        if config.api_url.is_empty() { "Telegram" } else { "der Server aus telegram.api_url" };
    ChannelError::Misconfigured(format!(
        "{key}: {server} nimmt dieses Token nicht an. Ein gültiges gibt es bei @BotFather in Telegram."
    ))
}

fn webhook_set() -> ChannelError {
    misconfigured(
        "telegram.mode = \"polling\", aber für den Bot mit diesem telegram.token ist ein Webhook eingetragen: \
         Ein anderes Programm bekommt seine Nachrichten. Bitte dort den Webhook abmelden (deleteWebhook) \
         oder hier das telegram.token eines anderen Bots eintragen.",
    )
}
