//! The real program as a child process, with all that it writes.

use std::{
    io::Read,
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex},
    thread::JoinHandle,
    time::Instant,
};

use super::{PATIENCE, until};

pub struct Program {
    child: Child,
    written: Arc<Mutex<Vec<u8>>>,
    readers: Vec<JoinHandle<()>>,
}

impl Program {
    /// Starts `amtslotse serve` with these settings, and nothing of the developer's own.
    pub fn serve(config: &Path) -> Self {
        let mut command = program();
        Self::start(command.args(["serve", "--config"]).arg(config))
    }

    /// Starts any program.
    pub fn start(command: &mut Command) -> Self {
        let pipes = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = pipes.spawn().unwrap();
        let written = Arc::default();
        let readers = vec![
            read(child.stdout.take().unwrap(), &written),
            read(child.stderr.take().unwrap(), &written),
        ];
        Self { child, written, readers }
    }

    /// What it wrote so far, on both outputs.
    pub fn written(&self) -> String {
        String::from_utf8_lossy(&self.written.lock().unwrap()).into_owned()
    }

    /// Waits until it has written this.
    pub async fn until_written(&mut self, part: &str) {
        until(part, async || {
            let written = self.written();
            assert!(self.child.try_wait().unwrap().is_none(), "it ended: {written}");
            written.contains(part)
        })
        .await;
    }

    /// Asks it to stop, and waits for that; its exit and all that it wrote.
    pub fn stop(mut self) -> (ExitStatus, String) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        self.wait()
    }

    /// Ends its input, and waits until it stops by itself.
    pub fn finish(mut self) -> (ExitStatus, String) {
        drop(self.child.stdin.take());
        self.wait()
    }

    fn wait(&mut self) -> (ExitStatus, String) {
        let end = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(Instant::now() < end, "it does not end: {}", self.written());
            std::thread::sleep(std::time::Duration::from_millis(20));
        };
        for reader in self.readers.drain(..) {
            reader.join().unwrap();
        }
        (status, self.written())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended, which is no failure.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The program without the developer's own settings.
pub fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_amtslotse"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("AMTSLOTSE_")) {
        command.env_remove(name);
    }
    command
}

fn read(mut from: impl Read + Send + 'static, written: &Arc<Mutex<Vec<u8>>>) -> JoinHandle<()> {
    let written = Arc::clone(written);
    std::thread::spawn(move || {
        let mut buffer = [0; 8192];
        while let Ok(read) = from.read(&mut buffer) {
            if read == 0 {
                break;
            }
            written.lock().unwrap().extend_from_slice(&buffer[..read]);
        }
    })
}
