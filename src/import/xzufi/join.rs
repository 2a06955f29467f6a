//! From the objects of all messages to one record for each Leistung.

use std::{
    collections::{BTreeMap, BTreeSet},
    hash::{Hash, Hasher},
    mem, slice,
};

use rustc_hash::{FxHashMap, FxHashSet};

use super::{
    ids::{Ids, Index, Number, record_ids},
    inventory::{Fault, Inventory, PARENTS, Responsibility},
    objects::{Angebot, Areas, Identifikator, Kind, Leistung, Office, Rolle, Spezialisierung},
};
use crate::{
    catalog::authority::Authority,
    ids::RegionKey,
    import::record::{Evidence, Intake, Local, Record, SourceLink},
};

/// What is said of a Leistung: its number, the kind of what says it (a Zuständigkeit or
/// Spezialisierung) and the number of that. Small, as there are as many as Zuständigkeiten.
type Relation = (Number, Kind, Number);

impl Inventory {
    /// Gives out the records.
    pub(super) fn finish(mut self, intake: &mut dyn Intake) {
        let mut leistungen: Vec<_> = mem::take(&mut self.leistungen).into_iter().collect();
        leistungen.sort_by(|(a, _), (b, _)| self.ids.name(*a).cmp(&self.ids.name(*b)));
        let numbers: Vec<Number> = leistungen.iter().map(|(number, _)| *number).collect();
        let index = self.index(&numbers);
        let relations = self.relations(&index, intake);
        let ids = record_ids(&numbers, &self.ids);
        let mut taken = FxHashSet::default();
        for (id, (number, (leistung, origin))) in ids.into_iter().zip(leistungen) {
            if !taken.insert(id.clone()) {
                let reason = "die Kennung gleicht gekürzt der einer anderen Leistung";
                self.reject(origin, &self.fault(Kind::Leistung, number, reason), intake);
                continue;
            }
            let first = relations.partition_point(|(leistung, ..)| *leistung < number);
            let its = relations.iter().skip(first).take_while(|(leistung, ..)| *leistung == number);
            let lost = !leistung.areas.faults.is_empty();
            let record = self.record(id, leistung, &self.said(its, &index));
            // Where a lost one holds cannot be told; that is listed already.
            if !(lost && record.local.is_empty()) {
                intake.record(record);
            }
        }
    }

    fn fault(&self, kind: Kind, number: Number, reason: &str) -> Fault {
        let (agency, id) = self.ids.name(number);
        let id = Identifikator { agency: agency.to_owned(), id: id.to_owned() };
        Fault::of(kind, Some(&id), reason)
    }

    /// What is said of which Leistung, in order; lists what points to nothing.
    fn relations(&self, index: &Index<'_>, intake: &mut dyn Intake) -> Vec<Relation> {
        let mut relations = Vec::with_capacity(self.zustaendigkeiten.len());
        let mut missing = Vec::new();
        let mut relate = |leistung: Number, kind: Kind, number: Number| {
            let found = index.resolve(Kind::Leistung, leistung, &self.ids);
            relations.extend(found.map(|leistung| (leistung, kind, number)));
            found.is_some() || self.is_gone(&[Kind::Leistung], leistung)
        };
        for (number, entry) in &self.zustaendigkeiten {
            let kind = Kind::Zustaendigkeit;
            if self.parent(entry, index).is_some() {
                for leistung in &entry.leistungen {
                    if !relate(*leistung, kind, *number) {
                        missing.push((kind, *number, entry.origin, "die Leistung"));
                    }
                }
            } else if !self.is_gone(parent_kinds(entry), entry.parent) {
                missing.push((kind, *number, entry.origin, "das übergeordnete Objekt"));
            }
        }
        for (number, (_, leistung, origin)) in &self.spezialisierungen {
            if !relate(*leistung, Kind::Spezialisierung, *number) {
                missing.push((Kind::Spezialisierung, *number, *origin, "die Leistung"));
            }
        }
        missing.sort_by_key(|(kind, number, _, what)| (*kind, self.ids.name(*number), *what));
        for (kind, number, origin, what) in missing {
            let reason = format!("{what} fehlt in der Lieferung");
            self.reject(origin, &self.fault(kind, number, &reason), intake);
        }
        relations.sort_unstable();
        relations
    }

