//! x

mod answer;
mod case;
mod config;
mod counted;
mod drain;
mod erased;
mod flights;
mod future;
mod held;
mod layer;
mod log;
#[cfg(feature = "moka")]
mod memory;
#[cfg(not(feature = "moka"))]
#[path = "no_memory.rs"]
mod memory;
mod policy;
mod pulse;
mod record;
mod run;
mod service;
mod store;
mod verdict;

#[cfg(all(test, feature = "moka"))]
mod tests;

pub use drain::{Drain, Drained};
pub use erased::StoreError;
pub use future::IdempotencyFuture;
pub use layer::IdempotencyLayer;
#[cfg(feature = "moka")]
pub use memory::MemoryStore;
pub use policy::{Directive, IdempotencyContext, OnDisconnect, OnStoreFailure, Profile, ReplayGuard};
pub use service::IdempotencyService;
pub use store::{Claim, Claimed, Fenced, Guarantees, Guarded, Store, Survives, Token};

pub use crate::delivery_key::{Fingerprint, Key};
