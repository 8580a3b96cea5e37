//! What is known of the documents that were fetched. Pure: it does no I/O and is told the time.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::scheme::KeyName;
use crate::verifying_key::KeyDocument;

/// How many documents are remembered, those among them that do not exist.
pub(super) const MOST_DOCUMENTS: usize = 256;
/// How many names that have never been fetched are fetched at once.
pub(super) const MOST_NEW_AT_ONCE: usize = 8;
/// How many names that have never been fetched may come to nothing in [`WINDOW`].
pub(super) const MOST_IN_VAIN: usize = 32;
pub(super) const WINDOW: Duration = Duration::from_secs(60);
/// How long it is remembered that there is no such document, and how often a set is fetched again for a key that is not
/// in it.
pub(super) const UNKNOWN_FOR: Duration = Duration::from_secs(60);
/// How long a failure is remembered.
pub(super) const FAILED_FOR: Duration = Duration::from_secs(5);

/// What came of a fetch.
#[derive(Clone, Debug)]
pub(super) enum Answer {
    Failed(Arc<str>),
    Found(Arc<KeyDocument>),
    Unknown,
}

/// A fetch that others wait for; closed without an answer where its task broke off.
pub(super) type Flight = watch::Receiver<Option<Answer>>;

/// What to do for a name.
pub(super) enum Step {
    /// The answer is known.
    Answer(Answer),
    /// Fetch it, and tell the others by this.
    Fetch(watch::Sender<Option<Answer>>, Flight),
    /// Somebody fetches it.
    Wait(Flight),
}

#[derive(Default)]
pub(super) struct Table {
    entries: HashMap<Arc<str>, Entry>,
    window_began: Duration,
    /// Names never fetched before that were asked for in this window, but for those that were there.
    in_vain: usize,
}

#[derive(Default)]
struct Entry {
    /// The document, and until when it may be used.
    held: Option<(Arc<KeyDocument>, Duration)>,
    /// What the last fetch came to where it brought no document, and until when that is believed.
    refused: Option<(Answer, Duration)>,
    tried_at: Duration,
    flight: Option<Flight>,
}

impl Entry {
    fn is_in_flight(&self) -> bool {
        // Closed where the task is gone.
        self.flight.as_ref().is_some_and(|flight| flight.has_changed().is_ok())
    }

    fn fresh(&self, now: Duration) -> Option<&Arc<KeyDocument>> {
        self.held.as_ref().filter(|(_, until)| now < *until).map(|(document, _)| document)
    }

    /// The answer for this name, if it is known without a fetch.
    fn answer(&self, name: &KeyName, now: Duration) -> Option<Answer> {
        let fresh = self.fresh(now);
        if let Some(document) = fresh.filter(|document| name.is_in(document)) {
            return Some(Answer::Found(document.clone()));
        }
        if self.is_in_flight() {
            return None;
        }
        if let Some((refused, _)) = self.refused.as_ref().filter(|(_, until)| now < *until) {
            return Some(refused.clone());
        }
        // A set that does not have the key: it may have been added since.
        let asked_lately = now < self.tried_at.saturating_add(UNKNOWN_FOR);
        (fresh.is_some() && asked_lately).then_some(Answer::Unknown)
    }
}

impl Table {
    pub(super) fn step(&mut self, name: &KeyName, now: Duration) -> Step {
        let known = match self.entries.get(name.document()) {
            None => false,
            Some(entry) => match (entry.answer(name, now), &entry.flight) {
                (Some(answer), _) => return Step::Answer(answer),
                (None, Some(flight)) if entry.is_in_flight() => return Step::Wait(flight.clone()),
                _ => entry.held.is_some(),
            },
        };
        if !known && let Err(why) = self.take_a_try(now) {
            return Step::Answer(Answer::Failed(why.into()));
        }
        let (sender, flight) = watch::channel(None);
        let entry = self.entries.entry(name.document().into()).or_default();
        entry.tried_at = now;
        entry.flight = Some(flight.clone());
        // What counts if the fetch breaks off and never lands.
        entry.refused = Some((Answer::Failed("the key source broke off".into()), now.saturating_add(FAILED_FOR)));
        Step::Fetch(sender, flight)
    }

    /// A fetch has ended; `lifetime` is that of a document that does not say.
    pub(super) fn land(&mut self, name: &KeyName, answer: &Answer, lifetime: Duration, now: Duration) {
        let Some(entry) = self.entries.get_mut(name.document()) else { return };
        entry.flight = None;
        match answer {
            Answer::Found(document) => {
                let lasts = document.lifetime().unwrap_or(lifetime);
                if entry.held.is_none() {
                    self.in_vain = self.in_vain.saturating_sub(1);
                }
                entry.held = Some((document.clone(), now.saturating_add(lasts)));
                entry.refused = None;
            }
            Answer::Unknown => {
                entry.held = None;
                entry.refused = Some((Answer::Unknown, now.saturating_add(UNKNOWN_FOR)));
            }
            Answer::Failed(_) => entry.refused = Some((answer.clone(), now.saturating_add(FAILED_FOR))),
        }
    }

    /// Makes room and counts one more name that nobody has heard of. Whoever writes deliveries can invent names.
    fn take_a_try(&mut self, now: Duration) -> Result<(), &'static str> {
        if now >= self.window_began.saturating_add(WINDOW) {
            self.window_began = now;
            self.in_vain = 0;
        }
        let new = |entry: &&Entry| entry.held.is_none() && entry.is_in_flight();
        if self.in_vain >= MOST_IN_VAIN || self.entries.values().filter(new).count() >= MOST_NEW_AT_ONCE {
            return Err("too many keys are asked for that nobody has heard of");
        }
        if self.entries.len() >= MOST_DOCUMENTS {
            // First what is known not to be there, then what ends first.
            let idle = self.entries.iter().filter(|(_, entry)| !entry.is_in_flight());
            let first = idle.min_by_key(|(_, entry)| entry.held.as_ref().map(|(_, until)| *until));
            let Some(first) = first.map(|(name, _)| name.clone()) else { return Err("too many keys are fetched") };
            self.entries.remove(&first);
        }
        self.in_vain += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
