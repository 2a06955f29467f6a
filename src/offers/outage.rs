//! What is out of order, and what to do instead.
//!
//! A town's clerk or provider says "i-Kfz is down until six" once, and every service that hangs on
//! it says so at once. The notes are a TOML file in the data directory, written by `amtslotse outage`
//! or by hand.

use serde::{Deserialize, Serialize};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{
    catalog::{Catalog, Service, load::in_german},
    ids::{RegionKey, ServiceId},
    text::fold,
};

/// One note, as it stands in the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outage {
    /// What is out of order: an id of a service, or a name that its entries mention ("i-Kfz").
    pub what: String,
    /// Where; everywhere if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<RegionKey>,
    /// From when on; at once if left out.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "moment")]
    pub from: Option<OffsetDateTime>,
    /// Until when; until it is cleared if left out.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "moment")]
    pub until: Option<OffsetDateTime>,
    /// What to do meanwhile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instead: Option<String>,
}

/// The file of notes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutageFile {
    /// Layout of the file; this program reads 1.
    pub format: u32,
    /// The notes.
    #[serde(default, rename = "outage")]
    pub outages: Vec<Outage>,
}

impl OutageFile {
    /// Reads the notes.
    ///
    /// # Errors
    /// What is wrong, in German, with the line.
    pub fn parse(text: &str) -> Result<Self, String> {
        let file: Self = toml::from_str(text).map_err(|error| {
            let line = error.span().map_or(1, |span| text[..span.start].matches('\n').count() + 1);
            format!("Zeile {line}: {}", in_german(error.message()))
        })?;
        match file.format {
            1 => Ok(file),
            other => Err(format!("format = {other} kennt dieses Programm nicht (erwartet: 1)")),
        }
    }
}

/// The notes, with the services that each concerns.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outages(Vec<(Outage, Vec<ServiceId>)>);

impl Outages {
    /// Finds the services that each note concerns.
    pub fn new(notes: Vec<Outage>, catalog: &Catalog) -> Self {
        let with_services = |note: Outage| {
            let services = concerned(&note.what, catalog);
            (note, services)
        };
        Self(notes.into_iter().map(with_services).collect())
    }

    /// What is out of order for a service at a place (or anywhere, if no place is known) at a time.
    /// A note for one town is not told to whom may live elsewhere.
    pub fn of(
        &self,
        service: &ServiceId,
        place: Option<RegionKey>,
        at: OffsetDateTime,
    ) -> Option<&Outage> {
        let holds = |outage: &Outage| {
            let here = match (outage.region, place) {
                (None, _) => true,
                (Some(region), Some(place)) => place.chain().any(|key| key == region),
                (Some(_), None) => false,
            };
            here && outage.from.is_none_or(|from| from <= at)
                && outage.until.is_none_or(|until| at < until)
        };
        let found =
            self.0.iter().find(|(outage, services)| services.contains(service) && holds(outage));
        found.map(|(outage, _)| outage)
    }
}

/// The services that a note concerns: the one of this id, or all whose names, steps, reason or links
/// mention it.
pub fn concerned(what: &str, catalog: &Catalog) -> Vec<ServiceId> {
    if let Ok(id) = what.parse::<ServiceId>()
        && (catalog.service(&id).is_some() || what.contains(':'))
    {
        return vec![id];
    }
    let wanted = fold(what);
    if wanted.trim().is_empty() {
        return Vec::new();
    }
    let mentions = |text: &str| is_mentioned(&wanted, &fold(text));
    let concerns = |service: &&Service| {
        let names = service.name.values().flat_map(|name| [&name.official, &name.plain]);
        let synonyms = service.says.values().flat_map(|says| &says.synonyms);
        let steps = service.online.steps.iter().map(|step| &step.what);
        let links = service.link.iter().map(|link| &link.url);
        let mut texts =
            names.chain(synonyms).chain(steps).chain(&service.online.reason).chain(links);
        texts.any(|text| mentions(text))
    };
    catalog.services().iter().filter(concerns).map(|service| service.id.clone()).collect()
}

/// Whether words stand in a text, not as a part of others.
fn is_mentioned(wanted: &str, text: &str) -> bool {
    text.match_indices(wanted).any(|(at, found)| {
        let before = text[..at].chars().next_back();
        let after = text[at + found.len()..].chars().next();
        !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
    })
}

/// A moment as RFC 3339, with its offset.
mod moment {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use super::{OffsetDateTime, Rfc3339};

    pub fn serialize<S: Serializer>(
        moment: &Option<OffsetDateTime>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let text = moment.and_then(|moment| moment.format(&Rfc3339).ok());
        serializer.serialize_str(&text.unwrap_or_default())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<OffsetDateTime>, D::Error> {
        let text = String::deserialize(deserializer)?;
        OffsetDateTime::parse(&text, &Rfc3339).map(Some).map_err(|_| {
            D::Error::custom(format!(
                "»{text}« ist kein Zeitpunkt (erwartet etwa \"2026-11-24T18:00:00+01:00\")"
            ))
        })
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::catalog::CatalogFiles;

    #[test]
    fn a_note_concerns_what_mentions_it_there_and_then() {
        let catalog = Catalog::load(&CatalogFiles::embedded()).unwrap();
        let file = OutageFile::parse(
            "format = 1\n[[outage]]\nwhat = \"i-Kfz\"\nregion = \"053150000000\"\n\
             until = \"2026-11-24T18:00:00+01:00\"\ninstead = \"Bitte kommen Sie vorbei.\"\n",
        )
        .unwrap();
        let outages = Outages::new(file.outages.clone(), &catalog);
        let koeln = Some("053150000000".parse().unwrap());
        let bonn = Some("053140000000".parse().unwrap());
        let before = datetime!(2026-11-24 17:59:59 +1);
        let car: ServiceId = "fahrzeug-zulassen".parse().unwrap();
        assert!(outages.of(&car, koeln, before).is_some());
        assert!(outages.of(&car, koeln, datetime!(2026-11-24 18:00 +1)).is_none());
        assert!(outages.of(&car, bonn, before).is_none());
        assert!(outages.of(&car, None, before).is_none());
        assert!(outages.of(&"hund-anmelden".parse().unwrap(), koeln, before).is_none());
        let written = toml::to_string(&file).unwrap();
        assert_eq!(OutageFile::parse(&written).unwrap(), file);
    }

    #[test]
    fn a_faulty_file_is_told_with_its_line() {
        for (text, said) in [
            ("format = 1\n[[outage]]\nwaht = \"x\"\n", "Zeile 3"),
            (
                "format = 1\n[[outage]]\nwhat = \"x\"\nuntil = \"morgen\"\n",
                "»morgen« ist kein Zeitpunkt",
            ),
            ("format = 2\n", "format = 2"),
        ] {
            let error = OutageFile::parse(text).unwrap_err();
            assert!(error.contains(said), "{error}");
        }
    }
}
