//! Notices personal data in a citizen's message, so that the bot can ask not to send any.
//!
//! The bot needs none of it to name the right service. The rules would rather overlook a name than
//! suspect a question: a hit needs either a shape that nothing else has (an e-mail address, an IBAN
//! with the right check digits, a telephone number with its trunk zero) or a word that says what
//! follows ("Aktenzeichen", "geboren am", "ich heiße").
//!
//! Left out on purpose: addresses and postcodes, because the answer depends on the place; number
//! plates, because who writes one mostly asks for a plate of choice or reports somebody's wreck;
//! ages and years of birth ("Jahrgang 1962"), because the answer may depend on them.
//!
//! Word boundaries are those of ASCII: the `regex` crate leaves its fast engines at a Unicode
//! boundary as soon as a text has an umlaut. Where a letter next to a match matters, code checks it.

use std::cell::LazyCell;
use std::ops::Range;
use std::sync::LazyLock;

use regex::{Captures, Regex};

/// What kind of personal data a text seems to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Personal {
    /// An e-mail address, anybody's: a person's cannot be told from an office's. Also with `(at)`.
    Email,
    /// A telephone number: with `+` or `00` and a country, with the trunk zero of a German area or
    /// mobile code, or without it after "Telefon", "Handynummer" ...; at least seven digits. Never
    /// 110, 112, 115, 116 xxx, 0800, 0180 and the like, which belong to nobody in person.
    Phone,
    /// An international bank account number with the length of its country and right check digits.
    Iban,
    /// A full date up to 2023 that is said to be a birth: "geboren am 3.5.1980", "*3.5.1980". A
    /// later one, or one without a year, tells of a new baby, and the answer needs that. A limit
    /// ("geboren vor dem 1.1.1953") is nobody's birthday.
    BirthDate,
    /// The number under which an office or a firm keeps somebody's matter, with at least four digits
    /// after a word for it: "Aktenzeichen", "Az.", "Kassenzeichen", "Kundennummer", "Steuernummer".
    FileNumber,
    /// The eleven digits of the tax identification number, only after a word for it: bare, they
    /// could be anything, and [`Personal::Phone`] wants a zero or a plus first, so it stays silent.
    TaxId,
    /// The number of an identity card, passport, residence permit or driving licence after its word.
    IdNumber,
    /// A number of the pension insurance ("65 180539 W 008"), by its shape: the digits in its middle
    /// are the date of birth. Such a number without that shape is a [`Personal::FileNumber`].
    SocialNumber,
    /// A person's name: after "ich heiße", "mein Name ist", "Name:", below a closing formula, or
    /// after "Herr" and "Frau", the writer's or a third person's. In a text without capitals only
    /// one or two words up to the end of the clause, and none that is an ordinary word.
    Name,
}

/// Compiles the patterns, which takes milliseconds, so that no citizen waits for it.
pub fn prepare() {
    // One of each kind.
    let sample = "Frau Muster, geb. 03.05.1980, a@example.org, 0171 2345678, ich heiße Max Mustermann, \
        DE89 3704 0044 0532 0130 00, Az. 12 O 345/20, Steuer-ID 12 345 678 901, \
        Ausweisnummer L01X00T47, 65 180539 W 008, my name is John Smith\nMfG\nMax Muster";
    let _ = find(sample);
}

/// Finds personal data: its kind and where it stands in `text`, in bytes, in the order of the text.
///
/// A range holds the data only, not the words that announce it ("geboren am", "Frau"), and no two
/// ranges overlap: of two readings the more specific one counts.
pub fn find(text: &str) -> Vec<(Personal, Range<usize>)> {
    let mut found = Found { text, hits: Vec::new() };
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    if text.contains(['@', '(', '[']) {
        found.emails();
    }
    if digits >= 4 {
        if digits >= 11 {
            found.ibans();
            found.social_numbers();
            found.tax_ids();
        }
        found.id_numbers();
        found.file_numbers();
        found.birth_dates();
        if digits >= 7 {
            found.phones();
        }
    }
    found.names();
    found.hits.sort_by_key(|(_, range)| range.start);
    found.hits
}

// --- Patterns ------------------------------------------------------------------------------------
// In verbose mode: blanks and line breaks count only when escaped.

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the pattern is a constant and tested")
}

/// The edge of a word of ASCII letters and digits.
const B: &str = r"(?-u:\b)";

/// What may stand between a word for a number and the number: "Kundennummer ist: 4711".
const LINK: &str = r#"(?: [\s:=\#"„“(] | (?:nr|nummer|number|ist|lautet|is)(?-u:\b)\.? )*"#;

const MONTH: &str = r"(?:
    jan(?:uary?|\.)? | jänner | feb(?:ruary?|\.)? | märz | maerz | march | apr(?:il|\.)? | mai | may
    | jun[ie]? | jul[iy]? | aug(?:ust|\.)? | sept?(?:ember|\.)? | o[kc]t(?:ober|\.)?
    | nov(?:ember|\.)? | de[zc](?:ember|\.)? )";

/// A full date as the group `name`. What matters is its year, in the one of five groups that is
/// set. After the name of a month only four digits are a year: "3. Mai 20 Uhr".
fn date(name: &str) -> String {
    let day = "(?:0?[1-9]|[12][0-9]|3[01])";
    let month = "(?:0?[1-9]|1[0-2])";
    let year = "(?:19|20)[0-9]{2}";
    format!(
        r"(?P<{name}>
            {day} [./-] {month} [./-] (?P<{name}1>{year}|[0-9]{{2}})
            | {day}\.\ ? {month}\.\ ? (?P<{name}2>{year})
            | {day}(?:\.|st|nd|rd|th)?\ ? (?:of\ )? {MONTH},?\ (?P<{name}3>{year})
            | {MONTH}\ {day}(?:st|nd|rd|th)?,?\ (?P<{name}4>{year})
            | (?P<{name}5>{year})-{month}-{day}
        ){B}"
    )
}

static EMAIL: LazyLock<Regex> = LazyLock::new(|| {
    regex(r"(?ix) [\w.%+-]+ (?: @ | \ ?[(\[]at[)\]]\ ? ) [\w-]+ (?:\.[\w-]+)* \.[a-z]{2,}")
});

/// Without `i`: in Unicode a long s is a small S, and the code after it counts bytes.
static IBAN: LazyLock<Regex> =
    LazyLock::new(|| regex(r"(?-u:\b)[A-Za-z]{2} ?[0-9]{2}(?:[ \u{a0}-]?[A-Za-z0-9]){11,40}"));

