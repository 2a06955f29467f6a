//! Accuracy without the shared ideas, group by group.

use std::collections::BTreeMap;

use amtslotse::catalog::{Catalog, CatalogFiles};

use super::{Lab, Sets, accuracy};

/// Prints accuracy with and without each group.
pub fn measure(lab: &Lab, files: &CatalogFiles, sets: &Sets) {
    let text = files.file("lexicon/concepts.toml").map_or("".into(), String::from_utf8_lossy);
    let mut groups: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut group = String::new();
    for line in text.lines() {
        if let Some(heading) = line.strip_prefix("# ---") {
            heading.trim_matches(['-', ' ']).clone_into(&mut group);
        } else if let Some(id) = line.strip_prefix("id = ") {
            groups.entry(group.clone()).or_default().push(id.trim_matches('"').to_owned());
        }
    }
    let without = |ids: &dyn Fn(&str) -> bool, bare: bool| {
        let mut lexicon = lab.catalog.lexicon.clone();
        lexicon.concepts.retain(|concept| !ids(&concept.id));
        let mut services = lab.catalog.services().to_vec();
        if bare {
            services.iter_mut().for_each(|service| service.collected.clear());
        }
        let bot = lab.bot(Catalog::new(services, lexicon));
        for (name, questions) in sets {
            let (first, three) = accuracy(&bot, questions);
            print!("  {name} {first:.1} / {three:.1}");
        }
        println!();
    };
    print!("everything:");
    without(&|_| false, false);
    print!("without any shared idea:");
    without(&|_| true, false);
    for (group, ids) in &groups {
        print!("without »{group}« ({}):", ids.len());
        without(&|id| ids.iter().any(|other| other == id), false);
    }
    print!("no collections, everything else:");
    without(&|_| false, true);
    print!("no collections, no shared idea:");
    without(&|_| true, true);
}
