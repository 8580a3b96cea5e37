//! A map whose values stay where they are, and which is as small as what is in it.
//!
//! The map of the standard library moves its values when it grows, under the lock of a shard. And it doubles without need
//! where keys come and go: one that goes can leave a mark behind, and the marks fill it. So only the places of the values
//! are in such a table, eight bytes for each.

use std::hash::BuildHasher;

use hashbrown::HashTable;

use super::hash::KeyHash;
use crate::delivery_key::Key;

/// Where a value stands, for as long as it is in the map. Then another one may stand there.
pub(super) type Place = u32;

/// So many values are allocated at a time.
const CHUNK: usize = 8;

pub(super) struct Map<V> {
    hash: KeyHash,
    table: HashTable<Known>,
    chunks: Vec<Box<[Slot<V>]>>,
    free: Vec<Place>,
}

/// A key that is there.
#[derive(Clone, Copy)]
struct Known {
    tag: Tag,
    place: Place,
}

/// Half of the hash of a key: so that a table that grows does not look at the keys, and few keys are compared.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Tag(u32);

impl Tag {
    /// Spread over all bits, as the table takes some from either end.
    fn hash(self) -> u64 {
        u64::from(self.0).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }
}

struct Slot<V> {
    key: Key,
    value: Option<V>,
}

impl<V> Default for Map<V> {
    fn default() -> Self {
        Self { hash: KeyHash::default(), table: HashTable::new(), chunks: Vec::new(), free: Vec::new() }
    }
}

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
        let slot = slot(&self.chunks, place)?;
        Some((&slot.key, slot.value.as_ref()?))
    }

    pub(super) fn find(&self, key: &Key) -> Option<Place> {
        let tag = self.tag(key);
        self.table.find(tag.hash(), |known| is_it(&self.chunks, *known, tag, key)).map(|known| known.place)
    }

    /// Inserts a key that is not there.
    pub(super) fn insert(&mut self, key: Key, value: V) -> Place {
        let place = self.free.pop().unwrap_or_else(|| self.allocate());
        let tag = self.tag(&key);
        if let Some(slot) = self.slot_mut(place) {
            *slot = Slot { key, value: Some(value) };
        }
        self.table.insert_unique(tag.hash(), Known { tag, place }, |known| known.tag.hash());
        place
    }

    pub(super) fn remove(&mut self, key: &Key) -> Option<V> {
        let tag = self.tag(key);
        let found = self.table.find_entry(tag.hash(), |known| is_it(&self.chunks, *known, tag, key)).ok()?;
        let place = found.remove().0.place;
        self.free.push(place);
        self.slot_mut(place)?.value.take()
    }

    /// Removes all values for which it is not true.
    pub(super) fn retain(&mut self, keep: impl Fn(&V) -> bool) {
        let Self { table, chunks, free, .. } = self;
        table.retain(|known| {
            let Some(slot) = slot_mut(chunks, known.place) else { return false };
            let kept = slot.value.take_if(|value| !keep(value)).is_none();
            if !kept {
                free.push(known.place);
            }
            kept
        });
    }

    #[allow(clippy::cast_possible_truncation, reason = "half of it is enough")]
    fn tag(&self, key: &Key) -> Tag {
        Tag(self.hash.hash_one(key) as u32)
    }

    fn slot_mut(&mut self, place: Place) -> Option<&mut Slot<V>> {
        slot_mut(&mut self.chunks, place)
    }

    fn allocate(&mut self) -> Place {
        let first = self.chunks.len() * CHUNK;
        let empty = || Slot { key: Key::from_bytes([0; 32]), value: None };
        self.chunks.push(std::iter::repeat_with(empty).take(CHUNK).collect());
        // The first one last, since the last one is taken first.
        self.free.extend((first + 1..first + CHUNK).rev().filter_map(|place| Place::try_from(place).ok()));
        // More than 2^32 values would need 500 GB in one shard.
        Place::try_from(first).unwrap_or(Place::MAX)
    }
}

fn is_it<V>(chunks: &[Box<[Slot<V>]>], known: Known, tag: Tag, key: &Key) -> bool {
    known.tag == tag && slot(chunks, known.place).is_some_and(|slot| slot.key == *key)
}

fn slot<V>(chunks: &[Box<[Slot<V>]>], place: Place) -> Option<&Slot<V>> {
    let place = place as usize;
    chunks.get(place / CHUNK)?.get(place % CHUNK)
}

fn slot_mut<V>(chunks: &mut [Box<[Slot<V>]>], place: Place) -> Option<&mut Slot<V>> {
    let place = place as usize;
    chunks.get_mut(place / CHUNK)?.get_mut(place % CHUNK)
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
                assert_eq!(ours.table.len(), theirs.len());
            }
        }
    }

    #[test]
    fn a_tag_alone_is_no_key() {
        let mut map = Map::default();
        let (place, tag) = (map.insert(key(0), 0), map.tag(&key(0)));
        let is = |key: &Key| is_it(&map.chunks, Known { tag, place }, tag, key);
        assert!(is(&key(0)) && !is(&key(1)));
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
        assert_eq!((map.table.len(), map.chunks.len() * CHUNK), (760, 760));
        assert!(map.table.capacity() < 4 * 760, "{}", map.table.capacity());
    }

    #[test]
    fn only_what_is_to_be_kept_is_left() {
        let mut map = Map::default();
        (0..1_000).for_each(|number| _ = map.insert(key(number), number));
        map.retain(|number| number % 10 == 0);
        assert!((0..1_000).all(|number| map.get(&key(number)).is_some() == (number % 10 == 0)));
    }
}
