//! A Discord on loopback: HTTP API and gateway in one, with a record of everything received and
//! switches for what can go wrong.

use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::Bytes,
    extract::{
        State, WebSocketUpgrade,
        ws::{CloseFrame, Message, WebSocket},
    },
    http::{HeaderMap, Method, StatusCode, Uri},
    response::{IntoResponse, Response},
    routing::get,
};
use serde_json::{Value, json};
use tokio::{
    net::TcpListener,
    sync::{Notify, mpsc},
    task::JoinHandle,
    time::timeout,
};

/// The bot's own user.
pub const ME: &str = "900";
/// Its application.
pub const APP: &str = "901";
/// What Discord says about an interaction that has no answer yet.
const UNKNOWN_WEBHOOK: i64 = 10_015;
/// No wait for what should happen lasts longer.
const PATIENCE: Duration = Duration::from_secs(20);

/// The id of the message that answers a message or interaction.
pub fn answer_to(id: &str) -> String {
    format!("7{id}")
}

/// The server. It ends when dropped.
pub struct Fake {
    pub url: String,
    shared: Arc<Shared>,
    server: JoinHandle<()>,
}

/// A request to the HTTP API.
#[derive(Debug, Clone)]
pub struct Received {
    pub method: String,
    /// Without `/api/v10` and query.
    pub path: String,
    pub body: Value,
}

/// What goes wrong.
#[derive(Debug, Default)]
pub struct Faults {
    /// The token is refused.
    pub unauthorized: bool,
    /// So many of the next answers are 429.
    pub too_fast: usize,
    /// So many of the next answers are 502 with a page in HTML.
    pub bad_gateway: usize,
    /// So many of the next connections are cut instead of answered.
    pub cut: usize,
    /// The next messages and interactions are refused with these codes.
    pub refuse: Vec<i64>,
    /// What happens instead of READY.
    pub on_identify: Option<Frame>,
}

/// What the gateway sends.
#[derive(Debug, Clone)]
pub enum Frame {
    Event(&'static str, Value),
    Op(u8, Value),
    Close(u16),
    /// The TCP connection ends without a word.
    Cut,
}

#[derive(Default)]
struct Shared {
    ws: Mutex<String>,
    faults: Mutex<Faults>,
    received: Mutex<Vec<Received>>,
    /// Operations of the client: 2 identify, 6 resume.
    ops: Mutex<Vec<(u64, Value)>>,
    /// Clients that said goodbye with this code.
    goodbyes: Mutex<Vec<u16>>,
    commands: Mutex<Value>,
    /// Tokens of the interactions whose answers are still on their way here.
    under_way: Mutex<HashSet<String>>,
    gateway: Mutex<Option<mpsc::UnboundedSender<Frame>>>,
    sequence: AtomicU64,
    ids: AtomicU64,
    changed: Notify,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap()
}

impl Fake {
    pub async fn start() -> Self {
        Self::on(TcpListener::bind("127.0.0.1:0").await.unwrap()).await
    }

