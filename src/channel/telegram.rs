//! Telegram, by long polling or by web hook.
//!
//! teloxide's dispatcher is not used: it panics when Telegram cannot be reached at the start, and
//! confirms updates before they are answered. Neither is its web hook, which does the same, and
//! takes the hook away from all replicas when one of them stops.
//!
//! * `polling`: asks for updates, hands each to the `inbox`, and confirms what is answered or given up.
//! * `webhook`: is brought updates, and confirms each when it is answered.
//! * here: what both do with an update.

mod api;
mod backoff;
mod deliver;
mod inbox;
mod markup;
mod polling;
mod presses;
mod receive;
mod render;
mod update;
mod webhook;

use std::{sync::Arc, time::Duration};

use secrecy::ExposeSecret;
use teloxide::types::BotCommand;
use time::OffsetDateTime;
use tokio::time::{sleep, timeout};

use self::{
    api::{Api, Fault, Me},
    backoff::Backoff,
    deliver::{Delivered, Sent, acknowledge, deliver},
    presses::Presses,
    receive::{Heard, group_thread, private_thread, to_message},
    render::render,
    update::Update,
};
pub use self::{
    polling::run,
    webhook::{Hook, set_up},
};
use super::ChannelError;
use crate::{
    app::{Admission, App, Claim, Claimant},
    bot::command::{COMMANDS, CommandNames},
    config::TelegramConfig,
    language::Language,
    reply::Reply,
};

/// Names the channel in the store and in metrics.
const NAME: &str = "telegram";
/// Wait before a file is sent once more.
const FILE_AGAIN: Duration = Duration::from_secs(1);

fn api(config: &TelegramConfig) -> Result<Api, ChannelError> {
    Api::new(&config.token, &config.api_url)
        .ok_or_else(|| misconfigured("telegram.api_url: keine gültige Adresse"))
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

impl Backoff {
    /// For whatever keeps on trying: from a second to a minute.
    fn patient() -> Self {
        Self::new(Duration::from_secs(1), Duration::from_secs(60))
    }

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
    /// An answer that takes longer is given up: what was claimed for it is ours no more.
    patience: Duration,
    presses: Presses,
}

/// What became of an update.
#[derive(Debug)]
enum Handled {
    /// It is answered, or needs no answer.
    Settled,
    /// Another process is answering it, or too many wait: it is to be looked at again.
    Later,
    /// The answer could not be sent, though it may be later.
    Undelivered(Claimant),
}

impl Channel {
    fn new(api: Api, app: App, me: Me, config: &TelegramConfig) -> Arc<Self> {
        let max_age = config.max_age.duration();
        let patience = app.shared().store.lease().mul_f64(0.9);
        Arc::new(Self { api, app, me, max_age, patience, presses: Presses::default() })
    }

    /// Ends the waiting sign on a pressed button, for which nobody waits for a turn.
    async fn acknowledge(&self, update: &Update) {
        if let Update::Press(press) = update {
            acknowledge(&self.api, &press.id).await;
        }
    }

    async fn handle(&self, id: i64, update: &Update) -> Handled {
        if let Update::Left(chat) = update {
            self.app.forget(&private_thread(chat.id)).await;
        }
        if let Update::Press(press) = update
            && !self.presses.note(id, press)
        {
            return Handled::Settled;
        }
        let Some(heard) = to_message(update, &self.me) else { return Handled::Settled };
        if self.is_too_old(&heard) {
            tracing::debug!("telegram: a message is too old to be answered");
            self.app.count_update(NAME, "too_old");
            return Handled::Settled;
        }
        let Ok(_turn) = self.app.enter().await else { return Handled::Later };
        let claim = match self.app.claim(NAME, id).await {
            Claim::Mine(claim) => claim,
            Claim::Held => return Handled::Later,
            Claim::Done => return Handled::Settled,
        };
        match self.app.admit(&heard.address.rate()) {
            Admission::Admitted => self.answer(&heard, claim).await,
            Admission::TooFast => {
                let slow_down = self.app.slow_down(&heard.message);
                let _ = timeout(self.patience, self.say(&heard, &slow_down)).await;
                self.refuse(claim).await
            }
            Admission::Ignored => self.refuse(claim).await,
        }
    }

    async fn refuse(&self, claim: Claimant) -> Handled {
        self.app.count_update(NAME, "refused");
        self.app.done(claim).await;
        Handled::Settled
    }

    fn is_too_old(&self, heard: &Heard) -> bool {
        heard.said.is_some_and(|said| OffsetDateTime::now_utc() - said > self.max_age)
    }

    async fn answer(&self, heard: &Heard, claim: Claimant) -> Handled {
        let thread = heard.address.thread();
        let saying = async {
            let turn = self.app.respond(NAME, &heard.message, thread.as_ref()).await;
            let delivered = self.say(heard, &turn.reply).await;
            (turn, delivered)
        };
        let Ok((turn, Delivered { sent, fault })) = timeout(self.patience, saying).await else {
            tracing::warn!("telegram: an answer took too long and was given up");
            self.app.count_update(NAME, "failed");
            return Handled::Undelivered(claim);
        };
        if sent.is_empty() && fault.is_some_and(Fault::is_passing) {
            self.app.count_update(NAME, "failed");
            return Handled::Undelivered(claim);
        }
        let kept = |sent: &Sent| match heard.address.private {
            true => private_thread(sent.chat),
            false => group_thread(sent.chat, sent.message),
        };
        let mut kept: Vec<_> = sent.iter().map(kept).collect();
        kept.dedup();
        self.app.finish(turn, Some(claim), &kept).await;
        Handled::Settled
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
    async fn say(&self, heard: &Heard, reply: &Reply) -> Delivered {
        let parts = render(reply, heard.message.public);
        let delivered = deliver(&self.api, &heard.address, &parts).await;
        match delivered.fault {
            None => self.send_files(heard, &delivered.sent, reply).await,
            Some(fault) => {
                if let (Fault::Gone, Some(thread)) = (fault, heard.address.thread()) {
                    self.app.forget(&thread).await;
                }
                tracing::warn!(%fault, "telegram: an answer could not be delivered");
            }
        }
        delivered
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
