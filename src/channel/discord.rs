//! Discord, over the gateway.

use tokio_util::sync::CancellationToken;

use super::ChannelError;
use crate::{app::App, config::DiscordConfig};

/// Runs the channel until `shutdown`.
///
/// # Errors
/// If the operator must change a setting first.
pub async fn run(
    app: App,
    config: &DiscordConfig,
    shutdown: CancellationToken,
) -> Result<(), ChannelError> {
    let _ = (app, config);
    shutdown.cancelled().await;
    Ok(())
}
