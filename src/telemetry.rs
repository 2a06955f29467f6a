//! Logs on standard error. Message texts, chat ids and tokens are never logged: neither by us, nor
//! by the platform crates, whose chatty targets are turned off here.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::config::{LogConfig, LogFormat, LogLevel};

/// Targets that print whole updates, and with them citizens' words, at these levels.
const QUIET: &str = "teloxide=warn,teloxide::dispatching::dispatcher=off,teloxide::error_handlers=off,\
     teloxide_core=error,serenity=warn,serenity::gateway=error,serenity::client=error,\
     hyper=warn,h2=warn,reqwest=warn,rustls=warn,tungstenite=warn,tokio_tungstenite=warn";

/// Starts logging. Later calls (in tests) change nothing.
pub fn init(config: &LogConfig) {
    let level = match config.level {
        LogLevel::Error => "error",
        LogLevel::Warn => "warn",
        LogLevel::Info => "info",
        LogLevel::Debug => "debug",
        LogLevel::Trace => "trace",
    };
    // Only our own code follows the operator's level: a dependency at "trace" would log messages.
    let filter = EnvFilter::new(format!("warn,{QUIET},amtslotse={level}"));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = match config.format {
        LogFormat::Json => builder.json().try_init(),
        LogFormat::Text => builder.with_ansi(std::io::stderr().is_terminal()).try_init(),
    };
    if started.is_err() {
        tracing::debug!("logging was started before");
        return;
    }
    // The default hook prints the panic's message, which may quote a citizen's words.
    std::panic::set_hook(Box::new(|panic| {
        let location = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(location, "a fault in the program");
    }));
}