    pub async fn on(listener: TcpListener) -> Self {
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared::default());
        *lock(&shared.ws) = format!("ws://{address}");
        *lock(&shared.commands) = json!([]);
        shared.ids.store(5_000, Ordering::Relaxed);
        let router =
            Router::new().route("/", get(gateway)).fallback(api).with_state(Arc::clone(&shared));
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url: format!("http://{address}"), shared, server }
    }

    pub fn faults(&self) -> MutexGuard<'_, Faults> {
        lock(&self.shared.faults)
    }

    /// The commands as if registered before.
    pub fn commands(&self) -> Value {
        lock(&self.shared.commands).clone()
    }

    /// As if other commands were registered before.
    pub fn change_commands(&self, change: impl FnOnce(&mut Value)) {
        change(&mut lock(&self.shared.commands));
    }

    /// The answer to this interaction comes as the response to a request of Discord's: until then,
    /// Discord knows of no answer.
    pub fn await_answer(&self, interaction: &Value) {
        lock(&self.shared.under_way).insert(token_of(interaction));
    }

    /// The answer has come.
    pub fn take_answer(&self, interaction: &Value) {
        lock(&self.shared.under_way).remove(&token_of(interaction));
    }

    pub fn new_id(&self) -> String {
        self.shared.ids.fetch_add(1, Ordering::Relaxed).to_string()
    }

    /// Everything that was sent to the API so far.
    pub fn received(&self) -> Vec<Received> {
        lock(&self.shared.received).clone()
    }

    /// Waits until the record shows something.
    pub async fn until<T>(&self, what: &str, look: impl Fn(&[Received]) -> Option<T>) -> T {
        self.until_any(what, || look(&lock(&self.shared.received))).await
    }

    async fn until_any<T>(&self, what: &str, look: impl Fn() -> Option<T>) -> T {
        let waiting = async {
            loop {
                let changed = self.shared.changed.notified();
                if let Some(found) = look() {
                    return found;
                }
                changed.await;
            }
        };
        timeout(PATIENCE, waiting).await.unwrap_or_else(|_| {
            panic!("no {what}; received: {:#?}", self.received());
        })
    }

    /// Waits for the nth (from 1) request to paths that contain `part`.
    pub async fn nth(&self, method: &str, part: &str, nth: usize) -> Received {
        self.until(&format!("{method} {part} ({nth})"), |received| {
            matching(received, method, part).nth(nth - 1).cloned()
        })
        .await
    }

    pub fn count(&self, method: &str, part: &str) -> usize {
        matching(&self.received(), method, part).count()
    }

    /// Waits until so many sessions were begun (2) or resumed (6), and the last was answered.
    pub async fn sessions(&self, op: u64, count: usize) {
        self.until_any(&format!("op {op} ({count})"), || {
            let ops = lock(&self.shared.ops);
            (ops.iter().filter(|(known, _)| *known == op).count() >= count).then_some(())
        })
        .await;
    }

    /// How many sessions were begun.
    pub fn identified(&self) -> usize {
        lock(&self.shared.ops).iter().filter(|(op, _)| *op == 2).count()
    }

    pub fn identify(&self) -> Value {
        lock(&self.shared.ops).iter().find(|(op, _)| *op == 2).unwrap().1.clone()
    }

    pub async fn goodbye(&self) -> u16 {
        self.until_any("goodbye", || lock(&self.shared.goodbyes).first().copied()).await
    }

    /// Sends over the current connection.
    pub async fn send(&self, frame: Frame) {
        self.until_any("gateway connection", || {
            let gateway = lock(&self.shared.gateway);
            gateway.as_ref().filter(|gateway| !gateway.is_closed()).map(drop)
        })
        .await;
        lock(&self.shared.gateway).as_ref().unwrap().send(frame).unwrap();
    }

    pub async fn event(&self, name: &'static str, data: Value) {
        self.send(Frame::Event(name, data)).await;
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn token_of(interaction: &Value) -> String {
    interaction["token"].as_str().unwrap().to_owned()
}

fn matching<'a>(
    received: &'a [Received],
    method: &'a str,
    part: &'a str,
) -> impl Iterator<Item = &'a Received> {
    received.iter().filter(move |r| r.method == method && r.path.contains(part))
}

// --- HTTP API -------------------------------------------------------------------------------------