/// Area number, date of birth, initial, serial number with check digit.
static SOCIAL_NUMBER: LazyLock<Regex> = LazyLock::new(|| {
    regex(&format!(
        r"(?ix) {B} [0-9]{{2}} [\ -]? (?:0[1-9]|[12][0-9]|3[01]) (?:0[1-9]|1[0-2]) [0-9]{{2}}
        [\ -]? [a-z] [\ -]? [0-9]{{3}} {B}"
    ))
});

static TAX_ID: LazyLock<Regex> = LazyLock::new(|| {
    regex(&format!(
        r"(?ix) {B} (?: (?:steuer[\ -]?)? ident(?:ifikations)?[\ -]?(?:nummer|nr)
            | steuer[\ -]?id (?:[\ -]?(?:nummer|nr))? | id-?nr
            | tax\ id (?:entification\ number)? | tin
        ){B} \.? {LINK} (?P<number> [1-9][0-9] (?:[\ \u{{a0}}./-]?[0-9]){{9}} ){B}"
    ))
});

/// The word may be the end of a longer one: "Personalausweisnummer".
static ID_NUMBER: LazyLock<Regex> = LazyLock::new(|| {
    regex(&format!(
        r"(?ix) (?: ausweis | pass | perso | f(?:ü|ue)hrerschein | aufenthaltstitel | passport
            | id\ card | licen[cs]e )
        s? [\ -]? (?:nummer|nr|number|no){B} \.? {LINK} (?P<number> [a-z0-9]{{7,12}} ){B}"
    ))
});

static FILE_NUMBER: LazyLock<Regex> = LazyLock::new(|| {
    regex(&format!(
        r"(?ix) {B} (?:
            (?: akten | gesch(?:ä|ae)fts | kassen | buchungs | ordnungs | vorgangs
                | mein\  | ihr\  | unser\  ) -?zeichen
            | (?P<short> az | gz )
            | (?: akten | antrags | bedarfsgemeinschafts | bescheid | bg | fall | kindergeld | konto
                | kunden | matrikel | mitglieds | personal | rechnungs | vertrags | vorgangs
                | wohngeld | (?:kranken|renten|sozial|unfall)? versicher(?:ten|ungs)
              ) [\ -]? (?:nummer|nr)
            | (?: case | customer | file | insurance | reference | social\ security )\ (?:number|no)
            | (?P<tax> steuer[\ -]?(?:nummer|nr) | st\.?[\ -]?nr | tax\ number )
        ){B} \.? {LINK}"
    ))
});

/// A word for being born, then the date; or the date, then the word. What may stand in between is
/// listed, so that a limit ("vor dem", "ab", "bis") ends the match; before the date it is caught.
static BIRTH_DATE: LazyLock<Regex> = LazyLock::new(|| {
    let (after, before) = (date("after"), date("before"));
    regex(&format!(
        r"(?ix) {B} (?:
            (?: geboren | geb\.?[\ -]?(?:datum|dat|tag) | geb | geburts(?:datum|tag)
                | born | birthday | birth\ ?date | date\ of\ birth | dob ){B} \.?
            (?: [\s:=(]
                | (?: mon | diens | donners | frei | sams | sonn )tag,? | mittwoch,?
                | (?: am | bin | dem | den | der | ich | ist | war | wurde | is | on | the | was
                    | in (?:\ [\w.-]+){{1,2}}? ){B} )*
            {after}
            | (?P<limit>
                (?: ab | bis | nach | seit | und | vom | vor | zwischen | after | before | since )
                \ (?: dem\  | den\  | zum\  )? )?
            {before}\ (?: in (?:\ [\w.-]+){{1,2}}\  )? (?: geboren | geburtstag | born ){B}
        )"
    ))
});

static BIRTH_STAR: LazyLock<Regex> = LazyLock::new(|| {
    let date = date("after");
    regex(&format!(r"(?ix) (?P<bullet> ^\s* | \n\s* | [^\w*] ) \* (?P<gap>\ ?) {date} (?:[^*]|$)"))
});

/// A date at the beginning: no number of a file.
static DATE: LazyLock<Regex> = LazyLock::new(|| regex(&format!("(?ix) ^ {}", date("after"))));

/// A telephone number without the trunk zero, or of the same town.
static PHONE_WORD: LazyLock<Regex> = LazyLock::new(|| {
    regex(&format!(
        r"(?ix) {B} (?: tel | telefon | handy | mobile? | ruf | fax | phone | whatsapp )
        [\ -]? (?:nummer|nr|number)? {B} \.? {LINK} (?P<number> [1-9][0-9]* (?:[\ /-][0-9]+)* ){B}"
    ))
});

/// An amount, a time, a quantity: what stands before it is no number of anybody.
static UNIT: LazyLock<Regex> = LazyLock::new(|| {
    regex(&format!(
        r"(?ix) ^ \s? (?: € | % | m² | (?: euro? | ct | cent | uhr | h | k?m | qm | m2 | cbm | kg
            | kwh | prozent | einwohner | leute | personen | kinder | stück | zimmer
            | stunden | tage | wochen | monate | jahre ){B} )"
    ))
});

