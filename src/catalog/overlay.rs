//! What lies over the catalog for one municipality: services that only it has, what it says of those of
//! the catalog, and what people call them there.
//!
//! An overlay is a small directory of catalog files, read and checked like the catalog's own
//! (`docs/betrieb/mandanten.md`). The catalog below is shared by all and never changed.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{
    Catalog, CatalogFiles, Lexicon, Service, check,
    load::{Finding, LoadError, Severity, read_phrases, read_services},
    service::Says,
};
use crate::{ids::ServiceId, text::tokens};

/// What lies over a catalog.
#[derive(Debug, Clone)]
pub struct Overlay {
    /// The services that it describes.
    catalog: Catalog,
    /// What people say here, by the service that it leads to.
    said: Vec<(ServiceId, Vec<String>)>,
}

impl Default for Overlay {
    fn default() -> Self {
        Self { catalog: Catalog::new(Vec::new(), Lexicon::default()), said: Vec::new() }
    }
}

impl Overlay {
    /// Reads and checks an overlay over a catalog.
    ///
    /// # Errors
    /// All errors found in all files, if there is one.
    pub fn load(files: &CatalogFiles, base: &Catalog) -> Result<Self, LoadError> {
        let (overlay, mut findings) = Self::load_with_findings(files, base);
        findings.retain(|finding| finding.severity == Severity::Error);
        if findings.is_empty() { Ok(overlay) } else { Err(LoadError(findings)) }
    }

    /// Reads what can be read of an overlay, and says what was found: errors, then hints.
    pub fn load_with_findings(files: &CatalogFiles, base: &Catalog) -> (Self, Vec<Finding>) {
        let mut findings = Vec::new();
        refuse_other_files(files, &mut findings);
        let (mut services, broken) = read_services(files, &mut findings);
        services.retain(|id, (shown, _)| is_own(id, shown, &mut findings));
        let known: BTreeSet<&ServiceId> =
            base.services().iter().map(|service| &service.id).chain(services.keys()).collect();
        let phrases = read_phrases(files, &known, &broken, &mut findings);
        let services = services.into_values().map(|(_, service)| service);
        let mut overlay = Self {
            said: Vec::new(),
            catalog: Catalog::new(
                services.map(|service| with_former_names(service, base)).collect(),
                Lexicon::default(),
            ),
        };
        check::check(&overlay.catalog, Some(base), files, &mut findings);
        overlay.said = overlay.collect(base, phrases.into_iter().map(|(id, _, said)| (id, said)));
        overlay.refuse_clashes(files, &mut findings);
        findings.sort_by_key(|finding| finding.severity);
        (overlay, findings)
    }

    /// Its services, in order of their ids: those that only it has, and those that stand in for one of
    /// the catalog.
    pub fn services(&self) -> &[Service] {
        self.catalog.services()
    }

    /// One of its services.
    pub fn service(&self, id: &ServiceId) -> Option<&Service> {
        self.catalog.service(id)
    }

    /// What people say here, by the service that it leads to, in order of the ids: one of its own or
    /// of the catalog's.
    pub fn said(&self) -> &[(ServiceId, Vec<String>)] {
        &self.said
    }

    /// What its services are called and what stands in the collections, each expression once.
    fn collect(
        &self,
        base: &Catalog,
        phrases: impl Iterator<Item = (ServiceId, Vec<String>)>,
    ) -> Vec<(ServiceId, Vec<String>)> {
        let mut said: BTreeMap<ServiceId, Vec<String>> = BTreeMap::new();
        for service in self.services() {
            // What the catalog below holds word for word, it has an answer to: a copy made only to
            // tell another fee changes nothing in what is found.
            let below: BTreeSet<String> = base
                .service(&service.id)
                .into_iter()
                .flat_map(called)
                .map(|name| spoken(name))
                .collect();
            let own = called(service).filter(|name| !below.contains(&spoken(name)));
            said.insert(service.id.clone(), own.cloned().collect());
        }
        for (id, phrases) in phrases {
            said.entry(id).or_default().extend(phrases);
        }
        for expressions in said.values_mut() {
            let mut seen = BTreeSet::new();
            expressions.retain(|expression| {
                let spoken = spoken(expression);
                !spoken.is_empty() && seen.insert(spoken)
            });
        }
        said.into_iter().filter(|(_, expressions)| !expressions.is_empty()).collect()
    }

    /// An expression that leads to two services leads nowhere.
    fn refuse_clashes(&self, files: &CatalogFiles, findings: &mut Vec<Finding>) {
        let mut leads_to: HashMap<String, &ServiceId> = HashMap::new();
        for (id, expressions) in &self.said {
            for expression in expressions {
                if let Some(other) = leads_to.insert(spoken(expression), id) {
                    let message = format!(
                        "»{expression}« steht auch bei »{other}«; ein Ausdruck führt zu genau einer Leistung"
                    );
                    let (file, line) = origin(files, id, expression);
                    findings.push(Finding::error(file, message).at_line(line));
                }
            }
        }
    }
}

