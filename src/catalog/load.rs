//! Reading catalog files. Every mistake in every file is collected and said in German with file,
//! line and key, because the people who make them edit these files by hand.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use serde::de::DeserializeOwned;

use super::{Catalog, CatalogFiles, Lexicon, Service, check};
use crate::{ids::ServiceId, matching::cores};

/// Something to say about a catalog file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Whether the catalog can be used all the same.
    pub severity: Severity,
    /// The file, as the person who edits it would name it.
    pub file: String,
    /// The line, counted from 1, if known.
    pub line: Option<usize>,
    /// What is wrong and what was expected, in German; names the key.
    pub message: String,
}

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The catalog is refused.
    Error,
    /// The catalog works, but should be looked at.
    Hint,
}

impl Finding {
    /// An error that is somewhere in a file.
    pub fn error(file: impl Into<String>, message: impl Into<String>) -> Self {
        let (file, message) = (file.into(), message.into());
        Self { severity: Severity::Error, file, line: None, message }
    }

    /// A hint on a file.
    pub fn hint(file: impl Into<String>, message: impl Into<String>) -> Self {
        Self { severity: Severity::Hint, ..Self::error(file, message) }
    }

    /// The same finding, at a line.
    #[must_use]
    pub fn at_line(mut self, line: Option<usize>) -> Self {
        self.line = line;
        self
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Error => "Fehler",
            Severity::Hint => "Hinweis",
        };
        match self.line {
            Some(line) => write!(f, "{severity}: {}:{line}: {}", self.file, self.message),
            None => write!(f, "{severity}: {}: {}", self.file, self.message),
        }
    }
}

/// A catalog that cannot be used; holds at least one error.
#[derive(Debug, Clone)]
pub struct LoadError(pub Vec<Finding>);

impl std::error::Error for LoadError {}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "der Katalog ist fehlerhaft")?;
        for finding in self.0.iter().filter(|finding| finding.severity == Severity::Error) {
            write!(f, "\n{finding}")?;
        }
        Ok(())
    }
}

impl Catalog {
    /// Reads and checks a whole catalog.
    ///
    /// # Errors
    /// All errors found in all files, if there is one.
    pub fn load(files: &CatalogFiles) -> Result<Self, LoadError> {
        let (catalog, mut findings) = Self::load_with_findings(files);
        findings.retain(|finding| finding.severity == Severity::Error);
        if findings.is_empty() { Ok(catalog) } else { Err(LoadError(findings)) }
    }

    /// Reads what can be read of a catalog, and says what was found: errors, then hints.
    pub fn load_with_findings(files: &CatalogFiles) -> (Self, Vec<Finding>) {
        let shared = || {
            let mut findings = Vec::new();
            let lexicon = Lexicon::load(files, &mut findings);
            (lexicon, super::life_event::load(files, &mut findings), findings)
        };
        let mut findings = Vec::new();
        let ((lexicon, life_events, others), services) =
            cores::both(shared, || load_services(files, &mut findings));
        findings.extend(others);
        let catalog = Self { life_events, ..Self::new(services, lexicon) };
        check::check(&catalog, None, files, &mut findings);
        findings.sort_by_key(|finding| finding.severity);
        (catalog, findings)
    }
}

/// Where the file of a service is.
pub(super) fn service_path(service: &Service) -> String {
    format!("services/{}/{}.toml", super::stats::slug(&service.topic), service.id)
}

fn load_services(files: &CatalogFiles, findings: &mut Vec<Finding>) -> Vec<Service> {
    let (mut services, broken) = read_services(files, findings);
    let phrases = read_phrases(files, &services.keys().collect(), &broken, findings);
    for (id, language, phrases) in phrases {
        if let Some((_, service)) = services.get_mut(&id) {
            service.collected.push((language, phrases));
        }
    }
    services.into_values().map(|(_, service)| service).collect()
}

/// The services of some files, each with its file, and those whose file cannot be read.
pub(super) fn read_services(
    files: &CatalogFiles,
    findings: &mut Vec<Finding>,
) -> (BTreeMap<ServiceId, (String, Service)>, BTreeSet<ServiceId>) {
    let mut services: BTreeMap<ServiceId, (String, Service)> = BTreeMap::new();
    let mut broken = BTreeSet::new();
    for (path, bytes) in files.below("services/", ".toml") {
        let shown = files.display(path);
        let Some((id, topic)) = id_and_topic(path, &shown, findings) else { continue };
        let Some((text, mut service)) = parse_toml::<Service>(&shown, bytes, findings) else {
            broken.insert(id);
            continue;
        };
        if super::stats::slug(&service.topic) != topic {
            let message = format!(
                "topic: »{}« passt nicht zum Ordner »{topic}« (erwartet: topic = \"{topic}\")",
                super::stats::slug(&service.topic)
            );
            findings.push(Finding::error(&shown, message).at_line(line_of(&text, "topic")));
        }
        if let Some((first, _)) = services.get(&id) {
            let message = format!("die Kennung »{id}« gibt es schon in {first}");
            findings.push(Finding::error(&shown, message));
            continue;
        }
        service.id = id.clone();
        services.insert(id, (shown, service));
    }
    (services, broken)
}

