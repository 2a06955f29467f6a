//! What the links and sentences of München's catalog tell about doing a matter online.
//!
//! The catalog lists applications, forms, leaflets, pages for appointments and pages of other offices
//! in one list. A link counts as an online service only if it leads to a server for applications and
//! is called an application, or if its title says that the matter is done online. A sentence counts
//! only if it says in so many words that the matter can, cannot or can only in person be done. What is
//! in doubt is information: a wrong "online" is worse than a missing one.

use url::Url;

use crate::import::{
    plain::plain,
    record::{Claim, Declared},
};

/// Where applications are filled in: host, and beginning of the path.
const FORM_SERVERS: [(&str, &str); 4] = [
    ("service.muenchen.de", "/intelliform/forms/"),
    ("www.buergerserviceportal.de", "/bayern/muenchen/"),
    ("www.buergerservice-portal.de", "/bayern/muenchen/"),
    ("www.fuehrungszeugnis.bund.de", "/ffw/form/"),
];
/// What an application on such a server is called; the rest are questionnaires and contacts.
const APPLICATIONS: [&str; 3] = ["antrag", "anzeige", "online"];
/// Beside "online" in a title: the matter is done there.
const DOING: [&str; 6] = ["abmelden", "anmelden", "antrag", "beantragen", "setzen", "ummelden"];
/// Neighbouring matters: linked from a service, but about something else, unless the service's own
/// name begins so.
const NEIGHBOURS: [&str; 7] = [
    "bearbeitungsstand",
    "diebstahl",
    "hilfe",
    "kontakt",
    "reservier",
    "verlust",
    "wunschkennzeichen",
];
/// What a document to be read is called.
const LEAFLETS: [&str; 6] = ["broschüre", "flyer", "hinweis", "info", "merkblatt", "muster"];
/// What a document to be filled in is called.
const FORMS: [&str; 12] = [
    "anmeldung",
    "antrag",
    "beiblatt",
    "bescheinigung",
    "bestätigung",
    "erklärung",
    "formblatt",
    "formular",
    "mandat",
    "ummeldung",
    "vollmacht",
    "zustimmung",
];
/// How the files of documents end.
const DOCUMENTS: [&str; 5] = [".pdf", ".odt", ".doc", ".docx", ".rtf"];

/// What a link of a service is; `None` for privacy notices, which tell nothing about it.
pub(super) fn claim(service: &str, title: &str, url: &Url) -> Option<Claim> {
    let title = title.to_lowercase();
    let address = url.as_str().to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| title.contains(word));
    if has(&["datenschutz", "dsgvo"]) || address.contains("dsgvo") {
        return None;
    }
    let to_appointments = |text: &str| text.contains("terminvereinbarung");
    if to_appointments(&title) || to_appointments(&address) || address.contains("/termin/") {
        return Some(Claim::Appointment);
    }
    let path = url.path().to_lowercase();
    if is_document(&path) {
        let file = path.rsplit('/').next().unwrap_or_default();
        let is_form = FORMS.iter().any(|word| title.contains(word) || file.contains(word));
        return Some(match is_form && !has(&LEAFLETS) {
            true => Claim::Form,
            false => Claim::Information,
        });
    }
    let says_online = words(&title).any(|word| word == "online")
        && words(&title).any(|word| DOING.contains(&word));
    let is_application = is_form_server(url) && has(&APPLICATIONS);
    Some(match (is_application || says_online) && !is_neighbour(service, &[&title, &address]) {
        true => Claim::OnlineService,
        false => Claim::Information,
    })
}

fn is_document(path: &str) -> bool {
    // The city's stores of documents give some of them without extension.
    DOCUMENTS.iter().any(|end| path.ends_with(end))
        || path.starts_with("/dms/")
        || path.starts_with("/dam/")
}

/// Whether applications are filled in there.
pub(super) fn is_form_server(url: &Url) -> bool {
    FORM_SERVERS
        .iter()
        .any(|(host, path)| url.host_str() == Some(host) && url.path().starts_with(path))
}

fn is_neighbour(service: &str, texts: &[&str]) -> bool {
    let service = service.to_lowercase();
    let others = NEIGHBOURS.iter().filter(|word| !service.starts_with(*word));
    others.into_iter().any(|word| texts.iter().any(|text| text.contains(word)))
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty())
}

