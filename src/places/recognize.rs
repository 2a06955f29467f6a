//! Finding the place in a citizen's words.

use super::{Place, PlaceLevel, Places};
use crate::{
    matching::{features::Role, stopwords},
    text::Token,
};

/// What a text says about the place.
#[derive(Debug, Clone, PartialEq)]
pub enum Mention {
    /// Exactly one.
    One(Place),
    /// One of several of the same name or postcode, largest first.
    Several(Vec<Place>),
    /// Five digits that are no postcode we know.
    UnknownPostcode(u32),
}

/// A place found in a text.
#[derive(Debug, Clone, PartialEq)]
pub struct Spotted {
    /// Which.
    pub mention: Mention,
    /// The words that named it, as typed.
    pub typed: String,
}

/// A run of words that names places.
struct Span {
    start: usize,
    end: usize,
    places: Vec<u32>,
    /// The word before it says that one comes from there.
    origin: bool,
    /// The word before it says that it is a place.
    cued: bool,
}

impl Places {
    /// Finds the place meant and masks the words that named places, so that they do not fight with
    /// the words that name a service. Of "von Köln nach Kassel" it is Kassel.
    pub fn spot(&self, tokens: &[Token], roles: &mut [Role]) -> Option<Spotted> {
        let postcode = self.spot_postcode(tokens);
        let mut spans = self.spans(tokens, postcode.is_some());
        if let Some((at, _)) = postcode {
            roles[at] = Role::Place;
        }
        for span in &spans {
            let start = if span.cued { span.start - 1 } else { span.start };
            roles[start..span.end].iter_mut().for_each(|role| *role = Role::Place);
        }
        let typed = |span: &Span| {
            let words = tokens[span.start..span.end].iter().map(|t| t.typed.as_str());
            words.collect::<Vec<_>>().join(" ")
        };
        if let Some((at, code)) = postcode {
            let found = self.by_postcode.get(&code).cloned().unwrap_or_default();
            // A name beside the postcode picks among its municipalities.
            let named: Vec<u32> = found
                .iter()
                .copied()
                .filter(|place| spans.iter().any(|span| span.places.contains(place)))
                .collect();
            let found = if named.is_empty() { found } else { named };
            let typed = tokens[at].typed.clone();
            let mention = if found.is_empty() {
                Mention::UnknownPostcode(code)
            } else {
                self.mention(self.largest_first(found))
            };
            return Some(Spotted { mention, typed });
        }
        // Where somebody goes to counts, not where they come from; else the first.
        if spans.iter().any(|span| !span.origin) {
            spans.retain(|span| !span.origin);
        }
        let best = spans.iter().find(|span| span.cued).or(spans.first())?;
        let found = self.largest_first(best.places.clone());
        Some(Spotted { mention: self.mention(found), typed: typed(best) })
    }

    fn mention(&self, found: Vec<u32>) -> Mention {
        let place = |at: u32| self.places[at as usize].clone();
        if found.len() == 1 || self.dominates(&found) {
            Mention::One(place(found[0]))
        } else {
            Mention::Several(found.into_iter().map(place).collect())
        }
    }

    fn spot_postcode(&self, tokens: &[Token]) -> Option<(usize, u32)> {
        tokens.iter().enumerate().find_map(|(at, token)| {
            let digits = token.folded.strip_prefix('d').unwrap_or(&token.folded);
            let code = super::parse_postcode(digits).ok()?;
            // 50000 euro, 12345 kilometers: an amount, unless it is a postcode we know.
            let unit = tokens.get(at + 1).is_some_and(|next| {
                matches!(
                    next.folded.as_str(),
                    "euro" | "eur" | "km" | "kilometer" | "qm" | "kwh" | "mal"
                )
            });
            (!unit).then_some((at, code))
        })
    }

    fn spans(&self, tokens: &[Token], has_postcode: bool) -> Vec<Span> {
        // In a text with capitals, a place is written with one.
        let mixed_case = tokens.iter().skip(1).any(|token| token.capital)
            && tokens.iter().any(|token| !token.capital);
        let mut spans = Vec::new();
        let mut start = 0;
        while start < tokens.len() {
            let longest = self.longest.min(tokens.len() - start);
            let found = (1..=longest)
                .rev()
                .find_map(|length| self.span_at(tokens, start, length, mixed_case, has_postcode));
            start = found.as_ref().map_or(start + 1, |span| span.end);
            spans.extend(found);
        }
        spans
    }

