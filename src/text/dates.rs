//! Finds the calendar date said in a message: "am 3. Mai", "seit gestern", "in zwei Wochen".
//!
//! There is no grammar. A handful of rules is tried at each word, left to right, and the first
//! that fits tells the date. Where words leave a doubt - "ab 16" may be an age, "um 10.05" a time -
//! the rules decline: no date is better than a wrong one.

use std::ops::{Range, RangeInclusive};

use time::{Date, Month, Weekday};

use crate::text::Token;

/// Which way a date without a year is meant. Today itself lies both ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lean {
    /// The latest such day up to today: "am 3. Mai umgezogen".
    Past,
    /// The earliest such day from today on: "am 3. Mai läuft er ab".
    Future,
    /// The one fewest days away, the coming one if two are equally near. A bare weekday is always
    /// the coming one.
    Nearest,
}

/// A date said in a text and the words that said it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// The day that is meant, in the years 1900 to 2100.
    pub date: Date,
    /// The tokens that said it, with the preposition and article that lead to it ("bis zum 1.").
    pub words: Range<usize>,
}

/// First date said. `today` is the day the message was received.
///
/// Of a stretch of time it is the first day: "nächste Woche" is its Monday, "im Mai" is 1 May,
/// "vom 1. bis 3. Mai" as well. Impossible days (31.2.) and years outside 1900..=2100 are no dates.
#[must_use]
pub fn find(tokens: &[Token], today: Date, lean: Lean) -> Option<Said> {
    let reader = Reader { tokens, today, lean };
    (0..tokens.len()).find_map(|at| {
        let (date, end) = reader.date(at)?;
        YEARS.contains(&date.year()).then(|| Said { date, words: reader.lead(at)..end })
    })
}

/// Years a citizen may speak of; others are numbers of something else.
const YEARS: RangeInclusive<i32> = 1900..=2100;

/// Folded words that mean alike.
type Words = &'static [&'static str];

/// What words mean.
type Table<T> = &'static [(T, Words)];

/// Months by full name, German (also Austrian) and English.
const MONTHS: Table<Month> = &[
    (Month::January, &["januar", "jaenner", "january"]),
    (Month::February, &["februar", "feber", "february"]),
    (Month::March, &["maerz", "marz", "march"]),
    (Month::April, &["april"]),
    (Month::May, &["mai", "may"]),
    (Month::June, &["juni", "june"]),
    (Month::July, &["juli", "july"]),
    (Month::August, &["august"]),
    (Month::September, &["september"]),
    (Month::October, &["oktober", "october"]),
    (Month::November, &["november"]),
    (Month::December, &["dezember", "december"]),
];

/// Months in short. They name people and other things too, so a number must stand beside them.
const SHORT_MONTHS: Table<Month> = &[
    (Month::January, &["jan", "jaen"]),
    (Month::February, &["feb"]),
    (Month::March, &["mrz", "mar"]),
    (Month::April, &["apr"]),
    (Month::June, &["jun"]),
    (Month::July, &["jul"]),
    (Month::August, &["aug"]),
    (Month::September, &["sep", "sept"]),
    (Month::October, &["okt", "oct"]),
    (Month::November, &["nov"]),
    (Month::December, &["dez", "dec"]),
];

const WEEKDAYS: Table<Weekday> = &[
    (Weekday::Monday, &["montag", "monday"]),
    (Weekday::Tuesday, &["dienstag", "tuesday"]),
    (Weekday::Wednesday, &["mittwoch", "wednesday"]),
    (Weekday::Thursday, &["donnerstag", "thursday"]),
    (Weekday::Friday, &["freitag", "friday"]),
    (Weekday::Saturday, &["samstag", "sonnabend", "saturday"]),
    (Weekday::Sunday, &["sonntag", "sunday"]),
];

/// Days told from today, in days.
const DAY_WORDS: Table<i32> = &[
    (-2, &["vorgestern"]),
    (-1, &["gestern", "yesterday"]),
    (0, &["heute", "today"]),
    (1, &["morgen", "tomorrow"]),
    (2, &["uebermorgen", "ubermorgen"]),
];

/// Words that tell which week, month or weekday, without their ending: steps from this one.
const STEPS: Table<i32> = &[
    (-2, &["vorletzt"]),
    (-1, &["letzt", "vergangen", "vorig", "last"]),
    (0, &["dies", "this"]),
    (1, &["naechst", "nachst", "kommend", "next"]),
    (2, &["uebernaechst", "ubernachst"]),
];

/// Numbers in words, as far as people say weeks or months with them.
const COUNTS: Table<i32> = &[
    (1, &["ein", "eine", "einem", "einer", "einen", "nem", "ner", "a", "an", "one"]),
    (2, &["zwei", "zwo", "two"]),
    (3, &["drei", "three"]),
    (4, &["vier", "four"]),
    (5, &["fuenf", "funf", "five"]),
    (6, &["sechs", "six"]),
    (7, &["sieben", "seven"]),
    (8, &["acht", "eight"]),
    (9, &["neun", "nine"]),
    (10, &["zehn", "ten"]),
    (11, &["elf", "eleven"]),
    (12, &["zwoelf", "zwolf", "twelve"]),
    (14, &["vierzehn"]),
    (20, &["zwanzig"]),
];

/// Units of time that distances are told in. Years in the plural are too vague to tell a day.
const UNITS: Table<Unit> = &[
    (Unit::Days(1), &["tag", "tage", "tagen", "day", "days"]),
    (Unit::Days(7), &["woche", "wochen", "week", "weeks"]),
    (Unit::Months(1), &["monat", "monate", "monaten", "month", "months"]),
    (Unit::Months(12), &["jahr", "year"]),
];

/// Words for a part of a month or week.
const PARTS: Table<Part> = &[
    (Part::Start, &["anfang", "beginning", "start"]),
    (Part::Middle, &["mitte", "middle"]),
    (Part::End, &["ende", "end"]),
];

/// Ordinals without their ending, in order from the first.
#[rustfmt::skip]
const ORDINALS: Words = &[
    "erst", "zweit", "dritt", "viert", "fuenft", "sechst", "siebt", "acht", "neunt", "zehnt",
    "elft", "zwoelft", "dreizehnt", "vierzehnt", "fuenfzehnt", "sechzehnt", "siebzehnt",
    "achtzehnt", "neunzehnt", "zwanzigst", "einundzwanzigst", "zweiundzwanzigst",
    "dreiundzwanzigst", "vierundzwanzigst", "fuenfundzwanzigst", "sechsundzwanzigst",
    "siebenundzwanzigst", "achtundzwanzigst", "neunundzwanzigst", "dreissigst",
    "einunddreissigst",
];

/// What may be written right after the digits of a day: 3ten, 20ster, 3rd.
const DAY_ENDINGS: Words =
    &["", "te", "ten", "ter", "tes", "st", "ste", "sten", "ster", "stes", "nd", "rd", "th"];

/// Inflection of ordinals and of [`STEPS`].
const INFLECTIONS: Words = &["e", "en", "er", "es", "em"];

/// Words between the two ends of a range; a hyphen leaves none.
const RANGE_WORDS: Words = &["bis", "und", "oder", "to", "until", "and"];

const ARTICLES: Words = &["der", "dem", "den", "the"];

