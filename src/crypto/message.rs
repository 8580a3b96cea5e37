//! What a public key is asked about: hashed, and put together, once at most.

use std::borrow::Cow;
use std::cell::OnceCell;

use super::{Hash, Mac, Tag};

/// A signed content in its parts.
pub(crate) struct Message<'a> {
    parts: &'a [&'a [u8]],
    whole: OnceCell<Cow<'a, [u8]>>,
    sha256: OnceCell<Tag>,
}

impl<'a> Message<'a> {
    pub(crate) const fn new(parts: &'a [&'a [u8]]) -> Self {
        Self { parts, whole: OnceCell::new(), sha256: OnceCell::new() }
    }

    /// For algorithms that want all of it.
    pub(crate) fn whole(&self) -> &[u8] {
        self.whole.get_or_init(|| {
            let mut parts = self.parts.iter().filter(|part| !part.is_empty());
            match (parts.next(), parts.next()) {
                (None, _) => Cow::default(),
                (Some(only), None) => Cow::Borrowed(*only),
                (Some(_), Some(_)) => Cow::Owned(self.parts.concat()),
            }
        })
    }

    /// For those that hash it by SHA-256, and to tell a replay.
    pub(crate) fn sha256(&self) -> &Tag {
        self.sha256.get_or_init(|| {
            let mut hash = Mac::plain(Hash::Sha256);
            self.parts.iter().for_each(|part| hash.update(part));
            hash.finish()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding::Encoding;

    #[test]
    fn however_it_is_cut_it_is_the_same_and_one_part_is_not_copied() {
        let body: &[u8] = b"abc";
        // FIPS 180-4, the example of one block.
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        for parts in [&[body][..], &[b"", body, b""], &[b"a", b"", b"bc"], &[b"a", b"b", b"c"]] {
            let message = Message::new(parts);
            assert_eq!(message.whole(), body);
            assert_eq!(message.whole().as_ptr() == body.as_ptr(), parts.contains(&body));
            assert_eq!(Encoding::Hex.encode(message.sha256().as_slice()), abc);
        }
        assert_eq!(Message::new(&[]).whole(), b"");
    }
}