/// Where the writer is about to give a name.
static NAME_WORD: LazyLock<Regex> = LazyLock::new(|| {
    regex(&format!(
        r"(?ix) {B} (?:
            (?: (?P<called> ich\ hei(?:ß|ss)e? ) | (?P<turned> hei(?:ß|ss)e\ ich )
                | (?: (?: ich\ bin | i\ am | i['’]m )\ (?:der\ |die\ )?
                    (?: herr | frau | mrs? | ms ) \.? )
                | mein\ (?:\w+\ )? (?: vor | nach | familien | geburts | mädchen | maedchen )? name
                    \ (?: ist | lautet | war )
                | my\ (?:\w+\ )? (?: name | surname ) (?: \ is | ['’]s )
            ) :? [\ \u{{a0}}]+
            | (?P<label>
                (?: vor | nach | familien | geburts | mädchen | maedchen | sur
                    | (?:first|full|last)\ )?
                name (?:\ de[rs]\ \w+)? : )
        )"
    ))
});

/// The honorific of a person. Written small it is a wife or a woman, and "Fr." is a Friday.
static HONORIFIC: LazyLock<Regex> =
    LazyLock::new(|| regex(r"(?-u:\b)(?:Herrn?|Frau|Hr\.|Fam\.|Mrs?\.?|Ms\.?)[ \u{a0}]"));

/// The formula above a signature.
static CLOSING: LazyLock<Regex> = LazyLock::new(|| {
    regex(&format!(
        r"(?ix) {B} (?: mfg | [lv]g | hochachtungsvoll | gr(?:ü|ue)(?:ß|ss)en? | gru(?:ß|ss)
            | regards | sincerely ) [^\w\x22“”]+ (?: (?:ihre?|eure?|deine?)\  )?"
    ))
});

// --- Ordinary words ------------------------------------------------------------------------------

/// Words that stand where a name could, after "ich heiße", "mein Name ist", "Frau", "Grüße": little
/// words, German and English; what a name is like, German and English; what a person is; greetings.
const ORDINARY: &str = "\
    aber als am an auch auf aus bald bei beim bin bis bisher bitte da dabei damals dank danke \
    dann das dass dein deine dem den denn der des dich die dir doch dort dran drauf drin du eben \
    eh eigentlich ein eine einen er es etwas euch euer eure früher für ganz gar genau genauso \
    gerade gern gerne hab habe halt hat heute hier ich ihm ihn ihnen ihr ihre im immer in ins ist \
    ja jedoch jetzt kein keine künftig leider man mein meine meiner mich mir mit morgen nach \
    nachher nein nicht nichts nie niemand noch nun nur ob oder offiziell ohne schon sehr seit sie \
    so soll sondern später und uns unser unsere vielen vom von vor voraus vorher war was weder \
    weg wegen weil wenn wer werde wie wieder will wird wo zu zum zur zwar über überall übrigens \
    a also and but for my no not now of on or still the this to too very your \
    alt anders bekannt belegt bestandteil blöd deutsch doof doppelt egal einfach falsch fremd \
    gleich hase häufig identisch kaputt komisch korrekt kurz lang lange länger mist namenlos \
    nebensache neu normal ok okay pflicht privat privatsache programm schall scheiße schlecht \
    schlimm schwer schön selten tabu teil teuer thema unbekannt unklar unlesbar unterschiedlich \
    verkehrt verschieden zweierlei \
    changed correct different english foreign german hyphenated incorrect long mine missing \
    misspelled misspelt new old right same short spelled spelt unknown written wrong \
    afghanin alle alleinerziehend allerseits alter arbeitslos ausland baby behindert bulgarin \
    bürgermeister bürgermeisterin chef chefin chinesin deutsche deutscher deutschland doktor \
    eltern enkel französin frau freund freundin gemahl gemahlin germany gott griechin hallo \
    hausarzt herr himmel holle hund kanzler kind kinder kollege kollegin kosten krank kroatin \
    landrat lehrer mama mann minister mitglied mutter nachbar nachbarin ober oberbürgermeister \
    oma opa papa pfarrer polin polizist professor präsident rathaus rektor rentner richter \
    rumänin russin schwanger single sohn stadt stadtverwaltung student studentin syrien team \
    tochter tod türkei türkin ukraine unterschied vater verstorben vietnamesin wirt witwe \
    zusammen zuständig \
    beste freundliche gruß grüße herzliche liebe mfg schöne viele";

/// Ends of German nouns that hardly a surname has: "Frau Elterngeld", "Name: Änderung".
const NOUN_ENDS: &str = "\
    amt antrag arbeit asyl ausweis beitrag beruf chung dlung eitung erin erung geburt geld \
    gerecht gewalt heirat heit hilfe hlung hnung ibung idung igung job karte kasse keit klasse \
    konto kurs ldung lohn ltung mmung nachzug name namen ndung nummer pass pflege platz \
    präsidentin ratung rente retung rätin schaft schein schutz srecht stelle steuer stunde termin \
    tion titel ttung tzung ubnis ugnis ungen unterhalt urkunde uung vertrag visum zeit zuschlag \
    zuschuss üfung";

/// Ends of adjectives, for a word in a text without capitals: "peinlich", "kompliziert".
const ADJECTIVE_ENDS: &str = "lich isch iert tig end chbar haft";

/// Beginnings of participles on "-t" and "-en", for the same: "geschrieben", "eingetragen".
const PARTICIPLE_STARTS: &str = "abge ange aufge ausge einge ge umge ver zuge";

/// Adverbs between "ich heiße" and a name that has its capital.
const ADVERBS: &str =
    "aber aktuell also bisher bürgerlich derzeit jetzt noch nun nämlich offiziell wieder übrigens";

/// Words before a name that are no part of it.
const TITLES: &str = "\
    dipl doktor dr eheleute ehepaar fam familie frau herr herrn hr ing jur med mr mrs ms phil \
    prof professor";

/// Little words inside a name.
const PARTICLES: &str =
    "abu al ben bin da de del della den der di dos el ibn la le ten ter van vom von zu zur";

/// Words that may stand right before "ich heiße" at the beginning of a clause. After others the
/// ash is hot: "Wohin kann ich heiße Asche tun".
const BEFORE_ICH: &str = "abend also danke gott hallo hey hi ja moin morgen servus tag und";

/// Words that start the next clause in a text without punctuation.
const NEXT_CLAUSE: &str = "and aus bin brauche geboren habe i ich komme möchte und wohne";

/// Words before "Frau" that make her a wife or any woman. "Ihre Frau Weber" works at the office.
const NOT_A_MISS: &str = "\
    als alte dein deine deiner dessen eine einer ersten eure euren eurer jede jeder junge keine \
    keiner kranke mein meine meiner neue sein seine seiner unsere unserer zweiten";

/// The same: "eine alleinstehende Frau".
const PRESENT_PARTICIPLE_ENDS: &str = "nde nden nder";

/// Words that make "Grüße" a formula in a text without capitals.
const GREETING: &str = "\
    beste besten best freundliche freundlichem freundlichen herzliche herzlichen kind liebe lieben \
    schöne schönen viele vielen warm";

/// What separates words without ending a line.
const BLANKS: [char; 2] = [' ', '\u{a0}'];

fn listed(list: &str, word: &str) -> bool {
    list.split(' ').any(|entry| entry == word)
}

fn ends_like(list: &str, word: &str) -> bool {
    list.split(' ').any(|end| word.ends_with(end))
}

// --- Finding -------------------------------------------------------------------------------------

struct Found<'t> {
    text: &'t str,
    hits: Vec<(Personal, Range<usize>)>,
}

impl Found<'_> {
    /// Keeps a hit unless a more specific one, found before, already holds a part of it.
    fn add(&mut self, kind: Personal, range: Range<usize>) {
        let free = |(_, hit): &(_, Range<usize>)| hit.end <= range.start || range.end <= hit.start;
        if self.hits.iter().all(free) {
            self.hits.push((kind, range));
        }
    }

    fn emails(&mut self) {
        for found in EMAIL.find_iter(self.text) {
            self.add(Personal::Email, found.range());
        }
    }

    fn ibans(&mut self) {
        for found in IBAN.find_iter(self.text) {
            if let Some(length) = iban_length(found.as_str()) {
                self.add(Personal::Iban, found.start()..found.start() + length);
            }
        }
    }

    fn social_numbers(&mut self) {
        for found in SOCIAL_NUMBER.find_iter(self.text) {
            self.add(Personal::SocialNumber, found.range());
        }
    }

    fn tax_ids(&mut self) {
        for found in TAX_ID.captures_iter(self.text) {
            self.add(Personal::TaxId, group(&found, "number"));
        }
    }

    fn id_numbers(&mut self) {
        for found in ID_NUMBER.captures_iter(self.text) {
            let number = group(&found, "number");
            if count_digits(&self.text[number.clone()]) >= 3 {
                self.add(Personal::IdNumber, number);
            }
        }
    }

    fn file_numbers(&mut self) {
        for found in FILE_NUMBER.captures_iter(self.text) {
            let whole = found.get_match();
            let least = if found.name("tax").is_some() { 10 } else { 4 };
            // "AZ AB 1234" is a number plate of Alzey.
            let plate = found.name("short").is_some_and(|short| {
                !self.text[short.end()..].starts_with(['.', ':'])
                    && !self.text[whole.end()..].starts_with(|c: char| c.is_ascii_digit())
            });
            if !plate && let Some(number) = file_number_at(self.text, whole.end(), least) {
                self.add(Personal::FileNumber, number);
            }
        }
    }

    fn birth_dates(&mut self) {
        for found in BIRTH_DATE.captures_iter(self.text) {
            if found.name("limit").is_none() && born_long_ago(&found) {
                let name = if found.name("after").is_some() { "after" } else { "before" };
                self.add(Personal::BirthDate, group(&found, name));
            }
        }
        for found in BIRTH_STAR.captures_iter(self.text) {
            // "* 3.5.2020 Umzug" at the beginning of a line is an item of a list.
            let line = found["bullet"].contains('\n') || group(&found, "bullet").start == 0;
            let bullet = line && !found["gap"].is_empty() && found["bullet"].trim().is_empty();
            if !bullet && born_long_ago(&found) {
                self.add(Personal::BirthDate, group(&found, "after"));
            }
        }
    }

    fn phones(&mut self) {
        let groups = digit_groups(self.text);
        let mut first = 0;
        while first < groups.len() {
            if let Some((used, phone)) = phone_at(self.text, &groups[first..]) {
                self.add(Personal::Phone, phone);
                first += used;
            } else {
                first += 1;
            }
        }
        for found in PHONE_WORD.captures_iter(self.text) {
            let number = group(&found, "number");
            let digits = only_digits(&self.text[number.clone()]);
            let service = digits.starts_with("11") || digits.starts_with("800");
            let length = (7..=13).contains(&digits.len());
            if length && !service && !before_unit(self.text, number.end) {
                self.add(Personal::Phone, number);
            }
        }
    }

    fn names(&mut self) {
        let text = self.text;
        let capitals = LazyCell::new(|| has_capitals(text));
        for found in NAME_WORD.captures_iter(text) {
            let whole = found.get_match();
            let before = last_word(&text[..whole.start()]);
            let has = |name| found.name(name).is_some();
            let allowed = if has("called") {
                before.is_empty() || listed(BEFORE_ICH, &before)
            } else {
                // Small words after a label are keywords: "name: ändern".
                !(has("turned") && before == "wie")
                    && (*capitals || !has("turned") && !has("label"))
            };
            let at = skip_words(text, whole.end(), ADVERBS);
            if allowed && let Some(name) = name_at(text, whole.end(), at, *capitals) {
                self.add(Personal::Name, name);
            }
        }

        let sentence = LazyCell::new(|| has_small_word(text));
        for found in HONORIFIC.find_iter(text) {
            let before = &text[..found.start()];
            let word = last_word(before);
            let couple = before.ends_with("ann und ") || before.ends_with("ann oder ");
            let wife =
                couple || listed(NOT_A_MISS, &word) || ends_like(PRESENT_PARTICIPLE_ENDS, &word);
            if !wife
                && *sentence
                && let Some(name) = capital_name(text, found.end(), 1)
            {
                self.add(Personal::Name, name);
            }
        }

        for found in CLOSING.find_iter(text) {
            let before = text[..found.start()].trim_end_matches(BLANKS);
            let word = last_word(before);
            let formula = match found.as_str().as_bytes()[0].to_ascii_lowercase() {
                // "LG" and "VG" are courts as well, and small "grüße" is a word like others.
                b'l' | b'v' => matches!(&*word, "danke" | "dank"),
                b'g' | b'r' => *capitals || listed(GREETING, &word),
                _ => true,
            };
            let ended = before.is_empty() || before.ends_with(['.', '!', '?', '\n', ')']);
            if (formula || ended)
                && let Some(name) = name_at(text, found.end(), found.end(), *capitals)
                && ends_line(&text[name.end..])
            {
                self.add(Personal::Name, name);
            }
        }
    }
}

