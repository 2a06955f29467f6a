//! Whole runs against servers of our own, on loopback; pages and names are synthetic. What is
//! measured is bounded on one side only, so that a slow machine fails no test.

use std::{
    collections::{HashMap, VecDeque},
    net::{IpAddr, Ipv4Addr},
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Instant,
};

use axum::{
    Router,
    extract::Request,
    http::{HeaderName, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use time::macros::datetime;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::{sleep, timeout},
};

use super::{
    guard::{Addresses, LookupError, Resolve},
    *,
};

const NOW: OffsetDateTime = datetime!(2026-11-22 03:00 +1);

/// Longer than any run here may take, even on a slow machine.
const AT_MOST: Duration = Duration::from_secs(60);

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap()
}

/// A request as a server saw it.
#[derive(Debug, Clone)]
struct Seen {
    at: Instant,
    /// "HEAD host/path"
    line: String,
    encodings: bool,
}

/// A town's web server that writes down what it is asked.
#[derive(Clone)]
struct Town {
    port: u16,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Town {
    async fn start() -> Self {
        Self::listen(TcpListener::bind("127.0.0.1:0").await.unwrap())
    }

    fn listen(listener: TcpListener) -> Self {
        let port = listener.local_addr().unwrap().port();
        let town = Self { port, seen: Arc::default() };
        let seen = town.seen.clone();
        let app = Router::new().fallback(move |request: Request| {
            let host = request.headers()[header::HOST].to_str().unwrap();
            let host = host.split(':').next().unwrap();
            let line = format!("{} {host}{}", request.method(), request.uri().path());
            let encodings = request.headers().contains_key(header::ACCEPT_ENCODING);
            lock(&seen).push(Seen { at: Instant::now(), line, encodings });
            async move { page(request.method(), request.uri().path(), port) }
        });
        tokio::spawn(async move { axum::serve(listener, app).await });
        town
    }

    fn lines(&self) -> Vec<String> {
        lock(&self.seen).iter().map(|seen| seen.line.clone()).collect()
    }

    /// The address of a page on a host of that name.
    fn page(&self, host: &str, path: &str) -> String {
        format!("http://{host}:{}{path}", self.port)
    }

    /// A link to each path.
    fn pages(&self, host: &str, paths: &[&str]) -> Vec<Target> {
        paths.iter().map(|path| target(&self.page(host, path))).collect()
    }
}

fn page(method: &Method, path: &str, port: u16) -> Response {
    let to = |status: u16, location: &str| {
        let status = StatusCode::from_u16(status).unwrap();
        (status, [(header::LOCATION, location.to_owned())]).into_response()
    };
    let get = method == Method::GET;
    match path {
        "/status/405-head" if get => "da".into_response(),
        "/status/404-head" if get => "da".into_response(),
        "/status/405-head" => StatusCode::METHOD_NOT_ALLOWED.into_response(),
        "/status/404-head" => StatusCode::NOT_FOUND.into_response(),
        "/zipped" if get => {
            ([(header::CONTENT_ENCODING, "gzip")], "not gzip at all").into_response()
        }
        "/zipped" => StatusCode::METHOD_NOT_ALLOWED.into_response(),
        "/moved" => to(301, "/new"),
        "/moved-308" => to(308, "/new"),
        "/moved-then-login" => to(301, "/login"),
        "/login" => to(302, "/login-form"),
        "/for-now" => to(302, "/new"),
        "/umlaut" => to(301, "/stra%C3%9Fe"),
        "/home-1" => to(301, "/"),
        "/home-2" => to(302, "/de/startseite"),
        "/old" => to(302, "/seite-nicht-gefunden"),
        "/moved-away" => to(301, "/status/410"),
        "/loop-1" => to(302, "/loop-2"),
        "/loop-2" => to(302, "/loop-1"),
        "/self" => to(301, "/self#again"),
        "/far-1" => to(302, "/far-2"),
        "/far-2" => to(302, "/far-3"),
        "/far-3" => to(302, "/far-4"),
        "/far-4" => to(302, "/far-5"),
        "/nowhere" => StatusCode::MOVED_PERMANENTLY.into_response(),
        "/to-long" => to(302, &"x".repeat(5_000)),
        "/to-private" => to(302, "http://10.0.0.1/"),
        "/to-metadata" => to(301, "http://169.254.169.254/latest/meta-data/"),
        "/to-decimal" => to(302, "http://3232235777/"),
        "/to-mapped" => to(302, "http://[::ffff:192.168.1.1]/"),
        "/to-port" => to(302, "http://stadt.test:22/"),
        "/to-file" => to(302, "file:///etc/passwd"),
        "/to-login" => to(302, "http://user:geheim@stadt.test/"),
        "/to-inside" => to(302, &format!("http://inside.test:{port}/admin")),
        "/to-other" => to(302, &format!("http://other.test:{port}/page")),
        _ => match path.strip_prefix("/status/").map(|status| status.parse()) {
            Some(Ok(status)) => StatusCode::from_u16(status).unwrap().into_response(),
            _ => "da".into_response(),
        },
    }
}

/// What look-ups of one name are answered, one after the other.
type Answers = VecDeque<Result<Vec<IpAddr>, LookupError>>;

/// Answers from a script: the last one for a name is repeated. Other names are loopback.
#[derive(Default)]
struct Script {
    answers: Mutex<HashMap<String, Answers>>,
    asked: Mutex<Vec<String>>,
}

impl Script {
    fn answers(self, host: &str, answers: &[Result<&[&str], LookupError>]) -> Self {
        let addresses = |list: &[&str]| list.iter().map(|ip| ip.parse().unwrap()).collect();
        let answers = answers.iter().map(|answer| answer.map(addresses)).collect();
        lock(&self.answers).insert(host.to_owned(), answers);
        self
    }

