//! The objects of XZuFi, as far as a citizen needs them.
//!
//! Names and paths are those of the standard (2.2, with what 2.1 and 2.3 call otherwise); the text
//! modules have the numbers of the list `urn:de:xzufi:codeliste:leistungstextmodulleika`. Nearly
//! every child may be absent, single or repeated, and is read so.

use rustc_hash::FxHashSet;
use time::{Date, macros::format_description};

use super::{words, xml::Element};
use crate::{
    catalog::{authority::Authority, hours::OpeningHours},
    ids::{LeikaKey, RegionKey},
    import::{
        plain,
        record::{Claim, SourceLink, Texts},
    },
};

/// Longest summary and fee, in characters.
const MAX_TEXT: usize = 300;
/// How many links of an online service or a form are read; real ones have one or two.
const MAX_LINKS: usize = 50;

/// The kinds of objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Kind {
    Leistung,
    Organisationseinheit,
    Onlinedienst,
    Formular,
    Spezialisierung,
    Zustaendigkeit,
}

impl Kind {
    /// By the name of an element in `schreibe` or `antwort`, or the `klasse` of a `loesche`.
    pub(super) fn named(name: &str) -> Option<Self> {
        let name = name.rsplit(':').next().unwrap_or(name).to_lowercase();
        Some(match name.strip_prefix("ergebnis").unwrap_or(&name) {
            "leistung" => Self::Leistung,
            "organisationseinheit" => Self::Organisationseinheit,
            "onlinedienst" => Self::Onlinedienst,
            "formular" => Self::Formular,
            "spezialisierung" | "leistungspezialisierung" | "leistungsspezialisierung" => {
                Self::Spezialisierung
            }
            "zustaendigkeit" | "zustaendigkeittransferobjekt" => Self::Zustaendigkeit,
            _ => return None,
        })
    }

    /// What clerks call it.
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Leistung => "Leistung",
            Self::Organisationseinheit => "Organisationseinheit",
            Self::Onlinedienst => "Onlinedienst",
            Self::Formular => "Formular",
            Self::Spezialisierung => "Spezialisierung",
            Self::Zustaendigkeit => "Zuständigkeit",
        }
    }
}

/// An `Identifikator`: unique only together with the agency that gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Identifikator {
    /// `schemeAgencyID`; empty if there is none.
    pub(super) agency: String,
    /// The id.
    pub(super) id: String,
}

impl Identifikator {
    /// The id an element is; `None` if it is empty.
    pub(super) fn of(element: &Element) -> Option<Self> {
        let id = element.text();
        let agency = element.attribute("schemeAgencyID").unwrap_or_default().trim().to_owned();
        (!id.is_empty()).then_some(Self { agency, id })
    }

    /// The id in a child of an object.
    pub(super) fn in_child(object: &Element, name: &str) -> Option<Self> {
        object.all(name).find_map(Self::of)
    }
}

/// A service as a foreign catalog describes it.
#[derive(Debug)]
pub(super) struct Leistung {
    pub(super) name: String,
    /// Its official name, if that is another.
    pub(super) official: Option<String>,
    pub(super) leika: Vec<LeikaKey>,
    pub(super) says: Vec<String>,
    pub(super) texts: Texts,
    /// Where the text holds.
    pub(super) areas: Areas,
    /// Whether somebody must come or sign on paper.
    pub(super) in_person: bool,
}

impl Leistung {
    /// The service in an element, `None` if it is not valid today; the reason in German if it
    /// cannot be used.
    pub(super) fn read(object: &Element, today: Date) -> Result<Option<Self>, String> {
        if !is_valid(object, today)? {
            return Ok(None);
        }
        let official = text_module(object, "02", today).map(|lines| lines.join(" "));
        let name = text_module(object, "03", today)
            .map(|lines| lines.join(" "))
            .or_else(|| official.clone())
            .ok_or("ohne Leistungsbezeichnung (Textmodule 02 und 03)")?;
        let contexts = modules(object, "modulBegriffImKontext", today);
        let contexts = contexts.iter().flat_map(|module| module.all("begriffImKontext"));
        let says = contexts.filter_map(|context| german(context, "begriff"));
        Ok(Some(Self {
            official: official.filter(|official| *official != name),
            leika: leika_keys(object),
            says: without_repeats(says.filter(|word| *word != name)),
            texts: texts(object, today),
            areas: Areas::read(object, &["gueltigkeitGebietID"]),
            in_person: IN_PERSON.iter().any(|name| object.all(name).any(is_true)),
            name,
        }))
    }
}

