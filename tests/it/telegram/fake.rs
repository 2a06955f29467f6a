//! A Bot API server on loopback, with switches for what goes wrong and a record of every call.

use std::{
    collections::{HashMap, VecDeque},
    panic::resume_unwind,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use axum::{
    Router,
    body::Bytes,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle, time::timeout};

pub const BOT_ID: i64 = 99;
pub const BOT_NAME: &str = "AmtslotseTestBot";
/// No test waits longer for anything.
const PATIENCE: Duration = Duration::from_secs(20);

/// What goes wrong with one call.
#[derive(Clone)]
pub enum Trouble {
    /// An answer of Telegram's.
    Error(u16, Value),
    /// An answer of a gateway before Telegram.
    Html(u16),
    /// The connection breaks before anything is done.
    Drop,
    /// The connection breaks after the call was carried out.
    DropAfter,
    /// The answer takes a while; the call is on record from the beginning.
    Slow(Duration),
}

impl Trouble {
    pub fn error(code: u16, description: &str) -> Self {
        Self::Error(code, json!({"ok": false, "error_code": code, "description": description}))
    }

    pub fn retry_after(seconds: u64) -> Self {
        let parameters = json!({"retry_after": seconds});
        Self::Error(
            429,
            json!({
                "ok": false, "error_code": 429, "description": "Too Many Requests", "parameters": parameters,
            }),
        )
    }

    pub fn moved(chat: i64) -> Self {
        let parameters = json!({"migrate_to_chat_id": chat});
        Self::Error(
            400,
            json!({
                "ok": false, "error_code": 400, "description": "Bad Request: upgraded", "parameters": parameters,
            }),
        )
    }
}

/// A call that was made.
#[derive(Clone, Debug)]
pub struct Call {
    pub method: String,
    pub body: Value,
    /// The id of the message that was sent, if one was.
    pub sent: Option<i64>,
}

#[derive(Default)]
struct Record {
    updates: VecDeque<Value>,
    next_id: i64,
    next_message: i64,
    calls: Vec<Call>,
    trouble: HashMap<String, VecDeque<Trouble>>,
    webhook: String,
    /// Polls that were broken off by whoever asked.
    broken_off: usize,
    /// Do not hold polls open.
    impatient: bool,
    /// Deliver everything again, whatever was confirmed.
    repeats: Vec<Value>,
}

#[derive(Clone)]
pub struct Fake {
    record: Arc<Mutex<Record>>,
    changed: watch::Sender<u64>,
    pub url: String,
    server: Arc<JoinHandle<()>>,
}

impl Drop for Fake {
    fn drop(&mut self) {
        if Arc::strong_count(&self.server) == 1 {
            self.server.abort();
        }
    }
}

impl Fake {
    pub async fn start() -> Self {
        Self::start_on(TcpListener::bind("127.0.0.1:0").await.unwrap())
    }

    pub fn start_on(listener: TcpListener) -> Self {
        let url = format!("http://{}", listener.local_addr().unwrap());
        let record =
            Arc::new(Mutex::new(Record { next_id: 1_000, next_message: 500, ..Record::default() }));
        let (changed, _) = watch::channel(0);
        let state = Server { record: Arc::clone(&record), changed: changed.clone() };
        let router =
            Router::new().route("/{bot}/{method}", axum::routing::post(answer)).with_state(state);
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { record, changed, url, server: Arc::new(server) }
    }

    fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap()
    }

    /// The next call of a method goes wrong (the one after it too, if called twice, and so on).
    pub fn trouble(&self, method: &str, trouble: Trouble) {
        self.record().trouble.entry(method.to_lowercase()).or_default().push_back(trouble);
    }

    pub fn set_webhook(&self, url: &str) {
        url.clone_into(&mut self.record().webhook);
    }

    pub fn impatient(&self) {
        self.record().impatient = true;
    }

    /// Delivers an update; its id is set if it has none.
    pub fn deliver(&self, mut update: Value) -> i64 {
        let mut record = self.record();
        if update.get("update_id").is_none() {
            update["update_id"] = record.next_id.into();
        }
        let id = update["update_id"].as_i64().unwrap();
        record.next_id = id + 1;
        record.updates.push_back(update);
        drop(record);
        self.changed.send_modify(|n| *n += 1);
        id
    }

    /// Delivers the same update once more, although it was confirmed.
    pub fn repeat(&self, update: Value) {
        self.record().repeats.push(update);
        self.changed.send_modify(|n| *n += 1);
    }

    pub fn calls(&self, method: &str) -> Vec<Call> {
        let record = self.record();
        record
            .calls
            .iter()
            .filter(|call| call.method.eq_ignore_ascii_case(method))
            .cloned()
            .collect()
    }

    /// Waits until something holds.
    pub async fn until<T>(&self, what: &str, mut check: impl FnMut(&Self) -> Option<T>) -> T {
        let mut changes = self.changed.subscribe();
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

    /// Waits for the n-th call of a method, counted from 1.
    pub async fn nth(&self, method: &str, n: usize) -> Call {
        let what = format!("call {n} of {method}");
        self.until(&what, |fake| fake.calls(method).get(n - 1).cloned()).await
    }

    /// Waits for the n-th message that was sent, counted from 1.
    pub async fn sent(&self, n: usize) -> Call {
        self.until(&format!("message {n}"), |fake| fake.all_sent().get(n - 1).cloned()).await
    }

    pub fn all_sent(&self) -> Vec<Call> {
        self.calls("SendMessage").into_iter().filter(|call| call.sent.is_some()).collect()
    }

    /// Polls that were broken off by whoever asked.
    pub fn broken_off(&self) -> usize {
        self.record().broken_off
    }

    /// The newest update delivered.
    pub fn newest(&self) -> Option<i64> {
        Some(self.record().next_id - 1)
    }

    /// The highest offset asked for.
    pub fn confirmed(&self) -> Option<i64> {
        self.calls("GetUpdates").iter().filter_map(|call| call.body["offset"].as_i64()).max()
    }
}

#[derive(Clone)]
struct Server {
    record: Arc<Mutex<Record>>,
    changed: watch::Sender<u64>,
}

async fn answer(
    State(server): State<Server>,
    Path((bot, method)): Path<(String, String)>,
    body: Bytes,
) -> Response {
    // A file comes as a form.
    let form = || json!({"form": String::from_utf8_lossy(&body)});
    let body: Value = serde_json::from_slice(&body).unwrap_or_else(|_| form());
    assert!(bot.starts_with("bot123456:"));
    let method = method.to_lowercase();
    let trouble = server.trouble(&method);
    match &trouble {
        None | Some(Trouble::DropAfter) => {}
        Some(Trouble::Slow(time)) => {
            server.note(&method, &body, None);
            tokio::time::sleep(*time).await;
        }
        Some(Trouble::Drop) => {
            server.note(&method, &body, None);
            resume_unwind(Box::new("the connection is dropped"));
        }
        Some(Trouble::Error(code, answer)) => {
            server.note(&method, &body, None);
            return (StatusCode::from_u16(*code).unwrap(), answer.to_string()).into_response();
        }
        Some(Trouble::Html(code)) => {
            server.note(&method, &body, None);
            let page = "<html><h1>Bad Gateway</h1></html>";
            return (StatusCode::from_u16(*code).unwrap(), page).into_response();
        }
    }
    let result = match method.as_str() {
        "getupdates" => {
            server.note(&method, &body, None);
            server.updates(&body).await
        }
        "sendmessage" => match server.send(&method, &body) {
            Ok(sent) => sent,
            Err(refused) => return (StatusCode::BAD_REQUEST, refused.to_string()).into_response(),
        },
        "getme" => {
            server.note(&method, &body, None);
            json!({"id": BOT_ID, "is_bot": true, "first_name": "Amtslotse", "username": BOT_NAME})
        }
        "getwebhookinfo" => {
            server.note(&method, &body, None);
            json!({"url": server.record.lock().unwrap().webhook, "pending_update_count": 0})
        }
        _ => {
            server.note(&method, &body, None);
            json!(true)
        }
    };
    if matches!(trouble, Some(Trouble::DropAfter)) {
        resume_unwind(Box::new("the connection is dropped"));
    }
    json!({"ok": true, "result": result}).to_string().into_response()
}

impl Server {
    fn trouble(&self, method: &str) -> Option<Trouble> {
        self.record.lock().unwrap().trouble.get_mut(method)?.pop_front()
    }

    fn note(&self, method: &str, body: &Value, sent: Option<i64>) {
        let call = Call { method: method.to_owned(), body: body.clone(), sent };
        self.record.lock().unwrap().calls.push(call);
        self.changed.send_modify(|n| *n += 1);
    }

    fn send(&self, method: &str, body: &Value) -> Result<Value, Value> {
        if let Some(wrong) = refused(body) {
            self.note(method, body, None);
            return Err(json!({
                "ok": false, "error_code": 400, "description": format!("Bad Request: {wrong}"),
            }));
        }
        let id = {
            let mut record = self.record.lock().unwrap();
            record.next_message += 1;
            record.next_message
        };
        self.note(method, body, Some(id));
        let chat = json!({"id": body["chat_id"], "type": "private", "first_name": "A"});
        Ok(json!({"message_id": id, "date": 1, "chat": chat, "text": body["text"]}))
    }

    /// Unconfirmed updates; holds until there are some.
    async fn updates(&self, body: &Value) -> Value {
        let hold = Duration::from_secs(body["timeout"].as_u64().unwrap_or(0));
        let held = Held(self);
        let mut changes = self.changed.subscribe();
        let waiting = async {
            loop {
                changes.borrow_and_update();
                let updates = self.pending(body["offset"].as_i64());
                if !updates.is_empty() || self.record.lock().unwrap().impatient {
                    return updates;
                }
                changes.changed().await.unwrap();
            }
        };
        let updates = timeout(hold, waiting).await;
        held.answered();
        updates.unwrap_or_else(|_| self.pending(body["offset"].as_i64())).into()
    }

    fn pending(&self, offset: Option<i64>) -> Vec<Value> {
        let mut record = self.record.lock().unwrap();
        if let Some(offset) = offset {
            record.updates.retain(|update| update["update_id"].as_i64().unwrap() >= offset);
        }
        let mut updates = std::mem::take(&mut record.repeats);
        updates.extend(record.updates.iter().take(100).cloned());
        updates
    }
}

/// A poll that is held open. If it is dropped before it is answered, whoever asked is gone.
struct Held<'a>(&'a Server);

