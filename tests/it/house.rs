//! The invariants of `src/lib.rs`, as far as a look at the source can tell:
//! 1. the core knows no `async` and no framework;
//! 2. each framework is named only in its own adapter;
//! 3. every sentence is in `wording/de.ftl`, none is missing, none unused.

use std::{fs, path::Path};

/// All source files: path relative to the package, and text without comments.
pub fn sources() -> Vec<(String, String)> {
    fn collect(dir: &Path, out: &mut Vec<(String, String)>) {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(&path, out);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                let code: Vec<&str> =
                    text.lines().map(|l| l.split("//").next().unwrap_or_default()).collect();
                let name = path.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap();
                out.push((name.to_string_lossy().replace('\\', "/"), code.join("\n")));
            }
        }
    }
    let mut out = Vec::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut out);
    out.sort();
    assert!(out.len() > 20, "the sources were not found");
    out
}

fn is_word(code: &str, word: &str) -> bool {
    code.match_indices(word).any(|(at, _)| {
        let part = |c: char| c.is_alphanumeric() || c == '_';
        let before = code[..at].chars().next_back().is_some_and(part);
        let after = code[at + word.len()..].chars().next().is_some_and(part);
        !before && !after
    })
}

#[test]
fn the_core_knows_no_async_and_no_framework() {
    let core =
        ["bot", "matching", "catalog", "places", "text", "message", "reply", "conversation", "ids"];
    for (path, code) in sources() {
        let module = path.trim_start_matches("src/").split(['/', '.']).next().unwrap().to_owned();
        if !core.contains(&module.as_str()) {
            continue;
        }
        for word in
            ["async", "await", "tokio", "teloxide", "serenity", "axum", "sqlx", "SystemTime"]
        {
            assert!(!is_word(&code, word), "{path} names `{word}`");
        }
    }
}

#[test]
fn each_framework_is_named_in_its_adapter_only() {
    for (path, code) in sources() {
        for (word, homes) in [
            ("teloxide", &["src/channel/telegram"][..]),
            ("serenity", &["src/channel/discord"]),
            ("sqlx", &["src/store"]),
            (
                "axum",
                &[
                    "src/http",
                    "src/serve",
                    "src/channel/telegram/webhook.rs",
                    "src/channel/discord/interactions.rs",
                ],
            ),
        ] {
            // The log filter names them as text, to quiet them.
            let allowed = homes.iter().any(|home| path.starts_with(home))
                || path == "src/telemetry.rs"
                // Tests have servers of their own.
                || path.ends_with("/tests.rs");
            assert!(allowed || !is_word(&code, word), "{path} names `{word}`");
        }
    }
}

#[test]
fn the_lower_floors_do_not_use_the_upper_ones() {
    let upper = ["app", "channel", "cli", "serve", "setup", "store", "http", "config"];
    for (path, code) in sources() {
        let lower = ["src/matching", "src/catalog", "src/places", "src/text", "src/bot"];
        if lower.iter().any(|module| path.starts_with(module)) {
            for word in upper {
                assert!(!code.contains(&format!("crate::{word}")), "{path} uses `crate::{word}`");
            }
        }
    }
}

#[test]
fn the_repository_names_no_path_of_a_machine() {
    for (path, code) in sources() {
        assert!(!code.contains("/home/") && !code.contains("../shared"), "{path}");
    }
}
