//! How a published list is written.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde_json::Value;

use crate::client_ip::NetworkSet;
use crate::config_error::{ConfigError, ConfigErrorKind};

/// The largest list that is read, in bytes: the largest ones that are published have about 2 MB.
const LARGEST: usize = 16 * 1024 * 1024;
/// The most networks that are taken.
const MOST: usize = 100_000;

/// How a list of networks is written that a file or a sender brings.
///
/// Refused, whatever the format: a list that is empty, larger than 16 MiB or longer than 100,000 networks; an entry that
/// is no network; a network that holds every address there is, as such a list keeps nobody out.
///
/// ```
/// use tower_webhook::allowlist::{AllowlistSource, ListFormat};
///
/// let source = AllowlistSource::pending();
/// let aws = ListFormat::json(["/prefixes/*/ip_prefix", "/ipv6_prefixes/*/ipv6_prefix"]);
/// # tokio_test::block_on(async {
/// let published = br#"{"prefixes":[{"ip_prefix":"192.0.2.0/24"}],"ipv6_prefixes":[]}"#;
/// source.refresh(&aws, async { Ok::<_, std::io::Error>(published) }).await?;
/// assert!(source.contains("192.0.2.7".parse()?));
///
/// let open = b"0.0.0.0/0";
/// assert!(source.refresh(&ListFormat::lines(), async { Ok::<_, std::io::Error>(open) }).await.is_err());
/// assert!(!source.contains("203.0.113.7".parse()?)); // the last good list stays
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).expect("the example works");
/// ```
#[derive(Clone, Debug)]
pub struct ListFormat(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Json(Vec<String>),
    Lines,
}

impl ListFormat {
    /// One network a line; what follows a `#` is a comment.
    #[must_use]
    pub const fn lines() -> Self {
        Self(Kind::Lines)
    }

    /// A JSON document in which networks stand at these [RFC 6901](https://www.rfc-editor.org/rfc/rfc6901) pointers, where
    /// `*` stands for every item of an array or member of an object.
    #[must_use]
    pub fn json<'p>(pointers: impl IntoIterator<Item = &'p str>) -> Self {
        Self(Kind::Json(pointers.into_iter().map(str::to_owned).collect()))
    }

    pub(super) fn read_file(&self, path: &Path) -> Result<NetworkSet, ConfigError> {
        let mut text = Vec::new();
        let read = File::open(path).and_then(|file| file.take(LARGEST as u64 + 1).read_to_end(&mut text));
        read.map_err(|error| wrong(format!("{} cannot be read: {error}", path.display())))?;
        self.read(&text)
    }

    pub(super) fn read(&self, text: &[u8]) -> Result<NetworkSet, ConfigError> {
        if text.len() > LARGEST {
            return Err(wrong(format!("the list is larger than {LARGEST} bytes")));
        }
        let networks: Vec<String> = match &self.0 {
            Kind::Lines => {
                let text = std::str::from_utf8(text).map_err(|_| wrong("the list is no text"))?;
                let line = |line: &str| line.split('#').next().unwrap_or_default().trim().to_owned();
                text.lines().map(line).filter(|line| !line.is_empty()).collect()
            }
            Kind::Json(pointers) => {
                let document: Value = serde_json::from_slice(text).map_err(|_| wrong("the list is no JSON"))?;
                let mut networks = Vec::new();
                for pointer in pointers {
                    let parts: Vec<_> = pointer.split('/').skip(1).collect();
                    collect(&document, &parts, &mut networks)?;
                }
                networks
            }
        };
        if networks.len() > MOST {
            return Err(wrong(format!("the list has more than {MOST} networks")));
        }
        let networks = NetworkSet::parse(ConfigErrorKind::Allowlist, networks)?;
        if networks.holds_a_whole_family() {
            return Err(wrong("the list lets everybody in"));
        }
        Ok(networks)
    }
}

fn wrong(what: impl Into<String>) -> ConfigError {
    ConfigError::new(ConfigErrorKind::Allowlist, what)
}

/// What stands at a pointer; a text that does is a network. A pointer that leads nowhere gives none.
fn collect(value: &Value, parts: &[&str], networks: &mut Vec<String>) -> Result<(), ConfigError> {
    let Some((first, rest)) = parts.split_first() else {
        let Value::String(network) = value else { return Err(wrong("something in the list is no text")) };
        networks.push(network.clone());
        return Ok(());
    };
    match (value, *first) {
        (Value::Array(items), "*") => items.iter().try_for_each(|item| collect(item, rest, networks)),
        (Value::Object(members), "*") => members.values().try_for_each(|member| collect(member, rest, networks)),
        (Value::Object(members), name) => {
            let name = name.replace("~1", "/").replace("~0", "~");
            members.get(&name).map_or(Ok(()), |member| collect(member, rest, networks))
        }
        (Value::Array(items), at) => {
            let item = at.parse().ok().and_then(|at: usize| items.get(at));
            item.map_or(Ok(()), |item| collect(item, rest, networks))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has(format: &ListFormat, text: &str, ip: &str) -> bool {
        format.read(text.as_bytes()).unwrap().contains(ip.parse().unwrap())
    }

    #[test]
    fn lines_have_comments_and_blanks() {
        let text = "# ours\n\n 192.0.2.0/24 # office\r\n2001:db8::/32\n";
        assert!(has(&ListFormat::lines(), text, "192.0.2.9") && has(&ListFormat::lines(), text, "2001:db8::1"));
    }

    #[test]
    fn pointers_find_networks_in_documents_as_they_are_published() {
        let github =
            r#"{"verifiable_password_authentication":false,"hooks":["192.30.252.0/22"],"web":["140.82.112.0/20"]}"#;
        let format = ListFormat::json(["/hooks/*"]);
        assert!(has(&format, github, "192.30.252.1") && !has(&format, github, "140.82.112.1"));
        let google = r#"{"prefixes":[{"ipv4Prefix":"192.0.2.0/24"},{"ipv6Prefix":"2001:db8::/32"}]}"#;
        let format = ListFormat::json(["/prefixes/*/ipv4Prefix", "/prefixes/*/ipv6Prefix"]);
        assert!(has(&format, google, "192.0.2.1") && has(&format, google, "2001:db8::1"));
    }

    #[test]
    fn what_is_no_list_or_keeps_nobody_out_is_refused() {
        let json = ListFormat::json(["/hooks/*"]);
        for text in [
            "",
            "<html>",
            "{}",
            r#"{"hooks":[]}"#,
            r#"{"hooks":[1]}"#,
            r#"{"hooks":["0.0.0.0/0"]}"#,
            r#"{"hooks":["192.0.2.0/24","nope"]}"#,
            r#"{"hooks":{"a":{}}}"#,
        ] {
            assert_eq!(json.read(text.as_bytes()).unwrap_err().kind(), ConfigErrorKind::Allowlist, "{text}");
        }
        for text in ["", "# nobody\n", "::/0", "0.0.0.0/1\n128.0.0.0/1", "192.0.2.1/24", "\u{0}"] {
            assert!(ListFormat::lines().read(text.as_bytes()).is_err(), "{text}");
        }
        assert!(ListFormat::lines().read(&vec![b'#'; LARGEST + 1]).is_err());
        assert!(ListFormat::lines().read("192.0.2.1\n".repeat(MOST + 1).as_bytes()).is_err());
    }
}
