//! Where notes about outages are kept: in the data directory, beside which the bot runs; in the
//! database, if several machines share one or the note is for one of several towns.

use crate::{
    config::Config,
    ids::TenantId,
    offers::{
        data::DataDir,
        outage::{Outage, OutageFile},
    },
};
#[cfg(feature = "server")]
use crate::{serve, store::Store};

/// The notes of one town, or of all.
pub(super) enum Notes {
    /// In a file.
    File(DataDir),
    /// In the database, under a town's id.
    #[cfg(feature = "server")]
    Store(Store, String),
}

impl Notes {
    /// Where they are kept with these settings.
    pub async fn of(config: &Config, tenant: Option<&TenantId>) -> anyhow::Result<Self> {
        #[cfg(feature = "server")]
        if tenant.is_some() || config.store.sqlite_path().is_none() {
            let store = serve::open_existing_store(config).await?;
            let of = tenant.map_or(serve::ALL_TOWNS, |tenant| tenant.as_str());
            return Ok(Self::Store(store, of.to_owned()));
        }
        let _ = tenant;
        Ok(Self::File(config.data_dir()))
    }

    /// The notes.
    pub async fn read(&self) -> Result<Vec<Outage>, String> {
        match self {
            Self::File(data) => data.read_outages(),
            #[cfg(feature = "server")]
            Self::Store(store, of) => Ok(stored(store, of).await?.1),
        }
    }

    /// Changes the notes; nobody else's change is lost.
    pub async fn change<T>(
        &self,
        change: impl Fn(&mut Vec<Outage>) -> Result<T, String>,
    ) -> Result<T, String> {
        match self {
            Self::File(data) => {
                let _lock = data.lock()?;
                let mut notes = data.read_outages()?;
                let changed = change(&mut notes)?;
                let path = data.outages();
                let replaced = data.replace(&path, &text(notes)?);
                replaced.map_err(|error| format!("{}: {error}", path.display()))?;
                Ok(changed)
            }
            #[cfg(feature = "server")]
            Self::Store(store, of) => loop {
                let (revision, mut notes) = stored(store, of).await?;
                let changed = change(&mut notes)?;
                let written = store.set_notes(of, revision, &text(notes)?).await;
                if written.map_err(|_| silent())? {
                    return Ok(changed);
                }
            },
        }
    }

    /// How soon a running bot knows of a change.
    pub fn delay(&self) -> &'static str {
        match self {
            Self::File(_) => "wenigen Sekunden",
            #[cfg(feature = "server")]
            Self::Store(..) => "höchstens 20 Sekunden",
        }
    }
}

#[cfg(feature = "server")]
async fn stored(store: &Store, of: &str) -> Result<(Option<i64>, Vec<Outage>), String> {
    match store.notes(of).await.map_err(|_| silent())? {
        None => Ok((None, Vec::new())),
        Some(notes) => Ok((Some(notes.revision), OutageFile::parse(&notes.text)?.outages)),
    }
}

#[cfg(feature = "server")]
fn silent() -> String {
    "store.url: die Datenbank antwortet nicht".to_owned()
}

fn text(outages: Vec<Outage>) -> Result<String, String> {
    toml::to_string(&OutageFile { format: 1, outages }).map_err(|error| error.to_string())
}
