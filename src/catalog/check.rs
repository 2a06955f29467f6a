//! What a loaded catalog must keep to, beyond its syntax.

use std::collections::{BTreeSet, HashMap};

use super::{
    Catalog, CatalogFiles, Service,
    load::{Finding, did_you_mean, line_of, service_path},
};

/// Words in an everyday name: it must fit a button.
const MAX_PLAIN_WORDS: usize = 6;
/// Words in a sentence that citizens read.
const MAX_SENTENCE_WORDS: usize = 15;
/// German expressions a service needs to be found.
const MIN_EXPRESSIONS: usize = 6;

/// Checks all services and adds what is found. `base` is the catalog over which this one lies.
pub(super) fn check(
    catalog: &Catalog,
    base: Option<&Catalog>,
    files: &CatalogFiles,
    findings: &mut Vec<Finding>,
) {
    let hosts = allowed_hosts(files);
    let below = base.into_iter().flat_map(Catalog::services);
    let below = below.filter(|service| catalog.service(&service.id).is_none());
    let mut plain_names: HashMap<String, &Service> =
        below.map(|service| (service.plain().to_lowercase(), service)).collect();
    for service in catalog.services() {
        let path = service_path(service);
        let text = files.file(&path).and_then(|b| std::str::from_utf8(b).ok()).unwrap_or_default();
        let mut check = EntryCheck { shown: files.display(&path), text, findings };
        check.form(service);
        if !service.name.contains_key("de") {
            continue;
        }
        check.names(service);
        check.contrasts(service, catalog, base);
        check.links(service, hosts.as_ref());
        check.sentences(service);
        // An overlay's services need few: they compete with few others.
        check.expressions(service, if base.is_none() { MIN_EXPRESSIONS } else { 0 });
        if let Some(other) = plain_names.insert(service.plain().to_lowercase(), service) {
            let message = format!("name.de.plain: »{}« heißt auch »{}«", service.plain(), other.id);
            check.error("plain", message);
        }
    }
    check_life_events(catalog, files, findings);
}

/// Checklists lead to services there are, and a deadline says where it is said.
fn check_life_events(catalog: &Catalog, files: &CatalogFiles, findings: &mut Vec<Finding>) {
    for event in &catalog.life_events {
        let path = format!("life-events/{}.toml", event.id);
        let text = files.file(&path).and_then(|b| std::str::from_utf8(b).ok()).unwrap_or_default();
        let mut check = EntryCheck { shown: files.display(&path), text, findings };
        if event.format != 1 {
            check.error("format", format!("format: {} ist unbekannt (erwartet: 1)", event.format));
        }
        if !event.name.contains_key("de") {
            check.error("name", "der Abschnitt [name.de] fehlt".to_owned());
        }
        if event.step.is_empty() {
            check.error("step", "step: die Liste hat keinen Schritt".to_owned());
        }
        for step in &event.step {
            if catalog.service(&step.service).is_none() {
                let known = catalog.services().iter().map(|s| s.id.as_str());
                let hint = did_you_mean(step.service.as_str(), known);
                let message =
                    format!("step.service: die Leistung »{}« gibt es nicht{hint}", step.service);
                check.error_at_value(step.service.as_str(), message);
            }
            if step.deadline.is_some() && step.source.is_none() {
                let message = format!("step.source: fehlt zur Frist bei »{}«", step.service);
                check.error_at_value(step.service.as_str(), message);
            }
            if step.days.is_some() && step.deadline.is_none() {
                let message = format!("step.deadline: fehlt zu days bei »{}«", step.service);
                check.error_at_value(step.service.as_str(), message);
            }
        }
    }
}

/// The official hosts that links may lead to (`hosts.txt`); everything is allowed without the file.
fn allowed_hosts(files: &CatalogFiles) -> Option<BTreeSet<String>> {
    let text = std::str::from_utf8(files.file("hosts.txt")?).ok()?;
    let hosts = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
    Some(hosts.filter(|host| !host.is_empty()).map(str::to_owned).collect())
}

struct EntryCheck<'a> {
    shown: String,
    text: &'a str,
    findings: &'a mut Vec<Finding>,
}

