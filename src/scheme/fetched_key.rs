//! Keys that a delivery names and the receiver fetches: which names are good enough to be fetched at all.

use std::fmt;
use std::sync::Arc;

use http::request::Parts;
use http::{HeaderMap, HeaderName};

use super::VerifyError;
use super::reader::single_line;
use super::rule::Unverified;
use crate::rejection::Reason;

/// Where a delivery names the key that it was signed with.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum KeyPlace {
    /// An id in a header, its name in lower case.
    IdInHeader(&'static str),
    /// What a rule works out.
    Rule(&'static dyn KeyRule),
    /// The URL of the key in a header, its name in lower case. Where the header is there, the URL must be one of these
    /// also if the keys are configured and nothing is fetched.
    UrlInHeader(&'static str, KeyUrl),
}

/// Reads the name of a key, where a [`KeyPlace`] cannot say where it stands.
pub trait KeyRule: fmt::Debug + Send + Sync + 'static {
    /// The name. Where [`reads_body`](Self::reads_body) says no, the body is empty.
    ///
    /// # Errors
    /// There is none, or none that may be fetched.
    fn key(&self, request: &Unverified<'_>) -> Result<KeyName, VerifyError>;

    /// Whether the name stands in the body, which is then read before anything is fetched. Default: it does not.
    fn reads_body(&self) -> bool {
        false
    }
}

/// The longest URL or id, in bytes.
const LONGEST: usize = 256;

/// The name of a key or of a set of keys, checked: nothing else is ever fetched.
///
/// It is either a URL under the sender's own [rule](KeyUrl), or an id of 1 to 256 letters, digits and `-._~=:` that
/// does not begin with a dot: it can be put into a path or a query as it is.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct KeyName {
    document: Arc<str>,
    is_url: bool,
    key: Option<Arc<str>>,
}

impl KeyName {
    /// The key of this id, each of which is a document of its own.
    ///
    /// # Errors
    /// `unknown_key`: what is no such id.
    pub fn id(id: &str) -> Result<Self, VerifyError> {
        let sound = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~=:".contains(&byte);
        if id.is_empty() || id.len() > LONGEST || id.starts_with('.') || !id.bytes().all(sound) {
            return Err(VerifyError::new(Reason::UnknownKey, "the key id has characters or a length that none has"));
        }
        Ok(Self { document: id.into(), is_url: false, key: None })
    }

    /// The key `kid` in the set at a URL that is known beforehand, and never read from the delivery. Without a `kid` all
    /// keys of the set count.
    ///
    /// # Errors
    /// `unknown_key`: a `kid` of more than 256 bytes, or not of printable ASCII.
    pub fn in_set(url: &str, kid: Option<&str>) -> Result<Self, VerifyError> {
        let sound =
            |kid: &str| !kid.is_empty() && kid.len() <= LONGEST && kid.bytes().all(|byte| byte.is_ascii_graphic());
        if !kid.is_none_or(sound) {
            return Err(VerifyError::new(Reason::UnknownKey, "the `kid` has characters or a length that none has"));
        }
        Ok(Self { document: url.into(), is_url: true, key: kid.map(Arc::from) })
    }

    /// What to fetch, where that is a URL: `https`, the host in lower case, no port, no query.
    #[must_use]
    pub fn url(&self) -> Option<&str> {
        self.is_url.then_some(&*self.document)
    }

    /// What to fetch: the URL or the id. One document each.
    #[must_use]
    pub fn document(&self) -> &str {
        &self.document
    }

    /// Which key of the document it is, where that is a set.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.key.as_deref()
    }
}

impl fmt::Debug for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyName").field("document", &self.document).field("kid", &self.key).finish()
    }
}

/// Which URLs are the sender's: `https`, one of these hosts, a path that begins and ends so.
///
/// The URL is not parsed and then looked at, as two parsers read some URLs in two ways; it must be written in one
/// plain way. No user, no port but 443, no query, no fragment, no percent sign, no backslash, no empty segment and none
/// that is `.` or `..`, letters, digits and `-._~/` only, at most 256 bytes. Hosts are compared in lower case.
#[derive(Clone, Copy, Debug)]
pub struct KeyUrl {
    hosts: &'static [&'static str],
    path: &'static str,
    end: &'static str,
}

/// Stands for the name of a region in a host.
const REGION: &str = "{region}";

