use std::{fs, io::Write as _};

use proptest::{prelude::*, sample::select};
use time::macros::date;

use super::*;
use crate::import::record::Collected;

const KOELN: &str = "053150000000";

fn koeln() -> RegionKey {
    KOELN.parse().unwrap()
}

fn try_bytes(bytes: &[u8]) -> Result<Collected, String> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    let mut collected = Collected::default();
    read(file.path(), koeln(), &mut collected).map_err(|error| error.to_string())?;
    Ok(collected)
}

fn from_bytes(bytes: &[u8]) -> Collected {
    try_bytes(bytes).unwrap()
}

/// The records of a table without a mistake.
fn records(table: &str) -> Vec<Record> {
    let collected = from_bytes(table.as_bytes());
    assert_eq!(collected.rejected, [], "{table}");
    collected.records
}

/// The only record of a table of one row.
fn record(table: &str) -> Record {
    let mut records = records(table);
    assert_eq!(records.len(), 1, "{table}");
    records.remove(0)
}

/// "Zeile 3 | name | reason" for each row that was rejected.
fn rejected(table: &str) -> Vec<String> {
    let rejected = from_bytes(table.as_bytes()).rejected.into_iter();
    rejected
        .map(|row| {
            let line = row.file.rsplit(", ").next().unwrap_or_default().to_owned();
            format!("{line} | {} | {}", row.record, row.reason)
        })
        .collect()
}

#[test]
fn a_row_becomes_a_record() {
    let table = "Leistung;Name;LeiKa;Verfügbarkeit;Grund;Online-Link;Formular-Link;Formular einsenden;Termin-Link;Info-Link;Stelle;Straße;PLZ;Ort;Telefon;E-Mail;Öffnungszeiten;Gebühr;Unterlagen;Frist;Dauer;Suchwörter;Stand\r\n\
        hund-anmelden;Hund anmelden;99002004104000, 99102013104000;teilweise;Marke abholen;https://stadt.example/hund;https://stadt.example/f.pdf;ja;https://stadt.example/t;https://stadt.example/i;Bürgerbüro;Rathausplatz 1;1067;Musterstadt;0351 1;hund@stadt.example;Mo-Fr 8-12 Uhr;156 €;\"Ausweis; <b>Police</b>\";\"1 Monat\nnach Einzug\";1 Woche;Hund, Hundesteuer;22.11.2026\r\n";
    let Record { id, service, name, official, leika, says, texts, mut local, source } =
        record(table);
    assert_eq!((id.as_str(), service.as_deref()), ("05315-hund-anmelden", Some("hund-anmelden")));
    assert_eq!((name.as_str(), official, source), ("Hund anmelden", None, None));
    assert_eq!(
        leika.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["99002004104000", "99102013104000"]
    );
    assert_eq!(says, ["Hund", "Hundesteuer"]);
    assert_eq!(texts.fee.as_deref(), Some("156 €"));
    assert_eq!(texts.papers, ["Ausweis", "Police"]);
    assert_eq!(texts.deadlines, ["1 Monat", "nach Einzug"]);
    assert_eq!(texts.duration.as_deref(), Some("1 Woche"));
    assert_eq!(texts.page.as_deref(), Some("https://stadt.example/i"));
    assert_eq!(texts.as_of, Some(date!(2026 - 11 - 22)));

    let Local { regions, evidence, authority, .. } = local.remove(0);
    assert_eq!(regions, [koeln()]);
    assert!(evidence.described);
    assert_eq!(evidence.declared, Some(Declared::Partly));
    assert_eq!(evidence.reason.as_deref(), Some("Marke abholen"));
    assert_eq!(evidence.form_may_be_sent, Some(true));
    let claims: Vec<Claim> = evidence.links.iter().map(|link| link.claim).collect();
    assert_eq!(claims, [Claim::OnlineService, Claim::Form, Claim::Appointment]);
    let authority = authority.unwrap();
    assert_eq!(authority.address().as_deref(), Some("Rathausplatz 1, 01067 Musterstadt"));
    assert_eq!(authority.hours.to_string(), "Mo-Fr 08:00-12:00");
}

