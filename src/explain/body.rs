//! What is done to bodies that are not understood: line ends, byte order marks, character encodings, compression.

use bytes::Bytes;
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING};

use super::cause::Cause;
use super::explanation::Explanation;
use super::search::Search;

const MARK: &[u8] = b"\xef\xbb\xbf";

pub(super) fn prove(search: &mut Search<'_>) -> Option<Explanation> {
    let body = search.body?;
    let found = [newline, byte_order_mark, line_ends, charset];
    found.into_iter().find_map(|probe| probe(search, body))
}

/// The first of some bodies that fits.
pub(super) fn first_that_fits(
    search: &mut Search<'_>,
    cause: Cause,
    bodies: impl IntoIterator<Item = (Vec<u8>, &'static str)>,
) -> Option<Explanation> {
    let received = search.body?;
    for (body, sentence) in bodies {
        if body != *received && search.fits_body(&body.into()) {
            return Some(Explanation::proven(cause, sentence));
        }
    }
    None
}

fn newline(search: &mut Search<'_>, body: &Bytes) -> Option<Explanation> {
    const ADDED: &str = "the signature covers the body without the white space at its end: something added it";
    const TAKEN: &str = "the signature covers the body with a line end at its end: something took it away";
    let line = body.strip_suffix(b"\n").unwrap_or(body);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let bodies = [
        (line.to_vec(), ADDED),
        ([body, b"\n".as_slice()].concat(), TAKEN),
        ([body, b"\r\n".as_slice()].concat(), TAKEN),
        (body.trim_ascii_end().to_vec(), ADDED),
        (body.trim_ascii().to_vec(), ADDED),
    ];
    first_that_fits(search, Cause::BodyNewline, bodies)
}

fn byte_order_mark(search: &mut Search<'_>, body: &Bytes) -> Option<Explanation> {
    let changed = match body.strip_prefix(MARK) {
        Some(rest) => (rest.to_vec(), "the signature covers the body without the byte order mark before it"),
        None => ([MARK, body].concat(), "the signature covers the body with a byte order mark before it"),
    };
    first_that_fits(search, Cause::BodyByteOrderMark, [changed])
}

fn line_ends(search: &mut Search<'_>, body: &Bytes) -> Option<Explanation> {
    if !body.contains(&b'\n') && !body.contains(&b'\r') {
        return None;
    }
    let mut lines = Vec::with_capacity(body.len());
    let mut bytes = body.iter().peekable();
    while let Some(byte) = bytes.next() {
        if *byte != b'\r' || bytes.peek() != Some(&&b'\n') {
            lines.push(*byte);
        }
    }
    let mut with = Vec::with_capacity(lines.len() + lines.len() / 8);
    for byte in &lines {
        if *byte == b'\n' {
            with.push(b'\r');
        }
        with.push(*byte);
    }
    let bodies = [
        (lines, "the signature covers the body with LF line ends: something turned them into CRLF"),
        (with, "the signature covers the body with CRLF line ends: something turned them into LF"),
    ];
    first_that_fits(search, Cause::BodyLineEnds, bodies)
}

fn charset(search: &mut Search<'_>, body: &Bytes) -> Option<Explanation> {
    if body.is_ascii() {
        return None;
    }
    let as_utf8: String = body.iter().map(|byte| char::from(*byte)).collect();
    let as_latin1: Option<Vec<u8>> =
        std::str::from_utf8(body).ok().and_then(|text| text.chars().map(|c| u8::try_from(c).ok()).collect());
    let mut bodies = Vec::new();
    if let Some(latin1) = as_latin1 {
        bodies.push((latin1, "the signature covers the body in Latin-1: something wrote it as UTF-8"));
    }
    bodies.push((as_utf8.into_bytes(), "the signature covers the body in UTF-8: something read it as Latin-1"));
    first_that_fits(search, Cause::BodyCharset, bodies)
}

/// What the body looks like, where nothing is proven.
pub(super) fn likely(search: &Search<'_>) -> Option<Explanation> {
    let body = search.body?;
    let headers = &search.head.headers;
    if body.is_empty() {
        let promised = announces_a_body(headers);
        return promised
            .then(|| Explanation::likely(Cause::BodyEmpty, "the body is empty though its headers announce one"));
    }
    let encoding = headers.get(CONTENT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let encoded = !matches!(encoding.trim(), "" | "identity");
    let kind = compressed(body);
    if let Some(kind) = kind {
        return Some(Explanation::likely(
            Cause::BodyCompressed,
            format!("the body is compressed with {kind}; senders sign the plain bytes"),
        ));
    }
    if encoded && (!matches!(encoding.trim(), "br" | "compress") || looks_like_text(body)) {
        return Some(Explanation::likely(
            Cause::BodyDecompressed,
            "the headers say that the body is compressed, and it is not: something decompressed what was signed",
        ));
    }
    if encoded {
        return Some(Explanation::likely(
            Cause::BodyCompressed,
            "the body is compressed; senders sign the plain bytes",
        ));
    }
    let replaced = body.windows(3).any(|three| three == "\u{fffd}".as_bytes());
    replaced.then(|| {
        Explanation::likely(
            Cause::BodyCharset,
            "the body has replacement characters (U+FFFD): something decoded it in the wrong character encoding",
        )
    })
}

fn announces_a_body(headers: &HeaderMap) -> bool {
    let length = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()).unwrap_or("0");
    length.trim() != "0" || headers.contains_key(CONTENT_TYPE) || headers.contains_key(TRANSFER_ENCODING)
}

/// What the first bytes of a compressed body say.
fn compressed(body: &[u8]) -> Option<&'static str> {
    match body {
        [0x1f, 0x8b, 8, ..] => Some("gzip"),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Some("zstd"),
        // RFC 1950: both bytes, as a number, are a multiple of 31.
        [first @ 0x78, second, ..] if u16::from_be_bytes([*first, *second]).is_multiple_of(31) => Some("deflate"),
        _ => None,
    }
}

fn looks_like_text(body: &[u8]) -> bool {
    let start = body.get(..64).unwrap_or(body);
    start.iter().all(|byte| !byte.is_ascii_control() || byte.is_ascii_whitespace())
}
