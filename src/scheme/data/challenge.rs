//! The challenges of a scheme as a file says them.

use serde::{Deserialize, Serialize};

use super::super::challenge::{self, Answer, Challenge, Come, FieldPlace, Host, Mark};
use super::super::field::{Field, header, json, query};
use super::words::{Encoding, words};

words! {
    Asked for Come { Get = "get", Head = "head", Options = "options", Post = "post", Verified = "verified" }
}

words! {
    Chars for challenge::Chars {
        Base64 = "base64",
        Hex = "hex",
        Sentence = "sentence",
        Token = "token",
        Uuid = "uuid",
    }
}

/// One question and its answer.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Question {
    asked: Asked,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<Plain>,
    #[serde(skip_serializing_if = "Option::is_none")]
    form: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    without: Option<Plain>,
    #[serde(skip_serializing_if = "Option::is_none")]
    verify_token: Option<Plain>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<Plain>,
    #[serde(skip_serializing_if = "Option::is_none")]
    characters: Option<Chars>,
    answer: Answered,
}

/// A field, without prefix and list.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Plain {
    Header(String),
    Json(String),
    Query(String),
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum Answered {
    AllowedOrigin,
    Confirm {
        host: String,
        ends: Vec<String>,
    },
    Fixed {
        status: u16,
        json: String,
    },
    Header(String),
    Json(Vec<Say>),
    Plain(Vec<Say>),
    Secret {
        #[serde(skip_serializing_if = "Option::is_none")]
        header: Option<String>,
    },
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Say {
    KeyId,
    Lit(String),
    Mac(Encoding),
    Sha256WithTokenAndUrl,
    Text,
}

impl Question {
    pub(super) fn of(question: &Challenge) -> Self {
        let Challenge { come, mark, is, without, verify_token, text, answer } = *question;
        let (by, form) = match mark {
            Mark::Anything => (None, None),
            Mark::Empty => (None, Some(String::new())),
            Mark::Field(field) => (Plain::of(&field), None),
            Mark::Form(name) => (None, Some(name.to_owned())),
        };
        Self {
            asked: Asked::of(come),
            by,
            form,
            is: is.map(str::to_owned),
            without: without.as_ref().and_then(Plain::of),
            verify_token: verify_token.as_ref().and_then(Plain::of),
            text: text.as_ref().and_then(|(field, _)| Plain::of(field)),
            characters: text.map(|(_, chars)| Chars::of(chars)),
            answer: Answered::of(answer),
        }
    }

    /// Its texts leaked.
    pub(super) fn keep(self) -> Result<Challenge, String> {
        let answer = self.answer.keep();
        let text = match (self.text, self.characters) {
            (Some(text), Some(chars)) => Some((text.keep(), chars.value())),
            (None, None) => None,
            _ => return Err(String::from("a challenge has `text` and its `characters`, or neither")),
        };
        if text.is_none() && !matches!(answer, Answer::Fixed(..)) {
            return Err(String::from("what a challenge answers comes from its `text`, if it is not `fixed`"));
        }
        let mark = match (self.by, self.form) {
            (Some(_), Some(_)) => return Err(String::from("a challenge is told by a field or by a form")),
            (Some(field), None) => Mark::Field(field.keep()),
            (None, Some(name)) if name.is_empty() => Mark::Empty,
            (None, Some(name)) => Mark::Form(name.leak()),
            (None, None) => Mark::Anything,
        };
        Ok(Challenge {
            come: self.asked.value(),
            mark,
            is: self.is.map(|value| &*value.leak()),
            without: self.without.map(Plain::keep),
            verify_token: self.verify_token.map(Plain::keep),
            text,
            answer,
        })
    }
}

impl Plain {
    fn of(field: &Field) -> Option<Self> {
        Some(match field.place() {
            FieldPlace::Header(name) => Self::Header(name.to_owned()),
            FieldPlace::Json(pointer) => Self::Json(pointer.to_owned()),
            FieldPlace::Query(name) => Self::Query(name.to_owned()),
            FieldPlace::Nowhere => return None,
        })
    }

    fn keep(self) -> Field {
        match self {
            Self::Header(name) => header(name.leak()),
            Self::Json(pointer) => json(pointer.leak()),
            Self::Query(name) => query(name.leak()),
        }
    }
}

impl Answered {
    fn of(answer: Answer) -> Self {
        let pieces = |pieces: &[challenge::Say]| pieces.iter().map(Say::of).collect();
        match answer {
            Answer::AllowedOrigin => Self::AllowedOrigin,
            Answer::Fixed(status, json) => Self::Fixed { status, json: json.to_owned() },
            Answer::Header(name) => Self::Header(name.to_owned()),
            Answer::Json(said) => Self::Json(pieces(said)),
            Answer::Plain(said) => Self::Plain(pieces(said)),
            Answer::Secret(header) => Self::Secret { header: header.map(str::to_owned) },
            Answer::Url(Host { begins, ends }) => {
                Self::Confirm { host: begins.to_owned(), ends: ends.iter().map(|end| (*end).to_owned()).collect() }
            }
        }
    }

    fn keep(self) -> Answer {
        let pieces = |pieces: Vec<Say>| &*pieces.into_iter().map(Say::keep).collect::<Vec<_>>().leak();
        match self {
            Self::AllowedOrigin => Answer::AllowedOrigin,
            Self::Confirm { host, ends } => {
                let ends: Vec<&'static str> = ends.into_iter().map(|end| &*end.leak()).collect();
                Answer::Url(Host { begins: host.leak(), ends: ends.leak() })
            }
            Self::Fixed { status, json } => Answer::Fixed(status, json.leak()),
            Self::Header(name) => Answer::Header(name.leak()),
            Self::Json(said) => Answer::Json(pieces(said)),
            Self::Plain(said) => Answer::Plain(pieces(said)),
            Self::Secret { header } => Answer::Secret(header.map(|name| &*name.leak())),
        }
    }
}

impl Say {
    fn of(piece: &challenge::Say) -> Self {
        match *piece {
            challenge::Say::KeyId => Self::KeyId,
            challenge::Say::Lit(text) => Self::Lit(text.to_owned()),
            challenge::Say::Mac(encoding) => Self::Mac(Encoding::of(encoding)),
            challenge::Say::Sha256WithTokenAndUrl => Self::Sha256WithTokenAndUrl,
            challenge::Say::Text => Self::Text,
        }
    }

    fn keep(self) -> challenge::Say {
        match self {
            Self::KeyId => challenge::Say::KeyId,
            Self::Lit(text) => challenge::Say::Lit(text.leak()),
            Self::Mac(encoding) => challenge::Say::Mac(encoding.value()),
            Self::Sha256WithTokenAndUrl => challenge::Say::Sha256WithTokenAndUrl,
            Self::Text => challenge::Say::Text,
        }
    }
}
