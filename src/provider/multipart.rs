//! The one field of a multipart form, see [RFC 7578](https://www.rfc-editor.org/rfc/rfc7578).

use http::HeaderMap;
use http::header::CONTENT_TYPE;

use crate::rejection::Reason;
use crate::scheme::VerifyError;

/// Parts that are looked at.
const MAX_PARTS: usize = 64;

/// The boundary that the content type names, if it is a multipart form.
pub(super) fn boundary(headers: &HeaderMap) -> Option<&str> {
    let (kind, parameters) = headers.get(CONTENT_TYPE)?.to_str().ok()?.split_once(';')?;
    let mut named = parameters.split(';').filter_map(|parameter| {
        let (name, value) = parameter.trim().split_once('=')?;
        name.eq_ignore_ascii_case("boundary").then(|| value.trim_matches('"'))
    });
    let boundary = named.next().filter(|text| (1..=70).contains(&text.len()))?;
    (kind.trim().eq_ignore_ascii_case("multipart/form-data") && named.next().is_none()).then_some(boundary)
}

/// What the field holds. A body that is not written as it should be, or has the field twice, is refused: another parser
/// might read another field.
pub(super) fn field<'a>(body: &'a [u8], boundary: &str, name: &str) -> Result<&'a [u8], VerifyError> {
    let wanted = format!("name=\"{name}\"");
    let delimiter = format!("\r\n--{boundary}");
    let mut rest = body.strip_prefix(delimiter.trim_start().as_bytes()).ok_or(ERROR)?;
    let mut found = None;
    for _ in 0..MAX_PARTS {
        if rest.strip_prefix(b"--").is_some_and(|end| matches!(end, b"" | b"\r\n")) {
            return found.ok_or(ERROR);
        }
        let part = rest.strip_prefix(b"\r\n").ok_or(ERROR)?;
        let end = position(part, delimiter.as_bytes()).ok_or(ERROR)?;
        let (part, after) = part.split_at_checked(end).ok_or(ERROR)?;
        rest = after.get(delimiter.len()..).ok_or(ERROR)?;
        let blank = position(part, b"\r\n\r\n").ok_or(ERROR)?;
        let (head, value) = part.split_at_checked(blank).ok_or(ERROR)?;
        let head = std::str::from_utf8(head).map_err(|_| ERROR)?;
        let mut dispositions = head.split("\r\n").filter_map(|line| {
            let (own, value) = line.split_once(':')?;
            own.eq_ignore_ascii_case("content-disposition").then_some(value)
        });
        let (Some(disposition), None) = (dispositions.next(), dispositions.next()) else { return Err(ERROR) };
        let mut parameters = disposition.split(';').map(str::trim);
        if parameters.next() != Some("form-data") {
            return Err(ERROR);
        }
        if parameters.any(|parameter| parameter == wanted) && found.replace(value.get(4..).ok_or(ERROR)?).is_some() {
            return Err(ERROR);
        }
    }
    Err(ERROR)
}

fn position(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window == wanted)
}

const ERROR: VerifyError =
    VerifyError::new(Reason::SignatureMismatch, "the body is no multipart form with the field that is signed, once");

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    const BODY: &str = "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--b\r\ncontent-disposition: \
                        form-data; name=\"json\"\r\nContent-Type: text/plain\r\n\r\n{\r\n}\r\n--b--\r\n";

    #[test]
    fn the_field_is_found_once() {
        assert_eq!(field(BODY.as_bytes(), "b", "json").unwrap(), b"{\r\n}");
        assert_eq!(field(BODY.as_bytes(), "b", "a").unwrap(), b"1");
        let twice = BODY.replace("name=\"a\"", "name=\"json\"");
        let shorter = &BODY[..BODY.len() - 4];
        let before = format!("x{BODY}");
        let behind = format!("{BODY}x");
        for body in ["", "--b", "--b--", "--b\r\n", &twice, shorter, &before, &behind] {
            assert!(field(body.as_bytes(), "b", "json").is_err(), "{body:?}");
        }
        assert!(field(BODY.as_bytes(), "c", "json").is_err());
    }

    #[test]
    fn the_boundary_is_named_once() {
        let of = |text: &'static str| {
            let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(text))]);
            boundary(&headers).map(str::to_owned)
        };
        assert_eq!(of("multipart/form-data; boundary=b").as_deref(), Some("b"));
        assert_eq!(of("Multipart/Form-Data; charset=utf-8; Boundary=\"b c\"").as_deref(), Some("b c"));
        for text in ["multipart/form-data", "text/plain; boundary=b", "multipart/form-data; boundary=b; boundary=c"] {
            assert_eq!(of(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_body_panics(body in "(--b|--|\r\n|b|Content-Disposition: form-data; name=\"json\"|;|x){0,20}", bytes: Vec<u8>) {
            let _ = (field(body.as_bytes(), "b", "json").is_ok(), field(&bytes, "b", "json").is_ok());
        }
    }
}
