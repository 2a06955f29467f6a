//! Calls to the Bot API, with our own eyes on what comes back.
//!
//! teloxide knows addresses, payloads and error texts; the call itself is made here, because
//! teloxide waits ten seconds after each server error, reads a whole batch of updates or none of
//! it, and needs every field of an answer of which we use one.

use std::{fmt, time::Duration};

use reqwest::multipart::{Form, Part};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, json, value::RawValue};
use teloxide::{
    ApiError, Bot,
    payloads::{AnswerCallbackQuery, SendMessage, SetMyCommands},
    types::{BotCommand, CallbackQueryId},
};
use time::OffsetDateTime;
use tokio::time::Instant;

use super::NAME;
use crate::{metrics, reply::File};

/// How long a call may take.
const CALL_TIMEOUT: Duration = Duration::from_secs(15);
/// How long Telegram holds a request for updates open until there is one.
const LONG_POLL: Duration = Duration::from_secs(25);
/// The kinds of updates that we look at.
const UPDATES: [&str; 3] = ["message", "callback_query", "my_chat_member"];
/// Updates that Telegram brings at once.
const MAX_CONNECTIONS: u8 = 40;
/// Waited after "too many requests" if Telegram does not say how long.
const UNSAID_WAIT: Duration = Duration::from_secs(5);

/// A Bot API server and the right to speak for one bot. No `Debug`: it would show the token.
#[derive(Clone)]
pub(super) struct Api {
    bot: Bot,
}

/// Who we are.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Me {
    pub id: i64,
    pub username: String,
}

/// Where messages are brought to.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Webhook {
    /// The address; empty if there is none.
    pub url: String,
    /// Messages that wait to be delivered.
    #[serde(rename = "pending_update_count", default)]
    pub pending: u64,
    /// When a delivery failed last, in Unix seconds.
    last_error_date: Option<i64>,
}

impl Webhook {
    /// Whether deliveries failed in the last ten minutes.
    pub fn failed_lately(&self) -> bool {
        let now = OffsetDateTime::now_utc().unix_timestamp();
        self.last_error_date.is_some_and(|failed| now - failed < 600)
    }
}

/// Why a call failed. Never holds an address (it contains the token) nor Telegram's words (they
/// may quote a message).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Fault {
    #[error("the server cannot be reached")]
    Unreachable,
    #[error("the request was sent, but no answer came")]
    Unanswered,
    #[error("the server failed with status {0}")]
    Server(u16),
    #[error("the answer could not be understood")]
    Unreadable,
    #[error("too many requests, to be repeated after {0:?}")]
    Busy(Duration),
    #[error("the token is not accepted")]
    Unauthorized,
    #[error("another program fetches this bot's messages, or a webhook is set")]
    Conflict,
    #[error("the chat is closed to the bot")]
    Gone,
    #[error("the group has become a supergroup")]
    Moved(i64),
    #[error("the markup is not accepted")]
    Markup,
    #[error("refused with code {0}")]
    Refused(u16),
}

impl Fault {
    /// Whether the same may work later.
    pub fn is_passing(self) -> bool {
        matches!(
            self,
            Self::Unreachable
                | Self::Server(_)
                | Self::Busy(_)
                | Self::Unauthorized
                | Self::Conflict
        )
    }

    /// A word and half a sentence for monitoring.
    pub fn reason(self) -> (&'static str, &'static str) {
        match self {
            Self::Unreachable | Self::Unanswered => ("unreachable", "Telegram cannot be reached"),
            Self::Server(_) => ("server_error", "Telegram has a fault of its own"),
            Self::Unreadable => ("unreadable", "what answers is not Telegram"),
            Self::Busy(_) => ("too_many_requests", "Telegram asks us to wait"),
            Self::Unauthorized => ("token_refused", "Telegram refuses the token"),
            Self::Conflict => ("conflict", "another program fetches this bot's messages"),
            Self::Gone | Self::Moved(_) | Self::Markup | Self::Refused(_) => {
                ("refused", "Telegram refuses a request")
            }
        }
    }
}

/// What every answer of the Bot API looks like.
#[derive(Deserialize)]
struct Answer<R> {
    ok: bool,
    result: Option<R>,
    error_code: Option<u16>,
    description: Option<String>,
    parameters: Option<Parameters>,
}

#[derive(Deserialize)]
struct Parameters {
    retry_after: Option<u64>,
    migrate_to_chat_id: Option<i64>,
}

impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Api")
    }
}

impl Api {
    /// Speaks to Telegram, or to the server at `api_url` if one is given; `None` if that is no
    /// address.
    pub fn new(token: &SecretString, api_url: &str) -> Option<Self> {
        let bot = Bot::new(token.expose_secret().trim());
        let api_url = api_url.trim().trim_end_matches('/');
        if api_url.is_empty() {
            return Some(Self { bot });
        }
        let bot = bot.set_api_url(api_url.parse().ok()?);
        (!bot.api_url().cannot_be_a_base()).then_some(Self { bot })
    }

