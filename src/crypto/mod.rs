//! Message authentication codes and public-key signatures, and comparing them in constant time.
//!
//! Nothing here is ours but the shape: the primitives come from RustCrypto. A key is parsed and
//! scheduled once, when a route is configured; each delivery clones that state.

#[cfg(feature = "ed25519")]
mod ed25519;
#[cfg(not(feature = "ed25519"))]
#[path = "ed25519_disabled.rs"]
mod ed25519;
mod mac;
mod tag;
mod token;

#[cfg(feature = "ed25519")]
pub use ed25519::SigningKey;
pub(crate) use ed25519::{Ed25519Key, Ed25519Signer, throwaway_key};
pub use mac::Algorithm;
pub(crate) use mac::{Hash, Mac};
pub(crate) use tag::Tag;
pub(crate) use token::TokenHash;