impl KeyUrl {
    /// URLs of these hosts, in lower case and as they are; `{region}` stands for the name of a region, such as
    /// `us-east-1`. `path` is how the path begins, with `/`, and `end` how it ends.
    #[must_use]
    pub const fn new(hosts: &'static [&'static str], path: &'static str, end: &'static str) -> Self {
        Self { hosts, path, end }
    }

    /// The name of the key at this URL.
    ///
    /// # Errors
    /// `unknown_key`: any other URL.
    pub fn name(&self, url: &str) -> Result<KeyName, VerifyError> {
        let refused = || VerifyError::new(Reason::UnknownKey, "the URL of the key is not one of the sender's");
        let rest = url.strip_prefix("https://").filter(|_| url.len() <= LONGEST).ok_or_else(refused)?;
        let (authority, path) = rest.find('/').map(|at| rest.split_at(at)).ok_or_else(refused)?;
        let host = authority.strip_suffix(":443").unwrap_or(authority).to_ascii_lowercase();
        let sound = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
        let mut segments = path.split('/').skip(1);
        let fits = self.hosts.iter().any(|pattern| is_host(pattern, &host))
            && path.bytes().all(sound)
            && segments.all(|segment| !matches!(segment, "" | "." | ".."))
            && path.len() > self.path.len() + self.end.len()
            && path.starts_with(self.path)
            && path.ends_with(self.end);
        if !fits {
            return Err(refused());
        }
        Ok(KeyName { document: format!("https://{host}{path}").into(), is_url: true, key: None })
    }
}

fn is_host(pattern: &str, host: &str) -> bool {
    match pattern.split_once(REGION) {
        None => pattern == host,
        Some((before, after)) => {
            host.strip_prefix(before).and_then(|rest| rest.strip_suffix(after)).is_some_and(is_region)
        }
    }
}

/// Words of letters and a number, as in `us-gov-west-1`. Not any label: `s3-us-west-2` is one under which anybody can
/// have a host.
fn is_region(label: &str) -> bool {
    let Some((words, number)) = label.rsplit_once('-') else { return false };
    let is_word = |word: &str| word.len() >= 2 && word.bytes().all(|byte| byte.is_ascii_lowercase());
    words.contains('-')
        && words.split('-').all(is_word)
        && matches!(number.len(), 1 | 2)
        && number.bytes().all(|byte| byte.is_ascii_digit())
}

impl KeyPlace {
    /// Whether the name stands in the body.
    pub(super) fn is_in_body(&self) -> bool {
        match self {
            Self::Rule(rule) => rule.reads_body(),
            Self::IdInHeader(_) | Self::UrlInHeader(..) => false,
        }
    }

    /// The name of the key that this delivery was signed with.
    pub(super) fn name(&self, request: &Unverified<'_>) -> Result<KeyName, VerifyError> {
        let missing = || VerifyError::new(Reason::UnknownKey, "the delivery does not name its key");
        match self {
            Self::Rule(rule) => rule.key(request),
            Self::IdInHeader(name) => KeyName::id(text(&request.head.headers, name)?.ok_or_else(missing)?),
            Self::UrlInHeader(name, rule) => rule.name(text(&request.head.headers, name)?.ok_or_else(missing)?),
        }
    }

    /// Refuses a foreign URL, where there is one: for keys that are configured.
    pub(super) fn check(&self, head: &Parts) -> Result<(), VerifyError> {
        if let Self::UrlInHeader(name, rule) = self
            && let Some(url) = text(&head.headers, name)?
        {
            rule.name(url)?;
        }
        Ok(())
    }
}

