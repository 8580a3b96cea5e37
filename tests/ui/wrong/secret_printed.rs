//! A secret has no text to print.
//~ E0277 Secret` doesn't implement `std::fmt::Display`

use tower_webhook::Secret;

fn log(secret: &Secret) {
    println!("the secret is {secret}");
}

fn main() {}
