//! The rates that must not fall, on the question files of `eval/` and on others kept outside this
//! repository. Where those are absent the tests say so and pass.

use std::{fs, path::PathBuf};

use amtslotse::{
    conversation::Conversation,
    eval::{Question, Report, Verdict},
    message::Message,
};

use crate::BOT;

fn shared(name: &str) -> Option<PathBuf> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared").join(name);
    if path.exists() {
        return Some(path);
    }
    eprintln!("SKIPPED: {} is not there", path.display());
    None
}

fn report(name: &str) -> Option<Report> {
    Some(count(&fs::read_to_string(shared(name)?).unwrap()))
}

fn count(text: &str) -> Report {
    let mut report = Report::default();
    for question in Question::parse_file(text).unwrap() {
        let message = Message::text(question.question.as_str());
        let (reply, _) = BOT.respond(&message, &Conversation::default());
        report.count(&question, &reply.outcome, 0, BOT.catalog());
    }
    report
}

fn of_repository(name: &str) -> Report {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("eval").join(name);
    count(&fs::read_to_string(path).unwrap())
}

/// Below what was measured by about the width of the interval: for changes that break something.
#[test]
fn questions_of_others_are_answered() {
    let report = of_repository("holdout.tsv");
    let at_once = report.rate(Verdict::RightAtOnce);
    assert!(at_once >= 0.83, "right at once: {at_once:.3}\n{report}");
    let soon = at_once + report.rate(Verdict::RightAfterOne);
    assert!(soon >= 0.93, "right at once or after one question: {soon:.3}\n{report}");
    let wrong = report.rate(Verdict::Wrong);
    assert!(wrong <= 0.045, "wrong: {wrong:.3}\n{report}");
    let asserted = of_repository("holdout-no-service.tsv").rate(Verdict::AssertedInVain);
    assert!(asserted <= 0.04, "asserted in vain: {asserted:.3}");
}

#[test]
fn everyday_services_are_found() {
    let Some(report) = report("eval/dev.tsv") else { return };
    let rate = |verdict| report.rate_of_priority(1, verdict);
    let at_once = rate(Verdict::RightAtOnce);
    assert!(at_once >= 0.87, "right at once: {at_once:.3}\n{report}");
    let soon = at_once + rate(Verdict::RightAfterOne);
    assert!(soon >= 0.96, "right at once or after one question: {soon:.3}\n{report}");
    let wrong = rate(Verdict::Wrong);
    assert!(wrong <= 0.04, "wrong: {wrong:.3}\n{report}");
}

#[test]
fn what_is_no_service_is_not_given_one() {
    let Some(report) = report("eval/dev-out-of-scope.tsv") else { return };
    let asserted = report.rate(Verdict::AssertedInVain);
    assert!(asserted <= 0.03, "asserted in vain: {asserted:.3}\n{report}");
}

/// No key of the catalog is invented: each is in one of the lists we have.
#[test]
fn leika_keys_are_known_to_a_public_list() {
    let lists = [
        "data/ozg-nrw-leika-2019/ozg_service.csv",
        "data/muenchen-zms-2026/services_de.json",
        "data/pvog/uebersicht_auszug_flensburg_aachen.csv",
        // The design's own list of keys checked against the live register.
        "design/data-and-standards.md",
    ];
    let mut known = String::new();
    for list in lists {
        let Some(path) = shared(list) else { return };
        known.push_str(&fs::read_to_string(path).unwrap());
    }
    let unknown: Vec<String> = BOT
        .catalog()
        .services()
        .iter()
        .flat_map(|service| service.leika.iter().map(move |key| (service, key)))
        .filter(|(_, key)| !known.contains(&key.to_string()))
        .map(|(service, key)| format!("{}: {key}", service.id))
        .collect();
    assert!(unknown.is_empty(), "{unknown:#?}");
}

#[test]
fn the_places_reach_what_the_recipe_promises() {
    let (with_postcode, postcodes) = BOT.places().postcode_coverage();
    assert!(BOT.places().municipalities() >= 10_700, "{}", BOT.places().municipalities());
    assert!(with_postcode >= 10_700, "{with_postcode}");
    assert!(postcodes >= 7_990, "{postcodes}");
}
