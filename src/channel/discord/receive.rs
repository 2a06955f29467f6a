//! From what Discord delivers to a [`Message`] of ours, and where its answer goes.

use serenity::all::{
    ApplicationId, ChannelId, CommandInteraction, CommandType, ComponentInteraction,
    ComponentInteractionDataKind, GuildId, InteractionContext, InteractionId, MessageFlags,
    MessageId, MessageType, ResolvedTarget, UserId,
};
use serenity::model::channel::Message as DiscordMessage;

use super::{NAME, commands, render::MENU};
use crate::{
    app::ThreadKey,
    bot::Bot,
    language::Language,
    message::{Action, Input, Message, UserText},
};

/// What somebody asked, and where the answer goes.
#[derive(Debug)]
pub(super) struct Asked {
    pub message: Message,
    /// The conversation it belongs to.
    pub thread: Option<ThreadKey>,
    /// Whose share of a minute it counts against.
    pub asker: ThreadKey,
    pub answer: AnswerTo,
}

/// Where an answer goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum AnswerTo {
    /// Into the channel; in a guild as a reply.
    Message { channel: ChannelId, message: MessageId, guild: Option<GuildId> },
    /// To Discord itself, which shows it.
    Interaction(Call),
}

/// An interaction that waits for its answer.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Call {
    pub id: InteractionId,
    pub application: ApplicationId,
    pub token: String,
    pub channel: ChannelId,
    pub shown: Shown,
}

// The token allows to answer in our name.
impl std::fmt::Debug for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Call").field("shown", &self.shown).finish_non_exhaustive()
    }
}

/// How the answer to an interaction is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    /// As a message in the private chat with us.
    Private,
    /// To the one who asked, until the client is closed.
    Ephemeral,
    /// In place of the message that was pressed.
    Update,
}

impl AnswerTo {
    /// Whether others read the answer.
    pub fn is_public(&self) -> bool {
        matches!(self, Self::Message { guild: Some(_), .. })
    }

    /// Whether the thread goes on where it was: in a private chat, or in the message pressed.
    pub fn stays(&self) -> bool {
        match self {
            Self::Message { guild, .. } => guild.is_none(),
            Self::Interaction(call) => call.shown != Shown::Ephemeral,
        }
    }

    /// The thread that begins with the message that the answer became.
    pub fn thread(&self, sent: MessageId) -> ThreadKey {
        match self {
            Self::Message { channel, .. } => below(*channel, sent),
            Self::Interaction(call) => below(call.channel, sent),
        }
    }
}

/// A private chat is one conversation.
fn private(channel: ChannelId) -> ThreadKey {
    ThreadKey::new(NAME, format_args!("private/{channel}"))
}

/// Elsewhere, nothing is kept per person: a conversation hangs on a message of ours.
fn below(channel: ChannelId, message: MessageId) -> ThreadKey {
    ThreadKey::new(NAME, format_args!("message/{channel}/{message}"))
}

fn asker(user: UserId) -> ThreadKey {
    ThreadKey::new(NAME, format_args!("user/{user}"))
}

fn text(text: &str) -> Input {
    Input::Text(UserText::new(text))
}

/// A message that was written to us; `None` if it was not.
pub(super) fn to_message(message: &DiscordMessage, me: UserId) -> Option<Asked> {
    let author = &message.author;
    let written = matches!(message.kind, MessageType::Regular | MessageType::InlineReply);
    let by_program = author.bot || author.system || author.id == me || message.webhook_id.is_some();
    if !written || by_program {
        return None;
    }
    let (input, thread) = match message.guild_id {
        None => (in_private(message), Some(private(message.channel_id))),
        Some(_) => in_guild(message, me)?,
    };
    let mut asked = Message::new(input);
    asked.public = message.guild_id.is_some();
    Some(Asked {
        message: asked,
        thread,
        asker: asker(author.id),
        answer: AnswerTo::Message {
            channel: message.channel_id,
            message: message.id,
            guild: message.guild_id,
        },
    })
}

fn in_private(message: &DiscordMessage) -> Input {
    // A forwarded message is empty itself.
    let forwarded = message.message_snapshots.first().map(|forwarded| forwarded.content.as_str());
    match [Some(message.content.as_str()), forwarded].into_iter().flatten().find(|t| !blank(t)) {
        Some(words) => text(words),
        None => Input::Media,
    }
}

