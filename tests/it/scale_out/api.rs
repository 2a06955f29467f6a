//! A Bot API server on loopback for many processes. Each speaks to it under a path of its own
//! (`telegram.api_url`), so that it knows which of them said what, and when.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard},
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::Bytes,
    extract::{Path, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
};
use serde_json::{Value, json};
use tokio::{
    net::TcpListener,
    sync::watch,
    task::JoinHandle,
    time::{sleep, timeout},
};

/// No test waits longer for anything.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// An answer that a citizen got.
#[derive(Clone, Debug)]
pub struct Said {
    pub who: String,
    pub chat: i64,
    pub text: String,
    pub at: Instant,
}

/// Another call than an answer.
#[derive(Clone, Debug)]
pub struct Call {
    pub who: String,
    pub method: String,
    pub body: Value,
    pub at: Instant,
}

#[derive(Default)]
struct Record {
    said: Vec<Said>,
    calls: Vec<Call>,
    /// What every attempt to answer is told: status and description.
    trouble: Option<(u16, &'static str)>,
    /// How long an answer takes, by chat: half of it before a citizen gets it, and half after.
    delay: Option<fn(i64) -> Duration>,
    webhook: String,
    updates: Vec<Value>,
    /// Who waits for updates.
    polling: Option<String>,
    /// How often one wanted to wait beside another.
    conflicts: usize,
}

/// The server. It runs until it is dropped or stopped.
pub struct Api {
    state: ApiState,
    address: SocketAddr,
    server: Option<JoinHandle<()>>,
}

#[derive(Clone)]
struct ApiState {
    record: Arc<Mutex<Record>>,
    changed: watch::Sender<()>,
}

impl Drop for Api {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Api {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = ApiState { record: Arc::default(), changed: watch::channel(()).0 };
        let server = Some(tokio::spawn(serve(listener, state.clone())));
        Self { state, address, server }
    }

    /// From now on connections are refused: each is closed after one answer.
    pub fn stop(&mut self) {
        if let Some(server) = self.server.take() {
            server.abort();
        }
    }

    /// Listens again, at the same address.
    pub async fn restart(&mut self) {
        let listener = TcpListener::bind(self.address).await.unwrap();
        self.server = Some(tokio::spawn(serve(listener, self.state.clone())));
    }

    /// The `telegram.api_url` of a process.
    pub fn url(&self, who: &str) -> String {
        format!("http://{}/{who}", self.address)
    }

    pub fn set_delay(&self, delay: fn(i64) -> Duration) {
        self.state.record().delay = Some(delay);
    }

    pub fn set_trouble(&self, trouble: Option<(u16, &'static str)>) {
        self.state.record().trouble = trouble;
    }

    /// Keeps an update for whoever polls.
    pub fn deliver(&self, update: Value) {
        self.state.record().updates.push(update);
        self.state.changed.send_replace(());
    }

    pub fn said(&self) -> Vec<Said> {
        self.state.record().said.clone()
    }

    pub fn calls(&self, method: &str) -> Vec<Call> {
        let record = self.state.record();
        let of = |call: &&Call| call.method.eq_ignore_ascii_case(method);
        record.calls.iter().filter(of).cloned().collect()
    }

    pub fn conflicts(&self) -> usize {
        self.state.record().conflicts
    }

    /// Waits until something holds.
    pub async fn until<T>(&self, what: &str, check: impl Fn(&Self) -> Option<T>) -> T {
        let mut changes = self.state.changed.subscribe();
        let waiting = async {
            loop {
                changes.borrow_and_update();
                if let Some(found) = check(self) {
                    return found;
                }
                changes.changed().await.unwrap();
            }
        };
        timeout(PATIENCE, waiting).await.unwrap_or_else(|_| panic!("in vain: {what}"))
    }

    /// Waits until so many answers were given.
    pub async fn until_said(&self, n: usize) -> Vec<Said> {
        let enough = |api: &Self| Some(api.said()).filter(|said| said.len() >= n);
        self.until(&format!("{n} answers"), enough).await
    }
}

async fn serve(listener: TcpListener, state: ApiState) {
    let router = Router::new().route("/{who}/{bot}/{method}", post(answer)).with_state(state);
    axum::serve(listener, router).await.unwrap();
}

async fn answer(
    State(state): State<ApiState>,
    Path((who, _bot, method)): Path<(String, String, String)>,
    body: Bytes,
) -> Response {
    let method = method.to_lowercase();
    let body: Value = serde_json::from_slice(&body).unwrap();
    let result = match method.as_str() {
        "sendmessage" => state.send(who, &body).await,
        "getupdates" => state.updates(who, &body).await,
        _ => Ok(state.other(who, method, body)),
    };
    let (status, answer) = match result {
        Ok(result) => (StatusCode::OK, json!({"ok": true, "result": result})),
        Err((code, description)) => (
            StatusCode::from_u16(code).unwrap(),
            json!({"ok": false, "error_code": code, "description": description}),
        ),
    };
    (status, [(header::CONNECTION, "close")], answer.to_string()).into_response()
}

impl ApiState {
    fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap()
    }