impl Held<'_> {
    fn answered(self) {
        std::mem::forget(self);
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.record.lock().unwrap().broken_off += 1;
        self.0.changed.send_modify(|n| *n += 1);
    }
}

/// What Telegram would not accept.
fn refused(body: &Value) -> Option<&'static str> {
    let text = body["text"].as_str().unwrap_or_default();
    if text.trim().is_empty() {
        return Some("message text is empty");
    }
    if text.encode_utf16().count() > 4096 {
        return Some("message is too long");
    }
    if body["parse_mode"] == "HTML" && !is_balanced(text) {
        return Some("can't parse entities: unbalanced");
    }
    let buttons = body["reply_markup"]["inline_keyboard"].as_array().into_iter().flatten();
    let mut buttons = buttons.flat_map(|row| row.as_array().into_iter().flatten());
    buttons
        .any(|button| button["callback_data"].as_str().is_none_or(|data| data.len() > 64))
        .then_some("BUTTON_DATA_INVALID")
}

/// Whether a text holds only known tags, each closed, and known character names.
fn is_balanced(html: &str) -> bool {
    let mut open: Vec<&str> = Vec::new();
    let mut rest = html;
    while let Some(at) = rest.find(['<', '&']) {
        rest = &rest[at..];
        let known =
            ["&amp;", "&lt;", "&gt;", "&quot;"].into_iter().find(|name| rest.starts_with(name));
        if let Some(name) = known {
            rest = &rest[name.len()..];
            continue;
        }
        let Some((tag, after)) = rest.split_once('>') else { return false };
        rest = after;
        match tag {
            "<b" => open.push("b"),
            "<i" => open.push("i"),
            _ if tag.starts_with("<a href=\"") && tag.ends_with('"') => open.push("a"),
            _ => {
                let closes = tag.strip_prefix("</");
                if closes.is_none() || open.pop() != closes {
                    return false;
                }
            }
        }
    }
    open.is_empty()
}
