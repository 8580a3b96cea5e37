//! What is verified, and what is refused: the scheme engine and the catalogue, seen from outside.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

#[path = "verification/coverage.rs"]
mod coverage;
#[path = "verification/deliveries.rs"]
mod deliveries;
#[path = "verification/header_sets.rs"]
mod header_sets;
#[path = "verification/headers.rs"]
mod headers;
#[path = "verification/keys.rs"]
mod keys;
#[path = "verification/places.rs"]
mod places;
#[path = "verification/properties.rs"]
mod properties;
#[path = "verification/signing.rs"]
mod signing;
#[path = "verification/timestamps.rs"]
mod timestamps;
#[path = "verification/twilio.rs"]
mod twilio;
