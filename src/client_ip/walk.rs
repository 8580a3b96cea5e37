//! The walk along the proxies, from the socket outwards.

use std::net::IpAddr;

use http::header::FORWARDED;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::error::{ClientIpError, HttpsEvidence, NotHttps};
use super::forwarded::{self, Element};
use super::trusted_proxies::{Header, Trust, TrustedProxies, X_FORWARDED_FOR};
use super::{MAX_ENTRIES, address};
use crate::connection::OverTls;

const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// What the proxy at the end of the walk saw.
struct Found {
    ip: IpAddr,
    /// How many entries to the left of the right end.
    index: usize,
}

impl TrustedProxies {
    /// The address of the client, never IPv4-mapped. `peer` is the other end of the socket, see
    /// [`connection::peer_ip`](crate::connection::peer_ip).
    ///
    /// A peer that is not trusted is the client itself, whatever its headers say. By hop count the peer is
    /// not looked at. Entries are read as `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]` or
    /// `[2001:db8::1]:80`; in `Forwarded` as its RFC asks: IPv6 in brackets, colons in quotes.
    ///
    /// # Errors
    /// Nobody is guessed: see [`ClientIpError`]. By hop count, too, each entry on the way must be an
    /// address.
    pub fn client_ip(&self, peer: Option<IpAddr>, headers: &HeaderMap) -> Result<IpAddr, ClientIpError> {
        match self.stranger(peer) {
            Some(stranger) => stranger,
            None => self.walk(headers).map(|found| found.ip),
        }
    }

    /// Whether the client came over TLS. `tls` is the extension of the connection, `peer` the other end of
    /// the socket.
    ///
    /// Evidence counts in this order:
    ///
    /// 1. [`OverTls`]: this connection is TLS. What headers say is not looked at then.
    /// 2. A trusted peer says `https`, in `X-Forwarded-Proto`, or in `proto=` where the header
    ///    [`Forwarded`](TrustedProxies::list_header) is configured.
    /// 3. Anything else is plain. What the request line or `:scheme` claims is no evidence.
    ///
    /// A header with one value has the client's protocol. Of several values the one counts that stands as
    /// far from the right as the client in its own header; the last one, where a trusted peer sends no such
    /// header. With [`single_header`](Self::single_header) there must be one value.
    ///
    /// # Errors
    /// The request counts as plain: see [`NotHttps`].
    pub fn https(
        &self,
        tls: Option<&OverTls>,
        peer: Option<IpAddr>,
        headers: &HeaderMap,
    ) -> Result<HttpsEvidence, NotHttps> {
        if tls.is_some() {
            return Ok(HttpsEvidence::Connection);
        }
        if let Some(stranger) = self.stranger(peer) {
            return Err(match (&self.rules.trust, stranger) {
                (Trust::Networks(_), Err(_)) => NotHttps::NoPeer,
                _ if headers.contains_key(self.proto_header()) => NotHttps::HeaderIgnored,
                _ => NotHttps::PlainConnection,
            });
        }
        let https = match self.rules.header {
            Header::Forwarded => self.of_client(elements(headers), headers)?.is_https(),
            Header::Single(_) | Header::XForwardedFor => self
                .of_client(entries(headers, &X_FORWARDED_PROTO), headers)?
                .trim_ascii()
                .eq_ignore_ascii_case(b"https"),
        };
        if https { Ok(HttpsEvidence::Proxy) } else { Err(NotHttps::PlainToProxy) }
    }

    /// Whether a header with the address of the client is there but was not believed.
    pub(crate) fn ignores(&self, peer: Option<IpAddr>, headers: &HeaderMap) -> bool {
        let sent = || match &self.rules.header {
            Header::Forwarded => headers.contains_key(FORWARDED),
            Header::Single(name) => headers.contains_key(name),
            Header::XForwardedFor => headers.contains_key(X_FORWARDED_FOR),
        };
        self.stranger(peer).is_some() && sent()
    }