fn id_and_topic(
    path: &str,
    shown: &str,
    findings: &mut Vec<Finding>,
) -> Option<(ServiceId, String)> {
    let mut parts = path.trim_end_matches(".toml").split('/').skip(1);
    let (Some(topic), Some(name), None) = (parts.next(), parts.next(), parts.next()) else {
        let message = "die Datei muss unter services/<Thema>/<Kennung>.toml liegen";
        findings.push(Finding::error(shown, message));
        return None;
    };
    match name.parse() {
        Ok(id) => Some((id, topic.to_owned())),
        Err(error) => {
            findings.push(Finding::error(shown, format!("Dateiname: {error}")));
            None
        }
    }
}

/// Service, language and what is said of it there.
type Phrases = (ServiceId, String, Vec<String>);

/// `phrases/<language>/<service-id>.txt`: one expression a line, `#` begins a comment. They are for
/// services that are known.
pub(super) fn read_phrases(
    files: &CatalogFiles,
    known: &BTreeSet<&ServiceId>,
    broken: &BTreeSet<ServiceId>,
    findings: &mut Vec<Finding>,
) -> Vec<Phrases> {
    let mut found = Vec::new();
    for (path, bytes) in files.below("phrases/", ".txt") {
        let shown = files.display(path);
        let Some((language, id)) =
            path.trim_start_matches("phrases/").trim_end_matches(".txt").split_once('/')
        else {
            let message = "die Datei muss unter phrases/<Sprache>/<Kennung>.txt liegen";
            findings.push(Finding::error(shown, message));
            continue;
        };
        let Ok(text) = std::str::from_utf8(bytes) else {
            findings.push(Finding::error(shown, "kein gültiges UTF-8"));
            continue;
        };
        let parsed = id.parse::<ServiceId>().ok();
        if parsed.as_ref().is_some_and(|id| broken.contains(id)) {
            continue;
        }
        let Some(service) = parsed.filter(|id| known.contains(id)) else {
            let hint = did_you_mean(id, known.iter().map(|id| id.as_str()));
            findings.push(Finding::error(shown, format!("zu »{id}« gibt es keine Leistung{hint}")));
            continue;
        };
        let phrases = text
            .lines()
            .map(|line| line.split('#').next().unwrap_or_default().trim())
            .filter(|line| !line.is_empty())
            .map(str::to_owned)
            .collect();
        found.push((service, language.to_owned(), phrases));
    }
    found
}

/// Parses one TOML file; a mistake becomes a finding. Unknown keys are errors.
pub(super) fn parse_toml<T: DeserializeOwned>(
    shown: &str,
    bytes: &[u8],
    findings: &mut Vec<Finding>,
) -> Option<(String, T)> {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text.strip_prefix('\u{feff}').unwrap_or(text).to_owned(),
        Err(error) => {
            let line = bytes[..error.valid_up_to()].iter().filter(|&&b| b == b'\n').count() + 1;
            let message = "kein gültiges UTF-8 (bitte als UTF-8 speichern)";
            findings.push(Finding::error(shown, message).at_line(Some(line)));
            return None;
        }
    };
    let mut unknown = Vec::new();
    let parsed = toml::Deserializer::parse(&text).and_then(|deserializer| {
        serde_ignored::deserialize(deserializer, |path| unknown.push(path.to_string()))
    });
    for path in unknown {
        findings.push(unknown_key(shown, &text, &path));
    }
    match parsed {
        Ok(value) => Some((text, value)),
        Err(error) => {
            let line = error.span().map(|span| line_at(&text, span.start));
            let message = in_german(error.message());
            findings.push(Finding::error(shown, message).at_line(line));
            None
        }
    }
}

/// The keys of the format, for "did you mean".
const KEYS: &[&str] = &[
    "format",
    "leika",
    "topic",
    "level",
    "authority",
    "audience",
    "priority",
    "sensitive",
    "past",
    "nonsense",
    "review",
    "by",
    "due",
    "name",
    "official",
    "plain",
    "says",
    "synonyms",
    "phrases",
    "formerly",
    "until",
    "note",
    "not",
    "id",
    "differs",
    "online",
    "kind",
    "reason",
    "steps",
    "do",
    "how",
    "source",
    "title",
    "checked",
    "url",
    "fee",
    "text",
    "euro",
    "paper",
    "needed_if",
    "deadline",
    "days",
    "duration",
    "legal",
    "citation",
    "link",
    "language",
    "concept",
    "words",
    "matter",
    "talk",
    "whole",
    "contains",
    "except",
    "step",
    "service",
    "why",
    "if",
];

