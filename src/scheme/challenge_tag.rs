//! What a computed answer to a challenge holds.

use serde::de::IgnoredAny;

use super::keyring::Keyring;
use crate::clock::UnixTime;
use crate::crypto::{Hash, Mac, Tag};

impl Keyring {
    /// The HMAC over `text`, under the key of this id, or else under the first one of the ring that counts now.
    /// `None` where there is no such key.
    pub(crate) fn challenge_tag(&self, id: Option<&str>, text: &str, now: Option<UnixTime>) -> Option<Tag> {
        let mut keys: Vec<_> = self.active(now).collect();
        keys.sort_by_key(|(at, _)| *at);
        let (_, key) = keys.into_iter().find(|(_, key)| id.is_none_or(|id| *key.id == *id))?;
        let (mac, _) = key.hashing()?;
        let mut mac = mac.clone();
        mac.update(text.as_bytes());
        Some(mac.finish())
    }

    /// Whether there is any key, whenever it counts.
    pub(crate) fn is_empty(&self) -> bool {
        self.ids().next().is_none()
    }
}

/// SHA-256 of these, one behind the other.
pub(crate) fn sha256_of(parts: &[&[u8]]) -> Tag {
    let mut hash = Mac::plain(Hash::Sha256);
    parts.iter().for_each(|part| hash.update(part));
    hash.finish()
}

/// Whether this text could be the whole body of a delivery: a number is JSON, too.
pub(crate) fn could_be_a_body(text: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding::Encoding;
    use crate::scheme::{Scheme, header};
    use crate::secret::{Secret, Secrets};

    const ACME: Scheme = Scheme::hmac_sha256("acme").signature(header("x-acme"), Encoding::Hex);

    #[test]
    fn the_first_key_answers_unless_one_is_named() {
        let keys =
            Secrets::named("new", Secret::short("new-one").unwrap()).and("old", Secret::short("old-one").unwrap());
        let ring = Keyring::new(&ACME, &keys).unwrap();
        ring.matched(1);
        let tag = |id: Option<&str>| ring.challenge_tag(id, "text", None).map(|tag| tag.as_slice().to_vec());
        assert!(tag(None).is_some() && tag(None) == tag(Some("new")));
        assert!(tag(Some("old")).is_some() && tag(Some("old")) != tag(None));
        assert_eq!(tag(Some("other")), None);
        assert!(!ring.is_empty() && Keyring::none().is_empty());
    }

    #[test]
    fn a_number_could_be_a_body() {
        assert!(["1", "-1.5", "1e9", "true", "null"].into_iter().all(could_be_a_body));
        assert!(!["9b4507b3-9040", "01", "abc", "1_000", ""].into_iter().any(could_be_a_body));
    }
}
