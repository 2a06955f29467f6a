//! Against a server of our own on the loopback interface, which answers in the recorded shapes;
//! all values are synthetic. What is shown:
//! 1. Pages are fetched until the last, offices once each; what was stored reads back as a record.
//! 2. 429 and 503 are waited for; 404 is remembered; other refusals, broken, endless and oversized
//!    answers are listed, and the run goes on.
//! 3. A run that was interrupted asks only for what is missing.
//! 4. The settings say how fast, which versions, and whose id; a redirect leads nowhere else.
//! 5. A service that is out of order is left alone.

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    body::Body,
    http::{HeaderMap as Headers, Response, Uri},
};
use serde_json::{Value, json};

use super::*;
use crate::import::{
    pvog::{Versions, read},
    record::Collected,
};

const COLOGNE: &str = "053150000000";
const AACHEN: &str = "053340002002";
const DOG: &str = "99102013104000";
const PASSPORT: &str = "99085001012000";

/// The key for which our server never answers.
const SILENT: &str = "99000000000009";

/// A request that came in.
#[derive(Debug, Clone)]
struct Request {
    path: String,
    query: String,
    client_id: Option<String>,
    at: std::time::Instant,
}

impl Request {
    /// Whether it asks for descriptions of this key.
    fn is_for(&self, key: &str) -> bool {
        self.path.ends_with("leikahierarchy") && self.query.contains(key)
    }
}

/// Our server, and what it was asked.
struct Server {
    url: String,
    seen: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    /// Answers each request with what `answer` makes of it and of how often it came before.
    async fn start(answer: fn(&Request, usize) -> Response<Body>) -> Self {
        let seen: Arc<Mutex<Vec<Request>>> = Arc::default();
        let log = seen.clone();
        let router = Router::new().fallback(async move |uri: Uri, headers: Headers| {
            let request = Request {
                path: uri.path().to_owned(),
                query: uri.query().unwrap_or_default().to_owned(),
                client_id: headers
                    .get("pvog-sud-api-client-id")
                    .map(|id| id.to_str().unwrap().to_owned()),
                at: std::time::Instant::now(),
            };
            let before = {
                let mut log = log.lock().unwrap();
                let same = |other: &&Request| {
                    (&other.path, &other.query) == (&request.path, &request.query)
                };
                let before = log.iter().filter(same).count();
                log.push(request.clone());
                before
            };
            if request.is_for(SILENT) {
                std::future::pending::<()>().await;
            }
            answer(&request, before)
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/suchdienst/api", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, seen }
    }

    fn settings(&self) -> Settings {
        Settings {
            base_url: self.url.clone(),
            per_second: 10_000.0,
            offices: false,
            timeout: 5.0,
            retries: 2,
            ..Settings::default()
        }
    }

    fn seen(&self) -> Vec<Request> {
        self.seen.lock().unwrap().clone()
    }

    fn count(&self, which: impl Fn(&Request) -> bool) -> usize {
        self.seen().iter().filter(|request| which(request)).count()
    }
}

/// As [`Pauses::POLITE`], but for the impatient.
const SHORT: Pauses = Pauses {
    first: Duration::from_millis(1),
    longest: Duration::from_millis(4),
    patience: Duration::from_secs(600),
};

/// Asks for these keys in these regions, with [`SHORT`] pauses.
async fn run(
    settings: &Settings,
    regions: &[&str],
    keys: &[&str],
    dir: &Path,
) -> Result<Fetched, ImportError> {
    let regions: Vec<RegionKey> = regions.iter().map(|key| key.parse().unwrap()).collect();
    let keys: Vec<LeikaKey> = keys.iter().map(|key| key.parse().unwrap()).collect();
    let cancel = CancellationToken::new();
    let mut client = Client::new(settings, dir, &cancel, SHORT)?;
    client.fetch_all(&regions, &keys, &mut |_, _| {}).await
}

fn status(status: u16) -> Response<Body> {
    Response::builder().status(status).body(Body::empty()).unwrap()
}

fn ok(answer: impl ToString) -> Response<Body> {
    Response::new(Body::from(answer.to_string()))
}

fn description(id: &str) -> Value {
    json!({"id": id, "name": "Hund anmelden", "ars": ["050000000000"], "leikakeys": [DOG],
        "onlineServiceLinks": [{"title": "Antrag", "uri": "https://a.example"}]})
}

/// A page with one description, which is the last.
fn page(id: &str) -> Response<Body> {
    ok(json!({"content": [description(id)], "last": true}))
}

/// The value of a parameter.
fn parameter<'a>(request: &'a Request, name: &str) -> &'a str {
    let pairs = request.query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.into_iter().find(|(key, _)| *key == name).map_or("", |(_, value)| value)
}

