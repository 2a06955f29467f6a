//! How the time of an answer grows with the number of entries.

use amtslotse::{
    catalog::{Catalog, CatalogFiles},
    matching::Matcher,
    places::Places,
};
use anyhow::Result;

use crate::{
    engine::{Engine, LocalRanking, PEERS, Ranking},
    measure::{Asked, Figures, sample, timed},
    synthetic::{Distinct, local_entries, local_questions, municipalities},
    table::Row,
    texts::{Text, of_catalog},
};

/// Services of the flat catalogs; places are added until there are enough entries.
const SERVICES: usize = 400;
/// Entries of the flat catalogs.
const ENTRIES: [usize; 3] = [400, 10_000, 100_000];
/// Services of the catalogs of distinct services.
const DISTINCT: [usize; 3] = [400, 2_000, 10_000];
/// Questions at each step.
const QUESTIONS: usize = 200;
/// Of these, for slow engines.
const SAMPLED: usize = 30;

/// One synthetic catalog that grows.
pub struct Growth {
    /// How many entries there were, step by step.
    pub steps: Vec<usize>,
    /// One row per engine, the figures step by step; the build time is that of the last step.
    pub rows: Vec<Row>,
}

/// One entry per service and place, as an engine that knows no places needs it.
pub fn flat(catalog: &Catalog, files: &CatalogFiles, places: &Places) -> Result<Growth> {
    let services = &catalog.services()[..SERVICES.min(catalog.services().len())];
    let (matcher, build) = timed(|| Matcher::build(catalog));
    let mut growth = Growth { steps: Vec::new(), rows: Vec::new() };
    for entries in ENTRIES {
        let towns = municipalities(files, places, entries / services.len())?;
        let texts = local_entries(services, &towns);
        let questions = local_questions(&texts, QUESTIONS);
        eprintln!("synthetic local entries: {}", texts.len());
        let keys: Vec<_> = towns.iter().map(|(key, _)| *key).collect();
        let mut ours = LocalRanking::new(&matcher, places, &keys, services.len());
        growth.add(0, &mut ours, build, &questions)?;
        growth.add_peers(&texts, &questions, true)?;
        growth.steps.push(texts.len());
    }
    Ok(growth)
}

/// More and more services of which none is like another.
pub fn distinct(catalog: &Catalog, questions: &[Asked]) -> Result<Growth> {
    let synthetic = Distinct::of(catalog);
    let mut growth = Growth { steps: Vec::new(), rows: Vec::new() };
    for services in DISTINCT {
        let catalog = synthetic.catalog(services)?;
        let questions = synthetic.questions(&sample(questions, QUESTIONS), services);
        let texts = of_catalog(&catalog);
        eprintln!("synthetic services: {services}, {} texts", texts.len());
        let (mut ours, build) = timed(|| Ranking::new("Amtslotse, ranking", &catalog));
        growth.add(0, &mut ours, build, &questions)?;
        growth.add_peers(&texts, &questions, false)?;
        growth.steps.push(services);
    }
    Ok(growth)
}

impl Growth {
    fn add_peers(&mut self, texts: &[Text], questions: &[Asked], slow_too: bool) -> Result<()> {
        let peers = PEERS.iter().filter(|peer| slow_too || !peer.slow);
        for (row, peer) in (1..).zip(peers) {
            let (engine, build) = timed(|| (peer.build)(texts));
            let at_most = if peer.slow { SAMPLED } else { usize::MAX };
            self.add(row, &mut *engine?, build, &sample(questions, at_most))?;
        }
        Ok(())
    }

    /// Adds a step to a row.
    fn add(
        &mut self,
        row: usize,
        engine: &mut dyn Engine,
        build: std::time::Duration,
        questions: &[Asked],
    ) -> Result<()> {
        let (figures, took) = timed(|| Figures::measure(engine, questions));
        let figures = figures?;
        eprintln!("  {}: {took:.1?}", engine.name());
        match self.rows.get_mut(row) {
            Some(row) => {
                row.build = build;
                row.figures.push(figures);
            }
            None => self.rows.push(Row { engine: engine.name(), build, figures: vec![figures] }),
        }
        Ok(())
    }
}
