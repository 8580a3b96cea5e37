//! The book: one page a task.

#[doc = include_str!("adding_a_provider.md")]
pub mod adding_a_provider {}

#[doc = include_str!("checklist.md")]
pub mod checklist {}

#[doc = include_str!("frameworks.md")]
pub mod frameworks {}

#[doc = include_str!("idempotency.md")]
pub mod idempotency {}

#[cfg(any(feature = "postgres", feature = "sqlite"))]
#[doc = include_str!("inbox.md")]
pub mod inbox {}

#[doc = include_str!("migrating.md")]
pub mod migrating {}

#[doc = include_str!("operations.md")]
pub mod operations {}

#[doc = include_str!("order.md")]
pub mod order {}

#[doc = include_str!("paths.md")]
pub mod paths {}

#[doc = include_str!("proxies.md")]
pub mod proxies {}

#[doc = include_str!("responding.md")]
#[doc = include_str!("responding_senders.md")]
pub mod responding {}

#[doc = include_str!("secrets.md")]
pub mod secrets {}

#[doc = include_str!("testing_your_endpoint.md")]
pub mod testing_your_endpoint {}

#[doc = include_str!("threats.md")]
pub mod threats {}

#[doc = include_str!("troubleshooting.md")]
pub mod troubleshooting {}
