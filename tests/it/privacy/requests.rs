//! `/auskunft` and `/loeschen` prove themselves on the database: what they say is compared with what
//! stands in its tables, in all voices, on both engines.

use std::sync::Arc;

use amtslotse::{
    app::{App, ThreadKey},
    bot::Bot,
    channel::terminal,
    config::Config,
    ids::TenantId,
    language::Language,
    message::Message,
};
use tokio::task::JoinSet;

use super::{BOT, bot, database::Database, until};

/// How the bot speaks.
#[derive(Clone, Copy)]
enum Voice {
    Sie,
    Du,
    English,
}

/// A private chat with a bot, and the database behind it.
struct Chat<'a> {
    app: App,
    database: &'a Database,
    language: Language,
    _tending: JoinSet<()>,
}

impl<'a> Chat<'a> {
    async fn open(database: &'a Database, voice: Voice) -> Self {
        let (bot, language) = match voice {
            Voice::Sie => (Arc::clone(&BOT), Language::German),
            Voice::Du => (Arc::new(bot(false)), Language::German),
            Voice::English => (Arc::clone(&BOT), Language::English),
        };
        let shared = crate::shared_with(database.store().await);
        let app = App::new(TenantId::only(), bot, shared, &Config::default());
        Self::open_with(database, app, language)
    }

    /// Goes on with an app, whose store is looked after.
    fn open_with(database: &'a Database, app: App, language: Language) -> Self {
        let store = app.shared().store.clone();
        let mut tending = JoinSet::new();
        tending.spawn(async move { store.tend("replica").await });
        Self { app, database, language, _tending: tending }
    }

    /// Says something; what the citizen reads.
    async fn say(&self, text: &str) -> String {
        let mut message = Message::text(text);
        message.language = Some(self.language);
        let thread = ThreadKey::new("telegram", 4_711);
        let turn = self.app.respond("telegram", &message, Some(&thread)).await;
        let read = terminal::render(&turn.reply, false);
        self.app.finish(turn, None, &[thread]).await;
        read
    }

    fn bot(&self) -> Arc<Bot> {
        self.app.bot()
    }

    /// What the bot says under a key.
    fn wording(&self, key: &str) -> String {
        self.bot().wording(self.language).say_with(key, &[("minutes", "30")])
    }

    async fn rows(&self) -> usize {
        self.database.threads().await.len()
    }

    #[track_caller]
    fn says(&self, read: &str, key: &str) {
        let expected = unwrapped(&self.wording(key));
        assert!(unwrapped(read).contains(&expected), "»{expected}« is not in: {read}");
    }

    async fn until_up(&self) {
        until("the store is up", async || self.app.shared().store.is_up()).await;
    }
}

