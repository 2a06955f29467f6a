//! The child is this test program itself, since only a new process may be given an environment.

use std::{
    cell::Cell,
    env,
    os::unix::net::UnixDatagram,
    process::{Child, Command},
    time::Duration,
};

use super::*;

/// Runs `what` of the child tests below with a socket to talk to.
fn child(what: &str, socket: &std::path::Path, watchdog_usec: &str) -> Child {
    Command::new(env::current_exe().unwrap())
        .args(["--exact", "--ignored", &format!("notify::tests::{what}")])
        .env("NOTIFY_SOCKET", socket)
        .env("WATCHDOG_USEC", watchdog_usec)
        .env_remove("WATCHDOG_PID")
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap()
}

fn received(socket: &UnixDatagram) -> Vec<String> {
    let mut buffer = [0; 4096];
    let length = socket.recv(&mut buffer).unwrap();
    let text = String::from_utf8(buffer[..length].to_vec()).unwrap();
    text.lines().map(str::to_owned).collect()
}

fn socket(dir: &tempfile::TempDir) -> (UnixDatagram, std::path::PathBuf) {
    let path = dir.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    (socket, path)
}

#[test]
fn systemd_is_told_of_start_reload_and_end() {
    let dir = tempfile::tempdir().unwrap();
    let (socket, path) = socket(&dir);
    let mut child = child("child_tells_its_life", &path, "");
    assert_eq!(received(&socket), ["READY=1"]);
    assert_eq!(received(&socket), ["STATUS=300 Gemeinden"]);
    let reload = received(&socket);
    assert_eq!(reload[0], "RELOADING=1");
    let at = reload[1].strip_prefix("MONOTONIC_USEC=").unwrap();
    assert!(at.parse::<u64>().unwrap() > 0);
    assert_eq!(received(&socket), ["READY=1"]);
    assert_eq!(received(&socket), ["STOPPING=1"]);
    assert!(child.wait().unwrap().success());
}

#[test]
#[ignore = "is run by systemd_is_told_of_start_reload_and_end"]
fn child_tells_its_life() {
    ready();
    status("300 Gemeinden\nREADY=0");
    reloading();
    ready();
    stopping();
}

#[test]
fn the_watchdog_is_kept_quiet_only_by_signs_of_life() {
    let dir = tempfile::tempdir().unwrap();
    let (socket, path) = socket(&dir);
    let mut child = child("child_lives_for_three_ticks", &path, "20000");
    for _ in 0..3 {
        assert_eq!(received(&socket), ["WATCHDOG=1"]);
    }
    // The child ends after ten ticks; no further one was told.
    assert!(child.wait().unwrap().success());
    socket.set_nonblocking(true).unwrap();
    assert!(socket.recv(&mut [0; 16]).is_err());
}

#[tokio::test]
#[ignore = "is run by the_watchdog_is_kept_quiet_only_by_signs_of_life"]
async fn child_lives_for_three_ticks() {
    let asked = Cell::new(0);
    let ten_ticks = async {
        while asked.get() < 10 {
            tokio::task::yield_now().await;
        }
    };
    let alive = || {
        asked.set(asked.get() + 1);
        asked.get() <= 3
    };
    tokio::select! {
        () = watchdog(alive) => panic!("the watchdog must not end"),
        () = ten_ticks => {}
    }
}

#[test]
fn a_socket_that_is_gone_does_no_harm() {
    let mut child = child("child_tells_its_life", "/nonexistent/notify".as_ref(), "");
    assert!(child.wait().unwrap().success());
}
