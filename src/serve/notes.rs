//! What the database tells a running process: notes about outages, and which catalog others use.

use std::{collections::BTreeMap, time::Duration};

use tokio::time::Instant;

use super::{
    files::Changes,
    keeper::{ALL_TOWNS, Keeper},
};
use crate::{app::Shared, health::Part, store::Engine};

/// How often the store is asked.
const ASK_STORE: Duration = Duration::from_secs(15);

/// What the store tells about notes and about other processes.
#[derive(Default)]
pub(super) struct StoreNotes {
    asked: Option<Instant>,
    revisions: BTreeMap<String, i64>,
    announced: Option<String>,
}

/// Under this name the store keeps which catalog is in use.
const CATALOG: &str = "catalog";

impl StoreNotes {
    /// Asks the store, now and then; the towns whose notes changed.
    pub async fn ask(&mut self, shared: &Shared, keeper: &mut Keeper, part: &Part) -> Changes {
        let mut changes = Changes::default();
        if self.asked.is_some_and(|asked| asked.elapsed() < ASK_STORE) || !shared.store.is_up() {
            return changes;
        }
        self.asked = Some(Instant::now());
        for (tenant, revision) in shared.store.all_note_revisions().await.unwrap_or_default() {
            if self.revisions.get(&tenant) == Some(&revision) {
                continue;
            }
            let Ok(Some(notes)) = shared.store.notes(&tenant).await else { continue };
            self.revisions.insert(tenant.clone(), notes.revision);
            match keeper.note(&tenant, &notes.text) {
                Ok(()) => {
                    changes.notes.insert(tenant);
                }
                Err(why) => tracing::error!("notes about outages in the store are refused: {why}"),
            }
        }
        if shared.store.engine() == Engine::PostgreSql {
            self.compare_catalogs(shared, keeper, part).await;
        }
        changes
    }

    /// Says which catalog is in use here, when it changes; and whether others use another one.
    async fn compare_catalogs(&mut self, shared: &Shared, keeper: &Keeper, part: &Part) {
        let ours = keeper.catalog_hash();
        if self.announced.as_ref() != Some(&ours) {
            if shared.store.announce(ALL_TOWNS, CATALOG, &ours).await.is_ok() {
                self.announced = Some(ours);
            }
            return;
        }
        let Ok(signals) = shared.store.announced().await else { return };
        let current = signals.iter().find(|s| s.tenant == ALL_TOWNS && s.what == CATALOG);
        if current.is_some_and(|current| current.hash != ours) {
            part.degraded("differs", "another process has another catalog");
        }
    }
}
