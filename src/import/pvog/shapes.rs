//! The JSON of the Suchdienst, as users of it recorded it, and what is made of it.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use time::Date;

use crate::{
    catalog::{authority::Authority, hours::OpeningHours},
    ids::{LeikaKey, RegionKey},
    import::{
        plain::{at_most, lines, plain},
        raw::{day, or_default, scalar},
        record::{Claim, Record, SourceLink, Texts},
    },
};

/// Longest summary, fee or duration, in characters.
const MAX_TEXT: usize = 300;
/// Longest id, in characters; that of a [`Record`].
const MAX_ID: usize = 30;
/// Addresses that only work inside the register.
const INTERNAL: &str = "http://portal/";

/// An answer as [`fetch`](super::fetch) stores it, with what it answers.
#[derive(Serialize)]
pub(super) struct Stored<'a, A> {
    /// The region that was asked for.
    pub ars: RegionKey,
    #[serde(flatten)]
    pub asked: Asked<'a>,
    /// When, as RFC 3339 says it.
    pub fetched: String,
    /// The answer, unchanged; for descriptions the list of its pages.
    pub answer: A,
}

/// What was asked for.
#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Asked<'a> {
    /// The descriptions of services, by their keys.
    Leika(&'a [LeikaKey]),
    /// The offices in charge of a description.
    Service(&'a str),
    /// An office.
    Office(&'a str),
}

/// Any JSON object that can stand in a file of answers; what it is, its keys say.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Object<'a> {
    // As stored by us.
    #[serde(borrow)]
    pub answer: Option<&'a RawValue>,
    #[serde(borrow)]
    pub ars: Option<&'a RawValue>,
    #[serde(deserialize_with = "scalar")]
    pub service: Option<String>,
    #[serde(deserialize_with = "scalar")]
    pub office: Option<String>,
    // A page, or what holds one.
    #[serde(borrow)]
    pub content: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    pub service_descriptions: Option<&'a RawValue>,
    last: Option<bool>,
    total_pages: Option<u64>,
    #[serde(borrow)]
    page: Option<&'a RawValue>,
    // A description.
    #[serde(deserialize_with = "scalar")]
    pub id: Option<String>,
}

/// Where newer versions of Spring put it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PageInfo {
    total_pages: Option<u64>,
}

impl Object<'_> {
    /// Whether no page comes after this one, the `number`th from 0 with at most `size` entries.
    pub fn is_last(&self, number: u64, size: usize) -> bool {
        let entries = self.content.as_ref().map_or(0, Vec::len);
        let page: Option<PageInfo> =
            self.page.and_then(|page| serde_json::from_str(page.get()).ok());
        let pages = self.total_pages.or(page.and_then(|page| page.total_pages));
        match (self.last, pages) {
            _ if entries == 0 => true,
            (Some(last), _) => last,
            (None, Some(pages)) => number + 1 >= pages,
            (None, None) => entries < size,
        }
    }
}

/// The description of a service.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Description {
    #[serde(deserialize_with = "scalar")]
    pub id: Option<String>,
    #[serde(deserialize_with = "scalar")]
    name: Option<String>,
    #[serde(deserialize_with = "scalar")]
    title: Option<String>,
    #[serde(deserialize_with = "or_default")]
    ars: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    leikakeys: Vec<String>,
    #[serde(deserialize_with = "scalar")]
    external_last_update: Option<String>,
    #[serde(deserialize_with = "scalar")]
    last_update: Option<String>,
    #[serde(deserialize_with = "or_default")]
    online_service_links: Vec<Link>,
    #[serde(deserialize_with = "or_default")]
    source_portals: Vec<Link>,
    #[serde(deserialize_with = "or_default")]
    details: Vec<Detail>,
}

/// A link.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Link {
    #[serde(deserialize_with = "scalar")]
    title: Option<String>,
    #[serde(deserialize_with = "scalar")]
    uri: Option<String>,
}

/// A text module; those in [`details`](Self::details) say more of the same.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Detail {
    #[serde(deserialize_with = "scalar")]
    code: Option<String>,
    #[serde(deserialize_with = "scalar")]
    title: Option<String>,
    #[serde(deserialize_with = "scalar")]
    text: Option<String>,
    #[serde(deserialize_with = "or_default")]
    placeholder: bool,
    #[serde(deserialize_with = "scalar")]
    date: Option<String>,
    #[serde(deserialize_with = "or_default")]
    links: Vec<Link>,
    #[serde(deserialize_with = "or_default")]
    details: Vec<Detail>,
}

impl Detail {
    /// Its lines: the text, then what is nested, each with its title in front.
    fn lines(&self) -> Vec<String> {
        let mut found = said(self.text.as_deref());
        for detail in &self.details {
            let title = said(detail.title.as_deref()).join(" ");
            let text = detail.lines();
            match (title.is_empty(), text.is_empty()) {
                (true, _) => found.extend(text),
                (false, true) => found.push(title),
                (false, false) => found.push(format!("{title} – {}", text.join(" "))),
            }
        }
        found
    }
}

