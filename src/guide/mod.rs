//! The book: one page a task.

#[doc = include_str!("adding_a_provider.md")]
pub mod adding_a_provider {}

#[doc = include_str!("idempotency.md")]
pub mod idempotency {}

#[cfg(any(feature = "postgres", feature = "sqlite"))]
#[doc = include_str!("inbox.md")]
pub mod inbox {}

#[doc = include_str!("secrets.md")]
pub mod secrets {}

#[doc = include_str!("threats.md")]
pub mod threats {}

#[doc = include_str!("troubleshooting.md")]
pub mod troubleshooting {}

#[doc = include_str!("operations.md")]
pub mod operations {}