#[tokio::test]
async fn pages_and_offices_are_fetched_and_read_back() {
    let server = Server::start(|request, _| {
        let office = parameter(request, "q");
        match request.path.rsplit('/').next() {
            Some("leikahierarchy") => match parameter(request, "page") {
                "0" => ok(json!({"content": [description("L1.LB.1")], "totalPages": 2})),
                "1" => ok(json!({"content": [description("B1.LB.2")], "page": {"totalPages": 2}})),
                _ => status(500),
            },
            Some("titles") if request.query.contains("B1.LB.2") => status(404),
            Some("titles") => ok(json!([
                {"id": "B1.OE.9", "title": "Hotline", "role": {"code": "01"}},
                {"id": "L1.OE.7", "title": "Steueramt", "role": {"code": "01"}},
            ])),
            Some("detail") => ok(json!({"id": office, "title": "Steueramt",
                "location": {"addresses": [{"type": "Hausanschrift", "street": "Musterweg 1",
                    "zip": "50667", "city": "Köln"}]}})),
            _ => status(400),
        }
    })
    .await;
    let dir = tempfile::tempdir().unwrap();
    let settings = Settings { offices: true, ..server.settings() };
    let fetched = run(&settings, &[COLOGNE, AACHEN], &[DOG], dir.path()).await.unwrap();
    assert_eq!(fetched.failed, []);
    // Two pages and two lists of offices for each town, and one office for both.
    assert_eq!((fetched.requests, fetched.stored, fetched.empty), (9, 5, 2));
    let first = &server.seen()[0];
    assert_eq!(first.path, "/suchdienst/api/v2/servicedescriptions/leikahierarchy");
    assert_eq!(first.query, format!("ars={COLOGNE}&leikaIds={DOG}&page=0&size=20"));

    let mut got = Collected::default();
    read(dir.path(), None, &mut got).unwrap();
    assert_eq!(got.rejected, []);
    let [bund, land] = &got.records[..] else { panic!("{got:?}") };
    assert!(!bund.local[0].evidence.described);
    assert!(land.local[0].evidence.described);
    assert_eq!(land.local[0].regions.len(), 2, "both towns, from what was asked for");
    let office = land.local[0].authority.as_ref().unwrap();
    assert_eq!(office.address().as_deref(), Some("Musterweg 1, 50667 Köln"));
}

#[tokio::test]
async fn a_busy_service_is_waited_for() {
    let server = Server::start(|request, before| match before {
        0 if request.is_for(DOG) => {
            Response::builder().status(429).header("Retry-After", "1").body(Body::empty()).unwrap()
        }
        0 | 1 if request.is_for(PASSPORT) => status(503),
        _ => page("L1.LB.1"),
    })
    .await;
    let dir = tempfile::tempdir().unwrap();
    let keys = [DOG, PASSPORT];
    let fetched = run(&server.settings(), &[COLOGNE], &keys, dir.path()).await.unwrap();
    assert_eq!((fetched.requests, fetched.stored, fetched.failed.len()), (5, 2, 0));
    let seen = server.seen();
    let asked: Vec<&Request> = seen.iter().filter(|request| request.is_for(DOG)).collect();
    let waited = asked[1].at - asked[0].at;
    assert!(waited >= Duration::from_millis(950), "{waited:?} instead of the second asked for");
}