#[test]
fn headers_and_answers_are_read_as_clerks_write_them() {
    for header in [
        "VERFUEGBARKEIT",
        "verfügbarkeit (ja/nein)",
        " Online  verfügbar ",
        "Verfu\u{308}gbarkeit:",
    ] {
        for (written, meant) in [
            ("ja", Declared::Online),
            ("Vollständig online", Declared::Online),
            ("teils/teils", Declared::Partly),
            ("TEILWEISE", Declared::Partly),
            ("nur persönlich", Declared::InPerson),
            ("vor-Ort", Declared::InPerson),
            ("Nein", Declared::NotOnline),
            ("?", Declared::Unknown),
        ] {
            let record = record(&format!("Leistung;{header}\nHund;{written}\n"));
            assert_eq!(record.local[0].evidence.declared, Some(meant), "{header}: {written}");
            assert_eq!(record.local[0].evidence.described, meant != Declared::Unknown);
        }
    }
}

#[test]
fn an_empty_availability_is_judged_from_links_or_not_known() {
    let evidence = |cells: &str| {
        let table =
            format!("Leistung;Verfügbarkeit;Online-Link;Formular-Link;Termin-Link\nHund;{cells}\n");
        record(&table).local.remove(0).evidence
    };
    assert_eq!(evidence(";https://a.example/;;").declared, None);
    assert_eq!(evidence(";;https://a.example/;").declared, None);
    assert_eq!(evidence(";;;https://a.example/").declared, Some(Declared::Unknown));
    assert_eq!(evidence("-;;;").declared, Some(Declared::Unknown));
    assert!(!evidence(";https://a.example/;;").described);
}

#[test]
fn names_are_told_from_ids() {
    let names = |service: &str, name: &str| {
        let record = record(&format!("Leistung;Name\n{service};{name}\n"));
        (record.service.unwrap_or_default(), record.name, record.official.unwrap_or_default())
    };
    let of = |service: &str, name: &str, official: &str| {
        (service.to_owned(), name.to_owned(), official.to_owned())
    };
    assert_eq!(names("hund-anmelden", ""), of("hund-anmelden", "hund-anmelden", ""));
    assert_eq!(names("Hund anmelden", ""), of("", "Hund anmelden", ""));
    assert_eq!(
        names("Anzeige der Hundehaltung", "Hund"),
        of("", "Hund", "Anzeige der Hundehaltung")
    );
    assert_eq!(names("berlin:1", ""), of("", "berlin:1", ""));
    let record = record("Leistung;Name;Amtlicher Name\nHundesteuer;Hund;Hundehaltung\n");
    assert_eq!((record.name.as_str(), record.official.as_deref()), ("Hund", Some("Hundehaltung")));
    assert_eq!(record.says, ["Hundesteuer"]);
}

