//! What is known after some messages: objects in our own small form, replaced and deleted as the
//! messages say.
//!
//! They come in any order and point to each other by id, so all that is wanted is held until the
//! last message is read. Ids are held as numbers: a Land has millions of Zuständigkeiten.

use rustc_hash::{FxHashMap, FxHashSet};
use time::Date;

use super::{
    ids::{Ids, Number},
    objects::{
        Angebot, Areas, Identifikator, Kind, Leistung, Office, Rolle, Spezialisierung,
        Zustaendigkeit,
    },
    xml::{Action, Element, Item},
};
use crate::{ids::RegionKey, import::record::Intake};

/// Longest part of the source repeated in a report, in characters.
const MAX_QUOTE: usize = 80;

/// What can have Zuständigkeiten.
pub(super) const PARENTS: [Kind; 3] =
    [Kind::Organisationseinheit, Kind::Onlinedienst, Kind::Formular];

/// What is known after the messages read so far.
pub(super) struct Inventory {
    today: Date,
    /// Only what holds in this region, above or below it.
    region: Option<RegionKey>,
    files: Vec<String>,
    pub(super) ids: Ids,
    pub(super) leistungen: FxHashMap<Number, (Leistung, Origin)>,
    pub(super) offices: FxHashMap<Number, Office>,
    /// Online services and forms.
    pub(super) angebote: FxHashMap<(Kind, Number), Angebot>,
    /// With the number of the Leistung.
    pub(super) spezialisierungen: FxHashMap<Number, (Spezialisierung, Number, Origin)>,
    pub(super) zustaendigkeiten: FxHashMap<Number, Responsibility>,
    /// The Zuständigkeiten written inside an object: they go with it.
    inline: FxHashMap<(Kind, Number), Vec<Number>>,
    /// What is named but rejected, deleted or of another region: no fault of those who name it.
    gone: FxHashSet<(Kind, Number)>,
}

/// Where an object was read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Origin {
    file: u32,
    line: u32,
}

/// A Zuständigkeit as it is held.
pub(super) struct Responsibility {
    /// The office, online service or form.
    pub(super) parent: Number,
    /// Which of them, if that is known.
    pub(super) kind: Option<Kind>,
    pub(super) leistungen: Box<[Number]>,
    pub(super) areas: Box<[RegionKey]>,
    pub(super) rolle: Rolle,
    pub(super) origin: Origin,
}

/// What cannot be imported.
pub(super) struct Fault {
    record: String,
    reason: String,
}

impl Fault {
    pub(super) fn of(kind: Kind, id: Option<&Identifikator>, reason: impl Into<String>) -> Self {
        let id = id.map_or("ohne Kennung", |id| id.id.as_str());
        Self { record: quote(&format!("{} {id}", kind.label())), reason: reason.into() }
    }
}

/// The beginning of a text of the source.
fn quote(text: &str) -> String {
    text.chars().take(MAX_QUOTE).collect()
}

impl Inventory {
    pub(super) fn new(region: Option<RegionKey>, today: Date) -> Self {
        Self {
            today,
            region,
            files: Vec::new(),
            ids: Ids::default(),
            leistungen: FxHashMap::default(),
            offices: FxHashMap::default(),
            angebote: FxHashMap::default(),
            spezialisierungen: FxHashMap::default(),
            zustaendigkeiten: FxHashMap::default(),
            inline: FxHashMap::default(),
            gone: FxHashSet::default(),
        }
    }

    /// What is applied from now on stands in this file.
    pub(super) fn begin(&mut self, file: &str) {
        self.files.push(file.to_owned());
    }

    /// Writes or deletes an object, or rejects it.
    pub(super) fn apply(&mut self, item: &Item, intake: &mut dyn Intake) {
        let small = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
        let file = small(self.files.len().saturating_sub(1) as u64);
        let origin = Origin { file, line: small(item.line) };
        let applied = match item.action {
            Action::Write => self.write(item, origin, intake),
            Action::Delete => self.delete(item),
        };
        if let Err(fault) = applied {
            self.reject(origin, &fault, intake);
        }
    }

    pub(super) fn reject(&self, origin: Origin, fault: &Fault, intake: &mut dyn Intake) {
        let file = self.files.get(origin.file as usize).map_or("", String::as_str);
        intake.reject(&format!("{file}:{}", origin.line), &fault.record, &fault.reason);
    }

