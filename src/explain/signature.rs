//! Signatures that are written otherwise than the scheme says.

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderName, HeaderValue};

use super::cause::Cause;
use super::explanation::Explanation;
use super::search::Search;
use crate::crypto::Tag;
use crate::encoding::Encoding;
use crate::rejection::Reason;
use crate::scheme::{Field, Items, Scheme, Signer, Source};
use crate::secret::{KeyMaterial, Secret};

/// A part of a signature that is shorter proves nothing, in bytes: a forger could guess it.
const SHORTEST_PART: usize = 8;

/// How many texts of the head are looked at.
const MOST_TEXTS: usize = 24;

/// The longest text that can be a signature, in bytes.
const LONGEST_TEXT: usize = 256;

/// Headers that hold other secrets.
const NOT_THERE: [&str; 3] = ["authorization", "cookie", "proxy-authorization"];

/// A text in the head that can be a signature.
struct Shown {
    header: HeaderName,
    bytes: Vec<u8>,
    /// How it is written, where that is not what the scheme says.
    written: Option<&'static str>,
}

pub(super) fn prove(search: &mut Search<'_>) -> Option<Explanation> {
    let scheme = *search.scheme();
    search.body?;
    let (field, encoding) = scheme.signature_place().filter(|_| scheme.computes_tag())?;
    let len = scheme.tag_len()?;
    let own = |shown: &Shown| shown.header == field.header || field.more.contains(&shown.header.as_str());
    let mut shown = texts(search.head, field, encoding);
    shown.sort_by_key(|shown| !own(shown));
    shown.truncate(MOST_TEXTS);
    for one in &shown {
        if one.bytes.len() == len && fits_as(search, scheme, one, &encoding.encode(&one.bytes)) {
            return Some(rewritten(one, own(one), field.prefix));
        }
        for other in scheme.other_hashes().filter(|other| other.tag_len() == Some(one.bytes.len())) {
            if fits_as(search, other, one, &encoding.encode(&one.bytes)) {
                let (made, expected) = (other.hash_name().unwrap_or_default(), scheme.hash_name().unwrap_or_default());
                let sentence = format!("the signature was made with {made}, and the scheme says {expected}");
                return Some(Explanation::proven(Cause::SignatureAlgorithm, sentence));
            }
        }
        if (SHORTEST_PART..len).contains(&one.bytes.len()) && begins_as_computed(search, &one.bytes) {
            let sentence = format!("only {} of the {len} bytes of the signature came", one.bytes.len());
            return Some(Explanation::proven(Cause::SignatureTruncated, sentence));
        }
    }
    None
}

fn rewritten(shown: &Shown, own_header: bool, prefix: &str) -> Explanation {
    if !own_header {
        let sentence = format!("the signature stands in the header `{}`, where the scheme does not look", shown.header);
        return Explanation::proven(Cause::SignatureHeader, sentence);
    }
    match shown.written {
        Some(written) => {
            Explanation::proven(Cause::SignatureEncoding, format!("the signature is right, but written in {written}"))
        }
        None if prefix.is_empty() => {
            Explanation::proven(Cause::SignaturePrefix, "the signature is right, but what stands around it is not")
        }
        None => Explanation::proven(
            Cause::SignaturePrefix,
            format!("the signature is right, but not written behind `{prefix}`"),
        ),
    }
}

fn fits_as(search: &mut Search<'_>, scheme: Scheme, shown: &Shown, text: &str) -> bool {
    let Some(head) = with_signature(search.head, &scheme, shown, text) else { return false };
    let sender = search.route.sender().signing_as(scheme);
    search.fits_head(&sender, search.route.keys(), &head)
}

