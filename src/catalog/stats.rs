//! How complete a catalog is.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{
    Catalog, Service,
    service::{GeneralKind, Level},
};

/// Counts per priority.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stats {
    /// By priority (1, 2, 3).
    pub by_priority: BTreeMap<u8, Counts>,
    /// By level and general availability.
    pub by_level: BTreeMap<Level, BTreeMap<GeneralKind, usize>>,
}

/// How many services there are, and how many of them have what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Counts {
    pub services: usize,
    pub leika: usize,
    pub english: usize,
    pub contrast: usize,
    pub reason: usize,
    pub steps: usize,
    pub fee: usize,
    pub paper: usize,
    pub deadline: usize,
    pub duration: usize,
    pub legal: usize,
    pub link: usize,
    /// German synonyms and phrases.
    pub expressions: usize,
}

impl Stats {
    /// Counts a catalog.
    pub fn of(catalog: &Catalog) -> Self {
        let mut stats = Self::default();
        for service in catalog.services() {
            stats.by_priority.entry(service.priority).or_default().add(service);
            let level = stats.by_level.entry(service.level).or_default();
            *level.entry(service.online.kind).or_default() += 1;
        }
        stats
    }
}

impl Counts {
    fn add(&mut self, service: &Service) {
        let said: usize =
            service.says.get("de").map_or(0, |says| says.synonyms.len() + says.phrases.len());
        let collected: usize =
            service.collected.iter().filter(|(l, _)| l == "de").map(|(_, p)| p.len()).sum();
        self.services += 1;
        self.leika += usize::from(!service.leika.is_empty());
        self.english += usize::from(service.name.contains_key("en"));
        self.contrast += usize::from(!service.not.is_empty());
        self.reason += usize::from(service.online.reason.is_some());
        self.steps += usize::from(!service.online.steps.is_empty());
        self.fee += usize::from(!service.fee.is_empty());
        self.paper += usize::from(!service.paper.is_empty());
        self.deadline += usize::from(!service.deadline.is_empty());
        self.duration += usize::from(service.duration.is_some());
        self.legal += usize::from(!service.legal.is_empty());
        self.link += usize::from(!service.link.is_empty());
        self.expressions += said + collected;
    }
}

/// The name of a unit variant as the files spell it.
pub fn slug<T: Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(slug)) => slug,
        _ => String::new(),
    }
}
