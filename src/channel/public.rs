//! What of a reply is shown where others read along, in groups and guilds: the same on every
//! platform.

use crate::reply::{Block, ChoiceKind, DecisionKind, Reply};

/// Whether a block, the one at this position, is shown where others read along. Buttons or links
/// lead on.
pub(super) fn is_shown(reply: &Reply, at: usize, block: &Block) -> bool {
    // Only cards are long: a greeting, the help or "I do not know" with its way out is said whole.
    if reply.outcome.decision != DecisionKind::Answer {
        return true;
    }
    match block {
        Block::Notice(_) | Block::Status { .. } | Block::Heading(_) | Block::Source(_) => true,
        Block::Copy(_) | Block::Aside(_) => true,
        Block::Text(_) => {
            let is_text = |block: &Block| matches!(block, Block::Text(_));
            let first = reply.blocks.iter().position(is_text);
            // What we ask comes last: choices without a question would be a riddle.
            let asks = reply.choice_kind == ChoiceKind::Clarification;
            let question = reply.blocks.iter().rposition(is_text).filter(|_| asks);
            first == Some(at) || question == Some(at)
        }
        // What was asked for: the fee, if the question was what it costs.
        Block::Facts { .. } => !reply.outcome.facets.is_empty(),
        // A checklist is what was asked for.
        Block::Steps { .. } => reply.outcome.life_event.is_some() || lists_choices(reply, block),
        Block::Links(_) => reply.choices.is_empty(),
    }
}

/// Whether a block is the list of what can be chosen, and not that of what is to be done.
pub(super) fn lists_choices(reply: &Reply, block: &Block) -> bool {
    let Block::Steps { items, .. } = block else { return false };
    reply.choice_kind == ChoiceKind::Clarification
        && items.len() == reply.choices.len()
        && items.iter().zip(&reply.choices).all(|(item, choice)| item.starts_with(&choice.label))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reply::{NoticeKind, Outcome};

    fn shown(decision: DecisionKind) -> Vec<bool> {
        let text = |text: &str| Block::Text(text.to_owned());
        let blocks = vec![text("Guten Tag!"), text("Bitte nennen Sie keine persönlichen Daten.")];
        let outcome = Outcome::new(decision, Some(NoticeKind::Greeting));
        let reply = Reply::new(blocks, outcome);
        let blocks = reply.blocks.iter().enumerate();
        blocks.map(|(at, block)| is_shown(&reply, at, block)).collect()
    }

    #[test]
    fn only_cards_are_shortened() {
        assert_eq!(shown(DecisionKind::Answer), [true, false]);
        for whole in [DecisionKind::Notice, DecisionKind::Abstain, DecisionKind::Clarify] {
            assert_eq!(shown(whole), [true, true], "{whole:?}");
        }
    }
}