/// The range of a group that is known to have matched.
fn group(found: &Captures, name: &str) -> Range<usize> {
    found.name(name).expect("the pattern cannot match without the group").range()
}

fn count_digits(text: &str) -> usize {
    text.bytes().filter(u8::is_ascii_digit).count()
}

fn only_digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

fn before_unit(text: &str, at: usize) -> bool {
    UNIT.is_match(&text[at..])
}

// --- Numbers -------------------------------------------------------------------------------------

/// The lengths of the countries' account numbers, from the register of SWIFT.
const IBAN_LENGTHS: &str = "\
    AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 EE20 \
    EG29 ES24 FI18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 \
    KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MR27 MT31 MU30 NL18 NO15 PK24 \
    PL28 PS29 PT25 QA29 RO24 RS22 SA24 SE24 SI19 SK24 SM27 TN24 TR26 UA29 VA22 VG24 XK20";

/// How many bytes of a candidate are an IBAN: what follows it may look like more of it.
fn iban_length(candidate: &str) -> Option<usize> {
    let country = candidate[..2].to_ascii_uppercase();
    let length = IBAN_LENGTHS.split(' ').find_map(|entry| entry.strip_prefix(country.as_str()))?;
    let signs = candidate.char_indices().filter(|(_, sign)| sign.is_ascii_alphanumeric());
    let signs: Vec<(usize, char)> = signs.take(length.parse::<usize>().ok()?).collect();
    let end = signs.last()?.0 + 1;
    let whole = signs.len() == length.parse::<usize>().ok()?
        && !candidate[end..].starts_with(|next: char| next.is_ascii_alphanumeric());
    // The country and the check digits go last; a letter counts as two digits from 10 to 35.
    let turned = signs[4..].iter().chain(&signs[..4]);
    let rest = turned.fold(0, |rest, (_, sign)| {
        let value = sign.to_digit(36).unwrap_or(0);
        (rest * if value < 10 { 10 } else { 100 } + value) % 97
    });
    (whole && rest == 1).then_some(end)
}