fn text<'h>(headers: &'h HeaderMap, name: &'static str) -> Result<Option<&'h str>, VerifyError> {
    match HeaderName::from_bytes(name.as_bytes()) {
        Ok(name) => single_line(headers, &name, Reason::UnknownKey),
        Err(_) => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SNS: KeyUrl = KeyUrl::new(&["sns.{region}.amazonaws.com", "sns.{region}.amazonaws.com.cn"], "/", ".pem");
    const PAYPAL: KeyUrl = KeyUrl::new(&["api.paypal.com"], "/v1/notifications/certs/", "");

    #[test]
    fn only_the_sender_s_own_urls_are_names() {
        for (url, name) in [
            ("https://sns.us-east-1.amazonaws.com/a.pem", "https://sns.us-east-1.amazonaws.com/a.pem"),
            ("https://SNS.us-gov-west-1.AmazonAWS.com:443/a.pem", "https://sns.us-gov-west-1.amazonaws.com/a.pem"),
            ("https://sns.cn-north-1.amazonaws.com.cn/b/A-1.pem", "https://sns.cn-north-1.amazonaws.com.cn/b/A-1.pem"),
        ] {
            let found = SNS.name(url).unwrap();
            assert_eq!((found.url(), found.document(), found.kid()), (Some(name), name, None));
        }
        assert!(PAYPAL.name("https://api.paypal.com/v1/notifications/certs/CERT-360caa42-fca2a594").is_ok());
        for url in [
            "https://api.paypal.com/v1/notifications/certs/",
            "https://api.paypal.com/v1/notifications/certs/../x",
            "https://api.paypal.com/v1/notifications/certsX",
            "https://api.paypal.com/v1/x/certs/CERT",
            "https://www.paypal.com/v1/notifications/certs/CERT",
            "https://api.paypal.com.evil.example/v1/notifications/certs/CERT",
        ] {
            assert!(PAYPAL.name(url).is_err(), "{url}");
        }
    }

    #[test]
    fn every_other_url_is_refused_however_it_is_dressed_up() {
        let long = format!("https://sns.us-east-1.amazonaws.com/{}.pem", "a".repeat(256));
        for url in [
            "",
            "https://",
            "https://sns.us-east-1.amazonaws.com",
            "https://sns.us-east-1.amazonaws.com/",
            "https://sns.us-east-1.amazonaws.com/.pem/..",
            "https://sns.us-east-1.amazonaws.com/a.pem?x",
            "https://sns.us-east-1.amazonaws.com/a.pem#x",
            "https://sns.us-east-1.amazonaws.com/?a.pem",
            "https://sns.us-east-1.amazonaws.com/a%2epem",
            "https://sns.us-east-1.amazonaws.com//evil.example/a.pem",
            "https://sns.us-east-1.amazonaws.com/../a.pem",
            "https://sns.us-east-1.amazonaws.com/./a.pem",
            "https://sns.us-east-1.amazonaws.com\\@evil.example/a.pem",
            "https://sns.us-east-1.amazonaws.com@evil.example/a.pem",
            "https://user:pw@sns.us-east-1.amazonaws.com/a.pem",
            "https://sns.us-east-1.amazonaws.com:444/a.pem",
            "https://sns.us-east-1.amazonaws.com:80:443/a.pem",
            "https://sns.us-east-1.amazonaws.com./a.pem",
            "https://sns.us-east-1.amazonaws.com.evil.example/a.pem",
            "https://evil.example/sns.us-east-1.amazonaws.com/a.pem",
            "https://evilsns.us-east-1.amazonaws.com/a.pem",
            "https://x.sns.us-east-1.amazonaws.com/a.pem",
            "https://sns.us.east-1.amazonaws.com/a.pem",
            "https://sns.s3-us-west-2.amazonaws.com/a.pem",
            "https://sns.s3.amazonaws.com/a.pem",
            "https://sns..amazonaws.com/a.pem",
            "https://sns.us-east-1.amazonaws.com.ch/a.pem",
            "https://sns.us-еast-1.amazonaws.com/a.pem",
            "http://sns.us-east-1.amazonaws.com/a.pem",
            "HTTPS://sns.us-east-1.amazonaws.com/a.pem",
            " https://sns.us-east-1.amazonaws.com/a.pem",
            "https://sns.us-east-1.amazonaws.com/a.pem ",
            "https://sns.us-east-1.amazonaws.com/a.pem\n",
            "https://sns.us-east-1.amazonaws.com/a b.pem",
            "file:///a.pem",
            "//sns.us-east-1.amazonaws.com/a.pem",
            &long,
        ] {
            assert_eq!(SNS.name(url).unwrap_err().reason(), Reason::UnknownKey, "{url}");
        }
    }

    #[test]
    fn an_id_can_stand_in_a_path_as_it_is() {
        for id in ["a", "9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d", "PUB_KEY_ID_0114232134912410000000000000", "a=="] {
            assert_eq!(KeyName::id(id).map(|name| name.document().to_owned()).ok().as_deref(), Some(id), "{id}");
        }
        for id in
            ["", ".", "..", ".a", "a/b", "a?b", "a#b", "a%2fb", "a\\b", "a b", "a\n", "é", "a&b", &"a".repeat(257)]
        {
            assert_eq!(KeyName::id(id).unwrap_err().reason(), Reason::UnknownKey, "{id}");
        }
        let name = KeyName::in_set("https://issuer.example/jwks.json", Some("a/b+c=")).unwrap();
        assert_eq!((name.url(), name.kid()), (Some("https://issuer.example/jwks.json"), Some("a/b+c=")));
        for kid in ["", "a b", "é", &"a".repeat(257)] {
            assert!(KeyName::in_set("https://issuer.example/jwks.json", Some(kid)).is_err(), "{kid}");
        }
    }
}
