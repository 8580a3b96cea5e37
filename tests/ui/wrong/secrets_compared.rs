//! `==` stops at the first byte that differs, and the time that it takes tells which.
//~ E0369 Secret` does not implement `PartialEq`

use tower_webhook::Secret;

fn same(one: Secret, other: Secret) -> bool {
    one == other
}

fn main() {}
