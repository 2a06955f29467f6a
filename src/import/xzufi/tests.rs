//! All messages here are synthetic: no real XZuFi XML is public. The paths are those of the
//! standard as far as they are known; the names and addresses are made up.

use std::{fs, path::PathBuf};

use proptest::prelude::*;
use tempfile::TempDir;
use time::{Date, macros::date};

use super::read;
use crate::{
    ids::RegionKey,
    import::record::{Claim, Collected, ImportError, Intake, Local, Record, Texts},
};

const TODAY: Date = date!(2026 - 11 - 20);
const KOELN: &str = "053150000000";
const BRUEHL: &str = "053620012012";

fn region(key: &str) -> RegionKey {
    key.parse().unwrap()
}

/// A transfer message of a version ("2_2_0") with these children of its root.
fn message(version: &str, body: &str) -> String {
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<xzufi:transfer.schreibe.loesche.030201 xmlns:xzufi="http://xoev.de/schemata/xzufi/{version}"
    xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xzufiVersion="{version}" produktbezeichnung="synthetisch">
<xzufi:nachrichtenkopf><xzufi:nachrichtUUID>0</xzufi:nachrichtUUID><xzufi:sender>Test</xzufi:sender></xzufi:nachrichtenkopf>
<xzufi:transaktionID>1</xzufi:transaktionID>
{body}
</xzufi:transfer.schreibe.loesche.030201>"#
    )
}

fn write(object: &str) -> String {
    format!("<xzufi:schreibe>{object}</xzufi:schreibe>\n")
}

fn delete(class: &str, id: &str) -> String {
    format!(
        r#"<xzufi:loesche klasse="{class}"><xzufi:id schemeAgencyID="L1">{id}</xzufi:id></xzufi:loesche>"#
    )
}

fn id(id: &str) -> String {
    format!(r#"<xzufi:id schemeAgencyID="L1" schemeID="urn:test">{id}</xzufi:id>"#)
}

/// A text module, its code without namespace as in real messages.
fn module(code: &str, text: &str) -> String {
    format!(
        r#"<xzufi:modulText><xzufi:leikaTextmodul listURI="urn:de:xzufi:codeliste:leistungstextmodulleika"><code>{code}</code></xzufi:leikaTextmodul>
        <xzufi:inhalt languageCode="en">English</xzufi:inhalt><xzufi:inhalt languageCode="de-DE">{text}</xzufi:inhalt></xzufi:modulText>"#
    )
}

/// A Leistung called "Hund anmelden" with more children.
fn leistung(id_text: &str, more: &str) -> String {
    let (id, name) = (id(id_text), module("03", "Hund anmelden"));
    write(&format!("<xzufi:leistung>{id}{name}{more}</xzufi:leistung>"))
}

fn office(id_text: &str, name: &str, more: &str) -> String {
    let id = id(id_text);
    let name =
        format!(r#"<xzufi:name><xzufi:name languageCode="de">{name}</xzufi:name></xzufi:name>"#);
    write(&format!(
        r#"<xzufi:organisationseinheit xsi:type="xzufi:OrganisationseinheitErweitert">{id}{name}{more}</xzufi:organisationseinheit>"#
    ))
}

fn onlinedienst(id_text: &str, url: &str, more: &str) -> String {
    let id = id(id_text);
    write(&format!(
        r#"<xzufi:onlinedienst>{id}<xzufi:bezeichnung languageCode="de">Hundesteuer online</xzufi:bezeichnung>
        <xzufi:link languageCode="de"><xzufi:typ listURI="urn:xoev-de:fim:codeliste:onlinedienstlinktyp"><code>01</code></xzufi:typ>
        <xzufi:link>{url}</xzufi:link><xzufi:titel>Titel</xzufi:titel></xzufi:link>{more}</xzufi:onlinedienst>"#
    ))
}

/// The Zuständigkeit of a Leistung in areas.
fn responsible(id_text: &str, leistung: &str, areas: &[&str], more: &str) -> String {
    let areas: String =
        areas.iter().map(|area| format!("<xzufi:gebietID>{area}</xzufi:gebietID>")).collect();
    format!(
        r#"<xzufi:zustaendigkeit>{}<xzufi:leistungID schemeAgencyID="L1">{leistung}</xzufi:leistungID>{areas}{more}</xzufi:zustaendigkeit>"#,
        id(id_text)
    )
}

fn rolle(code: &str) -> String {
    format!("<xzufi:rolle><code>{code}</code></xzufi:rolle>")
}

fn transfer(parent: &str, zustaendigkeit: &str) -> String {
    write(&format!(
        r#"<xzufi:zustaendigkeitTransferObjekt><xzufi:uebergeordnetesObjektID schemeAgencyID="L1">{parent}</xzufi:uebergeordnetesObjektID>{zustaendigkeit}</xzufi:zustaendigkeitTransferObjekt>"#
    ))
}

fn area(key: &str) -> String {
    format!("<xzufi:gueltigkeitGebietID>{key}</xzufi:gueltigkeitGebietID>")
}

fn try_import(messages: &[&[u8]], region: Option<RegionKey>) -> Result<Collected, ImportError> {
    let folder = TempDir::new().unwrap();
    let paths: Vec<PathBuf> =
        (0..messages.len()).map(|n| folder.path().join(format!("{n}.xml"))).collect();
    for (path, message) in paths.iter().zip(messages) {
        fs::write(path, message).unwrap();
    }
    let mut collected = Collected::default();
    read(&paths, region, TODAY, &mut collected)?;
    Ok(collected)
}

/// Imports one message of version 2.2.
fn import(body: &str) -> Collected {
    try_import(&[message("2_2_0", body).as_bytes()], None).unwrap()
}

/// The only record, with nothing rejected.
fn one(collected: Collected) -> Record {
    assert_eq!(collected.rejected, []);
    let [record] = <[Record; 1]>::try_from(collected.records).unwrap();
    record
}

fn refused(message: &[u8]) -> String {
    try_import(&[message], None).unwrap_err().to_string()
}

/// Record and reason of what was rejected.
fn rejected(collected: &Collected) -> Vec<(&str, &str)> {
    collected.rejected.iter().map(|r| (r.record.as_str(), r.reason.as_str())).collect()
}

fn at<'a>(record: &'a Record, key: &str) -> &'a Local {
    let key = region(key);
    record.local.iter().find(|local| local.regions.contains(&key)).expect("nothing said there")
}

fn urls(local: &Local) -> Vec<&str> {
    local.evidence.links.iter().map(|link| link.url.as_str()).collect()
}

fn authority(local: &Local) -> Option<&str> {
    local.authority.as_ref().map(|authority| authority.name.as_str())
}

