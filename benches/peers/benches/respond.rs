//! The hot path: what one message costs, and what building the index costs.
//!
//! `cargo bench --manifest-path benches/peers/Cargo.toml`

use std::{hint::black_box, sync::Arc, time::Duration};

use amtslotse::{
    bot::{Bot, Settings},
    catalog::{Catalog, CatalogFiles, NoOffers},
    conversation::Conversation,
    matching::Matcher,
    message::Message,
    places::Places,
};
use criterion::{Criterion, criterion_group, criterion_main};

const MESSAGES: [(&str, &str); 7] = [
    ("one word", "Personalausweis"),
    ("colloquial", "perso abgelaufen, geht das online?"),
    ("with a place", "Wie lange dauert die Ummeldung in Köln und was kostet das?"),
    ("misspelt", "persnalausweiss verlohren was kostet n neuer"),
    ("run together", "meldebescheinigungbeantragen wiegehtdas"),
    ("two needs", "auto abmelden und wohnsitz ummelden"),
    ("no service", "Netflix kündigen"),
];

fn bot(catalog: &Catalog, files: &CatalogFiles) -> Bot {
    let places = Places::load(files).expect("the shipped places load");
    let settings = Settings::default();
    Bot::new(Arc::new(catalog.clone()), Arc::new(places), Arc::new(NoOffers), settings)
}

fn respond(criterion: &mut Criterion) {
    let files = CatalogFiles::embedded();
    let catalog = Catalog::load(&files).expect("the shipped catalog loads");
    let bot = bot(&catalog, &files);
    let mut group = criterion.benchmark_group("respond");
    let mut measure = |name: &str, text: &str| {
        let message = Message::text(text);
        let conversation = Conversation::default();
        group.bench_function(name, |b| b.iter(|| bot.respond(black_box(&message), &conversation)));
    };
    for (name, text) in MESSAGES {
        measure(name, text);
    }
    for (name, text) in adversarial() {
        measure(&format!("adversarial: {name}"), &text);
    }
    group.finish();
    let mut group = criterion.benchmark_group("build");
    group.sample_size(10).measurement_time(Duration::from_secs(12));
    group.bench_function("index and model", |b| b.iter(|| Matcher::build(black_box(&catalog))));
    group.finish();
}

/// Messages made to be expensive.
fn adversarial() -> [(&'static str, String); 5] {
    let word = "donaudampfschifffahrtsgesellschaftskapitaen";
    let prefixes: Vec<&str> = (3..word.len()).map(|end| &word[..end]).collect();
    let misspelt: Vec<String> =
        (0..120).map(|n| format!("verlaengerungsx{}antrag", char::from(b'a' + n % 26))).collect();
    [
        ("300 letters without a space", "verlängerungsantrag".repeat(16)),
        ("1,000 words of one letter", "a ".repeat(1_000)),
        ("prefixes of a long word", prefixes.join(" ")),
        ("120 misspelt compounds", misspelt.join(" ")),
        ("a hundred needs", "auto abmelden und ".repeat(60)),
    ]
}

criterion_group!(benches, respond);
criterion_main!(benches);
