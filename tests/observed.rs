//! What is told of deliveries: spans, events, metrics, journal, views; and what is told nowhere.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

#[path = "observed/listener.rs"]
mod listener;
#[path = "observed/planted.rs"]
mod planted;
#[path = "observed/stores.rs"]
mod stores;
#[path = "observed/traces.rs"]
mod traces;