#[test]
fn a_leistung_of_2_2_becomes_a_record() {
    let html = "&lt;p&gt;Wer einen Hund hält,&amp;nbsp;muss ihn an&amp;shy;melden.&lt;/p&gt;";
    let papers = "<![CDATA[<ul><li>Ausweis</li><li>Chip&shy;nummer</li></ul>]]>";
    let more = [
        module("02", "Hundesteuer Anmeldung"),
        module("05", "Kurz"),
        module("24", html),
        module("08", papers),
        area("05"),
        r#"<xzufi:referenzLeiKa><code>99102013104000</code><name>2 Hunde</name></xzufi:referenzLeiKa>
        <xzufi:referenzLeiKa><code>99102013104001, 99102013104002</code></xzufi:referenzLeiKa>
        <xzufi:referenzLeiKa><code>nicht im LeiKa</code></xzufi:referenzLeiKa>
        <xzufi:modulBegriffImKontext><xzufi:begriffImKontext><xzufi:begriff languageCode="de">Hundemarke</xzufi:begriff></xzufi:begriffImKontext>
        <xzufi:begriffImKontext><xzufi:begriff languageCode="en">dog tag</xzufi:begriff></xzufi:begriffImKontext>
        <xzufi:begriffImKontext><xzufi:begriff languageCode="de">Hund anmelden</xzufi:begriff></xzufi:begriffImKontext></xzufi:modulBegriffImKontext>
        <xzufi:modulFachlicheFreigabe><xzufi:fachlichFreigegebenAm>2026-03-01</xzufi:fachlichFreigegebenAm></xzufi:modulFachlicheFreigabe>
        <xzufi:modulUrsprungsportal languageCode="de"><xzufi:uri>http://portal/intern</xzufi:uri></xzufi:modulUrsprungsportal>
        <xzufi:modulUrsprungsportal languageCode="de"><xzufi:uri>https://stadt.example/hund</xzufi:uri></xzufi:modulUrsprungsportal>
        <xzufi:versionsinformation><xzufi:geaendertDatumZeit>2026-05-05T10:00:00+02:00</xzufi:geaendertDatumZeit></xzufi:versionsinformation>"#
            .to_owned(),
    ];
    let record = one(import(&leistung("L1.LB.7", &more.concat())));
    assert_eq!((record.id.as_str(), record.name.as_str()), ("L1.LB.7", "Hund anmelden"));
    assert_eq!(record.official.as_deref(), Some("Hundesteuer Anmeldung"));
    let keys: Vec<String> = record.leika.iter().map(ToString::to_string).collect();
    assert_eq!(keys, ["99102013104000", "99102013104001", "99102013104002"]);
    assert_eq!(record.says, ["Hundemarke"]);
    let expected = Texts {
        summary: Some("Wer einen Hund hält, muss ihn anmelden.".to_owned()),
        papers: vec!["Ausweis".to_owned(), "Chipnummer".to_owned()],
        page: Some("https://stadt.example/hund".to_owned()),
        as_of: Some(date!(2026 - 03 - 01)),
        ..Texts::default()
    };
    assert_eq!(record.texts, expected);
    let local = at(&record, "050000000000");
    assert_eq!((record.local.len(), local.evidence.described), (1, false));
}

#[test]
fn a_leistung_of_2_3_has_keys_as_ids_and_modules_for_channels() {
    let more = r#"<xzufi:referenzLeistungsschluessel schemeID="leika">urn:de:fim:leika:leistung:99102013104000</xzufi:referenzLeistungsschluessel>
        <xzufi:modulKosten><xzufi:zugangskanal><code>100</code></xzufi:zugangskanal><xzufi:beschreibung languageCode="de">am Schalter 10 Euro</xzufi:beschreibung></xzufi:modulKosten>
        <xzufi:modulKosten><xzufi:zugangskanal><code>000</code></xzufi:zugangskanal><xzufi:beschreibung languageCode="de">überall 5 Euro</xzufi:beschreibung></xzufi:modulKosten>
        <xzufi:modulDokument><xzufi:dokumentEingehend><xzufi:art><code>999</code><nichtGelisteterWert>Wurfmeldung</nichtGelisteterWert></xzufi:art></xzufi:dokumentEingehend>
        <xzufi:dokumentAusgehend><xzufi:bezeichnung languageCode="de">Bescheid</xzufi:bezeichnung></xzufi:dokumentAusgehend></xzufi:modulDokument>
        <xzufi:modulFrist><xzufi:frist><xzufi:typ><code>001</code><name>Anzeigefrist</name></xzufi:typ><xzufi:fristauswahl xsi:type="xzufi:FristDauer"><xzufi:dauer>2</xzufi:dauer><xzufi:einheit><code>WOCHE</code></xzufi:einheit></xzufi:fristauswahl></xzufi:frist></xzufi:modulFrist>
        <xzufi:modulFrist><xzufi:beschreibung languageCode="de">sofort nach dem Umzug</xzufi:beschreibung></xzufi:modulFrist>
        <xzufi:kennzeichenFormularPersoenlich>true</xzufi:kennzeichenFormularPersoenlich>
        <xzufi:versionsinformationen><xzufi:geaendertDatumZeit>2026-05-05T10:00:00Z</xzufi:geaendertDatumZeit></xzufi:versionsinformationen>"#;
    let body = leistung("7", &format!("{more}{}", area(BRUEHL)));
    let collected = try_import(&[message("2_3_1", &body).as_bytes()], None).unwrap();
    let record = one(collected);
    assert_eq!(record.id, "L1.7");
    assert_eq!(record.leika, ["99102013104000".parse().unwrap()]);
    assert_eq!(record.texts.fee.as_deref(), Some("überall 5 Euro"));
    assert_eq!(record.texts.papers, ["Wurfmeldung"]);
    assert_eq!(record.texts.deadlines, ["Anzeigefrist: 2 Wochen", "sofort nach dem Umzug"]);
    assert_eq!(record.texts.as_of, Some(date!(2026 - 05 - 05)));
    let local = at(&record, BRUEHL);
    assert!(local.evidence.in_person_needed && local.evidence.described);
}

