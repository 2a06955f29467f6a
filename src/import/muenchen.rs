//! München's catalog of services (Dienstleistungsfinder), in the three shapes it is given out in:
//!
//! - the export of the appointment system (ZMS): `services_de.json`, `{data: […], meta}`, with
//!   `locations_de.json` beside it;
//! - the raw form of that export (SADB): `{services: […], locations: […]}`, with `fields`;
//! - a list of full articles, as `/service/rs/befi/services/{id}/description/` gives them.
//!
//! They name the same things by different keys that do not clash, so one code reads all three.
//!
//! Only the full article has the field `ONLINE_SERVICE`. The export leaves it out, and its
//! `onlineprocessing.link` is in truth the page for appointments. So of an exported service only what
//! its text and links say is known; their silence says nothing ([`Evidence::described`]).
//!
//! Sources: it-at-m/eappointment, `docs/en/operations/dldb-interface-documentation.md` and
//! `zmsdldb/src/Zmsdldb/Transformers/Munich.php`; it-at-m/dienstleistungsfinder-ki,
//! `indexer/src/{data_models,transform}.py`.

mod evidence;

use std::{
    collections::{HashMap, HashSet},
    path::Path,
};

use serde_json::Value;
use time::{Date, OffsetDateTime, format_description::well_known::Iso8601};
use url::Url;

use self::evidence::{anchors, claim, is_form_server, said};
use super::{
    availability::may_be_sent,
    plain::{at_most, lines, plain},
    record::{Claim, Evidence, ImportError, Intake, Local, Record, SourceLink, Texts},
    zms::{authority, identity, joint, json, position, text},
};
use crate::{
    catalog::authority::Authority,
    ids::{LeikaKey, RegionKey},
};

/// The export's file of services, looked for in a directory.
const SERVICES: &str = "services_de.json";
/// The export's file of offices, looked for beside the services.
const LOCATIONS: &str = "locations_de.json";
/// Longest summary, fee or reason, in characters.
const MAX_TEXT: usize = 300;
/// Where the city's pages about its services are.
const PAGES: (&str, &str) = ("stadt.muenchen.de", "/service/info/");

/// Reads the catalog: `path` is its file, or the directory that holds `services_de.json`. Offices come from
/// the file itself or from `locations_de.json` beside it, which need not be there.
///
/// # Errors
/// If a file cannot be read, is no JSON, or has none of the three shapes.
pub fn read(path: &Path, region: RegionKey, intake: &mut dyn Intake) -> Result<(), ImportError> {
    let path = if path.is_dir() { path.join(SERVICES) } else { path.to_owned() };
    let file = path.display().to_string();
    let root = json(&path)?;
    let entries = entries(&root)
        .ok_or_else(|| malformed(&file, "weder Leistungen (»data«, »services«) noch Artikel"))?;
    if entries.iter().any(|entry| entry.get("services").is_some()) {
        return Err(malformed(&file, "enthält Stellen; gebraucht wird die Datei der Leistungen"));
    }
    let beside = match path.with_file_name(LOCATIONS) {
        path if path.exists() => json(&path)?,
        _ => Value::Null,
    };
    let offers = Offers::of(list(root.get("locations").unwrap_or(&beside)));
    let pages = pages(entries);

    let mut seen = HashSet::new();
    for (at, entry) in entries.iter().enumerate() {
        match record(entry, region, &offers, &pages, &mut seen) {
            Ok(record) => intake.record(record),
            Err(reason) => {
                let label = text(entry, "id").unwrap_or_else(|| position(at));
                intake.reject(&file, &label, reason);
            }
        }
    }
    Ok(())
}

fn malformed(file: &str, reason: &str) -> ImportError {
    ImportError::Malformed { file: file.to_owned(), reason: reason.to_owned() }
}