/// An overlay consists of services, of what people say, and of conversations to be tested.
fn refuse_other_files(files: &CatalogFiles, findings: &mut Vec<Finding>) {
    for (path, _) in files.below("", "") {
        let belongs = path.starts_with("services/") && path.ends_with(".toml")
            || path.starts_with("phrases/") && path.ends_with(".txt")
            || path.starts_with("conversations/");
        if !belongs {
            let message = "die Datei gehört nicht hierher (erlaubt sind services/<Thema>/<Kennung>.toml, \
                           phrases/de/<Kennung>.txt und conversations/)";
            findings.push(Finding::error(files.display(path), message));
        }
    }
}

/// Whether an id may stand in an overlay: those with a source belong to imported catalogs.
fn is_own(id: &ServiceId, shown: &str, findings: &mut Vec<Finding>) -> bool {
    let is_own = !id.as_str().contains(':');
    if !is_own {
        let message = format!(
            "Dateiname: »{id}« gehört zu einem fremden Katalog; eigene Kennungen haben keinen Doppelpunkt"
        );
        findings.push(Finding::error(shown, message));
    }
    is_own
}

/// A service that stands in for one of the catalog knows its abolished names too, unless it tells its
/// own.
fn with_former_names(mut service: Service, base: &Catalog) -> Service {
    for (language, below) in base.service(&service.id).iter().flat_map(|below| &below.says) {
        let Says { formerly, .. } = service.says.entry(language.clone()).or_default();
        if formerly.is_empty() {
            formerly.clone_from(&below.formerly);
        }
    }
    service
}

/// All that a service's own file calls it.
fn called(service: &Service) -> impl Iterator<Item = &String> {
    let names = service.name.values().flat_map(|name| [&name.plain, &name.official]);
    let says = service.says.values().flat_map(|says| {
        let formerly = says.formerly.iter().map(|formerly| &formerly.name);
        says.synonyms.iter().chain(&says.phrases).chain(formerly)
    });
    names.chain(says)
}

/// An expression as it is compared.
fn spoken(expression: &str) -> String {
    let words: Vec<String> = tokens(expression).into_iter().map(|token| token.folded).collect();
    words.join(" ")
}