#[test]
fn an_answer_of_2_1_holds_results() {
    let answer = format!(
        r#"<xzufi:leistungsverzeichnis.antwort.leistungsbericht.030108 xmlns:xzufi="http://xoev.de/schemata/xzufi/2_1_0">
        <xzufi:nachrichtenkopf><xzufi:sender>Test</xzufi:sender></xzufi:nachrichtenkopf>
        <xzufi:antwort><xzufi:antwortnummer>1</xzufi:antwortnummer>
        <xzufi:ergebnisLeistung><xzufi:id>7</xzufi:id><xzufi:modulText><xzufi:leikaTextmodul><xzufi:code>02</xzufi:code></xzufi:leikaTextmodul><xzufi:inhalt languageCode="de">Hund</xzufi:inhalt></xzufi:modulText></xzufi:ergebnisLeistung>
        <xzufi:ergebnisOrganisationseinheit><xzufi:id schemeAgencyID="HH">8</xzufi:id><xzufi:name><xzufi:name>Bezirksamt</xzufi:name></xzufi:name>
        <xzufi:kommunikation><xzufi:kanal><code>telefon</code></xzufi:kanal><xzufi:kennung>040 1234</xzufi:kennung></xzufi:kommunikation>
        {}</xzufi:ergebnisOrganisationseinheit></xzufi:antwort></xzufi:leistungsverzeichnis.antwort.leistungsbericht.030108>"#,
        responsible("9", "7", &["02"], &rolle("01"))
    );
    let record = one(try_import(&[answer.as_bytes()], None).unwrap());
    assert_eq!((record.id.as_str(), record.name.as_str()), ("7", "Hund"));
    let local = at(&record, "020000000000");
    assert_eq!(authority(local), Some("Bezirksamt"));
    assert_eq!(local.authority.as_ref().unwrap().phone.as_deref(), Some("040 1234"));
    assert!(local.evidence.described, "Hamburg is a Land and a town");
}

#[test]
fn an_office_shows_its_visitors_address_and_how_to_reach_it() {
    let more = r#"<xzufi:anschrift><typ><code>003</code></typ><postfach>12</postfach><postleitzahl>50605</postleitzahl><ort>Köln</ort></xzufi:anschrift>
        <xzufi:anschrift><typ><code>001</code></typ><strasse>Rathausplatz</strasse><hausnummer>1</hausnummer><postleitzahl>50667</postleitzahl><ort>Köln</ort></xzufi:anschrift>
        <xzufi:anschrift><typ><code>002</code></typ><strasse>Hundeweg</strasse><hausnummer>2 a</hausnummer><postleitzahl>5066</postleitzahl><ort>Köln</ort></xzufi:anschrift>
        <xzufi:kommunikation><kanal><code>04</code></kanal><kennung>0221 999</kennung></xzufi:kommunikation>
        <xzufi:kommunikation><kanal><code>02</code></kanal><kennung>0221 / 221-0</kennung></xzufi:kommunikation>
        <xzufi:kommunikation><kanal><code>08</code></kanal><kennung>amt@stadt.de-mail.example</kennung></xzufi:kommunikation>
        <xzufi:kommunikation><kanal><code>01</code></kanal><kennung>amt@stadt.example</kennung></xzufi:kommunikation>
        <xzufi:kommunikation><kanal><code>09</code></kanal><kennung>https://stadt.example/amt</kennung></xzufi:kommunikation>
        <xzufi:infoOeffnungszeitenText languageCode="de">&lt;p&gt;Mo 8-12&lt;/p&gt;&lt;p&gt;Di 8-12&lt;/p&gt;</xzufi:infoOeffnungszeitenText>"#;
    let zust = responsible("Z1", "7", &[KOELN], &rolle("01"));
    let body = office("O1", "Steueramt", &format!("{more}{zust}")) + &leistung("7", "");
    let record = one(import(&body));
    let office = at(&record, KOELN).authority.clone().unwrap();
    assert_eq!(office.address().as_deref(), Some("Hundeweg 2 a, Köln"));
    assert_eq!(office.phone.as_deref(), Some("0221 / 221-0"));
    assert_eq!(office.email.as_deref(), Some("amt@stadt.example"));
    assert_eq!(office.web.as_deref(), Some("https://stadt.example/amt"));
    assert_eq!(office.hours.note.as_deref(), Some("Mo 8-12 Di 8-12"));
}

#[test]
fn online_services_hold_below_their_area_and_regions_alike_are_one_local() {
    let body = [
        transfer("D1", &responsible("Z1", "7", &["05"], "")),
        transfer("F1", &responsible("Z2", "7", &[KOELN], "")),
        transfer("O1", &responsible("Z3", "7", &[BRUEHL, "053620020020"], &rolle("01"))),
        leistung("7", &area("05")),
        onlinedienst("D1", "https://land.example/hund", ""),
        write(&format!(
            "<xzufi:formular>{}<xzufi:bezeichnung>Anmeldung</xzufi:bezeichnung><xzufi:url>https://stadt.example/f.pdf</xzufi:url></xzufi:formular>",
            id("F1")
        )),
        office("O1", "Steueramt", ""),
    ];
    let record = one(import(&body.concat()));
    assert_eq!(record.local.len(), 3);
    let land = at(&record, "050000000000");
    assert_eq!((urls(land), authority(land)), (vec!["https://land.example/hund"], None));
    assert!(!land.evidence.described);
    let koeln = at(&record, KOELN);
    assert_eq!(urls(koeln), ["https://stadt.example/f.pdf", "https://land.example/hund"]);
    let claims: Vec<Claim> = koeln.evidence.links.iter().map(|link| link.claim).collect();
    assert_eq!(claims, [Claim::Form, Claim::OnlineService]);
    assert_eq!(koeln.evidence.links[1].title.as_deref(), Some("Hundesteuer online"));
    assert!(!koeln.evidence.described, "only a form is named for the town");
    let bruehl = at(&record, BRUEHL);
    assert_eq!(bruehl.regions, [region(BRUEHL), region("053620020020")]);
    assert!(bruehl.evidence.described);
    assert_eq!(authority(bruehl), Some("Steueramt"));
}

#[test]
fn the_office_in_charge_is_preferred_and_a_hotline_is_the_last_choice() {
    let offices = |offices: &[(&str, &str, &str, &str)]| {
        let body: String = offices
            .iter()
            .map(|(id, name, key, role)| {
                let zust = responsible(&format!("Z{id}"), "7", &[key], &rolle(role));
                office(id, name, &zust)
            })
            .collect();
        let record = one(import(&(body + &leistung("7", &area(BRUEHL)))));
        authority(at(&record, BRUEHL)).map(str::to_owned)
    };
    let kreis = "053620000000";
    assert_eq!(offices(&[("1", "Infotheke", BRUEHL, "03")]).as_deref(), Some("Infotheke"));
    let both = [("1", "Infotheke", BRUEHL, "03"), ("2", "Kreishaus", kreis, "01")];
    assert_eq!(offices(&both).as_deref(), Some("Kreishaus"));
    let near = [("1", "Rathaus", BRUEHL, "01"), ("2", "Kreishaus", kreis, "01")];
    assert_eq!(offices(&near).as_deref(), Some("Rathaus"));
    let hotline = [("1", "Service-Center 115", BRUEHL, "01"), ("2", "Kreishaus", kreis, "02")];
    assert_eq!(offices(&hotline).as_deref(), Some("Kreishaus"));
    assert_eq!(offices(&hotline[..1]).as_deref(), Some("Service-Center 115"));
}