#[tokio::test]
async fn whoever_asks_for_an_hour_of_rest_gets_it() {
    let server = Server::start(|_, _| {
        Response::builder().status(503).header("Retry-After", "3600").body(Body::empty()).unwrap()
    })
    .await;
    let dir = tempfile::tempdir().unwrap();
    let error = run(&server.settings(), &[COLOGNE], &[DOG], dir.path()).await.unwrap_err();
    assert!(error.to_string().contains("erst in 3600 Sekunden"), "{error}");
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn what_is_not_there_is_remembered() {
    let server =
        Server::start(|request, _| if request.is_for(DOG) { status(404) } else { page("L1.LB.1") })
            .await;
    let dir = tempfile::tempdir().unwrap();
    let fetched = run(&server.settings(), &[COLOGNE], &[DOG, PASSPORT], dir.path()).await.unwrap();
    assert_eq!((fetched.stored, fetched.empty), (1, 1));
    let again = run(&server.settings(), &[COLOGNE], &[DOG, PASSPORT], dir.path()).await.unwrap();
    assert_eq!((again.requests, again.kept), (0, 2));
    let mut got = Collected::default();
    read(dir.path(), None, &mut got).unwrap();
    assert_eq!((got.records.len(), got.rejected.len()), (1, 0));
}

#[tokio::test]
async fn what_fails_is_listed_and_the_rest_goes_on() {
    const KEYS: [&str; 8] = [
        "99000000000001",
        "99000000000002",
        "99000000000003",
        "99000000000004",
        "99000000000005",
        "99000000000006",
        "99000000000007",
        DOG,
    ];
    let server = Server::start(|request, _| match &parameter(request, "leikaIds")[13..] {
        "1" => ok("{\"content\": ["),
        "2" => ok("<html>Wartung</html>"),
        "3" => Response::new(Body::from(vec![b' '; 17 * 1024 * 1024])),
        "4" => status(400),
        "5" => status(500),
        "6" => ok("{\"items\": []}"),
        "7" if request.path.ends_with("woanders") => page("L1.LB.7"),
        "7" => {
            let to = "http://localhost.example:1/woanders";
            Response::builder().status(302).header("Location", to).body(Body::empty()).unwrap()
        }
        _ => page("L1.LB.1"),
    })
    .await;
    let dir = tempfile::tempdir().unwrap();
    let settings = Settings { retries: 1, ..server.settings() };
    let fetched = run(&settings, &[COLOGNE], &KEYS, dir.path()).await.unwrap();
    let listed: Vec<&str> = fetched.failed.iter().map(|entry| entry.reason.as_str()).collect();
    assert_eq!(
        listed,
        [
            "Antwort: bricht ab: unvollständiges JSON (Zeile 1, Spalte 13) (2 Versuche)",
            "Antwort: kein gültiges JSON (Zeile 1, Spalte 1) (2 Versuche)",
            "Antwort größer als 16 MiB",
            "Antwort mit Status 400",
            "Antwort mit Status 500 (2 Versuche)",
            "Antwort ohne »content«",
            "Antwort mit Status 302: Weiterleitung auf einen anderen Rechner",
        ]
    );
    assert_eq!(fetched.failed[0].record, "053150000000: 99000000000001");
    assert_eq!(fetched.stored, 1, "only the good one is stored");
    assert_eq!(server.count(|request| request.is_for("99000000000004")), 1, "400 is not repeated");
    let files = fs::read_dir(dir.path().join(COLOGNE)).unwrap().count();
    assert_eq!(files, 1, "nothing half-written is left");
}

#[tokio::test]
async fn a_silent_service_is_asked_again_but_not_for_ever() {
    let server = Server::start(|_, _| page("L1.LB.1")).await;
    let dir = tempfile::tempdir().unwrap();
    let settings = Settings { timeout: 0.1, retries: 1, ..server.settings() };
    let fetched = run(&settings, &[COLOGNE], &[SILENT], dir.path()).await.unwrap();
    assert_eq!(fetched.failed[0].reason, "keine Antwort in 0,1 Sekunden (2 Versuche)");
    assert_eq!(fetched.requests, 2);
}

#[tokio::test]
async fn a_redirect_on_the_same_host_is_followed() {
    let server = Server::start(|request, _| {
        if request.path.starts_with("/neu") {
            return page("L1.LB.1");
        }
        let to = format!("/neu?{}", request.query);
        Response::builder().status(308).header("Location", to).body(Body::empty()).unwrap()
    })
    .await;
    let dir = tempfile::tempdir().unwrap();
    let fetched = run(&server.settings(), &[COLOGNE], &[DOG], dir.path()).await.unwrap();
    assert_eq!((fetched.stored, fetched.failed.len()), (1, 0));
}

#[tokio::test]
async fn an_interrupted_run_goes_on_where_it_ended() {
    let server = Server::start(|_, _| page("L1.LB.1")).await;
    let dir = tempfile::tempdir().unwrap();
    let settings = server.settings();
    let regions = [COLOGNE.parse().unwrap(), AACHEN.parse().unwrap()];
    let keys = [DOG.parse().unwrap(), PASSPORT.parse().unwrap()];
    let cancel = CancellationToken::new();
    let (stop, mut steps) = (cancel.clone(), Vec::new());
    let mut progress = |done, total| {
        steps.push((done, total));
        if done == 3 {
            stop.cancel();
        }
    };
    let folder = dir.path().to_owned();
    let first = fetch(&settings, &regions, &keys, &folder, &mut progress, &cancel).await.unwrap();
    assert!(first.cancelled);
    assert_eq!((first.requests, first.stored), (3, 3));
    assert_eq!(steps, [0, 1, 2, 3].map(|done| (done, Some(4))));
    // A crash may leave a part of a file.
    fs::write(dir.path().join(COLOGNE).join(format!("{DOG}.part")), "{").unwrap();

    let again = run(&settings, &[AACHEN, COLOGNE], &[PASSPORT, DOG], dir.path()).await.unwrap();
    assert!(!again.cancelled);
    assert_eq!((again.requests, again.stored, again.kept), (1, 1, 3));
    let seen = server.seen();
    assert_eq!(seen.len(), 4);
    let distinct: BTreeSet<&str> = seen.iter().map(|request| request.query.as_str()).collect();
    assert_eq!(distinct.len(), 4, "nothing was asked twice");
}

#[tokio::test]
async fn cancelling_does_not_wait_for_an_answer() {
    let server = Server::start(|_, _| page("L1.LB.1")).await;
    let dir = tempfile::tempdir().unwrap();
    let settings = Settings { timeout: 600.0, ..server.settings() };
    let cancel = CancellationToken::new();
    let (token, folder) = (cancel.clone(), dir.path().to_owned());
    // Spawned: so it can be run by a server's own tasks.
    let running = tokio::spawn(async move {
        let (regions, keys) = ([COLOGNE.parse().unwrap()], [SILENT.parse().unwrap()]);
        fetch(&settings, &regions, &keys, &folder, &mut |_, _| {}, &token).await
    });
    while server.seen().is_empty() {
        tokio::task::yield_now().await;
    }
    cancel.cancel();
    let fetched = running.await.unwrap().unwrap();
    assert!(fetched.cancelled);
    assert_eq!(fetched.stored, 0);
}

#[tokio::test]
async fn requests_are_spread_over_time() {
    let server = Server::start(|_, _| page("L1.LB.1")).await;
    let dir = tempfile::tempdir().unwrap();
    let settings = Settings { per_second: 50.0, ..server.settings() };
    let keys: Vec<String> = (0..11).map(|n| format!("990000000001{n:02}")).collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let began = Instant::now();
    run(&settings, &[COLOGNE], &keys, dir.path()).await.unwrap();
    // The 11th may not begin before ten intervals of 20 ms have passed.
    assert!(began.elapsed() >= Duration::from_millis(200), "{:?}", began.elapsed());
    assert_eq!(server.seen().len(), 11);
}

#[tokio::test]
async fn versions_keys_and_id_are_as_set() {
    let server =
        Server::start(
            |request, _| {
                if request.path.contains("/v3/") { page("L1.LB.1") } else { status(404) }
            },
        )
        .await;
    let dir = tempfile::tempdir().unwrap();
    let settings = Settings {
        client_id: Some("unsere-eigene".into()),
        keys_per_request: 2,
        offices: true,
        versions: Versions {
            descriptions: "v3".into(),
            office_titles: "v9beta".into(),
            ..Versions::default()
        },
        ..server.settings()
    };
    run(&settings, &[COLOGNE], &[PASSPORT, DOG], dir.path()).await.unwrap();
    let seen = server.seen();
    let paths: Vec<&str> = seen.iter().map(|request| request.path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "/suchdienst/api/v3/servicedescriptions/leikahierarchy",
            "/suchdienst/api/v9beta/organisationunits/titles"
        ]
    );
    assert!(seen[0].query.contains(&format!("leikaIds={PASSPORT}&leikaIds={DOG}")));
    assert!(seen.iter().all(|request| request.client_id.as_deref() == Some("unsere-eigene")));

    for client_id in [None, Some(String::new())] {
        let settings = Settings { client_id, ..server.settings() };
        run(&settings, &[AACHEN], &[DOG], tempfile::tempdir().unwrap().path()).await.unwrap();
        assert_eq!(server.seen().last().unwrap().client_id, None);
    }
}

