//! Asks one page: `HEAD`, `GET` if need be, redirects followed by hand.

use std::{collections::HashMap, error::Error, io, sync::Arc, time::Duration};

use reqwest::{Client, Method, StatusCode, header::LOCATION, redirect::Policy};
use tokio::{
    sync::Mutex,
    time::{Instant, sleep_until, timeout},
};
use url::{Position, Url};

use super::{
    Settings, Verdict,
    guard::{AddressRule, Guarded, LookupError, MAX_URL, Resolve},
};

/// What was found at one page.
#[derive(Debug, Clone)]
pub(super) struct Probe {
    pub verdict: Verdict,
    /// The last status, if there was an answer.
    pub status: Option<u16>,
    /// See [`Entry::leads_to`](super::memory::Entry::leads_to).
    pub leads_to: Option<Url>,
}

/// Asks pages, never two of one host at once.
pub(super) struct Prober {
    client: Client,
    settings: Settings,
    /// For each host, when it may be asked next; locked while it is asked.
    hosts: Mutex<HashMap<String, Arc<Mutex<Option<Instant>>>>>,
}

/// What a server answered.
struct Answer {
    status: StatusCode,
    /// Where a redirect leads, as the server wrote it.
    location: Option<String>,
}

impl Prober {
    /// # Errors
    ///
    /// If TLS cannot be set up, or the user agent cannot be sent.
    pub fn new(settings: Settings, resolver: Arc<dyn Resolve>) -> reqwest::Result<Self> {
        let client = Client::builder()
            .user_agent(&settings.user_agent)
            .redirect(Policy::none())
            .no_proxy() // A proxy would look the host up once more, unguarded.
            .dns_resolver(Arc::new(Guarded { resolver, rule: settings.allow }))
            .pool_max_idle_per_host(0) // Each request looks its host up, and is guarded, anew.
            .no_gzip() // No compressed bombs.
            .no_brotli()
            .no_deflate()
            .no_zstd()
            .referer(false)
            .build()?;
        Ok(Self { client, settings, hosts: Mutex::default() })
    }

    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Asks a page that was admitted. It takes at most [`Settings::timeout`] of the servers' time;
    /// our own pauses come on top.
    pub async fn probe(&self, page: &Url) -> Probe {
        let mut budget = self.settings.timeout;
        let mut way = Way::from(page);
        loop {
            let answer = match self.ask(way.end(), &mut budget).await {
                Ok(answer) => answer,
                Err(verdict) => return way.ends(verdict, None),
            };
            let status = Some(answer.status.as_u16());
            if !is_redirect(answer.status) {
                return way.ends(Verdict::of_status(answer.status.as_u16()), status);
            }
            if let Err(verdict) = way.follow(&answer, &self.settings) {
                return way.ends(verdict, status);
            }
        }
    }

    /// `HEAD`, and `GET` where the server does not like `HEAD`: many answer it with an error.
    async fn ask(&self, url: &Url, budget: &mut Duration) -> Result<Answer, Verdict> {
        match self.request(Method::HEAD, url, budget).await {
            // Who is asked for too much is not asked more.
            Ok(answer) if answer.status == StatusCode::TOO_MANY_REQUESTS => Ok(answer),
            Ok(answer) if answer.status.as_u16() < 400 => Ok(answer),
            Ok(_) | Err(Verdict::Broken) => self.request(Method::GET, url, budget).await,
            Err(verdict) => Err(verdict),
        }
    }

    /// One request, when it is this host's turn.
    async fn request(
        &self,
        method: Method,
        url: &Url,
        budget: &mut Duration,
    ) -> Result<Answer, Verdict> {
        let host = url.host_str().unwrap_or_default().to_owned();
        let turn = self.hosts.lock().await.entry(host).or_default().clone();
        let mut next = turn.lock().await;
        if let Some(next) = *next {
            sleep_until(next).await;
        }
        let started = Instant::now();
        let answer = timeout(*budget, self.exchange(method, url)).await;
        *budget = budget.saturating_sub(started.elapsed());
        *next = Some(Instant::now() + self.settings.per_host_pause);
        match answer {
            Ok(answer) => answer.map_err(|error| verdict_of(&error)),
            Err(_) => Err(Verdict::Timeout),
        }
    }

