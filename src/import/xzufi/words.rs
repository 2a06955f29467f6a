//! Amounts and spans of time in words: "37,50 Euro", "2 bis 4 Wochen".
//!
//! The choice between kinds (`kostenauswahl`, `fristauswahl`) is written as `xsi:type` by some and
//! as an element by others; what is found inside tells them apart.

use super::{
    objects::{day, german, without_repeats},
    xml::Element,
};

/// What a `modulKosten` costs by its amounts; `None` if it gives none.
pub(super) fn fee(module: &Element) -> Option<String> {
    let costs = without_repeats(module.all("kosten").filter_map(cost));
    (!costs.is_empty()).then(|| costs.join("; "))
}

/// One cost, with what it is for.
fn cost(entry: &Element) -> Option<String> {
    let amount = amounts(entry)?;
    let kind = || Some(entry.first("typ")?.first("name")?.text()).filter(|kind| !kind.is_empty());
    let reason = || {
        let reasons = ["beschreibungVariabilitaet", "beschreibungKostenfreiheit"];
        reasons.iter().find_map(|name| german_below(entry, name))
    };
    match german(entry, "beschreibung").or_else(reason).or_else(kind) {
        Some(what) => Some(format!("{amount} ({what})")),
        None => Some(amount),
    }
}

/// The German text of a name in an element or deeper.
fn german_below(element: &Element, name: &str) -> Option<String> {
    german(element, name).or_else(|| element.elements().find_map(|inner| german_below(inner, name)))
}

fn amounts(entry: &Element) -> Option<String> {
    let amount = |name| entry.find(name).and_then(Amount::read);
    match (amount("betragUntergrenze"), amount("betragObergrenze"), amount("betrag")) {
        (Some(from), Some(to), _) if from.cents == to.cents => Some(to.to_words()),
        (Some(from), Some(to), _) if from.cents > 0 => {
            Some(format!("{} bis {}", from.number(), to.to_words()))
        }
        (_, Some(to), _) if to.cents == 0 => Some(to.to_words()),
        (_, Some(to), _) => Some(format!("bis {}", to.to_words())),
        (Some(from), None, _) => (from.cents > 0).then(|| format!("ab {}", from.to_words())),
        (None, None, Some(fixed)) => Some(fixed.to_words()),
        (None, None, None) => is_free(entry).then(|| "kostenfrei".to_owned()),
    }
}

/// Whether it is a `KostenFrei`, by element or type.
fn is_free(entry: &Element) -> bool {
    let names = |element: &Element| {
        let kind = element.attribute("type").unwrap_or_default();
        element.name.to_lowercase() == "kostenfrei" || kind.ends_with("KostenFrei")
    };
    entry.elements().any(|choice| names(choice) || choice.elements().any(names))
        || entry.find("beschreibungKostenfreiheit").is_some()
}

/// An amount of money.
struct Amount {
    cents: u64,
    currency: String,
}

impl Amount {
    /// "37.50", "37,5" or "37", with the currency in an attribute or a child; negative or other
    /// numbers are none.
    fn read(element: &Element) -> Option<Self> {
        let text = element.first("value").unwrap_or(element).text();
        let (whole, part) = text.split_once(['.', ',']).unwrap_or((&text, ""));
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !digits(whole) || !digits(part) {
            return None;
        }
        let part = format!("{part:0<2}");
        if part[2..].bytes().any(|byte| byte != b'0') {
            return None;
        }
        let cents = whole.parse::<u64>().ok()?.checked_mul(100)?;
        let attribute = ["currencyCode", "currencyID"].iter().find_map(|n| element.attribute(n));
        let child = || Some(element.first("currencyCode")?.text());
        let currency = attribute.map(str::to_owned).or_else(child);
        Some(Self {
            cents: cents.checked_add(part[..2].parse().ok()?)?,
            currency: currency.unwrap_or_default(),
        })
    }

    fn number(&self) -> String {
        match self.cents % 100 {
            0 => (self.cents / 100).to_string(),
            part => format!("{},{part:02}", self.cents / 100),
        }
    }

    fn to_words(&self) -> String {
        match self.currency.trim() {
            _ if self.cents == 0 => "kostenfrei".to_owned(),
            "" | "EUR" => format!("{} Euro", self.number()),
            other => format!("{} {other}", self.number()),
        }
    }
}

/// A span or a day by which (`FristDauer`, `FristStichtag`); `None` if neither is given.
pub(super) fn span(entry: &Element) -> Option<String> {
    duration(entry).or_else(|| key_day(entry))
}

/// "2 Wochen", "2 bis 4 Wochen", "3 Tage bis 2 Wochen".
fn duration(entry: &Element) -> Option<String> {
    let number = |name| entry.find(name)?.text().parse::<u32>().ok();
    let from = number("dauer")?;
    let unit = entry.find("einheit").and_then(Element::code)?;
    let in_units = |number, unit: &str| Some(format!("{number} {}", unit_name(unit, number)?));
    let Some(to) = number("dauerBis").filter(|to| *to > 0) else { return in_units(from, &unit) };
    let last = entry.find("einheitBis").and_then(Element::code).unwrap_or_else(|| unit.clone());
    match (from, unit == last) {
        (0, _) => Some(format!("bis {}", in_units(to, &last)?)),
        (_, true) if from == to => in_units(to, &last),
        (_, true) => Some(format!("{from} bis {}", in_units(to, &last)?)),
        (_, false) => Some(format!("{} bis {}", in_units(from, &unit)?, in_units(to, &last)?)),
    }
}

/// The name of a unit of the list of Zeiteinheiten.
fn unit_name(unit: &str, number: u32) -> Option<&'static str> {
    let (one, many) = match unit {
        "JAHR" => ("Jahr", "Jahre"),
        "MONAT" => ("Monat", "Monate"),
        "WOCHE" => ("Woche", "Wochen"),
        "TAG" => ("Tag", "Tage"),
        "WERKTAG" => ("Werktag", "Werktage"),
        "ARBEITSTAG" => ("Arbeitstag", "Arbeitstage"),
        "STUNDE" => ("Stunde", "Stunden"),
        "MINUTE" => ("Minute", "Minuten"),
        "SEKUNDE" => ("Sekunde", "Sekunden"),
        _ => return None,
    };
    Some(if number == 1 { one } else { many })
}

/// "vom 01.01. bis 31.03.", "bis 31.07.2027".
fn key_day(entry: &Element) -> Option<String> {
    let date = |name| entry.find(name).and_then(printed_day);
    match (date("von"), date("bis")) {
        (Some(from), Some(to)) if from != to => Some(format!("vom {from} bis {to}")),
        (_, Some(to)) => Some(format!("bis {to}")),
        (Some(from), None) => Some(format!("ab {from}")),
        (None, None) => None,
    }
}

/// A date, or a day of every year ("--07-31").
fn printed_day(element: &Element) -> Option<String> {
    if let Some(date) = day(element) {
        return Some(format!("{:02}.{:02}.{}", date.day(), u8::from(date.month()), date.year()));
    }
    let text = element.text();
    let (month, day) = text.strip_prefix("--")?.split_once('-')?;
    let number = |text: &str| text.parse::<u8>().ok();
    let (month, day) = (number(month)?, number(day)?);
    ((1..=12).contains(&month) && (1..=31).contains(&day)).then(|| format!("{day:02}.{month:02}."))
}