/// The number of a file at `at`: groups of digits with short groups of letters among them, joined
/// by blanks, points, strokes. No date, no year, no amount, and at least so many digits.
fn file_number_at(text: &str, at: usize, least: usize) -> Option<Range<usize>> {
    const LITTLE: &str = "ab am an bis das der die für ich im in mit oder seit um und vom von zu";
    let (mut end, mut next) = (at, at);
    let (mut digits, mut years, mut groups) = (0, 0, 0);
    for _ in 0..8 {
        let rest = &text[next..];
        let length = rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len());
        let part = &rest[..length];
        let figures = count_digits(part);
        if figures > 0 {
            if before_unit(text, next + length) {
                break;
            }
            (digits, groups, end) = (digits + figures, groups + 1, next + length);
            years += usize::from(figures == 4 && is_year(part));
        } else if part.is_empty() || part.len() > 4 || listed(LITTLE, part) {
            break;
        }
        let rest = &rest[length..];
        let gap = rest.find(|c| !matches!(c, ' ' | '.' | '/' | '-')).unwrap_or(rest.len());
        if gap == 0 || gap > 3 || rest.starts_with(". ") {
            break;
        }
        next += length + gap;
    }
    let number = &text[at..end];
    let date = DATE.find(number).is_some_and(|date| {
        let rest = &number[date.end()..];
        rest.is_empty() || rest.starts_with(' ')
    });
    (digits >= least && years < groups && !date).then_some(at..end)
}

fn is_year(number: &str) -> bool {
    number.len() == 4 && (number.starts_with("19") || number.starts_with("20"))
}

/// Whether the year of a date is one up to 2023. Of two digits 24 to 30 are of this century: a
/// baby is more often announced than somebody of nearly a hundred asks.
fn born_long_ago(found: &Captures) -> bool {
    let year = (1..=5)
        .flat_map(|form| [format!("after{form}"), format!("before{form}")])
        .find_map(|name| found.name(&name));
    match year.and_then(|year| year.as_str().parse::<u32>().ok()) {
        Some(short @ 0..=99) => !(24..=30).contains(&short),
        Some(long) => long <= 2023,
        None => false,
    }
}

fn digit_groups(text: &str) -> Vec<Range<usize>> {
    let mut groups: Vec<Range<usize>> = Vec::new();
    for (at, _) in text.bytes().enumerate().filter(|(_, byte)| byte.is_ascii_digit()) {
        match groups.last_mut() {
            Some(last) if last.end == at => last.end = at + 1,
            _ => groups.push(at..at + 1),
        }
    }
    groups
}

/// The telephone number that begins with the first of these groups of digits, if one does, and how
/// many of the groups it takes.
fn phone_at(text: &str, groups: &[Range<usize>]) -> Option<(usize, Range<usize>)> {
    let first = &text[groups[0].clone()];
    let before = text[..groups[0].start].trim_end_matches('(');
    let plus = before.ends_with('+');
    let before = before.strip_suffix('+').unwrap_or(before);
    let mut behind = before.chars().rev();
    let glued = match behind.next() {
        Some('.' | ',' | '-' | '/' | ':') => behind.next().is_some_and(|c| c.is_ascii_digit()),
        // A group inside of a longer number, say of an account.
        Some(' ') => !plus && behind.next().is_some_and(|c| c.is_ascii_digit()),
        Some(letter) => letter.is_alphanumeric() || letter == '_',
        None => false,
    };
    // 0815 is no area but a figure of speech.
    let trunk = first.starts_with('0') && first.len() >= 3 && first != "0815";
    if glued || !(plus || trunk) || before_unit(text, groups[0].end) {
        return None;
    }

    let mut digits = first.to_owned();
    let mut used = 1;
    for pair in groups.windows(2) {
        let next = &text[pair[1].clone()];
        let another = digits.len() >= 7 && next.len() >= 3 && next.starts_with('0');
        if !joins(&text[pair[0].end..pair[1].start])
            || another
            || digits.len() + next.len() > 15
            || before_unit(text, pair[1].end)
        {
            break;
        }
        digits.push_str(next);
        used += 1;
    }
    let mut after = text[groups[used - 1].end..].chars();
    let cut = match after.next() {
        Some(',' | ':') => after.next().is_some_and(|c| c.is_ascii_digit()),
        Some(letter) => letter.is_alphabetic(),
        None => false,
    };
    let bare = used == 1;
    let valid = if plus {
        is_international(&digits)
    } else if let Some(abroad) = digits.strip_prefix("00") {
        // Numbers of meters and articles begin with zeros as well: bare only nearby countries.
        is_international(abroad) && (!bare || ["41", "43", "49"].contains(&&abroad[..2]))
    } else {
        is_national(&digits[1..], bare) && !is_postcode_and_more(text, &groups[..used])
    };
    // The plus and an opening bracket belong to it.
    let end = groups[used - 1].end;
    let closed = text[groups[0].end..end].contains(')');
    let start = if closed || plus { before.len() } else { groups[0].start };
    (valid && !cut).then_some((used, start..end))
}

/// Whether this may stand between two groups of digits of one telephone number.
fn joins(gap: &str) -> bool {
    let sign = |c| matches!(c, ' ' | '\u{a0}' | '\u{202f}' | '.' | '/' | '(' | ')' | '-' | '–');
    gap.chars().count() <= 3 && gap.chars().all(sign) && !gap.starts_with(". ")
}

/// Whether a number, without its country and trunk zero, is nobody's: emergencies, services, and
/// codes that do not exist. Mobiles are 15, 16, 17; areas begin with 2 to 9.
fn is_service(number: &str) -> bool {
    let codes = ["0", "10", "11", "12", "13", "14", "18", "19", "800", "900"];
    codes.iter().any(|code| number.starts_with(code))
}

/// A number with its country, without plus or zeros: "49 7071 ...".
fn is_international(digits: &str) -> bool {
    let german = digits.strip_prefix("49").map(|rest| rest.trim_start_matches('0'));
    (9..=15).contains(&digits.len()) && !digits.starts_with('0') && !german.is_some_and(is_service)
}

/// A number behind its trunk zero. Eight bare digits with a zero are rather the key of a
/// municipality, twelve that of a region.
fn is_national(number: &str, bare: bool) -> bool {
    let lengths = match number.as_bytes().first() {
        Some(b'1') => 9..=12,
        _ if bare => 8..=10,
        _ => 6..=12,
    };
    lengths.contains(&number.len()) && !is_service(number)
}

