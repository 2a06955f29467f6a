//! Keeps the bots of all towns up to date. A changed catalog, newly imported offers, a town's settings
//! or a note about an outage is loaded beside what is in use, checked against the regression
//! conversations and swapped whole. What is faulty is refused, and the one before keeps answering.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    path::PathBuf,
    sync::Arc,
};

use anyhow::Context;

use super::files::Changes;
use crate::{
    bot::Bot,
    config::{Config, Process, tokens_differ},
    ids::TenantId,
    offers::outage::{Outage, OutageFile},
    regression,
    setup::{self, Workshop},
};

/// Notes in the store under this name are told in all towns.
pub const ALL_TOWNS: &str = "*";

/// Knows how the bots are built, and which are in use.
pub(super) struct Keeper {
    process: Process,
    workshop: Workshop,
    towns: BTreeMap<TenantId, (Config, Arc<Bot>)>,
    /// The notes that the store keeps.
    noted: HashMap<String, Vec<Outage>>,
}

/// What is to be done about a town.
#[derive(Clone)]
pub(super) enum Step {
    /// It is served, or served with another bot or other settings.
    Serve(Box<Config>, Arc<Bot>),
    /// It is not served any more.
    Stop,
}

/// What came of changes.
#[derive(Default)]
pub(super) struct Applied {
    /// What is to be done about towns.
    pub steps: BTreeMap<TenantId, Step>,
    /// What was refused, and why (German): the state before still answers.
    pub refused: Vec<(Changes, String)>,
}

impl Applied {
    fn refuse(&mut self, what: Changes, why: impl ToString) {
        self.refused.push((what, why.to_string()));
    }
}

impl Keeper {
    /// Builds the bots of all towns.
    ///
    /// # Errors
    /// If anything is faulty; in German, with file and key.
    pub fn open(process: Process) -> anyhow::Result<Self> {
        let mut workshop = Workshop::open(&process.base)?;
        let mut towns = BTreeMap::new();
        for (id, config) in &process.tenants {
            let built = workshop.build(config, &[]);
            let bot = match process.dir {
                None => built?,
                Some(_) => built.with_context(|| format!("tenants/{id}.toml"))?,
            };
            towns.insert(id.clone(), (config.clone(), Arc::new(bot)));
        }
        Ok(Self { process, workshop, towns, noted: HashMap::new() })
    }

    /// The towns and their bots.
    pub fn towns(&self) -> &BTreeMap<TenantId, (Config, Arc<Bot>)> {
        &self.towns
    }

    /// The settings.
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// A word that is the same wherever the catalog is the same.
    pub fn catalog_hash(&self) -> String {
        format!("{:016x}", self.workshop.fingerprint())
    }

    /// Why a regression list of a town does not hold.
    pub fn broken_conversations(&self) -> Vec<String> {
        let broken = |(config, bot): &(Config, Arc<Bot>)| broken_conversations(bot, config);
        self.towns.values().filter_map(broken).collect()
    }

    /// Takes over the notes about outages that the store keeps for a town, or for all.
    ///
    /// # Errors
    /// If they cannot be read; in German.
    pub fn note(&mut self, tenant: &str, text: &str) -> Result<(), String> {
        let file = OutageFile::parse(text)?;
        self.noted.insert(tenant.to_owned(), file.outages);
        Ok(())
    }

    /// Loads anew what changed.
    pub fn apply(&mut self, changes: &Changes) -> Applied {
        let mut applied = Applied::default();
        let mut affected: BTreeSet<TenantId> = BTreeSet::new();
        self.read_settings(changes, &mut affected, &mut applied);
        for data in &changes.offers {
            match self.workshop.reload_offers(data) {
                Ok(()) => affected.extend(self.at(data)),
                Err(error) => {
                    let what = Changes { offers: [data.clone()].into(), ..Changes::default() };
                    applied.refuse(what, format!("{error:#}"));
                }
            }
        }
        let before = match changes.catalog {
            true => self.reload_catalog(&mut affected, &mut applied),
            false => None,
        };
        let mut built = 0;
        for id in &affected {
            built += usize::from(self.rebuild(id, &mut applied));
        }
        if let (Some(before), 0) = (before, built) {
            // Nobody can work with the new catalog.
            self.workshop = before;
        }
        self.renew_notes(changes, &affected, &mut applied);
        applied
    }