/// Marks of a service that cannot be done wholly online: the written form by law (2.2; in 2.3 that
/// of the form) and the need to come (2.3).
const IN_PERSON: [&str; 4] = [
    "kennzeichenSchriftformerfordernis",
    "kennzeichenFormularSchriftformerfordernis",
    "kennzeichenFormularPersoenlich",
    "kennzeichenPersoenlich",
];

/// Texts of a service that hold in a part of its area.
#[derive(Debug)]
pub(super) struct Spezialisierung {
    pub(super) leistung: Identifikator,
    pub(super) areas: Areas,
    pub(super) texts: Texts,
}

impl Spezialisierung {
    /// The texts in an element, `None` if they are not valid today; the reason in German if they
    /// cannot be used.
    pub(super) fn read(object: &Element, today: Date) -> Result<Option<Self>, String> {
        if !is_valid(object, today)? {
            return Ok(None);
        }
        let leistung = Identifikator::in_child(object, "leistungID").ok_or("ohne Leistung")?;
        let areas = Areas::read(object, &["gueltigkeitGebietID", "gebietID"]).not_empty()?;
        Ok(Some(Self { leistung, areas, texts: texts(object, today) }))
    }
}

/// An office.
#[derive(Debug)]
pub(super) struct Office {
    pub(super) authority: Authority,
    /// Whether it only answers questions, for whatever it is named.
    pub(super) hotline: bool,
}

impl Office {
    /// The office in an element; the reason in German if it cannot be used.
    pub(super) fn read(object: &Element) -> Result<Self, String> {
        let authority = authority(object)?;
        let name = authority.name.to_lowercase().replace(['-', ' '], "");
        let hotline = ["hotline", "servicecenter"].iter().any(|word| name.contains(word));
        Ok(Self { authority, hotline })
    }
}

fn authority(object: &Element) -> Result<Authority, String> {
    let name = object.all("name").find_map(|name| match name.first("name") {
        Some(_) => german(name, "name"),
        None => german_of(&[name]),
    });
    let mut authority = Authority::named(name.ok_or("ohne Namen")?);
    if let Some(address) = object
        .all("anschrift")
        .filter_map(|address| Some((address_rank(address)?, address)))
        .min_by_key(|(rank, _)| *rank)
        .map(|(_, address)| address)
    {
        let part = |name| address.first(name).map(|part| plain::plain(&part.text()));
        let part = |name| part(name).filter(|part| !part.is_empty());
        let house = part("hausnummer").map(|number| format!(" {number}")).unwrap_or_default();
        authority.street = part("strasse").map(|street| street + &house);
        authority.postcode = part("postleitzahl")
            .filter(|code| code.len() == 5 && code.bytes().all(|byte| byte.is_ascii_digit()));
        authority.city = part("ort");
    }
    for entry in object.all("kommunikation") {
        add_contact(&mut authority, entry);
    }
    if authority.web.is_none() {
        authority.web = object.all("internetadresse").find_map(link_url).filter(|url| is_web(url));
    }
    // The text rather than what is structured for machines.
    let mut hours: Vec<_> = object
        .elements()
        .filter(|element| element.name.to_lowercase().contains("oeffnungszeit"))
        .collect();
    hours.sort_by_key(|element| !element.name.ends_with("Text"));
    let hours = hours.into_iter().find_map(|element| german_of(&[element]));
    authority.hours = OpeningHours { note: hours, ..OpeningHours::default() };
    Ok(authority)
}