/// The lines of a text that says something.
fn said(text: Option<&str>) -> Vec<String> {
    let lines = lines(text.unwrap_or_default());
    let nothing = match &lines[..] {
        [line] => {
            let line = line.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
            ["", "nicht angegeben", "keine angabe", "keine angaben"].contains(&line.as_str())
        }
        _ => false,
    };
    if nothing { Vec::new() } else { lines }
}

/// Whether it is an id that [`Record`] allows; such a one is also a safe name of a file.
pub(super) fn is_id(id: &str) -> bool {
    (1..=MAX_ID).contains(&id.len())
        && !id.starts_with('.')
        && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
}

/// The padded key of a region that may be written short.
fn region(text: &str) -> Option<RegionKey> {
    format!("{:0<12}", text.trim()).parse().ok()
}

impl Description {
    /// The regions the text is written for.
    pub fn regions(&self) -> Vec<RegionKey> {
        let mut regions: Vec<RegionKey> = self.ars.iter().filter_map(|text| region(text)).collect();
        regions.sort();
        regions.dedup();
        regions
    }

    /// Whether the text is written for a place that a region lies in, rather than for its Land.
    pub fn is_written_for(&self, region: RegionKey) -> bool {
        // Berlin and Hamburg are Land and town in one.
        let is_town =
            |key: RegionKey| ["020000000000", "110000000000"].contains(&&*key.to_string());
        let place = |key: &RegionKey| *key != key.land() || is_town(*key);
        self.regions().iter().filter(|key| place(key)).any(|key| region.chain().any(|k| k == *key))
    }

    /// What it says wherever it was found; or why it is no record.
    pub fn record(&self) -> Result<Record, String> {
        let id = self.id.as_deref().unwrap_or_default();
        if id.is_empty() {
            return Err("keine Leistungsbeschreibung: ohne »id«".to_owned());
        }
        if !is_id(id) {
            return Err(format!("»{id}« ist keine Kennung einer Leistungsbeschreibung"));
        }
        let [official, citizens] = ["02", "03"].map(|code| self.lines(code).join(" "));
        let given =
            [&self.name, &self.title].map(|name| plain(name.as_deref().unwrap_or_default()));
        let [name, title] = given;
        let name =
            [citizens, name, title, official.clone()].into_iter().find(|name| !name.is_empty());
        let name = name.ok_or("ohne Namen")?;
        Ok(Record {
            id: id.to_owned(),
            official: Some(official).filter(|official| !official.is_empty() && *official != name),
            name,
            leika: self.leika(),
            ..Record::default()
        })
    }

    /// Its keys, without those that are none.
    fn leika(&self) -> Vec<LeikaKey> {
        let mut keys = Vec::new();
        let parts =
            self.leikakeys.iter().flat_map(|text| text.split(|c: char| !c.is_ascii_digit()));
        for key in parts.filter_map(|part| part.parse().ok()) {
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
        keys
    }

    /// The texts, by their codes: those of the standard XZuFi (list
    /// `urn:de:xzufi:codeliste:leistungstextmodulleika`) and the register's own from 93 on.
    pub fn texts(&self) -> Texts {
        let short = |codes: &[&str], between: &str| {
            let found = codes.iter().map(|code| self.lines(code)).find(|lines| !lines.is_empty());
            found.map(|lines| at_most(&lines.join(between), MAX_TEXT))
        };
        Texts {
            summary: short(&["24", "05", "06"], " "),
            fee: short(&["98"], "; "),
            papers: self.lines("08"),
            deadlines: self.lines("97"),
            duration: short(&["95"], "; "),
            page: self.page(),
            as_of: self.as_of(),
        }
    }

    /// What is online, then forms, then what to read; each address once.
    pub fn links(&self) -> Vec<SourceLink> {
        let online = self.online_service_links.iter().map(|link| (Claim::OnlineService, link));
        let forms = self.module_links("14").map(|link| (Claim::Form, link));
        let more = self.module_links("15").map(|link| (Claim::Information, link));
        let mut links: Vec<SourceLink> = Vec::new();
        for (claim, link) in online.chain(forms).chain(more) {
            let Some(url) = link.address() else { continue };
            if links.iter().all(|known| known.url != url) {
                let title = link.title.as_deref().map(plain).filter(|title| !title.is_empty());
                links.push(SourceLink { claim, url: url.to_owned(), title });
            }
        }
        links
    }

    /// The modules of a code that are filled in.
    fn modules(&self, code: &str) -> impl Iterator<Item = &Detail> {
        self.details
            .iter()
            .filter(move |module| module.code.as_deref() == Some(code) && !module.placeholder)
    }

    fn lines(&self, code: &str) -> Vec<String> {
        self.modules(code).flat_map(Detail::lines).collect()
    }

    fn module_links(&self, code: &str) -> impl Iterator<Item = &Link> {
        self.modules(code).flat_map(|module| {
            module.links.iter().chain(module.details.iter().flat_map(|detail| &detail.links))
        })
    }

    fn page(&self) -> Option<String> {
        self.module_links("94").chain(&self.source_portals).find_map(Link::web_page)
    }

    /// The day of the approval, or else of the last change.
    fn as_of(&self) -> Option<Date> {
        let mut approved = self.modules("93").filter_map(|module| module.date.as_deref());
        approved.find_map(day).or_else(|| {
            let changed = [&self.external_last_update, &self.last_update];
            changed.into_iter().flatten().find_map(|text| day(text))
        })
    }
}

impl Link {
    /// Its address, if anybody outside can use it.
    fn address(&self) -> Option<&str> {
        let url = self.uri.as_deref()?.trim();
        (!url.is_empty() && !url.starts_with(INTERNAL)).then_some(url)
    }

