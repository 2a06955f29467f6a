//! Offices and services of an appointment system (ZMS, as München and Berlin run it): the answer of
//! `GET /offices-and-services/` of its citizen API.
//!
//! It tells which office does what, and that appointments are given; of whether a matter can be done
//! online it knows nothing, so nothing is claimed. The entries of this source are its services;
//! offices and relations are only what describes them.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    fs,
    path::Path,
};

use serde_json::Value;

use super::{
    plain::{at_most, plain},
    record::{ImportError, Intake, Local, Record},
};
use crate::{
    catalog::{authority::Authority, hours::OpeningHours},
    ids::RegionKey,
};

/// The longest id of a record, in bytes.
const MAX_ID: usize = 30;
/// The longest name made of several offices, in characters.
const MAX_JOINT_NAME: usize = 120;
/// What relations of services and offices mean in this system: whoever is listed gives appointments.
const APPOINTMENTS: &str = "Termine können gebucht werden";

/// Reads an answer of the citizen API, saved as a file.
///
/// # Errors
/// If the file cannot be read, is no JSON, or lacks one of its three lists.
pub fn read(path: &Path, region: RegionKey, intake: &mut dyn Intake) -> Result<(), ImportError> {
    let answer = json(path)?;
    let file = path.display().to_string();
    let [offices, services, relations] = ["offices", "services", "relations"].map(|key| {
        answer.get(key).and_then(Value::as_array).ok_or_else(|| ImportError::Malformed {
            file: file.clone(),
            reason: format!("die Liste »{key}« fehlt"),
        })
    });
    let (offices, services) = (offices?, services?);
    let (done_at, dangling) = relate(offices, services, relations?);

    let mut seen = HashSet::new();
    for (at, service) in services.iter().enumerate() {
        let label = text(service, "id").unwrap_or_else(|| position(at));
        match record(service, region, &done_at, &mut seen) {
            Ok(record) => intake.record(record),
            Err(reason) => intake.reject(&file, &label, reason),
        }
    }
    for id in dangling {
        intake.reject(&file, &id, "nur unter »relations« genannt, nicht unter »services«");
    }
    Ok(())
}

/// The offices of each service (none, if all of its relations lead nowhere), and the services that
/// only relations name.
fn relate(
    offices: &[Value],
    services: &[Value],
    relations: &[Value],
) -> (HashMap<String, Vec<Authority>>, BTreeSet<String>) {
    let offices: HashMap<String, Authority> = offices
        .iter()
        .filter_map(|office| Some((text(office, "id")?, authority(office)?)))
        .collect();
    let services: HashSet<String> =
        services.iter().filter_map(|service| text(service, "id")).collect();
    let mut done_at: HashMap<String, Vec<Authority>> = HashMap::new();
    let mut dangling = BTreeSet::new();
    for relation in relations {
        let Some(service) = text(relation, "serviceId") else { continue };
        if !services.contains(&service) {
            dangling.insert(service);
            continue;
        }
        let office = text(relation, "officeId").and_then(|id| offices.get(&id));
        done_at.entry(service).or_default().extend(office.cloned());
    }
    (done_at, dangling)
}

fn record(
    service: &Value,
    region: RegionKey,
    done_at: &HashMap<String, Vec<Authority>>,
    seen: &mut HashSet<String>,
) -> Result<Record, &'static str> {
    let (id, name) = identity(service)?;
    if service.get("public") == Some(&Value::Bool(false)) {
        return Err("nicht öffentlich");
    }
    let offices = done_at.get(&id).ok_or("keiner Stelle zugeordnet")?;
    let mut authority = joint(offices).ok_or("nur unbekannten Stellen zugeordnet")?;
    authority.hours = OpeningHours { note: Some(APPOINTMENTS.to_owned()), ..Default::default() };
    if !seen.insert(id.clone()) {
        return Err("Kennung kommt mehrfach vor");
    }
    let local = Local { regions: vec![region], authority: Some(authority), ..Local::default() };
    Ok(Record { id, name, local: vec![local], ..Record::default() })
}