#[test]
fn a_specialisation_changes_the_texts_of_its_area() {
    let special = |id_text: &str, areas: &str, fee: &str| {
        write(&format!(
            r#"<xzufi:spezialisierung>{}<xzufi:leistungID schemeAgencyID="L1">7</xzufi:leistungID>{areas}
            <xzufi:modulKosten><xzufi:beschreibung languageCode="de">{fee}</xzufi:beschreibung></xzufi:modulKosten></xzufi:spezialisierung>"#,
            id(id_text)
        ))
    };
    let body = [
        special("S1", &area("05362"), "90 Euro"),
        leistung("7", &area("05")),
        transfer("O1", &responsible("Z1", "7", &[BRUEHL], &rolle("03"))),
        office("O1", "Rathaus", ""),
    ];
    let record = one(import(&body.concat()));
    assert_eq!(at(&record, "050000000000").texts, None);
    for key in ["053620000000", BRUEHL] {
        let texts = at(&record, key).texts.as_ref().unwrap();
        assert_eq!(texts.fee.as_deref(), Some("90 Euro"));
    }
    assert!(at(&record, "053620000000").evidence.described);
    assert!(!at(&record, BRUEHL).evidence.described);
}

#[test]
fn costs_and_spans_are_put_into_words() {
    let fee = |costs: &str| {
        let module = format!(
            "<xzufi:modulKosten>{costs}<xzufi:beschreibung>Text</xzufi:beschreibung></xzufi:modulKosten>"
        );
        one(import(&leistung("7", &module))).texts.fee.unwrap()
    };
    let fixed = |amount: &str| {
        fee(&format!(
            r#"<kosten><kostenauswahl xsi:type="xzufi:KostenFix"><betrag currencyCode="EUR">{amount}</betrag></kostenauswahl></kosten>"#
        ))
    };
    assert_eq!(fixed("37.5"), "37,50 Euro");
    assert_eq!(fixed("37,00"), "37 Euro");
    assert_eq!(fixed("0.00"), "kostenfrei");
    for unclear in ["-3", "drei", "1.234,50", "", "99999999999999999999"] {
        assert_eq!(fixed(unclear), "Text", "{unclear}");
    }
    let range = |from: &str, to: &str| {
        fee(&format!(
            "<kosten><typ><code>001</code><name>Gebühr</name></typ><kostenauswahl><kostenVariabel><betragUntergrenze><value>{from}</value></betragUntergrenze><betragObergrenze><value>{to}</value><currencyCode>CHF</currencyCode></betragObergrenze></kostenVariabel></kostenauswahl></kosten>"
        ))
    };
    assert_eq!(range("10", "50"), "10 bis 50 CHF (Gebühr)");
    assert_eq!(range("0", "50"), "bis 50 CHF (Gebühr)");
    let two = "<kosten><kostenauswahl><betrag>6</betrag></kostenauswahl><beschreibung>Kind</beschreibung></kosten><kosten><kostenFrei/></kosten>";
    assert_eq!(fee(two), "6 Euro (Kind); kostenfrei");

    let duration = |inner: &str| {
        let module =
            format!("<xzufi:modulBearbeitungsdauer>{inner}</xzufi:modulBearbeitungsdauer>");
        one(import(&leistung("7", &module))).texts.duration
    };
    let span = |from, unit, to, last| {
        duration(&format!(
            "<bearbeitungsdauer><dauer>{from}</dauer><einheit><code>{unit}</code></einheit><dauerBis>{to}</dauerBis><einheitBis><code>{last}</code></einheitBis></bearbeitungsdauer>"
        ))
    };
    assert_eq!(span("2", "WOCHE", "4", "WOCHE").as_deref(), Some("2 bis 4 Wochen"));
    assert_eq!(span("3", "TAG", "1", "MONAT").as_deref(), Some("3 Tage bis 1 Monat"));
    assert_eq!(span("1", "WERKTAG", "", "").as_deref(), Some("1 Werktag"));
    assert_eq!(span("x", "TAG", "1", "TAG"), None);
    let text = "<beschreibung languageCode=\"de\">etwa ein Monat</beschreibung>";
    assert_eq!(duration(text).as_deref(), Some("etwa ein Monat"));

    let deadline = |inner: &str| {
        let module = format!("<xzufi:modulFrist><frist>{inner}</frist></xzufi:modulFrist>");
        one(import(&leistung("7", &module))).texts.deadlines
    };
    let day = "<fristauswahl><von>--01-01</von><bis>--03-31</bis></fristauswahl>";
    assert_eq!(deadline(day), ["vom 01.01. bis 31.03."]);
    let until = "<bis>2027-07-31</bis><beschreibung languageCode=\"de\">Antrag</beschreibung>";
    assert_eq!(deadline(until), ["bis 31.07.2027 – Antrag"]);
    assert_eq!(deadline("<typ><name>Frist</name></typ>"), Vec::<String>::new());
}

#[test]
fn other_languages_empty_texts_and_unescaped_html_are_understood() {
    let body = r#"<xzufi:modulText><xzufi:leikaTextmodul><code>05</code></xzufi:leikaTextmodul>
        <xzufi:inhalt languageCode="de-x-leicht">Leicht</xzufi:inhalt>
        <xzufi:inhalt languageCode="de">Ein <b>Hund</b> <i>muss</i>
          <b>eine</b>
          <i>Marke</i> haben.<p>Immer.</p><script>alert(1)</script></xzufi:inhalt></xzufi:modulText>"#;
    let body =
        [body.to_owned(), module("24", "&lt;p&gt;nicht angegeben&lt;/p&gt;"), module("08", " ")];
    let record = one(import(&leistung("7", &body.concat())));
    assert_eq!(
        record.texts.summary.as_deref(),
        Some("Ein Hund muss eine Marke haben. Immer. alert(1)")
    );
    assert_eq!(record.texts.papers, Vec::<String>::new());

    let english = r#"<xzufi:modulText><xzufi:leikaTextmodul><code>02</code></xzufi:leikaTextmodul><xzufi:inhalt languageCode="en">dog</xzufi:inhalt></xzufi:modulText>"#;
    let collected =
        import(&write(&format!("<xzufi:leistung>{}{english}</xzufi:leistung>", id("7"))));
    assert_eq!(collected.records, []);
    assert_eq!(
        rejected(&collected),
        [("Leistung 7", "ohne Leistungsbezeichnung (Textmodule 02 und 03)")]
    );
}