#[test]
fn fault_47_any_delimiter_encoding_and_line_end_is_read() {
    let table = "Leistung;Gebühr;Unterlagen\r\n\r\nHund;5 €;\"Ausweis „alt“\r\nFoto \"\"neu\"\"\"\r\n;;\r\nKatze;frei;-\r\n";
    let expected = records(table);
    assert_eq!(expected[0].texts.papers, ["Ausweis „alt“", "Foto \"neu\""]);
    assert_eq!(expected.len(), 2);
    for delimiter in [",", "\t", "|"] {
        assert_eq!(records(&table.replace(';', delimiter)), expected, "{delimiter:?}");
    }
    assert_eq!(records(&format!("\u{feff}{table}")), expected);
    assert_eq!(records(&format!("sep=;\r\n{table}")), expected);
    assert_eq!(records(&table.replace("\r\n", "\n")), expected);
    assert_eq!(records(&table.replace("\r\n", "\r")), expected);

    let windows: Vec<u8> = table
        .chars()
        .map(|c| match c {
            '€' => 0x80,
            '„' => 0x84,
            '“' => 0x93,
            c => u8::try_from(u32::from(c)).unwrap(),
        })
        .collect();
    assert_eq!(from_bytes(&windows).records, expected);
    let utf16: Vec<u8> =
        format!("\u{feff}{table}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(from_bytes(&utf16).records, expected);
}

#[test]
fn fault_47_mistakes_are_told_with_line_and_column() {
    let row = |column: &str, value: &str| {
        let rows = rejected(&format!("Name;{column}\nHund;{value}\n"));
        assert_eq!(rows.len(), 1, "{column}: {value}");
        rows[0].clone()
    };
    for (column, value, reason) in [
        (
            "Verfügbarkeit",
            "onlien",
            "heißt nichts hiervon: online, teilweise, vor Ort, nicht online, unbekannt (meinten Sie »online«?)",
        ),
        ("Online-Link", "www.stadt.example", "»www.stadt.example« beginnt nicht mit https://"),
        ("Online-Link", "https://u:p@stadt.example", "enthält einen Benutzernamen"),
        ("Termin-Link", "javascript:alert(1)", "beginnt nicht mit https://"),
        ("LeiKa", "9900", "ist kein LeiKa-Schlüssel"),
        ("LeiKa", "\"9,9002E+13\"", "bitte die Spalte als Text formatieren"),
        ("ARS", "05315000", "ist kein Regionalschlüssel"),
        ("PLZ", "123", "ist keine Postleitzahl"),
        ("E-Mail", "hund@", "ist keine E-Mail-Adresse"),
        ("Stand", "31.02.2026", "ist kein Datum"),
        ("Stand", "Mai", "ist kein Datum"),
        ("Formular einsenden", "vielleicht", "weder ja noch nein"),
        ("Kennung", "Hund Nr. 1", "ist keine Kennung"),
        ("Stelle", "#REF!", "der Fehlerwert #REF!"),
        ("Amtlicher Name", &"x".repeat(201), "länger als 200 Zeichen"),
    ] {
        let told = row(column, value);
        assert!(told.starts_with("Zeile 2 | "), "{told}");
        assert!(told.contains(&format!("Spalte »{column}«: ")) && told.contains(reason), "{told}");
    }
    let without_office = rejected("Name;Straße;Stelle\nHund;Rathausplatz 1;\n");
    assert!(without_office[0].contains("Spalte »Stelle«: leer"), "{without_office:?}");
    let nameless = rejected("Stand;Name;\n22.11.2026;;\n22.11.2026;Hund;geheim\n");
    assert!(nameless[0].contains("weder »Leistung« noch »Name«"), "{nameless:?}");
    assert!(nameless[1].contains("die Spalte 3 hat keine Überschrift"), "{nameless:?}");
    // All mistakes of a row at once.
    let both = rejected("Name;PLZ;Stand\nHund;1;gestern\n");
    assert!(both[0].contains("»PLZ«") && both[0].contains("»Stand«"), "{both:?}");
}

#[test]
fn fault_47_ragged_rows_are_told_by_line_and_the_others_are_read() {
    let table = "Name;Gebühr;Frist;Dauer\n\n\"Hund\nKatze\";1;2;3\n\nzu;kurz\nzu;lang;3;4;5\ngut;1;2;3;;\noffen;\"1;2;3\nverloren;1;2;3\n";
    let collected = from_bytes(table.as_bytes());
    let names: Vec<&str> = collected.records.iter().map(|record| record.name.as_str()).collect();
    assert_eq!(names, ["Hund Katze", "gut"]);
    let rejected = rejected(table);
    assert_eq!(rejected.len(), 3);
    assert!(rejected[0].starts_with("Zeile 6 | zu | 2 statt 4 Zellen"), "{rejected:?}");
    assert!(rejected[1].starts_with("Zeile 7 | zu | 5 statt 4 Zellen"), "{rejected:?}");
    assert_eq!(rejected[2], "Zeile 9 | offen | es fehlt ein schließendes Anführungszeichen");
}

#[test]
fn a_header_that_would_lose_content_rejects_the_table() {
    let error = |table: &str| try_bytes(table.as_bytes()).unwrap_err();
    let told = error("\nName;Gebühren;Verfügbarket;Kosten\nHund;1;ja;2\n");
    assert!(told.contains("Zeile 2: "), "{told}");
    assert!(
        told.contains("unbekannte Spalte »Verfügbarket« (meinten Sie »Verfügbarkeit«?)"),
        "{told}"
    );
    assert!(told.contains("die Spalte »Gebühr« steht zweimal da"), "{told}");
    assert!(error("Gebühr;Ort\n1;Köln\n").contains("fehlt eine Spalte »Leistung« oder »Name«"));
    assert!(error("").contains("die Tabelle ist leer"));
    assert!(error("\n;;\n").contains("die Tabelle ist leer"));
    assert_eq!(records("Name;#Bearbeitet von\nHund;Meier\n#Katze;\n").len(), 1);
    assert!(error("\u{d0}").contains("unbekannte Spalte"));
    // No table at all: told briefly, and without the memory that comparing would take.
    assert!(error(&"a;".repeat(1_000)).ends_with("und 996 weitere Fehler"));
    assert!(error(&"x".repeat(8 << 20)).len() < 1_000);
    assert!(try_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1").unwrap_err().contains("altes Excel-Format"));
    assert!(try_bytes(b"PK\x03\x04nonsense").unwrap_err().contains("keine lesbare Tabelle"));
}

#[test]
fn rows_are_told_apart_by_region_and_id() {
    let table = format!(
        "Leistung;ARS;Kennung\nhund;;\nhund;{KOELN};\nhund;9162000000;\nhund;09162000000 0;\nhund;;k-1\nkatze;;k-1\n"
    );
    let collected = from_bytes(table.as_bytes());
    let ids: Vec<&str> = collected.records.iter().map(|record| record.id.as_str()).collect();
    assert_eq!(ids, ["05315-hund", "09162-hund", "k-1"]);
    let rejected = rejected(&table);
    assert!(
        rejected[0].starts_with("Zeile 3 | hund | Spalte »Kennung«: doppelt, wie schon in Zeile 2"),
        "{rejected:?}"
    );
    assert!(rejected[1].contains("ist kein Regionalschlüssel"), "ten digits: {rejected:?}");
    assert!(rejected[2].starts_with("Zeile 7 | k-1"), "{rejected:?}");
    assert_eq!(
        records("Name;ARS\nHund;01001000000 0\nKatze;1001000000 0\n")[1].local[0].regions,
        ["010010000000".parse().unwrap()]
    );
}

#[test]
fn fault_47_no_cell_is_written_that_a_spreadsheet_takes_for_a_formula() {
    let fees = ["=1+1", "+49 1", "-5 Euro", "@x", "#1", "'=x", "''-x", "'ja'"];
    for fee in fees {
        let texts = Texts { fee: Some(fee.to_owned()), ..Texts::default() };
        let local = Local { regions: vec![koeln()], ..Local::default() };
        let record = Record { name: fee.to_owned(), texts, ..Record::default() };
        let cells = row(&record, &local, koeln());
        for cell in &cells {
            assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\0', '#']), "{cell}");
        }
        let read = records(&format!("{}{}", header(), line(cells)));
        assert_eq!((read[0].name.as_str(), read[0].texts.fee.as_deref()), (fee, Some(fee)));
    }
    assert_eq!([safe("\t".into()), safe("\0".into()), safe("\r".into())], ["'\t", "'\0", "'\r"]);
    // As plain text it is read, too.
    assert_eq!(record("Name;Gebühr\nHund;=1+1\n").texts.fee.as_deref(), Some("=1+1"));
}

#[test]
fn the_template_can_be_imported_and_its_example_is_right() {
    assert_eq!(from_bytes(template().as_bytes()), Collected::default());
    let record = record(&template().replace("#hund", "hund"));
    assert_eq!(record.service.as_deref(), Some("hund-anmelden"));
    assert_eq!(record.local[0].authority.as_ref().unwrap().hours.spans.len(), 9);
    for (at, (name, others)) in NAMES.iter().enumerate() {
        for name in [name].into_iter().chain(*others) {
            assert_eq!(column(name), Some(at), "{name} stands for one column only");
        }
    }
    assert_eq!(NAMES[Column::Phone as usize].0, "Telefon");
    assert_eq!(NAMES[Column::AsOf as usize].0, "Stand");
}

/// A synthetic workbook as Excel lays it out, its second sheet with the given rows.
fn xlsx(rows: &str) -> Vec<u8> {
    let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    let documents = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let packages = "http://schemas.openxmlformats.org/package/2006";
    let sheet = |rows: &str| {
        format!("<worksheet xmlns=\"{main}\"><sheetData>{rows}</sheetData></worksheet>")
    };
    let relation = |id: &str, kind: &str, target: &str| {
        format!("<Relationship Id=\"{id}\" Type=\"{documents}/{kind}\" Target=\"{target}\"/>")
    };
    let relations = |list: &[String]| {
        let list = list.concat();
        format!("<Relationships xmlns=\"{packages}/relationships\">{list}</Relationships>")
    };
    stored_zip(&[
        ("[Content_Types].xml", &format!("<Types xmlns=\"{packages}/content-types\"/>")),
        ("_rels/.rels", &relations(&[relation("rId1", "officeDocument", "xl/workbook.xml")])),
        (
            "xl/workbook.xml",
            &format!(
                "<workbook xmlns=\"{main}\" xmlns:r=\"{documents}\"><sheets><sheet name=\"Leer\" sheetId=\"1\" r:id=\"rId1\"/><sheet name=\"Daten\" sheetId=\"2\" r:id=\"rId2\"/></sheets></workbook>"
            ),
        ),
        (
            "xl/_rels/workbook.xml.rels",
            &relations(&[
                relation("rId1", "worksheet", "worksheets/sheet1.xml"),
                relation("rId2", "worksheet", "worksheets/sheet2.xml"),
                relation("rId3", "styles", "styles.xml"),
            ]),
        ),
        (
            "xl/styles.xml",
            &format!(
                "<styleSheet xmlns=\"{main}\"><cellXfs count=\"2\"><xf numFmtId=\"0\"/><xf numFmtId=\"14\"/></cellXfs></styleSheet>"
            ),
        ),
        ("xl/worksheets/sheet1.xml", &sheet("")),
        ("xl/worksheets/sheet2.xml", &sheet(rows)),
    ])
}

#[test]
fn excel_workbooks_are_read() {
    let text = |place: &str, text: &str| {
        format!("<c r=\"{place}\" t=\"inlineStr\"><is><t>{text}</t></is></c>")
    };
    let header: String = ["Leistung", "ARS", "Gebühr", "Formular einsenden", "Stand"]
        .iter()
        .zip('A'..)
        .map(|(name, column)| text(&format!("{column}3"), name))
        .collect();
    let rows = format!(
        "<row r=\"3\">{header}</row><row r=\"5\">{}<c r=\"B5\"><v>91620000000</v></c><c r=\"C5\"><v>46.5</v></c><c r=\"D5\" t=\"b\"><v>1</v></c><c r=\"E5\" s=\"1\"><v>46348</v></c></row><row r=\"6\">{}{}</row><row r=\"7\">{}<c r=\"C7\" t=\"e\"><v>#REF!</v></c></row>",
        text("A5", "Hund"),
        text("A6", "Katze"),
        text("E6", "gestern"),
        text("A7", "Maus"),
    );
    let collected = from_bytes(&xlsx(&rows));
    let record = &collected.records[0];
    assert_eq!(record.texts.fee.as_deref(), Some("46,5"));
    assert_eq!(record.texts.as_of, Some(date!(2026 - 11 - 22)));
    assert_eq!(record.local[0].evidence.form_may_be_sent, Some(true));
    assert_eq!(record.local[0].regions, ["091620000000".parse().unwrap()]);
    let [katze, maus] = collected.rejected.as_slice() else { panic!("{:?}", collected.rejected) };
    assert!(katze.file.ends_with("Zeile 6") && katze.reason.contains("»Stand«"), "{katze:?}");
    assert!(maus.file.ends_with("Zeile 7") && maus.reason.contains("#REF!"), "{maus:?}");

    // One lost cell in the last corner: as a dense table 500 GB.
    let rows = format!(
        "<row r=\"1\">{}</row><row r=\"1048576\">{}</row>",
        text("A1", "Name"),
        text("XFD1048576", "x"),
    );
    assert!(try_bytes(&xlsx(&rows)).unwrap_err().contains("mehr als 256 Spalten"));
}

/// A synthetic sheet as LibreOffice lays it out.
#[test]
fn opendocument_sheets_are_read() {
    let text = |text: &str| {
        format!(
            "<table:table-cell office:value-type=\"string\"><text:p>{text}</text:p></table:table-cell>"
        )
    };
    let content = format!(
        r#"<?xml version="1.0" encoding="UTF-8"?><office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body><office:spreadsheet><table:table table:name="Tabelle1"><table:table-row>{}{}</table:table-row><table:table-row table:number-rows-repeated="2"><table:table-cell table:number-columns-repeated="2"/></table:table-row><table:table-row>{}<table:table-cell office:value-type="date" office:date-value="2026-11-22"><text:p>22.11.26</text:p></table:table-cell></table:table-row><table:table-row>{}</table:table-row></table:table></office:spreadsheet></office:body></office:document-content>"#,
        text("Name"),
        text("Stand"),
        text("Hund"),
        text("#REF!"),
    );
    let ods = stored_zip(&[
        ("mimetype", "application/vnd.oasis.opendocument.spreadsheet"),
        (
            "META-INF/manifest.xml",
            "<manifest:manifest xmlns:manifest=\"urn:oasis:names:tc:opendocument:xmlns:manifest:1.0\"/>",
        ),
        ("content.xml", &content),
    ]);
    let collected = from_bytes(&ods);
    assert_eq!(collected.records[0].texts.as_of, Some(date!(2026 - 11 - 22)));
    assert!(collected.rejected[0].file.ends_with("Zeile 5"), "{:?}", collected.rejected);
}

/// A ZIP archive of files that are not compressed (PKWARE APPNOTE, 4.3.6).
fn stored_zip(files: &[(&str, &str)]) -> Vec<u8> {
    let crc = |bytes: &[u8]| {
        !bytes.iter().fold(!0_u32, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
                (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg())
            })
        })
    };
    let (mut archive, mut directory) = (Vec::new(), Vec::new());
    for (name, content) in files {
        let size = u32::try_from(content.len()).unwrap().to_le_bytes();
        let mut common = vec![20, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        common.extend(crc(content.as_bytes()).to_le_bytes());
        common.extend([size, size].concat());
        common.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
        common.extend([0, 0]);
        let offset = u32::try_from(archive.len()).unwrap().to_le_bytes();
        archive.extend(
            [b"PK\x03\x04", common.as_slice(), name.as_bytes(), content.as_bytes()].concat(),
        );
        directory.extend(
            [b"PK\x01\x02\x14\x00", common.as_slice(), &[0; 10], &offset, name.as_bytes()].concat(),
        );
    }
    let count = u16::try_from(files.len()).unwrap().to_le_bytes();
    let size = u32::try_from(directory.len()).unwrap().to_le_bytes();
    let start = u32::try_from(archive.len()).unwrap().to_le_bytes();
    [
        archive,
        directory,
        [b"PK\x05\x06\0\0\0\0".as_slice(), &count, &count, &size, &start, &[0, 0]].concat(),
    ]
    .concat()
}

