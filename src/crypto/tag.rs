//! The value of a signature, compared in constant time only.

use std::fmt;

use subtle::{Choice, ConstantTimeEq};

/// A signature of up to 64 bytes on the stack. It has no `PartialEq`: [`Tag::matches`] is the one way to
/// compare two.
#[derive(Clone, Copy)]
pub(crate) struct Tag {
    bytes: [u8; Self::MAX],
    len: usize,
}

impl Tag {
    pub(crate) const MAX: usize = 64;

    /// Takes `bytes` whole; more than 64 do not occur and would be cut.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let mut tag = Self { bytes: [0; Self::MAX], len: bytes.len().min(Self::MAX) };
        for (to, from) in tag.bytes.iter_mut().zip(bytes) {
            *to = *from;
        }
        tag
    }

    pub(crate) fn as_slice(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }

    /// Whether both are the same, in a time that does not depend on where they differ. The lengths are
    /// no secret: the algorithm sets them.
    pub(crate) fn matches(&self, other: &Self) -> bool {
        // Eight bytes at a time: a tag has 64, so nothing is left over.
        let (words, _) = self.bytes.as_chunks::<8>();
        let (others, _) = other.bytes.as_chunks::<8>();
        let same = words.iter().zip(others).fold(Choice::from(1), |same, (word, other)| {
            same & u64::from_ne_bytes(*word).ct_eq(&u64::from_ne_bytes(*other))
        });
        self.len == other.len && bool::from(same)
    }

    /// The bytes and how many of them count.
    pub(crate) const fn into_parts(self) -> ([u8; Self::MAX], usize) {
        (self.bytes, self.len)
    }
}

impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tag(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_match_whole_or_not_at_all() {
        let tag = Tag::of(&[7; 32]);
        assert!(tag.matches(&Tag::of(&[7; 32])));
        for other in [&[7; 31][..], &[7; 33], &[], &[0; 32]] {
            assert!(!tag.matches(&Tag::of(other)), "{}", other.len());
        }
        for at in 0..64 {
            let mut other = [7; 64];
            other[at] ^= 1;
            assert!(!Tag::of(&[7; 64]).matches(&Tag::of(&other)), "byte {at}");
        }
        for at in 0..32 {
            let mut other = [7; 32];
            other[at] ^= 1;
            assert!(!tag.matches(&Tag::of(&other)), "byte {at}");
        }
    }

    /// Would not compile if a tag could be compared by `==`: two implementations would then fit.
    #[test]
    fn tags_cannot_be_compared_in_a_time_that_tells() {
        trait Fits<Which> {
            fn fits() {}
        }
        struct Comparable;
        impl<T> Fits<()> for T {}
        impl<T: PartialEq> Fits<Comparable> for T {}
        <Tag as Fits<_>>::fits();
        <crate::crypto::TokenHash as Fits<_>>::fits();
    }

    #[test]
    fn its_bytes_come_out_as_they_came_in_and_no_line_shows_them() {
        let (bytes, len) = Tag::of(&[7; 3]).into_parts();
        assert_eq!((&bytes[..len], &bytes[len..]), (&[7; 3][..], &[0; 61][..]));
        assert_eq!(Tag::of(&[7; 65]).as_slice(), [7; 64]);
        assert_eq!(format!("{:?}", Tag::of(&[7; 3])), "Tag(..)");
    }

    #[test]
    fn a_shorter_tag_is_no_prefix_that_passes() {
        assert!(!Tag::of(&[0; 20]).matches(&Tag::of(&[0; 32])));
    }
}