async fn api(
    State(shared): State<Arc<Shared>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let path = uri.path().trim_start_matches("/api/v10").to_owned();
    // A file comes as a form; some requests have no body.
    let form = || json!({ "form": String::from_utf8_lossy(&body) });
    let body: Value = serde_json::from_slice(&body).unwrap_or_else(|_| form());
    let received = Received { method: method.to_string(), path, body };
    let known = headers.get("authorization").and_then(|v| v.to_str().ok());
    let trusted = known.is_some_and(|token| token.starts_with("Bot "));
    // Decided before anybody sees the request, so that a test's next switch is not meant for it.
    let fault = match trusted {
        true if shared.is_under_way(&received) => Some(Fault::Unknown),
        true => lock(&shared.faults).next(&received),
        false => Some(Fault::Token),
    };
    lock(&shared.received).push(received.clone());
    shared.changed.notify_waiters();
    match fault {
        None => answer(&shared, &received),
        Some(Fault::Token) => error(StatusCode::UNAUTHORIZED, 0),
        // Ends the task of this connection, without a message on standard error.
        Some(Fault::Cut) => std::panic::resume_unwind(Box::new("cut")),
        Some(Fault::TooFast) => {
            let body = json!({ "message": "slow down", "retry_after": 0.3, "global": false });
            (StatusCode::TOO_MANY_REQUESTS, axum::Json(body)).into_response()
        }
        Some(Fault::BadGateway) => {
            (StatusCode::BAD_GATEWAY, "<html>bad gateway</html>").into_response()
        }
        Some(Fault::Refused(code)) => error(StatusCode::FORBIDDEN, code),
        Some(Fault::Unknown) => error(StatusCode::NOT_FOUND, UNKNOWN_WEBHOOK),
    }
}

enum Fault {
    Token,
    Cut,
    TooFast,
    BadGateway,
    Refused(i64),
    Unknown,
}

impl Shared {
    /// Whether a request is about an answer that has not come yet.
    fn is_under_way(&self, received: &Received) -> bool {
        let of_webhook = received.path.strip_prefix(&format!("/webhooks/{APP}/"));
        let token = of_webhook.and_then(|rest| rest.split('/').next());
        token.is_some_and(|token| lock(&self.under_way).contains(token))
    }
}

impl Faults {
    fn next(&mut self, received: &Received) -> Option<Fault> {
        let due = |left: &mut usize| left.checked_sub(1).map(|rest| *left = rest).is_some();
        if self.unauthorized {
            Some(Fault::Token)
        } else if due(&mut self.cut) {
            Some(Fault::Cut)
        } else if due(&mut self.too_fast) {
            Some(Fault::TooFast)
        } else if due(&mut self.bad_gateway) {
            Some(Fault::BadGateway)
        } else if received.method == "POST" && !self.refuse.is_empty() {
            Some(Fault::Refused(self.refuse.remove(0)))
        } else {
            None
        }
    }
}

fn error(status: StatusCode, code: i64) -> Response {
    (status, axum::Json(json!({ "message": "no", "code": code }))).into_response()
}

fn answer(shared: &Shared, received: &Received) -> Response {
    let parts: Vec<&str> = received.path.split('/').skip(1).collect();
    let body = match (received.method.as_str(), &parts[..]) {
        ("GET", ["gateway", "bot"]) => json!({
            "url": *lock(&shared.ws), "shards": 1,
            "session_start_limit":
                { "total": 1000, "remaining": 999, "reset_after": 1000, "max_concurrency": 1 },
        }),
        // As if down: then serenity takes Discord's own gateway, unless it is stopped.
        ("GET", ["gateway"]) => return error(StatusCode::INTERNAL_SERVER_ERROR, 0),
        ("GET", ["applications", APP, "commands"]) => lock(&shared.commands).clone(),
        ("PUT", ["applications", APP, "commands"]) => {
            *lock(&shared.commands) = registered(&received.body);
            lock(&shared.commands).clone()
        }
        ("POST", ["interactions", id, _, "callback"]) => {
            let message = json!({ "id": answer_to(id) });
            json!({ "interaction": {}, "resource": { "type": 4, "message": message } })
        }
        ("GET" | "PATCH", ["webhooks", APP, token, "messages", "@original"]) => {
            json!({ "id": answer_to(token.trim_start_matches("token-")) })
        }
        ("POST", ["webhooks", APP, _]) => json!({ "id": "9" }),
        ("POST", ["channels", _, "messages"]) => {
            json!({ "id": answer_to(received.body["nonce"].as_str().unwrap_or("0")) })
        }
        _ => return error(StatusCode::NOT_FOUND, 0),
    };
    axum::Json(body).into_response()
}