    /// The towns whose data directory this is.
    fn at(&self, data: &PathBuf) -> Vec<TenantId> {
        let towns = self.towns.iter().filter(|(_, (config, _))| config.bot.data == *data);
        towns.map(|(id, _)| id.clone()).collect()
    }

    fn reload_catalog(
        &mut self,
        affected: &mut BTreeSet<TenantId>,
        applied: &mut Applied,
    ) -> Option<Workshop> {
        match Workshop::open(&self.process.base) {
            Ok(workshop) => {
                affected.extend(self.towns.keys().cloned());
                Some(std::mem::replace(&mut self.workshop, workshop))
            }
            Err(error) => {
                let what = Changes { catalog: true, ..Changes::default() };
                applied.refuse(what, format!("{error:#}"));
                None
            }
        }
    }

    /// Reads the settings of changed towns; those without a file are not served any more.
    fn read_settings(
        &mut self,
        changes: &Changes,
        affected: &mut BTreeSet<TenantId>,
        applied: &mut Applied,
    ) {
        let Some(dir) = &self.process.dir else {
            affected.extend(changes.tenants.iter().cloned());
            return;
        };
        if changes.tenants.is_empty() {
            return;
        }
        let files = match dir.files() {
            Ok((files, misnamed)) => {
                // They are no town's: nobody else waits for them to be renamed.
                misnamed.into_iter().for_each(|error| applied.refuse(Changes::default(), error));
                files
            }
            Err(error) => {
                let what = Changes { tenants: changes.tenants.clone(), ..Changes::default() };
                return applied.refuse(what, error);
            }
        };
        let mut next = self.process.tenants.clone();
        let mut changed = BTreeMap::new();
        for id in &changes.tenants {
            match files.get(id).map(|path| dir.read(id, path)) {
                Some(Ok(read)) => drop(changed.insert(id.clone(), read.config)),
                Some(Err(error)) => applied.refuse(of_tenant(id), error),
                None => drop(next.remove(id)),
            }
        }
        affected.extend(take_over(&mut next, changed, applied));
        for id in self.process.tenants.keys().filter(|id| !next.contains_key(id)) {
            self.towns.remove(id);
            applied.steps.insert(id.clone(), Step::Stop);
        }
        self.process.tenants = next;
    }

    /// Builds a town's bot anew; whether it is good.
    fn rebuild(&mut self, id: &TenantId, applied: &mut Applied) -> bool {
        let Some(config) = self.process.tenants.get(id).cloned() else { return false };
        let noted = self.noted_for(id);
        let built = self.workshop.build(&config, &noted).map_err(|error| format!("{error:#}"));
        let checked = built.and_then(|bot| match broken_conversations(&bot, &config) {
            None => Ok(bot),
            Some(why) => Err(why),
        });
        match checked {
            Ok(bot) => {
                self.serve(id, config, bot, applied);
                true
            }
            Err(why) => {
                // It is tried again with the next change of anything that the town rests on.
                let what = Changes { catalog: self.process.dir.is_none(), ..of_tenant(id) };
                applied.refuse(what, why);
                false
            }
        }
    }

    fn serve(&mut self, id: &TenantId, config: Config, bot: Bot, applied: &mut Applied) {
        let bot = Arc::new(bot);
        self.towns.insert(id.clone(), (config.clone(), Arc::clone(&bot)));
        applied.steps.insert(id.clone(), Step::Serve(Box::new(config), bot));
    }

    /// A note says what is broken today: it does not wait for a catalog that is faulty, and no list of
    /// conversations knows it.
    fn renew_notes(&mut self, changes: &Changes, done: &BTreeSet<TenantId>, applied: &mut Applied) {
        let concerned = |(id, (config, _)): &(&TenantId, &(Config, Arc<Bot>))| {
            let is_noted = [id.as_str(), ALL_TOWNS].iter().any(|of| changes.notes.contains(*of));
            let is_done = done.contains(*id) && applied.steps.contains_key(*id);
            (changes.outages.contains(&config.bot.data) || is_noted) && !is_done
        };
        let towns = self.towns.iter().filter(concerned);
        let towns: Vec<TenantId> = towns.map(|(id, _)| id.clone()).collect();
        for id in towns {
            let noted = self.noted_for(&id);
            let Some((config, bot)) = self.towns.get(&id).cloned() else { continue };
            match setup::outages(&config, bot.catalog(), &noted) {
                Ok(outages) => self.serve(&id, config, bot.with_outages(outages), applied),
                Err(error) => {
                    let outages = [config.bot.data.clone()].into();
                    applied.refuse(Changes { outages, ..Changes::default() }, format!("{error:#}"));
                }
            }
        }
    }