    fn write(&mut self, item: &Item, origin: Origin, intake: &mut dyn Intake) -> Result<(), Fault> {
        let Item { element, fault, .. } = item;
        let Some(kind) = Kind::named(&element.name) else {
            let reason = match &*element.name {
                "schreibe" => "leer",
                _ => "unbekannte Art von Objekt",
            };
            return Err(Fault { record: quote(&element.name), reason: reason.to_owned() });
        };
        // Some wrap the object of an answer once more.
        let wrapped = || element.elements().find(|inner| Kind::named(&inner.name) == Some(kind));
        let object = match kind {
            Kind::Zustaendigkeit => element,
            _ if element.first("id").is_some() => element,
            _ => wrapped().unwrap_or(element),
        };
        let id = Identifikator::in_child(object, "id");
        if let Some(fault) = fault {
            return Err(self.unusable(kind, id.as_ref(), fault));
        }
        if kind == Kind::Zustaendigkeit {
            return self.write_transfer(object, origin, intake);
        }
        let Some(id) = id else { return Err(Fault::of(kind, None, "ohne Kennung")) };
        let number = self.ids.number(&id);
        let faults = self
            .write_object(kind, number, object, origin)
            .map_err(|reason| self.unusable(kind, Some(&id), &reason))?;
        self.list(kind, &id, &faults, origin, intake);
        if PARENTS.contains(&kind) {
            self.write_inline(kind, number, &id, object, origin, intake);
        }
        Ok(())
    }

    /// Notes that an object of this id is there but could not be read; what an earlier message said
    /// of it stays.
    fn unusable(&mut self, kind: Kind, id: Option<&Identifikator>, reason: &str) -> Fault {
        if let Some(id) = id {
            let number = self.ids.number(id);
            self.gone.insert((kind, number));
        }
        Fault::of(kind, id, reason)
    }

    /// Takes an object; why some of its areas cannot be used.
    fn write_object(
        &mut self,
        kind: Kind,
        number: Number,
        object: &Element,
        origin: Origin,
    ) -> Result<Vec<String>, String> {
        let mut faults = Vec::new();
        let wanted = match kind {
            Kind::Leistung => {
                let Some(leistung) = Leistung::read(object, self.today)? else {
                    return self.ended(kind, number);
                };
                // Without areas, Zuständigkeiten tell where it is.
                let wanted = leistung.areas.regions.is_empty() || self.wants_any(&leistung.areas);
                faults.clone_from(&leistung.areas.faults);
                self.leistungen.insert(number, (leistung, origin));
                wanted
            }
            Kind::Organisationseinheit => {
                self.offices.insert(number, Office::read(object)?);
                true
            }
            Kind::Onlinedienst | Kind::Formular => {
                let angebot = Angebot::read(object, kind, self.today)?;
                self.angebote.insert((kind, number), angebot);
                true
            }
            Kind::Spezialisierung => {
                let Some(special) = Spezialisierung::read(object, self.today)? else {
                    return self.ended(kind, number);
                };
                let wanted = self.wants_any(&special.areas);
                faults.clone_from(&special.areas.faults);
                let leistung = self.ids.number(&special.leistung);
                self.spezialisierungen.insert(number, (special, leistung, origin));
                wanted
            }
            // Written with its parent or by a transfer object.
            Kind::Zustaendigkeit => true,
        };
        if wanted {
            self.gone.remove(&(kind, number));
            Ok(faults)
        } else {
            self.remove(kind, number);
            Ok(Vec::new())
        }
    }

    fn ended<T>(&mut self, kind: Kind, number: Number) -> Result<T, String> {
        self.remove(kind, number);
        Err("heute nicht gültig".to_owned())
    }

    /// The Zuständigkeiten inside an office, online service or form; those it had before go.
    fn write_inline(
        &mut self,
        kind: Kind,
        number: Number,
        id: &Identifikator,
        object: &Element,
        origin: Origin,
        intake: &mut dyn Intake,
    ) {
        self.remove_inline(kind, number);
        let mut written = Vec::new();
        for (position, element) in object.all("zustaendigkeit").enumerate() {
            let unnamed = format!("{} Nr. {}", id.id, position + 1);
            let unnamed = Identifikator { agency: id.agency.clone(), id: unnamed };
            let parent = (number, Some(kind));
            match self.write_zustaendigkeit(element, unnamed, parent, origin, intake) {
                Ok(number) => written.extend(number),
                Err(fault) => self.reject(origin, &fault, intake),
            }
        }
        if !written.is_empty() {
            self.inline.insert((kind, number), written);
        }
    }

    /// A `zustaendigkeitTransferObjekt`.
    fn write_transfer(
        &mut self,
        object: &Element,
        origin: Origin,
        intake: &mut dyn Intake,
    ) -> Result<(), Fault> {
        let id =
            object.all("zustaendigkeit").find_map(|entry| Identifikator::in_child(entry, "id"));
        let fault = |reason| Fault::of(Kind::Zustaendigkeit, id.as_ref(), reason);
        let parent = object.first("uebergeordnetesObjektID");
        let Some((element, parent)) = parent.and_then(|e| Some((e, Identifikator::of(e)?))) else {
            return Err(fault("ohne übergeordnetes Objekt"));
        };
        if object.first("zustaendigkeit").is_none() {
            return Err(fault("leer"));
        }
        let number = self.ids.number(&parent);
        for (position, entry) in object.all("zustaendigkeit").enumerate() {
            let (file, line) = (origin.file, origin.line);
            let unnamed = format!("{} Nr. {file}.{line}.{}", parent.id, position + 1);
            let unnamed = Identifikator { agency: parent.agency.clone(), id: unnamed };
            let parent = (number, parent_kind(element).or_else(|| parent_kind(entry)));
            if let Err(fault) = self.write_zustaendigkeit(entry, unnamed, parent, origin, intake) {
                self.reject(origin, &fault, intake);
            }
        }
        Ok(())
    }