#[test]
fn a_missing_file_or_a_directory_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let mut collected = Collected::default();
    for path in [dir.path().join("fehlt.csv"), dir.path().to_owned()] {
        assert!(matches!(read(&path, koeln(), &mut collected), Err(ImportError::Io { .. })));
    }
    fs::write(dir.path().join("a.csv"), "Name\nHund\n").unwrap();
    read(&dir.path().join("a.csv"), koeln(), &mut collected).unwrap();
    assert_eq!(collected.records.len(), 1);
}

/// Texts as a record holds them: folded, without markup.
fn text() -> impl Strategy<Value = String> {
    "['=+@#\"a-zA-ZäöüßÄ€0-9(][a-zA-ZäöüßÄ€0-9 ,;:.'\"()/=+-]{0,30}[a-zA-Zäß0-9)]"
        .prop_map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "))
        .prop_filter("an error value of a spreadsheet", |text| !is_error_value(text))
}

fn address() -> impl Strategy<Value = String> {
    "https://[a-z]{1,8}\\.example/[a-z0-9;,=&?-]{0,10}[a-z]"
}

fn links() -> impl Strategy<Value = Vec<SourceLink>> {
    let claim =
        select(vec![Claim::OnlineService, Claim::Form, Claim::Appointment, Claim::Information]);
    let link = (claim, address()).prop_map(|(claim, url)| SourceLink { claim, url, title: None });
    prop::collection::vec(link, 0..5).prop_map(|mut links| {
        links.sort_by_key(|link| link.claim);
        links
    })
}

