//! Bodies that were tried in one search.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

use bytes::Bytes;

use super::search::Search;

/// Bodies that were tried, the one that came among them: many styles write the same.
pub(super) struct Tried {
    hasher: RandomState,
    seen: HashSet<u64>,
}

impl Tried {
    pub(super) fn new(body: &[u8]) -> Self {
        let mut tried = Self { hasher: RandomState::new(), seen: HashSet::new() };
        tried.is_new(body);
        tried
    }

    fn is_new(&mut self, body: &[u8]) -> bool {
        self.seen.insert(self.hasher.hash_one(body))
    }

    /// Whether this body would have passed; `false` where it was tried before.
    pub(super) fn fits(&mut self, search: &mut Search<'_>, body: String) -> bool {
        self.is_new(body.as_bytes()) && search.fits_body(&Bytes::from(body))
    }
}