/// The file and line of an expression of a service.
fn origin(files: &CatalogFiles, id: &ServiceId, expression: &str) -> (String, Option<usize>) {
    let is_of = |path: &str| {
        let name = path.rsplit('/').next().unwrap_or(path);
        name.rsplit_once('.').is_some_and(|(stem, _)| stem == id.as_str())
    };
    let line = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes);
        text.lines().position(|line| line.contains(expression)).map(|at| at + 1)
    };
    let mut of_service = files.below("", "").filter(|(path, _)| is_of(path));
    let found = of_service.find_map(|(path, bytes)| Some((path, line(bytes)?)));
    match found {
        Some((path, at)) => (files.display(path), Some(at)),
        None => (id.to_string(), None),
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, sync::LazyLock};

    use super::*;

    static BASE: LazyLock<Catalog> =
        LazyLock::new(|| Catalog::load(&CatalogFiles::embedded()).expect("the catalog loads"));

    fn service(plain: &str, more: &str) -> String {
        format!(
            "format = 1\ntopic = \"tiere\"\nlevel = \"gemeinde\"\nauthority = \"Rathaus\"\n\
             [name.de]\nofficial = \"{plain}\"\nplain = \"{plain}\"\n{more}"
        )
    }

    fn load(texts: &[(&str, &str)]) -> Result<Overlay, LoadError> {
        Overlay::load(&CatalogFiles::from_texts(texts.iter().copied()), &BASE)
    }

    fn said(overlay: &Overlay, id: &str) -> Vec<String> {
        let of = |(said, _): &&(ServiceId, _)| said.as_str() == id;
        overlay.said().iter().find(of).map(|(_, said)| said.clone()).unwrap_or_default()
    }

    #[test]
    fn holds_new_services_others_in_place_of_the_catalogs_and_phrases_for_both() {
        let overlay = load(&[
            ("services/tiere/hundewiese.toml", &service("Hundewiese", "")),
            ("services/tiere/hund-anmelden.toml", &service("Hund anmelden", "")),
            ("phrases/de/hundewiese.txt", "auslauf für hunde # am Fluss\n\nHundewiese\n"),
            ("phrases/de/muelltonne-anmelden.txt", "gelbe tonne\n"),
            ("conversations/tiere.txt", "> hundewiese\n@ hundewiese\n"),
        ])
        .expect("a valid overlay");
        let ids: Vec<&str> = overlay.services().iter().map(|s| s.id.as_str()).collect();
        assert_eq!(ids, ["hund-anmelden", "hundewiese"]);
        assert_eq!(said(&overlay, "hundewiese"), ["Hundewiese", "auslauf für hunde"]);
        assert_eq!(said(&overlay, "muelltonne-anmelden"), ["gelbe tonne"]);
        assert!(overlay.service(&"muelltonne-anmelden".parse().unwrap()).is_none());
    }

    #[test]
    fn a_copy_of_an_entry_says_nothing_new_but_its_collection_does() {
        let path = "services/tiere/hund-anmelden.toml";
        let copy = CatalogFiles::embedded();
        let copy = String::from_utf8(copy.file(path).unwrap().to_vec()).unwrap();
        let overlay = load(&[(path, &copy)]).expect("a valid overlay");
        assert_eq!(said(&overlay, "hund-anmelden"), [""; 0]);
        let overlay = load(&[(path, &copy), ("phrases/de/hund-anmelden.txt", "Hundesteuer")]);
        assert_eq!(said(&overlay.unwrap(), "hund-anmelden"), ["Hundesteuer"]);
    }

    #[test]
    fn abolished_names_of_the_catalog_are_kept() {
        let with_former = |service: &&Service| {
            service.says.get("de").is_some_and(|says| !says.formerly.is_empty())
        };
        let below = BASE.services().iter().find(with_former).expect("one of them");
        let topic = super::super::stats::slug(&below.topic);
        let path = format!("services/{topic}/{}.toml", below.id);
        let text = service("Etwas Neues", "").replace("tiere", &topic);
        let overlay = load(&[(&path, &text)]).expect("a valid overlay");
        let formerly = &overlay.service(&below.id).unwrap().says["de"].formerly;
        assert_eq!(formerly[0].name, below.says["de"].formerly[0].name);
    }

    #[test]
    fn a_mistake_is_told_with_file_and_line() {
        let wiese = service("Hundewiese", "");
        let check = |texts: &[(&str, &str)], expected: &str| {
            let told = load(texts).expect_err(expected).to_string();
            assert!(told.contains(expected), "{told}");
        };
        let path = "services/tiere/hundewiese.toml";
        check(&[("README.md", "Hallo")], "catalog/README.md: die Datei gehört nicht hierher");
        check(
            &[("life-events/umzug.toml", "format = 1\n")],
            "catalog/life-events/umzug.toml: die Datei gehört nicht hierher",
        );
        check(
            &[("phrases/de/hund-anmeldn.txt", "hundi")],
            "zu »hund-anmeldn« gibt es keine Leistung (meinten Sie »hund-anmelden«?)",
        );
        check(
            &[("phrases/de/berlin:324280.txt", "hundi")],
            "zu »berlin:324280« gibt es keine Leistung",
        );
        check(
            &[("services/tiere/berlin:1.toml", &wiese)],
            "catalog/services/tiere/berlin:1.toml: Dateiname: »berlin:1« gehört zu einem fremden",
        );
        check(
            &[(path, &wiese), ("services/umzug/hundewiese.toml", &wiese.replace("tiere", "umzug"))],
            "catalog/services/umzug/hundewiese.toml: die Kennung »hundewiese« gibt es schon in",
        );
        check(
            &[(path, &wiese.replace("level", "levl"))],
            "catalog/services/tiere/hundewiese.toml:3: unbekannter Schlüssel »levl«",
        );
        check(
            &[(path, &service("Hund anmelden", ""))],
            "catalog/services/tiere/hundewiese.toml:7: name.de.plain: »Hund anmelden« heißt auch",
        );
        check(
            &[(path, &service("Hundewiese", "[[not]]\nid = \"berlin:1\"\ndiffers = \"x\"\n"))],
            "catalog/services/tiere/hundewiese.toml:9: not.id: die Leistung »berlin:1« gibt es nicht",
        );
        check(
            &[(path, &wiese), ("phrases/de/hund-anmelden.txt", "neu\nHundewiese\n")],
            "catalog/services/tiere/hundewiese.toml:6: »Hundewiese« steht auch bei »hund-anmelden«",
        );
    }

    #[test]
    fn a_directory_is_not_completed_and_shows_stray_files() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("services/tiere")).unwrap();
        let file = dir.path().join("services/tiere/hundewiese.toml");
        fs::write(file, service("Hundewiese", "")).unwrap();
        let files = CatalogFiles::from_overlay_dir(dir.path()).unwrap();
        assert_eq!(Overlay::load(&files, &BASE).unwrap().services().len(), 1);
        fs::write(dir.path().join("liste.xlsx"), "x").unwrap();
        let files = CatalogFiles::from_overlay_dir(dir.path()).unwrap();
        let told = Overlay::load(&files, &BASE).unwrap_err().to_string();
        assert!(told.contains("liste.xlsx: die Datei gehört nicht hierher"), "{told}");
    }
}
