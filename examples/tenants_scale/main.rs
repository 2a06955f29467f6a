//! Many municipalities over one catalog, each with an overlay of its own. **All data are synthetic**:
//! made-up towns with entries as towns have them.
//!
//! ```text
//! cargo run --release --no-default-features --example tenants_scale -- [TENANTS] [ENTRIES]
//! ```
//!
//! Prints how long the start of all takes, the memory that each tenant adds (resident set of the
//! process after and before, divided by their number), how long one overlay takes to be loaded and
//! built anew, and answers with and without an overlay.

mod overlay;

use std::{
    env, fs,
    hint::black_box,
    sync::Arc,
    time::{Duration, Instant},
};

use amtslotse::{
    bot::{Bot, Settings},
    catalog::{Catalog, CatalogFiles, NoOffers, Overlay},
    conversation::Conversation,
    message::Message,
    places::Places,
};

const QUESTIONS: [&str; 8] = [
    "perso abgelaufen, was brauche ich",
    "wo kann man in oberau das lastenrad ausleihen",
    "hund anmelden",
    "was kostet der ferienpass für zwei kinder",
    "ich bin umgezogen",
    "gelbe tonne lindenhof",
    "wie wird das wetter am wochenende",
    "neuer reisepass für meine tochter, wie lange dauert das",
];
const REBUILT: usize = 200;
const ANSWERED: usize = 4_000;

fn main() {
    let counts: Vec<usize> = env::args().skip(1).filter_map(|text| text.parse().ok()).collect();
    let tenants = counts.first().copied().unwrap_or(300);
    let entries = counts.get(1).copied().unwrap_or(20);

    let start = Instant::now();
    let base = base();
    println!("base catalog: {:.2?}, {:.0} MiB resident", start.elapsed(), mebibytes());
    let before = mebibytes();
    let built = Instant::now();
    let bots: Vec<Bot> = (0..tenants).map(|number| tenant(&base, number, entries)).collect();
    let took = built.elapsed();
    let each = (mebibytes() - before) / tenants as f64;
    println!("{tenants} tenants, {entries} entries of 5 phrases each: {took:.2?}");
    println!("whole start: {:.2?}", start.elapsed());
    println!("resident set, growth / tenants: {each:.2} MiB");

    let rebuilt = (0..REBUILT).map(|number| timed(|| tenant(&base, number, entries)));
    report("one overlay loaded and built anew", rebuilt.collect());
    report("answer without an overlay", answers(|_| &base));
    report("answer with an overlay", answers(|at| bots.get(at % tenants).unwrap_or(&base)));
}

fn base() -> Bot {
    let files = CatalogFiles::embedded();
    let catalog = Catalog::load(&files).expect("the shipped catalog loads");
    let places = Places::load(&files).expect("the shipped places load");
    Bot::new(Arc::new(catalog), Arc::new(places), Arc::new(NoOffers), Settings::default())
}

fn tenant(base: &Bot, number: usize, entries: usize) -> Bot {
    let texts = overlay::texts(number, entries);
    let texts = texts.iter().map(|(path, text)| (path.as_str(), text.as_str()));
    let files = CatalogFiles::from_texts(texts);
    let overlay = Overlay::load(&files, base.catalog()).expect("a valid overlay");
    let settings = Settings {
        operator: format!("Gemeinde Musterort {number}"),
        formal: number.is_multiple_of(2),
        ..Settings::default()
    };
    base.with_settings(settings).with_overlay(Arc::new(overlay))
}

fn answers<'a>(bot: impl Fn(usize) -> &'a Bot) -> Vec<Duration> {
    let ask = |number: usize| {
        let message = Message::text(QUESTIONS[number % QUESTIONS.len()]);
        timed(|| bot(number).respond(&message, &Conversation::default()))
    };
    (0..ANSWERED).map(ask).collect()
}

fn timed<T>(work: impl FnOnce() -> T) -> Duration {
    let start = Instant::now();
    drop(black_box(work()));
    start.elapsed()
}

fn report(what: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |percent: usize| times.get(times.len() * percent / 100).copied().unwrap_or_default();
    println!("{what}: p50 {:.2?}, p99 {:.2?}", at(50), at(99));
}

/// The resident set of this process.
fn mebibytes() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kibibytes.unwrap_or_default() / 1024.0
}
