//! How the Suchdienst is asked.
//!
//! Versions of single calls are retired, with three months' notice, so each is a setting.

use std::{path::PathBuf, time::Duration};

use reqwest::{Url, header::HeaderValue};
use serde::Deserialize;

use crate::import::record::ImportError;

/// Most keys in one request: with 14 digits each they are the name of a file.
const MAX_KEYS: usize = 8;

/// How to ask.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Where the interface is, up to before the version.
    pub base_url: String,
    /// The operator's own id, sent in the header `pvog-sud-api-client-id`; FITKO gives it out.
    pub client_id: Option<String>,
    /// Versions of the calls.
    pub versions: Versions,
    /// Most requests in a second.
    pub per_second: f64,
    /// Entries in a page of an answer, at least 5 (fewer are refused).
    pub page_size: usize,
    /// Keys in one request, 1 to 8. Only single keys are known to be answered in full.
    pub keys_per_request: usize,
    /// Whether to ask for the offices in charge, too: one more request for each description in a
    /// region, and one for each office.
    pub offices: bool,
    /// How long an answer may take, in seconds.
    pub timeout: f64,
    /// How often a request is repeated that was not answered.
    pub retries: u32,
    /// Where answers are kept from run to run: the folder to give to [`fetch`](super::fetch).
    pub cache: Option<PathBuf>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            base_url: "https://pvog.fitko.net/suchdienst/api".to_owned(),
            client_id: None,
            versions: Versions::default(),
            per_second: 3.0,
            page_size: 20,
            keys_per_request: 1,
            offices: true,
            timeout: 30.0,
            retries: 5,
            cache: None,
        }
    }
}

/// Versions of the calls, as they stand in their addresses.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Versions {
    /// Of `servicedescriptions/leikahierarchy`.
    pub descriptions: String,
    /// Of `organisationunits/titles`.
    pub office_titles: String,
    /// Of `organisationunits/detail`.
    pub office: String,
}

impl Default for Versions {
    fn default() -> Self {
        let [descriptions, office_titles, office] = ["v2", "v2", "v5"].map(str::to_owned);
        Self { descriptions, office_titles, office }
    }
}

/// [`Settings`] that make sense.
pub(super) struct Checked {
    pub base: Url,
    pub client_id: Option<HeaderValue>,
    /// Between the beginnings of two requests.
    pub interval: Duration,
    pub timeout: Duration,
}

impl Settings {
    /// The settings in the form they are used in, or which of them makes no sense.
    pub(super) fn checked(&self) -> Result<Checked, ImportError> {
        if self.page_size < 5 {
            return Err(unfit("page_size", "kleiner als 5"));
        }
        if !(1..=MAX_KEYS).contains(&self.keys_per_request) {
            return Err(unfit("keys_per_request", "nicht zwischen 1 und 8"));
        }
        let base = Url::parse(&self.base_url).ok();
        let base = base.filter(|url| matches!(url.scheme(), "http" | "https"));
        let client_id = self.client_id.as_deref().filter(|id| !id.is_empty());
        let client_id = client_id.map(HeaderValue::from_str).transpose();
        Ok(Checked {
            base: base.ok_or_else(|| unfit("base_url", "keine Adresse mit https://"))?,
            client_id: client_id.map_err(|_| unfit("client_id", "nicht druckbar"))?,
            interval: seconds("per_second", 1.0 / self.per_second)?,
            timeout: seconds("timeout", self.timeout)?,
        })
    }
}

/// A time in seconds, from the setting of that name.
fn seconds(setting: &str, value: f64) -> Result<Duration, ImportError> {
    let within = Duration::try_from_secs_f64(value).ok();
    let within = within.filter(|time| !time.is_zero() && *time <= Duration::from_secs(3_600));
    within.ok_or_else(|| unfit(setting, "nicht größer als 0, oder viel zu groß"))
}

/// That a setting makes no sense.
pub(super) fn unfit(setting: &str, reason: &str) -> ImportError {
    let file = "Einstellungen der Quelle PVOG".to_owned();
    ImportError::Malformed { file, reason: format!("»{setting}«: {reason}") }
}