#[test]
fn later_messages_replace_and_delete() {
    let first = [
        delete("Leistung", "7"),
        delete("Zustaendigkeit", "never seen"),
        leistung("7", &area(KOELN)),
        leistung("8", &area(KOELN)),
        onlinedienst("D1", "https://alt.example", &responsible("Z1", "7", &[KOELN], "")),
        onlinedienst("D2", "https://weg.example", &responsible("Z2", "7", &[KOELN], "")),
        office("O1", "Altes Amt", &responsible("Z3", "7", &[KOELN], &rolle("01"))),
        transfer("O1", &responsible("Z4", "8", &[KOELN], "")),
    ];
    let second = [
        onlinedienst("D1", "https://neu.example", &responsible("Z1", "7", &[KOELN], "")),
        delete("Onlinedienst", "D2"),
        office("O1", "Neues Amt", ""),
        delete("Zustaendigkeit", "Z4"),
    ];
    let [first, second] = [first.concat(), second.concat()].map(|body| message("2_2_0", &body));
    let before = try_import(&[first.as_bytes()], None).unwrap();
    assert_eq!(before.rejected, []);
    assert_eq!(urls(at(&before.records[0], KOELN)), ["https://alt.example", "https://weg.example"]);
    assert_eq!(authority(at(&before.records[1], KOELN)), Some("Altes Amt"));

    let after = try_import(&[first.as_bytes(), second.as_bytes()], None).unwrap();
    assert_eq!(after.rejected, []);
    let ids: Vec<&str> = after.records.iter().map(|record| record.id.as_str()).collect();
    assert_eq!(ids, ["L1.7", "L1.8"]);
    assert_eq!(urls(at(&after.records[0], KOELN)), ["https://neu.example"]);
    assert_eq!(authority(at(&after.records[0], KOELN)), None, "went with the old office");
    assert_eq!(authority(at(&after.records[1], KOELN)), None);

    // The same messages in the other order leave what the first one says.
    let turned = try_import(&[second.as_bytes(), first.as_bytes()], None).unwrap();
    assert_eq!(turned.records, before.records);
    let gone = message("2_2_0", &delete("Leistung", "7"));
    let rest = try_import(&[first.as_bytes(), gone.as_bytes()], None).unwrap();
    assert_eq!((rest.records.len(), rest.rejected.len()), (1, 0));
}

#[test]
fn a_directory_is_read_in_the_order_of_its_index() {
    let folder = TempDir::new().unwrap();
    let put = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    let run = || {
        let mut collected = Collected::default();
        read(&[folder.path().to_owned()], None, TODAY, &mut collected)
            .map(|()| collected.records.len())
    };
    assert!(run().unwrap_err().to_string().contains("enthält keine XML-Datei"));
    put("a.xml", &message("2_2_0", &leistung("7", "")));
    put("b.XML", &message("2_2_0", &delete("Leistung", "7")));
    put("notes.txt", "no XML");
    assert_eq!(run().unwrap(), 0);
    put("index.txt", "\u{feff}b.XML\r\n\r\na.xml\r\n");
    assert_eq!(run().unwrap(), 1);
    put("index.txt", "a.xml\n../secret.xml\n");
    assert!(run().unwrap_err().to_string().contains("Zeile 2: »../secret.xml« ist kein Dateiname"));
    put("index.txt", "missing.xml");
    assert!(run().unwrap_err().to_string().contains("missing.xml"));
    put("index.txt", "..");
    assert!(matches!(run(), Err(ImportError::Malformed { .. })));
}

#[test]
fn only_what_touches_the_region_is_read() {
    let body = [
        leistung("7", &area("05")),
        leistung("8", &area("09")),
        leistung("9", ""),
        onlinedienst("D1", "https://land.example", &responsible("Z1", "7", &["05"], "")),
        onlinedienst("D2", "https://köln.example", &responsible("Z2", "7", &[KOELN], "")),
        onlinedienst("D3", "https://bayern.example", &responsible("Z3", "8", &["09"], "")),
        office("O1", "Rathaus Brühl", &responsible("Z4", "7", &[BRUEHL], &rolle("01"))),
    ];
    let xml = message("2_2_0", &body.concat());
    let import = |key: &str| try_import(&[xml.as_bytes()], Some(region(key))).unwrap();
    let regions = |record: &Record| -> Vec<String> {
        record.local.iter().flat_map(|local| &local.regions).map(ToString::to_string).collect()
    };
    let kreis = import("053620000000");
    assert_eq!(kreis.rejected, []);
    let ids: Vec<&str> = kreis.records.iter().map(|record| record.id.as_str()).collect();
    assert_eq!(ids, ["L1.7", "L1.9"]);
    assert_eq!(regions(&kreis.records[0]), ["050000000000", BRUEHL]);
    assert_eq!(regions(&import(KOELN).records[0]), ["050000000000", KOELN]);
    assert_eq!(regions(&import("000000000000").records[0]).len(), 3);
    assert_eq!(import("000000000000").records.len(), 3);
}

#[test]
fn what_is_not_valid_today_is_left_out() {
    let period = |begin: &str, end: &str| {
        format!(
            "<xzufi:gueltigkeit><xzufi:beginn>{begin}</xzufi:beginn><xzufi:ende>{end}</xzufi:ende></xzufi:gueltigkeit>"
        )
    };
    let ended = period("2020-01-01", "2026-11-19T23:59:59+01:00");
    let from_to = |id: &str, url: &str, service: &str, zust: &str| {
        onlinedienst(
            id,
            url,
            &(service.to_owned() + &responsible(&format!("Z{id}"), "7", &[KOELN], zust)),
        )
    };
    let body = [
        leistung("7", &area(KOELN)),
        from_to("D1", "https://ended.example", &ended, ""),
        from_to("D2", "https://not-yet.example", "", &period("2026-11-21", "")),
        from_to(
            "D3",
            "https://today.example",
            &(ended.clone() + &period("2026-11-20", "2026-11-20")),
            "",
        ),
        from_to("D4", "https://strange.example", &period("gestern", ""), ""),
    ];
    let collected = import(&body.concat());
    assert_eq!(urls(at(&collected.records[0], KOELN)), ["https://today.example"]);
    assert_eq!(rejected(&collected), [("Onlinedienst D4", "ungültiges Datum »gestern«")]);

    let collected = import(&leistung("7", &ended));
    assert_eq!(rejected(&collected), [("Leistung 7", "heute nicht gültig")]);
    // A period that ends in an update takes away what was there.
    let [before, after] = ["", ended.as_str()].map(|more| message("2_2_0", &leistung("7", more)));
    let update = try_import(&[before.as_bytes(), after.as_bytes()], None).unwrap();
    assert_eq!((update.records.len(), update.rejected.len()), (0, 1));
    let undated = "<xzufi:modulFachlicheFreigabe><xzufi:fachlichFreigegebenAm>2026-02-31</xzufi:fachlichFreigegebenAm></xzufi:modulFachlicheFreigabe>";
    assert_eq!(one(import(&leistung("7", undated))).texts.as_of, None);
}

