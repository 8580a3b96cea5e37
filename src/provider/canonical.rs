//! Senders that sign the request line, named headers and the body: Contentful.

use std::ops::ControlFlow;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderValue;
use http::request::Parts;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::signed_header::{malformed, one};
use super::url_entry;
use crate::scheme::{
    Confidence, Emit, Encoding, Place, Scheme, SignatureRule, TimestampFormat, Unverified, UrlScheme, VerifyError,
    header,
};

/// Contentful: `X-Contentful-Signature`, HMAC-SHA-256 over method, path and query of the URL, the headers that
/// `X-Contentful-Signed-Headers` names, and the body, a line each. The timestamp and the list of names must be among
/// those headers, and the names sorted.
pub const CONTENTFUL: UrlScheme = url_entry(
    Scheme::hmac_sha256("contentful")
        .signature(header("x-contentful-signature"), Encoding::Hex)
        .timestamp(header(TIMESTAMP), TimestampFormat::UnixMillis)
        .signed_by(&ContentfulRule)
        .tolerance(Duration::from_secs(30))
        .event_type(Place::Header("x-contentful-topic"))
        .source("npm @contentful/node-apps-toolkit verifyRequest", Confidence::Verified),
);

const SIGNED_HEADERS: &str = "x-contentful-signed-headers";
const TIMESTAMP: &str = "x-contentful-timestamp";

/// Headers that a signature may cover: far more than Contentful names.
const MOST_NAMES: usize = 64;

/// What JavaScript's `encodeURI` leaves as it is is not in here.
const URI: &AsciiSet = &ESCAPED
    .remove(b';')
    .remove(b'/')
    .remove(b'?')
    .remove(b':')
    .remove(b'@')
    .remove(b'&')
    .remove(b'=')
    .remove(b'+')
    .remove(b'$')
    .remove(b',')
    .remove(b'#');
/// The same of Node's `querystring.escape`.
const ESCAPED: AsciiSet = NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'!')
    .remove(b'~')
    .remove(b'*')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')');

/// Path and query as Contentful's toolkit signs them: the query is escaped as a whole, and then once more.
fn target(url: &str) -> String {
    let behind = url.split_once("://").map_or(url, |(_, rest)| rest);
    let target = behind.find(['/', '?']).and_then(|at| behind.get(at..)).unwrap_or("/");
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let path = if path.is_empty() { "/" } else { path };
    let mut text = path.to_owned();
    if !query.is_empty() {
        text.push('?');
        text.extend(utf8_percent_encode(query, &ESCAPED));
    }
    utf8_percent_encode(&text, URI).to_string()
}

#[derive(Debug)]
struct ContentfulRule;

impl SignatureRule for ContentfulRule {
    fn signs_url(&self) -> bool {
        true
    }

    fn contents(&self, request: &Unverified<'_>, emit: &mut Emit<'_>) -> Result<(), VerifyError> {
        let names = one(request.head, SIGNED_HEADERS)?;
        let mut content = format!("{}\n{}\n", request.head.method, target(request.public_url));
        let mut last = "";
        let (mut list, mut time) = (false, false);
        for (at, name) in names.split(',').enumerate() {
            if at == MOST_NAMES || name <= last || name.bytes().any(|byte| byte.is_ascii_uppercase()) {
                return Err(malformed("the signed headers are too many, not sorted or not in lower case"));
            }
            let value = one(request.head, name)?.trim();
            if at > 0 {
                content.push(';');
            }
            // Where the text between two headers stood in a value, it would not be known where that ends.
            let next = names.split(',').nth(at + 1).map(|next| format!(";{next}:"));
            if next.is_some_and(|next| value.contains(&next)) {
                return Err(malformed("a signed header contains its separator"));
            }
            content.push_str(name);
            content.push(':');
            content.push_str(value);
            list |= name == SIGNED_HEADERS;
            time |= name == TIMESTAMP;
            last = name;
        }
        if !list || !time {
            return Err(malformed("the timestamp, or the list of signed headers, is not signed"));
        }
        content.push('\n');
        let _: ControlFlow<()> = emit(&[content.as_bytes(), request.body]);
        Ok(())
    }

    fn prepare(&self, head: &mut Parts, _: &Bytes) {
        if !head.headers.contains_key(SIGNED_HEADERS) {
            let names = HeaderValue::from_static("x-contentful-signed-headers,x-contentful-timestamp");
            head.headers.insert(SIGNED_HEADERS, names);
        }
    }
}

#[cfg(test)]
mod tests {
    use http::Request;
    use proptest::prelude::*;

    use super::*;

    fn verdict(names: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Result<(), VerifyError> {
        let (mut head, ()) = Request::new(()).into_parts();
        for (name, value) in headers.iter().chain([&(SIGNED_HEADERS, names), &(TIMESTAMP, "1700000000000")]) {
            head.headers.append(http::HeaderName::try_from(*name).unwrap(), value.parse().unwrap());
        }
        let request = Unverified { head: &head, body: &body.into(), key_id: "", public_url: "https://a.b/c?d=e" };
        ContentfulRule.contents(&request, &mut |_| ControlFlow::Break(()))
    }

    #[test]
    fn the_query_is_escaped_twice() {
        assert_eq!(target("https://a.b/c%20d?e=f&g=h i"), "/c%2520d?e%253Df%2526g%253Dh%2520i");
        for (url, path) in [("https://a.b", "/"), ("https://a.b?x", "/?x"), ("https://a.b/c?", "/c")] {
            assert_eq!(target(url), path);
        }
    }

    #[test]
    fn time_and_names_are_signed_and_every_name_is_there_once() {
        let both = "x-contentful-signed-headers,x-contentful-timestamp";
        assert!(verdict(both, &[], Vec::new()).is_ok());
        assert!(verdict(&format!("x-a,{both}"), &[("x-a", "1")], Vec::new()).is_ok());
        for (names, headers) in [
            ("x-contentful-signed-headers", &[][..]),
            ("x-contentful-timestamp", &[]),
            ("x-contentful-timestamp,x-contentful-signed-headers", &[]),
            ("", &[]),
            (&format!("x-a,{both}"), &[]),
            (&format!("x-a,x-a,{both}"), &[("x-a", "1")]),
            (&format!("x-a,{both}"), &[("x-a", "1"), ("x-a", "1")]),
            (&format!("x-a,{both}"), &[("x-a", "1;x-contentful-signed-headers:x")]),
        ] {
            assert!(verdict(names, headers, Vec::new()).is_err(), "{names}");
        }
    }

    proptest! {
        #[test]
        fn nothing_in_a_request_panics(names in "[ -~]{0,80}", url in ".{0,40}", body in any::<Vec<u8>>()) {
            drop(verdict(&names, &[], body));
            drop(target(&url));
        }
    }
}
