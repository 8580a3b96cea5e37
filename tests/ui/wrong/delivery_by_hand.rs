//! Nor is a delivery made by hand.
//~ E0451 of struct `Delivery` are private

use tower_webhook::Delivery;

fn forge(delivery: Delivery) -> Delivery {
    Delivery { key_id: None, ..delivery }
}

fn main() {}
