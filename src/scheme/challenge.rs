//! How a sender asks whether an endpoint is the right one, as data.

use http::request::Parts;

use super::description::Scheme;
use super::field::{Field, Source};

/// One question by which a sender makes sure of an endpoint, how it is told from a delivery, and its answer.
///
/// Begins with how it comes ([`get`](Self::get), [`any_get`](Self::any_get), [`any_head`](Self::any_head),
/// [`options`](Self::options), [`post`](Self::post), [`post_form`](Self::post_form), [`post_empty`](Self::post_empty):
/// unsigned; [`verified`](Self::verified): behind the signature) and ends with what is answered. Fields are a plain
/// [`header`](super::header), [`query`](super::query) or
/// [`json`](super::json).
///
/// ```
/// use tower_webhook::scheme::{Challenge, Chars, Encoding, Say, Scheme, header, json, query};
///
/// const ACME: Scheme = Scheme::hmac_sha256("acme")
///     .signature(header("x-acme-signature"), Encoding::Hex)
///     .challenge(&[
///         // `GET /hook?echo=a1b2`: answer `a1b2`.
///         Challenge::get(query("echo")).echo(query("echo"), Chars::Token),
///         // A signed `{"type":"hello","nonce":"a1b2"}`: answer `{"nonce":"a1b2"}`.
///         Challenge::verified(json("/type")).is("hello").json(
///             json("/nonce"),
///             Chars::Token,
///             &[Say::Lit(r#"{"nonce":""#), Say::Text, Say::Lit(r#""}"#)],
///         ),
///     ])
///     .checked();
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Challenge {
    pub(crate) come: Come,
    pub(crate) mark: Mark,
    pub(crate) is: Option<&'static str>,
    pub(crate) without: Option<Field>,
    pub(crate) verify_token: Option<Field>,
    pub(crate) text: Option<(Field, Chars)>,
    pub(crate) answer: Answer,
}

/// By which method it comes, and whether it is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Come {
    Get,
    Head,
    Options,
    Post,
    /// In a delivery that was verified.
    Verified,
}

/// What tells a challenge from all else.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Mark {
    /// The method alone.
    Anything,
    /// There is no body.
    Empty,
    Field(Field),
    /// The whole body is this name, `=` and digits.
    Form(&'static str),
}

/// What is answered.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Answer {
    /// The origin that is allowed, in the headers that CloudEvents names.
    AllowedOrigin,
    /// A fixed status and JSON body.
    Fixed(u16, &'static str),
    /// The text in a header of this name.
    Header(&'static str),
    /// These pieces as JSON.
    Json(&'static [Say]),
    /// These pieces as plain text.
    Plain(&'static [Say]),
    /// The text is the secret to come: it is handed over, and then shown again in a header, if one is named.
    Secret(Option<&'static str>),
    /// The text is an URL to be called: it is handed over, if its host is of this kind.
    Url(Host),
}

/// A host of which one label varies: `begins`, the label, one of `ends`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Host {
    pub(crate) begins: &'static str,
    pub(crate) ends: &'static [&'static str],
}

/// A piece of an answer.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Say {
    /// The receiver's own id at the sender, see [`Sender::key_id`](super::Sender::key_id).
    KeyId,
    /// A fixed text.
    Lit(&'static str),
    /// The scheme's own HMAC over the text.
    Mac(super::Encoding),
    /// SHA-256, in hex, of the text, the verify token and the public URL, one behind the other.
    Sha256WithTokenAndUrl,
    /// The text.
    Text,
}

/// The characters of a text that is answered, and how many there are at most. None of them means anything to HTML,
/// JSON or a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Chars {
    /// `A-Z a-z 0-9 . _ - + / =`, at most 256.
    Base64,
    /// 20 to 64 of `0-9 a-f`.
    Hex,
    /// Printable ASCII but `" & ' < > \`, blanks inside of it, at most 256.
    Sentence,
    /// `A-Z a-z 0-9 . _ -`, at most 256.
    Token,
    /// 36 of `0-9 A-F a-f -`.
    Uuid,
}

/// The longest text that is repeated.
const LONGEST: usize = 256;

impl Chars {
    /// Whether `text` may be answered.
    #[must_use]
    pub fn allow(self, text: &[u8]) -> bool {
        let length = match self {
            Self::Hex => 20..=64,
            Self::Uuid => 36..=36,
            Self::Base64 | Self::Sentence | Self::Token => 1..=LONGEST,
        };
        length.contains(&text.len()) && text.trim_ascii().len() == text.len() && text.iter().all(|byte| self.has(*byte))
    }

    pub(super) const fn has(self, byte: u8) -> bool {
        let token = byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        match self {
            Self::Base64 => token || matches!(byte, b'+' | b'/' | b'='),
            Self::Hex => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
            Self::Sentence => matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'&' | b'\'' | b'<' | b'>' | b'\\'),
            Self::Token => token,
            Self::Uuid => byte.is_ascii_hexdigit() || byte == b'-',
        }
    }
}

