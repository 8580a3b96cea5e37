//! Subscribers that are gone for good.

use super::error::{InboxError, InboxErrorKind};
use super::handle::Inbox;

impl Inbox {
    /// Forgets a subscriber that is gone for good, and what is stored for it: what waits is never run, what is dead is no
    /// dead letter any more. Bodies that nobody else waits for go with the next [`sweep`](Self::sweep) that would have
    /// taken them. Whoever has the name later is new, and gets what is still stored. Returns how many deliveries were
    /// stored for it, those that were finished among them; 0 where nobody has had this name.
    ///
    /// Call it once no process names the subscriber any more: one that does runs what it has begun, and in a database
    /// gets nothing that comes later until it is started again.
    ///
    /// # Errors
    /// This inbox names the subscriber itself ([`Config`](InboxErrorKind::Config)), or it cannot be written; then a part
    /// may be gone, and the rest goes with the next call.
    pub async fn forget_subscriber(&self, name: &str) -> Result<u64, InboxError> {
        if self.intake.subscribers.iter().any(|(one, _)| *one.name == *name) {
            let text = format!("`{name}` is a subscriber of this inbox: open it without, then forget it");
            return Err(InboxError::new(InboxErrorKind::Config, text));
        }
        let mut forgotten: u64 = 0;
        loop {
            match self.intake.shop.engine.forget_subscriber(name.into()).await? {
                0 => return Ok(forgotten),
                rows => forgotten = forgotten.saturating_add(rows),
            }
        }
    }
}
