use super::*;
use crate::{
    catalog::service::{How, Step},
    import::record::SourceLink,
};

const FLENSBURG: &str = "010010000000";
const AACHEN: &str = "053340002002";

fn region(key: &str) -> RegionKey {
    key.parse().unwrap()
}

fn link(claim: Claim, url: &str) -> SourceLink {
    SourceLink { claim, url: url.to_owned(), title: None }
}

fn online(url: &str) -> SourceLink {
    link(Claim::OnlineService, url)
}

/// A form that may be sent in.
fn form_to_send() -> Evidence {
    Evidence {
        described: true,
        links: vec![link(Claim::Form, "https://stadt.example/antrag.pdf")],
        form_may_be_sent: Some(true),
        ..Evidence::default()
    }
}

fn judged(evidence: &Evidence) -> (Availability, Option<String>) {
    let derived = derive(evidence, None, region(FLENSBURG));
    (derived.availability, derived.reason)
}

fn partly() -> Availability {
    Availability::Partly { steps: Vec::new() }
}

#[test]
fn what_the_source_declares_comes_first() {
    // The link would say otherwise.
    let declared = |declared| Evidence {
        declared: Some(declared),
        links: vec![online("https://stadt.example/dienst/1")],
        ..Evidence::default()
    };
    let not_online = Declared::NotOnline;
    assert_eq!(judged(&declared(Declared::Online)), (Availability::Online, None));
    assert_eq!(judged(&declared(Declared::InPerson)), (Availability::InPerson, None));
    assert_eq!(judged(&declared(not_online)), (Availability::InPerson, None));
    assert_eq!(judged(&declared(Declared::Unknown)), (Availability::Online, None));

    let steps = vec![
        Step { what: "Antrag".to_owned(), how: How::Online },
        Step { what: "Abholen".to_owned(), how: How::InPerson },
    ];
    let evidence = Evidence { steps: steps.clone(), ..declared(Declared::Partly) };
    assert_eq!(judged(&evidence), (Availability::Partly { steps }, None));

    let mut evidence = Evidence { declared: Some(not_online), ..form_to_send() };
    assert_eq!(judged(&evidence), (partly(), Some(FORM_TO_SEND.to_owned())));
    for said in [None, Some(false)] {
        evidence.form_may_be_sent = said;
        assert_eq!(judged(&evidence).0, Availability::InPerson, "{said:?}");
    }
    evidence.form_may_be_sent = Some(true);
    evidence.links.clear();
    assert_eq!(judged(&evidence).0, Availability::InPerson, "no form to send");
}

#[test]
fn a_good_link_is_online_unless_somebody_must_come_or_it_does_not_answer() {
    let url = "https://stadt.example/dienst/1";
    let mut evidence = Evidence { links: vec![online(url)], ..Evidence::default() };
    assert_eq!(judged(&evidence), (Availability::Online, None));
    evidence.answers = Some(true);
    assert_eq!(judged(&evidence), (Availability::Online, None));

    evidence.in_person_needed = true;
    assert_eq!(judged(&evidence), (partly(), Some(COME_ALL_THE_SAME.to_owned())));

    evidence.answers = Some(false);
    assert_eq!(judged(&evidence), (Availability::Unknown, Some(NO_ANSWER.to_owned())));
}

#[test]
fn a_described_service_without_online_service_is_partly_or_in_person() {
    let mut evidence = form_to_send();
    assert_eq!(judged(&evidence), (partly(), Some(FORM_TO_SEND.to_owned())));
    evidence.form_may_be_sent = None;
    assert_eq!(judged(&evidence), (Availability::InPerson, None), "a form to bring along");

    let appointment = "https://stadt.example/termin";
    let evidence = Evidence {
        described: true,
        links: vec![link(Claim::Appointment, appointment)],
        ..Evidence::default()
    };
    let derived = derive(&evidence, None, region(FLENSBURG));
    assert_eq!(derived.availability, Availability::InPerson);
    assert_eq!(derived.links[0].kind, LinkKind::Appointment);
    assert_eq!(derived.links[0].url, appointment);
}

