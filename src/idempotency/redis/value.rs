//! What stands under a key.
//!
//! ```text
//! version u8 = 1 · state u8 = P | D · fingerprint u8 = 0 | 1 · fingerprint [16] · token [16] · record, if D
//! ```

use std::time::Duration;

use bytes::Bytes;

use crate::delivery_key::Fingerprint;
use crate::idempotency::store::{Claim, Claimed};

const VERSION: u8 = 1;
/// The length of all that stands before the record.
pub(super) const HEAD: usize = 35;

/// How far a delivery is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Done,
    Pending,
}

impl State {
    const fn letter(self) -> u8 {
        match self {
            Self::Done => b'D',
            Self::Pending => b'P',
        }
    }
}

/// Writes what stands under the key of this claim.
pub(super) fn encode(state: State, claimed: &Claimed, record: &[u8]) -> Vec<u8> {
    let mut value = Vec::with_capacity(HEAD + record.len());
    value.extend([VERSION, state.letter(), u8::from(claimed.fingerprint.is_some())]);
    value.extend(claimed.fingerprint.map_or([0; 16], |fp| *fp.as_bytes()));
    value.extend(claimed.token.as_bytes());
    value.extend(record);
    value
}

/// What somebody wrote.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) state: State,
    fp: Option<[u8; 16]>,
    token: [u8; 16],
    pub(super) record: Bytes,
}

/// Reads it. What another version wrote, or nobody of us, is a finished delivery without a record: to run it again could
/// be wrong, and to leave it never is.
pub(super) fn decode(value: &Bytes) -> Found {
    let unknown = Found { state: State::Done, fp: None, token: [0; 16], record: Bytes::new() };
    let Some((&[version, state, has_fp, ref rest @ ..], _)) = value.split_first_chunk::<HEAD>() else { return unknown };
    let state = match state {
        b'D' => State::Done,
        b'P' => State::Pending,
        _ => return unknown,
    };
    let (Some((fp, token)), VERSION) = (rest.split_first_chunk::<16>(), version) else { return unknown };
    let Ok(token) = token.try_into() else { return unknown };
    Found { state, fp: (has_fp == 1).then_some(*fp), token, record: value.slice(HEAD..) }
}

impl Found {
    /// Whether it is this run that is under way.
    pub(super) fn is_own(&self, claimed: &Claimed) -> bool {
        self.state == State::Pending && self.token == *claimed.token.as_bytes()
    }

    /// Whether another run is.
    pub(super) fn is_anothers(&self, claimed: &Claimed) -> bool {
        self.state == State::Pending && !self.is_own(claimed)
    }

    fn same_fingerprint(&self, fp: Option<Fingerprint>) -> bool {
        match (self.fp, fp) {
            (Some(mine), Some(other)) => mine == *other.as_bytes(),
            _ => true,
        }
    }

    /// What is answered to `claimed`, that found this with `left` of its time.
    pub(super) fn answer(self, claimed: &Claimed, left: Duration) -> Claim {
        let same_fingerprint = self.same_fingerprint(claimed.fingerprint);
        match self.state {
            State::Pending if self.is_anothers(claimed) => Claim::InFlight { retry_in: left, same_fingerprint },
            State::Pending => Claim::Owned { attempt: None },
            State::Done => Claim::Done { record: self.record, same_fingerprint },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery_key::Key;

    #[test]
    fn what_was_written_is_read() {
        let mine = Claimed::new(Key::from_bytes([7; 32]));
        let pending = Bytes::from(encode(State::Pending, &mine, b""));
        let other = Claimed::new(mine.key);
        assert_eq!(decode(&pending).answer(&mine, Duration::ZERO), Claim::Owned { attempt: None });
        let left = Duration::from_secs(3);
        assert_eq!(decode(&pending).answer(&other, left), Claim::InFlight { retry_in: left, same_fingerprint: true });
        let done = Bytes::from(encode(State::Done, &mine, b"record"));
        let answer = Claim::Done { record: Bytes::from_static(b"record"), same_fingerprint: true };
        assert_eq!(decode(&done).answer(&mine, left), answer);
    }

    #[test]
    fn what_cannot_be_read_is_a_finished_delivery() {
        let mine = Claimed::new(Key::from_bytes([7; 32]));
        let good = encode(State::Pending, &mine, b"");
        let mut newer = good.clone();
        newer[0] = 2;
        let mut odd = good.clone();
        odd[1] = b'X';
        for value in [Vec::new(), b"1".to_vec(), good[..34].to_vec(), newer, odd] {
            let claim = decode(&Bytes::from(value)).answer(&mine, Duration::ZERO);
            assert_eq!(claim, Claim::Done { record: Bytes::new(), same_fingerprint: true });
        }
    }
}
