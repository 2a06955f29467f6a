//! How an answer came about, readable by a clerk.

use std::fmt::Write;

use super::{
    Bot,
    decision::{self, Abstention, Decision, decide},
    event,
};
use crate::{
    matching::{
        features::Role,
        ranking::{SIGNALS, contrast, evidence, signals},
        stopwords,
    },
    places::Mention,
};

impl Bot {
    /// How the ranking for a text came about: what was read, what was corrected, which services came
    /// near and why, and how sure the first one is.
    pub fn explain(&self, text: &str) -> String {
        explain(self, text)
    }
}

fn explain(bot: &Bot, text: &str) -> String {
    let heeded = bot.heed(text);
    let query = &heeded.query;
    let ranking = bot.matcher.rank(query);
    let mut out = String::new();
    let words: Vec<String> = query
        .tokens
        .iter()
        .zip(&query.roles)
        .map(|(token, role)| match role {
            Role::Content if stopwords::is_stop(&token.folded) => {
                format!("({})", token.typed)
            }
            Role::Content => token.typed.clone(),
            Role::Facet => format!("{}=Merkmal", token.typed),
            Role::Place => format!("{}=Ort", token.typed),
            Role::Masked => format!("{}=Tag/Zahl", token.typed),
        })
        .collect();
    let _ = writeln!(out, "Gelesen:     {}", words.join(" "));
    for correction in &query.corrections {
        let _ = writeln!(
            out,
            "Berichtigt:  {} ~ {} ({} Buchstabe(n))",
            correction.typed, correction.read, correction.distance
        );
    }
    if let Some(spotted) = &heeded.spotted {
        let place = match &spotted.mention {
            Mention::One(place) => format!("{} [{}]", bot.places.label(place), place.key),
            Mention::Several(places) => format!("{} Orte dieses Namens", places.len()),
            Mention::UnknownPostcode(code) => format!("unbekannte Postleitzahl {code:05}"),
        };
        let _ = writeln!(out, "Ort:         {place}");
    }
    if !query.facets.is_empty() {
        let facets: Vec<&str> = query.facets.iter().map(|facet| facet.name()).collect();
        let _ = writeln!(out, "Merkmale:    {}", facets.join(", "));
    }
    for (at, found) in ranking.matches.iter().take(5).enumerate() {
        let service = &bot.catalog.services()[usize::from(found.class)];
        let (nearest, likeness) = bot.matcher.nearest_expression(query, found);
        let _ = writeln!(
            out,
            "{}. {:<38} Anteil {:>3.0} %, am nächsten: »{nearest}« ({likeness:.2})",
            at + 1,
            service.id.as_str(),
            found.share * 100.0,
        );
        if at < 2 {
            let evidence: Vec<String> = evidence(&bot.matcher, query, found)
                .into_iter()
                .map(|(word, share)| format!("{word} {:.0} %", share * 100.0))
                .collect();
            let _ = writeln!(out, "   dafür spricht: {}", evidence.join(", "));
        }
    }
    if let [first, second, ..] = ranking.matches.as_slice() {
        let words: Vec<String> = contrast(&bot.matcher, query, first, second)
            .into_iter()
            .map(|(word, more)| format!("{word} +{more:.1}"))
            .collect();
        let behind = first.score - second.score;
        let _ = writeln!(
            out,
            "Der Zweite liegt um {behind:.1} zurück; für den Ersten spricht mehr: {}",
            words.join(", ")
        );
    }
    if let Some(hints) = ranking.hints {
        let _ = writeln!(out, "Heikle Leistung: {hints} Hinweis(e), zwei sind nötig");
    }
    if let Some(elsewhere) = &ranking.elsewhere {
        let (nearest, likeness) = bot.matcher.nearest_expression(query, elsewhere);
        let _ = writeln!(
            out,
            "-  {:<38} Anteil {:>3.0} %, am nächsten: »{nearest}« ({likeness:.2})",
            "keine Leistung der Verwaltung",
            elsewhere.share * 100.0,
        );
    }
    let signals = signals(&ranking);
    let named: Vec<String> =
        SIGNALS.iter().zip(signals).map(|(name, value)| format!("{name} {value:.2}")).collect();
    let _ = writeln!(out, "Zuversicht:  {:.2} ({})", ranking.confidence, named.join(", "));
    let decision = match decide(&ranking, &query.facets) {
        Decision::Answer => {
            format!("antworten (ab {:.2}; ein Wort, eine Geschichte: mehr)", decision::ANSWER)
        }
        Decision::Clarify(count) => format!("nachfragen, {count} Möglichkeiten"),
        Decision::Abstain(Abstention::NothingNear) => "nicht gewusst".to_owned(),
        Decision::Abstain(Abstention::Elsewhere) => "keine Leistung der Verwaltung".to_owned(),
    };
    let _ = writeln!(out, "Entscheidung: {decision}");
    bot.explain_overlay(&heeded, &ranking, &mut out);
    if let Some(found) = &ranking.event
        && let Some(event) = bot.catalog.life_events.get(usize::from(found.class))
    {
        let best = ranking.matches.first().map_or(0.0, |best| best.score);
        let _ = writeln!(
            out,
            "Lebenslage:  {} (Anteil {:.2}, Vorsprung {:.1}; als Checkliste ab {:.2} und {:.1})",
            event.id,
            found.share,
            found.score - best,
            event::EVENT_SHARE,
            event::AHEAD,
        );
    }
    out
}