#[test]
fn fault_46_dirty_objects_are_listed_and_the_import_goes_on() {
    let zust = |n: u32, key: &str| responsible(&format!("Z{n}"), "7", &[key], "");
    let body = [
        write("<xzufi:raumschiff/>"),
        write(""),
        write("<xzufi:leistung><xzufi:modulText/></xzufi:leistung>"),
        write(&format!("<xzufi:organisationseinheit>{}</xzufi:organisationseinheit>", id("O9"))),
        write(&format!("<xzufi:onlinedienst>{}</xzufi:onlinedienst>", id("D9"))),
        write(&format!("<xzufi:spezialisierung>{}</xzufi:spezialisierung>", id("S9"))),
        transfer("O1", ""),
        transfer("O9", &zust(1, KOELN)),
        transfer("O8", &zust(2, KOELN)),
        transfer("O1", &responsible("Z3", "nowhere", &[KOELN], "")),
        office("O1", "Amt", &[zust(4, "05315001"), zust(5, "5315000"), zust(6, "99"), zust(7, "NRW"), zust(8, "05315000")].concat()),
        r#"<xzufi:loesche klasse="Raumschiff"><xzufi:id>1</xzufi:id></xzufi:loesche><xzufi:loesche klasse="Leistung"/>"#.to_owned(),
        leistung("7", "<xzufi:unbekannt>&nbsp;</xzufi:unbekannt>"),
        leistung("7", ""),
        leistung("7", ""),
    ];
    let collected = import(&body.concat());
    assert_eq!(collected.records.len(), 1);
    assert_eq!(authority(at(&collected.records[0], KOELN)), Some("Amt"));
    let lists = [
        ("raumschiff", "unbekannte Art von Objekt"),
        ("schreibe", "leer"),
        ("Leistung ohne Kennung", "ohne Kennung"),
        ("Organisationseinheit O9", "ohne Namen"),
        ("Onlinedienst D9", "ohne Link (deutsch oder ohne Angabe der Sprache)"),
        ("Spezialisierung S9", "ohne Leistung"),
        ("Zuständigkeit ohne Kennung", "leer"),
        (
            "Zuständigkeit Z4",
            "»05315001« ist ein Gemeindeschlüssel (AGS), gebraucht wird der Regionalschlüssel",
        ),
        ("Zuständigkeit Z5", "unbekannter Regionalschlüssel »5315000«"),
        ("Zuständigkeit Z6", "unbekannter Regionalschlüssel »99«"),
        ("Zuständigkeit Z7", "unbekannter Regionalschlüssel »NRW«"),
        ("loesche Raumschiff 1", "unbekannte Klasse"),
        ("loesche Leistung ohne Kennung", "ohne Kennung"),
        ("Leistung 7", "die Entität »&nbsp;« ist nicht erlaubt"),
        ("Zuständigkeit Z2", "das übergeordnete Objekt fehlt in der Lieferung"),
        ("Zuständigkeit Z3", "die Leistung fehlt in der Lieferung"),
    ];
    assert_eq!(rejected(&collected), lists);
    assert!(collected.rejected[0].file.ends_with("0.xml:6"), "{}", collected.rejected[0].file);
}

#[test]
fn areas_that_cannot_be_told_are_listed_and_lose_a_text_its_place() {
    let ags = [(
        "Leistung 7",
        "»05362012« ist ein Gemeindeschlüssel (AGS), gebraucht wird der Regionalschlüssel",
    )];
    let lost = leistung("7", &area("05362012"));
    let collected = import(&lost);
    assert_eq!((rejected(&collected), collected.records.len()), (ags.to_vec(), 0));
    // A Zuständigkeit tells where it is, a second area too; but then the text is for both.
    let placed = import(&(lost + &office("O1", "Amt", &responsible("Z1", "7", &[BRUEHL], ""))));
    assert_eq!((rejected(&placed), placed.records.len()), (ags.to_vec(), 1));
    let both = import(&leistung("7", &(area("05362012") + &area(BRUEHL))));
    assert_eq!(rejected(&both), ags);
    assert!(!at(&both.records[0], BRUEHL).evidence.described);
}

#[test]
fn a_zustaendigkeit_that_moved_stays_when_its_old_office_is_written() {
    let zust = responsible("Z1", "7", &[KOELN], &rolle("01"));
    let first = [leistung("7", ""), office("O1", "Alt", &zust), office("O2", "Neu", "")];
    let moved = [office("O2", "Neu", &zust), office("O1", "Alt", "")];
    let [first, moved] = [first.concat(), moved.concat()].map(|body| message("2_2_0", &body));
    let record = one(try_import(&[first.as_bytes(), moved.as_bytes()], None).unwrap());
    assert_eq!(authority(at(&record, KOELN)), Some("Neu"));
}

#[test]
fn ids_without_agency_are_found_if_only_one_fits() {
    let bare = |key: &str| {
        format!(
            r#"<xzufi:zustaendigkeit>{}<xzufi:leistungID>7</xzufi:leistungID><xzufi:gebietID>{key}</xzufi:gebietID></xzufi:zustaendigkeit>"#,
            id("Z1")
        )
    };
    let body = office("O1", "Amt", &bare(KOELN)) + &leistung("7", "");
    assert_eq!(authority(at(&one(import(&body)), KOELN)), Some("Amt"));
    let other = leistung("7", "").replace("schemeAgencyID=\"L1\"", "schemeAgencyID=\"L2\"");
    let collected = import(&(body + &other));
    assert_eq!(rejected(&collected), [("Zuständigkeit Z1", "die Leistung fehlt in der Lieferung")]);
    assert_eq!(collected.records.len(), 2);
}

#[test]
fn a_number_of_several_kinds_of_objects_is_told_apart_by_type() {
    let typed = transfer("1", &responsible("Z1", "7", &[KOELN], "")).replace(
        "<xzufi:zustaendigkeit>",
        "<xzufi:zustaendigkeit xsi:type=\"xzufi:ZustaendigkeitOnlinedienst\">",
    );
    let body = [
        office("1", "Amt", ""),
        onlinedienst("1", "https://dienst.example", ""),
        leistung("7", ""),
        typed,
    ];
    let record = one(import(&body.concat()));
    let local = at(&record, KOELN);
    assert_eq!((authority(local), urls(local)), (None, vec!["https://dienst.example"]));
}

