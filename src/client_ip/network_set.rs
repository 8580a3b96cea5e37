//! Sets of IP networks, asked once per request.

use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use crate::config_error::{ConfigError, ConfigErrorKind};

/// Networks as sorted ranges that neither overlap nor touch, so that one binary search answers.
#[derive(Clone, Debug)]
pub(crate) struct NetworkSet {
    v4: Ranges<u32>,
    v6: Ranges<u128>,
}

/// First and last address of each range, as numbers.
#[derive(Clone, Debug)]
struct Ranges<N>(Box<[(N, N)]>);

impl NetworkSet {
    /// From networks (`10.0.0.0/8`) and single addresses (`192.0.2.1`).
    ///
    /// # Errors
    /// Nothing in the list; an entry that is no network; bits set behind the prefix; a prefix with a
    /// leading zero; a zone. The error names the entry.
    pub(crate) fn parse<I>(kind: ConfigErrorKind, networks: I) -> Result<Self, ConfigError>
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        let (mut v4, mut v6) = (Vec::new(), Vec::new());
        for text in networks {
            let text = text.as_ref();
            match network(text).map_err(|wrong| ConfigError::new(kind, format!("{text:?} {wrong}")))? {
                IpNet::V4(net) => v4.push((net.network().into(), net.broadcast().into())),
                IpNet::V6(net) => v6.push((net.network().into(), net.broadcast().into())),
            }
        }
        if v4.is_empty() && v6.is_empty() {
            return Err(ConfigError::new(kind, "the list of networks is empty"));
        }
        Ok(Self {
            v4: Ranges::merged(v4, |last: u32| last.saturating_add(1)),
            v6: Ranges::merged(v6, |last: u128| last.saturating_add(1)),
        })
    }

    pub(crate) fn contains(&self, ip: IpAddr) -> bool {
        match ip.to_canonical() {
            IpAddr::V4(ip) => self.v4.contains(ip.into()),
            IpAddr::V6(ip) => self.v6.contains(ip.into()),
        }
    }

    /// Every IPv4 address is in it, or every IPv6 address.
    pub(crate) fn holds_a_whole_family(&self) -> bool {
        matches!(*self.v4.0, [(0, u32::MAX)]) || matches!(*self.v6.0, [(0, u128::MAX)])
    }
}

impl<N: Copy + Ord> Ranges<N> {
    fn merged(mut ranges: Vec<(N, N)>, behind: impl Fn(N) -> N) -> Self {
        ranges.sort_unstable();
        let mut merged: Vec<(N, N)> = Vec::with_capacity(ranges.len());
        for (first, last) in ranges {
            match merged.last_mut() {
                Some((_, end)) if first <= behind(*end) => *end = last.max(*end),
                _ => merged.push((first, last)),
            }
        }
        Self(merged.into_boxed_slice())
    }

    fn contains(&self, ip: N) -> bool {
        let following = self.0.partition_point(|(first, _)| *first <= ip);
        let candidate = following.checked_sub(1).and_then(|index| self.0.get(index));
        candidate.is_some_and(|(_, last)| ip <= *last)
    }
}

/// One network, IPv4-mapped ones as the IPv4 networks that they are. The address is read by std, which
/// takes no leading zeros.
fn network(text: &str) -> Result<IpNet, String> {
    if text.contains('%') {
        return Err("has a zone".into());
    }
    let (ip, prefix) = text.split_once('/').map_or((text, None), |(ip, prefix)| (ip, Some(prefix)));
    let ip: IpAddr = ip.parse().map_err(|_| "is no IP network")?;
    let Some(prefix) = prefix else {
        return Ok(IpNet::from(ip.to_canonical()));
    };
    if !prefix.bytes().all(|byte| byte.is_ascii_digit()) || (prefix.len() > 1 && prefix.starts_with('0')) {
        return Err("has a prefix that is not a plain decimal number".into());
    }
    let net = prefix.parse().ok().and_then(|prefix| IpNet::new(ip, prefix).ok()).ok_or("is no IP network")?;
    let net = match net {
        IpNet::V6(net) => unmapped(net).map_or(IpNet::V6(net), IpNet::V4),
        IpNet::V4(net) => IpNet::V4(net),
    };
    if net.network() == net.addr() { Ok(net) } else { Err(format!("has host bits set; write {}", net.trunc())) }
}

