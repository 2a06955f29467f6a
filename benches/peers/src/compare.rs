//! The comparison: every engine, every set of questions, all texts and names only.

use std::sync::Arc;

use amtslotse::{
    bot::{Bot, Settings},
    catalog::{Catalog, NoOffers},
    places::Places,
};
use anyhow::Result;

use crate::{
    engine::{Engine, PEERS, Ranking, Respond},
    measure::{Figures, QuestionSet, sample, timed},
    table::Row,
    texts::{self, Text},
};

/// Texts over which a slow engine is really slow.
const MANY: usize = 10_000;

/// What the engines know.
pub struct Condition {
    /// What the tables call it.
    pub name: &'static str,
    /// How many texts the others index.
    pub texts: usize,
    /// One row per engine, the ranking first.
    pub rows: Vec<Row>,
}

/// Compares under both conditions. Over many texts, slow engines get `sampled` questions of each set.
pub fn compare(
    catalog: &Catalog,
    places: &Arc<Places>,
    sets: &[QuestionSet],
    sampled: usize,
) -> Result<Vec<Condition>> {
    let names = texts::names_only(catalog);
    [("all expressions", catalog), ("names only", &names)]
        .into_iter()
        .map(|(name, catalog)| {
            let texts = texts::of_catalog(catalog);
            eprintln!("{name}: {} texts", texts.len());
            let rows = rows(catalog, places, sets, &texts, sampled)?;
            Ok(Condition { name, texts: texts.len(), rows })
        })
        .collect()
}

fn rows(
    catalog: &Catalog,
    places: &Arc<Places>,
    sets: &[QuestionSet],
    texts: &[Text],
    sampled: usize,
) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    let mut add = |build: &dyn Fn() -> Result<Box<dyn Engine>>, slow: bool| -> Result<()> {
        let (engine, build) = timed(build);
        let mut engine = engine?;
        let at_most = if slow && texts.len() > MANY { sampled } else { usize::MAX };
        let (figures, took) = timed(|| {
            let asked = sets.iter().map(|set| sample(&set.asked, at_most));
            asked.map(|asked| Figures::measure(&mut *engine, &asked)).collect::<Result<_>>()
        });
        let figures = figures?;
        eprintln!("  {}: {took:.1?}", engine.name());
        rows.push(Row { engine: engine.name(), build, figures });
        Ok(())
    };
    add(&|| Ok(Box::new(Ranking::new("**Amtslotse, ranking**", catalog))), false)?;
    let bare = texts::without_lexicon(catalog);
    add(&|| Ok(Box::new(Ranking::new("Amtslotse, ranking without lexicon", &bare))), false)?;
    let shared = Arc::new(catalog.clone());
    add(
        &|| {
            let (catalog, places) = (Arc::clone(&shared), Arc::clone(places));
            let offers = Arc::new(NoOffers);
            Ok(Box::new(Respond(Bot::new(catalog, places, offers, Settings::default()))))
        },
        false,
    )?;
    for peer in PEERS {
        add(&|| (peer.build)(texts), peer.slow)?;
    }
    Ok(rows)
}
