//! The durable inbox, from outside.
//!
//! `INBOX_KILLS=200 cargo test --release --all-features --test inbox -- --nocapture fault_29_killed` kills the example that
//! often, once over SQLite and once over PostgreSQL (1,000 is as good); the default is 20.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

#[path = "inbox/acknowledging.rs"]
mod acknowledging;
#[path = "inbox/crash.rs"]
mod crash;
#[path = "inbox/dead_letters.rs"]
mod dead_letters;
#[path = "inbox/disk.rs"]
mod disk;
#[path = "inbox/example.rs"]
mod example;
#[path = "inbox/growth.rs"]
mod growth;
#[path = "inbox/kill.rs"]
mod kill;
#[path = "inbox/machines.rs"]
mod machines;
#[allow(dead_code, reason = "the tests of the store use all of it")]
#[path = "postgres/server.rs"]
mod server;
#[path = "inbox/site.rs"]
mod site;
#[path = "inbox/subscribers.rs"]
mod subscribers;
#[cfg(feature = "cli")]
#[path = "inbox/tool.rs"]
mod tool;