/// A text without the ends of lines that the terminal makes.
fn unwrapped(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

async fn tell(database: &mut Database) {
    for voice in [Voice::Sie, Voice::Du, Voice::English] {
        let chat = Chat::open(database, voice).await;
        who_only_asks_leaves_nothing(&chat).await;
        what_is_there_is_told_and_goes(&chat).await;
        a_table_that_is_away_is_told(&chat).await;
    }
    if let Database::Postgres(_) = database {
        a_server_that_is_away_is_told(database).await;
    }
}

async fn who_only_asks_leaves_nothing(chat: &Chat<'_>) {
    let read = chat.say("/auskunft").await;
    chat.says(&read, "store-no-row");
    assert_eq!(chat.rows().await, 0, "{read}");
    let read = chat.say("/loeschen").await;
    chat.says(&read, "store-erased");
    assert_eq!(chat.rows().await, 0, "{read}");
}

async fn what_is_there_is_told_and_goes(chat: &Chat<'_>) {
    chat.say("/start").await;
    assert_eq!(chat.rows().await, 1);
    chat.say("hund anmelden in tübingen").await;
    let rows = chat.database.rows("SELECT state FROM conversations").await;
    assert!(rows.len() == 1 && rows[0].contains("hund-anmelden"), "{rows:?}");
    let read = chat.say("/auskunft").await;
    chat.says(&read, "store-row");
    assert!(read.contains("Hund anmelden") && read.contains("Tübingen"), "{read}");
    assert_eq!(chat.rows().await, 1, "asking deletes nothing");
    let read = chat.say("/loeschen").await;
    chat.says(&read, "store-erased");
    assert_eq!(chat.rows().await, 0);
    let read = chat.say("/auskunft").await;
    chat.says(&read, "store-no-row");
    assert!(!read.contains("Hund"), "{read}");
    assert_eq!(chat.rows().await, 0);
}

async fn a_table_that_is_away_is_told(chat: &Chat<'_>) {
    chat.say("hund anmelden").await;
    chat.database.run("ALTER TABLE conversations RENAME TO away").await;
    nothing_is_claimed(chat).await;
    chat.database.run("ALTER TABLE away RENAME TO conversations").await;
    chat.until_up().await;
    assert_eq!(chat.rows().await, 1, "what was not erased is there");
    let read = chat.say("/loeschen").await;
    chat.says(&read, "store-erased");
    assert_eq!(chat.rows().await, 0);
}

async fn a_server_that_is_away_is_told(database: &mut Database) {
    let chat = Chat::open(database, Voice::Sie).await;
    chat.say("hund anmelden").await;
    let app = chat.app.clone();
    drop(chat);
    let Database::Postgres(server) = database else { return };
    server.stop_immediate();
    let chat = Chat::open_with(database, app.clone(), Language::German);
    nothing_is_claimed(&chat).await;
    drop(chat);
    let Database::Postgres(server) = database else { return };
    server.restart();
    let chat = Chat::open_with(database, app, Language::German);
    chat.until_up().await;
    assert_eq!(chat.rows().await, 1);
    let read = chat.say("/loeschen").await;
    chat.says(&read, "store-erased");
    assert_eq!(chat.rows().await, 0);
}

/// The database does not answer: nobody is told that something is gone, or what is there.
async fn nothing_is_claimed(chat: &Chat<'_>) {
    let read = chat.say("/loeschen").await;
    chat.says(&read, "store-not-erased");
    let claims = [chat.wording("store-erased"), chat.wording("forgotten")];
    assert!(!claims.iter().any(|claim| read.contains(claim.as_str())), "{read}");
    let read = chat.say("/auskunft").await;
    chat.says(&read, "store-down");
    assert!(!read.contains(&chat.wording("store-no-row")), "{read}");
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_prove_themselves_on_sqlite() {
    tell(&mut Database::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_60_requests_prove_themselves_on_postgresql() {
    tell(&mut Database::postgres()).await;
}

// --- Groups ---------------------------------------------------------------------------------------

/// A message of the bot's in a group.
fn below(message: u32) -> ThreadKey {
    ThreadKey::new("telegram", format_args!("-100815/{message}"))
}

/// Says something in a group, below a message of the bot's if one is given; the answer becomes a
/// message of its own.
async fn in_group(app: &App, text: &str, follows: Option<&ThreadKey>, answer: u32) -> String {
    let message = Message::text(text).in_public();
    let turn = app.respond("telegram", &message, follows).await;
    let read = terminal::render(&turn.reply, false);
    app.finish(turn, None, &[below(answer)]).await;
    unwrapped(&read)
}

#[tokio::test]
async fn in_groups_requests_concern_one_message_of_the_bots() {
    let database = Database::sqlite();
    let shared = crate::shared_with(database.store().await);
    let app = App::new(TenantId::only(), Arc::clone(&BOT), shared, &Config::default());
    for (at, request) in ["/auskunft", "/loeschen"].into_iter().enumerate() {
        let read = in_group(&app, request, None, at as u32).await;
        assert!(read.contains("Hier gibt es keinen Eintrag"), "{read}");
        assert!(database.threads().await.is_empty(), "a request leaves nothing behind");
    }
    in_group(&app, "hund anmelden", None, 10).await;
    in_group(&app, "hund anmelden", None, 20).await;
    let of = |message| {
        let id = format!("-100815/{message}");
        app.shared().secret.key(&["thread", app.tenant().as_str(), "telegram", &id]).hex()
    };
    let mut both = [of(10), of(20)];
    both.sort();
    assert_eq!(database.threads().await, both);
    let read = in_group(&app, "/auskunft", Some(&below(20)), 20).await;
    assert!(read.contains("zu dieser Nachricht von mir ein Eintrag"), "{read}");
    let read = in_group(&app, "/loeschen", Some(&below(10)), 30).await;
    // Nothing is said of the chat: there is more of it.
    assert!(read.contains("zu dieser Nachricht von mir nichts mehr"), "{read}");
    assert!(!read.contains("zu diesem Chat"), "{read}");
    assert_eq!(database.threads().await, [of(20)], "others' conversations stay");
}
