//! Calendar files, read back by a parser that shares no code with their writer.

use amtslotse::calendar::{Entry, file};
use ical::{
    component::IcalComponent,
    ical::Ical,
    prop::IcalProp,
    tree::cst::IcalCst,
    value::{IcalValue, duration::IcalDuration},
};
use proptest::prelude::*;
use time::{
    Date, OffsetDateTime, UtcOffset,
    macros::{date, datetime},
};

const STAMP: OffsetDateTime = datetime!(2026-11-22 10:46:05 UTC);

fn entry(day: Date) -> Entry {
    Entry {
        uid: "umzug-anmeldung-7f3a@amtslotse".into(),
        day,
        title: "Wohnsitz anmelden".into(),
        text: "Spätestens zwei Wochen nach dem Einzug.\nMitbringen: Ausweis, Bestätigung; Geduld."
            .into(),
        url: Some("https://service.essen.de/detail/-/vr-bis-detail/dienstleistung/1234".into()),
    }
}

/// One calendar, on lines as RFC 5545, 3.1 has them, and conforming by the parser's own rules.
pub fn read(file: &str) -> Ical<'static> {
    let lines = file.strip_suffix("\r\n").expect("a line break at the end").split("\r\n");
    for line in lines {
        assert!(!line.contains(['\r', '\n']), "a bare line break: {line:?}");
        assert!((1..=75).contains(&line.len()), "{} octets: {line:?}", line.len());
        assert!(!line.contains(|c: char| c.is_control()), "a control character: {line:?}");
    }
    let calendars: Vec<_> = IcalCst::parse_many(file).collect::<Result<_, _>>().expect("parses");
    assert_eq!(calendars.len(), 1, "{file}");
    let calendar = calendars[0].decode().into_owned();
    calendar.clone().validate().expect("conforms");
    calendar
}

/// A property as `NAME TYPE value`.
fn property(property: &IcalProp) -> String {
    let value = match &property.value {
        IcalValue::Text(text) => format!("TEXT {}", text.0),
        IcalValue::Uri(uri) => format!("URI {}", uri.0),
        IcalValue::Date(date) => format!("DATE {}", date.0),
        IcalValue::DateTime(at) => format!("DATE-TIME {}", at.0),
        IcalValue::Duration(duration) => format!("DURATION {}", duration.0),
        IcalValue::Unknown(value) => {
            assert_eq!(value.components.iter().flatten().count(), 1, "split at , or ;");
            format!("TEXT {}", value.components[0][0])
        }
        other => panic!("{other:?} is never written"),
    };
    format!("{} {value}", &*property.name)
}

fn properties(component: &IcalComponent) -> Vec<String> {
    component.props.iter().map(property).collect()
}

/// A text as a reader should get it, with this for a line break.
fn plain(raw: &str, line_break: &str) -> String {
    let mut text = String::new();
    let mut chars = raw.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' if chars.peek() == Some(&'\n') => {}
            '\n' | '\r' | '\u{2028}' | '\u{2029}' => text.push_str(line_break),
            '\t' => text.push(' '),
            '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' => {}
            _ => text.push(c),
        }
    }
    text.trim().to_owned()
}

/// Every component and property of the file is what was asked for, and there is nothing else.
fn assert_reads_back(name: &str, entries: &[Entry], stamp: OffsetDateTime) {
    let written = file(name, entries, stamp);
    assert_eq!(written, file(name, entries, stamp), "the same bytes each time");
    let calendar = read(&written);
    assert_eq!(&*calendar.version, "2.0");
    let head: Vec<_> = calendar.props.iter().map(property).collect();
    assert_eq!(
        head,
        [
            "PRODID TEXT -//Amtslotse//Amtslotse//DE".to_owned(),
            format!("X-WR-CALNAME TEXT {}", plain(name, " ")),
        ]
    );
    let digits = |day: Date| day.to_string().replace('-', "");
    let stamp = stamp.to_offset(UtcOffset::UTC);
    let (hour, minute, second) = stamp.to_hms();
    let stamp = format!("{}T{hour:02}{minute:02}{second:02}Z", digits(stamp.date()));
    assert_eq!(calendar.components.len(), entries.len());
    for (event, entry) in calendar.components.iter().zip(entries) {
        assert_eq!(&*event.name, "VEVENT");
        let mut expected = vec![
            format!("UID TEXT {}", plain(&entry.uid, "\n")),
            format!("DTSTAMP DATE-TIME {stamp}"),
            format!("DTSTART DATE {}", digits(entry.day)),
            format!("DTEND DATE {}", digits(entry.day.next_day().unwrap())),
            format!("SUMMARY TEXT {}", plain(&entry.title, " ")),
        ];
        let text = plain(&entry.text, "\n");
        if !text.is_empty() {
            expected.push(format!("DESCRIPTION TEXT {text}"));
        }
        // What becomes of odd addresses is tested on its own.
        if let Some(url) = &entry.url {
            expected.push(format!("URL URI {url}"));
        }
        expected.push("TRANSP TEXT TRANSPARENT".into());
        assert_eq!(properties(event), expected);
        let [alarm] = &event.components[..] else { panic!("one alarm: {event:?}") };
        assert_eq!(&*alarm.name, "VALARM");
        assert!(alarm.components.is_empty());
        assert_eq!(
            properties(alarm),
            [
                "ACTION TEXT DISPLAY".to_owned(),
                format!("DESCRIPTION TEXT {}", plain(&entry.title, " ")),
                "TRIGGER DURATION -PT15H".to_owned(),
            ]
        );
    }
}

