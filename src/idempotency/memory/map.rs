//! A map whose values stay where they are, and which is as small as what is in it.
//!
//! The map of the standard library moves its values when it grows, under the lock of a shard. And it doubles without need
//! where keys come and go: one that goes can leave a mark behind, and the marks fill it. A store that is full lives like
//! that, and took 443 bytes for each id; with this one it is 193.

use std::hash::BuildHasher;

use super::hash::KeyHash;
use crate::delivery_key::Key;

/// Where a value stands, for as long as it is in the map. Then another one may stand there.
pub(super) type Place = u32;

/// No place: stands in an empty bucket.
const NONE: Place = Place::MAX;

/// So many values are allocated at a time.
const CHUNK: usize = 8;

/// So many buckets are the first.
const LEAST: usize = 16;

pub(super) struct Map<V> {
    hash: KeyHash,
    /// As many as a power of two, or none; three of four are taken at most. A key whose own bucket is taken stands in the
    /// next that is not, and moves up when one before it goes.
    buckets: Box<[Bucket]>,
    chunks: Vec<Box<[Slot<V>]>>,
    free: Vec<Place>,
    len: usize,
}

#[derive(Clone, Copy)]
struct Bucket {
    /// Half of the hash of the key. Its lower bits tell the key's own bucket.
    tag: u32,
    place: Place,
}

struct Slot<V> {
    key: Key,
    value: Option<V>,
}

impl<V> Default for Map<V> {
    fn default() -> Self {
        Self { hash: KeyHash::default(), buckets: Box::default(), chunks: Vec::new(), free: Vec::new(), len: 0 }
    }
}

#[allow(clippy::indexing_slicing, reason = "a bucket's number is masked by their count")]
impl<V> Map<V> {
    pub(super) fn get(&self, key: &Key) -> Option<&V> {
        self.at(self.find(key)?).map(|(_, value)| value)
    }

    pub(super) fn get_mut(&mut self, key: &Key) -> Option<(Place, &mut V)> {
        let place = self.find(key)?;
        let value = self.slot_mut(place)?.value.as_mut()?;
        Some((place, value))
    }

    /// What stands at a place, whosever it is.
    pub(super) fn at(&self, place: Place) -> Option<(&Key, &V)> {
        let slot = self.slot(place)?;
        Some((&slot.key, slot.value.as_ref()?))
    }

    pub(super) fn find(&self, key: &Key) -> Option<Place> {
        self.bucket_of(key).map(|bucket| self.buckets[bucket].place)
    }

    /// Inserts a key that is not there.
    pub(super) fn insert(&mut self, key: Key, value: V) -> Place {
        if (self.len + 1) * 4 > self.buckets.len() * 3 {
            self.grow();
        }
        let place = self.free.pop().unwrap_or_else(|| self.allocate());
        if let Some(slot) = self.slot_mut(place) {
            *slot = Slot { key, value: Some(value) };
        }
        self.len += 1;
        let tag = self.tag(&key);
        put(&mut self.buckets, Bucket { tag, place });
        place
    }

    pub(super) fn remove(&mut self, key: &Key) -> Option<V> {
        let mut hole = self.bucket_of(key)?;
        let place = self.buckets[hole].place;
        let mask = self.buckets.len() - 1;
        let mut next = (hole + 1) & mask;
        while self.buckets[next].place != NONE {
            let own = self.buckets[next].tag as usize & mask;
            // It may move up as far as its own bucket.
            if (next.wrapping_sub(own) & mask) >= (next.wrapping_sub(hole) & mask) {
                self.buckets[hole] = self.buckets[next];
                hole = next;
            }
            next = (next + 1) & mask;
        }
        self.buckets[hole] = EMPTY;
        self.len -= 1;
        self.free.push(place);
        self.slot_mut(place)?.value.take()
    }

    /// Removes all values for which it is not true.
    pub(super) fn retain(&mut self, keep: impl Fn(&V) -> bool) {
        for place in (0..self.chunks.len() * CHUNK).filter_map(|place| Place::try_from(place).ok()) {
            if let Some((key, value)) = self.at(place)
                && !keep(value)
            {
                let key = *key;
                self.remove(&key);
            }
        }
    }

    fn bucket_of(&self, key: &Key) -> Option<usize> {
        let mask = self.buckets.len().checked_sub(1)?;
        let tag = self.tag(key);
        let mut number = tag as usize & mask;
        loop {
            let bucket = self.buckets[number];
            if bucket.place == NONE {
                return None;
            }
            if bucket.tag == tag && self.slot(bucket.place).is_some_and(|slot| slot.key == *key) {
                return Some(number);
            }
            number = (number + 1) & mask;
        }
    }

