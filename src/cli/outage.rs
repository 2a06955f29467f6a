//! `outage`: what is out of order, said once for every service that hangs on it.

mod notes;

use clap::Subcommand;
use time::{
    Date, OffsetDateTime, PrimitiveDateTime, Time,
    format_description::{FormatItem, well_known::Rfc3339},
    macros::format_description,
};

use self::notes::Notes;
use super::{Common, FAILED, USAGE, load_config, show};
use crate::{
    bot::Bot,
    catalog::Service,
    message::{by_german_clocks, german_moment},
    offers::outage::{Outage, concerned},
};

#[derive(Debug, Subcommand)]
pub(super) enum OutageCommand {
    /// Note that something is out of order
    #[command(after_help = "Examples:\n  \
        amtslotse outage set \"i-Kfz\" --until \"24.11.2026 18:00\" --instead \"Kommen Sie in die Zulassungsstelle.\"\n  \
        amtslotse outage set wohnsitz-ummelden --region Köln")]
    Set {
        /// Id of a service, or a name that its entry mentions
        what: String,
        /// Until when: "24.11.2026 18:00", "24.11.2026" (the whole day), "2026-11-24T18:00" or with an
        /// offset (RFC 3339)
        #[arg(long)]
        until: Option<String>,
        /// From when on; at once if left out
        #[arg(long)]
        from: Option<String>,
        /// What to do meanwhile, a sentence
        #[arg(long)]
        instead: Option<String>,
        /// Where: 12-digit key, name or postcode; everywhere if left out
        #[arg(long, value_name = "ARS")]
        region: Option<String>,
    },
    /// It works again
    Clear {
        /// As it was set; all notes if left out
        what: Option<String>,
    },
    /// Show the notes and what they concern
    List,
}

pub(super) async fn run(common: &Common, command: &OutageCommand) -> u8 {
    let config = match load_config(common) {
        Ok(loaded) => loaded.config,
        Err(code) => return code,
    };
    let bot = match crate::setup::build_bot(&config) {
        Ok(bot) => bot,
        Err(error) => {
            eprintln!("Fehler: {error:#}");
            return USAGE;
        }
    };
    let notes = match Notes::of(&config, common.tenant.as_ref()).await {
        Ok(notes) => notes,
        Err(error) => {
            eprintln!("Fehler: {error:#}");
            return USAGE;
        }
    };
    let result = match command {
        OutageCommand::Set { what, until, from, instead, region } => {
            let place = region.as_deref().map(|name| bot.places().resolve(name));
            let place = match place.transpose() {
                Ok(place) => place.map(|place| place.key),
                Err(error) => {
                    eprintln!("Fehler: --region: {error}");
                    return USAGE;
                }
            };
            let moments = moment("--from", from.as_deref(), Time::MIDNIGHT)
                .and_then(|from| Ok((from, moment("--until", until.as_deref(), LAST_MINUTE)?)));
            let (from, until) = match moments {
                Ok(moments) => moments,
                Err(why) => {
                    eprintln!("Fehler: {why}");
                    return USAGE;
                }
            };
            let now = OffsetDateTime::now_utc();
            if until.is_some_and(|until| until <= from.unwrap_or(now)) {
                eprintln!("Fehler: --until: liegt in der Vergangenheit oder vor --from");
                return USAGE;
            }
            let instead = instead.clone().filter(|text| !text.trim().is_empty());
            let outage = Outage { what: what.clone(), region: place, from, until, instead };
            set(&notes, &bot, outage).await
        }
        OutageCommand::Clear { what } => clear(&notes, what.as_deref()).await,
        OutageCommand::List => list(&notes, &bot).await,
    };
    match result {
        Ok(text) => show(&text),
        Err(why) => {
            eprintln!("Fehler: {why}");
            FAILED
        }
    }
}

const LAST_MINUTE: Time = time::macros::time!(23:59);

