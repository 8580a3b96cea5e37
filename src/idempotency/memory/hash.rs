//! The hash of the maps whose keys are SHA-256 outputs.

use std::hash::{BuildHasher, Hasher, RandomState};

/// Hashes keys that are hashes already, and counts: their words folded into one, and that mixed with two secrets of the map.
///
/// What a sender writes reaches a key through SHA-256 only, so the folded word is as good as random. But a sender can
/// try ids until their keys share the few bits by which a map sorts them; which keys fall together here depends on
/// the secrets, so it cannot be tried from outside.
#[derive(Clone, Copy)]
pub(super) struct KeyHash {
    mask: u64,
    factor: u64,
}

impl Default for KeyHash {
    fn default() -> Self {
        let random = RandomState::new();
        Self { mask: random.hash_one(0_u8), factor: random.hash_one(1_u8) | 1 }
    }
}

impl BuildHasher for KeyHash {
    type Hasher = KeyHasher;

    fn build_hasher(&self) -> KeyHasher {
        KeyHasher { secrets: *self, word: 0 }
    }
}

/// See [`KeyHash`].
pub(super) struct KeyHasher {
    secrets: KeyHash,
    word: u64,
}

impl Hasher for KeyHasher {
    fn write(&mut self, bytes: &[u8]) {
        let (words, _) = bytes.as_chunks::<8>();
        let factor = self.secrets.factor;
        self.word =
            words.iter().fold(0, |word: u64, next| word.wrapping_mul(factor).wrapping_add(u64::from_le_bytes(*next)));
    }

    /// The length, which is the same for all keys of a map.
    fn write_usize(&mut self, _: usize) {}

    fn finish(&self) -> u64 {
        let product = u128::from(self.word ^ self.secrets.mask) * u128::from(self.secrets.factor);
        let [high, low] = [product >> 64, product & u128::from(u64::MAX)];
        #[allow(clippy::cast_possible_truncation, reason = "both halves have 64 bits")]
        let folded = (high ^ low) as u64;
        folded
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use sha2::{Digest, Sha256};

    use super::*;
    use crate::delivery_key::Key;

    fn key(number: u32) -> Key {
        Key::from_bytes(Sha256::digest(number.to_be_bytes()).into())
    }

    #[test]
    fn keys_of_one_shard_spread_over_a_map() {
        let hash = KeyHash::default();
        let shard: Vec<_> = (0..1000)
            .map(|number| {
                let mut bytes = *key(number).as_bytes();
                bytes[0] = 7;
                Key::from_bytes(bytes)
            })
            .collect();
        let spread = |bits: fn(u64) -> u64| {
            let mut buckets = [0_usize; 128];
            for key in &shard {
                buckets[usize::try_from(bits(hash.hash_one(key))).unwrap()] += 1;
            }
            *buckets.iter().max().unwrap()
        };
        // The bits by which the standard library's map chooses a bucket, and those by which it compares first.
        assert!(spread(|hash| hash % 128) < shard.len() / 10);
        assert!(spread(|hash| hash >> 57) < shard.len() / 10);
    }

    #[test]
    fn which_keys_fall_together_differs_from_map_to_map() {
        let falls = |hash: KeyHash| -> HashSet<u32> {
            (0..1000).filter(|number| hash.hash_one(key(*number)).is_multiple_of(16)).collect()
        };
        assert_ne!(falls(KeyHash::default()), falls(KeyHash::default()));
    }

    #[test]
    fn keys_that_are_no_hashes_differ_too() {
        let hash = KeyHash::default();
        for places in [0..1, 31..32, 0..32] {
            let counted = |number: u8| {
                let mut bytes = [0; 32];
                bytes[places.clone()].fill(number);
                Key::from_bytes(bytes)
            };
            let hashes: HashSet<u64> = (0..=255).map(|number| hash.hash_one(counted(number))).collect();
            assert_eq!(hashes.len(), 256);
        }
    }

    #[test]
    fn the_same_key_has_the_same_hash() {
        let hash = KeyHash::default();
        assert_eq!(hash.hash_one(key(1)), hash.hash_one(key(1)));
        assert_ne!(hash.hash_one(key(1)), hash.hash_one(key(2)));
    }
}