    fn asked(&self, host: &str) -> usize {
        lock(&self.asked).iter().filter(|asked| *asked == host).count()
    }
}

impl Resolve for Script {
    fn resolve(&self, host: &str) -> Addresses {
        lock(&self.asked).push(host.to_owned());
        let answer = match lock(&self.answers).get_mut(host) {
            None => Ok(vec![Ipv4Addr::LOCALHOST.into()]),
            Some(answers) if answers.len() > 1 => answers.pop_front().unwrap(),
            Some(answers) => answers[0].clone(),
        };
        Box::pin(async move { answer })
    }
}

fn target(url: &str) -> Target {
    Target { url: url.to_owned(), used_by: vec!["hund-anmelden".to_owned()] }
}

/// Settings for a server on loopback, without waiting.
fn settings(port: u16) -> Settings {
    Settings {
        per_host_pause: Duration::ZERO,
        timeout: Duration::from_secs(20),
        allow: AddressRule::Loopback(port),
        ..Settings::default()
    }
}

/// One run with a memory of its own.
async fn check_once(targets: &[Target], settings: Settings, script: Script) -> Report {
    let dir = tempfile::tempdir().unwrap();
    check_with(targets, settings, &Arc::new(script), dir.path(), NOW).await
}

async fn check_with(
    targets: &[Target],
    settings: Settings,
    script: &Arc<Script>,
    dir: &Path,
    now: OffsetDateTime,
) -> Report {
    let mut memory = Memory::open(&dir.join("links.jsonl")).unwrap();
    let prober = Prober::new(settings, script.clone()).unwrap();
    let cancel = CancellationToken::new();
    let mut progress = |_, _| {};
    let run = run(targets, &mut memory, prober, now, &mut progress, &cancel);
    timeout(AT_MOST, run).await.expect("the run ends").unwrap()
}

/// The verdict on each link, by its path.
fn verdicts(report: &Report) -> BTreeMap<String, Verdict> {
    let path = |url: &str| Url::parse(url).unwrap().path().to_owned();
    report.findings.iter().map(|finding| (path(&finding.url), finding.verdict)).collect()
}

#[tokio::test]
async fn every_kind_is_told_apart() {
    let town = Town::start().await;
    let expected = [
        ("/works", Verdict::Works),
        ("/status/204", Verdict::Works),
        ("/status/405-head", Verdict::Works),
        ("/status/404-head", Verdict::Works),
        ("/for-now", Verdict::Works),
        ("/moved", Verdict::Moved),
        ("/moved-308", Verdict::Moved),
        ("/moved-then-login", Verdict::Moved),
        ("/umlaut", Verdict::Moved),
        ("/home-1", Verdict::ToHomePage),
        ("/home-2", Verdict::ToHomePage),
        ("/old", Verdict::ToErrorPage),
        ("/moved-away", Verdict::NotFound),
        ("/status/404", Verdict::NotFound),
        ("/status/410", Verdict::NotFound),
        ("/status/500", Verdict::ServerError),
        ("/status/503", Verdict::ServerError),
        ("/status/401", Verdict::AccessDenied),
        ("/status/403", Verdict::AccessDenied),
        ("/status/405", Verdict::OddStatus),
        ("/status/418", Verdict::OddStatus),
        ("/status/304", Verdict::OddStatus),
        ("/loop-1", Verdict::RedirectLoop),
        ("/self", Verdict::RedirectLoop),
        ("/far-1", Verdict::TooManyRedirects),
        ("/far-2", Verdict::Works),
        ("/nowhere", Verdict::BrokenRedirect),
        ("/to-long", Verdict::BrokenRedirect),
    ];
    let targets = town.pages("stadt.test", &expected.map(|(path, _)| path));
    let report = check_once(&targets, settings(town.port), Script::default()).await;
    let expected: BTreeMap<_, _> =
        expected.into_iter().map(|(path, verdict)| (path.to_owned(), verdict)).collect();
    assert_eq!(verdicts(&report), expected);
    assert_eq!(report.open, 0);
    let lead = |path: &str| {
        let url = town.page("stadt.test", path);
        report.findings.iter().find(|finding| finding.url == url).unwrap().leads_to.clone()
    };
    assert_eq!(lead("/moved"), Some(town.page("stadt.test", "/new")));
    assert_eq!(lead("/moved-then-login"), Some(town.page("stadt.test", "/login")));
    assert_eq!(lead("/home-1"), Some(town.page("stadt.test", "/")));
    assert_eq!(lead("/for-now"), None);
    // What works or is not there is told by HEAD alone, or by one GET more.
    let asked = |path: &str| {
        town.lines().into_iter().filter(|line| line.ends_with(path)).collect::<Vec<_>>()
    };
    assert_eq!(asked("/works"), ["HEAD stadt.test/works"]);
    assert_eq!(asked("/status/404"), ["HEAD stadt.test/status/404", "GET stadt.test/status/404"]);
    assert_eq!(asked("/far-5"), ["HEAD stadt.test/far-5"], "asked for /far-2 only");
}

#[tokio::test]
async fn a_page_is_asked_once_however_often_it_is_linked() {
    let town = Town::start().await;
    let by = |url: &str, used_by: &str| Target {
        url: town.page("stadt.test", url),
        used_by: vec![used_by.to_owned()],
    };
    let targets = [by("/moved#a", "b"), by("/moved#b", "a"), by("/moved#a", "a")];
    let report = check_once(&targets, settings(town.port), Script::default()).await;
    assert_eq!(town.lines(), ["HEAD stadt.test/moved", "HEAD stadt.test/new"]);
    assert_eq!((report.findings.len(), report.asked), (2, 1));
    assert_eq!(report.findings[0].used_by, ["a", "b"]);
    assert_eq!(report.findings[0].leads_to, Some(town.page("stadt.test", "/new#a")));
    assert_eq!(report.findings[1].leads_to, Some(town.page("stadt.test", "/new#b")));
}

#[tokio::test]
async fn fault_52_redirects_are_checked_like_links() {
    let town = Town::start().await;
    let expected = [
        ("/to-private", Verdict::NotPublic, "http://10.0.0.1/"),
        ("/to-metadata", Verdict::NotPublic, "http://169.254.169.254/latest/meta-data/"),
        ("/to-decimal", Verdict::NotPublic, "http://192.168.1.1/"),
        ("/to-mapped", Verdict::NotPublic, "http://[::ffff:c0a8:101]/"),
        ("/to-port", Verdict::Port, "http://stadt.test:22/"),
        ("/to-file", Verdict::Scheme, "file:///etc/passwd"),
        ("/to-login", Verdict::Credentials, "http://stadt.test/"),
        ("/to-inside", Verdict::NotPublic, &town.page("inside.test", "/admin")),
    ];
    let targets = town.pages("stadt.test", &expected.map(|(path, ..)| path));
    let script = Script::default().answers("inside.test", &[Ok(&["10.0.0.1"])]);
    let report = check_once(&targets, settings(town.port), script).await;
    assert_eq!(report.count(Kind::Refused), expected.len());
    for (path, verdict, leads_to) in expected {
        let url = town.page("stadt.test", path);
        let finding = report.findings.iter().find(|finding| finding.url == url).unwrap();
        assert_eq!(finding.verdict, verdict, "{path}");
        assert_eq!(finding.leads_to.as_deref(), Some(leads_to), "{path}");
    }
    assert!(town.lines().iter().all(|line| line.starts_with("HEAD stadt.test/to-")));
}

#[tokio::test]
async fn fault_52_a_host_is_asked_only_if_all_its_addresses_are_public() {
    let town = Town::start().await;
    let mixed: &[&str] = &["127.0.0.1", "192.168.0.10"];
    let script = Script::default()
        .answers("mixed.test", &[Ok(mixed)])
        .answers("six.test", &[Ok(&["fd00::1"])])
        .answers("mapped.test", &[Ok(&["::ffff:10.0.0.1"])])
        .answers("empty.test", &[Ok(&[])]);
    let targets: Vec<Target> = ["mixed.test", "six.test", "mapped.test", "empty.test"]
        .map(|host| target(&town.page(host, "/")))
        .into();
    let report = check_once(&targets, settings(town.port), script).await;
    let found: Vec<Verdict> = report.findings.iter().map(|finding| finding.verdict).collect();
    use Verdict::{HostUnknown, NotPublic};
    assert_eq!(found, [HostUnknown, NotPublic, NotPublic, NotPublic]);
    assert_eq!(town.lines(), [""; 0]);
}

#[tokio::test]
async fn fault_52_rebinding_leads_nowhere_but_to_the_checked_address() {
    // Two machines with one port; loopback stands for the public internet.
    let public = Town::start().await;
    let Ok(listener) = TcpListener::bind(("127.0.0.2", public.port)).await else {
        eprintln!("skipped: 127.0.0.2 cannot be bound here");
        return;
    };
    let private = Town::listen(listener);
    // The name changes its address with every look-up; a second look-up between check and
    // connection would lead to the other machine.
    let script = Script::default()
        .answers("evil.test", &[Ok(&["127.0.0.1"]), Ok(&["10.0.0.1"]), Ok(&["127.0.0.2"])]);
    let script = Arc::new(script);
    let dir = tempfile::tempdir().unwrap();
    let targets = public.pages("evil.test", &["/a"]);
    let report = check_with(&targets, settings(public.port), &script, dir.path(), NOW).await;
    assert_eq!(report.count(Kind::Works), 1);
    assert_eq!(public.lines(), ["HEAD evil.test/a"]);
    assert_eq!(script.asked("evil.test"), 1, "looked up once for one connection");

    // The next connection is checked anew, and not made.
    let targets = public.pages("evil.test", &["/b"]);
    let report = check_with(&targets, settings(public.port), &script, dir.path(), NOW).await;
    assert_eq!(report.findings[0].verdict, Verdict::NotPublic);
    assert_eq!(script.asked("evil.test"), 2);
    assert_eq!((public.lines().len(), private.lines().len()), (1, 0));

    // The other machine is there: only the guard kept us off.
    let targets = public.pages("evil.test", &["/c"]);
    check_with(&targets, settings(public.port), &script, dir.path(), NOW).await;
    assert_eq!(private.lines(), ["HEAD evil.test/c"]);
}

#[tokio::test]
async fn fault_52_every_hop_is_looked_up_anew() {
    let town = Town::start().await;
    let script =
        Script::default().answers("evil.test", &[Ok(&["127.0.0.1"]), Ok(&["192.168.0.1"])]);
    let targets = town.pages("evil.test", &["/for-now"]);
    let report = check_once(&targets, settings(town.port), script).await;
    assert_eq!(report.findings[0].verdict, Verdict::NotPublic);
    assert_eq!(town.lines(), ["HEAD evil.test/for-now"]);
}

#[test]
fn fault_52_no_proxy_is_used() {
    // The environment of this process is not ours to change: another test runs in its own.
    let (_, module) = module_path!().split_once("::").unwrap();
    let test = format!("{module}::the_server_learns_who_asks");
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args([&test, "--exact"])
        .envs(["http_proxy", "HTTP_PROXY", "all_proxy"].map(|name| (name, "http://127.0.0.1:1")))
        .env_remove("no_proxy")
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && told.contains("1 passed"), "{told}");
}

