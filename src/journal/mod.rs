//! A journal: every verified delivery, written down as it came, to be looked at and replayed.
//!
//! * [`Journal`] is the file: JSON lines in the format of [captured deliveries](crate::capture), rotated by size.
//! * [`JournalLayer`] stands behind the signature and before idempotency, so that each delivery of the sender is there,
//!   duplicates too. It changes nothing on its way, and refuses nothing.
//! * `tower-webhook replay` sends what is written down once more;
//!   [`danger::replay_journaled`](crate::danger::replay_journaled) does so within a program, behind the signature.
//!
//! What is written: method, path, the exact bytes of the body, what the signature layer found out (`verified`), and those
//! headers that say what the body is or by which the sender tells id, type and time. Of all others, and of query parameters,
//! only the names are (`redacted`), unless [`JournalLayer::keep_header`] and [`JournalLayer::keep_parameter`] name them:
//! nobody can list everything that holds a secret. [`JournalLayer::keep_credentials`] keeps all.
//!
//! A thread writes. What it has not written yet is held in a bounded queue; when that is full, deliveries go on without
//! being written down and are [counted](JournalStats::dropped), unless [`JournalLayer::wait_for_room`] is set. A disk that
//! is full is counted and logged, and the journal goes on by itself when there is room again; a line is there as a whole
//! or not at all. No delivery fails for it.
//!
//! Caveat: bodies are written in clear, and the body of some senders holds a token. The file is made readable for its
//! owner alone.
//!
//! ```
//! use tower_webhook::journal::{Journal, JournalLayer};
//! use tower_webhook::{IdempotencyLayer, RawBodyLayer, Secret, SignatureLayer, provider};
//!
//! # fn layers(folder: &std::path::Path) -> Result<(), Box<dyn std::error::Error>> {
//! let journal = Journal::at(folder.join("deliveries.jsonl")).open()?;
//! let secret = Secret::new("a secret of at least sixteen bytes")?;
//! let layers = (
//!     RawBodyLayer::new(),
//!     SignatureLayer::new(provider::GITHUB, secret)?,
//!     JournalLayer::new(&journal),
//!     IdempotencyLayer::in_memory(),
//! );
//! # let _ = layers; Ok(()) }
//! ```

mod layer;
mod log;
mod record;
mod replay;
mod rotation;
mod writer;

pub use layer::{JournalLayer, JournalService};
pub(crate) use replay::replayed;
pub use writer::{Fsync, Journal, JournalOptions, JournalStats};

pub use crate::run_context::JournalReplay;