    fn span_at(
        &self,
        tokens: &[Token],
        start: usize,
        length: usize,
        mixed_case: bool,
        has_postcode: bool,
    ) -> Option<Span> {
        let end = start + length;
        let run = &tokens[start..end];
        if run[..length - 1].iter().any(|token| token.ends_clause) {
            return None;
        }
        let mut name = String::new();
        for token in run {
            if !name.is_empty() {
                name.push(' ');
            }
            name.push_str(&token.folded);
        }
        let before = start.checked_sub(1).map(|at| tokens[at].folded.as_str()).unwrap_or_default();
        let origin = matches!(before, "von" | "aus" | "vom");
        let cued = matches!(
            before,
            "in" | "nach" | "aus" | "stadt" | "gemeinde" | "ort" | "bei" | "raum" | "von"
        ) || (before == "fuer" && run[0].capital);
        // "Landkreis Tübingen", "Kreis Kleve": the word belongs to the name.
        if matches!(run[0].folded.as_str(), "landkreis" | "kreis" | "lk") && length > 1 {
            let bare = name.split_once(' ').map_or("", |(_, rest)| rest);
            let places = [format!("landkreis {bare}"), format!("kreis {bare}"), bare.to_owned()]
                .iter()
                .find_map(|name| self.by_region.get(name))?;
            return Some(Span { start, end, places: places.clone(), origin, cued: false });
        }
        // "Punkte in Flensburg" are a register, not a place.
        if name == "flensburg" && tokens.iter().any(|token| token.folded.starts_with("punkt")) {
            return None;
        }
        let needs_cue = self.cue.contains(&name);
        let named = matches!(before, "in" | "nach" | "aus" | "stadt" | "gemeinde" | "ort");
        let after_office =
            ["amt", "rathaus", "buero", "behoerde"].iter().any(|office| before.ends_with(office));
        let place_word = named || after_office;
        let capital = run[0].capital || !mixed_case;
        if let Some(places) = self.by_name.get(&name) {
            if needs_cue && !(has_postcode || place_word && capital) {
                return None;
            }
            let small = places.iter().all(|&at| self.places[at as usize].population < SMALL);
            // "Sag dem Finanzamt Bescheid" and "in meine Nähe": no villages.
            let goes_on = tokens.get(end).is_some() && !run[length - 1].ends_clause;
            let is_filler = stopwords::is_stop(&name) && !run[0].capital && goes_on;
            if needs_cue && !has_postcode && (is_filler || small && !named) {
                return None;
            }
            // Short names are words in dialects and other languages ("ha", "au").
            if name.len() <= 3 && !(place_word && (run[0].capital || !small)) {
                return None;
            }
            let written_as_name = run[0].capital && mixed_case;
            if small && !(cued || has_postcode || written_as_name || alone(tokens, run)) {
                return None;
            }
            return Some(Span { start, end, places: places.clone(), origin, cued });
        }
        if let Some(places) = self.by_region.get(&name) {
            let land = self.places[places[0] as usize].level == PlaceLevel::Land;
            if land && (cued || run[0].capital || tokens.len() <= 3) || length > 1 {
                return Some(Span { start, end, places: places.clone(), origin, cued });
            }
        }
        let places = self.by_district.get(&name)?;
        // District names are many, and many of them are surnames or words.
        let trusted = place_word && capital && name.len() > 3 || has_postcode;
        let in_city = places.iter().any(|&at| self.places[at as usize].population >= BIG);
        let plain = !needs_cue && (in_city && name.len() >= 6 || alone(tokens, run));
        (trusted || plain).then(|| Span { start, end, places: places.clone(), origin, cued })
    }
}

/// A municipality below this many inhabitants needs a hint that it is meant: its name may be a word
/// that no list has.
const SMALL: u32 = 3_000;
/// A city whose districts people name without saying "in".
const BIG: u32 = 200_000;

/// Whether the message is nothing but this name.
fn alone(tokens: &[Token], run: &[Token]) -> bool {
    tokens.len() == run.len()
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use super::*;
    use crate::{catalog::CatalogFiles, text::tokens};

    static PLACES: LazyLock<Places> =
        LazyLock::new(|| Places::load(&CatalogFiles::embedded()).unwrap());

    fn spot(text: &str) -> Option<Spotted> {
        let tokens = tokens(text);
        PLACES.spot(&tokens, &mut vec![Role::default(); tokens.len()])
    }

    fn check(text: &str, expected: &str) {
        let spotted = spot(text);
        let found = match &spotted {
            None => String::new(),
            Some(Spotted { mention: Mention::One(place), .. }) => place.name.clone(),
            Some(Spotted { mention: Mention::Several(places), .. }) => {
                format!("{} Orte", places.len())
            }
            Some(Spotted { mention: Mention::UnknownPostcode(code), .. }) => format!("{code}?"),
        };
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn places_are_found_by_name_district_and_postcode() {
        check("perso abgelaufen, geht das in tübingen online?", "Tübingen");
        check("perso tuebingen", "Tübingen");
        check("wohngeld Köln", "Köln");
        check("hund anmelden 72070", "Tübingen");
        check("hund anmelden in D-72070 Tübingen", "Tübingen");
        check("Bürgeramt Neukölln", "Berlin");
        check("sperrmüll in Bad Cannstatt", "Stuttgart");
        check("Frankfurt am Main Kita", "Frankfurt am Main");
        check("Halle (Saale) Ummeldung", "Halle (Saale)");
        check("Landkreis Tübingen Zulassung", "Landkreis Tübingen");
        check("Kita in Bayern", "Bayern");
        check("münster personalausweis", "Münster");
    }

    #[test]
    fn the_destination_counts_not_the_origin() {
        check("ziehe von Köln nach Kassel", "Kassel");
        check("ich komme aus Hamburg und bin jetzt in Bremen", "Bremen");
        check("bin aus Dresden", "Dresden");
    }

    #[test]
    fn names_that_are_words_need_a_cue() {
        for text in [
            "Essen auf Rädern",
            "gibt es in der schule essen",
            "wissen sie wo ich hin muss",
            "singen im chor",
            "der Hof muss sauber sein",
            "kuchen verkaufen beim fest",
            "ich will heiraten",
            "hund anmelden",
            "Wie sag ich dem Finanzamt Bescheid?",
            "er soll nicht in meine nähe kommen",
        ] {
            check(text, "");
        }
        check("hund anmelden in meine", "Meine");
        check("Wohnsitz anmelden in Essen", "Essen");
        check("wohnsitz anmelden in hof", "Hof");
        check("45127 Essen", "Essen");
    }

    #[test]
    fn several_places_of_a_name_are_all_given() {
        check("personalausweis in Neustadt", "16 Orte");
        check("54636", "39 Orte");
        check("99999", "99999?");
        check("Frankfurt", "2 Orte");
    }
}