#[tokio::test]
async fn loopback_itself_is_refused_unless_a_test_allows_it() {
    let town = Town::start().await;
    let targets = [
        target(&town.page("127.0.0.1", "/")),
        target("http://localhost/"),
        target("https://amt:geheim@stadt.test/x"),
    ];
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("links.jsonl");
    let mut memory = Memory::open(&path).unwrap();
    let cancel = CancellationToken::new();
    let settings = Settings { per_host_pause: Duration::ZERO, ..Settings::default() };
    let report = check(&targets, &mut memory, &settings, NOW, &mut |_, _| {}, &cancel).await;
    let report = report.unwrap();
    let found: BTreeMap<&str, Verdict> =
        report.findings.iter().map(|finding| (&*finding.url, finding.verdict)).collect();
    assert_eq!(found[&*targets[0].url], Verdict::Port);
    assert_eq!(found["http://localhost/"], Verdict::NotPublic);
    assert_eq!(found["https://stadt.test/x"], Verdict::Credentials);
    assert_eq!(town.lines(), [""; 0]);
    let shown = report.render() + &report.tsv() + &std::fs::read_to_string(path).unwrap();
    assert!(!shown.contains("geheim"));
}

/// A server of bytes, for what no decent server does.
async fn raw<F>(serve: impl Fn(TcpStream) -> F + Send + 'static) -> u16
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream));
        }
    });
    port
}