/// Which of an office's addresses to show, by `urn:xoev-de:fim:codeliste:xzufi.anschrifttyp`: the
/// visitors' (002), then that of the house (001), then one with a street; never a post office box
/// (003), a bulk receiver (004) or a delivery entrance (005).
fn address_rank(address: &Element) -> Option<u8> {
    let has = |name| address.first(name).is_some_and(|part| !part.text().is_empty());
    let kind = address.first("typ").and_then(Element::code).unwrap_or_default().to_lowercase();
    match kind.as_str() {
        "003" | "004" | "005" | "lieferanschrift" => None,
        kind if kind.contains("postfach") => None,
        "002" | "besucheranschrift" if has("strasse") || has("ort") => Some(0),
        "001" | "hausanschrift" if has("strasse") || has("ort") => Some(1),
        _ => has("strasse").then_some(2),
    }
}

/// Adds a way to reach an office. The address tells what it is (channels are numbers by
/// `urn:de:xoev:codeliste:erreichbarkeit` or words), but for fax (04) and De-Mail (08).
fn add_contact(authority: &mut Authority, entry: &Element) {
    let channel = entry.first("kanal").and_then(Element::code).unwrap_or_default().to_lowercase();
    let address = entry.first("kennung").map(|address| plain::plain(&address.text()));
    let Some(address) = address.filter(|address| !address.is_empty()) else { return };
    if matches!(channel.as_str(), "04" | "08")
        || ["fax", "de-mail"].iter().any(|c| channel.contains(c))
    {
        return;
    }
    let digits = address.bytes().filter(u8::is_ascii_digit).count();
    let field = if is_web(&address) || address.starts_with("www.") {
        &mut authority.web
    } else if address.contains('@') {
        &mut authority.email
    } else if digits >= 3 && !address.chars().any(char::is_alphabetic) {
        &mut authority.phone
    } else {
        return;
    };
    field.get_or_insert(address);
}

/// An online service or a form: where it is found.
#[derive(Debug)]
pub(super) struct Angebot {
    /// Empty if it is not valid today.
    pub(super) links: Vec<SourceLink>,
}

impl Angebot {
    /// The online service or form in an element; the reason in German if it cannot be used.
    pub(super) fn read(object: &Element, kind: Kind, today: Date) -> Result<Self, String> {
        let name = german(object, "bezeichnung").or_else(|| german(object, "name"));
        let mut entries: Vec<(u8, &Element)> = ["link", "url", "uri"]
            .iter()
            .flat_map(|name| object.all(name))
            .filter_map(|entry| Some((language_rank(entry)?, entry)))
            .take(MAX_LINKS)
            .collect();
        entries.sort_by_key(|(rank, _)| *rank);
        let mut links: Vec<SourceLink> = Vec::new();
        for (_, entry) in entries {
            let Some(url) = link_url(entry) else { continue };
            let title = name.clone().or_else(|| german(entry, "titel"));
            if links.iter().all(|link| link.url != url) {
                links.push(SourceLink { claim: claim(entry, kind), url, title });
            }
        }
        if links.is_empty() {
            return Err("ohne Link (deutsch oder ohne Angabe der Sprache)".to_owned());
        }
        if !is_valid(object, today)? {
            links.clear();
        }
        Ok(Self { links })
    }
}

/// What a link of an online service or a form is for. Type 01 of
/// `urn:xoev-de:fim:codeliste:onlinedienstlinktyp` is the service itself.
fn claim(entry: &Element, kind: Kind) -> Claim {
    match (kind, entry.first("typ").and_then(Element::code).as_deref()) {
        (Kind::Formular, _) => Claim::Form,
        (_, None | Some("01")) => Claim::OnlineService,
        _ => Claim::Information,
    }
}

/// The address in a `link` or `HyperlinkErweitert`.
fn link_url(entry: &Element) -> Option<String> {
    let inner = ["link", "uri", "url"].iter().find_map(|name| entry.first(name));
    Some(inner.unwrap_or(entry).text()).filter(|url| !url.is_empty())
}