/// What a description says about how the matter is done.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Said {
    /// Whether it can be done online.
    pub(super) declared: Option<Declared>,
    /// Whether one must come.
    pub(super) in_person: bool,
    /// The sentences that say so.
    pub(super) reason: Option<String>,
}

/// Reads the plain lines of a description.
pub(super) fn said(service: &str, lines: &[String]) -> Said {
    let sentences: Vec<&str> = lines.iter().flat_map(|line| sentences(line)).collect();
    let first = |says: &dyn Fn(&str) -> bool| sentences.iter().copied().find(|s| says(s));
    let online = first(&|sentence| can_be_online(service, sentence));
    let not_online = first(&cannot_be_online);
    let in_person = first(&must_come);
    let limit = not_online.or(in_person).or_else(|| first(&|s| s.contains("ausschließlich in")));
    let declared = match online {
        Some(_) if limit.is_some() => Some(Declared::Partly),
        Some(_) => Some(Declared::Online),
        None => not_online.map(|_| Declared::NotOnline),
    };
    let told = declared.is_some() || in_person.is_some();
    let reason: Vec<&str> = online.into_iter().chain(limit.filter(|_| told)).collect();
    Said {
        declared,
        in_person: in_person.is_some(),
        reason: Some(reason.join(" ")).filter(|reason| !reason.is_empty()),
    }
}

/// The sentences of a line. A full stop after a number or a common abbreviation ends none.
fn sentences(line: &str) -> Vec<&str> {
    const ABBREVIATIONS: [&str; 8] = ["Abs", "B", "Nr", "bzw", "ca", "evtl", "ggf", "h"];
    let mut sentences = Vec::new();
    let mut rest = line;
    for (at, stop) in line.match_indices(['.', '!', '?']) {
        let start = line.len() - rest.len();
        let (sentence, after) = (&line[start..at], &line[at + stop.len()..]);
        let last = words(sentence).last().unwrap_or_default();
        let numbered = last.bytes().all(|b| b.is_ascii_digit());
        if after.starts_with(' ') && !numbered && !ABBREVIATIONS.contains(&last) {
            sentences.push(&line[start..at + stop.len()]);
            rest = after.trim_start();
        }
    }
    sentences.push(rest);
    sentences
}

/// Says that the matter itself can be done online.
fn can_be_online(service: &str, sentence: &str) -> bool {
    let small = sentence.to_lowercase();
    let has = |word: &str| words(&small).any(|w| w == word);
    // Most sentences with "online" are about appointments; some about the PIN of the identity card.
    let elsewhere = small.contains("termin") || has("pin") || is_neighbour(service, &[&small]);
    if elsewhere || cannot_be_online(sentence) {
        return false;
    }
    // Not in small letters: "Stellen" are offices.
    let done = ["beantragen", "erledigen", "melden", "stellen", "vornehmen"];
    small.contains("von zu hause aus")
        || (small.starts_with("so funktioniert") && has("online"))
        || (has("können") && has("online") && words(sentence).any(|word| done.contains(&word)))
}

/// Says that the matter, or a part of it, cannot be done online.
fn cannot_be_online(sentence: &str) -> bool {
    let small = sentence.to_lowercase();
    ["nicht online", "online nicht", "keine online"].iter().any(|no| small.contains(no))
        || (small.starts_with("online ") && small.contains("nicht möglich"))
}

/// Says, without condition, that one must come.
fn must_come(sentence: &str) -> bool {
    let small = sentence.to_lowercase();
    let conditional = ["bei ", "beim ", "falls ", "sofern ", "um ", "wenn "];
    if conditional.iter().any(|start| small.starts_with(start)) || small.contains(", um ") {
        return false;
    }
    let has = |word: &str| words(&small).any(|w| w == word);
    let comes = ["erscheinen", "kommen", "vorbeikommen"].into_iter().any(has);
    let in_person = has("vorsprechen") || (has("persönlich") && comes);
    ((has("muss") || has("müssen")) && (in_person || small.contains("vor ort beantragen")))
        || small.contains("nur im bürgerbüro möglich")
}

