//! Sending an answer, whatever the network and Telegram do meanwhile.

use std::time::Duration;

use teloxide::{
    payloads::{SendMessage, SendMessageSetters},
    types::{
        ChatId, LinkPreviewOptions, MessageId, ParseMode, ReplyMarkup, ReplyParameters, ThreadId,
    },
};
use tokio::time::sleep;

use super::{
    NAME,
    api::{Api, Fault},
    backoff::Backoff,
    receive::Address,
    render::Part,
};
use crate::metrics;

/// Longest time that "too many requests" is waited for.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// How often each kind of failure is tried again before an answer is given up.
const REPEATS: Repeats = Repeats { lost: 4, busy: 3, unanswered: 1 };

/// A message that was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sent {
    /// The chat it is in now: a group may move on the way.
    pub chat: i64,
    pub message: i32,
}

/// What became of an answer.
#[derive(Debug, Default)]
pub(super) struct Delivered {
    /// The messages that were sent.
    pub sent: Vec<Sent>,
    /// Why those after them were not.
    pub fault: Option<Fault>,
}

/// Sends the messages of an answer, the first as a reply in groups.
pub(super) async fn deliver(api: &Api, address: &Address, parts: &[Part]) -> Delivered {
    let mut delivered = Delivered::default();
    for part in parts {
        let sent = &mut delivered.sent;
        let chat = sent.last().map_or(address.chat, |before| before.chat);
        let reply_to = (!address.private && sent.is_empty()).then_some(address.message);
        let payload = payload(chat, address.topic, reply_to, part);
        match Delivery::new(payload).run(api, part).await {
            Ok(message) => sent.push(message),
            Err(fault) => {
                delivered.fault = Some(fault);
                break;
            }
        }
    }
    delivered
}

/// Ends the waiting sign on a pressed button. The citizen does not wait for it, so little is tried.
pub(super) async fn acknowledge(api: &Api, press: &str) {
    let mut outcome = api.acknowledge(press).await;
    if matches!(outcome, Err(Fault::Unreachable | Fault::Unanswered | Fault::Server(_))) {
        sleep(backoff().next()).await;
        outcome = api.acknowledge(press).await;
    }
    if let Err(fault) = outcome {
        // Usually because the press is older than Telegram waits for.
        tracing::debug!(%fault, "telegram: a button press could not be acknowledged");
    }
}

fn payload(chat: i64, topic: Option<i32>, reply_to: Option<i32>, part: &Part) -> SendMessage {
    let no_preview = LinkPreviewOptions {
        is_disabled: true,
        url: None,
        prefer_small_media: false,
        prefer_large_media: false,
        show_above_text: false,
    };
    let mut payload = SendMessage::new(ChatId(chat), &part.html)
        .parse_mode(ParseMode::Html)
        .link_preview_options(no_preview);
    payload.message_thread_id = topic.map(|topic| ThreadId(MessageId(topic)));
    payload.reply_parameters = reply_to
        .map(|message| ReplyParameters::new(MessageId(message)).allow_sending_without_reply());
    payload.reply_markup = part.keyboard.clone().map(ReplyMarkup::InlineKeyboard);
    payload
}

#[derive(Clone, Copy)]
struct Repeats {
    /// It did not arrive.
    lost: u8,
    /// It is to be sent later.
    busy: u8,
    /// It may have arrived: twice is better than never, but not more often.
    unanswered: u8,
}

/// One message on its way.
struct Delivery {
    payload: SendMessage,
    chat: i64,
    left: Repeats,
    backoff: Backoff,
}

fn backoff() -> Backoff {
    Backoff::new(Duration::from_millis(300), Duration::from_secs(5))
}

impl Delivery {
    fn new(payload: SendMessage) -> Self {
        let chat = match payload.chat_id {
            teloxide::types::Recipient::Id(ChatId(chat)) => chat,
            _ => 0,
        };
        Self { payload, chat, left: REPEATS, backoff: backoff() }
    }

    async fn run(mut self, api: &Api, part: &Part) -> Result<Sent, Fault> {
        loop {
            match api.send(&self.payload).await {
                Ok(message) => return Ok(Sent { chat: self.chat, message }),
                Err(fault) => {
                    let wait = self.mend(fault, part).ok_or(fault)?;
                    tracing::debug!(%fault, ?wait, "telegram: sending an answer again");
                    metrics::platform_retried(NAME);
                    sleep(wait).await;
                }
            }
        }
    }

    /// How long to wait before the next try, with the payload changed if that helps; `None` if
    /// nothing helps.
    fn mend(&mut self, fault: Fault, part: &Part) -> Option<Duration> {
        match fault {
            Fault::Busy(wait) => {
                spend(&mut self.left.busy)?;
                Some(wait.min(LONGEST_WAIT))
            }
            Fault::Unreachable | Fault::Server(_) => {
                spend(&mut self.left.lost)?;
                Some(self.backoff.next())
            }
            Fault::Unanswered => {
                spend(&mut self.left.unanswered)?;
                Some(self.backoff.next())
            }
            Fault::Moved(chat) if chat != self.chat => {
                self.chat = chat;
                self.payload.chat_id = ChatId(chat).into();
                Some(Duration::ZERO)
            }
            Fault::Markup if self.payload.parse_mode.is_some() => {
                tracing::error!("telegram: markup was refused, an answer was sent as plain text");
                self.payload.parse_mode = None;
                self.payload.text.clone_from(&part.plain);
                Some(Duration::ZERO)
            }
            Fault::Moved(_)
            | Fault::Markup
            | Fault::Unreadable
            | Fault::Unauthorized
            | Fault::Conflict
            | Fault::Gone
            | Fault::Refused(_) => None,
        }
    }
}

fn spend(left: &mut u8) -> Option<()> {
    *left = left.checked_sub(1)?;
    Some(())
}