/// In which role an office is in charge; the smaller, the more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rolle {
    /// 01, zuständige Stelle.
    Zustaendig,
    /// Not given.
    Unbekannt,
    /// 02, 03 (Ansprechpunkt) and others.
    Weitere,
}

/// Who or what is there for a service in some areas.
#[derive(Debug)]
pub(super) struct Zustaendigkeit {
    pub(super) leistungen: Vec<Identifikator>,
    pub(super) areas: Areas,
    pub(super) rolle: Rolle,
}

impl Zustaendigkeit {
    /// The Zuständigkeit in an element, `None` if it is not valid today; the reason in German if it
    /// cannot be used.
    pub(super) fn read(object: &Element, today: Date) -> Result<Option<Self>, String> {
        if !is_valid(object, today)? {
            return Ok(None);
        }
        let leistungen: Vec<_> = object.all("leistungID").filter_map(Identifikator::of).collect();
        if leistungen.is_empty() {
            return Err("ohne Leistung".to_owned());
        }
        let areas = Areas::read(object, &["gebietID"]).not_empty()?;
        let rolle = match object.first("rolle").and_then(Element::code).as_deref() {
            Some("01") => Rolle::Zustaendig,
            Some(_) => Rolle::Weitere,
            None => Rolle::Unbekannt,
        };
        Ok(Some(Self { leistungen, areas, rolle }))
    }
}

/// The regions an object names.
#[derive(Debug)]
pub(super) struct Areas {
    /// In order, each once.
    pub(super) regions: Vec<RegionKey>,
    /// Why the other ones cannot be used.
    pub(super) faults: Vec<String>,
}

impl Areas {
    fn read(object: &Element, names: &[&str]) -> Self {
        let mut areas = Self { regions: Vec::new(), faults: Vec::new() };
        for element in names.iter().flat_map(|name| object.all(name)) {
            match area(&element.text()) {
                Ok(region) => areas.regions.push(region),
                Err(fault) => areas.faults.push(fault),
            }
        }
        areas.regions.sort_unstable();
        areas.regions.dedup();
        areas
    }

    /// Whether it is all about one region.
    pub(super) fn is_one(&self) -> bool {
        self.regions.len() + self.faults.len() == 1
    }

    fn not_empty(mut self) -> Result<Self, String> {
        if self.regions.is_empty() {
            return Err(self.faults.pop().unwrap_or_else(|| "ohne Gebiet".to_owned()));
        }
        Ok(self)
    }
}

/// The region of a key: an ARS, cut at one of its levels (Land 2, Regierungsbezirk 3, Kreis 5,
/// Gemeindeverband 9, Gemeinde 12 digits) or filled with zeros. Eight digits are an AGS, which says
/// where a Land or a Kreis is, but not in which Verband a Gemeinde lies. Other lengths have lost
/// a zero somewhere and could be another place.
fn area(text: &str) -> Result<RegionKey, String> {
    let unknown = || {
        let text: String = text.chars().take(40).collect();
        format!("unbekannter Regionalschlüssel »{text}«")
    };
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(unknown());
    }
    if text.len() <= 12 && text.bytes().all(|byte| byte == b'0') {
        return Ok(RegionKey::GERMANY);
    }
    let digits = match text.len() {
        2 | 3 | 5 | 9 | 12 => text,
        8 if text.ends_with("000") => &text[..5],
        8 => {
            return Err(format!(
                "»{text}« ist ein Gemeindeschlüssel (AGS), gebraucht wird der Regionalschlüssel"
            ));
        }
        _ => return Err(unknown()),
    };
    if !("01".."17").contains(&&digits[..2]) {
        return Err(unknown());
    }
    format!("{digits:0<12}").parse().map_err(|_| unknown())
}