    #[allow(clippy::cast_possible_truncation, reason = "half of it is enough")]
    fn tag(&self, key: &Key) -> u32 {
        self.hash.hash_one(key) as u32
    }

    fn slot(&self, place: Place) -> Option<&Slot<V>> {
        let place = place as usize;
        self.chunks.get(place / CHUNK)?.get(place % CHUNK)
    }

    fn slot_mut(&mut self, place: Place) -> Option<&mut Slot<V>> {
        let place = place as usize;
        self.chunks.get_mut(place / CHUNK)?.get_mut(place % CHUNK)
    }

    #[cold]
    fn grow(&mut self) {
        let mut buckets = vec![EMPTY; (self.buckets.len() * 2).max(LEAST)].into_boxed_slice();
        self.buckets.iter().filter(|bucket| bucket.place != NONE).for_each(|bucket| put(&mut buckets, *bucket));
        self.buckets = buckets;
    }

    fn allocate(&mut self) -> Place {
        let first = self.chunks.len() * CHUNK;
        let empty = || Slot { key: Key::from_bytes([0; 32]), value: None };
        self.chunks.push(std::iter::repeat_with(empty).take(CHUNK).collect());
        // The first one last, since the last one is taken first.
        self.free.extend((first + 1..first + CHUNK).rev().filter_map(|place| Place::try_from(place).ok()));
        // More than 2^32 values would need 500 GB in one shard.
        Place::try_from(first).unwrap_or(NONE)
    }
}

const EMPTY: Bucket = Bucket { tag: 0, place: NONE };

/// Puts a key that is not there where one is free.
#[allow(clippy::indexing_slicing, reason = "a bucket's number is masked by their count")]
fn put(buckets: &mut [Bucket], new: Bucket) {
    let mask = buckets.len() - 1;
    let mut number = new.tag as usize & mask;
    while buckets[number].place != NONE {
        number = (number + 1) & mask;
    }
    buckets[number] = new;
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::HashMap;

    use sha2::{Digest, Sha256};

    use super::*;

    fn key(number: u64) -> Key {
        Key::from_bytes(Sha256::digest(number.to_be_bytes()).into())
    }

    #[test]
    fn it_knows_what_the_standard_librarys_map_knows() {
        let (mut ours, mut theirs) = (Map::default(), HashMap::new());
        let mut random = 1_u64;
        for step in 0..60_000 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let key = key((random >> 33) % 700);
            // It fills, and empties, by turns.
            if (random >> 60) < if step / 5_000 % 2 == 0 { 9 } else { 5 } {
                match ours.get_mut(&key) {
                    Some((_, value)) => *value = step,
                    None => _ = ours.insert(key, step),
                }
                theirs.insert(key, step);
            } else {
                assert_eq!(ours.remove(&key), theirs.remove(&key));
            }
            assert_eq!(ours.get(&key), theirs.get(&key));
            if step % 1_000 == 0 {
                assert!((0..700).all(|number| ours.get(&self::key(number)) == theirs.get(&self::key(number))));
                assert_eq!(ours.len, theirs.len());
            }
        }
    }

    #[test]
    fn a_value_stays_where_it_is_while_others_come_and_go() {
        let mut map = Map::default();
        let place = map.insert(key(0), 0);
        (1..5_000).for_each(|number| _ = map.insert(key(number), number));
        (1..5_000).filter(|number| number % 3 > 0).for_each(|number| _ = map.remove(&key(number)));
        assert_eq!((map.find(&key(0)), map.at(place)), (Some(place), Some((&key(0), &0))));
        map.remove(&key(0));
        assert_eq!((map.find(&key(0)), map.at(place)), (None, None));
    }

    #[test]
    fn keys_that_come_and_go_need_no_more_room_than_those_that_are_there() {
        let mut map = Map::default();
        for number in 0..100_000 {
            map.insert(key(number), ());
            if number >= 759 {
                map.remove(&key(number - 759));
            }
        }
        map.insert(key(0), ());
        assert_eq!((map.len, map.buckets.len(), map.chunks.len() * CHUNK), (760, 1024, 760));
    }

    #[test]
    fn only_what_is_to_be_kept_is_left() {
        let mut map = Map::default();
        (0..1_000).for_each(|number| _ = map.insert(key(number), number));
        map.retain(|number| number % 10 == 0);
        assert!((0..1_000).all(|number| map.get(&key(number)).is_some() == (number % 10 == 0)));
    }
}
