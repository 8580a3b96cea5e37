//! What a sender does upon which answer, as a file says it.

use serde::{Deserialize, Serialize};

use super::super::conduct::{self, Answered};

/// Statuses, and what the sender does when it gets one of them.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Statuses {
    from: u16,
    to: u16,
    reaction: Reaction,
}

super::words::words! {
    Reaction for conduct::Reaction { Disable = "disable", GiveUp = "give-up", Retry = "retry", Success = "success" }
}

impl Statuses {
    pub(super) const fn of(answered: &Answered) -> Self {
        let Answered { first, last, reaction } = *answered;
        Self { from: first, to: last, reaction: Reaction::of(reaction) }
    }

    pub(super) const fn value(&self) -> Answered {
        conduct::answered(self.from, self.to, self.reaction.value())
    }
}