#[test]
fn ids_are_safe_short_and_unique_and_objects_of_other_agencies_are_others() {
    let named = |agency: &str, id: &str| {
        let name = module("03", &format!("{agency} {id}"));
        write(&format!(
            r#"<xzufi:leistung><xzufi:id schemeAgencyID="{agency}">{id}</xzufi:id>{name}</xzufi:leistung>"#
        ))
    };
    let long = "x".repeat(40);
    let body = [
        named("", "ä b/c"),
        named("L1", "7"),
        named("L2", "7"),
        named("L100042", "L100042.LB.123"),
        named("", "1+1"),
        named("", "1*1"),
        named("", &long),
        named("", &format!("{long}y")),
    ];
    let collected = import(&body.concat());
    assert_eq!(collected.rejected, []);
    let ids: Vec<&str> = collected.records.iter().map(|record| record.id.as_str()).collect();
    for id in ["--b-c", "L1.7", "L2.7", "L100042.LB.123"] {
        assert!(ids.contains(&id), "{id} not in {ids:?}");
    }
    let distinct: std::collections::BTreeSet<_> = ids.iter().collect();
    assert_eq!(distinct.len(), 8);
    for id in ids {
        assert!(id.len() <= 30, "{id}");
        assert!(format!("xzufi:{id}").parse::<crate::ids::ServiceId>().is_ok(), "{id}");
    }
}

#[test]
fn fault_44_no_dtd_no_entities() {
    let bomb = r#"<?xml version="1.0"?>
<!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;&lol;"><!ENTITY xxe SYSTEM "file:///etc/passwd">]>
<root xmlns="http://xoev.de/schemata/xzufi/2_2_0">&lol2;&xxe;</root>"#;
    assert!(refused(bomb.as_bytes()).ends_with("0.xml: Zeile 2: DTD nicht erlaubt"));
    let include =
        r#"<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/passwd"/>"#;
    let collected = import(
        &(write(include)
            + &leistung("7", &module("05", "&#x48;&#117;nd &lt; &amp;amp; &apos;&quot;"))),
    );
    assert_eq!(rejected(&collected), [("include", "unbekannte Art von Objekt")]);
    assert_eq!(collected.records[0].texts.summary.as_deref(), Some("Hund < & '\""));
}

#[test]
fn fault_45_hostile_and_broken_files_are_refused_with_their_line() {
    let good = message("2_2_0", &leistung("7", ""));
    let deep = message("2_2_0", &write(&"<a>".repeat(100_000)));
    assert!(refused(deep.as_bytes()).contains("Zeile 6: Elemente sind tiefer als 64 geschachtelt"));
    let cut = &good[..good.len() - 60];
    assert!(refused(cut.as_bytes()).contains("mittendrin ab"), "{}", refused(cut.as_bytes()));
    for end in (0..good.len() - 1).step_by(7).filter(|end| good.is_char_boundary(*end)) {
        assert!(try_import(&[&good.as_bytes()[..end]], None).is_err(), "cut at {end}");
    }
    let utf16: Vec<u8> =
        std::iter::once(0xfeff).chain(good.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    assert!(refused(&utf16).contains("UTF-16"));
    assert!(refused(&utf16[2..]).contains("UTF-16"));
    let latin = good.replace("UTF-8", "ISO-8859-1");
    assert!(
        refused(latin.as_bytes())
            .contains("Zeile 1: der Zeichensatz »ISO-8859-1« wird nicht gelesen")
    );
    let wrong = [good.replace("Hund", "H").into_bytes(), vec![0xfc]].concat();
    assert!(refused(&wrong).contains("kein gültiges UTF-8"));
    let mut wrong = good.clone().into_bytes();
    let place = good.find("Hund").unwrap();
    wrong[place] = 0xfc;
    assert!(refused(&wrong).contains("Zeile 7: kein gültiges UTF-8"), "{}", refused(&wrong));
    assert!(refused(b"").contains("das Wurzelelement fehlt"));
    assert!(refused(b"{\"json\": true}").contains("kein XML"));
    assert!(refused(b"<a></b>").contains("kein wohlgeformtes XML"));
    assert!(refused(b"<html/>").contains("keine XZuFi-Nachricht"));
    assert!(refused(b"<a/><a/>").contains("mehr als ein Wurzelelement"));
    let with_bom = [b"\xef\xbb\xbf".as_slice(), good.as_bytes()].concat();
    assert_eq!(one(try_import(&[&with_bom], None).unwrap()).name, "Hund anmelden");
}

#[test]
fn fault_45_large_objects_are_rejected_and_large_tags_refused() {
    let attributes: String = (0..100_000).map(|n| format!(" a{n}=\"\"")).collect();
    let long = "x".repeat(1 << 20);
    let body = [
        leistung("7", &format!("<xzufi:a{attributes}/>")),
        leistung("8", &format!("<xzufi:a>{}</xzufi:a>", format!("{long}&amp;").repeat(5))),
        leistung("9", &"<xzufi:a/>".repeat(500_001)),
        leistung("10", &module("05", &"x ".repeat(1 << 20))),
    ];
    let collected = import(&body.concat());
    assert_eq!(
        rejected(&collected),
        [
            ("Leistung 7", "mehr als 64 Attribute an einem Element"),
            ("Leistung 8", "mehr als 4 MiB Text"),
            ("Leistung 9", "mehr als 500000 Elemente"),
        ]
    );
    assert_eq!(collected.records.len(), 1);
    let huge = message("2_2_0", &format!("<xzufi:a {}=''/>", long.repeat(17)));
    assert!(
        refused(huge.as_bytes())
            .contains("Zeile 6: ein Text oder eine Auszeichnung ist länger als 16 MiB")
    );
}

#[test]
fn versions_are_told_by_the_namespace_of_the_root() {
    for known in ["2_1_0", "2_2_0", "2_3_0", "2_3_1", "2_3_12"] {
        let message = message(known, &leistung("7", ""));
        assert_eq!(try_import(&[message.as_bytes()], None).unwrap().records.len(), 1, "{known}");
    }
    for unknown in ["2_0_0", "2_4_0", "3_0_0", "2_3_", "2_2"] {
        let error = refused(message(unknown, "").as_bytes());
        assert!(error.contains(&format!("XZuFi-Version »{unknown}« ist nicht bekannt")), "{error}");
    }
    // Default namespace, none at all, and an empty delivery.
    let plain = message("2_2_0", &leistung("7", ""))
        .replace("xmlns:xzufi=", "xmlns=")
        .replace("xzufi:", "");
    assert_eq!(try_import(&[plain.as_bytes()], None).unwrap().records.len(), 1);
    let none = plain.replace("xmlns=\"http://xoev.de/schemata/xzufi/2_2_0\"", "");
    assert_eq!(try_import(&[none.as_bytes()], None).unwrap().records.len(), 1);
    assert_eq!(import("").records.len(), 0);
}

#[test]
fn fault_53_only_regular_files_are_opened() {
    let folder = TempDir::new().unwrap();
    let mut collected = Collected::default();
    let missing = [folder.path().join("no.xml")];
    assert!(matches!(read(&missing, None, TODAY, &mut collected), Err(ImportError::Io { .. })));
    fs::create_dir(folder.path().join("a.xml")).unwrap();
    let error = read(&[folder.path().to_owned()], None, TODAY, &mut collected).unwrap_err();
    assert!(error.to_string().contains("keine gewöhnliche Datei"));
    #[cfg(unix)]
    {
        let device = [PathBuf::from("/dev/zero")];
        let error = read(&device, None, TODAY, &mut collected).unwrap_err();
        assert!(error.to_string().contains("keine gewöhnliche Datei"));
    }
    assert_eq!(collected, Collected::default());
}

#[test]
fn progress_is_told_in_bytes_of_all_files() {
    #[derive(Default)]
    struct Progress(Vec<(u64, Option<u64>)>);
    impl Intake for Progress {
        fn record(&mut self, _: Record) {}
        fn reject(&mut self, _: &str, _: &str, _: &str) {}
        fn progress(&mut self, done: u64, total: Option<u64>) {
            self.0.push((done, total));
        }
    }
    let folder = TempDir::new().unwrap();
    let text = message("2_2_0", &leistung("7", ""));
    let paths = ["a", "b"].map(|name| folder.path().join(name));
    paths.iter().for_each(|path| fs::write(path, &text).unwrap());
    let mut progress = Progress::default();
    read(&paths, None, TODAY, &mut progress).unwrap();
    let length = text.len() as u64;
    assert_eq!(progress.0, [(length, Some(2 * length)), (2 * length, Some(2 * length))]);
}

/// Pieces that make something near to a message.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(leistung("7", &area(KOELN))),
        Just(transfer("O1", &responsible("Z1", "7", &["05"], ""))),
        Just(office("O1", "Amt", "")),
        Just(delete("Organisationseinheit", "O1")),
        Just("<xzufi:schreibe>".to_owned()),
        Just("</xzufi:schreibe>".to_owned()),
        Just("<xzufi:leistung>".to_owned()),
        Just("<xzufi:antwort><xzufi:ergebnisLeistung/></xzufi:antwort>".to_owned()),
        Just("<!-- -->&#65;&lt;<![CDATA[x]]><?pi?>".to_owned()),
        "[<>&;a-z:/\"= \\n\u{0}ü]{0,12}",
    ]
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = try_import(&[&bytes], None);
    }

    #[test]
    fn near_messages_never_panic(pieces in prop::collection::vec(piece(), 0..12), flip in any::<(u16, u8)>()) {
        let mut bytes = message("2_2_0", &pieces.concat()).into_bytes();
        let _ = try_import(&[&bytes], Some(region(KOELN)));
        let place = usize::from(flip.0) % bytes.len();
        bytes[place] = flip.1;
        let _ = try_import(&[&bytes], None);
    }

    #[test]
    fn texts_and_ids_of_any_kind_are_taken(text in "\\PC{0,60}", key in "[0-9a-z ]{0,13}") {
        let text = quick_xml::escape::escape(text.as_str());
        let body = leistung(&text, &(module("05", &text) + &area(&key)))
            + &office("O1", &text, &responsible(&text, &text, &[&key], &text))
            + &onlinedienst("D1", &text, "");
        for record in import(&body).records {
            prop_assert!(record.id.len() <= 30);
        }
    }
}

