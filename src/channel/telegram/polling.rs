//! Long polling: one process asks for updates, and confirms what is answered or given up.

use std::{sync::Arc, time::Duration};

use serde_json::value::RawValue;
use tokio::time::{sleep, timeout};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

use super::{
    Api, Backoff, Channel, ChannelError, Fault, Handled, Me, api, inbox::Inbox, misconfigured,
    register_commands, unauthorized, update::Update,
};
use crate::{
    app::{App, Lease},
    config::TelegramConfig,
    health::Part,
};

/// How long a batch of updates may take before the next is asked for beside it.
const BATCH: Duration = Duration::from_secs(1);
/// Rest after an answer without updates.
const PAUSE: Duration = Duration::from_millis(100);
/// Wait before an update is looked at again that another process is answering.
const LATER: Duration = Duration::from_secs(1);
/// At the end: how long answers may take that were begun.
const GRACE: Duration = Duration::from_secs(5);
/// At the end: how long the last confirmation may take.
const LAST_CALL: Duration = Duration::from_secs(2);

/// Why polling ended.
enum Ended {
    /// Another process polls.
    Yielded,
    /// The operator must change a setting.
    For(ChannelError),
}

/// Runs the channel until `shutdown`. Of several processes that share a store, one polls and the
/// others stand by.
///
/// # Errors
/// If the operator must change a setting first.
pub async fn run(
    app: App,
    config: &TelegramConfig,
    part: Part,
    shutdown: CancellationToken,
) -> Result<(), ChannelError> {
    let api = api(config)?;
    let mut lease = Lease::new(&app, super::NAME);
    loop {
        if shutdown.run_until_cancelled(lease.acquire(&part)).await.is_none() {
            return Ok(());
        }
        part.starting();
        let ended = hold(&api, &app, config, &part, &mut lease, &shutdown).await;
        lease.give_up().await;
        match ended {
            None => return Ok(()),
            Some(Ended::For(error)) => return Err(error),
            Some(Ended::Yielded) => {
                tracing::warn!("telegram: another process fetches messages now")
            }
        }
    }
}

/// Polls while the lease is ours; `None` at shutdown.
async fn hold(
    api: &Api,
    app: &App,
    config: &TelegramConfig,
    part: &Part,
    lease: &mut Lease,
    shutdown: &CancellationToken,
) -> Option<Ended> {
    let connecting = connect(api, config, part);
    let connected = tokio::select! {
        connected = shutdown.run_until_cancelled(connecting) => connected?,
        () = lease.lost() => return Some(Ended::Yielded),
    };
    let me = match connected {
        Ok(me) => me,
        Err(error) => return Some(Ended::For(error)),
    };
    tracing::info!("telegram: connected");
    part.up();
    let commands = register_commands(api.clone(), app.clone());
    let _commands = AbortOnDropHandle::new(tokio::spawn(commands));
    let channel = Channel::new(api.clone(), app.clone(), me, config);
    let mut inbox = Inbox::default();
    let ended = tokio::select! {
        ended = shutdown.run_until_cancelled(poll(&channel, &mut inbox, config, part)) => ended,
        () = lease.lost() => Some(Ended::Yielded),
    };
    inbox.settle(GRACE).await;
    if let Some(offset) = inbox.offset() {
        // What is not confirmed now comes once more after the next start: no harm but a repetition.
        let _ = timeout(LAST_CALL, channel.api.confirm(offset)).await;
    }
    ended
}

/// Learns who we are, however long Telegram cannot be reached.
async fn connect(api: &Api, config: &TelegramConfig, part: &Part) -> Result<Me, ChannelError> {
    let mut backoff = Backoff::patient();
    loop {
        let who = async { Ok((api.me().await?, api.webhook().await?)) };
        match who.await {
            Ok((me, webhook)) if webhook.url.is_empty() => return Ok(me),
            Ok(_) => return Err(webhook_set()),
            Err(Fault::Unauthorized) => return Err(unauthorized(config)),
            Err(fault) => {
                tracing::warn!(%fault, "telegram: not connected yet, trying again");
                let (reason, text) = fault.reason();
                part.down(reason, text);
                sleep(backoff.wait(fault)).await;
            }
        }
    }
}

/// Asks for updates for ever; ends only with a reason.
async fn poll(
    channel: &Arc<Channel>,
    inbox: &mut Inbox,
    config: &TelegramConfig,
    part: &Part,
) -> Ended {
    let mut backoff = Backoff::patient();
    loop {
        part.alive();
        match channel.api.updates(inbox.offset(), inbox.is_idle()).await {
            Ok(updates) => {
                backoff.reset();
                part.up();
                if updates.is_empty() {
                    inbox.note_nothing();
                    // A server that does not hold the request open is not asked without end.
                    sleep(PAUSE).await;
                }
                for update in updates {
                    take_in(channel, inbox, &update);
                }
                inbox.settle(BATCH).await;
            }
            Err(Fault::Unauthorized) => return Ended::For(unauthorized(config)),
            // Without the store nobody knows whose turn it is; Telegram tells that somebody polls.
            Err(Fault::Conflict) if !channel.app.shared().store.is_up() => return Ended::Yielded,
            Err(fault) => {
                tracing::warn!(%fault, "telegram: no messages could be fetched, trying again");
                let (reason, text) = fault.reason();
                part.down(reason, text);
                inbox.settle(Duration::ZERO).await;
                sleep(backoff.wait(fault)).await;
            }
        }
    }
}

fn take_in(channel: &Arc<Channel>, inbox: &mut Inbox, update: &RawValue) {
    let Some(id) = Update::id(update) else { return };
    if !inbox.note(id) {
        return;
    }
    let Some(update) = Update::read(update) else {
        tracing::debug!("telegram: an update of a kind that needs no answer");
        return;
    };
    let chat = update.chat();
    let update = Arc::new(update);
    let (beside, pressed) = (Arc::clone(channel), Arc::clone(&update));
    let at_once = async move { beside.acknowledge(&pressed).await };
    let channel = Arc::clone(channel);
    inbox.start(id, chat, at_once, async move { settle(&channel, id, &update).await });
}

/// Sees to an update until it is answered or given up.
async fn settle(channel: &Channel, id: i64, update: &Update) {
    loop {
        match channel.handle(id, update).await {
            Handled::Settled => return,
            Handled::Later => sleep(LATER).await,
            Handled::Undelivered(claim) => return channel.app.done(claim).await,
        }
    }
}

fn webhook_set() -> ChannelError {
    misconfigured(
        "telegram.mode = \"polling\", aber für den Bot mit diesem telegram.token ist ein Webhook eingetragen: \
         Ein anderes Programm bekommt seine Nachrichten. Bitte dort den Webhook abmelden (deleteWebhook) \
         oder hier das telegram.token eines anderen Bots eintragen.",
    )
}
