//! Bodies of forms that were parsed and written again, and payloads in a form field.

use bytes::Bytes;
use percent_encoding::percent_decode_str;

use super::cause::Cause;
use super::explanation::Explanation;
use super::search::Search;
use super::tried::Tried;

/// The field that holds JSON, by the names that senders use.
const PAYLOADS: [&str; 4] = ["payload", "data", "json", "body"];

/// What is written as it is beside letters and digits: the writers of Python, PHP, JavaScript's `URLSearchParams`, and
/// `encodeURIComponent`.
const UNRESERVED: [&[u8]; 4] = [b"-._~", b"-._", b"*-._", b"-._~!*'()"];

/// A way to write forms.
#[derive(Clone, Copy)]
struct Style {
    space: &'static str,
    unreserved: &'static [u8],
    case: Case,
}

#[derive(Clone, Copy)]
enum Case {
    Lower,
    Upper,
}

fn styles() -> impl Iterator<Item = Style> {
    [Case::Upper, Case::Lower].into_iter().flat_map(|case| {
        UNRESERVED
            .into_iter()
            .flat_map(move |unreserved| ["+", "%20"].into_iter().map(move |space| Style { space, unreserved, case }))
    })
}

pub(super) fn prove(search: &mut Search<'_>) -> Option<Explanation> {
    let body = search.body?;
    let text = std::str::from_utf8(body).ok()?.trim();
    if text.starts_with(['{', '[']) {
        wrapped(search, text)
    } else {
        unwrapped(search, text).or_else(|| rewritten(search, text))
    }
}

fn rewritten(search: &mut Search<'_>, text: &str) -> Option<Explanation> {
    let pairs = pairs(text)?;
    let mut tried = Tried::new(text.as_bytes());
    for style in styles() {
        if tried.fits(search, write(&pairs, style)) {
            let space = style.space;
            let case = match style.case {
                Case::Lower => "lower",
                Case::Upper => "upper",
            };
            let sentence = format!(
                "the signature covers the same form with blanks as `{space}` and hex digits in {case} case: something \
                 parsed it and wrote it again"
            );
            return Some(Explanation::proven(Cause::BodyFormRewritten, sentence));
        }
    }
    None
}

/// The form came, and the JSON in it was signed.
fn unwrapped(search: &mut Search<'_>, text: &str) -> Option<Explanation> {
    for (name, value) in pairs(text)? {
        if PAYLOADS.contains(&name.as_str()) && search.fits_body(&Bytes::from(value)) {
            let sentence = format!("the signature covers what stands in the form field `{name}`, not the form");
            return Some(Explanation::proven(Cause::BodyFormUnwrapped, sentence));
        }
    }
    None
}

/// The JSON came, and the form around it was signed.
fn wrapped(search: &mut Search<'_>, text: &str) -> Option<Explanation> {
    let mut tried = Tried::new(text.as_bytes());
    for name in PAYLOADS {
        for style in styles() {
            let body = write(&[(name.to_owned(), text.as_bytes().to_vec())], style);
            if tried.fits(search, body) {
                let sentence =
                    format!("the signature covers the form with this JSON in its field `{name}`, not the JSON");
                return Some(Explanation::proven(Cause::BodyFormUnwrapped, sentence));
            }
        }
    }
    None
}

fn pairs(text: &str) -> Option<Vec<(String, Vec<u8>)>> {
    let decoded = |part: &str| percent_decode_str(&part.replace('+', " ")).collect::<Vec<u8>>();
    text.split('&')
        .map(|pair| {
            let (name, value) = pair.split_once('=')?;
            Some((String::from_utf8(decoded(name)).ok()?, decoded(value)))
        })
        .collect()
}

fn write(pairs: &[(String, Vec<u8>)], style: Style) -> String {
    let mut out = String::new();
    for (name, value) in pairs {
        if !out.is_empty() {
            out.push('&');
        }
        write_part(&mut out, name.as_bytes(), style);
        out.push('=');
        write_part(&mut out, value, style);
    }
    out
}

fn write_part(out: &mut String, part: &[u8], style: Style) {
    for byte in part {
        if byte.is_ascii_alphanumeric() || style.unreserved.contains(byte) {
            out.push(char::from(*byte));
        } else if *byte == b' ' {
            out.push_str(style.space);
        } else {
            let digits = [byte >> 4, byte & 15].into_iter().filter_map(|half| char::from_digit(half.into(), 16));
            out.push('%');
            out.extend(digits.map(|digit| match style.case {
                Case::Lower => digit,
                Case::Upper => digit.to_ascii_uppercase(),
            }));
        }
    }
}
