//! How much the catalog's words are worth, and how sure the answers are: for whoever extends the
//! catalog or changes the matcher.
//!
//! * `measure curve FILE.tsv... [--svg OUT.svg]`: accuracy with random parts of the collections in
//!   `catalog/phrases`; when doubling them gains less than a point, more of them will not help.
//! * `measure lexicon FILE.tsv...`: accuracy without the shared ideas, group by group (the headings
//!   in `catalog/lexicon/concepts.toml`).
//! * `measure fit TUNING.tsv... [--check HELD_OUT.tsv...] [--svg OUT.svg]`: fits the weights of the
//!   confidence (`src/matching/ranking.rs`) on questions and on expressions that the model has not
//!   seen, finds the thresholds (`src/bot/decision.rs`) by risk control, and shows how reliable the
//!   probabilities are.
//! * `measure rankers FILE.tsv...`: nearest expression, centroids and the linear model side by side.
//! * `measure typos FILE.tsv...`: what typing errors of nine kinds cost.
//! * `measure doubtful`: expressions that the model, trained without them, is far from giving to
//!   their service: candidates for a second look.
//! * `measure redundant`: expressions that the model, trained without them, gives to their service
//!   with hardly a doubt. They are the everyday case: without them its rare neighbours win.
//! * `measure town DATA_DIR ARS FILE.tsv...`: what speaks for the likest entry of a town's own catalog
//!   (`src/bot/town.rs`), a line for each question; the weights are fitted on such lines.
//!
//! Question files are those of `amtslotse eval`; `eval/` holds some.

mod curve;
mod fit;
mod lexicon;
mod rankers;
mod typos;
mod unseen;

use std::{error::Error, fs, sync::Arc};

use amtslotse::{
    bot::{Bot, Settings},
    catalog::{Catalog, CatalogFiles, NoOffers},
    eval::Question,
    ids::RegionKey,
    matching::hash::Fnv,
    places::Places,
};

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let files = CatalogFiles::embedded();
    let catalog = Catalog::load(&files)?;
    let places = Arc::new(Places::load(&files).map_err(|finding| finding.to_string())?);
    let lab = Lab { catalog, places };
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let (args, svg) = match args[..] {
        [ref args @ .., "--svg", out] => (args, Some(out)),
        ref args => (args, None),
    };
    let drawn = match *args {
        ["curve", ref questions @ ..] => Some(curve::measure(&lab, &read(questions)?)),
        ["lexicon", ref questions @ ..] => {
            lexicon::measure(&lab, &files, &read(questions)?);
            None
        }
        ["fit", ref questions @ ..] => {
            let mut tuning = questions.split(|arg| *arg == "--check");
            let tuned = read(tuning.next().unwrap_or_default())?;
            let held_out = read(tuning.next().unwrap_or_default())?;
            Some(fit::measure(&lab, &tuned, &held_out))
        }
        ["typos", ref questions @ ..] => {
            typos::measure(&lab.bot(lab.catalog.clone()), &read(questions)?);
            None
        }
        ["town", data, place, ref questions @ ..] => {
            town(data, place.parse()?, &read(questions)?)?;
            None
        }
        ["rankers", ref questions @ ..] => {
            rankers::measure(&lab, &read(questions)?);
            None
        }
        ["doubtful"] => {
            unseen::list(&lab, |share| share < 0.005);
            None
        }
        ["redundant"] => {
            unseen::list(&lab, |share| share > 0.97);
            None
        }
        _ => return Err("measure curve|lexicon|fit|rankers|typos|doubtful|redundant ...".into()),
    };
    if let (Some(out), Some(drawn)) = (svg, drawn) {
        fs::write(out, drawn)?;
    }
    Ok(())
}

/// What is measured with.
struct Lab {
    catalog: Catalog,
    places: Arc<Places>,
}

impl Lab {
    /// A bot that knows this catalog.
    fn bot(&self, catalog: Catalog) -> Bot {
        let settings = Settings::default();
        Bot::new(Arc::new(catalog), self.places.clone(), Arc::new(NoOffers), settings)
    }
}

/// Name and questions of each file.
type Sets = Vec<(String, Vec<Question>)>;

/// A line for each question: file, question, right ids, entry, what of ours it is, what the catalog
/// puts first, and the signals.
fn town(data: &str, place: RegionKey, sets: &Sets) -> Result<(), Box<dyn Error>> {
    let mut config = amtslotse::config::Config::default();
    config.bot.data = data.into();
    let bot = amtslotse::setup::build_bot(&config)?;
    for (file, questions) in sets {
        for question in questions {
            let Some(found) = bot.town_match(&question.question, place) else { continue };
            let ids: Vec<&str> = question.ids.iter().map(|id| id.as_str()).collect();
            let ours = found.entry.ours.as_ref().map_or("-", |id| id.as_str());
            let first = found.first.as_ref().map_or("-", |id| id.as_str());
            let signals: Vec<String> = found.signals.iter().map(|s| format!("{s:.4}")).collect();
            println!(
                "{file}\t{}\t{}\t{}\t{ours}\t{first}\t{}\t{}",
                question.question,
                ids.join(","),
                found.entry.service,
                question.tags.join(","),
                signals.join(" ")
            );
        }
    }
    Ok(())
}

fn read(files: &[&str]) -> Result<Sets, Box<dyn Error>> {
    let read = |file: &&str| -> Result<_, Box<dyn Error>> {
        let name = file.rsplit('/').next().unwrap_or(file).trim_end_matches(".tsv");
        Ok((name.to_owned(), Question::parse_file(&fs::read_to_string(file)?)?))
    };
    files.iter().map(read).collect()
}

/// Where the right service is in a ranking, from 0.
fn place_of(
    bot: &Bot,
    ranking: &amtslotse::matching::Ranking,
    question: &Question,
) -> Option<usize> {
    let services = bot.catalog().services();
    ranking.matches.iter().position(|m| question.ids.contains(&services[usize::from(m.class)].id))
}

/// The share of questions, in percent, whose service is first, and among the first three.
fn accuracy(bot: &Bot, questions: &[Question]) -> (f64, f64) {
    let (mut first, mut among_three, mut all) = (0u32, 0u32, 0u32);
    for question in questions.iter().filter(|question| !question.ids.is_empty()) {
        let place = place_of(bot, &bot.rank(&question.question), question);
        all += 1;
        first += u32::from(place == Some(0));
        among_three += u32::from(place.is_some_and(|place| place < 3));
    }
    let percent = |count: u32| 100.0 * f64::from(count) / f64::from(all.max(1));
    (percent(first), percent(among_three))
}

/// A number from 0 to `of` that a text always gets from the same seed.
fn draw(text: &str, seed: u64, of: u64) -> u64 {
    let mut hash = Fnv::new(b'd');
    hash.write(&seed.to_le_bytes());
    hash.write(text.as_bytes());
    // The low bits of this hash alone are too regular.
    (hash.finish() ^ hash.finish() >> 32) % of
}
