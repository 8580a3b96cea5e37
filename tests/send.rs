//! Sending: what is signed, what comes again, and where nothing goes.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

#[path = "send/faults.rs"]
mod faults;
#[path = "send/guard.rs"]
mod guard;
#[path = "send/retries.rs"]
mod retries;