/// The head with the signature as the sender would write it.
fn with_signature(head: &Parts, scheme: &Scheme, shown: &Shown, text: &str) -> Option<Parts> {
    let (field, _) = scheme.signature_place()?;
    let name = HeaderName::try_from(field.header).ok().filter(|_| field.source == Source::Header)?;
    let old = head
        .headers
        .get(&name)
        .or_else(|| head.headers.get(&shown.header))
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let value = match field.list {
        None => format!("{}{}{text}", field.opening, field.prefix),
        Some(list) => {
            let Items::Pairs { between, key, .. } = list.items else { return with_item(head, name, field, old, text) };
            let mut items: Vec<String> = list
                .split(old.strip_prefix(field.opening).unwrap_or(old))
                .filter(|item| item.split_once(between).is_some_and(|(own, _)| own.trim() != key))
                .filter(|item| {
                    let value = item.split_once(between).map(|(_, value)| value).unwrap_or_default();
                    !readings(value, Encoding::Hex).any(|(bytes, _)| bytes == shown.bytes)
                })
                .map(|item| item.trim().to_owned())
                .collect();
            items.push(format!("{key}{between}{}{text}", field.prefix));
            format!("{}{}", field.opening, items.join(list.between_items.encode_utf8(&mut [0; 4])))
        }
    };
    let mut head = head.clone();
    head.headers.insert(name, HeaderValue::try_from(value).ok()?);
    Some(head)
}

/// In a list of values, the one that was read takes its new text.
fn with_item(head: &Parts, name: HeaderName, field: Field, old: &str, text: &str) -> Option<Parts> {
    let list = field.list?;
    let longest = list.split(old).max_by_key(|item| item.len())?;
    let value =
        if old.is_empty() { text.to_owned() } else { old.replacen(longest, &format!("{}{text}", field.prefix), 1) };
    let mut head = head.clone();
    head.headers.insert(name, HeaderValue::try_from(value).ok()?);
    Some(head)
}

/// All texts of the head that can be a signature.
fn texts(head: &Parts, field: Field, encoding: Encoding) -> Vec<Shown> {
    let mut found: Vec<Shown> = Vec::new();
    for (header, value) in &head.headers {
        let Ok(text) = value.to_str() else { continue };
        if NOT_THERE.contains(&header.as_str()) && header != field.header {
            continue;
        }
        let separator = field.list.map_or(',', |list| list.between_items);
        for item in text.split([separator, ',', ';', ' ']) {
            let behind = |between: char| item.split_once(between).map(|(_, value)| value);
            for text in [Some(item), behind('='), behind(':')].into_iter().flatten() {
                for (bytes, written) in readings(text.trim_matches(['"', '\'']), encoding) {
                    if found.len() < 4 * MOST_TEXTS
                        && !found.iter().any(|shown| shown.bytes == bytes && shown.header == header)
                    {
                        found.push(Shown { header: header.clone(), bytes, written });
                    }
                }
            }
        }
    }
    found
}

/// What a text can stand for, and how it is written where that is not the encoding of the scheme.
fn readings(text: &str, encoding: Encoding) -> impl Iterator<Item = (Vec<u8>, Option<&'static str>)> {
    let mut found = Vec::new();
    if (2 * SHORTEST_PART..=LONGEST_TEXT).contains(&text.len()) && text.is_ascii() {
        let named = |is: Encoding, name: &'static str| (is != encoding).then_some(name);
        if text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            let even = text.get(..text.len() & !1).unwrap_or_default();
            found.extend(decode(Encoding::Hex, even).map(|bytes| (bytes, named(Encoding::Hex, "hex"))));
        }
        let bare = text.trim_end_matches('=');
        // What a cut text ends with does not make a byte.
        let whole = bare.get(..bare.len() - usize::from(bare.len() % 4 == 1)).unwrap_or_default();
        let is_url = bare.contains(['-', '_']);
        let standard = Encoding::Base64Url;
        if let Some(bytes) = decode(standard, &whole.replace('+', "-").replace('/', "_")) {
            if let Some(inner) = std::str::from_utf8(&bytes).ok().and_then(|text| decode(Encoding::Hex, text)) {
                found.push((inner, named(Encoding::Base64OfHex, "base64 of hex")));
            }
            let padded = bare.len() != text.len() || bare.len().is_multiple_of(4);
            let written = match (is_url, padded) {
                (true, _) => named(Encoding::Base64Url, "base64url"),
                (false, true) => named(Encoding::Base64, "base64"),
                (false, false) if encoding == Encoding::Base64Url => None,
                (false, false) => Some("base64 without padding"),
            };
            found.push((bytes, written));
        }
    }
    found.into_iter()
}

