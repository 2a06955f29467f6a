//! A PostgreSQL server of one's own for tests: in a temporary directory, on a free port of this
//! machine alone, gone when dropped.
//!
//! Used by `tests/it`, by the tests of `src/store` and by `examples/store_speed.rs`, which include
//! this file by its path; none needs all of it.
#![allow(dead_code, reason = "each crate that includes this file uses a part of it")]

use std::{
    fs::{self, File},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use tempfile::TempDir;

/// A running server with the database `amtslotse`.
pub struct Postgres {
    dir: TempDir,
    port: u16,
    server: Option<Child>,
}

impl Postgres {
    /// Makes a new cluster and starts it.
    ///
    /// # Panics
    /// If PostgreSQL is not installed, or does not start.
    pub fn start() -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        own(dir.path());
        let mut initdb = command("initdb");
        initdb.args([
            "--no-sync",
            "--auth=trust",
            "--username=amtslotse",
            "--encoding=UTF8",
            "--locale=C",
        ]);
        run(initdb.arg("--pgdata").arg(dir.path().join("data")));
        let mut server = Self { dir, port: free_port(), server: None };
        server.restart();
        run(command("createdb")
            .args(["--host=127.0.0.1", "--username=amtslotse", "--port"])
            .arg(server.port.to_string())
            .arg("amtslotse"));
        server
    }

    /// A server that is not running yet; [`Postgres::restart`] starts it.
    pub fn stopped() -> Self {
        let mut server = Self::start();
        server.stop_immediate();
        server
    }

    /// The address of the database.
    pub fn url(&self) -> String {
        format!("postgres://amtslotse@127.0.0.1:{}/amtslotse", self.port)
    }

    /// The port it listens on, on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Runs SQL, and gives what it prints.
    pub fn sql(&self, sql: &str) -> String {
        let mut psql = command("psql");
        psql.arg(self.url()).args(["--no-psqlrc", "-qtAX", "-v", "ON_ERROR_STOP=1", "-c", sql]);
        run(&mut psql).trim().to_owned()
    }

    /// Ends it as a crash would: connections break, nothing is written first.
    pub fn stop_immediate(&mut self) {
        self.resume();
        if let Some(mut server) = self.server.take() {
            // What `pg_ctl stop -m immediate` sends. The process is the server's own: `setpriv` has
            // become it.
            signal("QUIT", &[server.id().to_string()]);
            server.wait().expect("the server ends");
        }
    }

    /// Starts it again (or at first), on the same port, and waits until it takes connections.
    pub fn restart(&mut self) {
        assert!(self.server.is_none(), "it runs already");
        let log = File::create(self.dir.path().join("log")).expect("a log file");
        let mut postgres = command("postgres");
        postgres
            .arg("-D")
            .arg(self.dir.path().join("data"))
            .args(["-c", "listen_addresses=127.0.0.1", "-c", "fsync=on"])
            .args(["-c", &format!("port={}", self.port)])
            .args(["-c", &format!("unix_socket_directories={}", self.dir.path().display())])
            .stdout(Stdio::null())
            .stderr(log);
        self.server = Some(postgres.spawn().expect("postgres starts"));
        self.wait_until_ready();
    }

    /// Halts all its processes: connections stay open, and nothing answers.
    pub fn pause(&self) {
        signal("STOP", &self.all_pids());
    }

    /// Lets them go on.
    pub fn resume(&self) {
        signal("CONT", &self.all_pids());
    }

    fn wait_until_ready(&self) {
        let end = Instant::now() + Duration::from_secs(30);
        let port = self.port.to_string();
        loop {
            let mut ready = command("pg_isready");
            ready.args(["--quiet", "--host=127.0.0.1", "--port", &port]);
            if ready.status().is_ok_and(|status| status.success()) {
                return;
            }
            if Instant::now() > end {
                let log = fs::read_to_string(self.dir.path().join("log")).unwrap_or_default();
                panic!("PostgreSQL did not start within 30 s: {log}");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// The server and its backends.
    fn all_pids(&self) -> Vec<String> {
        let Some(server) = self.server.as_ref().map(Child::id) else { return Vec::new() };
        let children = format!("/proc/{server}/task/{server}/children");
        let text = fs::read_to_string(children).expect("a list of child processes");
        let backends = text.split_whitespace().map(str::to_owned);
        std::iter::once(server.to_string()).chain(backends).collect()
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if self.server.is_some() {
            self.stop_immediate();
        }
    }
}

fn signal(name: &str, pids: &[String]) {
    if !pids.is_empty() {
        // A backend may be gone meanwhile, which is no failure.
        let mut kill = Command::new("kill");
        let _ = kill.arg(format!("-{name}")).args(pids).stderr(Stdio::null()).status();
    }
}

/// A PostgreSQL program. It refuses to run as root, so root becomes `postgres`.
fn command(program: &str) -> Command {
    let path = bin_dir().join(program);
    let mut command = if is_root() {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]).arg(path);
        command
    } else {
        Command::new(path)
    };
    // Settings of whoever runs the tests must not lead elsewhere.
    for name in ["PGHOST", "PGPORT", "PGUSER", "PGDATABASE", "PGPASSWORD", "PGDATA", "PGSERVICE"] {
        command.env_remove(name);
    }
    command.current_dir("/");
    command
}

/// The newest version that Debian's packages have installed.
fn bin_dir() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest = versions
        .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
        .filter(|version| directory(*version).join("initdb").exists())
        .max();
    let Some(newest) = newest else {
        panic!("PostgreSQL is not installed; on Debian: apt-get install postgresql");
    };
    directory(newest)
}

fn directory(version: u32) -> PathBuf {
    PathBuf::from(format!("/usr/lib/postgresql/{version}/bin"))
}

fn own(path: &Path) {
    if is_root() {
        run(Command::new("chown").arg("postgres:postgres").arg(path));
    }
}

fn is_root() -> bool {
    run(Command::new("id").arg("-u")).trim() == "0"
}

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {errors}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// One that was free a moment ago.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its address").port()
}