/// The keys of the federal catalog: 14 digits each, alone, as URN or several in one text.
fn leika_keys(object: &Element) -> Vec<LeikaKey> {
    let mut keys = Vec::new();
    for name in ["referenzLeiKa", "referenzLeistungsschluessel"] {
        for text in object.all(name).filter_map(Element::code) {
            let numbers = text.split(|c: char| !c.is_ascii_digit());
            keys.extend(numbers.filter_map(|number| number.parse::<LeikaKey>().ok()));
        }
    }
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// What the text modules of a service (or of a specialisation) say.
fn texts(object: &Element, today: Date) -> Texts {
    let summary = ["24", "05", "06"].iter().find_map(|code| text_module(object, code, today));
    Texts {
        summary: summary.map(|lines| plain::at_most(&lines.join(" "), MAX_TEXT)),
        fee: modules(object, "modulKosten", today)
            .into_iter()
            .find_map(|module| words::fee(module).or_else(|| german(module, "beschreibung")))
            .map(|fee| plain::at_most(&fee, MAX_TEXT)),
        papers: text_module(object, "08", today).unwrap_or_else(|| documents(object, today)),
        deadlines: deadlines(object, today),
        duration: modules(object, "modulBearbeitungsdauer", today).into_iter().find_map(|module| {
            let spans = module.all("bearbeitungsdauer").filter_map(words::span);
            let parts: Vec<String> = spans.chain(german(module, "beschreibung")).collect();
            (!parts.is_empty()).then(|| plain::at_most(&parts.join(" – "), MAX_TEXT))
        }),
        page: page(object, today),
        as_of: as_of(object, today),
    }
}

/// The papers to hand in, where they are told apart.
fn documents(object: &Element, today: Date) -> Vec<String> {
    let mut papers = Vec::new();
    for module in modules(object, "modulDokument", today) {
        papers.extend(module.all("dokumentEingehend").filter_map(|paper| {
            let kind = || ["typ", "art"].iter().find_map(|name| paper.first(name));
            let label = || {
                let kind = kind()?;
                let label = kind.first("nichtGelisteterWert").or_else(|| kind.first("name"))?;
                german_of(&[label])
            };
            german(paper, "bezeichnung").or_else(|| german(paper, "beschreibung")).or_else(label)
        }));
        if papers.is_empty() {
            // 2.3 tells the papers to hand in from those to get, 2.2 does not.
            for name in ["beschreibungEingehend", "beschreibung"] {
                papers.extend(
                    german_lines(&module.all(name).collect::<Vec<_>>()).unwrap_or_default(),
                );
            }
        }
    }
    without_repeats(papers)
}

fn deadlines(object: &Element, today: Date) -> Vec<String> {
    let mut deadlines = Vec::new();
    for module in modules(object, "modulFrist", today) {
        for entry in module.all("frist") {
            let kind = entry.first("typ").and_then(|kind| kind.first("name"));
            let span = words::span(entry).map(|span| match kind.map(Element::text) {
                Some(kind) => format!("{kind}: {span}"),
                None => span,
            });
            let parts: Vec<String> =
                span.into_iter().chain(german(entry, "beschreibung")).collect();
            deadlines.push(parts.join(" – "));
        }
        let lines = german_lines(&module.all("beschreibung").collect::<Vec<_>>());
        deadlines.extend(lines.unwrap_or_default());
    }
    deadlines.retain(|deadline| !deadline.is_empty());
    without_repeats(deadlines)
}

/// The page of the source: a web address of a public portal, without gaps to be filled.
fn page(object: &Element, today: Date) -> Option<String> {
    let portals = modules(object, "modulUrsprungsportal", today);
    let mut portals: Vec<_> =
        portals.into_iter().filter_map(|portal| Some((language_rank(portal)?, portal))).collect();
    portals.sort_by_key(|(rank, _)| *rank);
    portals
        .into_iter()
        .filter_map(|(_, portal)| Some(portal.first("uri")?.text()))
        .find(|url| is_web(url) && !url.starts_with("http://portal/") && !url.contains('{'))
}

/// When the text was approved, or else changed.
fn as_of(object: &Element, today: Date) -> Option<Date> {
    let approved = modules(object, "modulFachlicheFreigabe", today)
        .into_iter()
        .filter_map(|module| day(module.first("fachlichFreigegebenAm")?))
        .max();
    let versions = ["versionsinformation", "versionsinformationen"];
    approved.or_else(|| {
        let mut versions = versions.iter().flat_map(|name| object.all(name));
        versions.find_map(|version| day(version.first("geaendertDatumZeit")?))
    })
}

/// The modules of a name that hold today; those for every channel (2.3) come first.
fn modules<'a>(object: &'a Element, name: &str, today: Date) -> Vec<&'a Element> {
    let mut modules: Vec<_> =
        object.all(name).filter(|module| is_valid(module, today).unwrap_or(true)).collect();
    modules.sort_by_key(|module| {
        let channel = module.first("zugangskanal").and_then(Element::code);
        channel.is_some_and(|channel| channel != "000")
    });
    modules
}