/// The services, in whichever shape.
fn entries(root: &Value) -> Option<&[Value]> {
    [Some(root), root.get("data"), root.get("services")]
        .into_iter()
        .flatten()
        .find_map(Value::as_array)
        .map(Vec::as_slice)
}

fn list(value: &Value) -> &[Value] {
    value.get("data").unwrap_or(value).as_array().map_or(&[], Vec::as_slice)
}

fn record(
    entry: &Value,
    region: RegionKey,
    offers: &Offers,
    pages: &HashMap<String, String>,
    seen: &mut HashSet<String>,
) -> Result<Record, &'static str> {
    let (id, name) = identity(entry)?;
    if !is_public(entry) {
        return Err("nicht öffentlich");
    }
    if text(entry, "language").is_some_and(|language| language != "de") {
        return Err("nicht auf Deutsch");
    }
    let offices = offers.of_service(&id)?;
    let texts = texts(entry, own_page(entry).or_else(|| pages.get(&id).cloned()));
    let evidence = evidence(entry, &id, &name);
    let silent = Texts { page: None, as_of: None, ..texts.clone() } == Texts::default();
    if silent && offices.is_empty() && evidence.links.iter().all(|l| l.claim == Claim::Appointment)
    {
        return Err("weder Beschreibung noch Stelle");
    }
    if !seen.insert(id.clone()) {
        return Err("Kennung kommt mehrfach vor");
    }
    Ok(Record {
        leika: leika(entry),
        says: says(entry, &name),
        texts,
        local: vec![Local {
            regions: vec![region],
            evidence,
            authority: joint(offices),
            texts: None,
        }],
        id,
        name,
        ..Record::default()
    })
}

/// Whether the city publishes a service or (of a location) a reference to one. `ZMS_INTERN`
/// overrides `public`.
fn is_public(entry: &Value) -> bool {
    match field(entry, &["ZMS_INTERN"]).and_then(|field| field.get("value")?.as_bool()) {
        Some(internal) => !internal,
        None => entry.get("public").and_then(Value::as_bool).unwrap_or(true),
    }
}

/// The field of the raw form or of an article that has one of these names or ids.
fn field<'a>(entry: &'a Value, names: &[&str]) -> Option<&'a Value> {
    let is_it =
        |key: Option<&Value>| key.and_then(Value::as_str).is_some_and(|key| names.contains(&key));
    let fields = entry.get("fields")?.as_array()?;
    fields.iter().find(|field| is_it(field.get("name")) || is_it(field.get("id")))
}

/// The lines of the field that has one of these names or ids.
fn field_lines(entry: &Value, names: &[&str]) -> Vec<String> {
    field(entry, names).and_then(|field| field.get("value")?.as_str()).map_or(vec![], lines)
}

fn html<'a>(entry: &'a Value, key: &str) -> &'a str {
    entry.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn texts(entry: &Value, page: Option<String>) -> Texts {
    let short = |text: String| Some(at_most(&text, MAX_TEXT)).filter(|text| !text.is_empty());
    let own_summary = field_lines(entry, &["SUMMARY", "sf1"]).join(" ");
    let summary =
        if own_summary.is_empty() { plain(html(entry, "description")) } else { own_summary };
    let mut fee = lines(html(entry, "fees"));
    fee.extend(field_lines(entry, &["GEBUEHRENRAHMEN", "sf16"]));
    Texts {
        summary: short(summary),
        fee: short(one_line(&fee)),
        papers: field_lines(entry, &["sf6"]),
        duration: short(one_line(&field_lines(entry, &["sf18"]))),
        page,
        as_of: as_of(entry),
        ..Texts::default()
    }
}

/// Lines joined by "; ", but by a space after a line that ends with a mark of its own ("Gebühr:").
fn one_line(lines: &[String]) -> String {
    lines.iter().fold(String::new(), |mut text, line| {
        if !text.is_empty() {
            text.push_str(if text.ends_with([':', '.', ',']) { " " } else { "; " });
        }
        text + line
    })
}

