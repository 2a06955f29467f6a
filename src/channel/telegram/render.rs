//! From a [`Reply`] to messages in Telegram's HTML, with buttons.

use teloxide::types::{InlineKeyboardButton, InlineKeyboardMarkup};

use super::markup::{Line, Paragraph, pack};
use crate::{
    channel::mark,
    channel::public,
    message::Action,
    reply::{Block, Choice, ChoiceKind, Link, Reply},
};

/// One message to be sent.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Part {
    pub html: String,
    /// The same without markup, for the case that the markup is refused.
    pub plain: String,
    pub keyboard: Option<InlineKeyboardMarkup>,
}

/// The messages that make up a reply. In public it is shortened; buttons or links lead on.
pub(super) fn render(reply: &Reply, public: bool) -> Vec<Part> {
    let shown = reply.blocks.iter().enumerate();
    let shown = shown.filter(|(at, block)| !public || public::is_shown(reply, *at, block));
    let mut paragraphs: Vec<Paragraph> = shown.map(|(_, block)| paragraph(block)).collect();
    let asks = reply.choice_kind == ChoiceKind::Clarification;
    if asks && !reply.blocks.iter().any(|block| public::lists_choices(reply, block)) {
        paragraphs.push(numbered(reply.choices.iter().map(|choice| choice.label.as_str())));
    }
    let mut parts: Vec<Part> = pack(join_head(paragraphs))
        .into_iter()
        .map(|packed| Part { html: packed.html, plain: packed.plain, keyboard: None })
        .collect();
    if let Some(last) = parts.last_mut() {
        last.keyboard = keyboard(reply);
    }
    parts
}

fn paragraph(block: &Block) -> Paragraph {
    match block {
        Block::Notice(text) => vec![Line::bold(format!("⚠️ {text}"))],
        Block::Status { availability, text } => {
            vec![Line::bold(format!("{} {text}", mark(*availability)))]
        }
        Block::Heading(text) => vec![Line::bold(text)],
        Block::Text(text) => text.lines().map(Line::plain).collect(),
        Block::Facts { label, items } => match &items[..] {
            [item] => vec![Line::bold(format!("{label}:")).and(format!(" {item}"))],
            items => {
                let mut lines = vec![Line::bold(format!("{label}:"))];
                lines.extend(items.iter().map(|item| Line::plain(format!("• {item}"))));
                lines
            }
        },
        Block::Steps { label, items } => {
            let heading = if label.ends_with('?') { label.clone() } else { format!("{label}:") };
            let mut lines = vec![Line::bold(heading)];
            lines.extend(numbered(items.iter().map(String::as_str)));
            lines
        }
        Block::Links(links) => links.iter().map(link).collect(),
        Block::Copy(text) => vec![Line::preformatted(text)],
        Block::Aside(text) | Block::Source(text) => vec![Line::italic(text)],
    }
}

/// The name of a thing and whether it can be done online stand together.
fn join_head(paragraphs: Vec<Paragraph>) -> Vec<Paragraph> {
    let mut joined: Vec<Paragraph> = Vec::new();
    for paragraph in paragraphs {
        let head = |p: &Paragraph| p.len() == 1 && p[0].is_bold();
        match joined.last_mut() {
            Some(before) if before.iter().all(Line::is_bold) && head(&paragraph) => {
                before.extend(paragraph);
            }
            _ => joined.push(paragraph),
        }
    }
    joined
}

fn numbered<'a>(items: impl Iterator<Item = &'a str>) -> Paragraph {
    items.enumerate().map(|(at, item)| Line::plain(format!("{}. {item}", at + 1))).collect()
}

/// Only kinds of address that do nothing by themselves can be pressed. Telegram drops links to
/// numbers and mail addresses, so these are also shown.
fn link(link: &Link) -> Line {
    let Link { label, url } = link;
    let begins =
        |scheme: &str| url.get(..scheme.len()).is_some_and(|s| s.eq_ignore_ascii_case(scheme));
    if begins("https://") {
        Line::link(label, url)
    } else if begins("tel:") || begins("mailto:") {
        let address = url.split_once(':').map_or("", |(_, address)| address);
        Line::link(label, url).and(format!(": {address}"))
    } else if begins("http://") {
        Line::plain(format!("{label}: {url}"))
    } else {
        Line::plain(label)
    }
}

