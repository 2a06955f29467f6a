//! The regression list: conversations that go on as they did; and a changed catalog that breaks one
//! is refused.

use std::{fs, path::Path, sync::Arc};

use amtslotse::{
    app::App,
    message::Message,
    regression,
    serve::{
        build_bot,
        reload::{Reloaded, reload},
    },
};

use crate::BOT;

#[test]
fn the_shipped_conversations_go_as_they_must() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("conversations");
    let report = regression::run(&BOT, &regression::read_dir(&dir).unwrap());
    let failures: Vec<String> = report.failures.iter().map(ToString::to_string).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(report.conversations >= 60, "{} conversations", report.conversations);
}

const DOG: &str = "format = 1\ntopic = \"tiere\"\nlevel = \"gemeinde\"\nauthority = \"Steueramt\"\n\
    [name.de]\nofficial = \"Hund anmelden\"\nplain = \"Hund anmelden\"\n\
    [says.de]\nphrases = [\"hund anmelden\", \"neuer hund\"]\n";

#[tokio::test]
async fn a_changed_catalog_that_breaks_a_conversation_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = dir.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    let dog = "services/tiere/hund-anmelden.toml";
    write(dog, DOG);
    // The shipped matters would outweigh a single service.
    write("lexicon/concepts.toml", "format = 1\n");
    write("conversations/hund.txt", "> hund anmelden\n@ hund-anmelden\n= Steueramt\n");
    let mut config = crate::without_data();
    config.bot.catalog = dir.path().to_owned();
    let bot = build_bot(&config).unwrap();
    let app = App::new(Arc::new(bot), &config);
    let said = async || {
        let turn = app.respond(&Message::text("hund anmelden"), None).await;
        amtslotse::channel::terminal::render(&turn.reply, false)
    };
    write(dog, &DOG.replace("Steueramt", "Stadtkasse"));
    let Reloaded::Refused(why) = reload(&app, &config) else { panic!("swapped") };
    assert!(why.contains("hund.txt:3: es fehlt: Steueramt"), "{why}");
    assert!(said().await.contains("Steueramt"), "the old one still answers");
    write(dog, "format = 1\n");
    let Reloaded::Refused(why) = reload(&app, &config) else { panic!("swapped") };
    assert!(why.contains("hund-anmelden.toml"), "{why}");
    write(dog, &DOG.replace("Steueramt", "Stadtkasse"));
    write("conversations/hund.txt", "> hund anmelden\n= Stadtkasse\n");
    assert_eq!(reload(&app, &config), Reloaded::Swapped);
    assert!(said().await.contains("Stadtkasse"));
}
