//! The regression list: conversations that go on as they did.

use std::path::Path;

use amtslotse::regression;

use crate::BOT;

#[test]
fn the_shipped_conversations_go_as_they_must() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("conversations");
    let report = regression::run(&BOT, &regression::read_dir(&dir).unwrap());
    let failures: Vec<String> = report.failures.iter().map(ToString::to_string).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(report.conversations >= 60, "{} conversations", report.conversations);
}