/// Choices of a clarification each have a row, since their names are long, and so have the steps of
/// a checklist; what one thinks of an answer comes last.
fn keyboard(reply: &Reply) -> Option<InlineKeyboardMarkup> {
    let clarification = reply.choice_kind == ChoiceKind::Clarification;
    let is_rating = |choice: &Choice| matches!(choice.action, Action::Rate { .. });
    let is_step = |choice: &Choice| choice.label.starts_with(|c: char| c.is_ascii_digit());
    let of = |choices: &mut dyn Iterator<Item = (usize, &Choice)>, a_row: usize| {
        let buttons: Vec<InlineKeyboardButton> = choices
            .filter_map(|(at, choice)| button(choice, clarification.then_some(at + 1)))
            .collect();
        buttons.chunks(a_row).map(<[_]>::to_vec).collect::<Vec<_>>()
    };
    let numbered = || reply.choices.iter().enumerate();
    let long = |choice: &Choice| clarification || is_step(choice);
    let mut rows = of(&mut numbered().filter(|(_, c)| long(c) && !is_rating(c)), 1);
    rows.extend(of(&mut numbered().filter(|(_, c)| !long(c) && !is_rating(c)), 2));
    rows.extend(of(&mut numbered().filter(|(_, c)| is_rating(c)), 2));
    (!rows.is_empty()).then(|| InlineKeyboardMarkup::new(rows))
}