    /// A Zuständigkeit of an object; its number, if it says anything of the region.
    fn write_zustaendigkeit(
        &mut self,
        element: &Element,
        unnamed: Identifikator,
        (parent, kind): (Number, Option<Kind>),
        origin: Origin,
        intake: &mut dyn Intake,
    ) -> Result<Option<Number>, Fault> {
        let id = Identifikator::in_child(element, "id").unwrap_or(unnamed);
        let fault = |reason: &str| Fault::of(Kind::Zustaendigkeit, Some(&id), reason);
        let read = Zustaendigkeit::read(element, self.today).map_err(|reason| fault(&reason))?;
        let Some(read) = read else {
            self.forget(&id);
            return Ok(None);
        };
        self.list(Kind::Zustaendigkeit, &id, &read.areas.faults, origin, intake);
        let areas = read.areas.regions.into_iter().filter(|area| self.wants(*area));
        let areas: Box<[RegionKey]> = areas.collect();
        if areas.is_empty() {
            self.forget(&id);
            return Ok(None);
        }
        let leistungen = read.leistungen.iter().map(|id| self.ids.number(id)).collect();
        let number = self.ids.number(&id);
        let entry = Responsibility { parent, kind, leistungen, areas, rolle: read.rolle, origin };
        self.zustaendigkeiten.insert(number, entry);
        Ok(Some(number))
    }

    /// Drops what an earlier message said of a Zuständigkeit.
    fn forget(&mut self, id: &Identifikator) {
        if let Some(number) = self.ids.known(id) {
            self.zustaendigkeiten.remove(&number);
        }
    }

    /// Lists areas of an object that cannot be used, though the rest of it can.
    fn list(
        &self,
        kind: Kind,
        id: &Identifikator,
        faults: &[String],
        origin: Origin,
        intake: &mut dyn Intake,
    ) {
        for reason in faults {
            self.reject(origin, &Fault::of(kind, Some(id), reason), intake);
        }
    }

    /// `loesche`; what is not known needs no deletion.
    fn delete(&mut self, item: &Item) -> Result<(), Fault> {
        let class = item.element.attribute("klasse").unwrap_or_default();
        let id = Identifikator::in_child(&item.element, "id");
        let named = id.as_ref().map_or("ohne Kennung", |id| id.id.as_str());
        let fault = |reason: &str| Fault {
            record: quote(&format!("loesche {class} {named}")),
            reason: reason.to_owned(),
        };
        if let Some(reason) = &item.fault {
            return Err(fault(reason));
        }
        let kind = Kind::named(class).ok_or_else(|| fault("unbekannte Klasse"))?;
        let Some(id) = &id else { return Err(fault("ohne Kennung")) };
        if let Some(number) = self.ids.known(id) {
            self.remove(kind, number);
        }
        Ok(())
    }

    fn remove(&mut self, kind: Kind, number: Number) {
        match kind {
            Kind::Leistung => drop(self.leistungen.remove(&number)),
            Kind::Organisationseinheit => drop(self.offices.remove(&number)),
            Kind::Onlinedienst | Kind::Formular => drop(self.angebote.remove(&(kind, number))),
            Kind::Spezialisierung => drop(self.spezialisierungen.remove(&number)),
            Kind::Zustaendigkeit => drop(self.zustaendigkeiten.remove(&number)),
        }
        self.remove_inline(kind, number);
        if kind != Kind::Zustaendigkeit {
            self.gone.insert((kind, number));
        }
    }

    fn remove_inline(&mut self, kind: Kind, parent: Number) {
        for number in self.inline.remove(&(kind, parent)).unwrap_or_default() {
            // It may have moved to another object since.
            if self.zustaendigkeiten.get(&number).is_some_and(|entry| entry.parent == parent) {
                self.zustaendigkeiten.remove(&number);
            }
        }
    }

    /// Whether an area is, contains or lies in the region asked for.
    pub(super) fn wants(&self, area: RegionKey) -> bool {
        self.region.is_none_or(|region| {
            region.chain().any(|above| above == area) || area.chain().any(|above| above == region)
        })
    }

    /// Whether an object was there, but is rejected, deleted or of another region.
    pub(super) fn is_gone(&self, kinds: &[Kind], number: Number) -> bool {
        kinds.iter().any(|kind| self.gone.contains(&(*kind, number)))
    }

    fn wants_any(&self, areas: &Areas) -> bool {
        areas.regions.iter().any(|area| self.wants(*area))
    }
}

/// The kind of parent, where a type or a scheme of ids tells (`ZustaendigkeitOnlinedienst`).
fn parent_kind(element: &Element) -> Option<Kind> {
    let told = ["type", "schemeID", "schemeName"].into_iter();
    told.filter_map(|name| element.attribute(name)).map(str::to_lowercase).find_map(|told| {
        PARENTS.into_iter().find(|kind| told.contains(&kind.label().to_lowercase()))
    })
}
