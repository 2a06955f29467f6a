//! Over real connections on the loopback interface, by hand where a client library would be too
//! polite. Limits are short here; every wait is bounded.

use std::{
    pin::Pin,
    sync::atomic::{AtomicUsize, Ordering},
    task::{Context, Poll},
};

use axum::{
    body::{Body, Bytes, HttpBody},
    routing::{get, post},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    task::JoinHandle,
    time::{Instant, sleep, timeout},
};

use super::*;
use crate::{
    health::{Health, Role},
    metrics,
};

const SHORT: Duration = Duration::from_millis(200);
/// Longer than anything here may take.
const BOUND: Duration = Duration::from_secs(20);

struct Running {
    address: SocketAddr,
    stop: CancellationToken,
    ended: JoinHandle<()>,
}

async fn start(router: Router) -> Running {
    start_with(router, LIMITS).await
}

async fn start_with(router: Router, limits: Limits) -> Running {
    let loopback = SocketAddr::from(([127, 0, 0, 1], 0));
    let mut server = Server::bind("http.listen", loopback).await.unwrap();
    server.limits = limits;
    let (address, stop) = (server.local_addr(), CancellationToken::new());
    let ended = tokio::spawn(server.serve(router, stop.clone()));
    Running { address, stop, ended }
}

impl Running {
    async fn connect(&self) -> TcpStream {
        timeout(BOUND, TcpStream::connect(self.address)).await.unwrap().unwrap()
    }

    /// Sends bytes and reads until the server closes.
    async fn exchange(&self, sent: impl AsRef<[u8]>) -> String {
        let mut stream = self.connect().await;
        // The server may have heard enough before all is written.
        let _ = stream.write_all(sent.as_ref()).await;
        rest(&mut stream).await
    }