    pub async fn me(&self) -> Result<Me, Fault> {
        self.call("GetMe", &json!({}), CALL_TIMEOUT).await
    }

    /// Whether messages go to a web hook instead of to whoever asks, and how that goes.
    pub async fn webhook(&self) -> Result<Webhook, Fault> {
        self.call("GetWebhookInfo", &json!({}), CALL_TIMEOUT).await
    }

    /// Has messages brought to an address. What Telegram holds already is kept.
    pub async fn set_webhook(&self, url: &str, secret: &str) -> Result<(), Fault> {
        let body = json!({
            "url": url,
            "secret_token": secret,
            "allowed_updates": UPDATES,
            "max_connections": MAX_CONNECTIONS,
            "drop_pending_updates": false,
        });
        let _: bool = self.call("SetWebhook", &body, CALL_TIMEOUT).await?;
        Ok(())
    }

    /// Fills the menu of commands, for everybody or for whose Telegram is set to a language.
    pub async fn set_commands(
        &self,
        commands: Vec<BotCommand>,
        language: Option<&str>,
    ) -> Result<(), Fault> {
        let mut menu = SetMyCommands::new(commands);
        menu.language_code = language.map(str::to_owned);
        let _: bool = self.call("SetMyCommands", &menu, CALL_TIMEOUT).await?;
        Ok(())
    }

    /// Unconfirmed updates from `offset` on; what lies before it is thereby confirmed. Waits for
    /// one if `wait` is set. They come unread: one that cannot be read must not cost the others.
    pub async fn updates(
        &self,
        offset: Option<i64>,
        wait: bool,
    ) -> Result<Vec<Box<RawValue>>, Fault> {
        let hold = if wait { LONG_POLL } else { Duration::ZERO };
        self.ask_for_updates(offset, hold, 100).await
    }

    /// Confirms all updates before `offset`, at the end.
    pub async fn confirm(&self, offset: i64) -> Result<(), Fault> {
        self.ask_for_updates(Some(offset), Duration::ZERO, 1).await.map(|_| ())
    }

    async fn ask_for_updates(
        &self,
        offset: Option<i64>,
        hold: Duration,
        limit: u8,
    ) -> Result<Vec<Box<RawValue>>, Fault> {
        let mut body = json!({
            "timeout": hold.as_secs(),
            "limit": limit,
            "allowed_updates": UPDATES,
        });
        if let Some(offset) = offset {
            body["offset"] = offset.into();
        }
        self.call("GetUpdates", &body, hold + CALL_TIMEOUT).await
    }

    /// Sends a message; its id.
    pub async fn send(&self, message: &SendMessage) -> Result<i32, Fault> {
        #[derive(Deserialize)]
        struct Sent {
            message_id: i32,
        }
        let started = Instant::now();
        let sent: Result<Sent, Fault> = self.call("SendMessage", message, CALL_TIMEOUT).await;
        metrics::platform(NAME, started.elapsed());
        Ok(sent?.message_id)
    }

    /// Sends a file into a chat, and into one topic of it.
    pub async fn send_file(&self, chat: i64, topic: Option<i32>, file: &File) -> Result<(), Fault> {
        let part = Part::text(file.text.clone())
            .file_name(file.name.clone())
            .mime_str(file.media_type)
            .map_err(|_| Fault::Unreadable)?;
        let mut form = Form::new().text("chat_id", chat.to_string()).part("document", part);
        if let Some(topic) = topic {
            form = form.text("message_thread_id", topic.to_string());
        }
        let request = self.bot.client().post(self.address("SendDocument")).timeout(CALL_TIMEOUT);
        let _: Value = self.answer_to(request.multipart(form)).await?;
        Ok(())
    }

    /// Ends the waiting sign on a pressed button.
    pub async fn acknowledge(&self, press: &str) -> Result<(), Fault> {
        let body = AnswerCallbackQuery::new(CallbackQueryId(press.to_owned()));
        let _: bool = self.call("AnswerCallbackQuery", &body, CALL_TIMEOUT).await?;
        Ok(())
    }

    async fn call<R: DeserializeOwned>(
        &self,
        method: &str,
        body: &impl Serialize,
        timeout: Duration,
    ) -> Result<R, Fault> {
        let body = serde_json::to_vec(body).map_err(|_| Fault::Unreadable)?;
        let request = self.bot.client().post(self.address(method)).timeout(timeout).body(body);
        self.answer_to(request.header("content-type", "application/json")).await
    }

    fn address(&self, method: &str) -> reqwest::Url {
        let mut url = self.bot.api_url();
        if let Ok(mut path) = url.path_segments_mut() {
            path.push(&format!("bot{}", self.bot.token())).push(method);
        }
        url
    }

