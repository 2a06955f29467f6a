//! What Discord is told to show, in every form in which it can be told.

use serenity::all::{
    CreateActionRow, CreateAllowedMentions, CreateEmbed, CreateEmbedFooter,
    CreateInteractionResponseMessage, CreateMessage, EditInteractionResponse,
};

use super::markup::{escape, units};

/// Longest text outside of embeds.
pub(super) const MAX_CONTENT: usize = 2000;
/// Ends an answer that there was no room for.
pub(super) const MORE: &str = "\n…";

/// A reply, ready to be shown.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Card {
    /// Above everything else: what must be seen first.
    pub content: String,
    /// The answer, in one embed unless it is very long.
    pub parts: Vec<Part>,
    /// What can be pressed.
    pub rows: Vec<CreateActionRow>,
}

/// One embed.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Part {
    pub title: String,
    pub description: String,
    /// Name and value.
    pub fields: Vec<(String, String)>,
    pub footer: String,
    pub colour: Option<u32>,
}

/// Nobody is ever notified by what we write: not by a mention in it, not by being replied to.
fn nobody() -> CreateAllowedMentions {
    CreateAllowedMentions::new().replied_user(false)
}

impl Card {
    /// As a message of its own.
    pub fn message(&self) -> CreateMessage {
        CreateMessage::new()
            .content(&self.content)
            .embeds(self.embeds())
            .components(self.rows.clone())
            .allowed_mentions(nobody())
    }

    /// As a message without embeds, for a channel in which we may not post any.
    pub fn plain_message(&self) -> CreateMessage {
        CreateMessage::new()
            .content(self.as_text())
            .components(self.rows.clone())
            .allowed_mentions(nobody())
    }

    /// As the answer to an interaction, or as the new state of the message that was pressed. All
    /// parts are given, even if empty: they replace what was there.
    pub fn response(&self) -> CreateInteractionResponseMessage {
        CreateInteractionResponseMessage::new()
            .content(&self.content)
            .embeds(self.embeds())
            .components(self.rows.clone())
            .allowed_mentions(nobody())
    }

    /// As the late answer to an interaction: serenity would set no `allowed_mentions` here.
    pub fn edit(&self) -> EditInteractionResponse {
        EditInteractionResponse::new()
            .content(&self.content)
            .embeds(self.embeds())
            .components(self.rows.clone())
            .allowed_mentions(nobody())
    }

    fn embeds(&self) -> Vec<CreateEmbed> {
        self.parts.iter().map(Part::embed).collect()
    }

    /// As text alone, cut between lines.
    pub fn as_text(&self) -> String {
        let mut lines = vec![self.content.clone()];
        for part in &self.parts {
            if !part.title.is_empty() {
                lines.push(format!("**{}**", part.title));
            }
            lines.extend(part.description.lines().map(str::to_owned));
            for (name, value) in &part.fields {
                lines.push(format!("**{name}**"));
                lines.extend(value.lines().map(str::to_owned));
            }
            lines.push(escape(&part.footer));
        }
        let mut out = String::new();
        for line in lines.iter().filter(|line| !line.is_empty()) {
            if units(&out) + units(line) + 1 + units(MORE) > MAX_CONTENT {
                out.push_str(MORE);
                break;
            }
            if !out.is_empty() {
                out.push('\n');
            }
            out.push_str(line);
        }
        out
    }
}

impl Part {
    fn embed(&self) -> CreateEmbed {
        let mut embed = CreateEmbed::new();
        if !self.title.is_empty() {
            embed = embed.title(&self.title);
        }
        if !self.description.is_empty() {
            embed = embed.description(&self.description);
        }
        for (name, value) in &self.fields {
            embed = embed.field(name, value, false);
        }
        if !self.footer.is_empty() {
            embed = embed.footer(CreateEmbedFooter::new(&self.footer));
        }
        if let Some(colour) = self.colour {
            embed = embed.colour(colour);
        }
        embed
    }
}
