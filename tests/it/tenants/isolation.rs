//! Towns that share a store, a key and a queue behave as if each were alone.
//!
//! Stories of everything that can happen to three towns, with the same ids of chats, messages and
//! updates in all of them, are told twice: once to towns that share everything, once to each town
//! alone. What citizens read and what is stored must be the same, to the letter.

use std::sync::{Arc, LazyLock};

use amtslotse::{
    app::{Admission, App, Claim, Shared, ThreadKey, queue::Queue},
    bot::{Bot, Settings},
    catalog::{CatalogFiles, Overlay},
    channel::terminal,
    config::Config,
    health::Health,
    ids::TenantId,
    message::{Action, Message},
    store::{Secret, Store, Timing},
};
use proptest::{
    collection::vec,
    prelude::*,
    test_runner::{RngAlgorithm, TestRng, TestRunner},
};
use sqlx::{AnyConnection, Connection, Row, any::AnyRow};
use tempfile::TempDir;

use crate::{BOT, postgres::Postgres};

const TOWNS: [&str; 3] = ["adorf", "bdorf", "cdorf"];
const CHANNEL: &str = "telegram";
/// Messages of one chat that are answered in a minute: none comes back while a story is told.
const PER_MINUTE: u32 = 30;
const FLOOD: usize = 35;
const HALF_AN_HOUR: i64 = 31 * 60 * 1000;

const WORDS: [&str; 16] = [
    "was kostet ein reisepass",
    "und welche unterlagen brauche ich?",
    "und in Köln?",
    "hund anmelden",
    "neuen reisepass beantragen in Frankfurt",
    "2",
    "das andere",
    "ich ziehe am 3. mai um",
    "kalender",
    "wo darf mein hund laufen",
    "/ort Stuttgart",
    "/impressum",
    "/auskunft",
    "/loeschen",
    "/sprache en",
    "hallo",
];

/// Where something is said.
#[derive(Debug, Clone, Copy)]
enum Place {
    /// In a private chat, one of a few.
    Private(u8),
    /// In a group, in reply to one of the bot's messages or to none.
    Group(Option<u8>),
}

/// What happens.
#[derive(Debug, Clone)]
enum Event {
    Says(Place, usize),
    /// One of what was last offered there is pressed.
    Presses(Place, usize),
    /// The platform delivers the last update once more.
    Again,
    /// Somebody writes much too much.
    Floods(u8),
    /// All towns are asked the same at the same moment.
    Rush(usize),
    /// The bot is removed from a chat.
    Leaves(u8),
    /// The town gets another overlay, place and form of address.
    Changes,
    /// The town is stopped and started.
    Restarts,
    /// Conversations run out.
    TimePasses,
}

fn place() -> impl Strategy<Value = Place> {
    prop_oneof![
        3 => (0..2u8).prop_map(Place::Private),
        2 => prop::option::of(0..3u8).prop_map(Place::Group),
    ]
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        12 => (place(), 0..WORDS.len()).prop_map(|(place, at)| Event::Says(place, at)),
        8 => (place(), 0..12usize).prop_map(|(place, at)| Event::Presses(place, at)),
        2 => Just(Event::Again),
        1 => (0..2u8).prop_map(Event::Floods),
        2 => (0..WORDS.len()).prop_map(Event::Rush),
        1 => (0..2u8).prop_map(Event::Leaves),
        1 => Just(Event::Changes),
        1 => Just(Event::Restarts),
        1 => Just(Event::TimePasses),
    ]
}

/// What happens in which town.
fn story() -> impl Strategy<Value = Vec<(usize, Event)>> {
    vec((0..TOWNS.len(), event()), 5..60)
}

