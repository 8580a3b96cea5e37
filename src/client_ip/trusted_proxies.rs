//! Whose word counts, and which header it stands in.

use std::num::NonZeroU8;
use std::sync::Arc;

use http::HeaderName;

use super::{MAX_ENTRIES, NetworkSet};
use crate::config_error::{ConfigError, ConfigErrorKind};

pub(super) const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Which proxies are believed, for every forwarded header alike. Cheap to clone.
///
/// | | believes | reads |
/// |---|---|---|
/// | [`none`](Self::none) | nobody | the socket alone |
/// | [`from_cidrs`](Self::from_cidrs) | peers in these networks | `X-Forwarded-For`, past all trusted addresses |
/// | [`hops`](Self::hops) | every peer | `X-Forwarded-For`, the n-th entry from the right |
///
/// [`list_header`](Self::list_header) and [`single_header`](Self::single_header) choose another header.
#[derive(Clone, Debug)]
pub struct TrustedProxies {
    pub(super) rules: Arc<Rules>,
}

#[derive(Clone, Debug)]
pub(super) struct Rules {
    pub(super) trust: Trust,
    pub(super) header: Header,
}

#[derive(Clone, Debug)]
pub(super) enum Trust {
    Hops(NonZeroU8),
    Networks(NetworkSet),
    Nobody,
}

#[derive(Clone, Debug)]
pub(super) enum Header {
    Forwarded,
    Single(HeaderName),
    XForwardedFor,
}

impl TrustedProxies {
    /// No proxy: the peer of the socket is the client, and no header is believed.
    #[must_use]
    pub fn none() -> Self {
        Self::new(Trust::Nobody)
    }

    /// The proxies in these networks, such as `10.0.0.0/8`, `2001:db8::/32`, or single addresses.
    ///
    /// IPv4-mapped networks (`::ffff:10.0.0.0/104`) are taken as the IPv4 networks that they are.
    ///
    /// ```
    /// use tower_webhook::client_ip::TrustedProxies;
    ///
    /// assert!(TrustedProxies::from_cidrs(["10.0.0.0/8", "2001:db8:1::/48"]).is_ok());
    /// assert!(TrustedProxies::from_cidrs(["0.0.0.0/0"]).is_err()); // that is everybody
    /// assert!(TrustedProxies::from_cidrs(["10.0.0.1/8"]).is_err()); // which one is it?
    /// ```
    ///
    /// # Errors
    /// An empty list; an entry that is no network, has bits set behind its prefix, a prefix with a leading
    /// zero, or a zone; networks that together hold every IPv4 or every IPv6 address.
    pub fn from_cidrs<I>(networks: I) -> Result<Self, ConfigError>
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        let networks = NetworkSet::parse(ConfigErrorKind::Proxies, networks)?;
        if networks.holds_a_whole_family() {
            return Err(wrong("trusting every address as a proxy believes anybody; name the networks of your proxies"));
        }
        Ok(Self::new(Trust::Networks(networks)))
    }

    /// A fixed number of proxies, whatever their addresses: the `count`-th entry from the right is the
    /// client. 1 where one proxy stands in front.
    ///
    /// For platforms whose proxies have no known addresses, and for proxies behind a Unix socket. Every
    /// peer is believed, so the port must not be reachable but through the proxies.
    ///
    /// # Errors
    /// 0 (that is [`none`](Self::none)), and more than [`MAX_ENTRIES`].
    pub fn hops(count: u8) -> Result<Self, ConfigError> {
        match NonZeroU8::new(count) {
            Some(count) if count.get() <= MAX_ENTRIES => Ok(Self::new(Trust::Hops(count))),
            Some(count) => Err(wrong(format!("{count} proxies are more than {MAX_ENTRIES}"))),
            None => Err(wrong("0 proxies believe nobody; say TrustedProxies::none() for that")),
        }
    }

    /// Walks this list: `X-Forwarded-For`, as without this option, or `Forwarded`
    /// ([RFC 7239](https://www.rfc-editor.org/rfc/rfc7239)).
    ///
    /// # Errors
    /// Another header: only these two are lists that proxies append to. No proxy that would be believed.
    pub fn list_header(self, name: &str) -> Result<Self, ConfigError> {
        let header = match name {
            _ if name.eq_ignore_ascii_case("forwarded") => Header::Forwarded,
            _ if name.eq_ignore_ascii_case("x-forwarded-for") => Header::XForwardedFor,
            _ => return Err(wrong(format!("{name:?} is no list of proxies; X-Forwarded-For and Forwarded are"))),
        };
        self.reading(header)
    }

    /// Reads the one address in this header, such as `X-Real-IP` or `CF-Connecting-IP`. The header must
    /// come in exactly one line, and the proxy must overwrite what the client sent in it.
    ///
    /// # Errors
    /// A name that is no header name; a header that is a list; no proxy that would be believed;
    /// [`hops`](Self::hops) other than 1.
    pub fn single_header(self, name: &str) -> Result<Self, ConfigError> {
        let header = HeaderName::try_from(name).map_err(|_| wrong(format!("{name:?} is no header name")))?;
        if header == X_FORWARDED_FOR || header == http::header::FORWARDED {
            return Err(wrong(format!("{name:?} is a list of addresses; walk it instead")));
        }
        if matches!(self.rules.trust, Trust::Hops(count) if count.get() != 1) {
            return Err(wrong(format!("{name:?} has one address, thus one hop")));
        }
        self.reading(Header::Single(header))
    }

    fn new(trust: Trust) -> Self {
        Self { rules: Arc::new(Rules { trust, header: Header::XForwardedFor }) }
    }

    fn reading(self, header: Header) -> Result<Self, ConfigError> {
        if matches!(self.rules.trust, Trust::Nobody) {
            return Err(wrong("a header is named, but no proxy that would be believed"));
        }
        let rules = Arc::unwrap_or_clone(self.rules);
        Ok(Self { rules: Arc::new(Rules { header, ..rules }) })
    }
}