    /// Its address, if a browser shows it.
    fn web_page(&self) -> Option<String> {
        let url = self.address()?;
        ["https://", "http://"].iter().any(|scheme| url.starts_with(scheme)).then(|| url.to_owned())
    }
}

/// An office in the list of those in charge of a description.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct OfficeTitle<'a> {
    #[serde(deserialize_with = "scalar")]
    pub id: Option<String>,
    #[serde(deserialize_with = "scalar")]
    pub title: Option<String>,
    /// A [`Role`]; read only when needed, as old answers had a text here.
    #[serde(borrow)]
    role: Option<&'a RawValue>,
}

/// What an office has to do with a description.
#[derive(Deserialize)]
struct Role {
    code: String,
}

impl OfficeTitle<'_> {
    /// Whether it is the office in charge (role 01), not only one to ask (03).
    pub fn is_responsible(&self) -> bool {
        let role = self.role.and_then(|role| serde_json::from_str(role.get()).ok());
        role.is_some_and(|role: Role| role.code == "01")
    }

    /// Call centres of the Bund stand in the list of every town.
    fn is_call_centre(&self) -> bool {
        let title = self.title.as_deref().unwrap_or_default().to_lowercase().replace('-', "");
        title.contains("hotline") || title.contains("servicecenter")
    }
}

/// The office to name, of those in the list: the first in charge, or else the first.
pub(super) fn chosen<'a, 'b>(offices: &'a [OfficeTitle<'b>]) -> Option<&'a OfficeTitle<'b>> {
    let named =
        |office: &&OfficeTitle| office.id.as_deref().is_some_and(is_id) && !office.is_call_centre();
    let mut candidates = offices.iter().filter(named);
    let first = candidates.clone().next();
    candidates.find(|office| office.is_responsible()).or(first)
}

/// An office.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Office {
    #[serde(deserialize_with = "scalar")]
    pub id: Option<String>,
    #[serde(deserialize_with = "scalar")]
    title: Option<String>,
    #[serde(deserialize_with = "or_default")]
    location: Location,
    #[serde(deserialize_with = "or_default")]
    internet_addresses: Vec<Link>,
    #[serde(deserialize_with = "scalar")]
    opening_hours: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Location {
    #[serde(deserialize_with = "or_default")]
    addresses: Vec<Address>,
    #[serde(deserialize_with = "or_default")]
    communications: Vec<Communication>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Address {
    #[serde(rename = "type", deserialize_with = "scalar")]
    kind: Option<String>,
    #[serde(deserialize_with = "scalar")]
    street: Option<String>,
    #[serde(deserialize_with = "scalar")]
    zip: Option<String>,
    #[serde(deserialize_with = "scalar")]
    city: Option<String>,
}

/// `code` is one of the list `urn:de:xoev:codeliste:erreichbarkeit`.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Communication {
    #[serde(deserialize_with = "scalar")]
    code: Option<String>,
    #[serde(deserialize_with = "scalar")]
    value: Option<String>,
}

impl Office {
    /// In our form. Hours are only taken as text: how the register structures them is not known.
    pub fn authority(&self) -> Authority {
        let text =
            |text: &Option<String>| text.as_deref().map(plain).filter(|text| !text.is_empty());
        // Where one can go, before where one can write to.
        let kinds = ["Besucheranschrift", "Hausanschrift"];
        let addresses = &self.location.addresses;
        let address = kinds
            .iter()
            .find_map(|kind| addresses.iter().find(|found| found.kind.as_deref() == Some(kind)));
        let reached = |code: &str| {
            let mut found = self.location.communications.iter();
            text(&found.find(|entry| entry.code.as_deref() == Some(code))?.value)
        };
        Authority {
            name: text(&self.title).unwrap_or_default(),
            street: address.and_then(|address| text(&address.street)),
            postcode: address.and_then(|address| text(&address.zip)),
            city: address.and_then(|address| text(&address.city)),
            phone: reached("02"),
            email: reached("01").filter(|address| address.contains('@')),
            web: self.internet_addresses.iter().find_map(Link::web_page),
            hours: OpeningHours { spans: Vec::new(), note: text(&self.opening_hours) },
            accessibility: None,
        }
    }
}
