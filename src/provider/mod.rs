//! The catalogue: how each sender signs, and what else is known of it. Data only.
//!
//! An entry is a [`Scheme`] (or a [`UrlScheme`], where the sender signs the URL it calls), checked when
//! the crate is compiled. Give it to [`WebhookLayer::new`](crate::WebhookLayer::new) together with your
//! secret. Bind each sender to a route of its own: header names do not identify senders.
//!
//! A sender that is not here is a `const` of your own, see [`scheme`](crate::scheme).

mod hmac;
mod public_key;
mod token;
mod twilio;

use crate::scheme::{Scheme, UrlScheme};

pub use hmac::{GITHUB, META, SHOPIFY, SLACK, SQUARE, STANDARD_WEBHOOKS, STRIPE, SVIX};
pub use public_key::DISCORD;
pub use token::GITLAB;
pub use twilio::TWILIO;

/// Every sender of the catalogue, by name.
pub const ALL: &[&Scheme] = &[
    &DISCORD,
    &GITHUB,
    &GITLAB,
    &META,
    &SHOPIFY,
    &SLACK,
    SQUARE.scheme(),
    &STANDARD_WEBHOOKS,
    &STRIPE,
    &SVIX,
    TWILIO.scheme(),
];

/// A catalogue entry: [`Scheme::checked`], and it must say where its facts were read.
const fn entry(scheme: Scheme) -> Scheme {
    let (source, _) = scheme.facts_source();
    assert!(!source.is_empty(), "a catalogue entry says where its facts were read: call `.source(..)`");
    scheme.checked()
}

/// As [`entry`], for a sender that signs its URL.
const fn url_entry(scheme: Scheme) -> UrlScheme {
    UrlScheme::new(entry(scheme))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogue_is_sorted_and_names_are_unique() {
        let names: Vec<_> = ALL.iter().map(|scheme| scheme.name()).collect();
        let mut sorted = names.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(names, sorted);
    }
}