/// Prepositions that belong to the date they stand before.
#[rustfmt::skip]
const PREPOSITIONS: Words = &[
    "am", "im", "in", "ab", "vom", "von", "seit", "zum", "zur", "bis",
    "on", "from", "since", "until", "by",
];

/// Before a month these leave no doubt that it is one. A number after it is not its day: "im Mai
/// 3 Mal".
const BEFORE_MONTH: Words = &["im", "in", "seit", "ab"];

/// Before a month these do as well, but a number after it may be its day: "since May 3".
const BEFORE_MONTH_OR_DAY: Words = &["bis", "zum", "vom", "von", "since", "from", "until", "by"];

/// Before an article these make a number a day of the month: "seit dem 15.".
#[rustfmt::skip]
const BEFORE_ARTICLE: Words = &[
    "ab", "seit", "vor", "nach", "auf", "fuer", "bis", "on", "since", "from", "until", "by",
];

const AGO: Words = &["ago", "her"];

/// Words for "about" before a number.
const HEDGES: Words =
    &["ca", "circa", "etwa", "ungefaehr", "rund", "knapp", "genau", "ueber", "about"];

/// Before a weekday, a morning or a month, and after a day: each such day.
const EVERY: Words = &["jeden", "jede", "jeder", "jedes", "jedem", "immer", "every", "each"];

/// After a weekday, these say the same.
const AT_TIMES: Words = &["morgens", "vormittags", "mittags", "nachmittags", "abends", "nachts"];

/// After these, a weekday or "Morgen" is a name, or any such day.
#[rustfmt::skip]
const BEFORE_NO_CERTAIN_DAY: Words = &[
    "herr", "herrn", "frau", "familie", "black", "ein", "einem", "einen", "eines",
    "oeffnungszeit", "oeffnungszeiten", "offnungszeiten", "verkaufsoffenen", "verkaufsoffener",
];

/// After these, "morgen" is the time of day or a greeting.
#[rustfmt::skip]
const BEFORE_MORNING: Words = &[
    "guten", "gute", "guter", "gut", "schoenen", "wunderschoenen", "fruehen", "am", "zum", "vom",
    "gegen", "diesen", "den", "dem", "der",
];

/// After "morgen", these make it a greeting.
const GREETED: Words = &["zusammen", "allerseits", "leute", "miteinander", "liebes"];

/// After "may", these make it the English verb.
#[rustfmt::skip]
const AFTER_VERB_MAY: Words =
    &["i", "we", "he", "she", "they", "you", "my", "be", "not", "have", "a", "the"];

/// What numbers count or measure, also by an ordinal ("zum 18. Geburtstag"): the number before it
/// is no day and no year.
#[rustfmt::skip]
const COUNTED: Words = &[
    "ccm", "uhr", "pm", "clock", "stunde", "stunden", "std", "minute", "minuten", "min", "hours",
    "tag", "tage", "tagen", "day", "days", "woche", "wochen", "week", "weeks",
    "monat", "monate", "monaten", "month", "months",
    "jahr", "jahre", "jahren", "jahres", "year", "years", "jaehrig", "jaehrige", "jaehrigen",
    "euro", "eur", "cent", "mio", "millionen", "prozent", "promille", "grad",
    "kilo", "kg", "gramm", "g", "tonne", "tonnen", "tonner", "t", "liter", "l", "ps", "kw", "kwh",
    "kilometer", "km", "meter", "metern", "m", "cm", "qm", "quadratmeter",
    "mal", "fach", "fache", "fachen", "times", "time", "person", "personen", "leute", "people",
    "gaeste", "kind", "kinder", "kindern", "kindes", "child", "children", "zimmer", "floor",
    "stock", "og", "etage", "obergeschoss", "klasse", "semester", "quartal", "wohnsitz",
    "lebensjahr", "lebensjahres", "lebensmonat", "schuljahr", "ausbildungsjahr", "ssw",
    "geburtstag", "birthday", "hochzeitstag", "feiertag", "schultag", "arbeitsmarkt",
    "weihnachtstag", "weihnachtsfeiertag", "advent", "adventssonntag",
];

/// Before two numbers these say that they are a time, an amount or a section of a law, not a day
/// and a month.
#[rustfmt::skip]
const BEFORE_OTHER_NUMBERS: Words = &[
    "um", "gegen", "uhr", "paragraph", "paragraf", "absatz", "abs", "artikel", "art", "satz",
    "ziffer", "punkt", "nr", "nummer", "hausnummer", "seite", "version", "kapitel", "teil",
    "klasse", "klassen", "stufe", "pflegegrad", "hartz", "note", "schnitt", "notenschnitt",
    "abi", "abitur", "faktor", "zimmer", "raum", "kostet", "kosten", "gebuehr", "preis",
    "betrag", "euro", "eur", "ca", "circa", "etwa", "rund", "ungefaehr", "ueber", "unter",
    "nur", "mindestens", "maximal", "kind", "kinder", "alter", "tel", "telefon", "str",
];

/// Endings of street names; the number after one is of a house.
const STREETS: Words = &["str", "strasse", "weg", "platz", "allee", "gasse"];

/// Hours at which offices see people, to tell a time from a year of two digits.
const OFFICE_HOURS: RangeInclusive<i32> = 6..=19;

/// A unit that a distance in time is told in.
#[derive(Clone, Copy)]
enum Unit {
    Days(i32),
    Months(i32),
}

/// A part of a month or week, told by its first, middle or last day.
#[derive(Clone, Copy)]
enum Part {
    Start,
    Middle,
    End,
}

impl Part {
    fn of_month(self, year: i32, month: Month) -> Option<Date> {
        let day = match self {
            Self::Start => 1,
            Self::Middle => 15,
            Self::End => month.length(year),
        };
        Date::from_calendar_date(year, month, day).ok()
    }

    /// The week of offices: it ends on Friday.
    fn of_week(self, monday: Date) -> Option<Date> {
        let days = match self {
            Self::Start => 0,
            Self::Middle => 2,
            Self::End => 4,
        };
        shift_days(monday, days)
    }
}

/// What stands where a year may stand.
enum Year {
    Said(i32),
    /// No number, or one that belongs to what follows.
    Unsaid,
    /// A number that fits no date: it was none.
    Unfit,
}

/// A day and month as said, possible or not.
struct Stated {
    day: u8,
    month: Month,
    year: Option<i32>,
    /// After its last word.
    end: usize,
}

/// A date that was read, and where its words end.
type Read = (Date, usize);

/// Reads dates from the words of one message.
struct Reader<'a> {
    tokens: &'a [Token],
    today: Date,
    lean: Lean,
}

