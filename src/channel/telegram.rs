//! Telegram, by long polling.

use tokio_util::sync::CancellationToken;

use super::ChannelError;
use crate::{app::App, config::TelegramConfig};

/// Runs the channel until `shutdown`.
///
/// # Errors
/// If the operator must change a setting first.
pub async fn run(
    app: App,
    config: &TelegramConfig,
    shutdown: CancellationToken,
) -> Result<(), ChannelError> {
    let _ = (app, config);
    shutdown.cancelled().await;
    Ok(())
}