    fn noted_for(&self, id: &TenantId) -> Vec<Outage> {
        let notes = [ALL_TOWNS, id.as_str()].into_iter().filter_map(|of| self.noted.get(of));
        notes.flatten().cloned().collect()
    }
}

/// Takes over changed settings, but for those with a token that another town has; whose they are.
fn take_over(
    towns: &mut BTreeMap<TenantId, Config>,
    changed: BTreeMap<TenantId, Config>,
    applied: &mut Applied,
) -> Vec<TenantId> {
    // All at once, since towns may swap their tokens.
    let mut all = towns.clone();
    all.extend(changed.clone());
    if tokens_differ(&all).is_ok() {
        *towns = all;
        return changed.into_keys().collect();
    }
    let mut taken = Vec::new();
    for (id, config) in changed {
        let mut with = towns.clone();
        with.insert(id.clone(), config);
        match tokens_differ(&with) {
            Ok(()) => {
                *towns = with;
                taken.push(id);
            }
            Err(error) => applied.refuse(of_tenant(&id), error),
        }
    }
    taken
}

fn of_tenant(id: &TenantId) -> Changes {
    Changes { tenants: [id.clone()].into(), ..Changes::default() }
}

/// Why a regression list does not hold: those in `conversations/` of the catalog's, of the overlay's
/// and of the data directory. Outages of today do not count.
fn broken_conversations(bot: &Bot, config: &Config) -> Option<String> {
    let bot = bot.with_outages(Arc::default());
    let data = config.data_dir();
    let overlay = Some(config.bot.overlay.as_path()).filter(|dir| !dir.as_os_str().is_empty());
    let dirs = config.catalog_dir().into_iter().chain(overlay).chain([data.path()]);
    dirs.map(|dir| dir.join("conversations")).filter(|dir| dir.is_dir()).find_map(|dir| {
        let files = match regression::read_dir(&dir) {
            Ok(files) => files,
            Err(error) => return Some(format!("{}: {error}", dir.display())),
        };
        let report = regression::run(&bot, &files);
        let first = report.failures.first()?;
        let count = report.failures.len();
        Some(format!("{count} Abweichungen in {}; die erste: {first}", dir.display()))
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use secrecy::ExposeSecret;

    use super::*;
    use crate::{conversation::Conversation, message::Message, serve::files::Seen};

    const DOG: &str = "format = 1\ntopic = \"tiere\"\nlevel = \"gemeinde\"\nauthority = \"Steueramt\"\n\
        [name.de]\nofficial = \"Hund anmelden\"\nplain = \"Hund anmelden\"\n\
        [says.de]\nphrases = [\"hund anmelden\", \"neuer hund\"]\n";
    const OUTAGE: &str =
        "format = 1\n[[outage]]\nwhat = \"hund-anmelden\"\ninstead = \"Anrufen.\"\n";

    /// A process in a directory of its own, and what it has seen there.
    struct Place {
        dir: tempfile::TempDir,
        keeper: Keeper,
        seen: Seen,
        pending: Changes,
    }

    impl Place {
        fn new(files: &[(&str, &str)]) -> Self {
            let dir = tempfile::tempdir().unwrap();
            for (path, text) in files {
                write(dir.path(), path, text);
            }
            let catalog = dir.path().join("catalog");
            let data = dir.path().join("data");
            let config = format!("[bot]\ncatalog = {catalog:?}\ndata = {data:?}\n");
            write(dir.path(), "config.toml", &config);
            write(dir.path(), "catalog/services/tiere/hund-anmelden.toml", DOG);
            write(dir.path(), "catalog/lexicon/concepts.toml", "format = 1\n");
            let process = Process::load(Some(dir.path()), []).unwrap();
            let keeper = Keeper::open(process).unwrap();
            let mut place =
                Self { dir, keeper, seen: Seen::default(), pending: Changes::default() };
            place.seen = place.look();
            place
        }

        fn look(&self) -> Seen {
            let towns = self.keeper.towns().values().map(|(config, _)| config);
            Seen::now(self.keeper.process(), towns)
        }

        /// Changes a file and loads anew what changed; what was refused.
        fn write(&mut self, path: &str, text: &str) -> Vec<String> {
            write(self.dir.path(), path, text);
            self.reload()
        }

        fn reload(&mut self) -> Vec<String> {
            let now = self.look();
            self.pending.merge(now.changed_since(&self.seen));
            self.seen = now;
            let applied = self.keeper.apply(&std::mem::take(&mut self.pending));
            let mut refused = Vec::new();
            for (what, why) in applied.refused {
                self.pending.merge(what);
                refused.push(why);
            }
            refused
        }

        fn said(&self, tenant: &str) -> String {
            let (_, bot) = &self.keeper.towns()[&tenant.parse().unwrap()];
            let asked = Message::text("hund anmelden");
            let reply = bot.respond(&asked, &Conversation::introduced()).0;
            crate::channel::terminal::render(&reply, false)
        }
    }

    fn write(dir: &std::path::Path, path: &str, text: &str) {
        let path = dir.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    const DOG_FILE: &str = "catalog/services/tiere/hund-anmelden.toml";

    #[test]
    fn what_changes_on_disk_is_said_and_what_is_faulty_is_not() {
        let mut place = Place::new(&[]);
        assert!(place.write("data/outages.toml", OUTAGE).is_empty());
        let disturbed = "Zurzeit gestört: Hund anmelden. Stattdessen: Anrufen.";
        assert!(place.said("default").contains(disturbed), "{}", place.said("default"));
        // A faulty note is refused; the one before is still told.
        let refused = place.write("data/outages.toml", "format = 1\n[[outage]]\nwaht = \"x\"\n");
        assert!(refused[0].contains("outages.toml") && refused[0].contains("waht"), "{refused:?}");
        assert!(place.said("default").contains("Anrufen."));
        place.write("data/outages.toml", "format = 1\n");
        let refused = place.write("data/offers.redb", "no file of offers");
        assert!(!refused.is_empty());
        assert!(place.said("default").contains("Steueramt"));
        // Another part is not held up by it, and it is tried again when it is mended.
        let refused = place.write(DOG_FILE, &DOG.replace("Steueramt", "Stadtkasse"));
        assert!(refused.iter().all(|why| why.contains("offers.redb")), "{refused:?}");
        fs::remove_file(place.dir.path().join("data/offers.redb")).unwrap();
        assert!(place.reload().is_empty());
        assert!(place.said("default").contains("Stadtkasse"), "{}", place.said("default"));
        assert!(!place.said("default").contains("gestört"));
        assert!(!place.write(DOG_FILE, "format = 1\n").is_empty());
        assert!(place.said("default").contains("Stadtkasse"));
    }

    #[test]
    fn a_changed_catalog_that_breaks_a_conversation_is_refused() {
        let mut place = Place::new(&[]);
        let list = "catalog/conversations/hund.txt";
        assert!(place.write(list, "> hund anmelden\n@ hund-anmelden\n= Steueramt\n").is_empty());
        let refused = place.write(DOG_FILE, &DOG.replace("Steueramt", "Stadtkasse"));
        assert!(refused[0].contains("hund.txt:3: es fehlt: Steueramt"), "{refused:?}");
        assert!(place.said("default").contains("Steueramt"), "the old one still answers");
        assert!(place.write(list, "> hund anmelden\n= Stadtkasse\n").is_empty());
        assert!(place.said("default").contains("Stadtkasse"));
    }

    #[test]
    fn a_town_is_added_changed_and_removed_without_the_others() {
        let place = "[operator]\nname = \"Stadt Adorf\"\n";
        let mut place = Place::new(&[("tenants/adorf.toml", place)]);
        let names = |place: &Place| -> Vec<String> {
            let towns = place.keeper.towns().iter();
            towns.map(|(id, (config, _))| format!("{id}: {}", config.operator.name)).collect()
        };
        assert_eq!(names(&place), ["adorf: Stadt Adorf"]);
        assert!(
            place.write("tenants/bdorf.toml", "[operator]\nname = \"Stadt Bdorf\"\n").is_empty()
        );
        assert_eq!(names(&place), ["adorf: Stadt Adorf", "bdorf: Stadt Bdorf"]);
        let refused = place.write("tenants/bdorf.toml", "[operator]\nnmae = \"Bdorf\"\n");
        assert!(refused[0].contains("bdorf.toml") && refused[0].contains("nmae"), "{refused:?}");
        assert_eq!(names(&place), ["adorf: Stadt Adorf", "bdorf: Stadt Bdorf"]);
        let refused = place.write("tenants/bdorf.toml", "[store]\nurl = \"sqlite:x\"\n");
        assert!(
            refused[0].contains("[store]") && refused[0].contains("config.toml"),
            "{refused:?}"
        );
        // A name that is no id keeps nobody else from being loaded.
        write(place.dir.path(), "tenants/B Dorf.toml", "");
        let refused = place.write("tenants/adorf.toml", "[operator]\nname = \"Gemeinde Adorf\"\n");
        assert!(refused.iter().any(|why| why.contains("B Dorf.toml")), "{refused:?}");
        assert_eq!(names(&place)[0], "adorf: Gemeinde Adorf");
        fs::remove_file(place.dir.path().join("tenants/B Dorf.toml")).unwrap();
        let adorf = Arc::clone(&place.keeper.towns()[&"adorf".parse().unwrap()].1);
        fs::remove_file(place.dir.path().join("tenants/bdorf.toml")).unwrap();
        assert!(place.reload().is_empty());
        assert_eq!(names(&place), ["adorf: Gemeinde Adorf"]);
        // Nobody touched the first one meanwhile.
        assert!(Arc::ptr_eq(&adorf, &place.keeper.towns()[&"adorf".parse().unwrap()].1));
    }

    #[test]
    fn tokens_may_be_swapped_and_inherited_but_not_shared() {
        let town = |token: &str| format!("[telegram]\nenabled = true\ntoken = \"{token}\"\n");
        let (one, two) = (town("1:one"), town("2:two"));
        let files = [("tenants/adorf.toml", &*one), ("tenants/bdorf.toml", &*two)];
        let mut place = Place::new(&files);
        let tokens = |place: &Place| -> Vec<String> {
            let towns = place.keeper.towns().values();
            towns.map(|(config, _)| config.telegram.token.expose_secret().to_owned()).collect()
        };
        write(place.dir.path(), "tenants/adorf.toml", &two);
        assert!(place.write("tenants/bdorf.toml", &one).is_empty());
        assert_eq!(tokens(&place), ["2:two", "1:one"]);
        let refused = place.write("tenants/adorf.toml", &one);
        assert!(refused[0].contains("adorf.toml und tenants/bdorf.toml"), "{refused:?}");
        assert_eq!(tokens(&place), ["2:two", "1:one"]);
        // The other one gives its token up.
        fs::remove_file(place.dir.path().join("tenants/bdorf.toml")).unwrap();
        assert!(place.reload().is_empty());
        assert_eq!(tokens(&place), ["1:one"]);
    }

    #[test]
    fn notes_of_the_store_are_told_in_their_town_only() {
        let town = "[operator]\nname = \"Adorf\"\n";
        let mut place = Place::new(&[("tenants/adorf.toml", town), ("tenants/bdorf.toml", town)]);
        place.keeper.note("adorf", OUTAGE).unwrap();
        let changes = Changes { notes: ["adorf".to_owned()].into(), ..Changes::default() };
        assert!(place.keeper.apply(&changes).refused.is_empty());
        assert!(place.said("adorf").contains("gestört"));
        assert!(!place.said("bdorf").contains("gestört"));
        place.keeper.note(ALL_TOWNS, OUTAGE).unwrap();
        let changes = Changes { notes: [ALL_TOWNS.to_owned()].into(), ..Changes::default() };
        place.keeper.apply(&changes);
        assert!(place.said("bdorf").contains("gestört"));
    }
}
