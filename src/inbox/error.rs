//! What can be wrong with an inbox.

use std::error::Error;
use std::fmt;

/// Why the inbox could not do what it was asked. Opaque, with an open [`kind`](InboxError::kind).
#[derive(Debug)]
pub struct InboxError {
    kind: InboxErrorKind,
    detail: String,
    source: Option<Box<dyn Error + Send + Sync>>,
}

/// What sort of thing is wrong, see [`InboxError::kind`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum InboxErrorKind {
    /// A setting that makes no sense.
    Config,
    /// The inbox is shutting down.
    Draining,
    /// Too much waits to be stored, or the inbox holds as many bytes as it may.
    Full,
    /// Another process holds the inbox.
    Locked,
    /// The file was written by a newer version of this crate.
    Newer,
    /// The file is no inbox, or cannot be opened.
    Open,
    /// A write or an fsync failed, or the disk is full. Nothing more is stored until the inbox is opened anew.
    Poisoned,
    /// The engine failed. Whether it did what it was asked is not known.
    Unavailable,
}

impl InboxError {
    pub(super) fn new(kind: InboxErrorKind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into(), source: None }
    }

    pub(super) fn because(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// What sort of thing is wrong.
    #[must_use]
    pub const fn kind(&self) -> InboxErrorKind {
        self.kind
    }
}

impl fmt::Display for InboxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

impl Error for InboxError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn Error + 'static))
    }
}
