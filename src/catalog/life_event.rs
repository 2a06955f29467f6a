//! Life events (Lebenslagen): checklists of services in the order in which they are done.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{
    CatalogFiles,
    load::{Finding, parse_toml},
    service::{Name, Says, Source, Topic},
};
use crate::{
    ids::{EventId, ServiceId},
    language::Language,
};

/// One life event and what is to be done.
#[derive(Debug, Clone, Deserialize)]
pub struct LifeEvent {
    /// The file's name without `.toml`.
    #[serde(skip, default = "unnamed")]
    pub id: EventId,
    /// Layout of the file; this program reads 1.
    pub format: u32,
    /// The folder of services it is nearest to.
    pub topic: Topic,
    /// Names by language; `de` is required.
    pub name: BTreeMap<String, Name>,
    /// How people tell it, by language.
    #[serde(default)]
    pub says: BTreeMap<String, Says>,
    /// Whether it lies in the past when people tell it: a day without a year is then the last one.
    #[serde(default)]
    pub past: bool,
    /// What is to be done, in order; the first one is the step to take first.
    #[serde(default)]
    pub step: Vec<LifeStep>,
}

fn unnamed() -> EventId {
    "unnamed".parse().expect("a valid id")
}

impl LifeEvent {
    /// What people call it; in German if it has no name in a language.
    pub fn plain(&self, language: Language) -> &str {
        let name = self.name.get(language.code()).or_else(|| self.name.get("de"));
        name.map_or(self.id.as_str(), |name| &name.plain)
    }

    /// Everything people say who are in it.
    pub fn said(&self) -> impl Iterator<Item = &str> {
        let names = self.name.values().flat_map(|name| [&name.plain, &name.official]);
        let says = self.says.values().flat_map(|says| says.synonyms.iter().chain(&says.phrases));
        names.chain(says).map(String::as_str)
    }
}

/// One step of a checklist.
#[derive(Debug, Clone, Deserialize)]
pub struct LifeStep {
    /// The service.
    pub service: ServiceId,
    /// Why it is done.
    pub why: String,
    /// Whom it concerns; everybody, if left out.
    #[serde(rename = "if")]
    pub condition: Option<String>,
    /// By when, in words.
    pub deadline: Option<String>,
    /// By when, in days from the event; negative before it.
    pub days: Option<i32>,
    /// Where the deadline is said.
    pub source: Option<Source>,
}

/// Reads all files of `life-events/`.
pub(super) fn load(files: &CatalogFiles, findings: &mut Vec<Finding>) -> Vec<LifeEvent> {
    let mut events = Vec::new();
    for (path, bytes) in files.below("life-events/", ".toml") {
        let shown = files.display(path);
        let name = path.trim_start_matches("life-events/").trim_end_matches(".toml");
        let Ok(id) = name.parse() else {
            let message =
                format!("Dateiname: »{name}« (erlaubt: Kleinbuchstaben, Ziffern, Bindestrich)");
            findings.push(Finding::error(&shown, message));
            continue;
        };
        let Some((_, mut event)) = parse_toml::<LifeEvent>(&shown, bytes, findings) else {
            continue;
        };
        event.id = id;
        events.push(event);
    }
    events
}