impl Challenge {
    const fn new(come: Come, mark: Mark) -> Self {
        Self { come, mark, is: None, without: None, verify_token: None, text: None, answer: Answer::Fixed(200, "") }
    }

    /// An unsigned `GET` that has this field. Answered with an empty 200, until something else is said.
    #[must_use]
    pub const fn get(mark: Field) -> Self {
        Self::new(Come::Get, Mark::Field(mark))
    }

    /// Any `GET`: the sender wants to see a 200.
    #[must_use]
    pub const fn any_get() -> Self {
        Self::new(Come::Get, Mark::Anything)
    }

    /// Any `HEAD`: the sender wants to see a 200.
    #[must_use]
    pub const fn any_head() -> Self {
        Self::new(Come::Head, Mark::Anything)
    }

    /// An unsigned `OPTIONS` with this field.
    #[must_use]
    pub const fn options(mark: Field) -> Self {
        Self::new(Come::Options, Mark::Field(mark))
    }

    /// An unsigned `POST` with this field. A request with the header of the scheme's signature is none.
    #[must_use]
    pub const fn post(mark: Field) -> Self {
        Self::new(Come::Post, Mark::Field(mark))
    }

    /// An unsigned `POST` of which the whole body is `name=` and digits, answered with an empty 200.
    #[must_use]
    pub const fn post_form(name: &'static str) -> Self {
        Self::new(Come::Post, Mark::Form(name))
    }

    /// An unsigned `POST` without a body, answered with an empty 200.
    #[must_use]
    pub const fn post_empty() -> Self {
        Self::new(Come::Post, Mark::Empty)
    }

    /// A delivery with this field, once its signature was checked.
    #[must_use]
    pub const fn verified(mark: Field) -> Self {
        Self::new(Come::Verified, Mark::Field(mark))
    }

    /// The field that marks it has this value.
    #[must_use]
    pub const fn is(mut self, value: &'static str) -> Self {
        self.is = Some(value);
        self
    }

    /// Where this field is there, too, it is a delivery like others.
    #[must_use]
    pub const fn without(mut self, field: Field) -> Self {
        self.without = Some(field);
        self
    }

    /// It is answered only where this field is the verify token that was agreed on.
    #[must_use]
    pub const fn verify_token(mut self, field: Field) -> Self {
        self.verify_token = Some(field);
        self
    }

    const fn answered(mut self, text: Field, chars: Chars, answer: Answer) -> Self {
        self.text = Some((text, chars));
        self.answer = answer;
        self
    }

    /// Answers the text as `text/plain`.
    #[must_use]
    pub const fn echo(self, text: Field, chars: Chars) -> Self {
        self.answered(text, chars, Answer::Plain(&[Say::Text]))
    }

    /// Answers these pieces as `text/plain`.
    #[must_use]
    pub const fn plain(self, text: Field, chars: Chars, pieces: &'static [Say]) -> Self {
        self.answered(text, chars, Answer::Plain(pieces))
    }

    /// Answers these pieces as `application/json`.
    #[must_use]
    pub const fn json(self, text: Field, chars: Chars, pieces: &'static [Say]) -> Self {
        self.answered(text, chars, Answer::Json(pieces))
    }

    /// Answers the text in a header, its name in lower case, with an empty 200.
    #[must_use]
    pub const fn header(self, text: Field, chars: Chars, name: &'static str) -> Self {
        self.answered(text, chars, Answer::Header(name))
    }