/// Throughput and memory of a large delivery; `cargo test -- --ignored --nocapture a_large_delivery`.
#[test]
#[ignore = "a measurement of minutes and 300 MB"]
fn a_large_delivery() {
    use std::io::{BufWriter, Write};

    struct Count(usize, usize, usize);
    impl Intake for Count {
        fn record(&mut self, record: Record) {
            self.0 += 1;
            self.1 += record.local.len();
        }
        fn reject(&mut self, _: &str, _: &str, _: &str) {
            self.2 += 1;
        }
    }
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("large.xml");
    let mut file = BufWriter::new(fs::File::create(&path).unwrap());
    let [head, tail] = <[String; 2]>::try_from(
        message("2_2_0", "@").split('@').map(str::to_owned).collect::<Vec<_>>(),
    )
    .unwrap();
    file.write_all(head.as_bytes()).unwrap();
    for n in 0..2_000 {
        file.write_all(office(&format!("L1.OE.{n}"), &format!("Amt {n}"), "").as_bytes()).unwrap();
    }
    let text = "&lt;p&gt;Ein Satz mit &amp;uuml;blichem Inhalt.&lt;/p&gt;\n".repeat(8);
    for n in 0..20_000 {
        let texts: String =
            ["02", "05", "06", "07", "08", "09", "11"].map(|code| module(code, &text)).concat();
        let name = format!("L1.LB.{n}");
        file.write_all(leistung(&name, &(texts + &area("05"))).as_bytes()).unwrap();
        for k in 0..20 {
            let key = format!("05{:03}{:04}{:03}", 100 + k, n % 7, n % 50);
            let zust = responsible(&format!("L1.Z.{n}.{k}"), &name, &[&key], &rolle("01"));
            let office = format!("L1.OE.{}", (n + k) % 2_000);
            file.write_all(transfer(&office, &zust).as_bytes()).unwrap();
        }
    }
    file.write_all(tail.as_bytes()).unwrap();
    file.flush().unwrap();
    let size = fs::metadata(&path).unwrap().len();
    let before = peak_memory();
    let start = std::time::Instant::now();
    let mut count = Count(0, 0, 0);
    read(&[path], None, TODAY, &mut count).unwrap();
    let seconds = start.elapsed().as_secs_f64();
    let megabytes = size as f64 / 1e6;
    eprintln!(
        "{megabytes:.0} MB in {seconds:.1} s: {:.1} MB/s; peak memory {} -> {} MiB",
        megabytes / seconds,
        before,
        peak_memory()
    );
    assert_eq!((count.0, count.2), (20_000, 0));
    assert_eq!(count.1, 20_000 * 21);
}

/// In MiB, where the system tells.
fn peak_memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) / 1024
}
