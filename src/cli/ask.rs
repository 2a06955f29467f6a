//! `ask` and `chat`.

use std::{
    io::{IsTerminal, Write},
    path::PathBuf,
};

use clap::Args;
use serde::Serialize;
use tokio::io::{AsyncBufReadExt, BufReader};

use super::{DONE, FAILED, show};
use crate::{
    bot::Bot,
    channel::terminal,
    conversation::Conversation,
    ids::RegionKey,
    message::Message,
    reply::{Outcome, Reply},
};

#[derive(Debug, Args)]
pub(super) struct AskArgs {
    /// The question, in the citizen's own words
    text: String,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    /// Show how the answer came about
    #[arg(long)]
    explain: bool,
    /// Where the citizen lives: name, postcode or 12-digit key
    #[arg(long, value_name = "PLACE")]
    pub place: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct ChatArgs {
    /// Print one JSON object per line read
    #[arg(long)]
    json: bool,
    /// Where the citizen lives: name, postcode or 12-digit key
    #[arg(long, value_name = "PLACE")]
    pub place: Option<String>,
    /// Keep the files that answers come with (calendar, text to print) in this directory
    #[arg(long, value_name = "DIR")]
    save: Option<PathBuf>,
}

/// One answer, for machines.
#[derive(Debug, Serialize)]
pub struct Answer<'a> {
    #[serde(flatten)]
    outcome: &'a Outcome,
    micros: u64,
    text: String,
    choices: Vec<AnswerChoice<'a>>,
    /// Only if there are any.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    files: Vec<AnswerFile<'a>>,
}

#[derive(Debug, Serialize)]
struct AnswerFile<'a> {
    name: &'a str,
    media_type: &'a str,
    text: &'a str,
}

#[derive(Debug, Serialize)]
struct AnswerChoice<'a> {
    id: &'a str,
    label: &'a str,
}

/// A reply, the conversation after it, and the microseconds it took.
pub(super) fn timed(
    bot: &Bot,
    message: &Message,
    conversation: &Conversation,
) -> (Reply, Conversation, u64) {
    let start = std::time::Instant::now();
    let (reply, conversation) = bot.respond(message, conversation);
    let micros = u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX);
    (reply, conversation, micros)
}

pub(super) fn ask(bot: &Bot, place: Option<RegionKey>, args: &AskArgs) -> u8 {
    let mut message = Message::text(args.text.as_str());
    message.place = place;
    let (reply, _, micros) = timed(bot, &message, &Conversation::introduced());
    let colour = std::io::stdout().is_terminal();
    let mut out = String::new();
    if args.explain {
        out.push_str(&bot.explain(&args.text));
        out.push('\n');
    }
    if args.json {
        // Explanations go where they do not disturb a machine that reads the answer.
        eprint!("{out}");
        out = json(&reply, micros);
    } else {
        out.push_str(&terminal::render(&reply, colour));
    }
    show_line(&out)
}

pub(super) async fn chat(bot: &Bot, place: Option<RegionKey>, args: &ChatArgs) -> u8 {
    let terminal = std::io::stdin().is_terminal() && !args.json;
    let colour = std::io::stdout().is_terminal();
    let mut conversation = Conversation::default();
    if terminal {
        let (greeting, next) = bot.respond(&Message::text("/start"), &conversation);
        conversation = next;
        let farewell = "(Ende: Strg+D)";
        if show_line(&format!("{}\n{farewell}", terminal::render(&greeting, colour))) != DONE {
            return DONE;
        }
    }
    let mut lines = BufReader::new(tokio::io::stdin()).split(b'\n');
    loop {
        if terminal {
            print!("\n> ");
            let _ = std::io::stdout().flush();
        }
        let line = match lines.next_segment().await {
            Ok(Some(line)) => line,
            Ok(None) => return DONE,
            Err(error) => {
                eprintln!("Fehler: die Eingabe kann nicht gelesen werden: {error}");
                return FAILED;
            }
        };
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end_matches('\r');
        // An empty line in a terminal is a slip; for a machine every line gets its answer.
        if terminal && text.trim().is_empty() {
            continue;
        }
        let mut message = Message::text(text);
        message.place = place;
        let (reply, next, micros) = timed(bot, &message, &conversation);
        conversation = next;
        for file in &reply.files {
            let Some(dir) = &args.save else { continue };
            let path = dir.join(&file.name);
            if let Err(error) = std::fs::write(&path, &file.text) {
                eprintln!("Fehler: {}: {error}", path.display());
                return FAILED;
            }
            eprintln!("Gespeichert: {}", path.display());
        }
        let out = if args.json {
            json(&reply, micros)
        } else if terminal {
            terminal::render(&reply, colour)
        } else {
            format!("> {text}\n{}\n", terminal::render(&reply, colour))
        };
        if show_line(&out) != DONE {
            return DONE;
        }
    }
}

fn json(reply: &Reply, micros: u64) -> String {
    let choices = reply.choices.iter().map(|c| AnswerChoice { id: &c.id, label: &c.label });
    let answer = Answer {
        outcome: &reply.outcome,
        micros,
        text: terminal::render(reply, false),
        choices: choices.collect(),
        files: reply
            .files
            .iter()
            .map(|file| AnswerFile {
                name: &file.name,
                media_type: file.media_type,
                text: &file.text,
            })
            .collect(),
    };
    serde_json::to_string(&answer).expect("plain data")
}

fn show_line(text: &str) -> u8 {
    show(&format!("{text}\n"))
}
