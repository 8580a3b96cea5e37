//! Message authentication codes and public-key signatures, and comparing them in constant time.
//!
//! Nothing here is ours but the shape: the primitives come from RustCrypto, those for ECDSA and RSA from aws-lc-rs. A key is parsed and
//! scheduled once, when a route is configured; each delivery clones that state.

#[cfg(feature = "ed25519")]
mod ed25519;
#[cfg(not(feature = "ed25519"))]
#[path = "ed25519_disabled.rs"]
mod ed25519;
mod mac;
mod message;
mod public_key;
#[cfg(any(feature = "ecdsa", feature = "rsa"))]
mod spki;
#[cfg(not(any(feature = "ecdsa", feature = "rsa")))]
#[path = "spki_disabled.rs"]
mod spki;
mod tag;
mod token;

pub(crate) use ed25519::Ed25519Signer;
#[cfg(feature = "ed25519")]
pub use ed25519::SigningKey;
pub use mac::Algorithm;
pub(crate) use mac::{Hash, Mac};
pub(crate) use message::Message;
pub use public_key::PublicAlgorithm;
pub(crate) use public_key::PublicKey;
pub(crate) use tag::Tag;
pub(crate) use token::TokenHash;