/// The day of the last change; articles give it as milliseconds since 1970.
fn as_of(entry: &Value) -> Option<Date> {
    let changed = entry.pointer("/meta/lastupdate").or_else(|| entry.get("lastModification"))?;
    match changed {
        Value::String(time) => Date::parse(time.get(..10)?, &Iso8601::DATE).ok(),
        Value::Number(ms) => {
            OffsetDateTime::from_unix_timestamp(ms.as_i64()? / 1000).ok().map(OffsetDateTime::date)
        }
        _ => None,
    }
}

/// The keys in a string such as "99036008007003, 99036008007004"; whatever else it holds is passed
/// over.
fn leika(entry: &Value) -> Vec<LeikaKey> {
    let Some(given) = text(entry, "leika").or_else(|| text(entry, "leikaId")) else {
        return vec![];
    };
    let mut keys = Vec::new();
    for part in given.split([',', ';', '|', '/']) {
        // Either one key, perhaps written in groups, or several with spaces between.
        let joined: String = part.chars().filter(char::is_ascii_digit).collect();
        let words = part.split(|c: char| !c.is_ascii_digit());
        for key in std::iter::once(joined.as_str()).chain(words).filter_map(|key| key.parse().ok())
        {
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
    }
    keys
}

/// Search words, without the name itself and without repetitions.
fn says(entry: &Value, name: &str) -> Vec<String> {
    let keywords = plain(entry.pointer("/meta/keywords").and_then(Value::as_str).unwrap_or(""));
    let synonyms = entry.get("synonyms").map_or(&[][..], list);
    let words = keywords.split(',').map(|word| word.trim().to_owned());
    let words = words.chain(synonyms.iter().filter_map(Value::as_str).map(plain));
    let mut seen = HashSet::from([name.to_lowercase(), String::new()]);
    words.filter(|word| seen.insert(word.to_lowercase())).collect()
}

fn evidence(entry: &Value, id: &str, name: &str) -> Evidence {
    let description = lines(html(entry, "description"));
    let said = said(name, &description);
    let form_may_be_sent = may_be_sent(&description.join(" "));
    let is_article = entry.get("publicUrl").is_some();
    // An export may be silent because it lacks ONLINE_SERVICE; an article is not.
    let tells_how = said.declared.is_some() || said.in_person || form_may_be_sent.is_some();
    Evidence {
        described: tells_how || (is_article && !description.is_empty()),
        declared: said.declared,
        links: source_links(entry, id, name),
        form_may_be_sent,
        in_person_needed: said.in_person,
        reason: said.reason.map(|reason| at_most(&reason, MAX_TEXT)),
        ..Evidence::default()
    }
}

/// The links, each address once, the most telling first; of pages for appointments only one.
fn source_links(entry: &Value, id: &str, name: &str) -> Vec<SourceLink> {
    let mut links: Vec<SourceLink> = Vec::new();
    let mut add = |claim: Claim, title: String, url: String| {
        let known = links.iter().any(|link| {
            link.url == url || (claim == Claim::Appointment && link.claim == Claim::Appointment)
        });
        if !known && web_address(&url).is_some() {
            let title = Some(title).filter(|title| !title.is_empty());
            links.push(SourceLink { claim, url, title });
        }
    };
    if let Some(url) = entry.get("appointment").and_then(|page| text(page, "link")) {
        add(Claim::Appointment, String::new(), url.replace("{serviceId}", id));
    }
    let online = field(entry, &["ONLINE_SERVICE"]);
    for (title, url) in online.map_or(vec![], |field| labelled(field, "values", "label", "uri")) {
        let known = web_address(&url).and_then(|url| claim(name, &title, &url));
        let is_online = known != Some(Claim::Appointment);
        add(if is_online { Claim::OnlineService } else { Claim::Appointment }, title, url);
    }
    for (title, url) in raw_links(entry) {
        if let Some(claim) = web_address(&url).and_then(|url| claim(name, &title, &url)) {
            add(claim, title, url);
        }
    }
    for (title, url) in anchors(html(entry, "description")) {
        // What a text links to in passing is left out, unless it is an application; there a title
        // such as "online" is not enough, it may be about anything the sentence mentions.
        let target = web_address(&url).filter(is_form_server);
        if target.and_then(|url| claim(name, &title, &url)) == Some(Claim::OnlineService) {
            add(Claim::OnlineService, title, url);
        }
    }
    links.sort_by_key(|link| link.claim);
    links
}

/// Title and address of what the entry lists as links and forms, in all shapes.
fn raw_links(entry: &Value) -> Vec<(String, String)> {
    let mut links = labelled(entry, "links", "name", "link");
    links.extend(labelled(entry, "forms", "name", "link"));
    for field in entry.get("fields").and_then(Value::as_array).into_iter().flatten() {
        links.extend(labelled(field, "values", "label", "uri"));
    }
    links
}

fn labelled(entry: &Value, list: &str, title: &str, url: &str) -> Vec<(String, String)> {
    let links = entry.get(list).and_then(Value::as_array).into_iter().flatten();
    links
        .filter_map(|link| Some((text(link, title).unwrap_or_default(), text(link, url)?)))
        .collect()
}

/// An address a browser may be sent to: http or https, without user name and password.
fn web_address(url: &str) -> Option<Url> {
    let url = Url::parse(url).ok()?;
    let anonymous = url.username().is_empty() && url.password().is_none();
    (anonymous && matches!(url.scheme(), "http" | "https")).then_some(url)
}

/// The page of a full article.
fn own_page(entry: &Value) -> Option<String> {
    text(entry, "publicUrl").filter(|url| web_address(url).is_some())
}

/// The city's page about each service, where any of the services links to it.
fn pages(entries: &[Value]) -> HashMap<String, String> {
    let ids: HashSet<String> = entries.iter().filter_map(|entry| text(entry, "id")).collect();
    let mut pages = HashMap::new();
    for entry in entries {
        let links = raw_links(entry).into_iter().chain(anchors(html(entry, "description")));
        for mut url in links.filter_map(|(_, url)| web_address(&url)) {
            if url.host_str() != Some(PAGES.0) || !url.path().starts_with(PAGES.1) {
                continue;
            }
            url.set_fragment(None);
            let id =
                url.path_segments().and_then(|mut parts| parts.find(|part| ids.contains(*part)));
            if let Some(id) = id.map(str::to_owned) {
                pages.entry(id).or_insert_with(|| url.to_string());
            }
        }
    }
    pages
}

/// Which offices do which service.
#[derive(Default)]
struct Offers {
    /// By service; empty if no office does it for the public.
    by_service: HashMap<String, Vec<Authority>>,
}

impl Offers {
    fn of(locations: &[Value]) -> Self {
        let mut offers = Self::default();
        for location in locations {
            let office = authority(location).filter(|_| is_public(location));
            for (list, id) in [("services", "service"), ("extendedServiceReferences", "refId")] {
                let references = location.get(list).and_then(Value::as_array).into_iter().flatten();
                for reference in references {
                    let Some(service) = text(reference, id) else { continue };
                    let offices = offers.by_service.entry(service).or_default();
                    offices.extend(office.clone().filter(|_| is_public(reference)));
                }
            }
        }
        offers
    }

    /// The offices that do a service for the public; none are known of most. A service that all its
    /// offices keep to themselves is internal, whatever its own flag says.
    fn of_service(&self, id: &str) -> Result<&[Authority], &'static str> {
        match self.by_service.get(id) {
            None => Ok(&[]),
            Some(offices) if offices.is_empty() => Err("an keiner Stelle öffentlich"),
            Some(offices) => Ok(offices),
        }
    }
}

#[cfg(test)]
mod tests;