impl Reader<'_> {
    /// What is tried at each word; of two rules that begin alike, the longer stands first.
    const RULES: [fn(&Self, usize) -> Option<Read>; 10] = [
        Self::calendar_day,
        Self::part,
        Self::distance,
        Self::week,
        Self::month_by_step,
        Self::weekday_by_step,
        Self::bare_weekday,
        Self::day_word,
        Self::bare_month,
        Self::day_of_month,
    ];

    /// The date that begins with this word.
    fn date(&self, at: usize) -> Option<Read> {
        Self::RULES.iter().find_map(|rule| rule(self, at))
    }

    /// Where the preposition and the article before a date begin.
    fn lead(&self, at: usize) -> usize {
        let takes = |start: usize, words: &[&str]| words.contains(&self.before(start));
        let start = at - usize::from(takes(at, ARTICLES));
        let start = start - usize::from(takes(start, PREPOSITIONS));
        start - usize::from(takes(start, &["bis"]))
    }

    // Words

    /// The word, or nothing past the end.
    fn word(&self, at: usize) -> &str {
        self.tokens.get(at).map_or("", |token| &token.folded)
    }

    /// The word so many words before, or nothing before the first.
    fn word_back(&self, at: usize, words: usize) -> &str {
        at.checked_sub(words).map_or("", |at| self.word(at))
    }

    /// The word before, or nothing if a clause ends there.
    fn before(&self, at: usize) -> &str {
        if at > 0 && self.ends(at - 1) { "" } else { self.word_back(at, 1) }
    }

    /// Whether a dot, comma or the like follows.
    fn ends(&self, at: usize) -> bool {
        self.tokens.get(at).is_some_and(|token| token.ends_clause)
    }

    /// Whether nothing of the clause or text is left.
    fn closes(&self, at: usize) -> bool {
        self.ends(at) || at + 1 >= self.tokens.len()
    }

    /// The position after a word, if it is one of these.
    fn skip(&self, at: usize, words: &[&str]) -> usize {
        at + usize::from(words.contains(&self.word(at)))
    }

    fn is_number(&self, at: usize) -> bool {
        number(self.word(at)).is_some()
    }

    fn is_number_before(&self, at: usize) -> bool {
        number(self.word_back(at, 1)).is_some()
    }

    /// Whether something is measured by the number here: "3 Kinder", "10 Uhr".
    fn measures(&self, at: usize) -> bool {
        COUNTED.contains(&self.word(at + 1))
    }

    /// Whether the number here belongs to what follows: it measures, or is a time ("10:30",
    /// "10-12 Uhr").
    fn counts(&self, at: usize) -> bool {
        let is_time = || {
            let hour = number(self.word(at)).is_some_and(|hour| OFFICE_HOURS.contains(&hour));
            let minutes = self.ends(at) && self.word(at + 1).len() == 2;
            hour && self.is_number(at + 1) && (minutes || self.measures(at + 1))
        };
        self.measures(at) || is_time()
    }

    // Days of the calendar

    /// "3. Mai", "3.5.2026", "May 3", "2026-05-03".
    fn calendar_day(&self, at: usize) -> Option<Read> {
        let stated = self.stated(at)?;
        let year = stated.year.or_else(|| self.year_of_range(&stated));
        Some((self.on(stated.day, stated.month, year)?, stated.end))
    }

    fn stated(&self, at: usize) -> Option<Stated> {
        self.iso(at)
            .or_else(|| self.numeric(at))
            .or_else(|| self.day_and_month(at))
            .or_else(|| self.month_and_day(at))
    }

    /// "2026-05-03". With dots or commas between, it is a list of numbers.
    fn iso(&self, at: usize) -> Option<Stated> {
        let lengths = [at, at + 1, at + 2].map(|at| self.word(at).len());
        if lengths != [4, 2, 2] || self.ends(at) || self.ends(at + 1) || self.is_number_before(at) {
            return None;
        }
        let year = number(self.word(at))?;
        let month = month_number(self.word(at + 1))?;
        let day = small_number(self.word(at + 2))?;
        Some(Stated { day, month, year: Some(year), end: at + 3 })
    }

    /// "3.5.2026", "3.5.26", "3.5.". The shorter it is, the more must speak for a date.
    fn numeric(&self, at: usize) -> Option<Stated> {
        let day = small_number(self.word(at))?;
        let month = month_number(self.word(at + 1))?;
        let dotted = self.ends(at);
        let lone = dotted && !self.is_number_before(at) && !self.numbers_other_things(at);
        let year = match self.year(at + 2) {
            // Without dots ("3/5/2026") it may be a piece of a telephone number.
            Year::Said(year) if self.word(at + 2).len() == 4 => {
                (dotted || !self.is_number_before(at)).then_some(Some(year))
            }
            Year::Said(year) => {
                let goes_on = self.ends(at + 2) && self.is_number(at + 3) && !self.counts(at + 3);
                (lone && self.ends(at + 1) && !goes_on).then_some(Some(year))
            }
            Year::Unsaid => {
                let closed = self.closes(at + 1) || self.is_on_a_day(at);
                // "1.-3. Mai": the second number is a day as well.
                let belongs_on =
                    self.measures(at + 1) || self.month_beside_number(at + 2).is_some();
                (lone && closed && !belongs_on).then_some(None)
            }
            Year::Unfit => None,
        }?;
        let end = at + 2 + usize::from(year.is_some());
        Some(Stated { day, month, year, end })
    }

    /// Whether the words before say that the numbers here are not a day and a month.
    fn numbers_other_things(&self, at: usize) -> bool {
        let before = self.word_back(at, 1);
        BEFORE_OTHER_NUMBERS.contains(&before)
            || STREETS.iter().any(|street| before.len() > street.len() && before.ends_with(street))
    }

    /// Whether the word before leaves no choice but a day: "am 3.5 umgezogen".
    fn is_on_a_day(&self, at: usize) -> bool {
        match self.before(at) {
            // "I am 15" is English.
            "am" => self.word_back(at, 2) != "i",
            "vom" | "zum" | "on" => true,
            article if ARTICLES.contains(&article) => {
                let before = self.word_back(at, 2);
                BEFORE_ARTICLE.contains(&before) || lookup(WEEKDAYS, before).is_some()
            }
            _ => false,
        }
    }

    /// "3. Mai", "dritter Mai 2026", "3rd of May".
    fn day_and_month(&self, at: usize) -> Option<Stated> {
        let day = as_day(self.word(at))?;
        let month_at = self.skip(at + 1, &["of"]);
        let month = self.month_beside_number(month_at)?;
        let (year, end) = self.year_of_month(month_at);
        Some(Stated { day, month, year, end })
    }

    /// "May 3", "May 3rd, 2026".
    fn month_and_day(&self, at: usize) -> Option<Stated> {
        let month = self.month_beside_number(at)?;
        let word = self.word(at + 1);
        let day = as_day(word)?;
        let is_count = small_number(word).is_some()
            && (BEFORE_MONTH.contains(&self.before(at)) || self.measures(at + 1));
        if is_count || ordinal(word).is_some() || self.is_day_before(at) {
            return None;
        }
        let (year, end) = self.year_of_month(at + 1);
        Some(Stated { day, month, year, end })
    }

    fn is_day_before(&self, at: usize) -> bool {
        let word = self.word_back(at, 1);
        number(word).is_some() || as_day(word).is_some()
    }

    /// A month by its full or short name.
    fn month_beside_number(&self, at: usize) -> Option<Month> {
        self.month(at).or_else(|| lookup(SHORT_MONTHS, self.word(at)))
    }

    /// A month by its full name.
    fn month(&self, at: usize) -> Option<Month> {
        let is_verb = self.word(at) == "may" && AFTER_VERB_MAY.contains(&self.word(at + 1));
        if is_verb { None } else { lookup(MONTHS, self.word(at)) }
    }

    /// What stands where a year may stand after numbers.
    fn year(&self, at: usize) -> Year {
        let word = self.word(at);
        let Some(number) = number(word) else { return Year::Unsaid };
        // "3.5.-7.5.": the next date begins.
        let begins_date =
            || self.ends(at) && month_number(self.word(at + 1)).is_some() && !self.counts(at + 1);
        match word.len() {
            _ if self.counts(at) => Year::Unsaid,
            4 => Year::Said(number),
            1 | 2 if begins_date() => Year::Unsaid,
            2 => Year::Said(if number < 80 { 2000 + number } else { 1900 + number }),
            1 | 3 => Year::Unfit,
            _ => Year::Unsaid,
        }
    }

    /// The year after a month's name or an English day, and where the date ends. Two digits are
    /// a year only where the clause ends: "3. Mai 12 Gäste".
    fn year_of_month(&self, at: usize) -> (Option<i32>, usize) {
        match self.year(at + 1) {
            Year::Said(year) if self.word(at + 1).len() == 4 || self.closes(at + 1) => {
                (Some(year), at + 2)
            }
            _ => (None, at + 1),
        }
    }

    /// "zum 1.", "am 15.", "seit dem 3.", "zum 1. des nächsten Monats": a day of a month that is
    /// not named.
    fn day_of_month(&self, at: usize) -> Option<Read> {
        let day = as_day(self.word(at)).filter(|_| self.introduces_day(at))?;
        let next = at + 1;
        if let Some(date) = self.start_of_range(day, next) {
            return Some((date, next));
        }
        let month_at = self.skip(next, &["des", "of"]);
        if let Some((first, end)) = self.relative_month(month_at) {
            return Some((first.replace_day(day).ok()?, end));
        }
        if self.names_month(next) || self.counts_word(at) || EVERY.contains(&self.word(month_at)) {
            return None;
        }
        let this_month = self.today.replace_day(1).ok()?;
        let months = (-2..=2).filter_map(|count| shift_months(this_month, count));
        let date = self.choose(months.filter_map(|month| month.replace_day(day).ok()))?;
        Some((date, next))
    }

    /// Whether a month is said here, by name or number, be it one that fits no day: "am 31.2.".
    fn names_month(&self, at: usize) -> bool {
        let numeral = self.is_number(at) || as_day(self.word(at)).is_some();
        self.month_beside_number(at).is_some() || numeral && (self.ends(at) || !self.measures(at))
    }

    /// Whether the day belongs to a word that it counts: "zum 18. Geburtstag", "zum ersten Mal".
    /// An ordinal without a word to count is a noun: "zum Ersten".
    fn counts_word(&self, at: usize) -> bool {
        let is_noun = self.closes(at) || self.tokens.get(at).is_some_and(|token| token.capital);
        self.measures(at) || ordinal(self.word(at)).is_some() && !is_noun
    }

    /// Whether the words before say that a number is a day of the month.
    fn introduces_day(&self, at: usize) -> bool {
        let dotted = self.ends(at) || !self.is_number(at);
        match self.before(at) {
            "vom" | "seit" | "on" => dotted,
            // "ab 16?" asks for an age: the sentence must go on after the dot.
            "ab" => dotted && self.tokens.get(at + 1).is_some_and(|next| !next.capital),
            _ => self.is_on_a_day(at),
        }
    }

    /// What is said at the other end of a range: "bis 3. Mai", "und 15. Juni".
    fn range_end(&self, at: usize) -> Option<Stated> {
        self.stated(self.skip(self.skip(at, RANGE_WORDS), &["zum"]))
    }

    /// The year of the other end of a range: "vom 3.5. bis 7.6.2026".
    fn year_of_range(&self, start: &Stated) -> Option<i32> {
        let end = self.range_end(start.end)?;
        let month_and_day = |date: &Stated| (u8::from(date.month), date.day);
        let turns_year = month_and_day(&end) < month_and_day(start);
        end.year?.checked_sub(i32::from(turns_year))
    }

    /// A day whose month is said at the other end of a range: "vom 1. bis 3. Mai".
    fn start_of_range(&self, day: u8, at: usize) -> Option<Date> {
        let end = self.range_end(at)?;
        let end = self.on(end.day, end.month, end.year)?;
        let turns_month = i32::from(end.day() < day);
        shift_months(end.replace_day(1).ok()?, -turns_month)?.replace_day(day).ok()
    }

    // Weeks, months and their parts

    /// "Anfang Mai", "Mitte des Monats", "Ende nächster Woche".
    fn part(&self, at: usize) -> Option<Read> {
        let part = lookup(PARTS, self.word(at)).filter(|_| !self.ends(at))?;
        let next = self.skip(at + 1, &["of", "im", "des", "der"]);
        let next = self.skip(next, &["the"]);
        if let Some(month) = self.month(next) {
            let (year, end) = self.year_of_month(next);
            return Some((self.part_on(part, month, year)?, end));
        }
        if let Some((monday, end)) = self.relative_week(next) {
            return Some((part.of_week(monday)?, end));
        }
        let (first, end) = self.relative_month(next).or_else(|| self.this_month(next))?;
        Some((part.of_month(first.year(), first.month())?, end))
    }

    fn part_on(&self, part: Part, month: Month, year: Option<i32>) -> Option<Date> {
        self.in_year(year, |year| part.of_month(year, month))
    }

    /// "im Mai", "seit Januar 2024", "Mai 2027": the first of it.
    fn bare_month(&self, at: usize) -> Option<Read> {
        let (year, end) = self.year_of_month(at);
        if year.is_some() {
            let month = self.month_beside_number(at).filter(|_| !self.is_day_before(at))?;
            return Some((self.part_on(Part::Start, month, year)?, end));
        }
        let before = self.before(at);
        let sure = BEFORE_MONTH.contains(&before)
            || BEFORE_MONTH_OR_DAY.contains(&before) && as_day(self.word(end)).is_none();
        let month = self.month(at).filter(|_| sure)?;
        Some((self.part_on(Part::Start, month, None)?, end))
    }

    /// "nächste Woche" is its Monday; "letzte Woche am Freitag" is that day.
    fn week(&self, at: usize) -> Option<Read> {
        let (monday, end) = self.relative_week(at)?;
        let day_at = self.skip(end, &["am", "on"]);
        if let Some(weekday) = lookup(WEEKDAYS, self.word(day_at)) {
            return Some((weekday_of(monday, weekday)?, day_at + 1));
        }
        // "diese Woche" tells no day.
        (self.step(at) != Some(0)).then_some((monday, end))
    }

    /// The Monday of "letzte Woche", "diese Woche" ...
    fn relative_week(&self, at: usize) -> Option<Read> {
        let step = self.step(at).filter(|_| ["woche", "week"].contains(&self.word(at + 1)))?;
        let days = i32::from(self.today.weekday().number_days_from_monday());
        Some((shift_days(self.today, 7 * step - days)?, at + 2))
    }

    /// "nächsten Monat": the first of it.
    fn month_by_step(&self, at: usize) -> Option<Read> {
        // "diesen Monat" tells no day.
        self.relative_month(at).filter(|_| self.step(at) != Some(0))
    }

    /// The first of "letzten Monat", "diesen Monat" ...
    fn relative_month(&self, at: usize) -> Option<Read> {
        let step = self.step(at)?;
        let (first, end) = self.this_month(at + 1)?;
        Some((shift_months(first, step)?, end))
    }

    /// The first of this month, where a month is said without more: "Ende des Monats".
    fn this_month(&self, at: usize) -> Option<Read> {
        let said = ["monat", "monats", "month"].contains(&self.word(at));
        said.then_some((self.today.replace_day(1).ok()?, at + 1))
    }

    /// How many steps from this one, by "letzte", "nächsten", "this" ...
    fn step(&self, at: usize) -> Option<i32> {
        if self.ends(at) || EVERY.contains(&self.before(at)) {
            return None;
        }
        let word = self.word(at);
        lookup(STEPS, word).or_else(|| stems(word).find_map(|stem| lookup(STEPS, stem)))
    }

    // Weekdays

    /// "nächsten Montag", "letzten Freitag".
    fn weekday_by_step(&self, at: usize) -> Option<Read> {
        let step = self.step(at)?;
        let weekday = lookup(WEEKDAYS, self.word(at + 1))?;
        self.date_of_weekday(at + 1).or_else(|| {
            let ahead = days_ahead(self.today, weekday);
            let days = match step {
                0 => return Some((self.by_lean(weekday)?, at + 2)),
                1.. => ahead + if ahead == 0 { 7 * step } else { 7 * (step - 1) },
                _ => ahead + 7 * step,
            };
            Some((shift_days(self.today, days)?, at + 2))
        })
    }

    /// "am Montag", "Montag in einer Woche", "Montag, den 3. Mai".
    fn bare_weekday(&self, at: usize) -> Option<Read> {
        let weekday = lookup(WEEKDAYS, self.word(at))?;
        let before = self.before(at);
        let recurs = EVERY.contains(&before)
            || AT_TIMES.contains(&self.word(at + 1))
            || self.is_run_of_days(at);
        if recurs || BEFORE_NO_CERTAIN_DAY.contains(&before) {
            return None;
        }
        self.date_of_weekday(at).or_else(|| {
            let date = self.by_lean(weekday)?;
            Some(self.distance_from(date, at + 1).unwrap_or((date, at + 1)))
        })
    }

    /// Whether the weekday belongs to opening hours: "Montag bis Freitag", "Samstag/Sonntag".
    fn is_run_of_days(&self, at: usize) -> bool {
        let is_weekday = |at: usize| lookup(WEEKDAYS, self.word(at)).is_some();
        let joins = |at: usize| ["bis", "to"].contains(&self.word(at));
        let next = at + 1 + usize::from(joins(at + 1));
        let previous = at.checked_sub(1 + usize::from(at > 0 && joins(at - 1)));
        is_weekday(next) || previous.is_some_and(is_weekday)
    }

    /// A date that is said after its weekday, or the week of it.
    fn date_of_weekday(&self, at: usize) -> Option<Read> {
        let next = self.skip(at + 1, &["den", "der", "dem", "the", "am", "in"]);
        let in_week = || {
            let next = self.skip(next, &["der"]);
            let (monday, end) = self.relative_week(next)?;
            Some((weekday_of(monday, lookup(WEEKDAYS, self.word(at))?)?, end))
        };
        self.calendar_day(next).or_else(|| self.day_of_month(next)).or_else(in_week)
    }

    fn by_lean(&self, weekday: Weekday) -> Option<Date> {
        let ahead = days_ahead(self.today, weekday);
        let days = if self.lean == Lean::Past && ahead > 0 { ahead - 7 } else { ahead };
        shift_days(self.today, days)
    }

    // Days told from another day

    /// "heute", "morgen", "gestern vor einer Woche".
    fn day_word(&self, at: usize) -> Option<Read> {
        let (days, end) = self.days_from_today(at)?;
        let date = shift_days(self.today, days)?;
        Some(self.distance_from(date, end).unwrap_or((date, end)))
    }

    fn days_from_today(&self, at: usize) -> Option<(i32, usize)> {
        match [self.word(at), self.word(at + 1), self.word(at + 2)] {
            ["day", "after", "tomorrow"] => Some((2, at + 3)),
            ["day", "before", "yesterday"] => Some((-2, at + 3)),
            ["morgen", ..] if !self.is_tomorrow(at) => None,
            // "von heute auf morgen" means "suddenly".
            ["heute", "auf", "morgen"] => None,
            [word, ..] => Some((lookup(DAY_WORDS, word)?, at + 1)),
        }
    }

    /// Whether "morgen" is the next day, not a greeting, a time of day, a name or an area.
    fn is_tomorrow(&self, at: usize) -> bool {
        let before = self.before(at);
        let greets = GREETED.contains(&self.word(at + 1))
            || at == 0 && self.ends(at) && self.tokens.len() > 1;
        let suddenly = before == "auf" && self.word_back(at, 2) == "heute";
        let other =
            [BEFORE_MORNING, EVERY, BEFORE_NO_CERTAIN_DAY].iter().any(|w| w.contains(&before));
        !(greets || suddenly || other || number(before).is_some())
    }

    /// "in 3 Wochen", "vor einem Monat", "seit zwei Tagen", "two weeks ago".
    fn distance(&self, at: usize) -> Option<Read> {
        self.distance_from(self.today, at)
    }

    fn distance_from(&self, date: Date, at: usize) -> Option<Read> {
        let sign = match self.word(at) {
            "in" => 1,
            "vor" | "seit" => -1,
            _ => {
                let (unit, end) =
                    self.amount(at).filter(|&(_, end)| AGO.contains(&self.word(end)))?;
                return Some((shift(date, unit, -1)?, end + 1));
            }
        };
        let (unit, end) = self.amount(at + 1)?;
        Some((shift(date, unit, sign)?, end))
    }

    /// How long, and where the words end: "3 Wochen", "etwa einem halben Jahr".
    fn amount(&self, at: usize) -> Option<(Unit, usize)> {
        let at = self.skip(at, HEDGES);
        let word = self.word(at);
        let count = number(word).or_else(|| lookup(COUNTS, word))?;
        if self.ends(at) {
            return None;
        }
        if ["halben", "halbes"].contains(&self.word(at + 1)) && self.word(at + 2) == "jahr" {
            return (count == 1).then_some((Unit::Months(6), at + 3));
        }
        let unit = match lookup(UNITS, self.word(at + 1))? {
            Unit::Days(days) => Unit::Days(days.checked_mul(count)?),
            Unit::Months(months) => Unit::Months(months.checked_mul(count)?),
        };
        Some((unit, at + 2))
    }

    // Which year

    /// The day in this year or, without one, in the year that the lean chooses.
    fn on(&self, day: u8, month: Month, year: Option<i32>) -> Option<Date> {
        self.in_year(year, |year| Date::from_calendar_date(year, month, day).ok())
    }

    fn in_year(&self, year: Option<i32>, date: impl Fn(i32) -> Option<Date>) -> Option<Date> {
        // Between two 29ths of February there may be eight years.
        let near = self.today.year() - 8..=self.today.year() + 8;
        match year {
            Some(year) => date(year),
            None => self.choose(near.filter_map(date)),
        }
    }

    /// The one of several dates that the lean means.
    fn choose(&self, mut dates: impl Iterator<Item = Date>) -> Option<Date> {
        let today = self.today;
        match self.lean {
            // They come in order.
            Lean::Past => dates.filter(|&date| date <= today).last(),
            Lean::Future => dates.find(|&date| date >= today),
            Lean::Nearest => dates.min_by_key(|&date| {
                let days = date.to_julian_day() - today.to_julian_day();
                (days.abs(), days < 0)
            }),
        }
    }
}

