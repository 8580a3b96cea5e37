//! How an answer is written down, and read again.
//!
//! ```text
//! version u8 = 1 · status u16 · flags u8 · headers · trailers, if bit 1 · body, unless bit 0
//! headers, trailers = count u16 · (length u16 · name · length u16 · value)…
//! ```
//!
//! Numbers are big-endian. The status stands at the same place in every version, so a record of a
//! version to come, which an older process finds in a shared store, still is a finished delivery: it is
//! answered with its status alone.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use http::header::{
    CONNECTION, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LENGTH, CONTENT_TYPE, DATE, ETAG, LINK, LOCATION,
    PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, SERVER, SET_COOKIE, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

const VERSION: u8 = 1;
const OMITTED: u8 = 1;
const TRAILERS: u8 = 2;

/// Headers that are stored.
const STORED: [HeaderName; 9] = [
    CONTENT_TYPE,
    CONTENT_LANGUAGE,
    CONTENT_ENCODING,
    LOCATION,
    ETAG,
    LINK,
    HeaderName::from_static("grpc-status"),
    HeaderName::from_static("grpc-message"),
    HeaderName::from_static("grpc-encoding"),
];

/// Headers that are never stored, even where the user names them: they belong to one connection, one
/// request or one client, or are made anew for each answer.
const NEVER: [HeaderName; 17] = [
    CONNECTION,
    CONTENT_LENGTH,
    DATE,
    HeaderName::from_static("keep-alive"),
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    HeaderName::from_static("proxy-connection"),
    SERVER,
    SET_COOKIE,
    TE,
    HeaderName::from_static("traceparent"),
    HeaderName::from_static("tracestate"),
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
    HeaderName::from_static("x-request-id"),
    HeaderName::from_static("idempotent-replayed"),
];

/// What is kept of the body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum StoredBody {
    Bytes(Bytes),
    /// Too large, or not known in time.
    Omitted,
}

/// An answer, as far as it is stored.
#[derive(Clone, Debug)]
pub(super) struct StoredAnswer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) trailers: Option<HeaderMap>,
    pub(super) body: StoredBody,
}

/// Writes an answer down; of the headers, those that are stored and those that the user has `named`.
pub(super) fn encode(
    status: StatusCode,
    headers: &HeaderMap,
    named: &[HeaderName],
    trailers: Option<&HeaderMap>,
    body: &StoredBody,
) -> Bytes {
    let stored = |name: &HeaderName| (STORED.contains(name) || named.contains(name)) && !NEVER.contains(name);
    let all = |_: &HeaderName| true;
    let bytes: &[u8] = match body {
        StoredBody::Bytes(bytes) => bytes,
        StoredBody::Omitted => &[],
    };
    let size = 4 + size_of_map(headers, stored) + trailers.map_or(0, |map| size_of_map(map, all)) + bytes.len();
    let plain = (status, size, body);
    if let (StatusCode::OK, 6, StoredBody::Bytes(_)) = plain {
        // The commonest of all answers needs no memory of its own.
        return Bytes::from_static(&[VERSION, 0, 200, 0, 0, 0]);
    }
    let mut record = BytesMut::with_capacity(size);
    let omitted = if matches!(body, StoredBody::Omitted) { OMITTED } else { 0 };
    record.put_u8(VERSION);
    record.put_u16(status.as_u16());
    record.put_u8(omitted | if trailers.is_some() { TRAILERS } else { 0 });
    put_map(&mut record, headers, stored);
    if let Some(trailers) = trailers {
        put_map(&mut record, trailers, all);
    }
    record.put_slice(bytes);
    record.freeze()
}

/// Those of a map that fit into the form: names and values of up to 65,535 bytes.
fn fitting(map: &HeaderMap, stored: impl Fn(&HeaderName) -> bool) -> impl Iterator<Item = (u16, &[u8], u16, &[u8])> {
    map.iter().filter(move |(name, _)| stored(name)).filter_map(|(name, value)| {
        let (name, value) = (name.as_str().as_bytes(), value.as_bytes());
        Some((u16::try_from(name.len()).ok()?, name, u16::try_from(value.len()).ok()?, value))
    })
}

fn size_of_map(map: &HeaderMap, stored: impl Fn(&HeaderName) -> bool) -> usize {
    2 + fitting(map, stored).map(|(_, name, _, value)| 4 + name.len() + value.len()).sum::<usize>()
}

fn put_map(record: &mut BytesMut, map: &HeaderMap, stored: impl Fn(&HeaderName) -> bool) {
    // A header map holds at most 32,768 lines.
    let count = u16::try_from(fitting(map, &stored).count()).unwrap_or(u16::MAX);
    record.put_u16(count);
    for (name_len, name, value_len, value) in fitting(map, &stored).take(usize::from(count)) {
        record.put_u16(name_len);
        record.put_slice(name);
        record.put_u16(value_len);
        record.put_slice(value);
    }
}

/// Reads an answer. What cannot be read is an answer with its status alone.
pub(super) fn decode(record: Bytes) -> StoredAnswer {
    let status = record.get(1..3).and_then(|status| <[u8; 2]>::try_from(status).ok()).map(u16::from_be_bytes);
    let status = status.filter(|status| (200..600).contains(status));
    let status = status.and_then(|status| StatusCode::from_u16(status).ok()).unwrap_or(StatusCode::OK);
    let bare = || StoredAnswer { status, headers: HeaderMap::new(), trailers: None, body: StoredBody::Omitted };
    read(record, status).unwrap_or_else(bare)
}

