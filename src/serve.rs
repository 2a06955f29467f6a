//! Composition and life cycle: catalog, bot and channels are put together, run until the process
//! is asked to stop, and end cleanly.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::Context;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::{
    app::App,
    bot::{Bot, Settings},
    catalog::{Catalog, CatalogFiles, NoOffers},
    channel::ChannelError,
    config::Config,
    places::Places,
    regression,
};

/// How long channels may take to finish what they are answering.
const GRACE: Duration = Duration::from_secs(8);

/// How `serve` ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// It was asked to stop.
    Stopped,
    /// No channel is enabled.
    NothingEnabled,
    /// Every channel gave up: the operator must change a setting.
    Misconfigured,
}

/// Loads the catalog and puts a bot together as configured.
///
/// # Errors
/// If the catalog has errors, or the default place is unknown or ambiguous; in German, with file
/// and key.
pub fn build_bot(config: &Config, catalog_dir: Option<&Path>) -> anyhow::Result<Bot> {
    let files = match catalog_dir {
        None => CatalogFiles::embedded(),
        Some(dir) => {
            CatalogFiles::from_dir(dir).context("Der Katalog kann nicht gelesen werden")?
        }
    };
    let catalog = Catalog::load(&files)?;
    let places = Places::load(&files).map_err(|finding| anyhow::anyhow!("{finding}"))?;
    let default_place = match config.bot.default_place.trim() {
        "" => None,
        name => Some(places.resolve(name).context("bot.default_place")?.key),
    };
    let settings = Settings {
        operator: config.operator.name.clone(),
        imprint_url: config.operator.imprint_url.clone(),
        privacy_url: config.operator.privacy_url.clone(),
        contact: config.operator.contact.clone(),
        phone: config.operator.phone.clone(),
        default_place,
        max_text: config.limits.text,
        hours: config.operator.hours.clone(),
        formal: config.bot.formal,
        language: config.bot.language,
        remembered_minutes: config.retention.conversation.duration().as_secs().div_ceil(60),
    };
    Ok(Bot::new(Arc::new(catalog), Arc::new(places), Arc::new(NoOffers), settings))
}

/// What became of a changed catalog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reloaded {
    /// It answers from the next message on.
    Swapped,
    /// It is faulty, or breaks a conversation of the regression list; the one before still answers.
    Refused(String),
}

/// Loads the catalog anew beside the one in use, has the conversations in its directory
/// `conversations/` (if there is one) with it, and puts it to use if all go as they must.
pub fn reload(app: &App, config: &Config, catalog_dir: Option<&Path>) -> Reloaded {
    let bot = match build_bot(config, catalog_dir) {
        Ok(bot) => bot,
        Err(error) => return Reloaded::Refused(format!("{error:#}")),
    };
    match broken_conversations(&bot, catalog_dir) {
        Some(why) => Reloaded::Refused(why),
        None => {
            app.swap(Arc::new(bot));
            Reloaded::Swapped
        }
    }
}

/// Why the regression list of a catalog does not hold.
fn broken_conversations(bot: &Bot, catalog_dir: Option<&Path>) -> Option<String> {
    let dir = catalog_dir?.join("conversations");
    if !dir.is_dir() {
        return None;
    }
    let files = match regression::read_dir(&dir) {
        Ok(files) => files,
        Err(error) => return Some(format!("{}: {error}", dir.display())),
    };
    let report = regression::run(bot, &files);
    let first = report.failures.first()?;
    Some(format!("{} Abweichungen in {}; die erste: {first}", report.failures.len(), dir.display()))
}

