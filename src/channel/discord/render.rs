//! From a [`Reply`] to what Discord shows: embeds, and buttons or a menu below them.

use serenity::all::{
    ButtonStyle, CreateActionRow, CreateButton, CreateSelectMenu, CreateSelectMenuKind,
    CreateSelectMenuOption,
};

use super::{
    card::{Card, MAX_CONTENT, MORE, Part},
    markup::{Line, cut, escape, plain, units},
};
use crate::{
    bot::wording::Wording,
    channel::mark,
    channel::public,
    ids::RegionKey,
    message::Action,
    reply::{AvailabilityKind, Block, Choice, ChoiceKind, Reply},
};

/// The `custom_id` of the menu; what was chosen comes as its value.
pub(super) const MENU: &str = "choose";

// Discord refuses a message that is over any of these.
const MAX_TITLE: usize = 256;
const MAX_DESCRIPTION: usize = 4096 - MORE.len();
const MAX_FIELDS: usize = 25;
const MAX_FIELD_NAME: usize = 256;
const MAX_FIELD_VALUE: usize = 1024;
/// Discord takes 2048, but the answer itself needs the room more.
const MAX_FOOTER: usize = 1024;
/// Over all embeds of a message.
const MAX_TOTAL: usize = 6000;
/// Less of a line is not worth showing.
const LEAST: usize = 80;
const MAX_BUTTONS: usize = 5;
const MAX_BUTTON_LABEL: usize = 80;
const MAX_OPTIONS: usize = 25;
const MAX_OPTION: usize = 100;

/// A reply as a card. In public it is shortened; its buttons lead to the rest.
pub(super) fn render(reply: &Reply, public: bool, wording: &Wording) -> Card {
    let blocks = reply.blocks.iter().enumerate();
    let blocks = blocks.filter(|(at, block)| !public || public::is_shown(reply, *at, block));
    let blocks: Vec<&Block> = blocks.map(|(_, block)| block).collect();
    let mut layout = Layout::new(&blocks);
    for block in &blocks {
        layout.add(block, wording);
    }
    let asks = reply.choice_kind == ChoiceKind::Clarification;
    if asks && !blocks.iter().any(|block| public::lists_choices(reply, block)) {
        layout.paragraph(&numbered(reply.choices.iter().map(|choice| choice.label.as_str())));
    }
    let mut rows = rows(reply, wording);
    if blocks.len() < reply.blocks.len() {
        rows.splice(0..0, all_of_it(reply, wording));
    }
    Card { content: notices(&blocks), parts: layout.finish(), rows }
}

/// Leads from a shortened answer to the whole one, which only the one who presses sees.
fn all_of_it(reply: &Reply, wording: &Wording) -> Option<CreateActionRow> {
    let outcome = &reply.outcome;
    let service = outcome.services.first().filter(|_| outcome.asserted > 0)?.clone();
    let action = Action::More { service, place: outcome.place, facet: None };
    // Discord refuses two of the same data, and so the whole message.
    let offered = reply.choices.iter().any(|choice| choice.action == action);
    let button = CreateButton::new(action.encode()).label(wording.say("discord-all"));
    (!offered).then(|| CreateActionRow::Buttons(vec![button.style(ButtonStyle::Primary)]))
}

/// Notices stand outside the embed, so that they are seen first (and read in notifications).
fn notices(blocks: &[&Block]) -> String {
    let mut out = String::new();
    for block in blocks {
        let Block::Notice(text) = block else { continue };
        let between = if out.is_empty() { "⚠️ " } else { "\n⚠️ " };
        let left = MAX_CONTENT - units(&out);
        if left > units(between) {
            out.push_str(between);
            out.push_str(&Line::bold(text).write(left - units(between)).0);
        }
    }
    out
}

/// Embeds being filled, as long as there is room.
struct Layout {
    parts: Vec<Part>,
    footer: String,
    /// The heading that became the title is not shown again.
    titled: bool,
    left: usize,
    full: bool,
}