/// Eastern postcodes begin with a zero: "04109 2026", "01067 01099". With a bracket, a stroke or
/// a longer number behind it such a group is the code of an area.
fn is_postcode_and_more(text: &str, groups: &[Range<usize>]) -> bool {
    let [first, second, rest @ ..] = groups else { return false };
    if first.len() != 5 || &text[first.end..second.start] != " " {
        return false;
    }
    let second = &text[second.clone()];
    second.starts_with('0') || rest.is_empty() && (second.len() < 4 || is_year(second))
}

// --- Names ---------------------------------------------------------------------------------------

/// Whether a text has capitals where German wants them, so that a small word is no name: a capital
/// other than at the beginning of a sentence and other than "I", and not nothing but capitals.
fn has_capitals(text: &str) -> bool {
    let mut start = true;
    let mut capital = false;
    let mut letters = text.chars().peekable();
    let mut small = false;
    while let Some(letter) = letters.next() {
        small |= letter.is_lowercase();
        let alone = letter == 'I' && letters.peek().is_none_or(|next| !next.is_alphabetic());
        capital |= letter.is_uppercase() && !start && !alone;
        start = match letter {
            '.' | '!' | '?' | '\n' => true,
            _ => start && !letter.is_alphanumeric(),
        };
    }
    capital && small
}

/// Whether any word begins small: keywords with capitals ("Frau Ausland Nachzug") are no sentence.
fn has_small_word(text: &str) -> bool {
    text.split_whitespace().any(|word| word.starts_with(char::is_lowercase))
}

/// The last word in small letters; none if the text ends in a sign.
fn last_word(text: &str) -> String {
    let words = text.trim_end_matches(BLANKS).rsplit(|c: char| !c.is_alphanumeric());
    words.take(1).collect::<String>().to_lowercase()
}

/// The word after blanks at `at`, if one is there: letters, with hyphens and apostrophes inside.
fn word_at(text: &str, at: usize) -> Option<Range<usize>> {
    let rest = text[at..].trim_start_matches(BLANKS);
    let start = text.len() - rest.len();
    let inside = |c: char| c.is_alphabetic() || matches!(c, '-' | '\'' | '’');
    let length = rest.find(|c| !inside(c)).unwrap_or(rest.len());
    rest.starts_with(char::is_alphabetic).then_some(start..start + length)
}

/// A name at `at`, or in a text with capitals at `skipped`, behind words that do not belong to it.
fn name_at(text: &str, at: usize, skipped: usize, capitals: bool) -> Option<Range<usize>> {
    if capitals { capital_name(text, skipped, 3) } else { small_name(text, at) }
}

/// Where up to four words of a list end, with their points.
fn skip_words(text: &str, mut at: usize, list: &str) -> usize {
    for _ in 0..4 {
        match word_at(text, at) {
            Some(word) if listed(list, &text[word.clone()].to_lowercase()) => {
                at = word.end + usize::from(text[word.end..].starts_with('.'));
            }
            _ => break,
        }
    }
    at
}

/// A name of capitalised words, with so many after the first: "Dr. Max von Mustermann".
fn capital_name(text: &str, at: usize, more: usize) -> Option<Range<usize>> {
    let at = skip_words(text, at, TITLES);
    let first = word_at(text, at)?;
    let mut end = match initial(text, &first) {
        Some(end) => capital_word(text, end)?,
        None => capital_word(text, at)?,
    };
    for _ in 0..more {
        let Some(word) = word_at(text, end) else { break };
        let next = capital_word(text, skip_words(text, end, PARTICLES));
        match next.or_else(|| initial(text, &word)) {
            Some(next) => end = next,
            None => break,
        }
    }
    Some(first.start..end)
}

/// The end of "K." if the word is that.
fn initial(text: &str, word: &Range<usize>) -> Option<usize> {
    let one = text[word.clone()].chars().count() == 1;
    let capital = text[word.clone()].starts_with(char::is_uppercase);
    (one && capital && text[word.end..].starts_with('.')).then_some(word.end + 1)
}

/// The end of the word at `at` if it can be a name.
fn capital_word(text: &str, at: usize) -> Option<usize> {
    let word = word_at(text, at)?;
    let written = &text[word.clone()];
    let small = written.to_lowercase();
    let cased = written.starts_with(char::is_uppercase) && written.contains(char::is_lowercase);
    (cased && !listed(ORDINARY, &small) && !ends_like(NOUN_ENDS, &small)).then_some(word.end)
}

/// A name in a text without capitals: one or two words up to the end of the clause, none of them
/// ordinary: "ich heiße max mustermann".
fn small_name(text: &str, at: usize) -> Option<Range<usize>> {
    let first = word_at(text, at)?;
    let mut end = at;
    for words in 0..3 {
        let Some(word) = word_at(text, end) else { break };
        let small = text[word.clone()].to_lowercase();
        if words > 0 && listed(NEXT_CLAUSE, &small) {
            return Some(first.start..end);
        }
        if words == 2 || small.chars().count() < 2 || is_ordinary(&small) {
            return None;
        }
        end = word.end;
    }
    let rest = text[end..].trim_start_matches(BLANKS);
    (!rest.starts_with(char::is_alphanumeric)).then_some(first.start..end)
}

fn is_ordinary(word: &str) -> bool {
    let participle = word.chars().count() >= 7
        && PARTICIPLE_STARTS.split(' ').any(|start| word.starts_with(start))
        && (word.ends_with('t') || word.ends_with("en"));
    participle
        || listed(ORDINARY, word)
        || ends_like(ADJECTIVE_ENDS, word)
        || ends_like(NOUN_ENDS, word)
}

/// Whether nothing but signs follows on the line: a signature stands alone.
fn ends_line(rest: &str) -> bool {
    !rest.lines().next().unwrap_or("").contains(char::is_alphanumeric)
}

#[cfg(test)]
mod tests {
    use super::Personal::*;
    use super::*;

