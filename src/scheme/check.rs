//! What in a description contradicts itself, found in `const` context.

use super::description::Scheme;
use super::fetched_key::KeyPlace;
use super::field::{Field, Items, Lines, Source};
use super::terms::{Content, Method, Part, Place};

impl Scheme {
    /// The scheme itself, if it makes sense: in a `const`, a mistake is a compile error with a sentence.
    ///
    /// # Panics
    /// If [`Scheme::problem`] finds one; meant for `const` context, where that stops the build.
    #[must_use]
    pub const fn checked(self) -> Self {
        match self.problem() {
            None => self,
            #[allow(clippy::panic, reason = "in const context this is a compile error")]
            Some(problem) => panic!("{}", problem),
        }
    }

    /// What makes this description unusable, if anything does.
    #[must_use]
    pub const fn problem(&self) -> Option<&'static str> {
        if !is_name(self.name) {
            return Some("a scheme's name is lower case letters, digits and hyphens");
        }
        if self.tolerance.as_secs() == 0 {
            return Some("a tolerance of less than a second refuses every delivery");
        }
        if self.body_limit == 0 || self.body_limit == usize::MAX {
            return Some("a body limit of nothing or of everything is none");
        }
        if let Some(problem) = self.conduct.problem() {
            return Some(problem);
        }
        if let Method::Jwt(jwt) = self.method
            && let Some(problem) = jwt.problem()
        {
            return Some(problem);
        }
        if let Some(problem) = self.fields_problem() {
            return Some(problem);
        }
        if let Some(problem) = self.challenges_problem() {
            return Some(problem);
        }
        match self.content {
            Content::Rule(_) => None,
            Content::Parts(parts) => self.parts_problem(parts),
        }
    }

    /// As [`problem`](Self::problem), of what only a rule can say.
    pub(super) fn coverage_problem(&self) -> Option<&'static str> {
        let (pointer, _) = self.time_in_body?;
        let unsigned = "a timestamp in the body that is not signed proves nothing: it is in no field that is covered";
        (!self.coverage().has(pointer)).then_some(unsigned)
    }

    const fn fields_problem(&self) -> Option<&'static str> {
        match (self.method, &self.signature) {
            (Method::Unsigned, Some(_)) => return Some("an unsigned sender has no signature"),
            (Method::Unsigned, None) => {}
            (_, None) => return Some("it is not said where the signature stands: call `.signature(..)`"),
            (_, Some((field, _))) if !is_field(field) => {
                return Some("a signature's header is lower case, and the separators of its list are ASCII and differ");
            }
            (method, Some((field, _))) if matches!(field.source, Source::Body) && !matches!(method, Method::Jwt(_)) => {
                return Some("only a token can be the whole body");
            }
            (method, Some((field, _))) if matches!(field.source, Source::Json) && !matches!(method, Method::Token) => {
                return Some("a signature cannot stand in the body that it signs");
            }
            (method, Some((field, _))) if matches!(field.source, Source::Rule) && !self.has_rule(method) => {
                return Some("only a rule finds what is found by rule: call `.signed_by(..)`");
            }
            _ => {}
        }
        if let Some((field, _)) = &self.ed25519
            && (!is_field(field) || !matches!(self.method, Method::Hmac(_)))
        {
            return Some("a second signature goes with an HMAC, and its header is lower case");
        }
        if let Some((field, _)) = &self.timestamp
            && !is_field(field)
        {
            return Some("a timestamp's header is lower case, and the separators of its list are ASCII and differ");
        }
        if let Some((field, _)) = &self.timestamp
            && matches!(field.source, Source::Rule)
        {
            if !self.has_rule(self.method) {
                return Some("only a rule finds what is found by rule: call `.signed_by(..)`");
            }
        } else if let Some((field, _)) = &self.timestamp
            && (!field.more.is_empty() || !matches!((field.source, field.lines), (Source::Header, Lines::One)))
        {
            return Some("a timestamp stands in one header, on one line");
        }
        if !is_place(self.id) || !is_place(self.event_type) {
            return Some("a place is a header in lower case or a JSON pointer that begins with `/`");
        }
        if let Some(header) = self.attempt
            && !is_header(header)
        {
            return Some("the header of the attempt is lower case");
        }
        if let Some(header) = self.account
            && !is_header(header)
        {
            return Some("the header of the account is lower case");
        }
        if let Some((pointer, _)) = self.time_in_body
            && (!is_place(Place::Json(pointer)) || self.timestamp.is_some())
        {
            return Some("a timestamp stands in the head or, at a JSON pointer, in the body");
        }
        if let Some(place) = self.key_place {
            match place {
                KeyPlace::IdInHeader(name) | KeyPlace::UrlInHeader(name, _) if !is_header(name) => {
                    return Some("the header that names the key is lower case");
                }
                _ if !self.has_public_keys() => {
                    return Some("a key that is fetched is a public one");
                }
                _ => {}
            }
        }
        let mut names = self.other_names;
        while let [(name, other), rest @ ..] = names {
            if !is_header(name) || !is_header(other) {
                return Some("other names are headers in lower case");
            }
            names = rest;
        }
        None
    }

    const fn has_public_keys(&self) -> bool {
        match self.method {
            Method::Public(_) => true,
            Method::Jwt(jwt) => jwt.takes_public_key(),
            _ => false,
        }
    }

    const fn has_rule(&self, method: Method) -> bool {
        matches!((method, self.content), (Method::Digest(_) | Method::Hmac(_) | Method::Public(_), Content::Rule(_)))
    }

    const fn parts_problem(&self, parts: &[Part]) -> Option<&'static str> {
        let (mut bodies, mut timed, mut secrets) = (0, false, 0);
        let mut rest = parts;
        while let [part, after @ ..] = rest {
            match part {
                Part::Body => bodies += 1,
                Part::Header(name) if !is_header(name) => return Some("a signed header is written in lower case"),
                Part::Id if !matches!(self.id, Place::Header(_)) => {
                    return Some("a signed delivery id stands in a header: call `.id(Place::Header(..))`");
                }
                Part::Lit(text) if text.is_empty() => return Some("an empty text between two parts separates nothing"),
                Part::Secret => secrets += 1,
                Part::Timestamp if self.timestamp.is_none() => {
                    return Some("the timestamp is signed, but it is not said where it stands: call `.timestamp(..)`");
                }
                Part::Timestamp => timed = true,
                _ => {}
            }
            rest = after;
        }
        if !timed && self.timestamp.is_some() {
            return Some("a timestamp that is not signed proves nothing: name it in `.signed(..)`");
        }
        match self.method {
            Method::Basic | Method::Jwt(_) | Method::Token | Method::Unsigned if parts.is_empty() => None,
            Method::Jwt(_) => Some("what a token says of the body is one of its claims"),
            Method::Basic | Method::Token | Method::Unsigned => Some("this sender signs nothing"),
            Method::Digest(_) if secrets != 1 => Some("the secret stands once in a digest: it is all that protects it"),
            Method::Hmac(_) | Method::Public(_) if secrets > 0 => Some("a secret is a part of nothing but a digest"),
            _ if bodies == 0 => Some("the body is not signed: name it in `.signed(..)`"),
            _ if bodies > 1 => Some("the body is signed once"),
            _ => None,
        }
    }
}

