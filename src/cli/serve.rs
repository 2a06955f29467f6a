//! `serve`.

use tokio_util::sync::CancellationToken;

use super::{Common, DONE, FAILED, USAGE, load_process};
use crate::{serve::Ended, telemetry};

pub(super) async fn run(common: &Common) -> u8 {
    let process = match load_process(common) {
        Ok(process) => process,
        Err(code) => return code,
    };
    telemetry::init(&process.base.log);
    for warning in &process.warnings {
        tracing::warn!("{warning}");
    }
    let shutdown = CancellationToken::new();
    tokio::spawn({
        let shutdown = shutdown.clone();
        async move {
            match crate::signals::stop().await {
                Ok(()) => shutdown.cancel(),
                Err(error) => tracing::error!(%error, "signals cannot be listened to"),
            }
        }
    });
    match crate::serve::serve(process, shutdown).await {
        Ok(Ended::Stopped) => DONE,
        Ok(Ended::Misconfigured) => FAILED,
        Ok(Ended::NothingEnabled) => {
            eprintln!(
                "Kein Kanal ist eingeschaltet. Setzen Sie in der Einstellungsdatei (--config) oder in der Umgebung:\n  \
                 telegram.enabled = true und telegram.token (AMTSLOTSE_TELEGRAM__ENABLED, AMTSLOTSE_TELEGRAM__TOKEN)\n  \
                 discord.enabled = true und discord.token (AMTSLOTSE_DISCORD__ENABLED, AMTSLOTSE_DISCORD__TOKEN)\n\
                 Zum Ausprobieren ohne Kanal: amtslotse chat"
            );
            USAGE
        }
        Err(error) => {
            eprintln!("Fehler: {error:#}");
            USAGE
        }
    }
}
