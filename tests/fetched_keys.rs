//! Keys that deliveries name and a source fetches, over plain tower.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod scripted_body;

#[path = "fetched_keys/cache.rs"]
mod cache;
#[path = "fetched_keys/certificates.rs"]
mod certificates;
#[path = "fetched_keys/deliveries.rs"]
mod deliveries;
#[path = "fetched_keys/sources.rs"]
mod sources;
#[path = "fetched_keys/tokens.rs"]
mod tokens;