/// The two bots that each town has, one after the other.
static BOTS: LazyLock<Vec<[Arc<Bot>; 2]>> = LazyLock::new(|| {
    let bot = |town: &str, place: &str, formal: bool, own: bool| {
        let settings = Settings {
            operator: format!("Stadt {town}"),
            imprint_url: format!("https://{town}.example/impressum"),
            default_place: BOT.places().resolve(place).ok().map(|place| place.key),
            formal,
            ..Settings::default()
        };
        let meadow = format!(
            "format = 1\ntopic = \"tiere\"\nlevel = \"gemeinde\"\nauthority = \"Parkamt {town}\"\n\
             [name.de]\nofficial = \"Hundewiese {town}\"\nplain = \"Hundewiese\"\n\
             [says.de]\nphrases = [\"wo darf mein hund laufen\"]\n"
        );
        let files = [("services/tiere/hundewiese.toml", meadow.as_str())];
        let files = CatalogFiles::from_texts(files.into_iter().filter(|_| own));
        let overlay = Overlay::load(&files, BOT.catalog()).unwrap();
        Arc::new(BOT.with_settings(settings).with_overlay(Arc::new(overlay)))
    };
    vec![
        [bot("adorf", "Köln", true, true), bot("adorf", "Bonn", false, true)],
        [bot("bdorf", "München", false, true), bot("bdorf", "München", true, false)],
        [bot("cdorf", "", true, false), bot("cdorf", "Berlin", true, true)],
    ]
});

/// A town, and what a platform knows of it.
struct Town {
    number: usize,
    app: App,
    bot: usize,
    updates: i64,
    offered: Vec<(String, Vec<Action>)>,
}

impl Town {
    fn new(number: usize, name: &str, shared: &Shared) -> Self {
        let app = start(name, &BOTS[number][0], shared);
        Self { number, app, bot: 0, updates: 0, offered: Vec::new() }
    }

    /// Somebody says or presses something; what they read.
    async fn hear(&mut self, place: Place, message: &Message, admitted: Admission) -> String {
        self.updates += 1;
        let Ok(_turn) = self.app.enter().await else { return "(full)".to_owned() };
        let Claim::Mine(claim) = self.app.claim(CHANNEL, self.updates).await else {
            return "(not ours)".to_owned();
        };
        if admitted != Admission::Admitted {
            self.app.done(claim).await;
            let told = terminal::render(&self.app.slow_down(message), false);
            return if admitted == Admission::TooFast { told } else { String::new() };
        }
        let turn = self.app.respond(CHANNEL, message, thread(place).as_ref()).await;
        let said = terminal::render(&turn.reply, false);
        // In a group, the conversation goes on below the answer.
        let answer = self.updates as u8 % 3;
        let kept = match place {
            Place::Private(_) => place,
            Place::Group(_) => Place::Group(Some(answer)),
        };
        let actions = turn.reply.choices.iter().map(|choice| choice.action.clone()).collect();
        let key = format!("{kept:?}");
        self.offered.retain(|(of, _)| *of != key);
        self.offered.push((key, actions));
        self.app.finish(turn, Some(claim), thread(kept).as_slice()).await;
        said
    }

    async fn again(&self) -> String {
        match self.app.claim(CHANNEL, self.updates).await {
            // The first one of all.
            Claim::Mine(claim) => {
                self.app.give_back(claim).await;
                "(new)".to_owned()
            }
            Claim::Held => "(held)".to_owned(),
            Claim::Done => "(done)".to_owned(),
        }
    }

    fn pressed(&self, place: Place, at: usize) -> Action {
        let key = format!("{place:?}");
        let offered = self.offered.iter().find(|(of, _)| *of == key).map(|(_, actions)| actions);
        let forged = Action::NoneOfThese;
        offered
            .and_then(|offered| offered.get(at % offered.len().max(1)).cloned())
            .unwrap_or(forged)
    }
}

fn start(name: &str, bot: &Arc<Bot>, shared: &Shared) -> App {
    let mut config = Config::default();
    config.limits.per_chat_per_minute = PER_MINUTE;
    App::new(name.parse::<TenantId>().unwrap(), Arc::clone(bot), shared.clone(), &config)
}

/// As in Telegram: a private chat is a thread, in a group each message of the bot's is one.
fn thread(place: Place) -> Option<ThreadKey> {
    match place {
        Place::Private(chat) => Some(ThreadKey::new(CHANNEL, chat)),
        Place::Group(message) => message.map(|id| ThreadKey::new(CHANNEL, format_args!("g/{id}"))),
    }
}

/// Whose share of a minute a message counts against.
fn share(place: Place) -> ThreadKey {
    match place {
        Place::Private(chat) => ThreadKey::new(CHANNEL, chat),
        Place::Group(_) => ThreadKey::new(CHANNEL, "g/sender"),
    }
}