fn registered(commands: &Value) -> Value {
    let mut commands = commands.clone();
    for command in commands.as_array_mut().unwrap() {
        command["id"] = json!("1");
        command["application_id"] = json!(APP);
        command["version"] = json!("1");
        command["default_member_permissions"] = Value::Null;
        if command["description"].is_null() {
            command["description"] = json!("");
        }
    }
    commands
}

// --- Gateway --------------------------------------------------------------------------------------

async fn gateway(State(shared): State<Arc<Shared>>, upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(move |socket| session(shared, socket))
}

async fn session(shared: Arc<Shared>, mut socket: WebSocket) {
    let (sender, mut frames) = mpsc::unbounded_channel();
    let hello = json!({ "op": 10, "d": { "heartbeat_interval": 1000 } });
    if socket.send(Message::Text(hello.to_string().into())).await.is_err() {
        return;
    }
    loop {
        tokio::select! {
            frame = frames.recv() => {
                let Some(frame) = frame else { return };
                if !deliver(&shared, &mut socket, frame).await {
                    return;
                }
            }
            message = socket.recv() => match message {
                Some(Ok(Message::Text(text))) => {
                    let message: Value = serde_json::from_str(&text).unwrap();
                    for frame in hear(&shared, &message, &sender) {
                        if !deliver(&shared, &mut socket, frame).await {
                            return;
                        }
                    }
                    shared.changed.notify_waiters();
                }
                Some(Ok(Message::Close(frame))) => {
                    let code = frame.map_or(0, |frame| frame.code);
                    lock(&shared.goodbyes).push(code);
                    shared.changed.notify_waiters();
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return,
            },
        }
    }
}

/// What the gateway says to what the client says.
fn hear(shared: &Shared, message: &Value, sender: &mpsc::UnboundedSender<Frame>) -> Vec<Frame> {
    let op = message["op"].as_u64().unwrap();
    let frames = match op {
        1 => vec![Frame::Op(11, Value::Null)],
        2 => {
            shared.sequence.store(0, Ordering::Relaxed);
            *lock(&shared.gateway) = Some(sender.clone());
            let instead = lock(&shared.faults).on_identify.clone();
            vec![instead.unwrap_or_else(|| Frame::Event("READY", ready(&lock(&shared.ws))))]
        }
        6 => {
            *lock(&shared.gateway) = Some(sender.clone());
            vec![Frame::Event("RESUMED", json!({}))]
        }
        _ => Vec::new(),
    };
    lock(&shared.ops).push((op, message["d"].clone()));
    frames
}

fn ready(ws: &str) -> Value {
    json!({
        "v": 10, "guilds": [], "session_id": "session", "resume_gateway_url": ws, "shard": [0, 1],
        "user": {
            "id": ME, "username": "amtslotse", "discriminator": "0", "avatar": null, "bot": true,
            "verified": true, "mfa_enabled": false,
        },
        "application": { "id": APP, "flags": 0 },
    })
}

/// Whether the connection goes on.
async fn deliver(shared: &Shared, socket: &mut WebSocket, frame: Frame) -> bool {
    let message = match frame {
        Frame::Event(name, data) => {
            let sequence = shared.sequence.fetch_add(1, Ordering::Relaxed) + 1;
            json!({ "op": 0, "t": name, "s": sequence, "d": data })
        }
        Frame::Op(op, data) => json!({ "op": op, "d": data }),
        Frame::Close(code) => {
            let close = CloseFrame { code, reason: "".into() };
            let _ = socket.send(Message::Close(Some(close))).await;
            return false;
        }
        Frame::Cut => return false,
    };
    socket.send(Message::Text(message.to_string().into())).await.is_ok()
}
