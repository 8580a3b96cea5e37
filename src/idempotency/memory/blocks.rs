//! How long finished deliveries may stay: moka decides, for a block of them at a time.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use moka::policy::EvictionPolicy;

use super::hash::KeyHash;
use super::map::Place;
use super::table::lock;
use crate::delivery_key::Fingerprint;
use crate::run_context::Token;

/// So many finished deliveries make a block, or fewer that are heavy.
const BLOCK: usize = 16;
/// What an id takes besides its record and its block, in bytes: measured, and rounded up.
const ENTRY: u32 = 190;
/// What a block takes, most of it in moka.
const AROUND: u32 = 600;
/// What an id takes in a block that is full of ids.
#[allow(clippy::cast_lossless, reason = "not in constants")]
pub(super) const ID: u64 = ENTRY as u64 + AROUND as u64 / BLOCK as u64;
/// moka looks at what it was given after so many blocks, so that it never has much to do in one call, nor much to evict.
/// By itself it does after 64, or after 300 ms.
const SETTLE_EVERY: BlockId = 8;

/// Tells blocks apart: no two of a store have the same.
pub(super) type BlockId = u64;

/// A finished delivery.
#[derive(Clone)]
pub(super) struct Finished {
    pub(super) token: Token,
    pub(super) fp: Option<Fingerprint>,
    pub(super) record: Bytes,
    /// By our clock.
    pub(super) expires: Duration,
    /// With which it stays and goes.
    pub(super) block: BlockId,
}

/// Deliveries of one shard that finished one after another, while more may come.
pub(super) struct Open {
    pub(super) id: BlockId,
    shard: usize,
    places: Vec<Place>,
    weight: u32,
}

impl Open {
    /// This block, if it is another one and thus full.
    pub(super) fn unless_open(&self, block: BlockId) -> Option<BlockId> {
        (block != self.id).then_some(block)
    }

    /// Says whether it is full now.
    fn push(&mut self, place: Place, record: usize, most: u32) -> bool {
        self.places.reserve_exact(BLOCK - self.places.len());
        self.places.push(place);
        self.weight = self.weight.saturating_add(ENTRY).saturating_add(u32::try_from(record).unwrap_or(u32::MAX));
        self.places.len() >= BLOCK || self.weight >= most
    }
}

/// A block that is full. What it names may be gone since, and another one stand there: then that one's block is another.
pub(super) struct Block {
    pub(super) id: BlockId,
    pub(super) shard: usize,
    pub(super) places: Box<[Place]>,
    pub(super) weight: u32,
}

/// moka, with the policy that never drops what is fresh: the default one drops fresh entries at once
/// when the cache is full of entries that were used more often, and a dropped record is a duplicate
/// that runs. See `the_default_eviction_would_lose_fresh_records`.
pub(super) struct Blocks {
    kept: moka::sync::Cache<BlockId, Arc<Block>, KeyHash>,
    room: u64,
    /// At this weight a block is full.
    most: u32,
    next: AtomicU64,
    evicted: Arc<Mutex<VecDeque<Arc<Block>>>>,
}

impl Blocks {
    /// For so many shards with an open block each, which share a sixteenth of the bytes; the rest is for full blocks.
    pub(super) fn new(max_bytes: u64, shards: usize) -> Self {
        let open = max_bytes / 16;
        let evicted: Arc<Mutex<VecDeque<_>>> = Arc::default();
        let list = Arc::clone(&evicted);
        let kept = moka::sync::Cache::builder()
            .max_capacity(max_bytes - open)
            .eviction_policy(EvictionPolicy::lru())
            .weigher(|_, block: &Arc<Block>| block.weight)
            // Any call of moka may come here, so it takes no lock but this one.
            .eviction_listener(move |_, block, _| lock(&list).push_back(block))
            .build_with_hasher(KeyHash::default());
        let most = u32::try_from(open / shards as u64).unwrap_or(u32::MAX);
        Self { kept, room: max_bytes - open, most, next: AtomicU64::new(0), evicted }
    }

    pub(super) fn open(&self, shard: usize) -> Open {
        Open { id: self.next.fetch_add(1, Ordering::Relaxed), shard, places: Vec::new(), weight: AROUND }
    }

    /// Takes note of a delivery in the open block of its shard. The block is returned once it is full, and another one is open.
    pub(super) fn note(&self, open: &mut Open, place: Place, record: usize) -> Option<Block> {
        open.push(place, record, self.most).then(|| self.close(open))
    }

    /// The block as it is, full or not; another one is open.
    pub(super) fn close(&self, open: &mut Open) -> Block {
        let next = self.open(open.shard);
        let Open { id, shard, places, weight } = std::mem::replace(open, next);
        Block { id, shard, places: places.into_boxed_slice(), weight }
    }

    /// Gives the block back at once if it can never be kept.
    pub(super) fn keep(&self, block: Block) -> Option<Arc<Block>> {
        let block = Arc::new(block);
        if u64::from(block.weight) > self.room {
            return Some(block);
        }
        let id = block.id;
        self.kept.insert(id, block);
        if id.is_multiple_of(SETTLE_EVERY) {
            self.settle();
        }
        None
    }

    /// One of it has been asked for, so it shall stay longer than others of its age.
    pub(super) fn touch(&self, id: BlockId) {
        drop(self.kept.get(&id));
    }

    /// A block that has to go: its deliveries are to be removed.
    pub(super) fn evicted(&self) -> Option<Arc<Block>> {
        lock(&self.evicted).pop_front()
    }

    /// Lets moka evict what is too much.
    pub(super) fn settle(&self) {
        self.kept.run_pending_tasks();
    }
}