impl Layout {
    /// Title and source are sure of their room.
    fn new(blocks: &[&Block]) -> Self {
        let mut first = Part::default();
        let mut sources: Vec<&str> = Vec::new();
        for block in blocks {
            match block {
                Block::Heading(text) if first.title.is_empty() => {
                    first.title = cut(text, MAX_TITLE, escape);
                }
                Block::Status { availability, .. } => first.colour = Some(colour(*availability)),
                Block::Source(text) => sources.push(text),
                _ => {}
            }
        }
        let footer = cut(&sources.join("\n"), MAX_FOOTER, plain);
        let left = MAX_TOTAL - units(&first.title) - units(&footer) - units(MORE);
        Self { parts: vec![first], footer, titled: false, left, full: false }
    }

    fn add(&mut self, block: &Block, wording: &Wording) {
        match block {
            Block::Notice(_) | Block::Source(_) => {}
            Block::Copy(text) => self.paragraph(&[Line::code(text)]),
            Block::Aside(text) => self.paragraph(&[Line::plain(text)]),
            Block::Heading(_) if !self.titled => self.titled = true,
            Block::Heading(text) => self.paragraph(&[Line::bold(text)]),
            Block::Status { availability, text } => {
                self.paragraph(&[Line::bold(&format!("{} {text}", mark(*availability)))]);
            }
            Block::Text(text) => {
                self.paragraph(&text.lines().map(Line::plain).collect::<Vec<_>>());
            }
            Block::Steps { label, items } => {
                let mut lines = vec![Line::bold(&asked(label))];
                lines.extend(numbered(items.iter().map(String::as_str)));
                self.paragraph(&lines);
            }
            Block::Facts { label, items } => match &items[..] {
                [item] => self.field(label, &[Line::plain(item)]),
                items => {
                    let listed = items.iter().map(|item| Line::marked("- ".to_owned(), item));
                    self.field(label, &listed.collect::<Vec<_>>());
                }
            },
            Block::Links(links) => {
                let links = links.iter().map(|link| Line::link(&link.label, &link.url));
                self.field(&wording.say("discord-links"), &links.collect::<Vec<_>>());
            }
        }
    }

    /// A labelled list as a field of the embed; one too long for a field as a paragraph.
    fn field(&mut self, label: &str, lines: &[Line]) {
        let name = cut(label, MAX_FIELD_NAME, escape);
        let written: Vec<String> = lines.iter().map(|line| line.write(usize::MAX).0).collect();
        let value = written.join("\n");
        let size = units(&name) + units(&value);
        let part = self.part();
        let fits = part.fields.len() < MAX_FIELDS && units(&value) <= MAX_FIELD_VALUE;
        // Discord refuses an empty name or value.
        if name.trim().is_empty() || value.trim().is_empty() || !fits || size > self.left {
            let mut paragraph = vec![Line::bold(&asked(label))];
            paragraph.extend_from_slice(lines);
            self.paragraph(&paragraph);
        } else if !self.full {
            self.left -= size;
            self.part().fields.push((name, value));
        }
    }

    fn paragraph(&mut self, lines: &[Line]) {
        for (at, line) in lines.iter().enumerate() {
            self.line(line, at == 0);
        }
    }

    /// Adds a line; what does not fit one embed goes on in the next, what does not fit the
    /// message ends with an ellipsis.
    fn line(&mut self, line: &Line, begins: bool) {
        if self.full {
            return;
        }
        let (written, _) = line.write(MAX_DESCRIPTION);
        let between = if begins { "\n\n" } else { "\n" };
        let description = &mut self.part().description;
        let between = if description.is_empty() { "" } else { between };
        let room = MAX_DESCRIPTION - units(description);
        if units(between) + units(&written) > room {
            let colour = self.part().colour;
            self.parts.push(Part { colour, ..Part::default() });
            return self.line(line, begins);
        }
        self.full = units(between) + units(&written) > self.left;
        let (written, between) = match self.full {
            false => (written, between),
            true if self.left < LEAST => (MORE.to_owned(), ""),
            true => (line.write(self.left - units(between)).0, between),
        };
        self.left = self.left.saturating_sub(units(between) + units(&written));
        let description = &mut self.part().description;
        description.push_str(between);
        description.push_str(&written);
    }