fn decode(encoding: Encoding, text: &str) -> Option<Vec<u8>> {
    let mut buffer = [0; LONGEST_TEXT];
    encoding.decode(text, &mut buffer).map(<[u8]>::to_vec)
}

/// Whether the signature that the sender would have sent begins with these bytes.
fn begins_as_computed(search: &Search<'_>, part: &[u8]) -> bool {
    let scheme = search.scheme();
    let (Some((field, encoding)), Some(body)) = (scheme.signature_place(), search.body) else { return false };
    let sent_at = match (scheme.timestamp_format(), scheme.shown_timestamp(search.head)) {
        (Some(format), Some(text)) => format.parse(&text),
        _ => search.now,
    };
    let Some(sent_at) = sent_at else { return false };
    search.route.keys().keys().iter().any(|key| match &key.material {
        KeyMaterial::Shared(secret) => computed(search, secret, body, sent_at).is_some_and(|head| {
            texts(&head, field, encoding).iter().any(|shown| {
                let start = shown.bytes.get(..part.len());
                Some(shown.bytes.len()) == scheme.tag_len()
                    && start.is_some_and(|start| Tag::of(start).matches(&Tag::of(part)))
            })
        }),
        KeyMaterial::Public(_) => false,
    })
}

fn computed(search: &Search<'_>, secret: &Secret, body: &Bytes, at: crate::clock::UnixTime) -> Option<Parts> {
    let mut head = search.head.clone();
    let (field, _) = search.scheme().signature_place()?;
    if field.list.is_none() {
        head.headers.remove(field.header);
    }
    Signer::new(search.route.sender().clone(), secret.clone()).ok()?.sign(&mut head, body, at).ok()?;
    Some(head)
}

/// What the signature looks like, where nothing is proven.
pub(super) fn likely(search: &Search<'_>) -> Option<Explanation> {
    let scheme = search.scheme();
    let (field, encoding) = scheme.signature_place().filter(|(field, _)| field.source == Source::Header)?;
    let shown = texts(search.head, field, encoding);
    let own: Vec<_> = shown.into_iter().filter(|shown| shown.header == field.header).collect();
    let Some(len) = scheme.tag_len() else {
        let there = search.head.headers.contains_key(field.header);
        return (!there).then(|| missing(field));
    };
    if own.is_empty() {
        let there = search.head.headers.get(field.header).is_some_and(|value| !value.is_empty());
        return match there {
            false => Some(missing(field)),
            true => Some(Explanation::likely(
                Cause::SignatureTruncated,
                format!("there is no signature of {len} bytes in the header `{}`", field.header),
            )),
        };
    }
    if let Some(whole) = own.iter().find(|shown| shown.bytes.len() == len) {
        return match whole.written {
            Some(written) => {
                Some(Explanation::likely(Cause::SignatureEncoding, format!("the signature is written in {written}")))
            }
            None if search.reason == Reason::SignatureMismatch => None,
            None => Some(Explanation::likely(
                Cause::SignaturePrefix,
                "the signature has the right length, but what stands around it is not what the scheme says",
            )),
        };
    }
    let hash = |shown: &Shown| scheme.other_hashes().find(|other| other.tag_len() == Some(shown.bytes.len()));
    if let Some(other) = own.iter().find_map(hash) {
        let (made, expected) = (other.hash_name().unwrap_or_default(), scheme.hash_name().unwrap_or_default());
        let sentence = format!("the signature is as long as one of {made}, and the scheme says {expected}");
        return Some(Explanation::likely(Cause::SignatureAlgorithm, sentence));
    }
    let part = own.iter().find(|shown| shown.bytes.len() < len)?;
    let sentence = format!("only {} of the {len} bytes of a signature came", part.bytes.len());
    Some(Explanation::likely(Cause::SignatureTruncated, sentence))
}

fn missing(field: Field) -> Explanation {
    Explanation::likely(Cause::SignatureMissing, format!("there is no header `{}`", field.header))
}