    async fn exchange(&self, method: Method, url: &Url) -> reqwest::Result<Answer> {
        let mut response = self.client.request(method, url.clone()).send().await?;
        let status = response.status();
        let location = response.headers().get(LOCATION).map(|value| text(value.as_bytes()));
        if status.is_success() {
            // A page that begins but does not come is of no use to anybody.
            let mut read = 0;
            while read < self.settings.max_body {
                let Some(chunk) = response.chunk().await? else { break };
                read += chunk.len();
            }
        }
        Ok(Answer { status, location })
    }
}

/// Statuses whose `Location` a browser follows (RFC 9110, section 15.4).
fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// A header is ASCII by the standard, UTF-8 or Latin-1 in practice.
fn text(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|&byte| char::from(byte)).collect(),
    }
}

/// What an error of the HTTP client says of the page.
fn verdict_of(error: &reqwest::Error) -> Verdict {
    if let Some(lookup) = cause::<LookupError>(error) {
        return match lookup {
            LookupError::NoSuchHost => Verdict::HostUnknown,
            LookupError::Failed => Verdict::LookupFailed,
            LookupError::NotPublic => Verdict::NotPublic,
        };
    }
    if !error.is_connect() {
        return Verdict::Broken;
    }
    // rustls reports what it does not accept as invalid data; a server that hangs up during the
    // handshake accepts nothing of ours.
    match cause::<io::Error>(error).map(|error| innermost(error).kind()) {
        Some(io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof) => Verdict::NoTls,
        _ => Verdict::NoConnection,
    }
}

/// The I/O error within an I/O error, which `source` would skip.
fn innermost(error: &io::Error) -> &io::Error {
    match error.get_ref().and_then(|inner| inner.downcast_ref()) {
        Some(inner) => innermost(inner),
        None => error,
    }
}

/// The first cause of this type.
fn cause<E: Error + 'static>(error: &reqwest::Error) -> Option<&E> {
    let mut next = error.source();
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        next = error.source();
    }
    None
}

/// The way that redirects lead.
struct Way {
    /// Never empty.
    stations: Vec<Url>,
    /// How many of the redirects, from the first on, are permanent.
    permanent: usize,
}

impl Way {
    fn from(page: &Url) -> Self {
        Self { stations: vec![page.clone()], permanent: 0 }
    }

    fn end(&self) -> &Url {
        &self.stations[self.stations.len() - 1]
    }

    /// Goes one station further.
    ///
    /// # Errors
    ///
    /// A verdict if nothing is to be asked there.
    fn follow(&mut self, answer: &Answer, settings: &Settings) -> Result<(), Verdict> {
        let location = answer.location.as_deref().filter(|location| location.len() <= MAX_URL);
        let location = location.ok_or(Verdict::BrokenRedirect)?;
        let next = self.end().join(location).map_err(|_| Verdict::BrokenRedirect)?;
        if matches!(answer.status.as_u16(), 301 | 308) && self.permanent + 1 == self.stations.len()
        {
            self.permanent += 1;
        }
        let verdict = self.judge(&next, settings.allow, settings.max_redirects);
        self.stations.push(next);
        verdict.map_or(Ok(()), Err)
    }

    fn judge(&self, next: &Url, allow: AddressRule, max_redirects: usize) -> Option<Verdict> {
        if let Err(refused) = allow.admit_url(next) {
            return Some(refused);
        }
        if self.stations.iter().any(|station| same_page(station, next)) {
            return Some(Verdict::RedirectLoop);
        }
        if says_not_found(next) && !says_not_found(&self.stations[0]) {
            return Some(Verdict::ToErrorPage);
        }
        if [&self.stations[0], self.end()].into_iter().any(|from| leads_home(from, next)) {
            return Some(Verdict::ToHomePage);
        }
        (self.stations.len() > max_redirects).then_some(Verdict::TooManyRedirects)
    }

    /// What is found where the way ends.
    fn ends(mut self, verdict: Verdict, status: Option<u16>) -> Probe {
        let (verdict, station) = match verdict {
            Verdict::Works if self.permanent > 0 => (Verdict::Moved, self.permanent),
            // Redirects that may be others tomorrow are the server's own affair.
            Verdict::Works => (Verdict::Works, 0),
            other => (other, self.stations.len() - 1),
        };
        let leads_to =
            (station > 0).then(|| without_credentials(self.stations.swap_remove(station)));
        Probe { verdict, status, leads_to }
    }
}

