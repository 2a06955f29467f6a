//! What is indexed: the catalog's expressions, the same for every engine.

use std::collections::HashSet;

use amtslotse::{
    catalog::{Catalog, Lexicon, Service},
    matching::expressions::{ExpressionKind, said_of},
};

/// One text and the service that it stands for.
#[derive(Debug, Clone)]
pub struct Text {
    /// Its position in the catalog.
    pub service: usize,
    /// As the catalog writes it.
    pub text: String,
}

/// Every expression of a catalog, each once per service.
///
/// The name of the office is left out: dozens of services share it, and the other engines rank a
/// little better without it.
pub fn of_catalog(catalog: &Catalog) -> Vec<Text> {
    let mut texts = Vec::new();
    for (service, entry) in catalog.services().iter().enumerate() {
        let mut seen = HashSet::new();
        for (kind, text) in said_of(entry) {
            if kind != ExpressionKind::Authority && seen.insert(text) {
                texts.push(Text { service, text: text.to_owned() });
            }
        }
    }
    texts
}

/// The same services with nothing but their names, official and plain.
pub fn names_only(catalog: &Catalog) -> Catalog {
    let services = catalog.services().iter().map(|service| {
        let mut service = service.clone();
        leave_names(&mut service);
        service
    });
    Catalog::new(services.collect(), catalog.lexicon.clone())
}

/// Removes everything that is said of a service, but for its names.
pub fn leave_names(service: &mut Service) {
    service.says.clear();
    service.collected.clear();
    // The office is said of a service too; a name twice counts once.
    service.authority = service.plain().to_owned();
}

/// The same services without the words they share: a catalog that holds its texts and no more.
pub fn without_lexicon(catalog: &Catalog) -> Catalog {
    Catalog::new(catalog.services().to_vec(), Lexicon::default())
}
