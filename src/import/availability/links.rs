//! Which links of a source are fit to be shown, and whether they lead where the source says.
//!
//! A link alone proves nothing: links to an "online service" are often the page that describes the
//! service, the home page of a portal, or the service of another town.

use std::collections::HashSet;

use url::{Host, Url};

use crate::{
    catalog::{offer::OfferLink, service::LinkKind},
    ids::RegionKey,
    import::record::{Claim, SourceLink},
};

/// The longest address that is passed on, in bytes.
const MAX_LEN: usize = 2_000;

/// Parameters that hold the key of a region; those that begin with one of [`REGION_PREFIXES`] too.
const REGION_PARAMETERS: [&str; 3] = ["ars", "rs", "location"];
const REGION_PREFIXES: [&str; 2] = ["gebiet", "region"];

/// What the path of a page that only describes or lists services ends with: sections of sites made
/// with the federal Government Site Builder.
const SECTION_PAGES: [&str; 2] = ["_node.html", "-node.html"];

/// What stands in the path of a page that describes one service (Bürgerinformationssystem).
const DESCRIPTION_PAGES: [&str; 1] = ["-bis-detail/dienstleistung/"];

/// What the title of something to read begins with that is listed among the forms.
const READING: [&str; 10] = [
    "ausfüllhilfe",
    "ausfüllhinweis",
    "checkliste",
    "erläuterung",
    "hinweisblatt",
    "hinweise",
    "infoblatt",
    "informationsblatt",
    "leitfaden",
    "merkblatt",
];

/// The links that are fit to be shown, each once, as what they are; the best kind first.
pub(super) fn judge(links: &[SourceLink], page: Option<&str>, region: RegionKey) -> Vec<OfferLink> {
    let page = page.and_then(address);
    let judged = links.iter().filter_map(|link| {
        let url = address(&link.url)?;
        let title = link.title.as_deref().map(str::trim).filter(|title| !title.is_empty());
        let kind = kind(link.claim, &url, title, page.as_ref(), region);
        Some(OfferLink { kind, url: url.into(), title: title.map(str::to_owned) })
    });
    let mut judged: Vec<OfferLink> = judged.collect();
    judged.sort_by_key(|link| link.kind);
    let mut seen = HashSet::new();
    judged.retain(|link| seen.insert(link.url.clone()));
    judged
}

fn kind(
    claim: Claim,
    url: &Url,
    title: Option<&str>,
    page: Option<&Url>,
    region: RegionKey,
) -> LinkKind {
    match claim {
        _ if names_other_region(url, region) => LinkKind::Information,
        Claim::OnlineService if is_home(url) || only_describes(url, page) => LinkKind::Information,
        Claim::OnlineService => LinkKind::Online,
        Claim::Form if title.is_some_and(is_reading) => LinkKind::Information,
        Claim::Form => LinkKind::Form,
        Claim::Appointment => LinkKind::Appointment,
        Claim::Information => LinkKind::Information,
    }
}

/// The address of a page that anybody can open; `None` for what is no such address: another scheme,
/// user and password, the internal names of a portal (`http://portal/`), unfilled placeholders,
/// spaces, or too long.
fn address(text: &str) -> Option<Url> {
    // Sources escape addresses as they escape texts.
    let text = text.trim().replace("&amp;", "&");
    let unfit = |c: char| c.is_whitespace() || c.is_control() || "<>{}\"".contains(c);
    if text.contains(unfit) {
        return None;
    }
    let mut url = Url::parse(&text).ok()?;
    let public = matches!(url.host(), Some(Host::Domain(name)) if name.contains('.'));
    let anonymous = url.username().is_empty() && url.password().is_none();
    if !matches!(url.scheme(), "http" | "https") || !public || !anonymous {
        return None;
    }
    remove_tracking(&mut url);
    (url.as_str().len() <= MAX_LEN).then_some(url)
}

/// Removes the parameters of advertising (`utm_source` ...).
fn remove_tracking(url: &mut Url) {
    let tracks = |pair: &&str| pair.to_ascii_lowercase().starts_with("utm_");
    let query = url.query().unwrap_or_default();
    if query.split('&').any(|pair| tracks(&pair)) {
        let kept: Vec<&str> = query.split('&').filter(|pair| !tracks(pair)).collect();
        let kept = kept.join("&");
        url.set_query((!kept.is_empty()).then_some(&kept));
    }
}

/// Whether a parameter holds the key of a region that this one does not lie in. The key of its Kreis
/// or Land is fine.
fn names_other_region(url: &Url, region: RegionKey) -> bool {
    let holds_region = |name: &str| {
        let name = name.to_ascii_lowercase();
        REGION_PARAMETERS.contains(&name.as_str())
            || REGION_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
    };
    url.query_pairs()
        .filter(|(name, _)| holds_region(name))
        .filter_map(|(_, value)| value.parse::<RegionKey>().ok())
        .any(|key| region.chain().all(|around| around != key))
}

/// Whether it is the home page of a portal, which says nothing of the service.
fn is_home(url: &Url) -> bool {
    url.path() == "/" && url.query().is_none() && route(url).is_none()
}

/// Whether it is the page that describes the service, or the like.
fn only_describes(url: &Url, page: Option<&Url>) -> bool {
    page.is_some_and(|page| spot(page) == spot(url))
        || SECTION_PAGES.iter().any(|end| url.path().ends_with(end))
        || DESCRIPTION_PAGES.iter().any(|part| url.path().contains(part))
}

/// Host and path: what tells one page from another.
fn spot(url: &Url) -> (&str, &str, Option<&str>) {
    let host = url.host_str().unwrap_or_default();
    (host.strip_prefix("www.").unwrap_or(host), url.path().trim_end_matches('/'), route(url))
}

/// The part after "#" where it is a path (`#/services/1`), as in applications of one page.
fn route(url: &Url) -> Option<&str> {
    url.fragment().filter(|fragment| fragment.starts_with(['/', '!']))
}

fn is_reading(title: &str) -> bool {
    let title = title.to_lowercase();
    READING.iter().any(|word| title.starts_with(word))
}