/// The value that a table has for a word.
fn lookup<T: Copy>(table: Table<T>, word: &str) -> Option<T> {
    table.iter().find(|(_, words)| words.contains(&word)).map(|&(value, _)| value)
}

/// What may be left of a word without its inflection.
fn stems(word: &str) -> impl Iterator<Item = &str> {
    INFLECTIONS.iter().filter_map(move |ending| word.strip_suffix(ending))
}

/// A number in digits. Those of more than nine digits count nothing that matters here.
fn number(word: &str) -> Option<i32> {
    let digits = word.len() < 10 && word.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| word.parse().ok()).flatten()
}

/// A number of one or two digits.
fn small_number(word: &str) -> Option<u8> {
    number(word).filter(|_| word.len() <= 2).and_then(|number| u8::try_from(number).ok())
}

fn month_number(word: &str) -> Option<Month> {
    small_number(word).and_then(|number| Month::try_from(number).ok())
}

/// A day of a month: "3", "03", "3ten", "3rd", "dritten".
fn as_day(word: &str) -> Option<u8> {
    let digits = word.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, ending) = word.split_at(digits);
    let numeral = || small_number(digits).filter(|_| DAY_ENDINGS.contains(&ending));
    ordinal(word).or_else(numeral).filter(|day| (1..=31).contains(day))
}