    /// Gathers what is said of one Leistung.
    fn said<'a>(
        &'a self,
        relations: impl Iterator<Item = &'a Relation>,
        index: &Index<'_>,
    ) -> Said<'a> {
        let mut said = Said::default();
        for (_, kind, number) in relations {
            if *kind == Kind::Spezialisierung {
                if let Some((special, ..)) = self.spezialisierungen.get(number) {
                    said.specialise(*number, special);
                }
            } else if let Some(entry) = self.zustaendigkeiten.get(number)
                && let Some(parent) = self.parent(entry, index)
            {
                said.add(parent, entry);
            }
        }
        said.sort(&self.ids);
        said
    }

    fn index(&self, leistungen: &[Number]) -> Index<'_> {
        let leistungen = leistungen.iter().map(|number| (Kind::Leistung, *number));
        let offices = self.offices.keys().map(|number| (Kind::Organisationseinheit, *number));
        let angebote = self.angebote.keys().copied();
        Index::of(leistungen.chain(offices).chain(angebote), &self.ids)
    }

    fn parent(&self, entry: &Responsibility, index: &Index<'_>) -> Option<Parent<'_>> {
        let find = |kind: &Kind| Some((*kind, index.resolve(*kind, entry.parent, &self.ids)?));
        let (kind, number) = parent_kinds(entry).iter().find_map(find)?;
        match kind {
            Kind::Organisationseinheit => Some(Parent::Office(number, self.offices.get(&number)?)),
            _ => Some(Parent::Angebot(number, self.angebote.get(&(kind, number))?)),
        }
    }

    fn record(&self, id: String, leistung: Leistung, said: &Said<'_>) -> Record {
        let services = said.offices.keys().chain(said.links.keys());
        let regions: BTreeSet<RegionKey> = services
            .chain(said.texts.keys())
            .chain(&leistung.areas.regions)
            .copied()
            .filter(|region| self.wants(*region))
            .collect();
        let mut local: Vec<Local> = Vec::new();
        let mut groups: FxHashMap<Content<'_>, usize> = FxHashMap::default();
        for region in regions {
            let content = said.content(region, &leistung.areas);
            match groups.get(&content).and_then(|group| local.get_mut(*group)) {
                Some(group) => group.regions.push(region),
                None => {
                    local.push(self.local(region, &content, leistung.in_person));
                    groups.insert(content, local.len() - 1);
                }
            }
        }
        Record {
            id,
            service: None,
            name: leistung.name,
            official: leistung.official,
            leika: leistung.leika,
            says: leistung.says,
            texts: leistung.texts,
            local,
            source: None,
        }
    }

    fn local(&self, region: RegionKey, content: &Content<'_>, in_person_needed: bool) -> Local {
        let special = content.texts.and_then(|number| self.spezialisierungen.get(&number));
        Local {
            regions: vec![region],
            evidence: Evidence {
                described: content.described,
                links: content.links.iter().map(|link| link.0.clone()).collect(),
                in_person_needed,
                ..Evidence::default()
            },
            authority: content.authority.cloned(),
            texts: special.map(|(special, ..)| special.texts.clone()),
        }
    }
}

/// What the parent of a Zuständigkeit may be.
fn parent_kinds(entry: &Responsibility) -> &[Kind] {
    entry.kind.as_ref().map_or(&PARENTS, slice::from_ref)
}

enum Parent<'a> {
    Office(Number, &'a Office),
    Angebot(Number, &'a Angebot),
}

/// Everything the messages say of one Leistung, by region.
#[derive(Default)]
struct Said<'a> {
    /// The best office of a region comes first.
    offices: BTreeMap<RegionKey, Vec<(Rolle, Number, &'a Office)>>,
    links: BTreeMap<RegionKey, Vec<(Number, &'a SourceLink)>>,
    /// The number of the Spezialisierung, and whether it is for this region alone.
    texts: BTreeMap<RegionKey, (Number, bool)>,
}

impl<'a> Said<'a> {
    fn add(&mut self, parent: Parent<'a>, entry: &Responsibility) {
        for area in &entry.areas {
            match parent {
                Parent::Office(number, office) => {
                    self.offices.entry(*area).or_default().push((entry.rolle, number, office));
                }
                Parent::Angebot(number, angebot) => {
                    for link in &angebot.links {
                        self.links.entry(*area).or_default().push((number, link));
                    }
                }
            }
        }
    }

    fn specialise(&mut self, number: Number, special: &Spezialisierung) {
        for area in &special.areas.regions {
            // Of two for one region the one seen first.
            self.texts.entry(*area).or_insert((number, special.areas.is_one()));
        }
    }

    /// Makes the order independent of that of the maps.
    fn sort(&mut self, ids: &Ids) {
        for offices in self.offices.values_mut() {
            offices
                .sort_by_key(|(rolle, number, office)| (office.hotline, *rolle, ids.name(*number)));
        }
        for links in self.links.values_mut() {
            links.sort_by_key(|(number, _)| ids.name(*number));
        }
    }

    /// What holds in a region: what is said of it or of a region it lies in.
    fn content(&self, region: RegionKey, text_areas: &Areas) -> Content<'a> {
        // Of equally good ones the nearest.
        let authority = region
            .chain()
            .filter_map(|above| self.offices.get(&above)?.first())
            .min_by_key(|(rolle, _, office)| (office.hotline, *rolle))
            .map(|(_, _, office)| &office.authority);
        let mut seen = FxHashSet::default();
        let links = region.chain().filter_map(|above| self.links.get(&above)).flatten();
        let links = links.map(|(_, link)| Link(link));
        let links = links.filter(|link| seen.insert((link.0.claim as u8, &link.0.url))).collect();
        let text = region.chain().find_map(|above| self.texts.get(&above));
        Content {
            described: is_below_land(region) && self.is_described(region, text_areas),
            authority,
            links,
            texts: text.map(|(number, _)| *number),
        }
    }

    /// Whether an office in charge or a text is for just this region.
    fn is_described(&self, region: RegionKey, text_areas: &Areas) -> bool {
        let mut offices = self.offices.get(&region).into_iter().flatten();
        (text_areas.is_one() && text_areas.regions.contains(&region))
            || offices.any(|(rolle, ..)| *rolle == Rolle::Zustaendig)
            || self.texts.get(&region).is_some_and(|(_, alone)| *alone)
    }
}

/// What is said of a region: the same for all regions of a [`Local`].
#[derive(PartialEq, Eq, Hash)]
struct Content<'a> {
    described: bool,
    authority: Option<&'a Authority>,
    links: Vec<Link<'a>>,
    /// The number of the Spezialisierung.
    texts: Option<Number>,
}

#[derive(PartialEq, Eq)]
struct Link<'a>(&'a SourceLink);

impl Hash for Link<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.url.hash(state);
    }
}

/// Whether a region is smaller than a Land, or a Land that is one town.
fn is_below_land(region: RegionKey) -> bool {
    const TOWNS: [&str; 2] = ["020000000000", "110000000000"];
    region != region.land() || TOWNS.contains(&region.to_string().as_str())
}
