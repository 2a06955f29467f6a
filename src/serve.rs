//! Composition and life cycle: catalog, bot and channels are put together, run until the process
//! is asked to stop, and end cleanly.

pub mod reload;

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::{
    app::App,
    bot::{Bot, Settings},
    catalog::{Catalog, CatalogFiles, NoOffers, Offers},
    channel::ChannelError,
    config::Config,
    offers::{file::OffersFile, outage::Outages},
    places::Places,
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

/// Loads the catalog and what was imported, and puts a bot together as configured.
///
/// # Errors
/// If the catalog, the offers or the notes about outages have errors, or the default place is
/// unknown or ambiguous; in German, with file and key.
pub fn build_bot(config: &Config) -> anyhow::Result<Bot> {
    let bot = build_bare_bot(config)?;
    let outages = outages(config, bot.catalog())?;
    Ok(bot.with_offers(offers(config)?).with_outages(outages))
}

/// A bot over the catalog alone, without what was imported and noted.
///
/// # Errors
/// If the catalog has errors, or the default place is unknown or ambiguous.
pub fn build_bare_bot(config: &Config) -> anyhow::Result<Bot> {
    let files = catalog_files(config)?;
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

/// The files of the catalog as configured.
///
/// # Errors
/// If its directory cannot be read.
pub fn catalog_files(config: &Config) -> anyhow::Result<CatalogFiles> {
    match config.catalog_dir() {
        None => Ok(CatalogFiles::embedded()),
        Some(dir) => CatalogFiles::from_dir(dir).context("Der Katalog kann nicht gelesen werden"),
    }
}

/// The compiled offers; none if nothing was imported yet.
fn offers(config: &Config) -> anyhow::Result<Arc<dyn Offers>> {
    let path = config.data_dir().offers();
    if !path.exists() {
        if config.data_dir().sources().exists() {
            anyhow::bail!(
                "{} fehlt, obwohl Quellen eingelesen sind: neu bauen mit »amtslotse import --update«",
                path.display()
            );
        }
        return Ok(Arc::new(NoOffers));
    }
    let file = OffersFile::open(&path)?;
    file.read_entries().with_context(|| path.display().to_string())?;
    Ok(Arc::new(file))
}

fn outages(config: &Config, catalog: &Catalog) -> anyhow::Result<Arc<Outages>> {
    let notes = config.data_dir().read_outages().map_err(anyhow::Error::msg)?;
    Ok(Arc::new(Outages::new(notes, catalog)))
}

/// Runs all enabled channels until `shutdown`, or until none is left.
///
/// # Errors
/// If the bot cannot be put together.
pub async fn serve(config: &Config, shutdown: CancellationToken) -> anyhow::Result<Ended> {
    let enabled = enabled_channels(config);
    if enabled.is_empty() {
        return Ok(Ended::NothingEnabled);
    }
    // From here on SIGHUP ends nothing.
    let hangups = reload::hangups();
    let seen = reload::Seen::now(config);
    let bot = build_bot(config)?;
    if let Some(why) = reload::broken_conversations(&bot, config) {
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
    let reloads = reload::when_asked_or_changed(hangups, seen, app.clone(), config.clone());
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