fn unknown_key(shown: &str, text: &str, path: &str) -> Finding {
    // serde_ignored writes `?` for the inside of an Option.
    let path: Vec<&str> = path.split('.').filter(|part| *part != "?").collect();
    let key = path.last().copied().unwrap_or_default();
    let shown_path = path.join(".");
    let hint = did_you_mean(key, KEYS.iter().copied());
    Finding::error(shown, format!("unbekannter Schlüssel »{shown_path}«{hint}"))
        .at_line(line_of(text, key))
}

/// " (meinten Sie »x«?)", if one of the known words is near.
pub fn did_you_mean<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> String {
    let near = known
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= 1 + candidate.chars().count() / 4)
        .min();
    near.map(|(_, candidate)| format!(" (meinten Sie »{candidate}«?)")).unwrap_or_default()
}

/// The line on which a key is set, counted from 1.
pub(super) fn line_of(text: &str, key: &str) -> Option<usize> {
    let sets = |line: &str| {
        let line = line.trim_start();
        let line = line.trim_start_matches('[');
        line.strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with(['=', '.', ']']))
            || line.contains(&format!(".{key}]"))
    };
    let inline =
        |line: &str| line.contains(&format!("{key} =")) || line.contains(&format!("{key}="));
    text.lines().position(sets).or_else(|| text.lines().position(inline)).map(|at| at + 1)
}

fn line_at(text: &str, offset: usize) -> usize {
    text.as_bytes()[..offset.min(text.len())].iter().filter(|&&b| b == b'\n').count() + 1
}

/// The messages of serde and toml that a mistake in a catalog file leads to, in German. What is
/// not known is passed through: better English than nothing.
pub(crate) fn in_german(message: &str) -> String {
    let message = message.trim();
    let quoted = |text: &str| -> Vec<String> {
        text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
    };
    if let Some(rest) = message.strip_prefix("missing field ") {
        let key = quoted(rest).into_iter().next().unwrap_or_default();
        return format!("der Schlüssel »{key}« fehlt");
    }
    if let Some(rest) = message.strip_prefix("unknown variant ") {
        let mut names = quoted(rest);
        let wrong = if names.is_empty() { String::new() } else { names.remove(0) };
        let hint = did_you_mean(&wrong, names.iter().map(String::as_str));
        return format!(
            "»{wrong}« ist hier nicht erlaubt; erlaubt sind: {}{hint}",
            names.join(", ")
        );
    }
    if let Some(rest) = message.strip_prefix("invalid type: ")
        && let Some((found, expected)) = rest.split_once(", expected ")
    {
        return format!(
            "falsche Art von Wert: {}; erwartet: {}",
            kind_in_german(found),
            kind_in_german(expected)
        );
    }
    // Our own messages are German already.
    if message.contains('»') {
        return message.to_owned();
    }
    if message.starts_with("duplicate key") {
        let key = quoted(message).into_iter().next().unwrap_or_default();
        return format!("der Schlüssel »{key}« steht zweimal da");
    }
    format!("das ist kein gültiges TOML: {message}")
}

/// serde's names for kinds of values.
pub(crate) fn kind_in_german(kind: &str) -> String {
    let (name, value) = match kind.split_once(' ') {
        Some((name @ ("string" | "integer" | "boolean" | "float" | "floating"), value)) => {
            (name, value)
        }
        _ => (kind, ""),
    };
    let german = match name {
        "string" | "a string" => "ein Text",
        "integer" => "eine ganze Zahl",
        "float" | "floating" => "eine Kommazahl",
        "boolean" | "a boolean" => "true oder false",
        "map" | "a map" => "ein Abschnitt",
        "sequence" | "a sequence" => "eine Liste",
        "a TOML datetime" => "ein Datum wie 2026-11-22, ohne Anführungszeichen",
        "f64" => "eine Zahl",
        "u8" | "u16" | "u32" | "u64" | "usize" => "eine ganze Zahl",
        other if other.starts_with("struct ") => "ein Abschnitt",
        other => other,
    };
    let value = value.trim_start_matches("point ").trim_matches('`');
    if value.is_empty() { german.to_owned() } else { format!("{german} ({value})") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_of_values_are_named_in_german() {
        let message = in_german("invalid type: string \"46\", expected f64");
        assert_eq!(message, "falsche Art von Wert: ein Text (\"46\"); erwartet: eine Zahl");
        let message = in_german("invalid type: integer `3`, expected a string");
        assert_eq!(message, "falsche Art von Wert: eine ganze Zahl (3); erwartet: ein Text");
    }

    #[test]
    fn names_the_nearest_known_word() {
        assert_eq!(did_you_mean("sinonyms", KEYS.iter().copied()), " (meinten Sie »synonyms«?)");
        assert_eq!(did_you_mean("völlig anders", KEYS.iter().copied()), "");
    }

    #[test]
    fn finds_the_line_of_a_key() {
        let text = "format = 1\n[name.de]\nplain = \"x\"\n[[not]]\nid = \"y\"\n";
        assert_eq!(line_of(text, "plain"), Some(3));
        assert_eq!(line_of(text, "not"), Some(4));
        assert_eq!(line_of(text, "nothing"), None);
    }
}