/// In guilds we answer who mentions us or replies to us. Without a mention, Discord withholds the
/// text: there is nothing to answer.
fn in_guild(message: &DiscordMessage, me: UserId) -> Option<(Input, Option<ThreadKey>)> {
    let mentioned = message.mentions.iter().any(|user| user.id == me);
    let ours = message.referenced_message.as_ref().filter(|before| before.author.id == me);
    let words = without_mention(&message.content, me);
    let input = if !blank(&words) && (mentioned || ours.is_some()) {
        text(&words)
    } else if !mentioned {
        return None;
    } else if message.attachments.is_empty() && message.sticker_items.is_empty() {
        text("")
    } else {
        Input::Media
    };
    Some((input, ours.map(|before| below(message.channel_id, before.id))))
}

fn without_mention(content: &str, me: UserId) -> String {
    content.replace(&format!("<@{me}>"), " ").replace(&format!("<@!{me}>"), " ").trim().to_owned()
}

fn blank(text: &str) -> bool {
    text.trim().is_empty()
}

/// A command, or "Leistung finden" on a message.
pub(super) fn of_command(command: &CommandInteraction, bot: &Bot) -> Asked {
    let at_home = at_home(command.guild_id, command.context);
    let mut message = Message::new(commanded(command, bot));
    message.language = Language::from_code(&command.locale);
    Asked {
        message,
        thread: at_home.then(|| private(command.channel_id)),
        asker: asker(command.user.id),
        answer: AnswerTo::Interaction(Call {
            id: command.id,
            application: command.application_id,
            token: command.token.clone(),
            channel: command.channel_id,
            shown: if at_home { Shown::Private } else { Shown::Ephemeral },
        }),
    }
}

/// Whether this is the private chat with us, and nobody reads along.
fn at_home(guild: Option<GuildId>, context: Option<InteractionContext>) -> bool {
    guild.is_none() && matches!(context, None | Some(InteractionContext::BotDm))
}

fn commanded(command: &CommandInteraction, bot: &Bot) -> Input {
    if command.data.kind == CommandType::Message {
        return match command.data.target() {
            Some(ResolvedTarget::Message(target)) => in_private(target),
            _ => Input::Stale,
        };
    }
    let option = |name: &str| {
        let found = command.data.options.iter().find(|option| option.name == name);
        found.and_then(|option| option.value.as_str()).unwrap_or_default().trim()
    };
    if command.data.name == commands::SERVICE {
        asked_for(option(commands::QUESTION), option(commands::PLACE), bot)
    } else {
        let argument = [commands::PLACE, commands::LANGUAGE].map(option).concat();
        text(format!("/{} {argument}", command.data.name).trim_end())
    }
}

fn asked_for(question: &str, place: &str, bot: &Bot) -> Input {
    let resolved = bot.places().resolve(place).ok().map(|place| place.key);
    let chosen = commands::chosen(question).and_then(|id| bot.service(&id));
    match chosen {
        Some(service) if place.is_empty() || resolved.is_some() => {
            let service = service.id.clone();
            Input::Pressed(Action::Show { service, place: resolved, facet: None })
        }
        // An unclear place is asked about, as in any sentence.
        Some(service) => text(&format!("{} in {place}", service.plain())),
        None if place.is_empty() => text(question),
        None => text(&format!("{question} in {place}")),
    }
}

/// A pressed button, or a choice from a menu.
pub(super) fn of_component(component: &ComponentInteraction) -> Asked {
    let message = &component.message;
    let ephemeral = message.flags.is_some_and(|flags| flags.contains(MessageFlags::EPHEMERAL));
    let at_home = at_home(component.guild_id, component.context);
    let input = pressed(component);
    let shown = match input {
        // The answer that the old button belongs to stays.
        Input::Stale if at_home => Shown::Private,
        Input::Stale => Shown::Ephemeral,
        _ if at_home || ephemeral => Shown::Update,
        // What everybody sees is not changed by one who presses.
        _ => Shown::Ephemeral,
    };
    let thread = match at_home {
        true => private(component.channel_id),
        false => below(component.channel_id, message.id),
    };
    let mut asked = Message::new(input);
    asked.language = Language::from_code(&component.locale);
    Asked {
        message: asked,
        thread: Some(thread),
        asker: asker(component.user.id),
        answer: AnswerTo::Interaction(Call {
            id: component.id,
            application: component.application_id,
            token: component.token.clone(),
            channel: component.channel_id,
            shown,
        }),
    }
}

fn pressed(component: &ComponentInteraction) -> Input {
    let data = match &component.data.kind {
        ComponentInteractionDataKind::Button => Some(component.data.custom_id.as_str()),
        ComponentInteractionDataKind::StringSelect { values }
            if component.data.custom_id == MENU =>
        {
            values.first().map(String::as_str)
        }
        _ => None,
    };
    data.and_then(Action::parse).map_or(Input::Stale, Input::Pressed)
}

#[cfg(test)]
mod tests;
