//! Reads the fields of a challenge: each stands there once or is none.

use std::borrow::Cow;

use http::HeaderName;
use http::request::Parts;
use percent_encoding::percent_decode_str;

use crate::json_pointer;
use crate::rejection::{Reason, Rejection};
use crate::scheme::{Challenge, Field, FieldPlace, Mark};

/// The value of a field; `None` where it is missing or empty.
///
/// # Errors
/// A header on two lines, a parameter that stands twice, a text that is no UTF-8.
pub(super) fn read<'r>(field: &Field, head: &'r Parts, body: &'r [u8]) -> Result<Option<Cow<'r, str>>, Rejection> {
    let malformed = |what| Rejection::new(Reason::ChallengeMalformed).with_detail(what);
    match field.place() {
        FieldPlace::Header(name) => {
            let mut lines = head.headers.get_all(HeaderName::from_static(name)).iter();
            let Some(line) = lines.next() else { return Ok(None) };
            if lines.next().is_some() {
                return Err(malformed("its header stands on two lines"));
            }
            let text = line.to_str().map_err(|_| malformed("its header is not ASCII"))?;
            Ok(Some(text).filter(|text| !text.is_empty()).map(Cow::Borrowed))
        }
        FieldPlace::Json(pointer) => Ok(json_pointer::text_at(body, pointer)),
        FieldPlace::Nowhere => Ok(None),
        FieldPlace::Query(name) => {
            let pairs = head.uri.query().unwrap_or_default().split('&');
            let mut values = pairs.filter_map(|pair| pair.split_once('=')).filter(|(key, _)| *key == name);
            let Some((_, value)) = values.next() else { return Ok(None) };
            if values.next().is_some() {
                return Err(malformed("its parameter stands twice"));
            }
            let text = value.replace('+', " ");
            let text = percent_decode_str(&text).decode_utf8().map_err(|_| malformed("its parameter is no UTF-8"))?;
            Ok(Some(text.into_owned()).filter(|text| !text.is_empty()).map(Cow::Owned))
        }
    }
}

/// Whether the mark of this challenge is there, and nothing that makes it a delivery.
pub(super) fn is_marked(challenge: &Challenge, head: &Parts, body: &[u8]) -> Result<bool, Rejection> {
    let marked = match challenge.mark {
        Mark::Anything => true,
        Mark::Field(field) => {
            let found = read(&field, head, body)?;
            found.is_some_and(|found| challenge.is.is_none_or(|wanted| found == wanted))
        }
        Mark::Empty => body.is_empty(),
        Mark::Form(name) => {
            let digits = body.strip_prefix(name.as_bytes()).and_then(|rest| rest.strip_prefix(b"="));
            digits.is_some_and(|digits| (1..=20).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit))
        }
    };
    Ok(match challenge.without {
        Some(field) if marked => read(&field, head, body)?.is_none(),
        _ => marked,
    })
}