    async fn answer_to<R: DeserializeOwned>(
        &self,
        request: reqwest::RequestBuilder,
    ) -> Result<R, Fault> {
        // The error itself holds the address, and with it the token: it ends here.
        let sent = request.send().await;
        let response =
            sent.map_err(
                |error| {
                    if error.is_connect() { Fault::Unreachable } else { Fault::Unanswered }
                },
            )?;
        let status = response.status().as_u16();
        let body = response.bytes().await.map_err(|_| Fault::Unanswered)?;
        read(status, &body)
    }
}

/// Reads an answer; a gateway's error page has no JSON in it.
fn read<R: DeserializeOwned>(status: u16, body: &[u8]) -> Result<R, Fault> {
    if status >= 500 {
        return Err(Fault::Server(status));
    }
    let answer: Answer<R> = serde_json::from_slice(body).map_err(|_| Fault::Unreadable)?;
    if answer.ok {
        return answer.result.ok_or(Fault::Unreadable);
    }
    Err(fault(
        answer.error_code.unwrap_or(status),
        answer.description.unwrap_or_default(),
        answer.parameters,
    ))
}

fn fault(code: u16, description: String, parameters: Option<Parameters>) -> Fault {
    if let Some(chat) = parameters.as_ref().and_then(|p| p.migrate_to_chat_id) {
        return Fault::Moved(chat);
    }
    match code {
        401 | 404 => Fault::Unauthorized,
        403 => Fault::Gone,
        409 => Fault::Conflict,
        429 => {
            let wait = parameters.and_then(|p| p.retry_after).map(Duration::from_secs);
            Fault::Busy(wait.unwrap_or(UNSAID_WAIT))
        }
        500.. => Fault::Server(code),
        // teloxide knows the texts, which are all that tells these apart.
        _ => match serde_json::from_value(Value::String(description)) {
            Ok(ApiError::ChatNotFound | ApiError::UserDeactivated | ApiError::GroupDeactivated) => {
                Fault::Gone
            }
            Ok(ApiError::CantParseEntities(_)) => Fault::Markup,
            _ => Fault::Refused(code),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(status: u16, body: &str, expected: Fault) {
        assert_eq!(read::<Value>(status, body.as_bytes()), Err(expected));
    }

    #[test]
    fn faults_are_told_apart() {
        check(502, "<html>Bad Gateway</html>", Fault::Server(502));
        check(200, "<html>log in to this hotel</html>", Fault::Unreadable);
        check(200, r#"{"ok":true}"#, Fault::Unreadable);
        check(
            401,
            r#"{"ok":false,"error_code":401,"description":"Unauthorized"}"#,
            Fault::Unauthorized,
        );
        check(409, r#"{"ok":false,"error_code":409,"description":"Conflict"}"#, Fault::Conflict);
        check(
            429,
            r#"{"ok":false,"error_code":429,"description":"x","parameters":{"retry_after":7}}"#,
            Fault::Busy(Duration::from_secs(7)),
        );
        check(
            403,
            r#"{"ok":false,"error_code":403,"description":"Forbidden: bot was blocked by the user"}"#,
            Fault::Gone,
        );
        check(
            400,
            r#"{"ok":false,"error_code":400,"description":"Bad Request: chat not found"}"#,
            Fault::Gone,
        );
        check(
            400,
            r#"{"ok":false,"error_code":400,"description":"x","parameters":{"migrate_to_chat_id":-9}}"#,
            Fault::Moved(-9),
        );
        check(
            400,
            r#"{"ok":false,"error_code":400,"description":"Bad Request: can't parse entities: Unexpected end tag"}"#,
            Fault::Markup,
        );
        check(
            400,
            r#"{"ok":false,"error_code":400,"description":"Bad Request: something else"}"#,
            Fault::Refused(400),
        );
    }

    #[test]
    fn fault_11_an_update_that_cannot_be_read_does_not_cost_the_others() {
        let deep = format!("{}1{}", "[".repeat(500), "]".repeat(500));
        let body = format!(
            r#"{{"ok":true,"result":[{{"a":"\ud800"}},{{"b":{deep}}},{{"update_id":3}}]}}"#
        );
        let updates: Vec<Box<RawValue>> = read(200, body.as_bytes()).unwrap();
        assert_eq!(updates[2].get(), r#"{"update_id":3}"#);
    }

    #[test]
    fn fault_67_the_token_shows_in_no_debug_output() {
        let api = Api::new(&SecretString::from("123456:GEHEIM"), "").unwrap();
        assert_eq!(format!("{api:?}"), "Api");
    }

    #[test]
    fn an_address_that_is_none_is_refused() {
        let token = SecretString::from("1:x");
        assert!(Api::new(&token, "http://").is_none());
        assert!(Api::new(&token, "mailto:x").is_none());
        assert!(Api::new(&token, "http://127.0.0.1:8081/").is_some());
    }
}