#[test]
fn what_nobody_describes_is_never_offline() {
    assert_eq!(judged(&Evidence::default()), (Availability::Unknown, None));
    let evidence = Evidence { described: false, ..form_to_send() };
    assert_eq!(judged(&evidence), (Availability::Unknown, None));
    // Described, and said to be online, but there is no telling where.
    let home = online("https://portal.example/");
    let evidence = Evidence { described: true, links: vec![home], ..Evidence::default() };
    assert_eq!(judged(&evidence), (Availability::Unknown, Some(NO_GOOD_LINK.to_owned())));
}

#[test]
fn the_words_of_the_source_come_before_ours() {
    let mut evidence = form_to_send();
    evidence.reason = Some(" Nur für Hauptwohnsitze. ".to_owned());
    assert_eq!(judged(&evidence).1.as_deref(), Some("Nur für Hauptwohnsitze."));
    evidence.reason = Some(" ".to_owned());
    assert_eq!(judged(&evidence).1.as_deref(), Some(FORM_TO_SEND));
}

#[test]
fn links_are_shown_once_and_the_best_first() {
    let evidence = Evidence {
        links: vec![
            link(Claim::Information, "https://stadt.example/lesen?utm_source=x&id=7&UTM_medium=y"),
            link(Claim::Information, "https://stadt.example/antrag.pdf"),
            link(Claim::Appointment, "https://stadt.example/termin?a=1&amp;b=2"),
            link(Claim::Form, "https://stadt.example/antrag.pdf"),
            SourceLink {
                title: Some("Merkblatt zum Antrag".to_owned()),
                ..link(Claim::Form, "https://stadt.example/merkblatt.pdf")
            },
            online(" https://Stadt.example/dienst?utm_campaign=x "),
        ],
        ..Evidence::default()
    };
    let links = derive(&evidence, None, region(FLENSBURG)).links;
    let shown: Vec<_> = links.iter().map(|link| (link.kind, link.url.as_str())).collect();
    assert_eq!(
        shown,
        [
            (LinkKind::Online, "https://stadt.example/dienst"),
            (LinkKind::Form, "https://stadt.example/antrag.pdf"),
            (LinkKind::Appointment, "https://stadt.example/termin?a=1&b=2"),
            (LinkKind::Information, "https://stadt.example/lesen?id=7"),
            (LinkKind::Information, "https://stadt.example/merkblatt.pdf"),
        ]
    );
}

#[test]
fn fault_51_addresses_nobody_should_open_are_dropped() {
    let long = format!("https://stadt.example/{}", "x".repeat(2_000));
    for url in [
        "",
        "antrag.pdf",
        "javascript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "mailto:amt@stadt.example",
        "https://user:pw@stadt.example/",
        "https://user@stadt.example/",
        "https://stadt.example/mit leerzeichen",
        "https://stadt.example/\u{202f}x",
        "https://stadt.example/#/services/{serviceId}",
        "http://portal/deeplink?x=1",
        "http://localhost/",
        "http://127.0.0.1/x",
        "http://[::1]/x",
        "https:///",
        &long,
    ] {
        let evidence = Evidence { links: vec![online(url)], ..Evidence::default() };
        let derived = derive(&evidence, None, region(FLENSBURG));
        assert_eq!(derived.links, [], "{url}");
        assert_eq!(derived.availability, Availability::Unknown, "{url}");
    }
    // A look-alike host is shown for what it is.
    let evidence =
        Evidence { links: vec![online("https://b\u{430}nk.example/x")], ..Evidence::default() };
    let links = derive(&evidence, None, region(FLENSBURG)).links;
    assert!(links[0].url.starts_with("https://xn--"), "{}", links[0].url);
}