/// The lines of the text module with this code; `None` if it says nothing in German.
fn text_module(object: &Element, code: &str, today: Date) -> Option<Vec<String>> {
    modules(object, "modulText", today)
        .into_iter()
        .filter(|module| {
            module.first("leikaTextmodul").and_then(Element::code).as_deref() == Some(code)
        })
        .find_map(|module| german_lines(&module.all("inhalt").collect::<Vec<_>>()))
}

/// The German text among the children of a name, in one line.
pub(super) fn german(parent: &Element, name: &str) -> Option<String> {
    german_of(&parent.all(name).collect::<Vec<_>>())
}

fn german_of(versions: &[&Element]) -> Option<String> {
    german_lines(versions).map(|lines| lines.join(" "))
}

/// The German one among the versions of a text, line by line; "nicht angegeben" is nothing.
fn german_lines(versions: &[&Element]) -> Option<Vec<String>> {
    let mut versions: Vec<_> =
        versions.iter().filter_map(|text| Some((language_rank(text)?, text))).collect();
    versions.sort_by_key(|(rank, _)| *rank);
    versions.into_iter().map(|(_, text)| plain::lines(&text.text())).find(
        |lines| match &lines[..] {
            [] => false,
            [line] => line.trim_end_matches('.').to_lowercase() != "nicht angegeben",
            _ => true,
        },
    )
}

/// The smaller, the better for a reader of German; `None` for other languages. Variants of German
/// ("de-x-leicht") are not what an office answers for and come last.
fn language_rank(text: &Element) -> Option<u8> {
    let Some(language) = text.attribute("languageCode") else { return Some(1) };
    match language.trim().to_lowercase().replace('_', "-").as_str() {
        "de" | "de-de" => Some(0),
        "" => Some(1),
        language if language.starts_with("de-") => Some(2),
        _ => None,
    }
}

/// Whether today lies in one of the periods an object is valid in; without any it always is.
fn is_valid(object: &Element, today: Date) -> Result<bool, String> {
    let mut limited = false;
    for period in object.all("gueltigkeit") {
        let limit = |name: &str| match period.first(name).map(|limit| (limit, limit.text())) {
            Some((limit, text)) if !text.is_empty() => {
                let text: String = text.chars().take(40).collect();
                day(limit).map(Some).ok_or_else(|| format!("ungültiges Datum »{text}«"))
            }
            _ => Ok(None),
        };
        let (begin, end) = (limit("beginn")?, limit("ende")?);
        if begin.is_none_or(|begin| begin <= today) && end.is_none_or(|end| today <= end) {
            return Ok(true);
        }
        limited = true;
    }
    Ok(!limited)
}

/// The day of a date or a point of time.
pub(super) fn day(element: &Element) -> Option<Date> {
    let text = element.text();
    Date::parse(text.get(..10)?, format_description!("[year]-[month]-[day]")).ok()
}

fn is_true(element: &Element) -> bool {
    matches!(element.text().as_str(), "true" | "1")
}

fn is_web(address: &str) -> bool {
    ["http://", "https://"].iter().any(|scheme| {
        address.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    })
}

pub(super) fn without_repeats(lines: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut seen = FxHashSet::default();
    lines.into_iter().filter(|line| seen.insert(line.clone())).collect()
}
