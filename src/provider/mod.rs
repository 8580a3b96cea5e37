//! The catalogue: how each sender signs, and what else is known of it. Data only.
//!
//! An entry is a [`Scheme`] (or a [`UrlScheme`], where the sender signs the URL it calls, or a [`KeyIdScheme`], where
//! it needs your own id there), checked when the crate is compiled. Give it to [`WebhookLayer::new`](crate::WebhookLayer::new) together with your
//! secret. Bind each sender to a route of its own: header names do not identify senders.
//!
//! A sender that is not here is a `const` of your own, see [`scheme`](crate::scheme). How sure the facts are stands in
//! the table: *verified* against the sender's own SDK, tests or specification; read in *a receiver's code*; or only
//! *documented*, by the sender or by a public catalogue. Header names never tell who a sender is.
//!
#![doc = include_str!("catalogue.md")]
//!
//! # Who is left out
//!
//! These senders are known, but what is known does not make an entry, or there is nothing to verify:
//!
#![doc = include_str!("left_out.md")]

mod adyen;
mod alipay;
mod all;
mod body_base64;
mod body_hex;
mod body_hex_other_hashes;
mod body_prefixed;
mod braintree;
mod canonical;
mod certificates;
mod challenges;
mod compressed;
mod credentials;
mod digest;
mod dropbox_sign;
mod ecdsa;
mod ed25519;
mod fields_rule;
mod fiuu;
mod form;
mod form_fields;
mod form_payload;
mod hashed_body;
mod inngest;
mod json_object;
mod json_text;
mod jws;
mod jwt;
mod key_id;
mod list_with_more;
mod mercadopago;
mod multipart;
mod plivo;
mod rewritten;
mod rsa;
mod secret_by_handshake;
mod several_signatures;
mod signature_in_query;
mod signed_fields;
mod signed_fields_digest;
mod signed_header;
mod standard_webhooks;
mod timestamp_in_header;
mod timestamp_in_list;
mod token;
mod token_kid;
mod twilio;
mod url;
mod vonage_sms;
mod weak;

use crate::scheme::{KeyIdScheme, Scheme, UrlScheme};

pub use adyen::*;
pub use alipay::*;
pub use all::ALL;
pub use body_base64::*;
pub use body_hex::*;
pub use body_hex_other_hashes::*;
pub use body_prefixed::*;
pub use braintree::*;
pub use canonical::*;
pub use certificates::*;
pub use compressed::*;
pub use credentials::*;
pub use digest::*;
pub use dropbox_sign::*;
pub use ecdsa::*;
pub use ed25519::*;
pub use fiuu::*;
pub use form_payload::*;
pub use hashed_body::*;
pub use inngest::*;
pub use jws::*;
pub use jwt::*;
pub use key_id::*;
pub use list_with_more::*;
pub use mercadopago::*;
pub use plivo::*;
pub use rewritten::*;
pub use rsa::*;
pub use secret_by_handshake::*;
pub use several_signatures::*;
pub use signature_in_query::*;
pub use signed_fields::*;
pub use signed_fields_digest::*;
pub use standard_webhooks::*;
pub use timestamp_in_header::*;
pub use timestamp_in_list::*;
pub use token::*;
pub use twilio::*;
pub use url::*;
pub use vonage_sms::*;
pub use weak::*;

/// The sender of this name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Scheme> {
    ALL.iter().copied().find(|scheme| scheme.name() == name)
}

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

/// As [`entry`], for a sender that needs the receiver's own id.
const fn key_id_entry(scheme: Scheme) -> KeyIdScheme {
    KeyIdScheme::new(entry(scheme))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_senders_have_one_name() {
        let names: Vec<_> = ALL.iter().map(|scheme| scheme.name()).collect();
        let mut sorted = names.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(names.len(), sorted.len());
        assert!(names.iter().all(|name| find(name).is_some_and(|scheme| scheme.name() == *name)));
        assert!(find("nobody").is_none());
    }
}