/// Reads a request and says whether it is a `GET`.
async fn is_get(stream: &mut TcpStream) -> bool {
    let mut request = Vec::new();
    let mut buffer = [0; 1024];
    while !request.ends_with(b"\r\n\r\n") {
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return false,
            Ok(length) => request.extend_from_slice(&buffer[..length]),
        }
    }
    request.starts_with(b"GET ")
}

async fn verdict_at(url: &str, settings: Settings) -> Verdict {
    check_once(&[target(url)], settings, Script::default()).await.findings[0].verdict
}

#[tokio::test]
async fn fault_52_a_body_of_ten_gigabytes_is_not_read() {
    let sent = Arc::new(AtomicU64::new(0));
    let counter = sent.clone();
    let port = raw(move |mut stream| {
        let sent = counter.clone();
        async move {
            if !is_get(&mut stream).await {
                let _ = stream.write_all(b"HTTP/1.1 501 No\r\nContent-Length: 0\r\n\r\n").await;
                return;
            }
            let head = b"HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n";
            let _ = stream.write_all(head).await;
            let block = vec![b'x'; 64 * 1024];
            while stream.write_all(&block).await.is_ok() {
                sent.fetch_add(block.len() as u64, Ordering::Relaxed);
            }
        }
    })
    .await;
    let url = format!("http://stadt.test:{port}/");
    assert_eq!(verdict_at(&url, settings(port)).await, Verdict::Works);
    // What the socket buffers of both sides hold comes on top of the 64 KiB.
    assert!(sent.load(Ordering::Relaxed) < 100_000_000, "{sent:?} bytes");
}