    fn part(&mut self) -> &mut Part {
        if self.parts.is_empty() {
            self.parts.push(Part::default());
        }
        let last = self.parts.len() - 1;
        &mut self.parts[last]
    }

    fn finish(mut self) -> Vec<Part> {
        self.part().footer = std::mem::take(&mut self.footer);
        // An embed of nothing is refused.
        self.parts.retain(|part| {
            !(part.title.trim().is_empty()
                && part.description.trim().is_empty()
                && part.fields.is_empty()
                && part.footer.trim().is_empty())
        });
        self.parts
    }
}

/// A label that asks keeps its question mark.
fn asked(label: &str) -> String {
    if label.ends_with(['?', ':']) { label.to_owned() } else { format!("{label}:") }
}

fn numbered<'a>(items: impl Iterator<Item = &'a str>) -> Vec<Line> {
    items.enumerate().map(|(at, item)| Line::marked(format!("{}. ", at + 1), item)).collect()
}

fn colour(availability: AvailabilityKind) -> u32 {
    match availability {
        AvailabilityKind::Online => 0x002e_7d32,
        AvailabilityKind::Partly => 0x00f9_a825,
        AvailabilityKind::InPerson => 0x006a_1b9a,
        AvailabilityKind::Unknown => 0x0060_7d8b,
    }
}

/// Up to five buttons in a row; a menu for more, and for places, whose names are long.
fn rows(reply: &Reply, wording: &Wording) -> Vec<CreateActionRow> {
    let mut pressed: Vec<Pressable> = Vec::new();
    let clarification = reply.choice_kind == ChoiceKind::Clarification;
    for (at, choice) in reply.choices.iter().enumerate() {
        let data = choice.action.encode();
        // Two of the same data are refused, too.
        if data.len() <= Action::MAX_LEN && pressed.iter().all(|known| known.data != data) {
            // The numbers of the lines above.
            let number = if clarification { format!("{}. ", at + 1) } else { String::new() };
            let label = plain(&format!("{number}{}", choice.label));
            pressed.push(Pressable { label, data, choice, clarification });
        }
    }
    let places = reply.choices.iter().any(|choice| choice.id.parse::<RegionKey>().is_ok());
    // What one thinks of an answer has a row of its own, below what leads on.
    let is_rating = |pressable: &Pressable| matches!(pressable.choice.action, Action::Rate { .. });
    let (ratings, pressed): (Vec<Pressable>, Vec<Pressable>) =
        pressed.into_iter().partition(is_rating);
    let buttons =
        |of: &[Pressable]| CreateActionRow::Buttons(of.iter().map(Pressable::button).collect());
    let mut rows = match pressed.len() {
        0 => Vec::new(),
        1..=MAX_BUTTONS if !places => vec![buttons(&pressed)],
        _ => vec![CreateActionRow::SelectMenu(menu(&pressed, wording))],
    };
    if !ratings.is_empty() {
        rows.push(buttons(&ratings));
    }
    rows
}

struct Pressable<'a> {
    label: String,
    data: String,
    choice: &'a Choice,
    clarification: bool,
}

impl Pressable<'_> {
    fn button(&self) -> CreateButton {
        let expected = self.clarification && self.choice.action != Action::NoneOfThese;
        let style = if expected { ButtonStyle::Primary } else { ButtonStyle::Secondary };
        let label = cut(&self.label, MAX_BUTTON_LABEL, str::to_owned);
        CreateButton::new(&self.data).label(label).style(style)
    }

    fn option(&self) -> CreateSelectMenuOption {
        CreateSelectMenuOption::new(cut(&self.label, MAX_OPTION, str::to_owned), &self.data)
    }
}

fn menu(pressed: &[Pressable], wording: &Wording) -> CreateSelectMenu {
    let options = pressed.iter().take(MAX_OPTIONS).map(Pressable::option).collect();
    CreateSelectMenu::new(MENU, CreateSelectMenuKind::String { options })
        .placeholder(wording.say("choose"))
}

#[cfg(test)]
mod tests;
