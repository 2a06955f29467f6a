//! Reads descriptions of services from the Suchdienst of the Portalverbund (PVOG, run by FITKO):
//! for a region and keys of the federal catalog, the texts of Bund, Land and town, the online
//! services and the office in charge.
//!
//! Two steps: [`fetch`] stores the answers of the net in a folder, unchanged, so that it can be
//! interrupted and nothing is asked twice; [`read`] makes records of such a folder, or of answers
//! that somebody saved otherwise. Only the first needs the net.
//!
//! A text is usually written for a whole Land or the Bund; only the online service and the office
//! are local. So what was found for a region counts as described there only if the text is
//! written for a place below a Land, or names an office in charge of just this region.

mod client;
mod settings;
mod shapes;

pub use client::{Fetched, fetch};
pub use settings::{Settings, Versions};

use std::{
    collections::{BTreeMap, HashMap, btree_map, hash_map},
    path::Path,
    sync::Arc,
};

use serde_json::value::RawValue;

use self::shapes::{Description, Object, Office, OfficeTitle};
use super::{
    plain::plain,
    raw,
    record::{Evidence, ImportError, Intake, Local, Record, SourceLink, Texts},
};
use crate::{catalog::authority::Authority, ids::RegionKey};

/// Largest file of answers, in bytes.
const MAX_FILE: u64 = 256 * 1024 * 1024;
/// How deep answers lie in each other: stored answer, list, page, its list, description.
const MAX_DEPTH: u8 = 8;

/// Reads a file of answers, or all `.json` files of a folder, as one source.
///
/// Known forms: what [`fetch`] stores; a description; a page of descriptions (`{content}`,
/// `{serviceDescriptions: {content}}`); a list of those. Answers that do not say what region they
/// are for are for `region`, or else for the regions their texts are written for. Empty files say
/// that there is nothing. What was found in several regions is one record.
///
/// # Errors
///
/// If the path cannot be read, or a single file is no JSON; in a folder such a file is rejected.
pub fn read(
    path: &Path,
    region: Option<RegionKey>,
    intake: &mut dyn Intake,
) -> Result<(), ImportError> {
    let mut found = Found::default();
    raw::each_file(path, &["json"], intake, |file, intake| {
        let text = raw::text(file.path, MAX_FILE)?;
        if text.trim().is_empty() {
            return Ok(());
        }
        let answer: &RawValue = serde_json::from_str(&text)
            .map_err(|error| raw::malformed(file.path, raw::json_fault(&error)))?;
        let mut reading = Reading { found: &mut found, intake, file: &file.name, region, count: 0 };
        reading.answer(answer, MAX_DEPTH);
        Ok(())
    })?;
    found.finish(intake);
    Ok(())
}

/// Everything read so far.
#[derive(Default)]
struct Found {
    services: BTreeMap<String, Service>,
    /// The office to name for a description in a region.
    seats: HashMap<String, HashMap<RegionKey, Seat>>,
    offices: HashMap<Arc<str>, Authority>,
}

/// One description, as found in one or more regions.
struct Service {
    /// Without [`Record::local`].
    record: Record,
    /// The ways it was found.
    variants: Vec<Variant>,
    /// Index into `variants`, by what they hold.
    known: HashMap<Vec<u8>, usize>,
    /// Which variant is whose, and whether the text is written for just this place.
    regions: BTreeMap<RegionKey, (usize, bool)>,
}

/// What can differ from region to region.
struct Variant {
    links: Vec<SourceLink>,
    texts: Option<Texts>,
}

/// The office of a description in a region.
struct Seat {
    office: Arc<str>,
    responsible: bool,
}

/// One file on its way into [`Found`].
struct Reading<'a> {
    found: &'a mut Found,
    intake: &'a mut dyn Intake,
    file: &'a str,
    region: Option<RegionKey>,
    /// Entries read, to name those without an id.
    count: usize,
}