#[tokio::test]
async fn a_service_that_is_out_of_order_is_left_alone() {
    let keys: Vec<String> = (0..300).map(|n| format!("99000000001{n:03}")).collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let refuses = Server::start(|_, _| status(403)).await;
    let dir = tempfile::tempdir().unwrap();
    let error = run(&refuses.settings(), &[COLOGNE], &keys, dir.path()).await.unwrap_err();
    assert!(error.to_string().contains("20-mal in Folge ohne Antwort"), "{error}");
    assert_eq!(refuses.seen().len(), 20);

    let retired = Server::start(|_, _| status(404)).await;
    let error = run(&retired.settings(), &[COLOGNE], &keys, dir.path()).await.unwrap_err();
    assert!(error.to_string().contains("Version der Schnittstelle abgeschaltet"), "{error}");
    let remembered = fs::read_dir(dir.path().join(COLOGNE)).unwrap().count();
    assert_eq!(remembered, 0, "no town is remembered as offering nothing");
}

#[test]
fn pauses_double_up_to_a_minute() {
    let pauses: Vec<u64> = (0..9).map(|n| Pauses::POLITE.before(n).as_secs()).collect();
    assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
    assert_eq!(Pauses::POLITE.before(u32::MAX).as_secs(), 60);
}

#[test]
fn retry_after_is_seconds_or_a_date() {
    let after = |text: &str| {
        let mut headers = HeaderMap::new();
        headers.insert(header::RETRY_AFTER, text.parse().unwrap());
        retry_after(&headers)
    };
    assert_eq!(after("120"), Some(Duration::from_secs(120)));
    assert_eq!(after("Wed, 21 Oct 2015 07:28:00 GMT"), Some(Duration::ZERO));
    assert!(after("Wed, 21 Oct 2115 07:28:00 GMT").unwrap() > Duration::from_secs(1_000_000));
    assert_eq!(after("bald"), None);
    assert_eq!(retry_after(&HeaderMap::new()), None);
}

