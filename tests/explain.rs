//! Explanations: in the log and the metrics, in the tool, in the guide; and nowhere in an answer.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

#[path = "explain/events.rs"]
mod events;
#[path = "explain/guide.rs"]
mod guide;
#[path = "explain/layers.rs"]
mod layers;
#[path = "explain/tool.rs"]
mod tool;