fn read(mut record: Bytes, status: StatusCode) -> Option<StoredAnswer> {
    if record.first() != Some(&VERSION) {
        return None;
    }
    let flags = *record.get(3)?;
    record.advance(4);
    let headers = take_map(&mut record)?;
    let trailers = if flags & TRAILERS == 0 { None } else { Some(take_map(&mut record)?) };
    let body = if flags & OMITTED == 0 { StoredBody::Bytes(record) } else { StoredBody::Omitted };
    Some(StoredAnswer { status, headers, trailers, body })
}

fn take_map(record: &mut Bytes) -> Option<HeaderMap> {
    let count = record.try_get_u16().ok()?;
    let mut map = HeaderMap::new();
    for _ in 0..count {
        let name = HeaderName::from_bytes(&take(record)?).ok()?;
        let value = HeaderValue::from_maybe_shared(take(record)?).ok()?;
        map.try_append(name, value).ok()?;
    }
    Some(map)
}

fn take(record: &mut Bytes) -> Option<Bytes> {
    let length = usize::from(record.try_get_u16().ok()?);
    (length <= record.len()).then(|| record.split_to(length))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn headers(lines: &[(&'static str, &[u8])]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in lines {
            map.append(HeaderName::from_static(name), HeaderValue::from_bytes(value).unwrap());
        }
        map
    }

    #[test]
    fn what_is_stored_comes_back() {
        let map = headers(&[("content-type", b"text/x"), ("link", b"<a>"), ("link", b"<b>"), ("etag", b"\"\xff\"")]);
        let trailers = headers(&[("grpc-status", b"0")]);
        let body = StoredBody::Bytes(Bytes::from_static(b"body"));
        let answer = decode(encode(StatusCode::CREATED, &map, &[], Some(&trailers), &body));
        assert_eq!((answer.status, &answer.headers), (StatusCode::CREATED, &map));
        assert_eq!((answer.trailers, answer.body), (Some(trailers), body));
    }

    #[test]
    fn an_answer_that_is_as_short_as_the_commonest_is_not_taken_for_it() {
        let empty = headers(&[("content-type", b"")]);
        let answer = decode(encode(StatusCode::OK, &empty, &[], None, &StoredBody::Bytes(Bytes::new())));
        assert_eq!(answer.headers, empty);
        // Trailers and a body of as many bytes.
        let trailers = headers(&[("grpc-status", b"0")]);
        for length in 0..=32 {
            let body = StoredBody::Bytes(Bytes::from(vec![b'x'; length]));
            let answer = decode(encode(StatusCode::OK, &HeaderMap::new(), &[], Some(&trailers), &body));
            assert_eq!((answer.trailers.as_ref(), answer.body), (Some(&trailers), body), "{length}");
        }
    }

    #[test]
    fn cookies_and_what_belongs_to_one_connection_are_never_stored() {
        let named = [SET_COOKIE, DATE, HeaderName::from_static("x-mine")];
        let map = headers(&[
            ("set-cookie", b"session=1"),
            ("date", b"now"),
            ("x-mine", b"1"),
            ("x-other", b"1"),
            ("traceparent", b"00-1"),
            ("content-length", b"3"),
            ("transfer-encoding", b"chunked"),
        ]);
        let answer = decode(encode(StatusCode::OK, &map, &named, None, &StoredBody::Omitted));
        assert_eq!(answer.headers, headers(&[("x-mine", b"1")]));
    }

    #[test]
    fn the_commonest_answer_takes_no_memory_and_reads_the_same() {
        let body = StoredBody::Bytes(Bytes::new());
        let record = encode(StatusCode::OK, &HeaderMap::new(), &[], None, &body);
        let again = encode(StatusCode::OK, &HeaderMap::new(), &[], None, &body);
        assert_eq!(record.as_ptr(), again.as_ptr());
        let answer = decode(record);
        assert_eq!((answer.status, answer.body), (StatusCode::OK, body));
        let omitted = decode(encode(StatusCode::OK, &HeaderMap::new(), &[], None, &StoredBody::Omitted));
        assert_eq!(omitted.body, StoredBody::Omitted);
    }

    #[test]
    fn a_version_to_come_is_a_finished_delivery_with_its_status() {
        let answer = decode(Bytes::from_static(&[9, 0, 202, 1, 2, 3]));
        assert_eq!((answer.status, answer.body), (StatusCode::ACCEPTED, StoredBody::Omitted));
        for short in [&b""[..], &[1], &[1, 0], &[1, 0, 99, 0], &[1, 255, 255, 0]] {
            assert_eq!(decode(Bytes::from_static(short)).status, StatusCode::OK, "{short:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_some_answer(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let answer = decode(Bytes::from(bytes));
            prop_assert!(answer.status.as_u16() >= 200);
        }

        #[test]
        fn any_damage_to_a_record_is_some_answer(at in 4_usize..60, to in any::<u8>()) {
            let map = headers(&[("content-type", b"application/json"), ("etag", b"\"1\"")]);
            let body = StoredBody::Bytes(Bytes::from_static(b"{}"));
            let mut record = encode(StatusCode::OK, &map, &[], None, &body).to_vec();
            if let Some(byte) = record.get_mut(at) {
                *byte = to;
            }
            prop_assert_eq!(decode(Bytes::from(record)).status, StatusCode::OK);
        }
    }
}