const fn is_name(name: &str) -> bool {
    let mut bytes = name.as_bytes();
    if bytes.is_empty() {
        return false;
    }
    while let [byte, rest @ ..] = bytes {
        if !matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-') {
            return false;
        }
        bytes = rest;
    }
    true
}

/// A header's name as HTTP/2 writes it, see [RFC 9110 §5.6.2](https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2).
pub(super) const fn is_header(name: &str) -> bool {
    let mut bytes = name.as_bytes();
    if bytes.is_empty() {
        return false;
    }
    while let [byte, rest @ ..] = bytes {
        if !matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.') {
            return false;
        }
        bytes = rest;
    }
    true
}

/// A name that is written in a query as it is.
pub(super) const fn is_parameter(name: &str) -> bool {
    let mut bytes = name.as_bytes();
    if bytes.is_empty() {
        return false;
    }
    while let [byte, rest @ ..] = bytes {
        if !matches!(byte, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.') {
            return false;
        }
        bytes = rest;
    }
    true
}

const fn is_field(field: &Field) -> bool {
    let separators = match field.list {
        None => true,
        Some(list) => {
            let grouped = match list.between_groups {
                None => true,
                Some(between) => between.is_ascii() && between as u32 != list.between_items as u32,
            };
            list.between_items.is_ascii()
                && grouped
                && match list.items {
                    Items::Pairs { between, key, or_key } => {
                        let second = match or_key {
                            None => true,
                            Some(second) => !second.is_empty(),
                        };
                        between.is_ascii() && list.between_items as u32 != between as u32 && !key.is_empty() && second
                    }
                    Items::First | Items::Last | Items::Rest | Items::Values => true,
                }
        }
    };
    let mut more = field.more;
    while let [name, rest @ ..] = more {
        if !is_header(name) {
            return false;
        }
        more = rest;
    }
    let named = match field.source {
        Source::Header => is_header(field.header),
        Source::Body | Source::Json | Source::Query | Source::Rule
            if !field.more.is_empty() || field.list.is_some() =>
        {
            false
        }
        Source::Body | Source::Rule => field.prefix.is_empty() && field.opening.is_empty(),
        Source::Json => is_place(Place::Json(field.header)) && field.prefix.is_empty() && field.opening.is_empty(),
        Source::Query => is_parameter(field.header),
    };
    // It opens one text.
    let opened = field.opening.is_empty() || (field.more.is_empty() && matches!(field.lines, Lines::One));
    named && separators && opened
}

pub(super) const fn is_place(place: Place) -> bool {
    match place {
        Place::Header(name) => is_header(name),
        Place::Json(pointer) => matches!(pointer.as_bytes(), [b'/', _, ..]),
        Place::Nowhere => true,
    }
}

#[cfg(test)]
mod tests;
