//! Shared tokens that a sender shows instead of signing.

use sha2::{Digest, Sha256};

use super::Tag;

/// The SHA-256 of a token. Comparing hashes hides the token's length as well as its bytes.
#[derive(Clone, Debug)]
pub(crate) struct TokenHash(Tag);

impl TokenHash {
    pub(crate) fn of(token: &[u8]) -> Self {
        Self(Tag::of(&Sha256::digest(token)))
    }

    pub(crate) fn matches(&self, token: &[u8]) -> bool {
        self.0.matches(&Self::of(token).0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_token_matches() {
        let hash = TokenHash::of(b"a-token");
        assert!(hash.matches(b"a-token"));
        for other in [&b""[..], b"a-toke", b"a-token ", b"A-token"] {
            assert!(!hash.matches(other));
        }
    }
}
