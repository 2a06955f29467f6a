//! Puts bots together from an operator's settings. What several towns have in common (catalog, index,
//! imported offers) is built once.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Context;

use crate::{
    bot::{Bot, Settings},
    catalog::{Catalog, CatalogFiles, NoOffers, Offers, Overlay},
    config::Config,
    matching::cores,
    offers::{
        data::DataDir,
        file::OffersFile,
        outage::{Outage, Outages},
    },
    places::Places,
};

/// Loads the catalog and what was imported, and puts a bot together as configured.
///
/// # Errors
/// If the catalog, the offers or the notes about outages have errors, or the default place is
/// unknown or ambiguous; in German, with file and key.
pub fn build_bot(config: &Config) -> anyhow::Result<Bot> {
    Workshop::open(config)?.build(config, &[])
}

/// A bot over the catalog alone, without what was imported and noted.
///
/// # Errors
/// If the catalog has errors, or the default place is unknown or ambiguous.
pub fn build_bare_bot(config: &Config) -> anyhow::Result<Bot> {
    let base = Workshop::open(config)?.base;
    let settings = settings(config, base.places())?;
    Ok(base.with_settings(settings))
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

/// Where the bots of one or many towns are built over one catalog.
pub struct Workshop {
    base: Bot,
    fingerprint: u64,
    /// The base with the offers of a data directory.
    with_offers: HashMap<PathBuf, Bot>,
}

impl Workshop {
    /// Loads the catalog and builds its index.
    ///
    /// # Errors
    /// If the catalog has errors; in German.
    pub fn open(config: &Config) -> anyhow::Result<Self> {
        let files = catalog_files(config)?;
        let (places, catalog) = cores::both(|| Places::load(&files), || Catalog::load(&files));
        let catalog = catalog?;
        let places = places.map_err(|finding| anyhow::anyhow!("{finding}"))?;
        let (catalog, places) = (Arc::new(catalog), Arc::new(places));
        let base = Bot::new(catalog, places, Arc::new(NoOffers), Settings::default());
        Ok(Self { base, fingerprint: files.fingerprint(), with_offers: HashMap::new() })
    }

    /// The bot over the catalog alone.
    pub fn base(&self) -> &Bot {
        &self.base
    }

    /// Reads the offers of a data directory anew.
    ///
    /// # Errors
    /// If they are faulty; in German. Those before stay in use.
    pub fn reload_offers(&mut self, data: &Path) -> anyhow::Result<()> {
        let bot = self.read_offers(data)?;
        self.with_offers.insert(data.to_owned(), bot);
        Ok(())
    }

    /// A word that is the same wherever the catalog is the same.
    pub fn fingerprint(&self) -> u64 {
        self.fingerprint
    }

    /// Puts a town's bot together; `noted` are notes about outages beside those in its data directory.
    ///
    /// # Errors
    /// If offers, notes or overlay have errors, or the default place is unknown or ambiguous; in
    /// German, with file and key.
    pub fn build(&mut self, config: &Config, noted: &[Outage]) -> anyhow::Result<Bot> {
        let settings = settings(config, self.base.places())?;
        let mut bot = self.over_offers(&config.bot.data)?.with_settings(settings);
        if let Some(overlay) = overlay(config, &self.base)? {
            bot = bot.with_overlay(Arc::new(overlay));
        }
        let outages = outages(config, bot.catalog(), noted)?;
        Ok(bot.with_outages(outages))
    }

    fn over_offers(&mut self, data: &Path) -> anyhow::Result<&Bot> {
        if !self.with_offers.contains_key(data) {
            self.reload_offers(data)?;
        }
        self.with_offers.get(data).context("the offers were just read")
    }

    fn read_offers(&self, data: &Path) -> anyhow::Result<Bot> {
        Ok(match offers(&DataDir::new(data))? {
            None => self.base.clone(),
            Some(offers) => self.base.with_offers(offers),
        })
    }
}

fn settings(config: &Config, places: &Places) -> anyhow::Result<Settings> {
    let default_place = match config.bot.default_place.trim() {
        "" => None,
        name => Some(places.resolve(name).context("bot.default_place")?.key),
    };
    Ok(Settings {
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
    })
}

fn overlay(config: &Config, base: &Bot) -> anyhow::Result<Option<Overlay>> {
    if config.bot.overlay.as_os_str().is_empty() {
        return Ok(None);
    }
    let files = CatalogFiles::from_overlay_dir(&config.bot.overlay).context("bot.overlay")?;
    let name = config.bot.overlay.display().to_string();
    Overlay::load(&files, base.catalog()).map(Some).context(name)
}

/// The compiled offers; `None` if nothing was imported yet.
fn offers(data: &DataDir) -> anyhow::Result<Option<Arc<dyn Offers>>> {
    let path = data.offers();
    if !path.exists() {
        if data.sources().exists() {
            anyhow::bail!(
                "{} fehlt, obwohl Quellen eingelesen sind: neu bauen mit »amtslotse import --update«",
                path.display()
            );
        }
        return Ok(None);
    }
    let file = OffersFile::open(&path)?;
    file.read_entries().with_context(|| path.display().to_string())?;
    Ok(Some(Arc::new(file)))
}

/// The notes about outages in the data directory, and others.
///
/// # Errors
/// In German, with the file and what is wrong in it.
pub fn outages(
    config: &Config,
    catalog: &Catalog,
    noted: &[Outage],
) -> anyhow::Result<Arc<Outages>> {
    let mut notes = config.data_dir().read_outages().map_err(anyhow::Error::msg)?;
    notes.extend_from_slice(noted);
    Ok(Arc::new(Outages::new(notes, catalog)))
}
