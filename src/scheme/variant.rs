//! The same scheme, read in another way: what a search for the cause of a mismatch tries.

use std::sync::Arc;

use http::HeaderName;
use http::request::Parts;

use super::description::Scheme;
use super::field::Field;
use super::name_set::{NameSet, Piece};
use super::reader::Reader;
use super::sender::Sender;
use super::terms::{Content, Method, Part, SecretText, TimestampFormat};
use crate::crypto::{Algorithm, Hash};
use crate::encoding::Encoding;
use crate::rejection::Reason;

const ALGORITHMS: [Algorithm; 5] =
    [Algorithm::HmacSha256, Algorithm::HmacSha1, Algorithm::HmacSha512, Algorithm::HmacMd5, Algorithm::HmacSha384];

const HASHES: [Hash; 4] = [Hash::Sha256, Hash::Sha1, Hash::Md5, Hash::Sha384];

/// See [`Scheme::headers_that_count`].
pub(crate) struct HeadersThatCount {
    /// Those that may stand there once.
    pub(crate) once: Vec<HeaderName>,
    /// Those whose text is signed, and that must be there for that.
    pub(crate) signed: Vec<HeaderName>,
}

impl Scheme {
    /// Where the signature stands.
    pub(crate) const fn signature_place(&self) -> Option<(Field, Encoding)> {
        self.signature
    }

    /// How the text of the secret becomes a key.
    pub(crate) const fn secret_rule(&self) -> SecretText {
        self.secret_text
    }

    /// What is signed, where it is a list of parts.
    pub(crate) const fn parts(&self) -> Option<&'static [Part]> {
        match self.content {
            Content::Parts(parts) => Some(parts),
            Content::Rule(_) => None,
        }
    }

    /// Whether what is shown is computed from a shared secret and the content: an HMAC or a digest.
    pub(crate) const fn computes_tag(&self) -> bool {
        matches!(self.method, Method::Digest(_) | Method::Hmac(_))
    }

    /// Bytes of the signature, where it has always as many.
    pub(crate) const fn tag_len(&self) -> Option<usize> {
        match self.method {
            Method::Digest(hash) => Some(hash.digest_len()),
            Method::Hmac(algorithm) => Some(algorithm.tag_len()),
            _ => None,
        }
    }

    /// The name of the hash function, where a shared secret goes into one.
    pub(crate) const fn hash_name(&self) -> Option<&'static str> {
        match self.method {
            Method::Digest(Hash::Md5) | Method::Hmac(Algorithm::HmacMd5) => Some("MD5"),
            Method::Digest(Hash::Sha1) | Method::Hmac(Algorithm::HmacSha1) => Some("SHA-1"),
            Method::Digest(Hash::Sha256) | Method::Hmac(Algorithm::HmacSha256) => Some("SHA-256"),
            Method::Digest(Hash::Sha384) | Method::Hmac(Algorithm::HmacSha384) => Some("SHA-384"),
            Method::Hmac(Algorithm::HmacSha512) => Some("SHA-512"),
            _ => None,
        }
    }

    /// The same way of signing with each of the other hash functions.
    pub(crate) fn other_hashes(self) -> impl Iterator<Item = Self> {
        let methods: Vec<Method> = match self.method {
            Method::Hmac(own) => ALGORITHMS.into_iter().filter(|other| *other != own).map(Method::Hmac).collect(),
            Method::Digest(own) => HASHES.into_iter().filter(|other| *other != own).map(Method::Digest).collect(),
            _ => Vec::new(),
        };
        methods.into_iter().map(move |method| Self { method, ..self })
    }

    /// The timestamp in the head as it is written there, where there is exactly one.
    pub(crate) fn shown_timestamp(&self, head: &Parts) -> Option<String> {
        let shown = |names| {
            let set = NameSet::new(self, names).ok()?;
            let reader = set.timestamp.as_ref().filter(|reader| reader.in_head())?;
            reader.one(head, Reason::MissingTimestamp, Reason::MalformedTimestamp).ok().map(str::to_owned)
        };
        [&[], self.other_names].into_iter().find_map(shown)
    }

    /// The headers that decide about the signature, under the names that are used in this head; `None` where there is no
    /// signature in its headers.
    pub(crate) fn headers_that_count(&self, head: &Parts) -> Option<HeadersThatCount> {
        let sets = [&[], self.other_names].into_iter().filter_map(|names| NameSet::new(self, names).ok());
        let set = sets.into_iter().find(|set| set.signature.as_ref().is_some_and(|reader| reader.is_there(head)))?;
        let signed: Vec<HeaderName> = set.pieces.iter().filter_map(Piece::header).cloned().collect();
        let read = [&set.signature, &set.timestamp].into_iter().flatten().flat_map(Reader::single_lines);
        Some(HeadersThatCount { once: read.chain(&signed).cloned().collect(), signed })
    }

    /// How the timestamp is written.
    pub(crate) fn timestamp_format(&self) -> Option<TimestampFormat> {
        self.timestamp.map(|(_, format)| format)
    }

    /// The same scheme without a timestamp.
    pub(crate) const fn without_timestamp(mut self) -> Self {
        self.timestamp = None;
        self
    }

    /// The same scheme with timestamps that are written otherwise; `None` where there is none in the head.
    pub(crate) fn with_timestamp_format(mut self, format: TimestampFormat) -> Option<Self> {
        self.timestamp = self.timestamp.map(|(field, _)| (field, format));
        self.timestamp.map(|_| self)
    }
}

impl Sender {
    /// The same receiver's URL and id with another scheme.
    pub(crate) fn signing_as(&self, scheme: Scheme) -> Self {
        Self { scheme, ..self.clone() }
    }

    /// The same sender at another URL.
    pub(crate) fn moved_to(&self, url: &str) -> Self {
        Self { url: Some(Arc::from(url)), ..self.clone() }
    }
}
