//! One town, or several in one process.
//!
//! ```text
//! config.toml              the process; with tenants, also what they have in common
//! tenants/tuebingen.toml   one town: the same keys, stronger than those of config.toml
//! tenants/tuebingen/       files that lie over its catalog
//! ```

use std::{
    collections::{BTreeMap, HashMap},
    fs,
    path::{Path, PathBuf},
};

use secrecy::ExposeSecret;

use super::{Config, ConfigError, check, read};
use crate::ids::TenantId;

/// Sections that hold for the whole process.
const OF_THE_PROCESS: [&str; 5] = ["http", "metrics", "store", "retention", "log"];

/// Keys of other sections that do, too.
const KEYS_OF_THE_PROCESS: [(&str, &str); 2] = [("bot", "catalog"), ("limits", "queue")];

/// The settings of a process: its own, and those of the towns it serves.
#[derive(Debug, Clone)]
pub struct Process {
    /// What holds for the whole process.
    pub base: Config,
    /// The towns, by id. Without a directory of tenants: one, which [`TenantId::only`] names.
    pub tenants: BTreeMap<TenantId, Config>,
    /// Things that are allowed, but probably not meant.
    pub warnings: Vec<String>,
    /// Where the towns' files are, if there are any.
    pub dir: Option<TenantsDir>,
}

/// One town's settings.
#[derive(Debug, Clone)]
pub struct TenantSettings {
    /// The town.
    pub id: TenantId,
    /// Its settings.
    pub config: Config,
    /// Things that are allowed, but probably not meant.
    pub warnings: Vec<String>,
}

/// A directory with one file of settings for each town.
#[derive(Debug, Clone)]
pub struct TenantsDir {
    path: PathBuf,
    /// What all of them have in common.
    common: toml::Table,
}

impl Process {
    /// Reads a file of settings, or the `config.toml` in a directory; and `tenants/` beside it.
    ///
    /// # Errors
    /// If any of the files is faulty, or two towns have the same token.
    pub fn load(
        path: Option<&Path>,
        env: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let file =
            path.map(|path| if path.is_dir() { path.join("config.toml") } else { path.into() });
        let dir = file.as_deref().and_then(Path::parent).map(|dir| dir.join("tenants"));
        let Some(dir) = dir.filter(|dir| dir.is_dir()) else {
            let super::Loaded { config, warnings } = Config::load(file.as_deref(), env)?;
            let tenants = BTreeMap::from([(TenantId::only(), config.clone())]);
            return Ok(Self { base: config, tenants, warnings, dir: None });
        };
        let file = file.unwrap_or_default();
        let name = file.display().to_string();
        // A directory of tenants may do without a file of its own.
        let text = if file.exists() { read::file(&file)? } else { String::new() };
        let common = read::tables(&name, &text, env)?;
        let base = read::config(&name, common.clone())?;
        check::process(&base, &name)?;
        no_tokens(&base, &name)?;
        let dir = TenantsDir { path: dir, common };
        let (mut tenants, mut warnings) = (BTreeMap::new(), Vec::new());
        let (files, misnamed) = dir.files()?;
        if let Some(error) = misnamed.into_iter().next() {
            return Err(error);
        }
        for (id, path) in files {
            let read = dir.read(&id, &path)?;
            warnings.extend(read.warnings.iter().map(|w| format!("{}: {w}", path.display())));
            tenants.insert(id, read.config);
        }
        tokens_differ(&tenants)?;
        Ok(Self { base, tenants, warnings, dir: Some(dir) })
    }
}