#[test]
fn a_link_to_the_page_that_describes_is_information() {
    let kind = |url: &str, page: &str| {
        let evidence = Evidence { links: vec![online(url)], ..Evidence::default() };
        derive(&evidence, Some(page), region(FLENSBURG)).links[0].kind
    };
    let page = "https://www.stadt.example/leistung/reisepass/";
    assert_eq!(
        kind("http://stadt.example/leistung/reisepass?lang=de#top", page),
        LinkKind::Information
    );
    assert_eq!(kind("https://stadt.example/leistung/reisepass/antrag", page), LinkKind::Online);
    assert_eq!(kind("https://dienste.stadt.example/leistung/reisepass", page), LinkKind::Online);
    assert_eq!(
        kind("https://stadt.example/leistung/reisepass", "http://portal/x"),
        LinkKind::Online
    );
    // One page, many services.
    let page = "https://stadt.example/app#/leistung/1";
    assert_eq!(kind("https://stadt.example/app#/leistung/1", page), LinkKind::Information);
    assert_eq!(kind("https://stadt.example/app#/antrag/1", page), LinkKind::Online);
}

#[test]
fn the_home_page_of_a_portal_is_information() {
    let kind = |url: &str| {
        let evidence = Evidence { links: vec![online(url)], ..Evidence::default() };
        derive(&evidence, None, region(FLENSBURG)).links[0].kind
    };
    for home in ["https://portal.example", "https://portal.example/?utm_source=x#top"] {
        assert_eq!(kind(home), LinkKind::Information, "{home}");
    }
    for service in ["https://portal.example/?ID=21", "https://portal.example/#/antrag/1"] {
        assert_eq!(kind(service), LinkKind::Online, "{service}");
    }
}

#[test]
fn a_link_that_names_another_town_is_information() {
    let kind = |parameter: &str, key: &str| {
        let url = format!("https://portal.example/dienst?{parameter}");
        let evidence = Evidence { links: vec![online(&url)], ..Evidence::default() };
        derive(&evidence, None, region(key)).links[0].kind
    };
    for other in [
        "location=010020000000",
        "id=1&ARS=010020000000",
        "rs=053340002002",
        "gebietId=010020000000",
        "regionalSchluessel=010020000000",
    ] {
        assert_eq!(kind(other, FLENSBURG), LinkKind::Information, "{other}");
    }
    for same in ["location=010010000000", "ars=010000000000", "ars=000000000000"] {
        assert_eq!(kind(same, FLENSBURG), LinkKind::Online, "{same}");
    }
    assert_eq!(kind("region=053340000000", AACHEN), LinkKind::Online, "its Kreis");
    assert_eq!(kind("location=kiel", FLENSBURG), LinkKind::Online, "no key");
    assert_eq!(kind("vorgang=010020000000", FLENSBURG), LinkKind::Online, "no region");
    // A Land is not its towns.
    assert_eq!(kind("ars=010010000000", "010000000000"), LinkKind::Information);

    // Nor does another town's form help.
    let other = link(Claim::Form, "https://portal.example/form?ars=010020000000");
    let evidence = Evidence { links: vec![other], ..form_to_send() };
    assert_eq!(judged(&evidence).0, Availability::InPerson);
}

#[test]
fn texts_tell_whether_an_application_may_be_sent() {
    for text in [
        "Alles lässt sich per Fax erledigen.",
        "<p>Senden Sie uns den Antrag zurück.</p>",
        "Sie können das Formular hochladen.",
        "Reichen Sie den Fragebogen per Brief ein.",
        "Die Ummeldung darf postalisch erfolgen.",
        "Werfen Sie nichts weg!Sie k&ouml;nnen sich persönlich oder schriftlich anmelden.",
        "Der Antrag ist schriftlich, auch per E-Mail, zu stellen. Zur Abholung müssen Sie persönlich erscheinen.",
        "Der Vordruck muss persönlich unterschrieben sein. Schicken Sie den Vordruck per Post.",
        "Eine persönliche Vorsprache ist nicht notwendig. Stellen Sie den Antrag per Post.",
    ] {
        assert_eq!(may_be_sent(text), Some(true), "{text}");
    }
    for text in [
        "Sie müssen persönlich vorsprechen.",
        "Das geht nur persönlich.",
        "Der Antrag kann nur persönlich gestellt werden, nicht per Post.",
        "Persönliches Erscheinen",
        "<li>Persönliche Vorsprache</li>",
        "Eine persönliche Vorsprache im Amt ist erforderlich.",
        "Zum Abholen des Passes müssen Sie persönlich erscheinen.",
        "Fotos können Sie per E-Mail senden. Den Antrag müssen Sie persönlich stellen.",
        "Den Antrag können Sie schriftlich stellen. Zur Anmeldung müssen Sie persönlich kommen.",
    ] {
        assert_eq!(may_be_sent(text), Some(false), "{text}");
    }
    for text in [
        "",
        "Hier erfahren Sie alles über Hunde.",
        "Sie erhalten den Bescheid per Post.",
        "Das Ergebnis kann Ihnen schriftlich bestätigt werden.",
        "Über den Antrag werden Sie per E-Mail informiert.",
        "Der Antrag kann nicht per Post gestellt werden.",
        "Bei Fragen zum Antrag schicken Sie bitte eine Nachricht per E-Mail.",
        "Eine schriftliche Prüfung müssen Sie beantragen.",
        "Die Unterlagen sind einzureichen.",
        "Sie müssen persönlich geeignet sein.",
        "Sie können persönlich oder durch Vollmacht beantragen.",
        "Sie müssen den Antrag persönlich oder online stellen.",
    ] {
        assert_eq!(may_be_sent(text), None, "{text}");
    }
}

