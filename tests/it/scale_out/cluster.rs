//! Several replicas and what stands before them: a balancer that brings updates to one after the
//! other, as Telegram does, again and again until one of them has taken each.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tokio::{sync::Semaphore, time::sleep};

use super::{
    api::{Api, PATIENCE, Said},
    replica::{Doors, Replica, SECRET, Town},
};

/// How many replicas there are.
pub const REPLICAS: usize = 3;
/// Deliveries on their way at once.
const AT_ONCE: usize = 12;
/// Until an update is brought again. Telegram waits longer.
const AGAIN: Duration = Duration::from_millis(200);

pub struct Cluster {
    pub api: Api,
    pub town: Town,
    slots: Vec<Mutex<Slot>>,
    /// When a replica was killed, by its name.
    killed: Mutex<HashMap<String, Instant>>,
    client: reqwest::Client,
    at_once: Semaphore,
    turn: AtomicUsize,
    /// How deliveries ended, by status; 0: the connection broke.
    outcomes: Mutex<BTreeMap<u16, usize>>,
}

/// A replica, and how often there was one before it in its place.
struct Slot {
    replica: Replica,
    incarnation: usize,
}

/// Counts for people to read.
#[derive(Debug, Default)]
#[expect(dead_code, reason = "it is printed")]
pub struct Figures {
    updates: usize,
    deliveries: usize,
    redeliveries: usize,
    unavailable: usize,
    broken: usize,
    kills: usize,
    answers: usize,
    second_answers: usize,
    hooks_set: usize,
}

impl Cluster {
    /// Starts the replicas and waits until they are ready.
    pub async fn start(database: &str) -> Arc<Self> {
        let (api, town) = (Api::start().await, Town::new(database, "webhook"));
        let start = |n: usize| {
            let replica = town.start(&format!("{n}-0"), &api);
            Mutex::new(Slot { replica, incarnation: 0 })
        };
        let slots = (0..REPLICAS).map(start).collect();
        let cluster = Self {
            api,
            town,
            slots,
            killed: Mutex::default(),
            client: reqwest::Client::builder().timeout(PATIENCE).build().unwrap(),
            at_once: Semaphore::new(AT_ONCE),
            turn: AtomicUsize::new(0),
            outcomes: Mutex::default(),
        };
        for n in 0..REPLICAS {
            cluster.doors(n).until("ready", None).await;
        }
        Arc::new(cluster)
    }

    pub fn doors(&self, n: usize) -> Arc<Doors> {
        Arc::clone(&self.slots[n].lock().unwrap().replica.doors)
    }

    /// Kills a replica and starts another in its place at once; what the killed one logged.
    pub fn kill_and_restart(&self, n: usize) -> String {
        let mut slot = self.slots[n].lock().unwrap();
        self.killed.lock().unwrap().insert(slot.replica.name.clone(), Instant::now());
        slot.replica.kill();
        let log = slot.replica.doors.log();
        slot.incarnation += 1;
        slot.replica = self.town.start(&format!("{n}-{}", slot.incarnation), &self.api);
        log
    }

    /// Brings an update to one replica; its answer, or 0 if there was none.
    pub async fn bring(&self, n: usize, update: &Value) -> u16 {
        let Some(address) = self.doors(n).http() else { return 0 };
        let request = self.client.post(format!("http://{address}/telegram"));
        let request = request.header("x-telegram-bot-api-secret-token", SECRET);
        let response = request.body(update.to_string()).send().await;
        response.map_or(0, |response| response.status().as_u16())
    }

    /// Brings an update to one replica after the other until one of them has taken it.
    pub async fn deliver(&self, update: Value) {
        let end = Instant::now() + PATIENCE;
        loop {
            let status = {
                let _permit = self.at_once.acquire().await.unwrap();
                let n = self.turn.fetch_add(1, Ordering::Relaxed) % REPLICAS;
                self.bring(n, &update).await
            };
            *self.outcomes.lock().unwrap().entry(status).or_default() += 1;
            match status {
                200..300 => return,
                0 | 503 => {}
                other => panic!("an update was refused with {other}"),
            }
            assert!(Instant::now() < end, "an update was not taken in time");
            sleep(AGAIN).await;
        }
    }

    /// Delivers the updates, every tenth of them twice at the same time.
    pub async fn deliver_all(self: &Arc<Self>, updates: impl Iterator<Item = i64>) {
        let mut on_their_way = tokio::task::JoinSet::new();
        for id in updates {
            for _ in 0..copies(id) {
                let cluster = Arc::clone(self);
                on_their_way.spawn(async move { cluster.deliver(update(id)).await });
            }
        }
        on_their_way.join_all().await;
    }

    /// What was answered of each chat, in the order of time.
    pub fn answers(&self) -> BTreeMap<i64, Vec<Said>> {
        let mut answers: BTreeMap<i64, Vec<Said>> = BTreeMap::new();
        for said in self.api.said() {
            answers.entry(said.chat).or_default().push(said);
        }
        answers
    }

    /// Whether a replica was killed before `at`.
    pub fn was_killed(&self, who: &str, at: Instant) -> bool {
        self.killed.lock().unwrap().get(who).is_some_and(|killed| *killed <= at)
    }

    pub fn figures(&self) -> Figures {
        let outcomes = self.outcomes.lock().unwrap();
        let count = |status: u16| outcomes.get(&status).copied().unwrap_or_default();
        let answers = self.api.said().len();
        let updates = self.answers().len();
        Figures {
            updates,
            deliveries: outcomes.values().sum(),
            redeliveries: count(0) + count(503),
            unavailable: count(503),
            broken: count(0),
            kills: self.killed.lock().unwrap().len(),
            answers,
            second_answers: answers - updates,
            hooks_set: self.api.calls("setWebhook").len(),
        }
    }
}

/// How often an update comes at the same time.
pub fn copies(id: i64) -> usize {
    if id % 10 == 0 { 2 } else { 1 }
}

/// A question in a private chat whose number is the update's.
pub fn update(id: i64) -> Value {
    asked(id, id, time::OffsetDateTime::now_utc().unix_timestamp())
}

/// A question of a private chat at a time.
pub fn asked(id: i64, chat: i64, date: i64) -> Value {
    let person = json!({"id": chat, "is_bot": false, "first_name": "Erika"});
    let chat = json!({"id": chat, "type": "private", "first_name": "Erika"});
    let message = json!({
        "message_id": 1, "date": date, "chat": chat, "from": person, "text": QUESTION,
    });
    json!({"update_id": id, "message": message})
}

/// What everybody asks.
pub const QUESTION: &str = "Neuer Hund, wohin damit?";