    /// Answers `status` with a fixed JSON body, or with none where it is empty.
    #[must_use]
    pub const fn fixed(mut self, status: u16, json: &'static str) -> Self {
        self.answer = Answer::Fixed(status, json);
        self
    }

    /// The text is the secret that the sender signs with from now on: trust on first use. It is handed over as
    /// [`Handshake::Secret`](crate::challenge::Handshake::Secret), and then shown again in the header that is named,
    /// if one is.
    #[must_use]
    pub const fn secret(self, text: Field, header: Option<&'static str>) -> Self {
        self.answered(text, Chars::Base64, Answer::Secret(header))
    }

    /// The text is an `https` URL that is to be called; its host is `begins`, one label, and one of `ends`. It is
    /// handed over as [`Handshake::Confirm`](crate::challenge::Handshake::Confirm), for nothing here calls anybody.
    #[must_use]
    pub const fn confirm(mut self, text: Field, begins: &'static str, ends: &'static [&'static str]) -> Self {
        // An URL is not repeated, so its characters are no matter.
        self.text = Some((text, Chars::Sentence));
        self.answer = Answer::Url(Host { begins, ends });
        self
    }

    /// Answers with the origin in the text as allowed, if it is one that was agreed on
    /// ([CloudEvents webhooks §4](https://github.com/cloudevents/spec/blob/main/cloudevents/http-webhook.md)).
    #[must_use]
    pub const fn allowed_origin(self, text: Field) -> Self {
        self.answered(text, Chars::Token, Answer::AllowedOrigin)
    }

    /// Whether it is answered before anything was verified.
    #[must_use]
    pub const fn is_unsigned(&self) -> bool {
        !matches!(self.come, Come::Verified)
    }

    /// Whether its answer is computed with the secret that deliveries are signed with.
    #[must_use]
    pub const fn is_computed(&self) -> bool {
        let (Answer::Json(mut pieces) | Answer::Plain(mut pieces)) = self.answer else { return false };
        while let [piece, rest @ ..] = pieces {
            if matches!(piece, Say::Mac(_)) {
                return true;
            }
            pieces = rest;
        }
        false
    }

    /// Whether one has to read the body of a request that nobody signed.
    pub(crate) const fn reads_unsigned_body(&self) -> bool {
        self.is_unsigned()
            && match self.mark {
                Mark::Anything | Mark::Empty => false,
                Mark::Field(field) => matches!(field.source, Source::Json),
                Mark::Form(_) => true,
            }
    }

    /// What is configured beside the secret: for the documentation.
    #[must_use]
    pub const fn needs(&self) -> Option<&'static str> {
        match self.answer {
            Answer::AllowedOrigin => Some("allow_origin"),
            Answer::Secret(_) | Answer::Url(_) => Some("on_handshake"),
            _ if self.verify_token.is_some() => Some("verify_token"),
            _ => None,
        }
    }
}

impl Scheme {
    /// Whether the head has a header or parameter in which this scheme's signatures stand.
    pub(crate) fn shows_signature(&self, head: &Parts) -> bool {
        let fields = [self.signature, self.ed25519];
        fields.into_iter().flatten().any(|(field, _)| {
            let other = |name: &str| self.other_names.iter().any(|(own, other)| *own == name && has(head, other));
            match field.source {
                Source::Header => {
                    let mut names = field.more.iter().chain([&field.header]);
                    names.any(|name| has(head, name) || other(name))
                }
                Source::Body | Source::Json | Source::Rule => false,
                Source::Query => {
                    let mut names = head.uri.query().unwrap_or_default().split('&').map(|pair| pair.split('=').next());
                    names.any(|name| name == Some(field.header))
                }
            }
        })
    }
}

fn has(head: &Parts, name: &str) -> bool {
    head.headers.contains_key(name)
}

/// Where a field of a challenge stands: each is a plain one, or [no scheme](Scheme::problem).
pub(crate) enum FieldPlace {
    Header(&'static str),
    Json(&'static str),
    Nowhere,
    Query(&'static str),
}

impl Field {
    pub(crate) const fn place(&self) -> FieldPlace {
        match self.source {
            Source::Header => FieldPlace::Header(self.header),
            Source::Json => FieldPlace::Json(self.header),
            Source::Query => FieldPlace::Query(self.header),
            Source::Body | Source::Rule => FieldPlace::Nowhere,
        }
    }
}
