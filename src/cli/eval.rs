//! `eval`.

use std::{fs, io::Write, path::PathBuf};

use clap::Args;

use super::{FAILED, USAGE, ask::timed, show};
use crate::{
    bot::Bot,
    conversation::Conversation,
    eval::{Question, Report, ResultLine, leaks},
    ids::RegionKey,
    message::Message,
};

#[derive(Debug, Args)]
pub(super) struct EvalArgs {
    /// Tab-separated questions
    file: PathBuf,
    /// Where the citizens live: name, postcode or 12-digit key
    #[arg(long, value_name = "PLACE")]
    pub place: Option<String>,
    /// Write one JSON object per question to this file
    #[arg(long, value_name = "OUT.jsonl")]
    results: Option<PathBuf>,
    /// Show each question that was not answered rightly at once
    #[arg(long)]
    misses: bool,
    /// Only show the questions that stand, or nearly stand, in the catalog
    #[arg(long)]
    leaks: bool,
}

pub(super) fn run(bot: &Bot, place: Option<RegionKey>, args: &EvalArgs) -> u8 {
    let shown = args.file.display();
    let text = match fs::read_to_string(&args.file) {
        Ok(text) => text,
        Err(error) => {
            eprintln!("Fehler: {shown}: {error}");
            return USAGE;
        }
    };
    let questions = match Question::parse_file(&text) {
        Ok(questions) => questions,
        Err(why) => {
            eprintln!("Fehler: {shown}: {why}");
            return USAGE;
        }
    };
    if args.leaks {
        return show_leaks(&questions, bot);
    }
    let mut report = Report::default();
    let mut lines = Vec::new();
    let mut misses = String::new();
    for question in &questions {
        let mut message = Message::text(question.question.as_str());
        message.place = place;
        let (reply, _, micros) = timed(bot, &message, &Conversation::default());
        let verdict = report.count(question, &reply.outcome, micros, bot.catalog());
        if args.misses && verdict.is_miss() {
            misses.push_str(&verdict.describe(question, &reply.outcome));
            misses.push('\n');
        }
        let line = ResultLine { question: &question.question, outcome: &reply.outcome, micros };
        if args.results.is_some() {
            lines.push(serde_json::to_string(&line).expect("plain data"));
        }
    }
    if let Some(path) = &args.results {
        let written = fs::File::create(path)
            .and_then(|mut file| lines.iter().try_for_each(|line| writeln!(file, "{line}")));
        if let Err(error) = written {
            eprintln!("Fehler: {}: {error}", path.display());
            return FAILED;
        }
    }
    show(&format!("{misses}{report}"))
}

/// Leaks of three words and more are findings: shorter ones are what everybody types.
fn show_leaks(questions: &[Question], bot: &Bot) -> u8 {
    use std::fmt::Write;
    let leaks = leaks(questions, bot.catalog());
    let mut out = String::new();
    let (mut long, mut equal) = (0, 0);
    for leak in &leaks {
        long += usize::from(leak.question.split_whitespace().count() >= 3);
        equal += usize::from(leak.likeness >= 1.0);
        let _ = writeln!(
            out,
            "{:.2}\t{}\t{}\t{}",
            leak.likeness, leak.question, leak.expression, leak.service
        );
    }
    let _ = writeln!(
        out,
        "{} of {} questions are in the catalog or nearly so: {equal} equal, {long} of three words or more",
        leaks.len(),
        questions.len(),
    );
    let code = show(&out);
    if long > 0 { FAILED } else { code }
}