    /// The hit stands between « and ».
    const PRESENT: &[(Personal, &str)] = &[
        (Email, "Schreiben Sie mir an «max.mustermann@web.de» bitte."),
        (Email, "mail: «müller_77@post.example.com»"),
        (Email, "erreichbar unter «info(at)verein.de»"),
        (Email, "«a+b@x-y.org»"),
        (Phone, "Meine Nummer ist «0171 1234567»."),
        (Phone, "Bitte Rückruf: «(07071) 204-0»"),
        (Phone, "«07071/204-1234» ist besetzt"),
        (Phone, "ruft mich an «+49 7071 2041234»"),
        (Phone, "ruft mich an «+49 (0) 171 / 123 45 67» danke"),
        (Phone, "Tel.:«0049 30 901820»"),
        (Phone, "handy «017612345678»"),
        (Phone, "Handy «0171-1234567», am besten abends"),
        (Phone, "«0171.1234567»"),
        (Phone, "festnetz «030 – 123456»"),
        (Phone, "Büro «+49 8031 123456», privat?"),
        (Phone, "+49 115 geht nicht, «08151 123456» auch nicht"),
        (Phone, "«0041791234567»"),
        (Phone, "bin unter «+43 660 1234567» zu erreichen"),
        (Phone, "«0711 123456» oder mobil"),
        (Phone, "«0171 1234567» 50 euro"),
        (Phone, "Handynummer «171 1234567»"),
        (Phone, "Telefon: «204-1234»"),
        (Phone, "my phone number is «0160 98765432»"),
        (Iban, "IBAN «DE89 3704 0044 0532 0130 00» ist mein Konto"),
        (Iban, "Konto: «DE89370400440532013000»."),
        (Iban, "«de89370400440532013000»"),
        (Iban, "bitte auf «AT61 1904 3002 3457 3201» überweisen"),
        (Iban, "«CH93 0076 2011 6238 5295 7»"),
        (Iban, "«GB29 NWBK 6016 1331 9268 19»"),
        (BirthDate, "Ich bin geboren am «3.5.1980» in Ulm"),
        (BirthDate, "geb. «03.05.80»"),
        (BirthDate, "Anna (*«3.5.1980»)"),
        (BirthDate, "Geburtsdatum: «03.05.1980»"),
        (BirthDate, "mein Geburtstag ist der «3. Mai 1980»"),
        (BirthDate, "Ich bin am «3. Mai 1980» geboren, bekomme ich schon Rente?"),
        (BirthDate, "am «12.12.1955» in Bad Urach geboren"),
        (BirthDate, "geboren in Ulm am «1. 2. 1990»"),
        (BirthDate, "Geb.-Datum «1990-02-01»"),
        (BirthDate, "Mein Sohn, geb. am «14.8.2015», kommt in die Schule"),
        (BirthDate, "I was born on «May 3, 1980»"),
        (BirthDate, "date of birth: «3 May 1980»"),
        (FileNumber, "Aktenzeichen «12 O 345/20»"),
        (FileNumber, "Az. «4 K 1234/20».TÜ liegt beim Gericht"),
        (FileNumber, "Ihr Zeichen: «32-4/5566»"),
        (FileNumber, "az «12 js 3456/20»"),
        (FileNumber, "Kassenzeichen «1234.5678» bezahlt"),
        (FileNumber, "mein Geschäftszeichen lautet «AB-12/3456»"),
        (FileNumber, "Bescheidnummer «2023/004711» vom Mai"),
        (FileNumber, "Kundennummer «123A456»"),
        (FileNumber, "kunden-nr. «98765» und jetzt"),
        (FileNumber, "BG-Nummer «44602//0012345»"),
        (FileNumber, "Steuernummer «123/456/78901»"),
        (FileNumber, "St.-Nr. «12/345/67890»"),
        (FileNumber, "my case number is «778899»"),
        (TaxId, "Steuer-ID «12 345 678 901»"),
        (TaxId, "steuerid: «12345678901»"),
        (TaxId, "meine Steueridentifikationsnummer ist «12 345 678 901»"),
        (TaxId, "IdNr. «12345678901»"),
        (IdNumber, "Ausweisnummer «L01X00T47»"),
        (IdNumber, "Personalausweis-Nr.: «LZ6311T47»"),
        (IdNumber, "meine reisepassnummer ist «c01x00t47»"),
        (IdNumber, "passport number «C01X00T47»"),
        (SocialNumber, "Sozialversicherungsnummer «65 180539 W 008»"),
        (SocialNumber, "«65180539W008» ist die von der Rente"),
        (Name, "Ich heiße «Max Mustermann» und ziehe um."),
        (Name, "Hallo, ich heiße «Ayşe», was brauche ich?"),
        (Name, "ich heiße «max mustermann»"),
        (Name, "guten tag ich heisse «max mustermann» und brauche einen pass"),
        (Name, "Ich heiße jetzt «Müller-Lüdenscheidt», gilt mein Pass noch?"),
        (Name, "Seit der Trauung heiße ich «Weber»."),
        (Name, "Mein Name ist «Karl von der Heide»."),
        (Name, "mein name ist «erika mustermann», ich suche das bürgeramt"),
        (Name, "Mein Name ist Dr. «K. Ost», ich brauche einen Termin"),
        (Name, "ICH HEISSE «MAX MUSTERMANN»"),
        (Name, "Name: «Max Mustermann»"),
        (Name, "Vorname: «Erika»"),
        (Name, "Name des Kindes: «Emil Mustermann»"),
        (Name, "Ich bin die Frau «Müller» von nebenan."),
        (Name, "ich bin frau «müller»"),
        (Name, "Ich war bei Herrn Dr. «Schmidt», er war nicht da."),
        (Name, "Sachbearbeiterin ist Frau «Özdemir»."),
        (Name, "Herr «Albrecht» und seine Nachbarin streiten."),
        (Name, "Frau «Jung» hat es gesagt."),
        (Name, "Sehr geehrte Frau «Yılmaz», wann haben Sie offen?"),
        (Name, "Danke!\nMit freundlichen Grüßen\n«Max Mustermann»"),
        (Name, "Wann ist offen? MfG «Max Mustermann»"),
        (Name, "Viele Grüße,\nIhre «Anna Weber»\nUlm"),
        (Name, "danke, liebe grüße «max»"),
        (Name, "Wo muss ich hin? LG «Tim K.»"),
        (Name, "My name is «John Smith» and I moved here."),
        (Name, "hi, my name is «john smith»"),
        (Name, "I am Mr. «Smith» from London."),
        (Name, "I'm Mrs. «Smith»"),
        (Name, "Viele Grüße 😊 «Max»"),
    ];

