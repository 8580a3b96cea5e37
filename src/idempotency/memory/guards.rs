//! Which delivery came first with the same signed material.

use std::collections::HashMap;

use super::hash::KeyHash;
use crate::delivery_key::Key;

/// The first half of a guard: 128 bits of a hash tell guards apart, in half the memory.
type Short = [u8; 16];

/// The guards of one shard, in two generations: when the young one is full, the old one goes. So a
/// guard outlives at least `room` younger ones, in memory that is bounded.
///
/// A guard says nothing of its own about time: it counts as long as its delivery is known.
#[derive(Debug)]
pub(super) struct Guards {
    room: usize,
    young: HashMap<Short, Key, KeyHash>,
    old: HashMap<Short, Key, KeyHash>,
}

impl Guards {
    pub(super) fn new(room: usize) -> Self {
        Self { room: room.max(1), young: HashMap::default(), old: HashMap::default() }
    }

    pub(super) fn get(&self, guard: &Key) -> Option<Key> {
        let short = short(guard);
        self.young.get(&short).or_else(|| self.old.get(&short)).copied()
    }

    /// Makes a guard the youngest.
    pub(super) fn insert(&mut self, guard: &Key, of: Key) {
        if self.young.len() >= self.room {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(short(guard), of);
    }

    /// Removes a guard, if it is that of this delivery.
    pub(super) fn remove(&mut self, guard: &Key, of: &Key) {
        if self.get(guard).as_ref() == Some(of) {
            let short = short(guard);
            self.young.remove(&short);
            self.old.remove(&short);
        }
    }
}

fn short(guard: &Key) -> Short {
    let mut short = Short::default();
    short.iter_mut().zip(guard.as_bytes()).for_each(|(to, from)| *to = *from);
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: u8) -> Key {
        Key::from_bytes([number; 32])
    }

    #[test]
    fn a_guard_outlives_as_many_younger_ones_as_there_is_room_for() {
        let mut guards = Guards::new(3);
        for number in 0..100 {
            guards.insert(&key(number), key(number));
            for older in number.saturating_sub(3)..=number {
                assert_eq!(guards.get(&key(older)), Some(key(older)));
            }
            assert!(guards.young.len() + guards.old.len() <= 6);
        }
    }

    #[test]
    fn only_its_own_delivery_takes_a_guard_along() {
        let mut guards = Guards::new(1);
        guards.insert(&key(1), key(10));
        guards.insert(&key(2), key(20));
        guards.remove(&key(1), &key(20));
        assert_eq!(guards.get(&key(1)), Some(key(10)));
        guards.insert(&key(1), key(30));
        guards.remove(&key(1), &key(30));
        assert_eq!(guards.get(&key(1)), None, "not even an older one");
    }
}