    fn proto_header(&self) -> HeaderName {
        match self.rules.header {
            Header::Forwarded => FORWARDED,
            Header::Single(_) | Header::XForwardedFor => X_FORWARDED_PROTO,
        }
    }

    /// The answer for a peer that is not believed, `None` for one that is.
    fn stranger(&self, peer: Option<IpAddr>) -> Option<Result<IpAddr, ClientIpError>> {
        let peer = peer.map(|ip| ip.to_canonical()).filter(|ip| !ip.is_unspecified()).ok_or(ClientIpError::NoPeer);
        match (&self.rules.trust, peer) {
            (Trust::Hops(_), _) => None,
            (Trust::Networks(proxies), Ok(ip)) if proxies.contains(ip) => None,
            (Trust::Networks(_) | Trust::Nobody, peer) => Some(peer),
        }
    }

    fn walk(&self, headers: &HeaderMap) -> Result<Found, ClientIpError> {
        match &self.rules.header {
            Header::Forwarded => self.walk_along(elements(headers).map(|element| element.client())),
            Header::Single(name) => self.walk_along(only_line(headers, name)?.map(address::of_entry).into_iter()),
            Header::XForwardedFor => self.walk_along(entries(headers, &X_FORWARDED_FOR).map(address::of_entry)),
        }
    }

    fn walk_along(&self, entries: impl Iterator<Item = Option<IpAddr>>) -> Result<Found, ClientIpError> {
        let mut seen = 0;
        for (index, entry) in entries.take(MAX_ENTRIES.into()).enumerate() {
            let ip = entry.ok_or(ClientIpError::NoAddress)?;
            seen = index.saturating_add(1);
            let found = match &self.rules.trust {
                Trust::Hops(count) => usize::from(count.get()) == seen,
                Trust::Networks(proxies) => !proxies.contains(ip),
                Trust::Nobody => false,
            };
            if found {
                return Ok(Found { ip, index });
            }
        }
        Err(match &self.rules.trust {
            _ if seen == 0 => ClientIpError::HeaderMissing,
            Trust::Hops(_) => ClientIpError::TooFewEntries,
            _ if seen == usize::from(MAX_ENTRIES) => ClientIpError::TooManyEntries,
            _ => ClientIpError::OnlyProxies,
        })
    }

    /// Of what proxies wrote, from the right, the part that belongs to the client.
    fn of_client<T>(&self, mut values: impl Iterator<Item = T>, headers: &HeaderMap) -> Result<T, NotHttps> {
        let last = values.next().ok_or(NotHttps::HeaderMissing)?;
        let Some(second) = values.next() else {
            return Ok(last);
        };
        if matches!(self.rules.header, Header::Single(_)) {
            return Err(NotHttps::Unclear);
        }
        let index = match (self.walk(headers), &self.rules.trust) {
            (Ok(found), _) => found.index,
            (Err(ClientIpError::HeaderMissing), Trust::Hops(count)) => usize::from(count.get()).saturating_sub(1),
            (Err(ClientIpError::HeaderMissing), _) => 0,
            (Err(_), _) => return Err(NotHttps::Unclear),
        };
        match index {
            0 => Ok(last),
            1 => Ok(second),
            _ => values.nth(index.saturating_sub(2)).ok_or(NotHttps::Unclear),
        }
    }
}

/// The entries of a list, from the right, over all lines.
fn entries<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a [u8]> {
    headers.get_all(name).iter().rev().flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b','))
}

/// The elements of `Forwarded`, from the right, over all lines. A line is read only when it is reached.
fn elements(headers: &HeaderMap) -> impl Iterator<Item = Element<'_>> {
    let lines = headers.get_all(FORWARDED).iter().rev();
    lines.flat_map(|line| forwarded::elements(line.as_bytes(), MAX_ENTRIES.into()).into_iter().rev())
}

fn only_line<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a [u8]>, ClientIpError> {
    let mut lines = headers.get_all(name).iter();
    let line = lines.next().map(HeaderValue::as_bytes);
    if lines.next().is_some() { Err(ClientIpError::HeaderRepeated) } else { Ok(line) }
}