fn wrong(detail: impl Into<String>) -> ConfigError {
    ConfigError::new(ConfigErrorKind::Proxies, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configuration_that_would_believe_anybody_cannot_be_made() {
        let lists: [&[&str]; 12] = [
            &[],
            &["0.0.0.0/0"],
            &["::/0"],
            &["10.0.0.0/8", "::/0"],
            &["::ffff:0:0/96"],
            &["0.0.0.0/1", "128.0.0.0/1"],
            &["10.0.0.1/8"],
            &["10.0.0.0/08"],
            &["fe80::%eth0/64"],
            &["fe80::1%eth0"],
            &["proxy.internal"],
            &["10.0.0.0/8", ""],
        ];
        for list in lists {
            let error = TrustedProxies::from_cidrs(list).unwrap_err();
            assert_eq!(error.kind(), ConfigErrorKind::Proxies, "{list:?}");
        }
        for count in [0, MAX_ENTRIES + 1, u8::MAX] {
            assert_eq!(TrustedProxies::hops(count).unwrap_err().kind(), ConfigErrorKind::Proxies);
        }
        assert!(TrustedProxies::hops(1).is_ok() && TrustedProxies::hops(MAX_ENTRIES).is_ok());
    }

    #[test]
    fn only_the_two_lists_are_walked() {
        let proxies = || TrustedProxies::from_cidrs(["10.0.0.0/8"]).unwrap();
        for name in ["X-Forwarded-For", "x-forwarded-for", "Forwarded", "FORWARDED"] {
            assert!(proxies().list_header(name).is_ok(), "{name}");
        }
        for name in ["", "X-Real-IP", "X_Forwarded_For", "x-forwarded-for ", "X-Forwarded-Proto"] {
            assert!(proxies().list_header(name).is_err(), "{name}");
        }
        assert!(TrustedProxies::none().list_header("Forwarded").is_err());
    }

    #[test]
    fn a_single_header_is_no_list_and_one_hop() {
        let proxies = || TrustedProxies::from_cidrs(["10.0.0.0/8"]).unwrap();
        assert!(proxies().single_header("CF-Connecting-IP").is_ok());
        for name in ["", "x real ip", "X-Forwarded-For", "forwarded"] {
            assert!(proxies().single_header(name).is_err(), "{name}");
        }
        assert!(TrustedProxies::none().single_header("X-Real-IP").is_err());
        assert!(TrustedProxies::hops(1).unwrap().single_header("X-Real-IP").is_ok());
        assert!(TrustedProxies::hops(2).unwrap().single_header("X-Real-IP").is_err());
    }
}
