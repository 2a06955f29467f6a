//! `serve`.

use tokio_util::sync::CancellationToken;

use super::{Common, DONE, FAILED, USAGE, load_config};
use crate::{serve::Ended, telemetry};

pub(super) async fn run(common: &Common) -> u8 {
    let loaded = match load_config(common) {
        Ok(loaded) => loaded,
        Err(code) => return code,
    };
    telemetry::init(&loaded.config.log);
    for warning in &loaded.warnings {
        tracing::warn!("{warning}");
    }
    let shutdown = CancellationToken::new();
    tokio::spawn({
        let shutdown = shutdown.clone();
        async move {
            match crate::serve::stop_signal().await {
                Ok(()) => shutdown.cancel(),
                Err(error) => tracing::error!(%error, "signals cannot be listened to"),
            }
        }
    });
    match crate::serve::serve(&loaded.config, shutdown).await {
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