#[test]
fn a_file_to_the_byte() {
    let expected = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Amtslotse//Amtslotse//DE",
        "X-WR-CALNAME:Umzug nach Essen",
        "BEGIN:VEVENT",
        "UID:umzug-anmeldung-7f3a@amtslotse",
        "DTSTAMP:20261122T104605Z",
        "DTSTART;VALUE=DATE:20261215",
        "DTEND;VALUE=DATE:20261216",
        "SUMMARY:Wohnsitz anmelden",
        // The ä is two octets, the backslash one: 75 on the first line.
        r"DESCRIPTION:Spätestens zwei Wochen nach dem Einzug.\nMitbringen: Ausweis\,",
        r"  Bestätigung\; Geduld.",
        "URL:https://service.essen.de/detail/-/vr-bis-detail/dienstleistung/1234",
        "TRANSP:TRANSPARENT",
        "BEGIN:VALARM",
        "ACTION:DISPLAY",
        "DESCRIPTION:Wohnsitz anmelden",
        "TRIGGER:-PT15H",
        "END:VALARM",
        "END:VEVENT",
        "END:VCALENDAR",
        "",
    ];
    let written = file("Umzug nach Essen", &[entry(date!(2026 - 12 - 15))], STAMP);
    assert_eq!(written, expected.join("\r\n"));
}

#[test]
fn ordinary_entries_read_back() {
    let mut second = entry(date!(2027 - 01 - 04));
    second.uid = "umzug-hund-7f3a@amtslotse".into();
    second.url = None;
    assert_reads_back("Umzug nach Essen", &[entry(date!(2026 - 12 - 15)), second], STAMP);
    assert_reads_back("Ohne", &[], STAMP);
}

#[test]
fn hostile_texts_stay_in_their_line() {
    let long = "Straße 😀, ".repeat(200);
    let spaces = " ".repeat(500);
    let breaks = "\r\n".repeat(300);
    let backslashes = "\\".repeat(301);
    let texts = [
        "",
        " ",
        "\n",
        "\\n ist kein Umbruch, \\\\n auch nicht; \\, \\; \\",
        "\r\nEND:VALARM\r\nEND:VEVENT\r\nEND:VCALENDAR\r\nBEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n",
        "a\rEND:VEVENT\nEND:VEVENT\u{2028}END:VEVENT\u{2029}END:VEVENT\u{85}END:VEVENT\u{b}END",
        "\r\n BEGIN:VALARM\r\n\tBEGIN:VALARM",
        "\0\u{1}\u{7}\u{8}\t\u{c}\u{1b}[31m\u{1c}\u{1d}\u{1e}\u{1f}\u{7f}\u{80}\u{9f}",
        "\";VALUE=URI:javascript:alert(1)//\"",
        "X;Y=Z:A,B;C:D",
        "👨‍👩‍👧‍👦 \u{202e}rückwärts\u{202c} \u{feff} e\u{301} \u{10ffff}",
        &long,
        &spaces,
        &breaks,
        &backslashes,
    ];
    for raw in texts {
        let mut hostile = entry(date!(2026 - 12 - 15));
        hostile.uid = raw.into();
        hostile.title = raw.into();
        hostile.text = raw.into();
        assert_reads_back(raw, &[hostile, entry(date!(2026 - 12 - 16))], STAMP);
    }
}

/// Whatever the width of the characters and wherever the line is full.
#[test]
fn folds_are_between_characters() {
    for wide in ["ä", "€", "😀", "\\", "\n", " z"] {
        for before in 0..80 {
            let mut folded = entry(date!(2026 - 12 - 15));
            folded.text = "x".repeat(before) + &wide.repeat(80);
            assert_reads_back("Umzug", &[folded], STAMP);
        }
    }
}

#[test]
fn an_event_ends_on_the_next_day() {
    let days = [
        (date!(2026 - 12 - 31), Some("20270101")),
        (date!(2027 - 02 - 28), Some("20270301")),
        (date!(2028 - 02 - 28), Some("20280229")),
        (date!(2028 - 02 - 29), Some("20280301")),
        (date!(2100 - 02 - 28), Some("21000301")),
        (date!(0000 - 01 - 01), Some("00000102")),
        (date!(9999 - 12 - 31), None),
    ];
    for (day, expected) in days {
        let calendar = read(&file("Umzug", &[entry(day)], STAMP));
        let properties = properties(&calendar.components[0]);
        let end = properties.iter().find_map(|property| property.strip_prefix("DTEND DATE "));
        assert_eq!(end, expected, "{day}");
    }
}