/// The URL without user name and password, which are nobody's business.
pub(super) fn without_credentials(mut url: Url) -> Url {
    // It fails for URLs without host, which have none.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url
}

/// Whether two URLs differ in their fragments at most, which no server sees.
fn same_page(one: &Url, other: &Url) -> bool {
    one[..Position::AfterQuery] == other[..Position::AfterQuery]
}

/// Whether a redirect drops the page and keeps the site: what many sites do with pages that are not
/// there any more. The root of another host may well be the page that is meant.
fn leads_home(from: &Url, to: &Url) -> bool {
    let site =
        |url: &Url| url.host_str().map(|host| host.strip_prefix("www.").unwrap_or(host).to_owned());
    site(from) == site(to) && is_home(to) && !is_home(from)
}

/// Whether it is the home page of a site, in German or English.
fn is_home(url: &Url) -> bool {
    const PARTS: [&str; 7] = ["de", "de-de", "default", "en", "home", "index", "startseite"];
    let mut names = page_names(url);
    url.query().is_none() && names.len() <= 2 && names.all(|name| PARTS.contains(&&*name))
}

/// Whether the address is that of a page that says "not found".
fn says_not_found(url: &Url) -> bool {
    const NAMES: [&str; 5] = ["error", "errors", "errorpage", "fehler", "fehlerseite"];
    const PARTS: [&str; 4] = ["notfound", "nichtgefunden", "nichtvorhanden", "error404"];
    let Some(name) = page_names(url).last() else { return false };
    let words = || name.split(|c: char| !c.is_ascii_alphanumeric());
    let joined: String = words().collect();
    words().any(|word| word == "404")
        || NAMES.contains(&&*joined)
        || PARTS.iter().any(|part| joined.contains(part))
}

/// The parts of the path, in lower case, without parameters and without the type of a file.
fn page_names(url: &Url) -> impl ExactSizeIterator<Item = String> {
    let names: Vec<String> = url
        .path()
        .split('/')
        .map(|part| part.split([';', '.']).next().unwrap_or_default().to_ascii_lowercase())
        .filter(|name| !name.is_empty())
        .collect();
    names.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn a_redirect_that_drops_the_page_leads_home() {
        #[track_caller]
        fn check(from: &str, to: &str, expected: bool) {
            assert_eq!(leads_home(&url(from), &url(to)), expected, "{from} -> {to}");
        }
        let page = "https://www.stadt.example/dienst/hund.html";
        for home in ["/", "/index.html", "/de/", "/de/startseite", "/;jsessionid=1A", "/Home.aspx"]
        {
            check(page, &format!("https://www.stadt.example{home}"), true);
            check(page, &format!("http://stadt.example{home}#inhalt"), true);
        }
        check("https://stadt.example/?seite=12", "https://stadt.example/", true);
        // A page, a page with a query, another host, or a home page to begin with.
        check(page, "https://www.stadt.example/dienst/", false);
        check(page, "https://www.stadt.example/?seite=12", false);
        check(page, "https://hund.stadt.example/", false);
        check("http://stadt.example/", "https://www.stadt.example/de/", false);
    }

    #[test]
    fn error_pages_are_known_by_their_names() {
        for path in [
            "404",
            "404.html",
            "de/fehler-404",
            "error404.php",
            "seite-nicht-gefunden",
            "service/page_not_found.html",
            "NotFound.aspx",
            "fehlerseite",
            "error?status=1",
        ] {
            assert!(says_not_found(&url(&format!("https://stadt.example/{path}"))), "{path}");
        }
        for path in ["", "fundbuero", "fehlerhafte-rechnung", "antrag-4040", "404/hund"] {
            assert!(!says_not_found(&url(&format!("https://stadt.example/{path}"))), "{path}");
        }
    }

    #[test]
    fn a_location_is_read_in_utf_8_and_latin_1() {
        assert_eq!(text("/straße".as_bytes()), "/straße");
        assert_eq!(text(b"/stra\xdfe"), "/straße");
    }
}