/// A store of a story's own.
struct World {
    _dir: Option<TempDir>,
    url: String,
    shared: Shared,
}

/// Where stores are made.
trait Engine {
    /// The address of an empty database.
    fn fresh(&self) -> (Option<TempDir>, String);
}

struct Sqlite;

impl Engine for Sqlite {
    fn fresh(&self) -> (Option<TempDir>, String) {
        let dir = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", dir.path().join("state.db").display());
        (Some(dir), url)
    }
}

impl Engine for Postgres {
    fn fresh(&self) -> (Option<TempDir>, String) {
        let number: u64 = self.sql("SELECT count(*) FROM pg_database").parse().unwrap();
        self.sql(&format!("CREATE DATABASE story{number}"));
        let server = self.url();
        let server = server.strip_suffix("amtslotse").unwrap();
        (None, format!("{server}story{number}"))
    }
}

impl World {
    async fn open(engine: &impl Engine) -> Self {
        let (dir, url) = engine.fresh();
        let store = Store::open(&url, Timing::default()).await.unwrap();
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "a key for tests, which is no secret").unwrap();
        let secret = Secret::read(file.path()).unwrap();
        // One message at a time, of all towns.
        let shared = Shared::new(store, secret, Queue::new(1, 100), Health::new());
        Self { _dir: dir, url, shared }
    }

    /// What is stored of a town, but for times (versions hold them) and who wrote it.
    async fn rows(&self, tenant: &str) -> Vec<String> {
        sqlx::any::install_default_drivers();
        let mut connection = AnyConnection::connect(&self.url).await.unwrap();
        let mut rows = Vec::new();
        for sql in [
            "SELECT tenant, 'seen', key, CAST(done AS TEXT) FROM seen",
            "SELECT tenant, 'conversation', thread, state FROM conversations",
            "SELECT tenant, 'count', channel || ' ' || kind || ' ' || service, CAST(n AS TEXT) FROM counters",
            "SELECT tenant, 'feedback', service || ' ' || verdict, CAST(n AS TEXT) FROM feedback",
        ] {
            let found: Vec<AnyRow> = sqlx::query(sql).fetch_all(&mut connection).await.unwrap();
            let column = |row: &AnyRow, at: usize| row.get::<String, _>(at);
            let of_tenant = found.iter().filter(|row| column(row, 0) == tenant);
            rows.extend(of_tenant.map(|row| [1, 2, 3].map(|at| column(row, at)).join(" ")));
        }
        rows.sort_unstable();
        rows
    }
}

