//! Life events (Lebenslagen): checklists of services in the order in which they are done.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{
    CatalogFiles,
    load::{Finding, parse_toml},
    service::{Name, Says, Source, Topic},
};
use crate::ids::ServiceId;

/// One life event and what is to be done.
#[derive(Debug, Clone, Deserialize)]
pub struct LifeEvent {
    /// The file's name without `.toml`.
    #[serde(skip)]
    pub id: String,
    /// Layout of the file; this program reads 1.
    pub format: u32,
    /// The folder of services it is nearest to.
    pub topic: Topic,
    /// Names by language; `de` is required.
    pub name: BTreeMap<String, Name>,
    /// How people tell it, by language.
    #[serde(default)]
    pub says: BTreeMap<String, Says>,
    /// What is to be done, in order.
    #[serde(default)]
    pub step: Vec<LifeStep>,
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
        if name.parse::<ServiceId>().is_err() {
            let message =
                format!("Dateiname: »{name}« (erlaubt: Kleinbuchstaben, Ziffern, Bindestrich)");
            findings.push(Finding::error(&shown, message));
            continue;
        }
        let Some((_, mut event)) = parse_toml::<LifeEvent>(&shown, bytes, findings) else {
            continue;
        };
        name.clone_into(&mut event.id);
        events.push(event);
    }
    events
}