impl EntryCheck<'_> {
    fn error(&mut self, key: &str, message: String) {
        let line = line_of(self.text, key);
        self.findings.push(Finding::error(&self.shown, message).at_line(line));
    }

    /// An error at the line that holds a value: a key may stand in the file many times.
    fn error_at_value(&mut self, value: &str, message: String) {
        let line = self.line_of_value(value);
        self.findings.push(Finding::error(&self.shown, message).at_line(line));
    }

    fn hint_at_value(&mut self, value: &str, message: String) {
        let line = self.line_of_value(value);
        self.findings.push(Finding::hint(&self.shown, message).at_line(line));
    }

    fn hint(&mut self, key: &str, message: String) {
        let line = line_of(self.text, key);
        self.findings.push(Finding::hint(&self.shown, message).at_line(line));
    }

    fn line_of_value(&self, value: &str) -> Option<usize> {
        self.text.lines().position(|line| line.contains(value)).map(|at| at + 1)
    }

    fn form(&mut self, service: &Service) {
        if service.format != 1 {
            self.error("format", format!("format: {} ist unbekannt (erwartet: 1)", service.format));
        }
        if !(1..=3).contains(&service.priority) {
            let message = format!("priority: {} ist nicht erlaubt (1, 2 oder 3)", service.priority);
            self.error("priority", message);
        }
        if service.authority.trim().is_empty() {
            self.error("authority", "authority: die zuständige Stelle fehlt".to_owned());
        }
        if !service.name.contains_key("de") {
            self.error("name", "der Abschnitt [name.de] fehlt".to_owned());
        }
    }

    fn names(&mut self, service: &Service) {
        for (language, name) in &service.name {
            for (key, value) in [("official", &name.official), ("plain", &name.plain)] {
                if value.trim().is_empty() {
                    self.error(key, format!("name.{language}.{key}: der Name ist leer"));
                } else if value.chars().count() > 200 {
                    self.error(key, format!("name.{language}.{key}: länger als 200 Zeichen"));
                }
            }
            let words = name.plain.split_whitespace().count();
            if words > MAX_PLAIN_WORDS {
                let message = format!(
                    "name.{language}.plain: {words} Wörter (höchstens {MAX_PLAIN_WORDS}, der Name steht auf Knöpfen)"
                );
                self.error_at_value(&name.plain, message);
            }
        }
    }

    fn contrasts(&mut self, service: &Service, catalog: &Catalog, base: Option<&Catalog>) {
        let catalogs = || std::iter::once(catalog).chain(base);
        for contrast in &service.not {
            if catalogs().all(|catalog| catalog.service(&contrast.id).is_none()) {
                let known = catalogs().flat_map(Catalog::services).map(|s| s.id.as_str());
                let hint = did_you_mean(contrast.id.as_str(), known);
                let message = format!("not.id: die Leistung »{}« gibt es nicht{hint}", contrast.id);
                self.error_at_value(contrast.id.as_str(), message);
            } else if contrast.id == service.id {
                self.error("not", "not.id: eine Leistung steht nicht neben sich selbst".to_owned());
            }
        }
    }

    fn links(&mut self, service: &Service, hosts: Option<&BTreeSet<String>>) {
        let urls = service.link.iter().map(|link| ("link.url", link.url.as_str()));
        let sources = service.sources().filter_map(|s| s.url.as_deref());
        let all: Vec<_> = urls.chain(sources.map(|url| ("source.url", url))).collect();
        for (key, url) in all {
            match host_of(url) {
                Err(why) => self.error_at_value(url, format!("{key}: »{url}« {why}")),
                Ok(host) if hosts.is_some_and(|hosts| !hosts.contains(host)) => {
                    let known = hosts.into_iter().flatten().map(String::as_str);
                    let hint = did_you_mean(host, known);
                    let message =
                        format!("{key}: der Host »{host}« steht nicht in hosts.txt{hint}");
                    self.error_at_value(url, message);
                }
                Ok(_) => {}
            }
        }
    }

    fn sentences(&mut self, service: &Service) {
        let mut texts = Vec::new();
        texts.extend(service.online.reason.iter().map(|t| ("online.reason", t.as_str())));
        texts.extend(service.not.iter().map(|c| ("not.differs", c.differs.as_str())));
        texts.extend(service.fee.iter().map(|f| ("fee.text", f.text.as_str())));
        texts.extend(service.paper.iter().map(|p| ("paper.text", p.text.as_str())));
        texts.extend(service.deadline.iter().map(|d| ("deadline.text", d.text.as_str())));
        texts.extend(service.duration.iter().map(|d| ("duration.text", d.text.as_str())));
        for (key, text) in texts {
            if text.trim().is_empty() {
                self.error(key, format!("{key}: der Text ist leer"));
            }
            for sentence in text.split_inclusive(['.', '!', '?', ':', ';']) {
                let words = sentence.split_whitespace().count();
                if words > MAX_SENTENCE_WORDS {
                    let message = format!(
                        "{key}: ein Satz mit {words} Wörtern (höchstens {MAX_SENTENCE_WORDS}): »{}«",
                        sentence.trim()
                    );
                    self.hint_at_value(text, message);
                }
            }
        }
        for fee in &service.fee {
            if fee.euro.is_some_and(|euro| !(0.0..1_000_000.0).contains(&euro)) {
                self.error("euro", format!("fee.euro: {:?} ist kein Betrag", fee.euro));
            }
        }
    }

    fn expressions(&mut self, service: &Service, least: usize) {
        let said =
            service.says.get("de").map_or(0, |says| says.synonyms.len() + says.phrases.len());
        let collected: usize =
            service.collected.iter().filter(|(l, _)| l == "de").map(|(_, p)| p.len()).sum();
        if said + collected < least {
            let message = format!(
                "says.de: nur {} Ausdrücke; unter {least} wird die Leistung kaum gefunden",
                said + collected
            );
            self.hint("says", message);
        }
        for says in service.says.values() {
            let mut seen = BTreeSet::new();
            for expression in says.synonyms.iter().chain(&says.phrases) {
                let folded = crate::text::fold(expression);
                if folded.trim().is_empty() {
                    self.error("says", format!("says: ein leerer Ausdruck »{expression}«"));
                } else if !seen.insert(folded) {
                    self.hint_at_value(
                        expression,
                        format!("says: »{expression}« steht zweimal da"),
                    );
                }
            }
        }
    }
}