/// The same towns, together and each alone.
struct Worlds {
    together: World,
    alone: Vec<World>,
    /// Of each town: the one among others, and the one alone.
    towns: Vec<[Town; 2]>,
    names: [&'static str; 3],
}

impl Worlds {
    async fn open(engine: &impl Engine, names: [&'static str; 3]) -> Self {
        let together = World::open(engine).await;
        let (mut alone, mut towns) = (Vec::new(), Vec::new());
        for (number, name) in names.into_iter().enumerate() {
            let own = World::open(engine).await;
            towns.push([
                Town::new(number, name, &together.shared),
                Town::new(number, name, &own.shared),
            ]);
            alone.push(own);
        }
        Self { together, alone, towns, names }
    }

    /// Tells a story. The first difference between being alone and not is an error.
    async fn tell(&mut self, story: &[(usize, Event)]) -> Result<(), String> {
        for (at, (town, event)) in story.iter().enumerate() {
            self.happen(*town, event)
                .await
                .map_err(|why| format!("event {at}, {event:?}: {why}"))?;
        }
        for (number, name) in self.names.into_iter().enumerate() {
            let [shared, own] = [&self.together, &self.alone[number]].map(|place| place.rows(name));
            same("rows", &shared.await.join("\n"), &own.await.join("\n"))?;
        }
        Ok(())
    }

    async fn happen(&mut self, town: usize, event: &Event) -> Result<(), String> {
        let pair = &mut self.towns[town];
        match event {
            Event::Says(place, words) => said(pair, *place, &Message::text(WORDS[*words])).await,
            Event::Presses(place, at) => {
                let message = Message::pressed(pair[1].pressed(*place, *at));
                said(pair, *place, &message).await
            }
            Event::Again => same("update", &pair[0].again().await, &pair[1].again().await),
            Event::Floods(chat) => {
                for _ in 0..FLOOD {
                    let thanks = Message::text("danke");
                    said(pair, Place::Private(*chat), &thanks).await?;
                }
                Ok(())
            }
            Event::Rush(words) => self.rush(&Message::text(WORDS[*words])).await,
            Event::Leaves(chat) => {
                for town in pair {
                    town.app.forget(&ThreadKey::new(CHANNEL, chat)).await;
                }
                Ok(())
            }
            Event::Changes => {
                for town in pair {
                    town.bot = 1 - town.bot;
                    town.app.swap(Arc::clone(&BOTS[town.number][town.bot]));
                }
                Ok(())
            }
            Event::Restarts => {
                for town in pair {
                    let bot = &BOTS[town.number][town.bot];
                    town.app = start(self.names[town.number], bot, &town.app.shared().clone());
                }
                Ok(())
            }
            Event::TimePasses => {
                let stores = std::iter::once(&self.together).chain(&self.alone);
                stores.for_each(|place| place.shared.store.move_clock(HALF_AN_HOUR));
                Ok(())
            }
        }
    }

    async fn rush(&mut self, message: &Message) -> Result<(), String> {
        let [a, b, c] = &mut self.towns[..] else { return Err("not three towns".to_owned()) };
        let at = Place::Private(0);
        let (a, b, c) =
            tokio::join!(said(a, at, message), said(b, at, message), said(c, at, message));
        a.and(b).and(c)
    }
}

/// Something is said in a town among others, and in the same town alone.
async fn said(pair: &mut [Town; 2], place: Place, message: &Message) -> Result<(), String> {
    let mut message = message.clone();
    message.public = matches!(place, Place::Group(_));
    // At the same moment: a share of a minute comes back with time.
    let [shared, own] = [&pair[0], &pair[1]].map(|town| town.app.admit(&share(place)));
    if shared != own {
        return Err(format!("admitted among others: {shared:?}, alone: {own:?}"));
    }
    let [among_others, alone] = pair;
    let (among_others, alone) =
        tokio::join!(among_others.hear(place, &message, shared), alone.hear(place, &message, own));
    same("answer", &among_others, &alone)
}

fn same(what: &str, among_others: &str, alone: &str) -> Result<(), String> {
    match among_others == alone {
        true => Ok(()),
        false => Err(format!("{what}\n--- among others:\n{among_others}\n--- alone:\n{alone}")),
    }
}

/// Tells many stories; the same ones each time.
fn tell_all(engine: &impl Engine, cases: u32) {
    let config = ProptestConfig {
        cases,
        failure_persistence: None,
        max_shrink_iters: 200,
        ..ProptestConfig::default()
    };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let told = TestRunner::new_with_rng(config, rng).run(&story(), |story| {
        runtime.block_on(async {
            let mut worlds = Worlds::open(engine, TOWNS).await;
            worlds.tell(&story).await.map_err(TestCaseError::fail)
        })
    });
    if let Err(why) = told {
        panic!("{why}");
    }
}

#[test]
fn fault_72_towns_in_one_sqlite_file_are_as_if_alone() {
    tell_all(&Sqlite, 64);
}

#[test]
fn fault_72_towns_in_one_postgresql_are_as_if_alone() {
    tell_all(&Postgres::start(), 6);
}

/// The stories above can fail: towns that go by the same name do get into each other's way.
#[tokio::test(flavor = "multi_thread")]
async fn towns_that_are_not_kept_apart_are_found_out() {
    let mut worlds = Worlds::open(&Sqlite, ["adorf", "adorf", "cdorf"]).await;
    let ask = |town, words| (town, Event::Says(Place::Private(0), words));
    assert_eq!(worlds.tell(&[ask(0, 0), ask(2, 1)]).await.map_err(drop), Err(()), "rows");
    let mut worlds = Worlds::open(&Sqlite, ["adorf", "adorf", "cdorf"]).await;
    // The other town hears of a passport that nobody asked it about.
    let told = worlds.tell(&[ask(0, 0), (1, Event::Again), ask(1, 1)]).await.unwrap_err();
    assert!(told.contains("event 1") || told.contains("event 2"), "{told}");
}