fn unmapped(net: Ipv6Net) -> Option<Ipv4Net> {
    let prefix = net.prefix_len().checked_sub(96)?;
    Ipv4Net::new(net.addr().to_ipv4_mapped()?, prefix).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn set(networks: &[&str]) -> NetworkSet {
        NetworkSet::parse(ConfigErrorKind::Allowlist, networks).unwrap()
    }

    fn wrong(networks: &[&str]) -> String {
        NetworkSet::parse(ConfigErrorKind::Allowlist, networks).unwrap_err().to_string()
    }

    #[test]
    fn a_list_that_says_nothing_clear_is_an_error_that_names_the_entry() {
        assert_eq!(wrong(&[]), "the list of networks is empty");
        assert_eq!(wrong(&["10.0.0.1/8"]), r#""10.0.0.1/8" has host bits set; write 10.0.0.0/8"#);
        assert_eq!(wrong(&["2001:db8::1/32"]), r#""2001:db8::1/32" has host bits set; write 2001:db8::/32"#);
        let mapped = r#""::ffff:10.0.0.1/104" has host bits set; write 10.0.0.0/8"#;
        assert_eq!(wrong(&["192.0.2.0/24", "::ffff:10.0.0.1/104"]), mapped);
        for prefix in ["10.0.0.0/08", "10.0.0.0/+8", "10.0.0.0/-8", "10.0.0.0/ 8"] {
            assert!(wrong(&[prefix]).ends_with("has a prefix that is not a plain decimal number"), "{prefix}");
        }
        assert!(wrong(&["fe80::1%eth0/64"]).ends_with("has a zone"));
        assert!(wrong(&["fe80::%1"]).ends_with("has a zone"));
        let no_networks = [
            "",
            " ",
            "localhost",
            "10.0.0.0/",
            "10.0.0.0/33",
            "::/129",
            "10/8",
            "010.0.0.0/8",
            "0x0a.0.0.0/8",
            "10.0.0.0/8/8",
            " 10.0.0.0/8",
            "10.0.0.0/255.0.0.0",
            "[::1]/128",
            "::ffff:10.0.0.0/90",
        ];
        for text in no_networks {
            assert!(NetworkSet::parse(ConfigErrorKind::Allowlist, [text]).is_err(), "{text:?}");
        }
    }

    #[test]
    fn mapped_networks_and_addresses_are_ipv4() {
        let mapped = set(&["::ffff:10.0.0.0/104", "::ffff:192.0.2.1"]);
        for ip in ["10.1.2.3", "::ffff:10.1.2.3", "192.0.2.1", "::ffff:c000:201"] {
            assert!(mapped.contains(ip.parse().unwrap()), "{ip}");
        }
        assert!(!mapped.contains("192.0.2.2".parse().unwrap()));
        assert!(set(&["10.0.0.0/8"]).contains("::ffff:10.1.2.3".parse().unwrap()));
        assert!(!set(&["::/0"]).contains("::ffff:10.1.2.3".parse().unwrap()));
    }

    #[test]
    fn a_whole_family_is_told_however_it_is_written() {
        let whole: [&[&str]; 5] = [
            &["0.0.0.0/0"],
            &["::/0"],
            &["::ffff:0.0.0.0/96"],
            &["128.0.0.0/1", "10.0.0.0/8", "0.0.0.0/1"],
            &["192.0.2.1", "8000::/1", "::/1"],
        ];
        for networks in whole {
            assert!(set(networks).holds_a_whole_family(), "{networks:?}");
        }
        assert!(!set(&["0.0.0.0/1", "::/1"]).holds_a_whole_family());
    }

    #[test]
    fn the_first_and_the_last_address_are_in_and_their_neighbours_are_not() {
        let set = set(&["192.0.2.64/26", "2001:db8::/127"]);
        for (ip, within) in [
            ("192.0.2.63", false),
            ("192.0.2.64", true),
            ("192.0.2.127", true),
            ("192.0.2.128", false),
            ("2001:db7:ffff:ffff:ffff:ffff:ffff:ffff", false),
            ("2001:db8::", true),
            ("2001:db8::1", true),
            ("2001:db8::2", false),
        ] {
            assert_eq!(set.contains(ip.parse().unwrap()), within, "{ip}");
        }
    }

    fn net() -> impl Strategy<Value = IpNet> {
        // Few bits vary, so that networks overlap and touch.
        let v4 = (0_u32..64, 26_u8..=32).prop_map(|(ip, len)| Ipv4Net::new(ip.into(), len).unwrap().trunc().into());
        let v6 = (0_u128..64, 122_u8..=128).prop_map(|(ip, len)| Ipv6Net::new(ip.into(), len).unwrap().trunc().into());
        prop_oneof![v4, v6]
    }

    proptest! {
        #[test]
        fn membership_is_that_of_the_networks_one_by_one(nets in prop::collection::vec(net(), 1..12)) {
            let set = NetworkSet::parse(ConfigErrorKind::Allowlist, nets.iter().map(ToString::to_string)).unwrap();
            for ip in 0..70_u32 {
                for ip in [IpAddr::V4(ip.into()), IpAddr::V6(u128::from(ip).into())] {
                    prop_assert_eq!(set.contains(ip), nets.iter().any(|net| net.contains(&ip)), "{}", ip);
                }
            }
        }
    }
}
