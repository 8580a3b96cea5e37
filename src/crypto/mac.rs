//! HMAC ([RFC 2104](https://www.rfc-editor.org/rfc/rfc2104)) over the SHA family, and over MD5 where a sender has nothing else.

use std::fmt;

use hmac::digest::Output;
use hmac::{Hmac, KeyInit, Mac as _};
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha384, Sha512};

use super::Tag;

/// The hash function under the HMAC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Algorithm {
    /// HMAC-MD5, 16 bytes. MD5 is broken and nobody should build on it: for senders that have nothing else.
    HmacMd5,
    /// HMAC-SHA-1, 20 bytes: for senders that have no better. Its known weaknesses do not reach HMAC.
    HmacSha1,
    /// HMAC-SHA-256, 32 bytes.
    HmacSha256,
    /// HMAC-SHA-384, 48 bytes.
    HmacSha384,
    /// HMAC-SHA-512, 64 bytes.
    HmacSha512,
}

impl Algorithm {
    /// Bytes of a signature.
    pub(crate) const fn tag_len(self) -> usize {
        match self {
            Self::HmacMd5 => 16,
            Self::HmacSha1 => 20,
            Self::HmacSha256 => 32,
            Self::HmacSha384 => 48,
            Self::HmacSha512 => 64,
        }
    }
}

/// A hash that some senders compute over secret and body, in place of an HMAC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hash {
    Md5,
    Sha1,
    Sha256,
    Sha384,
}

impl Hash {
    /// Bytes of a digest.
    pub(crate) const fn digest_len(self) -> usize {
        match self {
            Self::Md5 => 16,
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
        }
    }
}

/// A keyed HMAC, or a hash that the secret is yet to go into: the key state of a route, and its clone that a delivery runs through.
#[derive(Clone)]
pub(crate) struct Mac(Kind);

/// The two that are twice as large and seldom used are boxed, as a delivery moves its state from step to step.
#[derive(Clone)]
enum Kind {
    Md5(Hmac<Md5>),
    PlainMd5(Md5),
    PlainSha1(Sha1),
    PlainSha256(Sha256),
    PlainSha384(Box<Sha384>),
    Sha1(Hmac<Sha1>),
    Sha256(Hmac<Sha256>),
    Sha384(Box<Hmac<Sha384>>),
    Sha512(Box<Hmac<Sha512>>),
}

impl Mac {
    /// Schedules `key`. HMAC takes keys of any length; that none is empty is seen to where keys are read.
    pub(crate) fn new(algorithm: Algorithm, key: &[u8]) -> Self {
        // A key of any length is valid, so the error arm cannot be reached.
        fn keyed<M: KeyInit>(key: &[u8]) -> M {
            M::new_from_slice(key).unwrap_or_else(|_| unreachable!("HMAC takes keys of any length"))
        }
        Self(match algorithm {
            Algorithm::HmacMd5 => Kind::Md5(keyed(key)),
            Algorithm::HmacSha1 => Kind::Sha1(keyed(key)),
            Algorithm::HmacSha256 => Kind::Sha256(keyed(key)),
            Algorithm::HmacSha384 => Kind::Sha384(Box::new(keyed(key))),
            Algorithm::HmacSha512 => Kind::Sha512(Box::new(keyed(key))),
        })
    }

    /// No HMAC: the secret is a part of what is hashed.
    pub(crate) fn plain(hash: Hash) -> Self {
        Self(match hash {
            Hash::Md5 => Kind::PlainMd5(Md5::new()),
            Hash::Sha1 => Kind::PlainSha1(Sha1::new()),
            Hash::Sha256 => Kind::PlainSha256(Sha256::new()),
            Hash::Sha384 => Kind::PlainSha384(Box::default()),
        })
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        match &mut self.0 {
            Kind::PlainMd5(hash) => Digest::update(hash, bytes),
            Kind::PlainSha1(hash) => Digest::update(hash, bytes),
            Kind::PlainSha256(hash) => Digest::update(hash, bytes),
            Kind::PlainSha384(hash) => Digest::update(&mut **hash, bytes),
            Kind::Md5(mac) => mac.update(bytes),
            Kind::Sha1(mac) => mac.update(bytes),
            Kind::Sha256(mac) => mac.update(bytes),
            Kind::Sha384(mac) => mac.update(bytes),
            Kind::Sha512(mac) => mac.update(bytes),
        }
    }

    pub(crate) fn finish(self) -> Tag {
        fn tag<M: hmac::Mac>(mac: M) -> Tag {
            let output: Output<M> = mac.finalize().into_bytes();
            Tag::of(&output)
        }
        match self.0 {
            Kind::PlainMd5(hash) => Tag::of(&hash.finalize()),
            Kind::PlainSha1(hash) => Tag::of(&hash.finalize()),
            Kind::PlainSha256(hash) => Tag::of(&hash.finalize()),
            Kind::PlainSha384(hash) => Tag::of(&hash.finalize()),
            Kind::Md5(mac) => tag(mac),
            Kind::Sha1(mac) => tag(mac),
            Kind::Sha256(mac) => tag(mac),
            Kind::Sha384(mac) => tag(*mac),
            Kind::Sha512(mac) => tag(*mac),
        }
    }
}

impl fmt::Debug for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mac(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding::Encoding;

    /// `verifyNotificationSignature` in the tests of `cloudinary_npm`: the secret stands last.
    #[test]
    fn a_plain_digest_is_no_hmac() {
        let mut hash = Mac::plain(Hash::Sha256);
        hash.update(br#"{"public_id":"b8sjhoslj8cq8ovoa0ma","version":"1555337587","width":1000,"height":800}"#);
        hash.update(b"7952342400000");
        hash.update(b"hardcoded");
        let digest = "6c5a29fd8815772fbac2f10ae741e093d0859313947ef8fadeb29126ded6649c";
        assert_eq!(Encoding::Hex.encode(hash.finish().as_slice()), digest);
        for hash in [Hash::Md5, Hash::Sha1, Hash::Sha256, Hash::Sha384] {
            assert_eq!(Mac::plain(hash).finish().as_slice().len(), hash.digest_len());
        }
    }

    #[test]
    fn no_line_shows_a_key() {
        assert_eq!(format!("{:?}", Mac::new(Algorithm::HmacSha256, b"a key")), "Mac(..)");
    }

    /// Test case 2 of [RFC 4231](https://www.rfc-editor.org/rfc/rfc4231#section-4.3) and of
    /// [RFC 2202](https://www.rfc-editor.org/rfc/rfc2202#section-3).
    #[test]
    fn the_published_vectors_come_out() {
        for (algorithm, tag) in [
            (Algorithm::HmacMd5, "750c783e6ab0b503eaa86e310a5db738"),
            (Algorithm::HmacSha1, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"),
            (Algorithm::HmacSha256, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
            (
                Algorithm::HmacSha384,
                "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649",
            ),
            (
                Algorithm::HmacSha512,
                "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
            ),
        ] {
            let mut mac = Mac::new(algorithm, b"Jefe");
            mac.update(b"what do ya want ");
            mac.update(b"for nothing?");
            let computed = mac.finish();
            assert_eq!(Encoding::Hex.encode(computed.as_slice()), tag);
            assert_eq!(computed.as_slice().len(), algorithm.tag_len());
        }
    }
}
