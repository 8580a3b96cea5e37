//! Why the walk along the proxies ended nowhere.

use std::error::Error;
use std::fmt;

/// Why the address of a client cannot be told, see [`TrustedProxies::client_ip`](super::TrustedProxies::client_ip).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ClientIpError {
    /// A trusted proxy sent the request, but without the header.
    HeaderMissing,
    /// The header that holds one address came in several lines.
    HeaderRepeated,
    /// The next entry is no address: broken, empty, obfuscated, `unknown`, `0.0.0.0` or `::`.
    NoAddress,
    /// The server did not say who is at the other end of the connection.
    NoPeer,
    /// Every entry is a trusted proxy.
    OnlyProxies,
    /// The header has fewer entries than there are proxies.
    TooFewEntries,
    /// [`MAX_ENTRIES`](super::MAX_ENTRIES) entries were looked at, and all were trusted proxies.
    TooManyEntries,
}

impl ClientIpError {
    /// The sentence for the operator.
    pub(crate) const fn message(self) -> &'static str {
        match self {
            Self::HeaderMissing => "a trusted proxy sent no header with the address of the client",
            Self::HeaderRepeated => "the header with the address of the client came in several lines",
            Self::NoAddress => "the nearest entry of the header that is not a trusted proxy is no address",
            Self::NoPeer => "the server did not say who is at the other end of the connection",
            Self::OnlyProxies => "every entry of the header is a trusted proxy",
            Self::TooFewEntries => "the header has fewer entries than there are proxies",
            Self::TooManyEntries => "too many entries of the header are trusted proxies",
        }
    }
}

impl fmt::Display for ClientIpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())
    }
}

impl Error for ClientIpError {}

/// How it is known that a request came over TLS, see [`TrustedProxies::https`](super::TrustedProxies::https).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HttpsEvidence {
    /// This very connection is TLS.
    Connection,
    /// A trusted proxy says so.
    Proxy,
}

/// Why a request does not count as one over TLS, see [`TrustedProxies::https`](super::TrustedProxies::https).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NotHttps {
    /// The connection is plain; its peer sent a header with a protocol, but is not trusted.
    HeaderIgnored,
    /// A trusted proxy sent the request, but without the header.
    HeaderMissing,
    /// The connection is plain, and the server did not say who is at the other end of it.
    NoPeer,
    /// The connection is plain, and its peer is not trusted.
    PlainConnection,
    /// A trusted proxy says that the client came over something else.
    PlainToProxy,
    /// The header has several values, and the one that belongs to the client cannot be told.
    Unclear,
}

impl NotHttps {
    /// The sentence for the operator.
    pub(crate) const fn message(self) -> &'static str {
        match self {
            Self::HeaderIgnored => "the connection is plain; its peer is no trusted proxy, so its header is ignored",
            Self::HeaderMissing => "a trusted proxy sent no header with the protocol of the client",
            Self::NoPeer => "the connection is plain, and the server did not say who is at the other end of it",
            Self::PlainConnection => "the connection is plain, and its peer is no trusted proxy",
            Self::PlainToProxy => "a trusted proxy says that the client did not use https",
            Self::Unclear => "the header has several protocols, and which one is the client's cannot be told",
        }
    }
}

impl fmt::Display for NotHttps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())
    }
}

impl Error for NotHttps {}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// The sentences, none of which stands there twice.
    fn sentences<T: fmt::Display + Copy>(errors: &[T], message: fn(T) -> &'static str) {
        let told: BTreeSet<_> = errors.iter().map(ToString::to_string).collect();
        assert_eq!(told.len(), errors.len(), "{told:?}");
        for error in errors {
            assert!(error.to_string().split(' ').count() > 5, "{error}");
            assert_eq!(error.to_string(), message(*error));
        }
    }

    #[test]
    fn the_operator_is_told_each_reason_in_a_sentence_of_its_own() {
        use ClientIpError::*;

        let walks = [HeaderMissing, HeaderRepeated, NoAddress, NoPeer, OnlyProxies, TooFewEntries, TooManyEntries];
        sentences(&walks, ClientIpError::message);
        let plain = [
            NotHttps::HeaderIgnored,
            NotHttps::HeaderMissing,
            NotHttps::NoPeer,
            NotHttps::PlainConnection,
            NotHttps::PlainToProxy,
            NotHttps::Unclear,
        ];
        sentences(&plain, NotHttps::message);
    }
}
