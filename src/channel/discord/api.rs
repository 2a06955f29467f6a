//! Requests to Discord that survive a bad day: bounded in time, and repeated where that is safe.
//!
//! All of ours are safe to repeat: messages carry a nonce, interactions are answered once by id,
//! and the rest replaces what was there.

use std::time::Duration;

use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::json;
use serenity::{
    all::{
        ApplicationId, BotGateway, ChannelId, CreateAttachment, CreateCommand,
        CreateInteractionResponse, CreateMessage, EditInteractionResponse, InteractionId,
        MessageFlags, MessageId,
    },
    builder::CreateAllowedMentions,
    http::{Http, HttpBuilder, HttpError, LightMethod, Multipart, MultipartUpload, Request, Route},
};
use tokio::time::{Instant, sleep, timeout};

use super::{
    NAME,
    receive::{AnswerTo, Shown},
};
use crate::{config::DiscordConfig, metrics, reply::File};

/// A server that has not answered by then will not.
const ANSWERS_WITHIN: Duration = Duration::from_secs(10);
/// So long is tried, and so long does a 429 make us wait at most.
const TRIED_FOR: Duration = Duration::from_secs(30);
/// Waits between tries that got no answer.
const WAITS: [Duration; 3] =
    [Duration::from_millis(200), Duration::from_millis(800), Duration::from_secs(3)];

/// Why a request failed for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failure {
    /// The token is refused.
    Unauthorized,
    /// Discord says no, with its code for why (0: none given).
    Refused(i64),
    /// No answer, or none that helps.
    Unavailable,
}

impl Failure {
    /// The interaction was answered before.
    pub const ALREADY_ANSWERED: Self = Self::Refused(40_060);
    /// The interaction is unknown, or three seconds have passed.
    pub const TOO_LATE: Self = Self::Refused(10_062);

    /// Discord knows no such message, perhaps not yet.
    pub fn is_unknown(self) -> bool {
        matches!(self, Self::Refused(10_008 | 10_015))
    }

    /// We may not write here, or not with embeds.
    pub fn is_forbidden(self) -> bool {
        matches!(self, Self::Refused(50_001 | 50_006 | 50_013))
    }
}

/// Discord's HTTP API.
pub(super) struct Api {
    http: Http,
    client: reqwest::Client,
}

/// Why one try failed.
enum Fault {
    Final(Failure),
    /// It may be tried again, after so long if Discord said so.
    Again(Option<Duration>),
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ErrorBody {
    code: i64,
    retry_after: Option<f64>,
}

#[derive(Deserialize)]
struct Sent {
    id: MessageId,
}

#[derive(Deserialize)]
struct Answered {
    resource: Option<Resource>,
}

#[derive(Deserialize)]
struct Resource {
    message: Option<Sent>,
}

/// serenity's HTTP client as configured.
pub(super) fn http(config: &DiscordConfig) -> Http {
    let mut builder = HttpBuilder::new(config.token.expose_secret())
        .client(client())
        .default_allowed_mentions(CreateAllowedMentions::new());
    if !config.api_url.is_empty() {
        // serenity ignores the address unless its rate limiter is off; `Api` obeys a 429 itself.
        builder = builder.proxy(&config.api_url).ratelimiter_disabled(true);
    }
    builder.build()
}

fn client() -> reqwest::Client {
    let builder = reqwest::Client::builder()
        .connect_timeout(Duration::from_secs(5))
        .timeout(ANSWERS_WITHIN)
        // Half a minute of silence, and a middlebox may have forgotten the connection.
        .pool_idle_timeout(Duration::from_secs(30));
    // It fails only if TLS cannot be set up, which the default client would panic over, too.
    builder.build().unwrap_or_default()
}

impl Api {
    /// The API as configured.
    pub fn new(config: &DiscordConfig) -> Self {
        Self { http: http(config), client: client() }
    }

    /// Where the gateway is, and how many sessions we may still start today.
    pub async fn gateway(&self) -> Result<BotGateway, Failure> {
        read(&self.send(Request::new(Route::GatewayBot, LightMethod::Get)).await?)
    }

    /// The commands that Discord knows, as it describes them.
    pub async fn commands(&self, app: ApplicationId) -> Result<Vec<serde_json::Value>, Failure> {
        let request = Request::new(Route::Commands { application_id: app }, LightMethod::Get)
            .params(Some(vec![("with_localizations", "true".to_owned())]));
        read(&self.send(request).await?)
    }

    /// Replaces all commands.
    pub async fn set_commands(
        &self,
        app: ApplicationId,
        commands: &[CreateCommand],
    ) -> Result<(), Failure> {
        let request = Request::new(Route::Commands { application_id: app }, LightMethod::Put);
        self.send(request.body(body(&commands))).await.map(drop)
    }

    /// Sends a message.
    pub async fn post(&self, to: ChannelId, message: &CreateMessage) -> Result<MessageId, Failure> {
        let route = Route::ChannelMessages { channel_id: to };
        let sent = self.send(Request::new(route, LightMethod::Post).body(body(message))).await?;
        Ok(read::<Sent>(&sent)?.id)
    }

    /// Answers an interaction; the id of the message that it became, if Discord tells.
    pub async fn answer(
        &self,
        id: InteractionId,
        token: &str,
        response: &CreateInteractionResponse,
    ) -> Result<Option<MessageId>, Failure> {
        let route = Route::InteractionResponse { interaction_id: id, token };
        let request = Request::new(route, LightMethod::Post)
            .params(Some(vec![("with_response", "true".to_owned())]))
            .body(body(response));
        let answered = self.send(request).await?;
        let message = read::<Answered>(&answered).ok().and_then(|a| a.resource?.message);
        Ok(message.map(|message| message.id))
    }