/// Title and address of the links in a text.
pub(super) fn anchors(html: &str) -> Vec<(String, String)> {
    let anchor = |rest: &str| {
        let (_, rest) = rest.split_once("href=\"")?;
        let (url, rest) = rest.split_once('"')?;
        let (_, rest) = rest.split_once('>')?;
        let (title, _) = rest.split_once("</a")?;
        Some((plain(title), plain(url)))
    };
    html.split("<a ").skip(1).filter_map(anchor).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claimed(service: &str, title: &str, url: &str) -> Option<Claim> {
        claim(service, title, &Url::parse(url).unwrap())
    }

    /// Titles and services are synthetic; the hosts are those of the city.
    #[test]
    fn a_link_is_online_only_where_the_matter_itself_is_done() {
        const FORMS: &str = "https://service.muenchen.de/intelliform/forms/01/x/index";
        const PAGE: &str = "https://stadt.muenchen.de/service/info/123/";
        use Claim::{Appointment, Form, Information, OnlineService};
        for (service, title, url, expected) in [
            ("Angelschein", "Antragstellung", FORMS, Some(OnlineService)),
            ("Angelschein", "Kontaktformular zum Antrag", FORMS, Some(Information)),
            ("Angelschein", "Bedarfsformular", FORMS, Some(Information)),
            ("Angelschein", "Verlust online melden", FORMS, Some(Information)),
            ("Verlust des Angelscheins", "Verlustanzeige", FORMS, Some(OnlineService)),
            ("Boot", "Boot online abmelden", PAGE, Some(OnlineService)),
            ("Boot", "Vorteile des Online-Ausweises", PAGE, Some(Information)),
            ("Boot", "Antrag", PAGE, Some(Information)),
            ("Boot", "Antrag", "https://stadt.muenchen.de/dms/Home/Antrag_Boot", Some(Form)),
            ("Boot", "Boot", "https://stadt.muenchen.de/dam/1/Antrag-Boot.pdf", Some(Form)),
            ("Boot", "Info zum Antrag", "https://example.org/a.pdf", Some(Information)),
            ("Boot", "Vollmacht", "https://example.org/terminvereinbarung_x", Some(Appointment)),
            ("Boot", "Online Terminvereinbarung", FORMS, Some(Appointment)),
            ("Boot", "Datenschutzhinweise", PAGE, None),
        ] {
            assert_eq!(claimed(service, title, url), expected, "{service}: {title} {url}");
        }
    }

    /// All sentences are synthetic.
    #[test]
    fn only_plain_words_say_that_a_matter_can_be_done_online() {
        use Declared::{NotOnline, Online, Partly};
        for (text, declared, in_person) in [
            ("Sie können den Angelschein online oder hier beantragen.", Some(Online), false),
            ("Bequem von zu Hause aus meldet man sein Boot um.", Some(Online), false),
            ("So funktioniert der Online-Antrag: Formular öffnen.", Some(Online), false),
            ("Sie können online einen Termin vereinbaren.", None, false),
            ("Sie können das online mit anderen Stellen besprechen.", None, false),
            ("Sie können eine neue PIN online beantragen.", None, false),
            ("Den Verlust können Sie online melden.", None, false),
            ("Sie können das Boot online ummelden. Das geht nicht.", None, false),
            (
                "Das können Sie online erledigen. Für Zweitboote ist es online nicht möglich.",
                Some(Partly),
                false,
            ),
            (
                "Das können Sie online beantragen. Zum Abholen müssen Sie persönlich erscheinen.",
                Some(Partly),
                true,
            ),
            ("Online ist das derzeit nicht möglich.", Some(NotOnline), false),
            ("Die Online-Funktion ist dann nicht möglich.", None, false),
            ("Sie müssen dafür persönlich vorsprechen.", None, true),
            ("Wenn Sie z.B. umziehen, müssen Sie persönlich vorsprechen.", None, false),
            ("Zum Schluss. Bei Nr. 3 müssen Sie persönlich vorsprechen.", None, false),
            ("Sie müssen den Antrag persönlich unterschreiben.", None, false),
        ] {
            let said = said("Angelschein", &[text.to_owned()]);
            assert_eq!((said.declared, said.in_person), (declared, in_person), "{text}");
            assert_eq!(said.reason.is_some(), declared.is_some() || in_person, "{text}");
        }
    }

    #[test]
    fn links_are_found_in_markup() {
        let html = "<p>a <a target='x' href=\"https://a.de/?x=1&amp;y=2\"> <b>hier</b> </a> b <a name=\"q\">";
        assert_eq!(anchors(html), [("hier".to_owned(), "https://a.de/?x=1&y=2".to_owned())]);
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text: String, stops in "[.!? A-Za-zä0-9]{0,40}") {
            said(&text, &[stops, text.clone()]);
            anchors(&format!("<a href=\"{text}\">{text}</a>"));
        }
    }
}
