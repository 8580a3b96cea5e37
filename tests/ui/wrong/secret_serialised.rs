//! A secret goes into no file, message or answer.
//~ E0277 Secret: serde::Serialize` is not satisfied

use serde::Serialize;
use tower_webhook::Secret;

#[derive(Serialize)]
struct Settings {
    secret: Secret,
}

fn main() {}