    /// The message that the answer to an interaction became.
    pub async fn answered(
        &self,
        application: ApplicationId,
        token: &str,
    ) -> Result<MessageId, Failure> {
        let route =
            Route::WebhookOriginalInteractionResponse { application_id: application, token };
        let found = self.send(Request::new(route, LightMethod::Get)).await?;
        Ok(read::<Sent>(&found)?.id)
    }

    /// Replaces the answer to an interaction.
    pub async fn edit_answer(
        &self,
        application: ApplicationId,
        token: &str,
        edit: &EditInteractionResponse,
    ) -> Result<MessageId, Failure> {
        let route =
            Route::WebhookOriginalInteractionResponse { application_id: application, token };
        let sent = self.send(Request::new(route, LightMethod::Patch).body(body(edit))).await?;
        Ok(read::<Sent>(&sent)?.id)
    }

    /// Sends a file after an answer, to where that went.
    pub async fn send_file(&self, to: &AnswerTo, file: &File) -> Result<(), Failure> {
        let attached = CreateAttachment::bytes(file.text.clone().into_bytes(), file.name.clone());
        let mut payload = json!({
            "allowed_mentions": { "parse": [] },
            "attachments": [{ "id": 0, "filename": file.name }],
        });
        let route = match to {
            AnswerTo::Message { channel, .. } => Route::ChannelMessages { channel_id: *channel },
            AnswerTo::Interaction(call) => {
                if call.shown == Shown::Ephemeral {
                    payload["flags"] = MessageFlags::EPHEMERAL.bits().into();
                }
                let application_id = call.application;
                Route::WebhookFollowupMessages { application_id, token: &call.token }
            }
        };
        let multipart = Multipart {
            upload: MultipartUpload::Attachments(vec![attached]),
            fields: Vec::new(),
            payload_json: Some(payload.to_string()),
        };
        let request = Request::new(route, LightMethod::Post).multipart(Some(multipart));
        self.send(request).await.map(drop)
    }

    async fn send(&self, request: Request<'_>) -> Result<Vec<u8>, Failure> {
        let tried = timeout(TRIED_FOR, self.try_repeatedly(request)).await;
        tried.unwrap_or(Err(Failure::Unavailable))
    }

    async fn try_repeatedly(&self, request: Request<'_>) -> Result<Vec<u8>, Failure> {
        let mut waits = WAITS.into_iter();
        loop {
            let started = Instant::now();
            let tried = self.try_once(request.clone()).await;
            metrics::platform(NAME, started.elapsed());
            let wait = match tried {
                Ok(answer) => return Ok(answer),
                Err(Fault::Final(failure)) => return Err(failure),
                Err(Fault::Again(Some(wait))) if wait < TRIED_FOR => Some(wait.max(WAITS[0])),
                Err(Fault::Again(Some(_))) => None,
                Err(Fault::Again(None)) => waits.next(),
            };
            let Some(wait) = wait else { return Err(Failure::Unavailable) };
            metrics::platform_retried(NAME);
            sleep(wait).await;
        }
    }

    /// Errors of the libraries are dropped: they hold addresses, and these hold tokens.
    async fn try_once(&self, request: Request<'_>) -> Result<Vec<u8>, Fault> {
        let response = if self.http.ratelimiter.is_some() {
            self.http.request(request).await.map_err(of_serenity)?
        } else {
            let request =
                request.build(&self.client, self.http.token(), self.http.proxy.as_deref());
            request.map_err(of_serenity)?.send().await.map_err(|_| Fault::Again(None))?
        };
        let status = response.status().as_u16();
        let header = response.headers().get("retry-after").and_then(|value| value.to_str().ok());
        let header = header.and_then(|seconds| seconds.parse().ok());
        let bytes = response.bytes().await.map_err(|_| Fault::Again(None))?;
        if (200..300).contains(&status) {
            return Ok(bytes.to_vec());
        }
        let error: ErrorBody = serde_json::from_slice(&bytes).unwrap_or_default();
        Err(fault(status, error.code, error.retry_after.or(header)))
    }
}

fn of_serenity(error: serenity::Error) -> Fault {
    match error {
        serenity::Error::Http(HttpError::UnsuccessfulRequest(response)) => {
            fault(response.status_code.as_u16(), response.error.code as i64, None)
        }
        // A token that cannot even be sent.
        serenity::Error::Http(HttpError::InvalidHeader(_)) => Fault::Final(Failure::Unauthorized),
        _ => Fault::Again(None),
    }
}

fn fault(status: u16, code: i64, retry_after: Option<f64>) -> Fault {
    match status {
        401 => Fault::Final(Failure::Unauthorized),
        429 => Fault::Again(retry_after.and_then(|s| Duration::try_from_secs_f64(s).ok())),
        500.. => Fault::Again(None),
        _ => Fault::Final(Failure::Refused(code)),
    }
}

fn body(value: &impl Serialize) -> Option<Vec<u8>> {
    // serenity's builders are plain structs: writing them cannot fail.
    serde_json::to_vec(value).ok()
}

fn read<T: DeserializeOwned>(answer: &[u8]) -> Result<T, Failure> {
    serde_json::from_slice(answer).map_err(|_| Failure::Unavailable)
}