    fn other(&self, who: String, method: String, body: Value) -> Value {
        let mut record = self.record();
        let result = match method.as_str() {
            "getme" => json!({"id": 99, "username": "AmtslotseTestBot"}),
            "getwebhookinfo" => json!({"url": record.webhook, "pending_update_count": 0}),
            "setwebhook" => {
                body["url"].as_str().unwrap().clone_into(&mut record.webhook);
                json!(true)
            }
            _ => json!(true),
        };
        record.calls.push(Call { who, method, body, at: Instant::now() });
        drop(record);
        self.changed.send_replace(());
        result
    }

    async fn send(&self, who: String, body: &Value) -> Result<Value, (u16, &'static str)> {
        let (trouble, delay) = {
            let record = self.record();
            (record.trouble, record.delay)
        };
        if let Some(trouble) = trouble {
            let call =
                Call { who, method: "refused".into(), body: Value::Null, at: Instant::now() };
            self.record().calls.push(call);
            self.changed.send_replace(());
            return Err(trouble);
        }
        let chat = body["chat_id"].as_i64().unwrap();
        let text = body["text"].as_str().unwrap().to_owned();
        let half = delay.map_or(Duration::ZERO, |delay| delay(chat)) / 2;
        sleep(half).await;
        let message = {
            let mut record = self.record();
            record.said.push(Said { who, chat, text, at: Instant::now() });
            record.said.len()
        };
        self.changed.send_replace(());
        sleep(half).await;
        Ok(json!({"message_id": message}))
    }

    /// Unconfirmed updates; waits for one.
    async fn updates(&self, who: String, body: &Value) -> Result<Value, (u16, &'static str)> {
        let call = Call {
            who: who.clone(),
            method: "getupdates".into(),
            body: body.clone(),
            at: Instant::now(),
        };
        self.record().calls.push(call);
        let _poll = Poll::begin(self, who)?;
        let hold = Duration::from_secs(body["timeout"].as_u64().unwrap_or(0));
        let mut changes = self.changed.subscribe();
        let waiting = async {
            loop {
                changes.borrow_and_update();
                let updates = self.pending(body["offset"].as_i64());
                if !updates.is_empty() {
                    return updates;
                }
                changes.changed().await.unwrap();
            }
        };
        let updates = timeout(hold, waiting).await;
        Ok(updates.unwrap_or_else(|_| self.pending(body["offset"].as_i64())).into())
    }

    fn pending(&self, offset: Option<i64>) -> Vec<Value> {
        let mut record = self.record();
        if let Some(offset) = offset {
            record.updates.retain(|update| update["update_id"].as_i64().unwrap() >= offset);
        }
        record.updates.iter().take(100).cloned().collect()
    }
}

/// That a process waits for updates. It ends with the answer, or when the process hangs up.
struct Poll {
    state: ApiState,
    who: String,
}

impl Poll {
    fn begin(state: &ApiState, who: String) -> Result<Self, (u16, &'static str)> {
        let mut record = state.record();
        if record.polling.as_ref().is_some_and(|other| *other != who) {
            record.conflicts += 1;
            return Err((409, "Conflict: terminated by other getUpdates request"));
        }
        record.polling = Some(who.clone());
        Ok(Self { state: state.clone(), who })
    }
}

impl Drop for Poll {
    fn drop(&mut self) {
        let mut record = self.state.record();
        if record.polling.as_ref() == Some(&self.who) {
            record.polling = None;
        }
    }
}