fn some<T: std::fmt::Debug>(of: impl Strategy<Value = T>) -> impl Strategy<Value = Option<T>> {
    prop::option::of(of)
}

fn list(of: impl Strategy<Value = String>) -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(of, 0..4)
}

fn texts() -> impl Strategy<Value = Texts> {
    (
        some(text()),
        some(text()),
        list(text()),
        list(text()),
        some(text()),
        some(address()),
        some(0..9_000_i64),
    )
        .prop_map(|(summary, fee, papers, deadlines, duration, page, day)| {
            let as_of = day.map(|day| date!(2020 - 01 - 01) + time::Duration::days(day));
            Texts { summary, fee, papers, deadlines, duration, page, as_of }
        })
}

fn authority() -> impl Strategy<Value = Authority> {
    let hours = select(vec![
        "",
        "Mo-Fr 8-12 Uhr",
        "Mo 8-12 (Anbau), Di 9-13 nur mit Termin",
        "nach Vereinbarung",
    ]);
    (
        text(),
        some(text()),
        some("[0-9]{5}"),
        some(text()),
        some(text()),
        some("[a-z.]{1,9}@[a-z]{1,9}\\.example"),
        some(address()),
        hours,
        some(text()),
    )
        .prop_map(|(name, street, postcode, city, phone, email, web, hours, accessibility)| {
            let hours = OpeningHours::parse(hours);
            Authority { name, street, postcode, city, phone, email, web, hours, accessibility }
        })
}