impl Reading<'_> {
    /// Takes an answer of any form; at most `depth` lie in each other.
    fn answer(&mut self, answer: &RawValue, depth: u8) {
        let Some(depth) = depth.checked_sub(1) else {
            return self.reject("zu tief verschachtelt");
        };
        let outcome = if answer.get().starts_with('[') {
            serde_json::from_str(answer.get()).map(|list: Vec<&RawValue>| self.each(&list, depth))
        } else {
            serde_json::from_str(answer.get()).map(|object| self.object(answer, &object, depth))
        };
        if let Err(error) = outcome {
            self.reject(&raw::json_fault(&error));
        }
    }

    fn each(&mut self, answers: &[&RawValue], depth: u8) {
        for answer in answers {
            self.answer(answer, depth);
        }
    }

    fn object(&mut self, raw: &RawValue, object: &Object, depth: u8) {
        if let Some(answer) = object.answer {
            self.stored(object, answer, depth);
        } else if let Some(descriptions) = object.service_descriptions {
            self.answer(descriptions, depth);
        } else if let Some(content) = &object.content {
            self.each(content, depth);
        } else {
            self.count += 1;
            let label = match &object.id {
                Some(id) => id.clone(),
                None => format!("Datensatz {}", self.count),
            };
            if let Err(reason) = self.description(raw) {
                self.intake.reject(self.file, &label, &reason);
            }
        }
    }

    /// Takes what [`fetch`] stored.
    fn stored(&mut self, object: &Object, answer: &RawValue, depth: u8) {
        let region = object.ars.and_then(|ars| serde_json::from_str(ars.get()).ok());
        let Some(region) = region else {
            return self.reject("ohne gültigen Regionalschlüssel »ars«");
        };
        let outcome = if let Some(service) = &object.service {
            self.titles(service, region, answer)
        } else if let Some(office) = &object.office {
            self.office(office, answer)
        } else {
            let before = self.region.replace(region);
            self.answer(answer, depth);
            self.region = before;
            Ok(())
        };
        if let Err(error) = outcome {
            self.reject(&raw::json_fault(&error));
        }
    }

    /// Takes the offices in charge of a description.
    fn titles(
        &mut self,
        service: &str,
        region: RegionKey,
        answer: &RawValue,
    ) -> Result<(), serde_json::Error> {
        let offices: Vec<OfficeTitle> = serde_json::from_str(answer.get())?;
        let Some(chosen) = shapes::chosen(&offices) else { return Ok(()) };
        let id = chosen.id.as_deref().unwrap_or_default();
        let office = self.found.office(id);
        let authority = self.found.offices.entry(office.clone()).or_default();
        if authority.name.is_empty() {
            authority.name = plain(chosen.title.as_deref().unwrap_or_default());
        }
        let seat = Seat { office, responsible: chosen.is_responsible() };
        self.found.seats.entry(service.to_owned()).or_default().insert(region, seat);
        Ok(())
    }

    /// Takes an office.
    fn office(&mut self, id: &str, answer: &RawValue) -> Result<(), serde_json::Error> {
        let office: Office = serde_json::from_str(answer.get())?;
        let mut authority = office.authority();
        let id = self.found.office(id);
        let known = self.found.offices.entry(id).or_default();
        if authority.name.is_empty() {
            authority.name = std::mem::take(&mut known.name);
        }
        *known = authority;
        Ok(())
    }

    fn description(&mut self, raw: &RawValue) -> Result<(), String> {
        let description: Description =
            serde_json::from_str(raw.get()).map_err(|error| raw::json_fault(&error))?;
        let record = description.record()?;
        let regions = match self.region {
            Some(region) => vec![region],
            None => description.regions(),
        };
        if regions.is_empty() {
            return Err("ohne Region".to_owned());
        }
        self.found.service(record, &description, &regions)
    }

    /// Lists the file, not an entry of it.
    fn reject(&mut self, reason: &str) {
        self.intake.reject(self.file, "Datei", reason);
    }
}

impl Found {
    /// The id of an office, stored once.
    fn office(&mut self, id: &str) -> Arc<str> {
        match self.offices.get_key_value(id) {
            Some((known, _)) => known.clone(),
            None => id.into(),
        }
    }

    /// Takes a description as found in regions.
    fn service(
        &mut self,
        mut record: Record,
        description: &Description,
        regions: &[RegionKey],
    ) -> Result<(), String> {
        let texts = description.texts();
        let service = match self.services.entry(record.id.clone()) {
            btree_map::Entry::Occupied(known) => known.into_mut(),
            btree_map::Entry::Vacant(free) => {
                record.texts = texts.clone();
                let regions = BTreeMap::new();
                free.insert(Service {
                    record,
                    variants: Vec::new(),
                    known: HashMap::new(),
                    regions,
                })
            }
        };
        let texts = (texts != service.record.texts).then_some(texts);
        let variant = service.variant(Variant { links: description.links(), texts })?;
        let known = |region: &&RegionKey| {
            service.regions.get(region).is_some_and(|(known, _)| *known != variant)
        };
        if let Some(region) = regions.iter().find(known) {
            return Err(format!("steht für {region} schon da, mit anderem Inhalt"));
        }
        for &region in regions {
            service.regions.insert(region, (variant, description.is_written_for(region)));
        }
        Ok(())
    }

    /// Gives the records to the intake.
    fn finish(self, intake: &mut dyn Intake) {
        let Self { services, seats, offices } = self;
        for (id, service) in services {
            let nobody = HashMap::new();
            let seats = seats.get(&id).unwrap_or(&nobody);
            intake.record(service.into_record(seats, &offices));
        }
    }
}

impl Service {
    /// The number of a variant, which is stored once.
    fn variant(&mut self, variant: Variant) -> Result<usize, String> {
        let key = serde_json::to_vec(&(&variant.links, &variant.texts))
            .map_err(|error| error.to_string())?;
        Ok(match self.known.entry(key) {
            hash_map::Entry::Occupied(known) => *known.get(),
            hash_map::Entry::Vacant(free) => {
                self.variants.push(variant);
                *free.insert(self.variants.len() - 1)
            }
        })
    }

    fn into_record(
        self,
        seats: &HashMap<RegionKey, Seat>,
        offices: &HashMap<Arc<str>, Authority>,
    ) -> Record {
        let mut groups: BTreeMap<(usize, bool, Option<&str>), Vec<RegionKey>> = BTreeMap::new();
        for (region, (variant, written_for)) in self.regions {
            let seat = seats.get(&region);
            let described = written_for || seat.is_some_and(|seat| seat.responsible);
            let office = seat.map(|seat| &*seat.office);
            groups.entry((variant, described, office)).or_default().push(region);
        }
        let local = groups.into_iter().map(|((variant, described, office), regions)| Local {
            regions,
            evidence: Evidence {
                described,
                links: self.variants[variant].links.clone(),
                ..Evidence::default()
            },
            authority: office
                .and_then(|id| offices.get(id))
                .filter(|office| !office.name.is_empty())
                .cloned(),
            texts: self.variants[variant].texts.clone(),
        });
        Record { local: local.collect(), ..self.record }
    }
}

#[cfg(test)]
mod tests;