#[tokio::test]
async fn fault_52_an_endless_trickle_ends() {
    // Trickling in the headers, in the body, and in redirects that never end.
    for (head, tail) in [
        ("HTTP/1.1 200 OK\r\n", "X: y\r\n"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", "x"),
        ("", ""),
    ] {
        let port = raw(move |mut stream| async move {
            if !is_get(&mut stream).await {
                let _ = stream.write_all(b"HTTP/1.1 405 No\r\nContent-Length: 0\r\n\r\n").await;
                return;
            }
            let _ = stream.write_all(head.as_bytes()).await;
            while stream.write_all(tail.as_bytes()).await.is_ok() {
                sleep(Duration::from_millis(20)).await;
            }
        })
        .await;
        let settings = Settings { timeout: Duration::from_millis(500), ..settings(port) };
        let started = Instant::now();
        let verdict = verdict_at(&format!("http://stadt.test:{port}/"), settings).await;
        assert_eq!(verdict, Verdict::Timeout, "{head:?}");
        assert!(started.elapsed() >= Duration::from_millis(500));
    }
}

#[tokio::test]
async fn redirects_do_not_buy_time() {
    // Each answer comes in time; all of them do not.
    let port = raw(|mut stream| async move {
        is_get(&mut stream).await;
        sleep(Duration::from_millis(400)).await;
        let number = stream.peer_addr().unwrap().port();
        let head =
            format!("HTTP/1.1 302 Found\r\nLocation: /{number}\r\nContent-Length: 0\r\n\r\n");
        let _ = stream.write_all(head.as_bytes()).await;
    })
    .await;
    let settings =
        Settings { timeout: Duration::from_secs(1), max_redirects: 100, ..settings(port) };
    let verdict = verdict_at(&format!("http://stadt.test:{port}/"), settings).await;
    assert_eq!(verdict, Verdict::Timeout);
}

#[tokio::test]
async fn what_is_no_answer_is_told_by_its_reason() {
    let town = Town::start().await;
    // No TLS where TLS is expected; nobody there; rubbish; a server that hangs up.
    let https = format!("https://stadt.test:{}/", town.port);
    assert_eq!(verdict_at(&https, settings(town.port)).await, Verdict::NoTls);

    let port = raw(|mut stream| async move {
        let _ = stream.read(&mut [0; 4096]).await;
    })
    .await;
    assert_eq!(
        verdict_at(&format!("https://stadt.test:{port}/"), settings(port)).await,
        Verdict::NoTls
    );
    assert_eq!(
        verdict_at(&format!("http://stadt.test:{port}/"), settings(port)).await,
        Verdict::Broken
    );

    let port = raw(|mut stream| async move {
        is_get(&mut stream).await;
        let _ = stream.write_all(b"SSH-2.0-OpenSSH_9.9\r\n\r\n").await;
    })
    .await;
    let url = format!("http://stadt.test:{port}/");
    assert_eq!(verdict_at(&url, settings(port)).await, Verdict::Broken);

    let port = {
        let unused = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        unused.local_addr().unwrap().port()
    };
    let url = format!("http://stadt.test:{port}/");
    assert_eq!(verdict_at(&url, settings(port)).await, Verdict::NoConnection);

    for (answer, expected) in [
        (Err(LookupError::Failed), Verdict::LookupFailed),
        (Err(LookupError::NoSuchHost), Verdict::HostUnknown),
        (Ok(&["10.0.0.1"] as &[&str]), Verdict::NotPublic),
    ] {
        for url in [&url, &https] {
            let script = Script::default().answers("stadt.test", &[answer]);
            let settings = settings(Url::parse(url).unwrap().port().unwrap());
            let report = check_once(&[target(url)], settings, script).await;
            assert_eq!(report.findings[0].verdict, expected, "{url}");
        }
    }
}

#[tokio::test]
async fn a_server_that_hangs_up_on_head_is_asked_by_get() {
    let port = raw(|mut stream| async move {
        if is_get(&mut stream).await {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nda").await;
        }
    })
    .await;
    let url = format!("http://stadt.test:{port}/");
    assert_eq!(verdict_at(&url, settings(port)).await, Verdict::Works);
}

#[tokio::test]
async fn nothing_is_decompressed() {
    let town = Town::start().await;
    // As gzip the body is broken; as what it is, it is fine.
    let url = town.page("stadt.test", "/zipped");
    assert_eq!(verdict_at(&url, settings(town.port)).await, Verdict::Works);
    assert!(lock(&town.seen).iter().all(|seen| !seen.encodings));
}

#[tokio::test]
async fn a_host_without_name_is_gone_in_the_second_run() {
    let town = Town::start().await;
    let script = Script::default().answers("gone.test", &[Err(LookupError::NoSuchHost)]);
    let (script, dir) = (Arc::new(script), tempfile::tempdir().unwrap());
    let mut targets = town.pages("gone.test", &["/a", "/b"]);
    targets.extend(town.pages("stadt.test", &["/"]));
    let at = |hours: i64| NOW + time::Duration::hours(hours);

    let report = check_with(&targets, settings(town.port), &script, dir.path(), at(0)).await;
    assert_eq!((report.count(Kind::Down), report.count(Kind::Gone)), (2, 0));
    assert_eq!(script.asked("gone.test"), 1, "one look-up speaks for all pages of a host");
    // Resuming is no second run.
    let report = check_with(&targets, settings(town.port), &script, dir.path(), at(1)).await;
    assert_eq!((report.count(Kind::Down), report.count(Kind::Gone), report.asked), (2, 0, 0));
    let report = check_with(&targets, settings(town.port), &script, dir.path(), at(24)).await;
    assert_eq!((report.count(Kind::Down), report.count(Kind::Gone)), (0, 2));
    assert!(report.render().contains("2 Mal in Folge, zuerst am 22.11.2026"));
    assert_eq!(town.lines().len(), 1, "a page that works is not asked again so soon");
}

#[tokio::test]
async fn a_host_that_does_not_answer_is_left_alone() {
    let town = Town::start().await;
    let paths: Vec<String> = (0..20).map(|n| format!("/{n:02}")).collect();
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    let script = Script::default().answers("down.test", &[Err(LookupError::Failed)]);
    let targets = town.pages("down.test", &paths);
    let dir = tempfile::tempdir().unwrap();
    let script = Arc::new(script);
    let report = check_with(&targets, settings(town.port), &script, dir.path(), NOW).await;
    assert_eq!(report.count(Kind::Down), 20);
    assert_eq!(script.asked("down.test"), 3);

    // Told to slow down, we stop: no GET, no other page.
    let targets = town.pages("busy.test", &["/a", "/status/429", "/z"]);
    let report = check_once(&targets, settings(town.port), Script::default()).await;
    assert_eq!(town.lines(), ["HEAD busy.test/a", "HEAD busy.test/status/429"]);
    assert_eq!((report.count(Kind::Works), report.count(Kind::Down)), (1, 2));
}

#[tokio::test]
async fn a_host_is_asked_one_page_at_a_time_with_a_pause() {
    const PAUSE: Duration = Duration::from_millis(150);
    let town = Town::start().await;
    // Pages of two hosts, one of which redirects to the other while that is being asked.
    let mut targets = town.pages("stadt.test", &["/a", "/status/404", "/to-other"]);
    targets.extend(town.pages("other.test", &["/b", "/c", "/d"]));
    let settings = Settings { per_host_pause: PAUSE, ..settings(town.port) };
    check_once(&targets, settings, Script::default()).await;
    for (host, count) in [("stadt.test", 4), ("other.test", 4)] {
        let mut times: Vec<Instant> = lock(&town.seen)
            .iter()
            .filter(|seen| seen.line.contains(host))
            .map(|seen| seen.at)
            .collect();
        times.sort();
        assert_eq!(times.len(), count, "{host}");
        for pair in times.windows(2) {
            assert!(pair[1] - pair[0] >= PAUSE, "{host}: {:?}", pair[1] - pair[0]);
        }
    }
}

#[tokio::test]
async fn as_many_hosts_are_asked_at_once_as_allowed() {
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (current, highest) = (now.clone(), most.clone());
    let port = raw(move |mut stream| {
        let (current, highest) = (current.clone(), highest.clone());
        async move {
            is_get(&mut stream).await;
            highest.fetch_max(current.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            sleep(Duration::from_millis(100)).await;
            current.fetch_sub(1, Ordering::SeqCst);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
        }
    })
    .await;
    let targets: Vec<Target> =
        (0..9).map(|n| target(&format!("http://stadt{n}.test:{port}/"))).collect();
    let settings = Settings { concurrency: 3, ..settings(port) };
    let report = check_once(&targets, settings, Script::default()).await;
    assert_eq!(report.count(Kind::Works), 9);
    assert!(most.load(Ordering::SeqCst) <= 3);
}

/// A run that is ended after two pages, by `end`.
async fn interrupted(town: &Town, targets: &[Target], path: &Path, kill: bool) -> Option<Report> {
    let mut memory = Memory::open(path).unwrap();
    let settings = Settings { per_host_pause: Duration::from_millis(300), ..settings(town.port) };
    let prober = Prober::new(settings, Arc::new(Script::default())).unwrap();
    let (cancel, killed) = (CancellationToken::new(), CancellationToken::new());
    let mut told = Vec::new();
    let mut progress = |done, total| {
        told.push((done, total));
        if done == 2 {
            if kill { killed.cancel() } else { cancel.cancel() }
        }
    };
    let run = run(targets, &mut memory, prober, NOW, &mut progress, &cancel);
    let report = tokio::select! {
        biased;
        () = killed.cancelled() => None,
        report = timeout(AT_MOST, run) => Some(report.expect("the run ends").unwrap()),
    };
    assert_eq!(told[..3], [(0, 5), (1, 5), (2, 5)]);
    report
}

#[tokio::test]
async fn a_run_that_is_cancelled_or_killed_is_resumed() {
    for kill in [false, true] {
        let town = Town::start().await;
        let targets = town.pages("stadt.test", &["/a", "/b", "/c", "/d", "/e"]);
        let dir = tempfile::tempdir().unwrap();
        let report = interrupted(&town, &targets, &dir.path().join("links.jsonl"), kill).await;
        if let Some(report) = report {
            assert_eq!((report.findings.len(), report.open, report.asked), (2, 3, 2));
            assert!(report.render().contains("noch offen"));
            assert!(!report.is_clean());
        }
        let script = Arc::new(Script::default());
        let report = check_with(&targets, settings(town.port), &script, dir.path(), NOW).await;
        assert_eq!((report.count(Kind::Works), report.open, report.asked), (5, 0, 3));
        assert!(report.is_clean());
        for path in ["/a", "/b"] {
            let asked = town.lines().iter().filter(|line| line.ends_with(path)).count();
            assert_eq!(asked, 1, "{path} is not asked again");
        }
    }
}

#[tokio::test]
async fn a_user_agent_that_cannot_be_sent_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let mut memory = Memory::open(&dir.path().join("links.jsonl")).unwrap();
    let settings = Settings { user_agent: "a\nb".to_owned(), ..Settings::default() };
    let cancel = CancellationToken::new();
    let result = check(&[], &mut memory, &settings, NOW, &mut |_, _| {}, &cancel).await;
    let error = result.unwrap_err().to_string();
    assert!(error.starts_with("Die Linkprüfung kann nicht beginnen"), "{error}");
}

#[tokio::test]
async fn the_server_learns_who_asks() {
    let agent = Arc::new(Mutex::new(String::new()));
    let heard = agent.clone();
    let app = Router::new().fallback(move |request: Request| {
        let name = HeaderName::from_static("user-agent");
        *lock(&heard) = request.headers()[name].to_str().unwrap().to_owned();
        async {}
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move { axum::serve(listener, app).await });
    verdict_at(&format!("http://stadt.test:{port}/"), settings(port)).await;
    assert!(lock(&agent).starts_with("Amtslotse/"));
}
