//! Where a request should have gone.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, LOCATION};
use http::{HeaderValue, Response, StatusCode, Uri};

use crate::config_error::{ConfigError, ConfigErrorKind};

/// Longest path with query that is sent back.
const MAX_PATH: usize = 2048;

/// The public URL of the service, without a slash at its end.
#[derive(Clone, Debug)]
pub(super) struct Redirect(Arc<str>);

impl Redirect {
    pub(super) fn new(public_url: &str) -> Result<Self, ConfigError> {
        let wrong = |what: &str| ConfigError::new(ConfigErrorKind::PublicUrl, format!("{public_url:?} {what}"));
        let url: Uri = public_url.parse().map_err(|_| wrong("is no URL"))?;
        if url.scheme_str() != Some("https") {
            return Err(wrong("is no https URL"));
        }
        let authority = url.authority().map_or("", |authority| authority.as_str());
        let host = url.host().unwrap_or_default();
        if authority.contains('@') || host.is_empty() {
            return Err(wrong("must have a host and no user"));
        }
        if host.len() != authority.len() && url.port_u16().is_none() {
            return Err(wrong("has a port that is none"));
        }
        if public_url.contains(['?', '#']) || !is_path(url.path()) {
            return Err(wrong("must have a plain path, and neither query nor fragment"));
        }
        Ok(Self(format!("https://{authority}{}", url.path().trim_end_matches('/')).into()))
    }

    /// The same request, over TLS; `None` where its path is none that a URL may have.
    pub(super) fn location(&self, uri: &Uri) -> Option<HeaderValue> {
        let path = uri.path_and_query()?.as_str();
        let sound = path.len() <= MAX_PATH && is_path(path);
        if sound { HeaderValue::try_from(format!("{}{path}", self.0)).ok() } else { None }
    }

    /// A refusal that shows the way: status, `location`, no body. All else stays.
    pub(super) fn instead_of(refusal: Response<Bytes>, location: HeaderValue) -> Response<Bytes> {
        let mut response = refusal.map(|_| Bytes::new());
        *response.status_mut() = StatusCode::PERMANENT_REDIRECT;
        response.headers_mut().remove(CONTENT_TYPE);
        response.headers_mut().insert(LOCATION, location);
        response
    }
}

/// A slash, then what [RFC 3986](https://www.rfc-editor.org/rfc/rfc3986#section-3.3) allows in paths and
/// queries. Without the slash, `@host` behind our host would lead elsewhere.
fn is_path(path: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@%/?".contains(&byte);
    path.starts_with('/') && path.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plain_https_url_is_a_public_url() {
        for url in [
            "",
            "/",
            "hooks.example.com",
            "http://hooks.example.com",
            "https://",
            "https:///path",
            "https://user@hooks.example.com",
            "https://user:pass@hooks.example.com/",
            "https://hooks.example.com/?a=b",
            "https://hooks.example.com/#top",
            "https://hooks.example.com/\"x",
            "https://hooks.example.com:99999/",
            "https://hooks.example.com:/",
        ] {
            let error = Redirect::new(url).expect_err(url);
            assert_eq!(error.kind(), ConfigErrorKind::PublicUrl);
        }
    }

    fn location(public_url: &str, uri: &str) -> Option<String> {
        let uri = uri.parse().unwrap();
        Redirect::new(public_url).unwrap().location(&uri).map(|value| value.to_str().unwrap().to_owned())
    }

    #[test]
    fn path_and_query_are_kept_and_the_host_is_the_configured_one() {
        for (public_url, uri, want) in [
            ("https://hooks.example.com", "/a/b?c=d", "https://hooks.example.com/a/b?c=d"),
            ("https://hooks.example.com/", "/a", "https://hooks.example.com/a"),
            ("https://hooks.example.com:8443/in/", "/a", "https://hooks.example.com:8443/in/a"),
            ("https://hooks.example.com", "http://evil.example/a", "https://hooks.example.com/a"),
            ("https://hooks.example.com", "//evil.example/a", "https://hooks.example.com//evil.example/a"),
            ("https://[2001:db8::1]", "/@evil.example", "https://[2001:db8::1]/@evil.example"),
        ] {
            assert_eq!(location(public_url, uri).as_deref(), Some(want), "{uri}");
        }
    }

    #[test]
    fn nothing_that_is_no_path_is_sent_back() {
        let long = format!("/{}", "a".repeat(MAX_PATH));
        for uri in ["*", "evil.example:443", "/<script>", "/\"x\"", "/{x}", "/a|b", "/é", &long] {
            let Ok(uri) = uri.parse::<Uri>() else { continue };
            assert_eq!(Redirect::new("https://hooks.example.com").unwrap().location(&uri), None, "{uri}");
        }
    }
}
