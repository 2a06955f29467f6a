//! What is kept of a person, where, and for how long: nothing of what was written, under no name,
//! not for long, and whoever asks is told the truth about it.
//!
//! * `canary`: no word, name, id or secret reaches a log, a table, a file or a figure.
//! * `requests`: `/auskunft` and `/loeschen` say what the database says.
//! * `retention`: what has expired is neither read nor kept; what an auditor and a clerk are shown.
//! * `secret`: the key of all hashes.

mod canary;
mod database;
mod documents;
mod process;
mod requests;
mod retention;
mod secret;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, LazyLock},
    time::Duration,
};

use amtslotse::{bot::Bot, config::Config};
use tempfile::TempDir;

/// No wait for what should happen lasts longer.
const PATIENCE: Duration = Duration::from_secs(30);

/// A catalog with one service and one town: a debug build reads the shipped one for seconds.
const CATALOG: [(&str, &str); 5] = [
    (
        "services/tiere/hund-anmelden.toml",
        "format = 1\ntopic = \"tiere\"\nlevel = \"gemeinde\"\nauthority = \"Steueramt\"\n\
         [name.de]\nofficial = \"Hund anmelden\"\nplain = \"Hund anmelden\"\n\
         [says.de]\nphrases = [\"hund anmelden\", \"neuer hund\"]\n",
    ),
    ("lexicon/concepts.toml", "format = 1\n"),
    (
        "places/municipalities.tsv",
        "ars\tname\tkind\tpopulation\tpostcodes\n084160041041\tTübingen\tStadt\t89011\t72070\n",
    ),
    (
        "places/regions.tsv",
        "ars\tlevel\tname\n080000000000\tland\tBaden-Württemberg\n084160000000\tkreis\tTübingen\n",
    ),
    ("places/districts.tsv", "name\tars\ttown\n"),
];

/// A directory with that catalog.
static CATALOG_DIR: LazyLock<TempDir> = LazyLock::new(|| {
    let dir = tempfile::tempdir().unwrap();
    for (path, text) in CATALOG {
        write(dir.path(), path, text);
    }
    dir
});

/// A bot with that catalog.
static BOT: LazyLock<Arc<Bot>> = LazyLock::new(|| Arc::new(bot(true)));

/// A bot with that catalog, which says "Sie" or "du".
fn bot(formal: bool) -> Bot {
    let mut config = Config::default();
    config.bot.catalog = CATALOG_DIR.path().to_owned();
    config.bot.data = "/nowhere".into();
    config.bot.formal = formal;
    config.operator.name = "Stadt Tübingen".to_owned();
    amtslotse::setup::build_bot(&config).unwrap()
}

/// Writes a file, and the directories it is in.
fn write(dir: &Path, path: &str, text: &str) -> PathBuf {
    let path = dir.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, text).unwrap();
    path
}

/// Waits until it holds.
async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.unwrap_or_else(|_| panic!("in vain: {what}"));
}