/// A record as a table gives it.
fn tabular() -> impl Strategy<Value = Record> {
    let declared = select(vec![
        None,
        Some(Declared::Online),
        Some(Declared::Partly),
        Some(Declared::NotOnline),
        Some(Declared::InPerson),
        Some(Declared::Unknown),
    ]);
    let evidence = (declared, links(), some(any::<bool>()), some(text()));
    let keys = prop::collection::vec("99[0-9]{12}", 0..3);
    (
        (
            "[A-Za-z0-9][A-Za-z0-9._-]{0,29}",
            some("[a-z0-9][a-z0-9-]{0,39}"),
            text(),
            some(text()),
            keys,
            list(text()),
        ),
        texts(),
        evidence,
        some(authority()),
    )
        .prop_map(
            |((id, service, name, official, leika, says), texts, evidence, authority)| {
                let (declared, mut links, form_may_be_sent, reason) = evidence;
                let to_judge = form_may_be_sent.is_some()
                    || links
                        .iter()
                        .any(|link| matches!(link.claim, Claim::OnlineService | Claim::Form));
                let declared = declared.or_else(|| (!to_judge).then_some(Declared::Unknown));
                let described = match declared {
                    Some(declared) => declared != Declared::Unknown,
                    None => form_may_be_sent.is_some(),
                };
                // Without a page of its own, the first page to read is that.
                links.retain(|link| texts.page.is_some() || link.claim != Claim::Information);
                let evidence = Evidence {
                    described,
                    declared,
                    links,
                    form_may_be_sent,
                    reason,
                    ..Evidence::default()
                };
                let official = official.filter(|official| *official != name);
                let leika = leika.iter().map(|key| key.parse().unwrap()).collect();
                let local =
                    vec![Local { regions: vec![koeln()], evidence, authority, texts: None }];
                Record { id, service, name, official, leika, says, texts, local, source: None }
            },
        )
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(tabular in prop::collection::vec(tabular(), 1..4)) {
        let mut unique: Vec<Record> = tabular;
        unique.sort_by(|a, b| a.id.cmp(&b.id));
        unique.dedup_by(|a, b| a.id == b.id);
        let rows = unique.iter().map(|record| line(row(record, &record.local[0], koeln())));
        let table = header() + &rows.collect::<String>();
        let collected = from_bytes(table.as_bytes());
        prop_assert_eq!(collected.rejected, vec![]);
        prop_assert_eq!(collected.records, unique);
    }

    #[test]
    fn every_row_is_either_imported_or_listed(cells in prop::collection::vec("[^\"\r\n;#]{0,12}", 4..40)) {
        let rows: Vec<String> = cells.chunks_exact(4).map(|cells| format!("x{}", cells.join(";"))).collect();
        let table = format!("Leistung;Verfügbarkeit;Online-Link;Stand\n{}\n", rows.join("\n"));
        let collected = from_bytes(table.as_bytes());
        prop_assert_eq!(collected.records.len() + collected.rejected.len(), rows.len());
    }

    #[test]
    fn nothing_panics(bytes in prop::collection::vec(any::<u8>(), 0..200), text in any::<String>()) {
        let _ = try_bytes(&bytes);
        let _ = try_bytes(format!("Name;Stand;ARS;LeiKa;Öffnungszeiten;Online-Link;Unterlagen\n{text}").as_bytes());
        let _ = try_bytes(text.as_bytes());
    }
}