#[tokio::test]
async fn settings_are_read_and_checked() {
    let settings: Settings = toml::from_str("per_second = 1.5\nversions.office = \"v6\"").unwrap();
    assert_eq!((settings.per_second, settings.page_size), (1.5, 20));
    assert_eq!(
        (settings.versions.office.as_str(), settings.versions.descriptions.as_str()),
        ("v6", "v2")
    );
    assert!(toml::from_str::<Settings>("per_sekunde = 1").is_err());
    let wrong = [
        ("per_second", Settings { per_second: 0.0, ..Settings::default() }),
        ("per_second", Settings { per_second: f64::NAN, ..Settings::default() }),
        ("timeout", Settings { timeout: -1.0, ..Settings::default() }),
        ("page_size", Settings { page_size: 4, ..Settings::default() }),
        ("keys_per_request", Settings { keys_per_request: 9, ..Settings::default() }),
        ("base_url", Settings { base_url: "file:///etc".into(), ..Settings::default() }),
        ("client_id", Settings { client_id: Some("a\nb".into()), ..Settings::default() }),
    ];
    for (name, settings) in wrong {
        // No key: nothing could be asked even if the setting passed.
        let error = run(&settings, &[COLOGNE], &[], Path::new("/nirgends")).await.unwrap_err();
        assert!(error.to_string().contains(&format!("»{name}«")), "{error}");
    }
}