#[test]
fn days_that_cannot_be_written_are_left_out() {
    let entries = [entry(date!(-0001 - 12 - 31)), entry(date!(2026 - 12 - 15))];
    assert_eq!(file("Umzug", &entries, STAMP), file("Umzug", &entries[1..], STAMP));
}

#[test]
fn the_stamp_is_in_utc() {
    for stamp in [datetime!(2027-01-01 0:30:09 +1), datetime!(2026-12-31 18:30:09 -5)] {
        assert_reads_back("Umzug", &[entry(date!(2026 - 12 - 15))], stamp);
        let written = file("Umzug", &[entry(date!(2026 - 12 - 15))], stamp);
        assert!(written.contains("\r\nDTSTAMP:20261231T233009Z\r\n"), "{written}");
    }
}

#[test]
fn the_alarm_is_at_nine_on_the_day_before() {
    let calendar = read(&file("Umzug", &[entry(date!(2027 - 01 - 01))], STAMP));
    let alarm = &calendar.components[0].components[0];
    let trigger = alarm.props.iter().find(|property| &*property.name == "TRIGGER").unwrap();
    let IcalValue::Duration(IcalDuration(text)) = &trigger.value else { panic!("{trigger:?}") };
    let before = IcalDuration(text.clone()).seconds().unwrap();
    let midnight = datetime!(2027-01-01 0:00 UTC);
    assert_eq!(midnight + time::Duration::seconds(before), datetime!(2026-12-31 9:00 UTC));
}

#[test]
fn addresses_are_of_the_web_and_without_odd_characters() {
    let addresses = [
        ("https://essen.de/a?b=c,d;e&f=%20#g", Some("https://essen.de/a?b=c,d;e&f=%20#g")),
        ("http://[2001:db8::1]:80/", Some("http://[2001:db8::1]:80/")),
        ("https://köln.de/Straße 1", Some("https://k%C3%B6ln.de/Stra%C3%9Fe%201")),
        (
            "https://a\r\nEND:VEVENT\r\n\\n\"<>^`{|}😀",
            Some("https://aEND:VEVENT%5Cn%22%3C%3E%5E%60%7B%7C%7D%F0%9F%98%80"),
        ),
        ("", None),
        ("essen.de", None),
        ("javascript:alert(1)", None),
        ("\r\nhttps://essen.de", None),
    ];
    for (raw, expected) in addresses {
        let mut entry = entry(date!(2026 - 12 - 15));
        entry.url = Some(raw.into());
        let calendar = read(&file("Umzug", &[entry], STAMP));
        let properties = properties(&calendar.components[0]);
        let url = properties.iter().find_map(|property| property.strip_prefix("URL URI "));
        assert_eq!(url, expected, "{raw:?}");
    }
}

/// Texts out of what the format gives a meaning, and of anything.
fn texts() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "\r\n",
        "\r",
        "\n",
        "\t",
        " ",
        "\\",
        "\\n",
        ";",
        ",",
        ":",
        "=",
        "\"",
        "^",
        "\0",
        "\u{85}",
        "\u{2028}",
        "ä",
        "€",
        "😀",
        "BEGIN:VEVENT",
        "END:VCALENDAR",
        "Frist bis zum Freitag",
    ]);
    prop_oneof![
        prop::collection::vec(pieces, 0..60).prop_map(|pieces| pieces.concat()),
        any::<String>(),
    ]
}

prop_compose! {
    fn entries()(
        uid in texts(),
        day in date!(0001 - 01 - 01).to_julian_day()..date!(9999 - 12 - 31).to_julian_day(),
        title in texts(),
        text in texts(),
        url in prop::option::of("https://[a-z0-9./?=&,;%-]{0,120}"),
    ) -> Entry {
        Entry { uid, day: Date::from_julian_day(day).unwrap(), title, text, url }
    }
}

proptest! {
    #[test]
    fn any_entries_read_back(
        name in texts(),
        entries in prop::collection::vec(entries(), 0..4),
        second in 0i64..4_000_000_000,
        hours in -12i8..=14,
    ) {
        let stamp = OffsetDateTime::from_unix_timestamp(second).unwrap();
        let stamp = stamp.to_offset(UtcOffset::from_hms(hours, 0, 0).unwrap());
        assert_reads_back(&name, &entries, stamp);
    }

    #[test]
    fn no_address_breaks_the_file(url in texts(), web in any::<bool>()) {
        let mut entry = entry(date!(2026 - 12 - 15));
        entry.url = Some(if web { format!("https://{url}") } else { url });
        let calendar = read(&file("Umzug", &[entry], STAMP));
        prop_assert_eq!(calendar.components.len(), 1);
        let properties = &calendar.components[0].props;
        prop_assert_eq!(properties.iter().any(|property| &*property.name == "URL"), web);
        prop_assert_eq!(properties.len(), 7 + usize::from(web));
    }
}