/// Runs all enabled channels until `shutdown`, or until none is left.
///
/// # Errors
/// If the bot cannot be put together.
pub async fn serve(
    config: &Config,
    catalog_dir: Option<&Path>,
    shutdown: CancellationToken,
) -> anyhow::Result<Ended> {
    let enabled = enabled_channels(config);
    if enabled.is_empty() {
        return Ok(Ended::NothingEnabled);
    }
    // From here on SIGHUP ends nothing.
    let hangups = hangups();
    let bot = build_bot(config, catalog_dir)?;
    if let Some(why) = broken_conversations(&bot, catalog_dir) {
        // A town without its bot would be worse off.
        tracing::warn!("the catalog breaks its regression list: {why}");
    }
    let app = App::new(Arc::new(bot), config);
    let mut channels = JoinSet::new();
    for channel in enabled {
        channels.spawn(run_channel(channel, app.clone(), config.clone(), shutdown.clone()));
    }
    tracing::info!(
        services = app.bot().catalog().services().len(),
        "catalog loaded, starting channels"
    );
    let mut failed = false;
    let sweep = app.sweep();
    tokio::pin!(sweep);
    let reloads =
        reload_when_asked(hangups, app.clone(), config.clone(), catalog_dir.map(Path::to_owned));
    tokio::pin!(reloads);
    loop {
        tokio::select! {
            () = shutdown.cancelled() => break,
            () = &mut sweep => {}
            () = &mut reloads => {}
            ended = channels.join_next() => match ended {
                None => return Ok(if failed { Ended::Misconfigured } else { Ended::Stopped }),
                Some(Ok(Ok(()))) => {}
                Some(Ok(Err(ChannelError::Misconfigured(why)))) => {
                    tracing::error!("{why}");
                    failed = true;
                }
                Some(Err(panic)) => {
                    tracing::error!(%panic, "a channel ended in a fault");
                    failed = true;
                }
            },
        }
    }
    tracing::info!("stopping");
    let all_ended = async { while channels.join_next().await.is_some() {} };
    if tokio::time::timeout(GRACE, all_ended).await.is_err() {
        tracing::warn!("not all channels ended in time");
        channels.abort_all();
    }
    tracing::info!("stopped");
    Ok(Ended::Stopped)
}

#[derive(Debug, Clone, Copy)]
enum ChannelKind {
    Telegram,
    Discord,
}

fn enabled_channels(config: &Config) -> Vec<ChannelKind> {
    let mut enabled = Vec::new();
    if config.telegram.enabled {
        enabled.push(ChannelKind::Telegram);
    }
    if config.discord.enabled {
        enabled.push(ChannelKind::Discord);
    }
    enabled
}

async fn run_channel(
    channel: ChannelKind,
    app: App,
    config: Config,
    shutdown: CancellationToken,
) -> Result<(), ChannelError> {
    match channel {
        #[cfg(feature = "telegram")]
        ChannelKind::Telegram => {
            crate::channel::telegram::run(app, &config.telegram, shutdown).await
        }
        #[cfg(feature = "discord")]
        ChannelKind::Discord => crate::channel::discord::run(app, &config.discord, shutdown).await,
        #[cfg(not(all(feature = "telegram", feature = "discord")))]
        missing => {
            let _ = (app, config, shutdown);
            let key = format!("{missing:?}").to_lowercase();
            Err(ChannelError::Misconfigured(format!(
                "{key}.enabled = true, aber dieses Programm ist ohne diesen Kanal gebaut (Cargo-Merkmal »{key}«)"
            )))
        }
    }
}

#[cfg(unix)]
type Hangups = tokio::signal::unix::Signal;
#[cfg(not(unix))]
type Hangups = ();

fn hangups() -> Option<Hangups> {
    #[cfg(unix)]
    return tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup()).ok();
    #[cfg(not(unix))]
    None
}

/// Loads the catalog anew whenever the process gets SIGHUP; runs until it is dropped.
async fn reload_when_asked(
    hangups: Option<Hangups>,
    app: App,
    config: Config,
    catalog_dir: Option<PathBuf>,
) {
    #[cfg(unix)]
    if let Some(mut hangups) = hangups {
        while hangups.recv().await.is_some() {
            let (app, config, dir) = (app.clone(), config.clone(), catalog_dir.clone());
            let reloading =
                tokio::task::spawn_blocking(move || reload(&app, &config, dir.as_deref()));
            match reloading.await {
                Ok(Reloaded::Swapped) => tracing::info!("catalog loaded anew"),
                Ok(Reloaded::Refused(why)) => {
                    tracing::error!("the new catalog is refused, the old one still answers: {why}");
                }
                Err(_) => tracing::error!("loading the catalog anew failed inside"),
            }
        }
    }
    #[cfg(not(unix))]
    let _ = (hangups, app, config, catalog_dir);
    std::future::pending().await
}

/// Resolves when the process is asked to stop (SIGTERM, SIGINT).
///
/// # Errors
/// If the signals cannot be listened to.
pub async fn stop_signal() -> anyhow::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await?;
    Ok(())
}
