//! The durable inbox, from outside.
//!
//! `INBOX_KILLS=200 cargo test --release --features sqlite --test inbox -- kill` kills the example that often (1,000 is
//! as good); the default is 20.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

#[path = "inbox/acknowledging.rs"]
mod acknowledging;
#[path = "inbox/crash.rs"]
mod crash;
#[path = "inbox/dead_letters.rs"]
mod dead_letters;
#[path = "inbox/disk.rs"]
mod disk;
#[path = "inbox/kill.rs"]
mod kill;
#[path = "inbox/server.rs"]
mod server;
#[path = "inbox/site.rs"]
mod site;
#[path = "inbox/subscribers.rs"]
mod subscribers;
#[cfg(feature = "cli")]
#[path = "inbox/tool.rs"]
mod tool;
