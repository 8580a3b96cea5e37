//! The signature layer behind the raw body, over plain tower.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod scripted_body;

#[path = "signature/bodies.rs"]
mod bodies;
#[path = "signature/deliveries.rs"]
mod deliveries;
#[path = "signature/heads.rs"]
mod heads;
#[path = "signature/readiness.rs"]
mod readiness;
#[path = "signature/tenants.rs"]
mod tenants;