    async fn get(&self, path: &str) -> String {
        self.exchange(format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")).await
    }
}

/// What comes until the connection is closed; a reset is an end as well.
async fn rest(stream: &mut TcpStream) -> String {
    let mut read = Vec::new();
    let _ = timeout(BOUND, stream.read_to_end(&mut read)).await.expect("the server hangs");
    String::from_utf8(read).unwrap()
}

fn code(response: &str) -> u16 {
    let status = response.strip_prefix("HTTP/1.1 ").unwrap_or_else(|| panic!("{response:?}"));
    status[..3].parse().unwrap()
}

fn body(response: &str) -> &str {
    response.split_once("\r\n\r\n").unwrap().1
}

/// A web hook that reads its body, and one that does not look at it.
fn hooks() -> Router {
    let length =
        async |body: Body| Ok::<_, BodyError>(read_body(body, 1000).await?.len().to_string());
    let greedy =
        async |body: Body| Ok::<_, BodyError>(read_body(body, usize::MAX).await?.len().to_string());
    Router::new()
        .route("/", get(async || "hello"))
        .route("/hook", post(length))
        .route("/greedy", post(greedy))
        .route("/deaf", post(async || "done"))
}

#[tokio::test]
async fn says_no_more_than_it_must() {
    let server = start(hooks()).await;
    let found = server.get("/").await;
    assert_eq!((code(&found), body(&found)), (200, "hello"));
    let head = server.exchange("HEAD / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
    assert_eq!((code(&head), body(&head)), (200, ""));
    assert!(head.contains("content-length: 5"));
    let missing = server.get("/nothing/here").await;
    assert_eq!((code(&missing), body(&missing)), (404, ""));
    let wrong = server.get("/hook").await;
    assert_eq!((code(&wrong), body(&wrong)), (405, ""));
    for response in [found, head, missing, wrong] {
        assert!(!response.to_lowercase().contains("\r\nserver:"), "{response}");
    }
}

#[tokio::test]
async fn fault_38_a_body_that_is_too_long_is_refused_unread() {
    let server = start(hooks()).await;
    for path in ["/hook", "/greedy", "/deaf"] {
        let head = format!("POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: 1048577\r\n\r\n");
        assert_eq!(code(&server.exchange(head).await), 413, "{path}");
    }
    let short =
        "POST /hook HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 1001\r\n\r\n";
    let long = server.exchange(format!("{short}{}", "x".repeat(1001))).await;
    assert_eq!((code(&long), body(&long)), (413, ""));
}

#[tokio::test]
async fn fault_38_a_body_in_pieces_without_end_is_refused_at_the_limit() {
    let server = start(hooks()).await;
    for (path, enough) in [("/hook", 1001), ("/greedy", MAX_BODY + 1)] {
        let mut stream = server.connect().await;
        let head = format!("POST {path} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        let piece = format!("400\r\n{}\r\n", "x".repeat(1024));
        for _ in 0..enough.div_ceil(1024) {
            stream.write_all(piece.as_bytes()).await.unwrap();
        }
        // Without an end of the body.
        assert_eq!(code(&rest(&mut stream).await), 413, "{path}");
    }
}

#[tokio::test]
async fn fault_38_a_compressed_body_is_not_unpacked() {
    let server = start(hooks()).await;
    let request = "POST /hook HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-encoding: gzip\r\ncontent-length: 4\r\n\r\n\x1f\x0b\x08\x00";
    assert_eq!(body(&server.exchange(request).await), "4");
}

#[tokio::test]
async fn fault_38_heads_are_bounded() {
    let server = start(hooks()).await;
    let many = "x: y\r\n".repeat(100_000);
    let request = format!("GET / HTTP/1.1\r\nhost: x\r\n{many}\r\n");
    assert_eq!(code(&server.exchange(request).await), 431);
    let long = format!("GET / HTTP/1.1\r\nhost: x\r\nx: {}\r\n\r\n", "y".repeat(1_000_000));
    assert_eq!(code(&server.exchange(long).await), 431);
    let path = format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "y".repeat(1_000_000));
    assert!((400..500).contains(&code(&server.exchange(path).await)));
}

#[tokio::test]
async fn fault_38_bytes_that_are_no_text_are_refused_or_harmless() {
    let server = start(hooks()).await;
    let end = b"HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    for (path, expected) in [
        (&b"/\xff\xfe"[..], 400..500),
        (b"/%ff%fe", 404..405),
        (b"/%00", 404..405),
        (b"/..%2f..%2fetc/passwd", 404..405),
        (b"/\r\n\r\nGET /", 400..500),
    ] {
        let request = [b"GET ", path, b" ", end].concat();
        assert!(expected.contains(&code(&server.exchange(request).await)), "{path:?}");
    }
    let header = b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-name: \xff\xfe\r\n\r\n";
    assert_eq!(code(&server.exchange(header).await), 200);
    for garbage in [
        "\r\n\r\n\0\0\0\0",
        "GET\r\n\r\n",
        "\u{16}\u{3}\u{1}\u{2}\0\u{1}\0",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ] {
        let answer = server.exchange(garbage).await;
        assert!(answer.is_empty() || (400..600).contains(&code(&answer)), "{garbage:?}: {answer}");
    }
    assert_eq!(code(&server.get("/").await), 200);
}

#[tokio::test]
async fn fault_38_who_sends_a_head_drop_by_drop_is_cut_off() {
    let server = start_with(hooks(), Limits { head: SHORT, ..LIMITS }).await;
    let began = Instant::now();
    let (mut reader, mut writer) = server.connect().await.into_split();
    let drip = tokio::spawn(async move {
        let _ = writer.write_all(b"GET / HTTP/1.1\r\n").await;
        while writer.write_all(b"x: y\r\n").await.is_ok() {
            sleep(SHORT / 10).await;
        }
    });
    let mut read = Vec::new();
    let _ = timeout(BOUND, reader.read_to_end(&mut read)).await.expect("the server waits for ever");
    assert!(read.is_empty(), "a head that never ends is answered");
    assert!(began.elapsed() >= SHORT);
    timeout(BOUND, drip).await.unwrap().unwrap();
}

#[tokio::test]
async fn idle_connections_are_closed() {
    let server = start_with(hooks(), Limits { head: SHORT, ..LIMITS }).await;
    let mut stream = server.connect().await;
    stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let answer = rest(&mut stream).await;
    assert_eq!((code(&answer), body(&answer)), (200, "hello"));
}

#[tokio::test]
async fn a_connection_serves_several_requests() {
    let server = start(hooks()).await;
    let one = "GET / HTTP/1.1\r\nhost: x\r\n\r\n";
    let last = "GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let answers = server.exchange(format!("{one}{one}{last}")).await;
    assert_eq!(answers.matches("HTTP/1.1 200").count(), 3);
}

#[tokio::test]
async fn a_handler_that_takes_too_long_is_given_up() {
    let router = Router::new().route("/", get(std::future::pending::<()>));
    let server = start_with(router, Limits { request: SHORT, ..LIMITS }).await;
    let answer = server.get("/").await;
    assert_eq!((code(&answer), body(&answer)), (503, ""));
}

#[tokio::test]
async fn a_body_that_does_not_come_ends_with_the_request() {
    let server = start_with(hooks(), Limits { request: SHORT, ..LIMITS }).await;
    let mut stream = server.connect().await;
    stream
        .write_all(b"POST /hook HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nab")
        .await
        .unwrap();
    assert_eq!(code(&rest(&mut stream).await), 503);
}

#[tokio::test]
async fn fault_69_a_panic_is_an_answer_without_words_and_counted() {
    let figures = metrics::install().unwrap();
    let count = || {
        let page = figures.render();
        let line =
            page.lines().find(|line| line.starts_with("amtslotse_panics_total{place=\"http\"}"));
        line.map_or(0, |line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap())
    };
    let before = count();
    let panicking = async |()| -> () { panic!("canary-4711") };
    let server = start(hooks().route("/panic", get(panicking))).await;
    let answer = server.get("/panic").await;
    assert_eq!((code(&answer), body(&answer)), (500, ""));
    assert_eq!(count(), before + 1);
    assert_eq!(code(&server.get("/").await), 200);
}

#[tokio::test]
async fn connections_are_bounded_and_free_places_are_taken() {
    let server = start_with(hooks(), Limits { connections: 2, ..LIMITS }).await;
    let first = server.connect().await;
    let _second = server.connect().await;
    let mut third = server.connect().await;
    third.write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
    assert!(timeout(SHORT, third.readable()).await.is_err(), "the third is served beside two");
    drop(first);
    assert_eq!(code(&rest(&mut third).await), 200);
}

#[tokio::test]
async fn who_never_reads_does_not_keep_a_place_for_ever() {
    let large = hooks().route("/large", get(async || vec![b'x'; 50_000_000]));
    let limits = Limits { connections: 1, age: SHORT, request: SHORT, ..LIMITS };
    let server = start_with(large, limits).await;
    let mut deaf = server.connect().await;
    deaf.write_all(b"GET /large HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    assert_eq!(code(&server.get("/").await), 200);
}

#[tokio::test]
async fn a_connection_that_is_too_old_ends_after_the_request_in_hand() {
    let slow = async || {
        sleep(2 * SHORT).await;
        "finished"
    };
    let limits = Limits { age: SHORT, grace: Duration::ZERO, ..LIMITS };
    let server = start_with(hooks().route("/slow", get(slow)), limits).await;
    let answer = server.exchange("GET /slow HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert_eq!((code(&answer), body(&answer)), (200, "finished"));
}

#[tokio::test]
async fn fault_66_what_is_in_hand_is_finished_and_nothing_new_accepted() {
    static IN_HAND: AtomicUsize = AtomicUsize::new(0);
    let go_on = CancellationToken::new();
    let slow = {
        let go_on = go_on.clone();
        async move || {
            IN_HAND.fetch_add(1, Ordering::SeqCst);
            go_on.cancelled().await;
            "finished"
        }
    };
    let server = start(hooks().route("/slow", get(slow))).await;
    let mut idle = server.connect().await;
    let mut busy = server.connect().await;
    busy.write_all(b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    timeout(BOUND, async {
        while IN_HAND.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
    })
    .await
    .unwrap();

    server.stop.cancel();
    assert_eq!(rest(&mut idle).await, "", "an idle connection is closed");
    // The listener is gone at the latest when the idle connection has been closed and the
    // scheduler has come round.
    timeout(BOUND, async {
        while TcpStream::connect(server.address).await.is_ok() {
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect("connections are still accepted");
    assert!(!server.ended.is_finished());
    go_on.cancel();
    let answer = rest(&mut busy).await;
    assert_eq!((code(&answer), body(&answer)), (200, "finished"));
    timeout(BOUND, server.ended).await.unwrap().unwrap();
}

#[tokio::test]
async fn fault_66_what_hangs_is_cut_off_after_the_grace() {
    let router = hooks().route("/stuck", get(std::future::pending::<()>));
    let server = start_with(router, Limits { grace: SHORT, ..LIMITS }).await;
    let mut stuck = server.connect().await;
    stuck.write_all(b"GET /stuck HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    // Served after the stuck one was accepted.
    assert_eq!(code(&server.get("/").await), 200);
    server.stop.cancel();
    timeout(BOUND, server.ended).await.expect("the server does not end").unwrap();
    assert_eq!(rest(&mut stuck).await, "");
}

#[tokio::test]
async fn an_address_in_use_is_told_with_its_key() {
    let server = start(hooks()).await;
    let Err(error) = Server::bind("metrics.listen", server.address).await else {
        panic!("two servers on one address")
    };
    let words = error.to_string();
    assert!(
        words.starts_with(&format!(
            "metrics.listen = \"{}\": die Adresse ist belegt",
            server.address
        ))
    );
}

#[tokio::test]
async fn an_address_of_another_machine_is_told_with_its_key() {
    // Kept for documentation (RFC 5737): no machine has it.
    let Err(error) = Server::bind("http.listen", SocketAddr::from(([192, 0, 2, 1], 0))).await
    else {
        panic!("listens on an address that this machine does not have")
    };
    assert_eq!(
        error.to_string(),
        "http.listen = \"192.0.2.1:0\": diese Adresse hat der Rechner nicht"
    );
}

#[tokio::test]
async fn fault_43_only_loopback_counts_as_hidden() {
    for (listen, exposed) in [("127.0.0.1:0", false), ("127.8.8.8:0", false), ("0.0.0.0:0", true)] {
        let server = Server::bind("metrics.listen", listen.parse().unwrap()).await.unwrap();
        assert_eq!(server.is_exposed(), exposed, "{listen}");
        assert_ne!(server.local_addr().port(), 0);
    }
}

fn troubled() -> Health {
    let health = Health::new();
    health.part(Role::Channel, "telegram", "tuebingen").up();
    health.part(Role::Channel, "telegram", "koeln").down("unauthorized", "the token is refused");
    health
}

#[tokio::test]
async fn operators_see_every_reason() {
    let health = troubled();
    let server = start(operations_router(health.clone(), metrics::install().unwrap())).await;
    let alive = server.get("/livez").await;
    assert_eq!((code(&alive), body(&alive)), (200, "ok"));
    let ready = server.get("/readyz").await;
    assert_eq!(code(&ready), 200);
    assert!(ready.contains("content-type: application/json"));
    assert!(ready.contains("cache-control: no-store"));
    let json: serde_json::Value = serde_json::from_str(body(&ready)).unwrap();
    assert_eq!(json["status"], "degraded");
    assert_eq!(json["reasons"][0]["tenant"], "koeln");
    health.stopping();
    assert_eq!(code(&server.get("/readyz").await), 503);
    assert_eq!(code(&server.get("/livez").await), 200);
}

#[tokio::test]
async fn prometheus_reads_the_figures() {
    let server = start(operations_router(troubled(), metrics::install().unwrap())).await;
    let page = server.get("/metrics").await;
    assert_eq!(code(&page), 200);
    assert!(page.contains("content-type: text/plain; version=0.0.4; charset=utf-8"));
    assert!(page.contains("amtslotse_channel_up{tenant=\"koeln\",channel=\"telegram\"} 0"));
    assert!(page.contains("amtslotse_channel_up{tenant=\"tuebingen\",channel=\"telegram\"} 1"));
}

#[tokio::test]
async fn fault_43_the_public_learns_one_word() {
    let health = troubled();
    let server = start(public_health_router(health.clone())).await;
    let ready = server.get("/readyz").await;
    assert_eq!((code(&ready), body(&ready)), (200, "degraded"));
    health.stopping();
    let ready = server.get("/readyz").await;
    assert_eq!((code(&ready), body(&ready)), (503, "unready"));
    assert_eq!(body(&server.get("/livez").await), "ok");
    assert_eq!(code(&server.get("/metrics").await), 404);
}

/// A body that never comes.
struct Never;

impl HttpBody for Never {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<hyper::body::Frame<Bytes>, Self::Error>>> {
        Poll::Pending
    }
}

#[tokio::test(start_paused = true)]
async fn fault_38_a_body_that_never_comes_is_given_up() {
    let began = Instant::now();
    let read = read_body(Body::new(Never), 1000).await;
    assert_eq!(read, Err(BodyError::TooSlow));
    assert!(began.elapsed() <= Duration::from_secs(11));
    assert_eq!(BodyError::TooSlow.into_response().status(), StatusCode::REQUEST_TIMEOUT);
}

#[tokio::test]
async fn a_body_that_breaks_off_is_a_bad_request() {
    let server = start(hooks()).await;
    let broken =
        "POST /hook HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nno number\r\n";
    assert_eq!(code(&server.exchange(broken).await), 400);
}