/// One authority for all offices that do the same: what they share. With several sites that is their
/// kind and number, and the telephone number if it is the same everywhere, but no address: which one
/// a citizen goes to is his choice.
pub(super) fn joint(offices: &[Authority]) -> Option<Authority> {
    let first = offices.first()?;
    let shared = |get: fn(&Authority) -> &Option<String>| {
        get(first).clone().filter(|_| offices.iter().all(|office| get(office) == get(first)))
    };
    let same_place = offices.iter().all(|office| office.address() == first.address());
    let place = if same_place { first.clone() } else { Authority::default() };
    Some(Authority {
        name: joint_name(offices),
        phone: shared(|office| &office.phone),
        email: shared(|office| &office.email),
        ..place
    })
}

/// "Bürgerbüro (6 Standorte), Versicherungsamt". Teams at one address count once.
fn joint_name(offices: &[Authority]) -> String {
    let mut sites = HashSet::new();
    let mut kinds: Vec<Vec<Vec<&str>>> = Vec::new();
    for office in offices {
        if !sites.insert(office.address().unwrap_or_else(|| office.name.clone())) {
            continue;
        }
        let words: Vec<&str> = office.name.split_whitespace().collect();
        match kinds.iter_mut().find(|kind| kind[0].first() == words.first()) {
            Some(kind) => kind.push(words),
            None => kinds.push(vec![words]),
        }
    }
    let names: Vec<String> = kinds.iter().map(|kind| name_of_kind(kind)).collect();
    at_most(&names.join(", "), MAX_JOINT_NAME)
}

/// The words that all names of a kind begin with, and how many names there are.
fn name_of_kind(names: &[Vec<&str>]) -> String {
    let [first, others @ ..] = names else { return String::new() };
    if others.is_empty() {
        return first.join(" ");
    }
    let is_shared = |at: &usize| others.iter().all(|name| name.get(*at) == first.get(*at));
    let count = (0..first.len()).take_while(is_shared).count();
    // "Amt für", "Feuerwache 1 -": what is cut off must not end in mid-air.
    let dangles = |word: &str| !word.starts_with(|c: char| c.is_uppercase() || c.is_ascii_digit());
    let length = first[..count].iter().rposition(|word| !dangles(word)).map_or(count, |at| at + 1);
    format!("{} ({} Standorte)", first[..length].join(" "), names.len())
}

/// An office, by the names that the citizen API and both forms of the export use.
pub(super) fn authority(office: &Value) -> Option<Authority> {
    let name = ["displayName", "altname2", "name"].into_iter().find_map(|key| text(office, key))?;
    let address = office.get("address").unwrap_or(&Value::Null);
    let either = |a: &str, b: &str| text(address, a).or_else(|| text(address, b));
    let street: Vec<String> = [text(address, "street"), either("house_number", "streetNumber")]
        .into_iter()
        .flatten()
        .collect();
    let contact = office.get("contact").unwrap_or(office);
    Some(Authority {
        name,
        street: Some(street.join(" ")).filter(|street| !street.is_empty()),
        postcode: either("postal_code", "zip"),
        city: text(address, "city"),
        phone: text(contact, "phone"),
        email: text(contact, "email").filter(|email| email.contains('@')),
        ..Authority::default()
    })
}

/// Id and name of a service, or why it has none.
pub(super) fn identity(service: &Value) -> Result<(String, String), &'static str> {
    let id = text(service, "id").ok_or("ohne Kennung")?;
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    if id.len() > MAX_ID || !id.bytes().all(allowed) {
        return Err("Kennung unzulässig (erlaubt: Buchstaben, Ziffern, . _ -; bis 30 Zeichen)");
    }
    let name = text(service, "name").ok_or("ohne Namen")?;
    Ok((id, name))
}

/// What an entry without id is called in the list of what was not imported; `at` counts from 0.
pub(super) fn position(at: usize) -> String {
    format!("Datensatz {}", at + 1)
}

