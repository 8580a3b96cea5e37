//! Writes that count once replicas have them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::kept::{Kept, Source};

/// `WAIT` holds up all that comes after it on its connection, so these are connections of their own, and several.
const CONNECTIONS: usize = 8;

pub(super) struct Replicas {
    connections: [Kept; CONNECTIONS],
    next: AtomicUsize,
}

impl Replicas {
    pub(super) fn new(least: u8, source: &Arc<Source>) -> Self {
        let connections = std::array::from_fn(|_| Kept::new(Arc::clone(source), least));
        Self { connections, next: AtomicUsize::new(0) }
    }

    /// The connection whose turn it is.
    pub(super) fn connection(&self) -> &Kept {
        let [first, ..] = &self.connections;
        self.connections.get(self.next.fetch_add(1, Ordering::Relaxed) % CONNECTIONS).unwrap_or(first)
    }
}