/// A moment as clerks write it, by German clocks.
fn moment(
    option: &str,
    text: Option<&str>,
    time_of_day: Time,
) -> Result<Option<OffsetDateTime>, String> {
    const DAYS: [&[FormatItem<'_>]; 2] = [
        format_description!("[day padding:none].[month padding:none].[year]"),
        format_description!("[year]-[month]-[day]"),
    ];
    const MINUTES: [&[FormatItem<'_>]; 3] = [
        format_description!("[day padding:none].[month padding:none].[year] [hour]:[minute]"),
        format_description!("[year]-[month]-[day] [hour]:[minute]"),
        format_description!("[year]-[month]-[day]T[hour]:[minute][optional [:[second]]]"),
    ];
    let Some(text) = text.map(str::trim) else { return Ok(None) };
    let minute = MINUTES.iter().find_map(|format| PrimitiveDateTime::parse(text, format).ok());
    let day = || DAYS.iter().find_map(|format| Date::parse(text, format).ok());
    minute
        .or_else(|| day().map(|day| day.with_time(time_of_day)))
        .map(german_moment)
        .or_else(|| OffsetDateTime::parse(text, &Rfc3339).ok())
        .map(Some)
        .ok_or_else(|| {
            format!("{option}: »{text}« ist kein Zeitpunkt (erwartet: 24.11.2026 18:00)")
        })
}

async fn set(notes: &Notes, bot: &Bot, outage: Outage) -> Result<String, String> {
    let services = concerned(&outage.what, bot.catalog());
    if services.is_empty() {
        return Err(format!(
            "»{}« kommt in keiner Leistung vor; erwartet: eine Kennung (amtslotse offers list) oder ein \
             Name wie »i-Kfz«, der in einem Eintrag steht",
            outage.what
        ));
    }
    let out = told(&outage, bot);
    notes
        .change(|notes| {
            notes.retain(|note| (&note.what, note.region) != (&outage.what, outage.region));
            notes.push(outage.clone());
            Ok(())
        })
        .await?;
    Ok(format!("{out}Ein laufender Bot sagt es in {}.\n", notes.delay()))
}

async fn clear(notes: &Notes, what: Option<&str>) -> Result<String, String> {
    let gone = notes
        .change(|notes| {
            let before = notes.len();
            notes.retain(|note| what.is_some_and(|what| note.what != what));
            match (before - notes.len(), what) {
                (0, Some(what)) => {
                    Err(format!("keine Störung »{what}« vermerkt (amtslotse outage list)"))
                }
                (gone, _) => Ok(gone),
            }
        })
        .await?;
    Ok(format!("{gone} Störungen gelöscht\n"))
}

async fn list(notes: &Notes, bot: &Bot) -> Result<String, String> {
    let notes = notes.read().await?;
    if notes.is_empty() {
        return Ok("Keine Störung vermerkt\n".to_owned());
    }
    Ok(notes.iter().map(|note| told(note, bot)).collect())
}

fn told(outage: &Outage, bot: &Bot) -> String {
    let minute = format_description!("[day].[month].[year] [hour]:[minute]");
    let moment = |at: OffsetDateTime| by_german_clocks(at).format(minute).unwrap_or_default();
    let mut out = format!("»{}«", outage.what);
    if let Some(region) = outage.region {
        let place = bot.places().place(region);
        out.push_str(&format!(" in {}", place.map_or(region.to_string(), |p| p.name.clone())));
    }
    if let Some(from) = outage.from {
        out.push_str(&format!(" ab {}", moment(from)));
    }
    match outage.until {
        Some(until) => out.push_str(&format!(" bis {}", moment(until))),
        None => out.push_str(" bis auf Weiteres"),
    }
    if let Some(instead) = &outage.instead {
        out.push_str(&format!(", stattdessen: {instead}"));
    }
    out.push('\n');
    for id in concerned(&outage.what, bot.catalog()) {
        let name = bot.service(&id).map_or("", Service::plain);
        out.push_str(&format!("  betrifft {id} ({name})\n"));
    }
    out
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn moments_are_read_as_clerks_and_programs_write_them() {
        let read = |text| moment("--until", Some(text), LAST_MINUTE).ok().flatten();
        for text in [
            "24.11.2026 18:00",
            "2026-11-24 18:00",
            "2026-11-24T18:00",
            "2026-11-24T18:00:00",
            "2026-11-24T18:00:00+01:00",
            "2026-11-24T17:00:00Z",
        ] {
            assert_eq!(read(text), Some(datetime!(2026-11-24 18:00 +1)), "{text}");
        }
        // In summer German clocks are two hours ahead.
        for text in ["1.7.2027", "01.07.2027", "2027-07-01"] {
            assert_eq!(read(text), Some(datetime!(2027-07-01 23:59 +2)), "{text}");
        }
        for text in ["morgen", "31.02.2027", "18:00", ""] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