/// A text as plain text; `None` if there is none, it is empty, or something else. Numbers count as
/// text: ids are numbers in the citizen API and strings in the export.
pub(super) fn text(entry: &Value, key: &str) -> Option<String> {
    let text = match entry.get(key)? {
        Value::String(text) => plain(text),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    Some(text).filter(|text| !text.is_empty())
}

/// Reads a JSON file.
pub(super) fn json(path: &Path) -> Result<Value, ImportError> {
    let file = || path.display().to_string();
    let bytes = fs::read(path).map_err(|error| ImportError::Io { file: file(), error })?;
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    serde_json::from_slice(bytes).map_err(|error| ImportError::Malformed {
        file: file(),
        reason: format!("kein gültiges JSON (Zeile {}, Spalte {})", error.line(), error.column()),
    })
}

#[cfg(test)]
mod tests {

    use serde_json::{Value, json};

    use super::*;
    use crate::import::{muenchen, record::Collected};

    const REGION: &str = "091620000000";

    fn import(answer: &Value) -> Result<Collected, ImportError> {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), answer.to_string()).unwrap();
        let mut collected = Collected::default();
        read(file.path(), REGION.parse().unwrap(), &mut collected)?;
        Ok(collected)
    }

    /// Synthetic, made from the schemas: numbers as ids, and PHP's empty list for an empty object.
    #[test]
    fn services_learn_their_offices_and_nothing_about_online() {
        let answer = json!({
            "offices": [
                { "id": 1, "name": "Amt Nord", "scope": null, "address": {
                    "street": "Weg", "house_number": "1", "postal_code": "80331", "city": "München" } },
                { "id": 2, "name": "Amt Süd", "address": [] },
                { "id": 3, "name": null, "address": null },
                { "id": 4, "name": "Ohne Leistung", "address": null },
            ],
            "services": [
                { "id": 10, "name": "Boot", "maxQuantity": 1, "combinable": [], "public": true },
                { "id": 11, "name": "Kahn", "public": null },
                { "id": 12, "name": "Intern", "public": false },
                { "id": 13, "name": "Ohne Stelle" },
                { "id": 14, "name": "Namenlose Stelle" },
                { "id": 10, "name": "Boot noch einmal" },
                [],
            ],
            "relations": [
                { "officeId": 1, "serviceId": 10, "slots": 1 },
                { "officeId": 99, "serviceId": 10, "slots": 1 },
                { "officeId": 1, "serviceId": 11, "slots": 1 },
                { "officeId": 2, "serviceId": 11, "slots": 1 },
                { "officeId": 3, "serviceId": 14, "slots": 1 },
                { "officeId": 1, "serviceId": 77, "slots": 1 },
                { "officeId": 2, "serviceId": 77, "slots": 1 },
                null,
            ],
        });
        let Collected { records, rejected } = import(&answer).unwrap();
        let [boat, barge] = &records[..] else { panic!("{records:?}") };
        assert_eq!((&*boat.id, &*boat.name), ("10", "Boot"));
        let authority = boat.local[0].authority.as_ref().unwrap();
        assert_eq!(authority.name, "Amt Nord");
        assert_eq!(authority.address().as_deref(), Some("Weg 1, 80331 München"));
        assert_eq!(authority.hours.note.as_deref(), Some(APPOINTMENTS));
        assert_eq!(boat.local[0].evidence, Default::default());
        let authority = barge.local[0].authority.as_ref().unwrap();
        assert_eq!((&*authority.name, authority.address()), ("Amt (2 Standorte)", None));
        let listed: Vec<_> = rejected.iter().map(|r| (&*r.record, &*r.reason)).collect();
        assert_eq!(
            listed,
            [
                ("12", "nicht öffentlich"),
                ("13", "keiner Stelle zugeordnet"),
                ("14", "nur unbekannten Stellen zugeordnet"),
                ("10", "Kennung kommt mehrfach vor"),
                ("Datensatz 7", "ohne Kennung"),
                ("77", "nur unter »relations« genannt, nicht unter »services«"),
            ]
        );
    }

    /// The real export, put into the form of the API: both importers name the same offices.
    #[test]
    fn the_real_offices_are_those_of_the_export() {
        let Some(path) = crate::real::real("muenchen-zms-2026") else { return };
        let Collected { records, rejected } = import(&as_answer(&path)).unwrap();
        assert_eq!((records.len(), rejected.len()), (150, 12));
        assert!(rejected.iter().all(|entry| entry.reason == "keiner Stelle zugeordnet"));

        let mut exported = Collected::default();
        muenchen::read(&path, REGION.parse().unwrap(), &mut exported).unwrap();
        let place = |record: &Record| {
            let authority = record.local[0].authority.as_ref().unwrap();
            (record.id.clone(), authority.name.clone(), authority.address())
        };
        let places = |records: &[Record]| records.iter().map(place).collect::<Vec<_>>();
        assert_eq!(places(&records), places(&exported.records));
    }

    /// What the API would answer from the export: only what is public.
    fn as_answer(export: &Path) -> Value {
        let entries = |name: &str| json(&export.join(name)).unwrap()["data"].take();
        let number = |value: &Value| value.as_str().unwrap().parse::<u64>().unwrap();
        let (services, locations) = (entries("services_de.json"), entries("locations_de.json"));
        let is_public = |entry: &&Value| entry["public"] != Value::Bool(false);
        let locations: Vec<&Value> =
            locations.as_array().unwrap().iter().filter(is_public).collect();
        let office = |location: &&Value| {
            json!({ "id": number(&location["id"]), "name": location["displayName"],
                    "address": location["address"] })
        };
        let relations = |location: &&Value| {
            let references = location["services"].as_array().unwrap().iter().filter(is_public);
            let relation = |reference: &Value| {
                json!({ "officeId": number(&location["id"]),
                        "serviceId": number(&reference["service"]), "slots": 1 })
            };
            references.map(relation).collect::<Vec<_>>()
        };
        let services: Vec<&Value> = services.as_array().unwrap().iter().filter(is_public).collect();
        let service =
            |service: &&Value| json!({ "id": number(&service["id"]), "name": service["name"] });
        let known: Vec<Value> = services.iter().map(service).collect();
        let about_known =
            |relation: &Value| known.iter().any(|service| service["id"] == relation["serviceId"]);
        json!({
            "offices": locations.iter().map(office).collect::<Vec<_>>(),
            "relations": locations.iter().flat_map(relations).filter(about_known).collect::<Vec<_>>(),
            "services": known,
        })
    }

    #[test]
    fn several_offices_become_their_kind_and_number() {
        let office = |(name, street): &(&str, &str)| Authority {
            street: Some((*street).to_owned()),
            phone: Some("115".to_owned()),
            ..Authority::named(*name)
        };
        let joint_of = |offices: &[(&str, &str)]| {
            joint(&offices.iter().map(office).collect::<Vec<_>>()).unwrap()
        };
        let name = |offices: &[(&str, &str)]| joint_of(offices).name;
        let three =
            [("Bürgeramt Nord", "A 1"), ("Bürgeramt Nord", "A 1"), ("Bürgeramt Ost", "B 2")];
        assert_eq!(name(&three), "Bürgeramt (2 Standorte)");
        assert_eq!(joint_of(&three).phone.as_deref(), Some("115"));
        assert_eq!(joint_of(&three).address(), None);
        assert_eq!(joint_of(&three[..2]), office(&three[0]));
        assert_eq!(
            name(&[("Amt für Boote", "A"), ("Bootsverleih", "B"), ("Amt für Kähne", "C")]),
            "Amt (2 Standorte), Bootsverleih"
        );
        assert_eq!(
            name(&[("Wache 1 - Mitte", "A"), ("Wache 1 - Ost", "B")]),
            "Wache 1 (2 Standorte)"
        );
        assert_eq!(joint(&[]), None);
    }

    #[test]
    fn what_is_no_answer_is_said_so() {
        let reason = |answer: Value| import(&answer).unwrap_err().to_string();
        assert!(reason(json!({ "offices": [], "services": [] })).contains("»relations« fehlt"));
        assert!(reason(json!([])).contains("»offices« fehlt"));
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), "\u{feff}{\n\"offices\": ").unwrap();
        let error = read(file.path(), RegionKey::GERMANY, &mut Collected::default()).unwrap_err();
        assert!(error.to_string().contains("kein gültiges JSON (Zeile 2"), "{error}");
        let missing =
            read(Path::new("/nirgends/x.json"), RegionKey::GERMANY, &mut Collected::default());
        assert!(matches!(missing, Err(ImportError::Io { .. })));
    }
}