/// The host of an `https` address of plain form, or what is wrong with it.
fn host_of(url: &str) -> Result<&str, &'static str> {
    let rest = url.strip_prefix("https://").ok_or("beginnt nicht mit https://")?;
    if url.len() > 2_000 {
        return Err("ist länger als 2000 Zeichen");
    }
    if url.chars().any(|c| c.is_whitespace() || c.is_control() || "<>\"`{}|\\^".contains(c)) {
        return Err("enthält Leerzeichen oder unerlaubte Zeichen");
    }
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if host.contains('@') || host.contains(':') {
        return Err("enthält Benutzer oder Port");
    }
    let label = |l: &str| {
        !l.is_empty()
            && !l.starts_with('-')
            && !l.ends_with('-')
            && l.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'))
    };
    if host.contains('.') && host.split('.').all(label) && host.len() <= 253 {
        Ok(host)
    } else {
        Err("hat keinen gültigen Host (Kleinbuchstaben, Ziffern, Punkte, Bindestriche)")
    }
}

#[cfg(test)]
mod tests {
    use super::host_of;

    #[test]
    fn fault_51_only_plain_https_addresses_pass() {
        assert_eq!(host_of("https://www.elster.de/eportal"), Ok("www.elster.de"));
        for bad in [
            "http://www.elster.de",
            "javascript:alert(1)",
            "data:text/html,x",
            "https://user:pw@elster.de",
            "https://elster.de:8080",
            "https://",
            "https://localhost",
            "https://elster .de",
            "https://еlster.de",
            "https://-elster.de",
        ] {
            assert!(host_of(bad).is_err(), "{bad}");
        }
    }
}