    const ABSENT: &[&str] = &[
        // numbers for everybody
        "110 oder 112?",
        "behördennummer 115 geht nicht",
        "ärztlicher notdienst 116 117",
        "hilfetelefon 116 016, nummer gegen kummer 116 111, sperrnotruf 116 116",
        "telefon 116117 oder 115",
        "telefonseelsorge 0800 111 0 111 und 0800 1110222",
        "hotline 0180 5 123456 und 0900 1234567",
        "aus dem ausland +49 116 116 oder +49 800 1110111",
        "zähler 0012345678901 stand 20345",
        "rechnung 4711 0711 123456",
        // other numbers
        "72070 Tübingen und 04109 Leipzig",
        "von 04109 2026 nach 01067 umziehen",
        "plz 01067 01099",
        "am 03.05.2024 von 08.00 - 12.00 Uhr",
        "01.05.2024-07.05.2024 geschlossen?",
        "offen 08:00-12:00 und 14:00-18:30?",
        "1.234,50 Euro oder 50000 euro",
        "0,50 € pro Seite, 1.000.000 € Baukosten",
        "leistung 99108008001000",
        "schlüssel 084160041041 und 08416041",
        "schlüssel 057660008008",
        "§ 107 FamFG, §§ 1896, 1901 BGB, Art. 6 DSGVO",
        "Formular R0100 und V0090",
        "1234567 und 12345678901",
        "nullachtfünfzehn 0815 4711 4711",
        "Flurstück 1234/56, Baujahr 1986, 140000 km",
        "handy 2000 euro gestohlen",
        "Wie ist die Telefonnummer vom Amt?",
        "Wunschkennzeichen TÜ-AB 1234 frei?",
        "AZ AB 1234 noch zu haben?",
        "DE89 3704 0044 0532 0130 01 hat einen Zahlendreher",
        "@rathaus wann offen",
        "1.5 @ 2",
        // births, but no dates of birth
        "unsere tochter ist gestern geboren",
        "mein Kind wurde am 3. Mai geboren",
        "Baby geboren am 3.5.2025, wie Geburtsurkunde?",
        "geb. 03.05.26",
        "geboren am 3.5. 14 Uhr, 3400 Gramm",
        "geboren am 3. Mai 20 Uhr",
        "baby was born yesterday",
        "Am 3.5.1980 haben wir geheiratet",
        "Führerschein umtauschen, geboren vor dem 1.1.1953",
        "alle vor dem 1.1.1953 geborenen, und die nach dem 31.12.1970 geboren sind",
        "Kinder, die zwischen 1.7.2018 und 30.6.2019 geboren sind",
        "Jahrgang 1962, geboren 1962",
        "* 03.05.2020 Antrag gestellt",
        "geburtsurkunde vom 3.5.1980",
        // words for numbers without one
        "Wo finde ich das Aktenzeichen?",
        "Aktenzeichen von 2024 verloren",
        "Kassenzeichen 2024 steht nicht drauf",
        "Bescheidnummer 03.05.2024",
        "steuernummer beantragen für 2024",
        "Steuernummer 2024 für Gewerbe mit 50000 Euro Umsatz",
        "Steuer-ID verloren, 14 Jahre alt",
        "Ausweisnummer vergessen",
        "neue passnummer eintragen",
        "kundennummer 12 falsch",
        // no names
        "ich heiße jetzt anders",
        "wie heiße ich nach der hochzeit",
        "wie heiße ich nach der Hochzeit mit Anna",
        "ich heiße noch wie mein ex",
        "ich heiße seit der heirat anders",
        "mein name ist falsch geschrieben",
        "mein name ist russisch",
        "mein name soll geändert werden",
        "Mein Name ist im Pass falsch geschrieben.",
        "Mein Name ist Programm",
        "Ich heiße noch wie mein Ex, was nun?",
        "Wohin kann ich heiße Asche tun?",
        "darf ich heiße getränke verkaufen",
        "Ich heiße Sie willkommen",
        "my name is spelled wrong",
        "My name is misspelled in the passport",
        "Name: Änderung nach der Heirat",
        "name: ändern lassen",
        "Welcher Vereinsname: gibt es Regeln?",
        "Frau und Kind nachholen",
        "meine Frau ist schwanger",
        "Kann meine Frau Elterngeld bekommen?",
        "Kann Frau Elterngeld und Mann Bürgergeld bekommen?",
        "Ob die Frau Elternzeit nehmen oder Arbeit suchen muss?",
        "Wie wechseln Mann und Frau Haus und Hof?",
        "Das war Frau Holle, wer räumt jetzt?",
        "Herr im Himmel, wer räumt den Schnee?",
        "Herr der Ringe in der Bücherei?",
        "Sehr geehrte Damen und Herren",
        "ich bin frau und alleinerziehend",
        "als alleinstehende Frau Wohnung suchen",
        "FRAU UND KIND NACHHOLEN",
        "Fr. Vormittag offen?",
        "Spreche ich da mit Frau Bürgermeisterin selbst?",
        "Klage beim VG Sigmaringen",
        "Urteil vom LG Stuttgart",
        "viele grüße aus ulm",
        "Schöne Grüße aus Tübingen!",
        "Grüß Gott",
        "Mit freundlichen Grüßen",
        "mfg und danke",
        "Viele Grüße Ihr Team",
        "Soll ich \"mfg\" oder \"viele grüße\" schreiben?",
        "",
    ];

    #[test]
    fn finds_what_is_there_and_where() {
        for &(kind, marked) in PRESENT {
            let text = marked.replace(['«', '»'], "");
            let start = marked.find('«').unwrap();
            let end = marked.find('»').unwrap() - '«'.len_utf8();
            assert_eq!(find(&text), [(kind, start..end)], "{text}");
        }
    }

    #[test]
    fn suspects_no_question() {
        for &text in ABSENT {
            assert_eq!(find(text), [], "{text}");
        }
    }

    #[test]
    fn finds_all_in_order() {
        let text = "Name: Max Mustermann, geb. 3.5.1980, Tel. 07071 204123 oder 0171 1234567, \
            max@web.de, IBAN DE89370400440532013000";
        let kinds: Vec<Personal> = find(text).into_iter().map(|(kind, _)| kind).collect();
        assert_eq!(kinds, [Name, BirthDate, Phone, Phone, Email, Iban]);
    }

    #[test]
    fn stands_any_text() {
        let parts = [
            "ich heiße ",
            "Frau ",
            "\u{212a}",
            "ſ",
            "K12ſ",
            "DE12",
            "0171",
            " 12",
            "3.5.1980",
            "*",
            "(",
            "+49",
            "geb. ",
            "Az. ",
            "ß",
            "ü",
            "\n",
            "é",
            "\u{a0}",
            "🙂",
            ",5",
            "LG ",
            "name:",
            "ID-Nr ",
            "K.",
            "-",
            "'",
            "@a.de",
        ];
        let mut seed = 1_u32;
        for _ in 0..20_000 {
            let mut text = String::new();
            for _ in 0..12 {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                text.push_str(parts[(seed >> 16) as usize % parts.len()]);
            }
            let mut last = 0;
            for (_, range) in find(&text) {
                assert!(last <= range.start && !text[range.clone()].is_empty(), "{text}");
                last = range.end;
            }
        }
    }
}