fn button(choice: &Choice, number: Option<usize>) -> Option<InlineKeyboardButton> {
    let data = choice.action.encode();
    let label = match number {
        Some(number) => format!("{number}. {}", choice.label),
        None => choice.label.clone(),
    };
    // Telegram would refuse the whole message.
    (data.len() <= Action::MAX_LEN).then(|| InlineKeyboardButton::callback(label, data))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        message::Facet,
        reply::{AvailabilityKind, DecisionKind, NoticeKind, Outcome},
    };

    fn block_of_each_kind() -> Vec<Block> {
        let items = |items: &[&str]| items.iter().map(|item| (*item).to_owned()).collect();
        let link = |label: &str, url: &str| Link { label: label.to_owned(), url: url.to_owned() };
        vec![
            Block::Notice("Zurzeit gestört: <Wartung> & mehr".to_owned()),
            Block::Heading("Hund anmelden – Tübingen".to_owned()),
            Block::Status {
                availability: AvailabilityKind::Partly,
                text: "Online: nur teilweise".to_owned(),
            },
            Block::Text("Erster Satz mit _*[]()~`>#+-=|{}.!\nZweite Zeile.".to_owned()),
            Block::Steps { label: "So geht es".to_owned(), items: items(&["Antrag", "Abholen"]) },
            Block::Facts { label: "Gebühr".to_owned(), items: items(&["kostenlos"]) },
            Block::Facts { label: "Unterlagen".to_owned(), items: items(&["Pass", "Foto"]) },
            Block::Text("Noch ein Absatz.".to_owned()),
            Block::Links(vec![
                link("Online erledigen", "https://example.de/?a=1&b=\"><b>"),
                link("Anruf", "tel:115"),
                link("Ohne Schloss", "http://example.de"),
                link("Falle", "javascript:alert(1)"),
            ]),
            Block::Source("Quelle: Stadt (Stand 1.11.2026)".to_owned()),
        ]
    }

    fn choices() -> Vec<Choice> {
        let show = |facet| Action::Show {
            service: "hund-anmelden".parse().unwrap(),
            place: None,
            facet: Some(facet),
        };
        let choice = |label: &str, facet| Choice {
            id: String::new(),
            label: label.to_owned(),
            action: show(facet),
        };
        vec![
            choice("Gebühr", Facet::Cost),
            choice("Wo?", Facet::Where),
            choice("Frist", Facet::Deadline),
        ]
    }

    fn reply(blocks: Vec<Block>, choice_kind: ChoiceKind) -> Reply {
        let outcome = Outcome::new(DecisionKind::Answer, None);
        Reply { choices: choices(), choice_kind, ..Reply::new(blocks, outcome) }
    }

    /// Messages as text: what is sent, then the buttons, a row on a line.
    fn shown(parts: &[Part]) -> String {
        let mut out = String::new();
        for part in parts {
            out.push_str(&part.html);
            for row in part.keyboard.iter().flat_map(|keyboard| &keyboard.inline_keyboard) {
                let labels: Vec<String> =
                    row.iter().map(|button| format!("[{}]", button.text)).collect();
                out.push_str(&format!("\n{}", labels.join(" ")));
            }
            out.push_str("\n=====\n");
        }
        out
    }

    #[test]
    fn every_kind_of_block_is_shown_and_escaped() {
        let reply = reply(block_of_each_kind(), ChoiceKind::More);
        let parts = render(&reply, false);
        insta::assert_snapshot!("private", shown(&parts));
        insta::assert_snapshot!("plain", parts[0].plain);
    }

    #[test]
    fn in_public_an_answer_is_short() {
        let reply = reply(block_of_each_kind(), ChoiceKind::More);
        insta::assert_snapshot!("public", shown(&render(&reply, true)));
    }

    #[test]
    fn in_public_what_was_asked_for_is_kept() {
        let mut reply = reply(block_of_each_kind(), ChoiceKind::More);
        reply.outcome.facets = vec![Facet::Cost];
        assert!(shown(&render(&reply, true)).contains("<b>Gebühr:</b> kostenlos"));
        reply.outcome = Outcome::new(DecisionKind::Notice, Some(NoticeKind::Command));
        assert!(shown(&render(&reply, true)).contains("href="), "an imprint is its link");
    }

    #[test]
    fn a_clarification_is_numbered_once() {
        let asked = reply(vec![Block::Text("Welchen Ort?".to_owned())], ChoiceKind::Clarification);
        insta::assert_snapshot!("clarification", shown(&render(&asked, false)));
        let items = choices().into_iter().map(|choice| choice.label).collect();
        let steps = Block::Steps { label: "Was davon meinen Sie?".to_owned(), items };
        let listed = reply(vec![steps], ChoiceKind::Clarification);
        insta::assert_snapshot!("clarification_listed", shown(&render(&listed, true)));
    }

    #[test]
    fn a_question_after_an_answer_is_asked_whole() {
        let mut blocks = block_of_each_kind();
        blocks.push(Block::Text("Welchen Ort meinen Sie?".to_owned()));
        let asked = reply(blocks, ChoiceKind::Clarification);
        for public in [false, true] {
            let shown = shown(&render(&asked, public));
            assert!(shown.contains("Welchen Ort meinen Sie?\n\n1. Gebühr\n2. Wo?"), "{shown}");
            assert_eq!(shown.contains("1. Antrag"), !public);
        }
    }

    #[test]
    fn in_public_links_lead_on_where_no_button_does() {
        let mut answer = reply(block_of_each_kind(), ChoiceKind::More);
        assert!(!shown(&render(&answer, true)).contains("href="));
        answer.choices.clear();
        assert!(shown(&render(&answer, true)).contains("href="));
    }

    #[test]
    fn fault_2_buttons_are_below_the_last_part() {
        let text = || Block::Text("Wort & Tat ".repeat(300));
        let parts = render(&reply(vec![text(), text()], ChoiceKind::More), false);
        assert!(parts.len() > 1);
        let with_buttons: Vec<bool> = parts.iter().map(|part| part.keyboard.is_some()).collect();
        assert_eq!(with_buttons.iter().filter(|with| **with).count(), 1);
        assert_eq!(with_buttons.last(), Some(&true));
    }
}