/// An ordinal in words, from "erste" to "einunddreissigster".
fn ordinal(word: &str) -> Option<u8> {
    let at = stems(word).find_map(|stem| ORDINALS.iter().position(|&ordinal| ordinal == stem))?;
    u8::try_from(at + 1).ok()
}

/// Days from a date to the next such weekday, 0 if it is one itself.
fn days_ahead(date: Date, weekday: Weekday) -> i32 {
    let from = i32::from(date.weekday().number_days_from_monday());
    (i32::from(weekday.number_days_from_monday()) - from).rem_euclid(7)
}

fn weekday_of(monday: Date, weekday: Weekday) -> Option<Date> {
    shift_days(monday, i32::from(weekday.number_days_from_monday()))
}

/// The date so much later or, by a sign of -1, earlier.
fn shift(date: Date, unit: Unit, sign: i32) -> Option<Date> {
    match unit {
        Unit::Days(days) => shift_days(date, sign * days),
        Unit::Months(months) => shift_months(date, sign * months),
    }
}

fn shift_days(date: Date, days: i32) -> Option<Date> {
    Date::from_julian_day(date.to_julian_day().checked_add(days)?).ok()
}

/// The same day of another month, or its last day if it is shorter.
fn shift_months(date: Date, count: i32) -> Option<Date> {
    let months = i32::from(u8::from(date.month())) - 1;
    let months = (date.year() * 12 + months).checked_add(count)?;
    let month = Month::try_from(u8::try_from(months.rem_euclid(12) + 1).ok()?).ok()?;
    let first = Date::from_calendar_date(months.div_euclid(12), month, 1).ok()?;
    first.replace_day(date.day().min(month.length(first.year()))).ok()
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;
    use crate::text::tokens;

    /// A Wednesday.
    const TODAY: Date = date!(2026 - 06 - 17);

    fn said(text: &str, lean: Lean) -> Option<String> {
        find(&tokens(text), TODAY, lean).map(|said| said.date.to_string())
    }

    /// Each text with the date that is meant.
    fn check(lean: Lean, cases: &[(&str, &str)]) {
        for &(text, date) in cases {
            assert_eq!(said(text, lean).as_deref(), Some(date), "{text} ({lean:?})");
        }
    }

    /// Each text with the date that is meant whatever the lean.
    fn check_all(cases: &[(&str, &str)]) {
        for lean in [Lean::Past, Lean::Future, Lean::Nearest] {
            check(lean, cases);
        }
    }

    fn check_none(texts: &[&str]) {
        for text in texts {
            for lean in [Lean::Past, Lean::Future, Lean::Nearest] {
                assert_eq!(said(text, lean), None, "{text} ({lean:?})");
            }
        }
    }

    #[test]
    fn a_date_with_its_year_is_that_date() {
        check_all(&[
            ("03.05.2026", "2026-05-03"),
            ("Einzug war 3.5.2026.", "2026-05-03"),
            ("am 3.5.26 umgezogen", "2026-05-03"),
            ("geboren 12.11.79", "2079-11-12"),
            ("geboren 12.11.80", "1980-11-12"),
            ("geb. 1.1.1950 in Mainz", "1950-01-01"),
            ("am 3. 5. 2026", "2026-05-03"),
            ("3/5/2026", "2026-05-03"),
            ("am 3.5.2026 um 10 Uhr", "2026-05-03"),
            ("am 3.5.26, 10:30 Uhr", "2026-05-03"),
            ("2026-05-03", "2026-05-03"),
            ("seit 2026-05-03 10:30", "2026-05-03"),
            ("3. Mai 2027", "2027-05-03"),
            ("am 3. Mai 24.", "2024-05-03"),
            ("3. Dez. 2025", "2025-12-03"),
            ("der dritte Mai 2027", "2027-05-03"),
            ("29. Februar 2024", "2024-02-29"),
            ("3rd of May 2027", "2027-05-03"),
            ("May 3, 2027", "2027-05-03"),
            ("on March 1st 2027", "2027-03-01"),
            ("Mai 2027", "2027-05-01"),
            ("seit Januar 2024", "2024-01-01"),
            ("seit Mai 24", "2024-05-01"),
            ("Ende Februar 2028", "2028-02-29"),
        ]);
    }

    #[test]
    fn a_date_without_a_year_leans() {
        check(
            Lean::Past,
            &[
                ("am 3. Mai geheiratet", "2026-05-03"),
                ("am 3. August", "2025-08-03"),
                ("am 17.6. umgezogen", "2026-06-17"),
                ("am 18.6. umgezogen", "2025-06-18"),
                ("29. Februar", "2024-02-29"),
                ("am 17. umgezogen", "2026-06-17"),
                ("am 18. umgezogen", "2026-05-18"),
                ("am 31. umgezogen", "2026-05-31"),
                ("seit Januar", "2026-01-01"),
                ("im August", "2025-08-01"),
                ("Ende Juni", "2025-06-30"),
            ],
        );
        check(
            Lean::Future,
            &[
                ("am 3. Mai läuft er ab", "2027-05-03"),
                ("am 3. August", "2026-08-03"),
                ("am 17.6. heiraten wir", "2026-06-17"),
                ("29. Februar", "2028-02-29"),
                ("am 17. ziehe ich um", "2026-06-17"),
                ("am 16. ziehe ich um", "2026-07-16"),
                ("zum 31. ausziehen", "2026-07-31"),
                ("ab August", "2026-08-01"),
                ("im Mai", "2027-05-01"),
                ("Ende Juni", "2026-06-30"),
            ],
        );
        check(
            Lean::Nearest,
            &[
                ("3. Mai", "2026-05-03"),
                ("am 16. Dezember", "2026-12-16"),
                ("am 18. Dezember", "2025-12-18"),
                ("zum 1.", "2026-07-01"),
                ("am 15.", "2026-06-15"),
                ("im Oktober", "2026-10-01"),
            ],
        );
    }

    #[test]
    fn of_two_days_equally_near_the_coming_one_is_meant() {
        let near = |text, today| find(&tokens(text), today, Lean::Nearest).map(|said| said.date);
        // 15 days each way.
        assert_eq!(near("am 1.", date!(2026 - 06 - 16)), Some(date!(2026 - 07 - 01)));
        // 183 days each way, across a leap day.
        assert_eq!(near("1. September", date!(2024 - 03 - 02)), Some(date!(2024 - 09 - 01)));
    }

    #[test]
    fn days_and_months_are_written_in_many_ways() {
        check(
            Lean::Past,
            &[
                ("am 3.5.", "2026-05-03"),
                ("am 3.5 umgezogen", "2026-05-03"),
                ("Umzug 3.5.", "2026-05-03"),
                ("3.5", "2026-05-03"),
                ("geheiratet 03.05., jetzt neuer Name", "2026-05-03"),
                ("am 3.5. 14 Uhr war das", "2026-05-03"),
                ("3. mai", "2026-05-03"),
                ("3 Mai", "2026-05-03"),
                ("den 3ten Mai", "2026-05-03"),
                ("am 20sten April", "2026-04-20"),
                ("dritten Mai", "2026-05-03"),
                ("erster Mai", "2026-05-01"),
                ("am einunddreißigsten März", "2026-03-31"),
                ("am zwölften Jänner", "2026-01-12"),
                ("am 5. Maerz", "2026-03-05"),
                ("am 5. Marz", "2026-03-05"),
                ("5 mrz", "2026-03-05"),
                ("3. Feb. eingezogen", "2026-02-03"),
                ("3 sept", "2025-09-03"),
                ("Mai 3rd", "2026-05-03"),
                ("on May 3", "2026-05-03"),
                ("3 May", "2026-05-03"),
                ("am 15ten umgezogen", "2026-06-15"),
                ("zum Ersten umgezogen", "2026-06-01"),
                ("seit dem 3. wohne ich hier", "2026-06-03"),
                ("on the 3rd", "2026-06-03"),
                ("am 15. habe ich geheiratet. 3 Kinder", "2026-06-15"),
            ],
        );
        check(
            Lean::Future,
            &[
                ("zum 1. des nächsten Monats", "2026-07-01"),
                ("am 15. nächsten Monats", "2026-07-15"),
                ("ab 15. wohne ich dort", "2026-07-15"),
                ("bis zum 30.", "2026-06-30"),
                ("am 20 ziehe ich um", "2026-06-20"),
                ("am 20. 10 Uhr", "2026-06-20"),
            ],
        );
    }

    #[test]
    fn of_a_range_the_first_day_is_meant() {
        check_all(&[
            ("vom 1. bis 3. Mai 2027", "2027-05-01"),
            ("vom 1.-3. Mai 2027", "2027-05-01"),
            ("vom 1.-3.12.2026", "2026-12-01"),
            ("vom 28. bis 3. Mai 2027", "2027-04-28"),
            ("vom 3.5. bis 7.6.2025", "2025-05-03"),
            ("vom 30. Dezember bis 2. Januar 2025", "2024-12-30"),
            ("am 1. oder 15. August 2026", "2026-08-01"),
        ]);
        check(
            Lean::Future,
            &[("vom 12.10.-14.10. gesperrt", "2026-10-12"), ("vom 18. bis 20.", "2026-06-18")],
        );
    }

    #[test]
    fn days_are_told_from_today() {
        check_all(&[
            ("heute", "2026-06-17"),
            ("heute morgen umgezogen", "2026-06-17"),
            ("gestern Abend", "2026-06-16"),
            ("vorgestern", "2026-06-15"),
            ("morgen", "2026-06-18"),
            ("Muss ich morgen kommen?", "2026-06-18"),
            ("Guten Morgen, morgen ziehe ich um", "2026-06-18"),
            ("übermorgen", "2026-06-19"),
            ("tomorrow", "2026-06-18"),
            ("since yesterday", "2026-06-16"),
            ("the day after tomorrow", "2026-06-19"),
            ("in 3 Wochen", "2026-07-08"),
            ("in zwei Tagen", "2026-06-19"),
            ("in ca. 14 Tagen", "2026-07-01"),
            ("vor einer Woche", "2026-06-10"),
            ("seit 6 Wochen", "2026-05-06"),
            ("in einem Monat", "2026-07-17"),
            ("vor 3 Monaten", "2026-03-17"),
            ("vor einem halben Jahr", "2025-12-17"),
            ("vor einem Jahr", "2025-06-17"),
            ("heute in einer Woche", "2026-06-24"),
            ("two weeks ago", "2026-06-03"),
            ("das ist 3 wochen her", "2026-05-27"),
        ]);
        check(Lean::Future, &[("Montag in einer Woche", "2026-06-29")]);
    }

    #[test]
    fn a_month_later_is_never_past_the_end_of_that_month() {
        let later = |text, today| find(&tokens(text), today, Lean::Nearest).map(|said| said.date);
        assert_eq!(later("in einem Monat", date!(2026 - 01 - 31)), Some(date!(2026 - 02 - 28)));
        assert_eq!(later("vor 3 Monaten", date!(2024 - 05 - 31)), Some(date!(2024 - 02 - 29)));
    }

    #[test]
    fn weeks_and_months_have_a_first_day_and_parts() {
        check_all(&[
            ("nächste Woche", "2026-06-22"),
            ("letzte Woche", "2026-06-08"),
            ("vorletzte Woche", "2026-06-01"),
            ("in der kommenden Woche", "2026-06-22"),
            ("next week", "2026-06-22"),
            ("nächste Woche Freitag", "2026-06-26"),
            ("Freitag nächster Woche", "2026-06-26"),
            ("letzte Woche am Montag", "2026-06-08"),
            ("Ende nächster Woche", "2026-06-26"),
            ("nächsten Monat", "2026-07-01"),
            ("im letzten Monat", "2026-05-01"),
            ("Ende des Monats", "2026-06-30"),
            ("Mitte nächsten Monats", "2026-07-15"),
        ]);
        check(
            Lean::Future,
            &[
                ("Anfang Mai", "2027-05-01"),
                ("Mitte Juli", "2026-07-15"),
                ("Ende Februar", "2027-02-28"),
                ("in August", "2026-08-01"),
                ("im Mai 3 Mal", "2027-05-01"),
                ("ab Juli 14 Mitarbeiter", "2026-07-01"),
            ],
        );
    }

    #[test]
    fn weekdays_lean_and_step() {
        check_all(&[
            ("nächsten Montag", "2026-06-22"),
            ("am kommenden Mittwoch", "2026-06-24"),
            ("letzten Montag", "2026-06-15"),
            ("vergangenen Freitag", "2026-06-12"),
            ("letzten Mittwoch", "2026-06-10"),
            ("übernächsten Freitag", "2026-06-26"),
            ("last friday", "2026-06-12"),
            ("am Montag, den 3. Mai 2027", "2027-05-03"),
            ("Freitag 3.7.2026", "2026-07-03"),
        ]);
        check(
            Lean::Past,
            &[
                ("am Montag", "2026-06-15"),
                ("am Mittwoch", "2026-06-17"),
                ("Freitag", "2026-06-12"),
                ("diesen Montag", "2026-06-15"),
            ],
        );
        for lean in [Lean::Future, Lean::Nearest] {
            check(
                lean,
                &[
                    ("am Montag", "2026-06-22"),
                    ("am Mittwoch", "2026-06-17"),
                    ("bis Sonntag", "2026-06-21"),
                    ("am Samstag offen?", "2026-06-20"),
                    ("diesen Freitag", "2026-06-19"),
                    ("am Montag, den 6.7.", "2026-07-06"),
                    ("Freitag den 19.", "2026-06-19"),
                ],
            );
        }
    }

    #[test]
    fn numbers_of_something_else_are_no_dates() {
        check_none(&[
            "",
            "2 Kinder",
            "16 Jahre",
            "50 Euro",
            "3.5 Kilo",
            "bis 3,5 Tonnen",
            "mit dem 7,5 Tonner",
            "§ 5",
            "Paragraph 3.5",
            "Hartz 4",
            "Klasse 5",
            "Perso ab 16?",
            "ab 16 Jahren",
            "ab 16. Das ist mein Alter",
            "I am 15.",
            "Abi 1,9",
            "kostet 12,10?",
            "um 10:05",
            "10:30",
            "um 8 Uhr",
            "von 10-12 Uhr",
            "am 8 Uhr",
            "72070 Tübingen",
            "07071 12-5",
            "0171 12 5 2026",
            "Hauptstr. 12, 5.",
            "Musterweg 3, 2. OG",
            "192.168.2.1",
            "Version 1.2.3",
            "im Monat 3 Mal",
            "zum 18. Geburtstag",
            "zum ersten Mal",
            "am ersten Tag",
            "am 1. jeden Monats",
            "im 2. Stock",
            "am 1. Weihnachtsfeiertag",
            "am fünften zwölften",
            "am 5ten 12ten",
            "2026",
            "seit 2015 hier",
        ]);
    }

    #[test]
    fn words_of_something_else_are_no_dates() {
        check_none(&[
            "Guten Morgen",
            "Morgen, ich habe eine Frage",
            "Morgen zusammen",
            "morgens",
            "am Morgen",
            "jeden Morgen",
            "Herr Morgen",
            "von heute auf morgen",
            "sonntags",
            "samstags geöffnet",
            "jeden Montag",
            "Montag bis Freitag",
            "von Montag bis Freitag",
            "Montag abends",
            "Frau Sonntag",
            "may i ask",
            "my son is 16, may I apply",
            "Mai",
            "August Müller",
            "mein Sohn Jan",
            "Wohnung in Mainz",
            "diese Woche",
            "diesen Monat",
            "unter der Woche",
            "drei Wochen Urlaub",
            "seit Wochen",
            "vor 5 Jahren",
            "in der Kita",
        ]);
    }

    #[test]
    fn impossible_dates_are_none() {
        check_none(&[
            "31.2.",
            "am 31.2.2026",
            "am 31. Februar",
            "am 31. Februar 2026",
            "29.2.2025",
            "am 32. Mai 2026",
            "0.5.2026",
            "am 3.13.2026",
            "2026-02-30",
            "3.5.1850",
            "3. Mai 2101",
            "in 999999999 Wochen",
            "vor 999999999 Monaten",
            "in 99999999999999999999 Tagen",
            "vor 2000 Monaten",
        ]);
    }

    #[test]
    fn the_words_are_those_of_the_date_and_its_lead() {
        for (text, words) in [
            ("Ich ziehe am 3. Mai um", "am 3 Mai"),
            ("ab dem 3.5.2026 dort", "ab dem 3 5 2026"),
            ("Frist bis zum 15. verlängern", "bis zum 15"),
            ("der 3. Mai passt", "der 3 Mai"),
            ("Ich melde mich ab. Morgen früh", "Morgen"),
            ("Bescheid vom 4.3., was nun", "vom 4 3"),
            ("wohne seit gestern hier", "seit gestern"),
            ("Ich bin vor zwei Wochen umgezogen", "vor zwei Wochen"),
            ("Termin in der nächsten Woche bitte", "in der nächsten Woche"),
            ("Am Montag, den 3. Mai um 8", "Am Montag den 3 Mai"),
            ("I moved on May 3rd, 2026", "on May 3rd 2026"),
            ("läuft Ende Mai ab", "Ende Mai"),
            ("vom 1. bis 3. Mai verreist", "vom 1"),
            ("heute in einer Woche, 3.5.", "heute in einer Woche"),
        ] {
            let tokens = tokens(text);
            let said = find(&tokens, TODAY, Lean::Nearest).expect(text);
            let typed: Vec<_> = tokens[said.words].iter().map(|token| &*token.typed).collect();
            assert_eq!(typed.join(" "), words, "{text}");
        }
    }

    #[test]
    fn the_first_of_several_dates_is_found() {
        check(
            Lean::Past,
            &[
                ("Gestern geheiratet, am 3. Mai umgezogen", "2026-06-16"),
                ("am 3. Mai umgezogen, gestern geheiratet", "2026-05-03"),
                ("nicht am 31.2., sondern am 1.3.", "2026-03-01"),
            ],
        );
    }

    /// Words that the rules look at, to be put together without sense.
    #[rustfmt::skip]
    const PIECES: &[&str] = &[
        "", "0", "1", "3", "12", "29", "31", "32", "26", "2026", "1899", "9999", "72070",
        "999999999", "2147483648", "99999999999999999999", "3ten", "3rd", "dritten", "e", "en",
        "mai", "may", "jan", "februar", "montag", "heute", "morgen", "uebermorgen", "am", "ab",
        "i", "in", "vor", "seit", "bis", "zum", "der", "dem", "den", "the", "des", "of", "und",
        "ein", "einem", "halben", "jahr", "wochen", "woche", "tagen", "monat", "monaten", "ago",
        "naechste", "letzten", "diese", "vorletzte", "anfang", "ende", "uhr", "day", "after",
        "tomorrow", "auf", "ca", "jeden", "ümläut", "٣", "½",
    ];

    #[test]
    fn no_words_panic() {
        let mut seed = 1_u64;
        let mut random = |below: usize| {
            // Knuth's linear congruential generator; its upper bits are the better ones.
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            usize::try_from(seed >> 33).unwrap() % below
        };
        let days = [TODAY, Date::MIN, Date::MAX, date!(1900 - 01 - 01), date!(2100 - 12 - 31)];
        let leans = [Lean::Past, Lean::Future, Lean::Nearest];
        let mut found = 0;
        for _ in 0..100_000 {
            let tokens: Vec<Token> = (0..random(8))
                .map(|_| {
                    let word = PIECES[random(PIECES.len())].to_owned();
                    let (capital, ends_clause) = (random(2) == 0, random(3) == 0);
                    Token { folded: word.clone(), typed: word, capital, ends_clause }
                })
                .collect();
            let (today, lean) = (days[random(days.len())], leans[random(3)]);
            if let Some(Said { date, words }) = find(&tokens, today, lean) {
                assert!(YEARS.contains(&date.year()), "{date}");
                assert!(words.start < words.end && words.end <= tokens.len(), "{words:?}");
                found += 1;
            }
        }
        assert!(found > 10_000, "the pieces make too few dates to prove anything: {found}");
    }
}