/// The rows of the excerpt of the Portalverbund that have a link: region, slug and what becomes of
/// the link.
fn pvog() -> Option<Vec<(String, String, Derived)>> {
    let file = "pvog/uebersicht_auszug_flensburg_aachen.csv";
    let path = crate::real::real(file)?;
    let mut rows = csv::ReaderBuilder::new().delimiter(b';').from_path(path).unwrap();
    let rows = rows.records().map(Result::unwrap).filter(|row| !row[8].is_empty());
    let derived = rows.map(|row| {
        let evidence = Evidence { links: vec![online(&row[8])], ..Evidence::default() };
        let derived = derive(&evidence, None, region(&row[0]));
        (row[0].to_owned(), row[2].to_owned(), derived)
    });
    Some(derived.collect())
}

#[test]
fn real_links_of_the_portalverbund_are_told_apart() {
    let Some(rows) = pvog() else { return };
    let of =
        |town: &str, slug: &str| &rows.iter().find(|row| row.0 == town && row.1 == slug).unwrap().2;
    for (town, slug) in [
        // An information page of the Bundesamt für Justiz.
        (FLENSBURG, "gewerbezentralregister"),
        // The service of Kiel.
        (FLENSBURG, "fischereischein"),
        // Pages that describe the service, the same one for two services.
        (AACHEN, "gewerbeanmeldung"),
        (AACHEN, "gewerbeummeldung"),
        // Home pages, one of them for a service that is not there.
        (AACHEN, "meldebescheinigung"),
        (FLENSBURG, "fuehrungszeugnis"),
        // A list of services.
        (AACHEN, "rente-altersrente"),
    ] {
        let derived = of(town, slug);
        assert_eq!(derived.availability, Availability::Unknown, "{slug}");
        assert_eq!(derived.links[0].kind, LinkKind::Information, "{slug}");
    }
    for (town, slug) in [
        (FLENSBURG, "bauantrag"),
        (FLENSBURG, "gewerbeanmeldung"),
        (FLENSBURG, "kfz-zulassung"),
        (FLENSBURG, "mutterschutz"),
        (AACHEN, "veranstaltung-anmelden"),
    ] {
        assert_eq!(of(town, slug).availability, Availability::Online, "{slug}");
    }
    let online = rows.iter().filter(|row| row.2.availability == Availability::Online).count();
    assert_eq!((rows.len(), online), (53, 33));
}

#[test]
fn a_town_page_given_as_online_service_is_information() {
    // Reisepass, Köln: the address stands as "online service" and as the town's page.
    let page = "https://www.stadt-koeln.de/service/produkte/reisepass";
    let evidence = Evidence { links: vec![online(page)], ..Evidence::default() };
    let derived = derive(&evidence, Some(page), region("053150000000"));
    assert_eq!(derived.availability, Availability::Unknown);
    assert_eq!(derived.links[0].kind, LinkKind::Information);
}