impl TenantsDir {
    /// Its path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The towns' files, and what is wrong with those whose name is no id.
    ///
    /// # Errors
    /// If the directory cannot be read.
    pub fn files(&self) -> Result<(BTreeMap<TenantId, PathBuf>, Vec<ConfigError>), ConfigError> {
        let fault = |error: std::io::Error| {
            ConfigError(format!(
                "{}: der Ordner kann nicht gelesen werden: {error}",
                self.path.display()
            ))
        };
        let (mut files, mut misnamed) = (BTreeMap::new(), Vec::new());
        for entry in fs::read_dir(&self.path).map_err(fault)? {
            let path = entry.map_err(fault)?.path();
            if path.extension().is_some_and(|extension| extension == "toml") {
                let stem = path.file_stem().unwrap_or_default().to_string_lossy();
                match stem.parse::<TenantId>() {
                    Ok(id) => drop(files.insert(id, path)),
                    Err(error) => {
                        misnamed.push(ConfigError(format!("{}: {error}", path.display())));
                    }
                }
            }
        }
        Ok((files, misnamed))
    }

    /// One town's settings.
    ///
    /// # Errors
    /// If its file is faulty, or sets what holds for the whole process.
    pub fn read(&self, id: &TenantId, path: &Path) -> Result<TenantSettings, ConfigError> {
        let name = path.display().to_string();
        let own = read::tables(&name, &read::file(path)?, [])?;
        if let Some(section) = OF_THE_PROCESS.iter().find(|section| own.contains_key(**section)) {
            return Err(ConfigError(format!(
                "{name}: [{section}] gilt für das ganze Programm und gehört in config.toml"
            )));
        }
        for (section, key) in KEYS_OF_THE_PROCESS {
            if own.get(section).and_then(|section| section.get(key)).is_some() {
                return Err(ConfigError(format!(
                    "{name}: {section}.{key} gilt für alle Gemeinden und gehört in config.toml"
                )));
            }
        }
        // An error in it is to name the town's file, not what it has in common with the others.
        read::config(&name, own.clone())?;
        let mut config = read::config(&name, merged(self.common.clone(), own))?;
        let warnings = check::town(&mut config, &name)?;
        let overlay = self.path.join(id.as_str());
        if config.bot.overlay.as_os_str().is_empty() && overlay.is_dir() {
            config.bot.overlay = overlay;
        }
        Ok(TenantSettings { id: id.clone(), config, warnings })
    }
}

/// One table over another.
fn merged(mut under: toml::Table, over: toml::Table) -> toml::Table {
    for (key, value) in over {
        match (under.get_mut(&key), value) {
            (Some(toml::Value::Table(below)), toml::Value::Table(value)) => {
                *below = merged(std::mem::take(below), value);
            }
            (_, value) => {
                under.insert(key, value);
            }
        }
    }
    under
}

fn no_tokens(base: &Config, name: &str) -> Result<(), ConfigError> {
    let set = |token: &secrecy::SecretString, file: &String| {
        !token.expose_secret().is_empty() || !file.is_empty()
    };
    let channels = [
        ("telegram", set(&base.telegram.token, &base.telegram.token_file)),
        ("discord", set(&base.discord.token, &base.discord.token_file)),
    ];
    match channels.iter().find(|(_, set)| *set) {
        None => Ok(()),
        Some((channel, _)) => Err(ConfigError(format!(
            "{name}: {channel}.token (oder token_file): Bei mehreren Gemeinden hat jede ihren eigenen; er gehört in tenants/<Gemeinde>.toml"
        ))),
    }
}

/// Two towns cannot speak as the same bot.
///
/// # Errors
/// With both towns' names.
pub fn tokens_differ(tenants: &BTreeMap<TenantId, Config>) -> Result<(), ConfigError> {
    let mut seen = HashMap::new();
    for (id, config) in tenants {
        let channels = [
            ("telegram", config.telegram.enabled, &config.telegram.token),
            ("discord", config.discord.enabled, &config.discord.token),
        ];
        for (channel, _, token) in channels.into_iter().filter(|(_, enabled, _)| *enabled) {
            if let Some(other) = seen.insert((channel, token.expose_secret()), id) {
                return Err(ConfigError(format!(
                    "tenants/{other}.toml und tenants/{id}.toml: {channel}.token ist derselbe; jede Gemeinde braucht ihren eigenen Bot"
                )));
            }
        }
    }
    Ok(())
}
