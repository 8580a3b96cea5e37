//! A challenge in words, for the documentation.

use super::challenge::{Answer, Challenge, Come, FieldPlace, Mark, Say};
use super::field::Field;

impl Challenge {
    /// How it is told from a delivery, such as `` `GET` with the parameter `challenge` ``.
    #[must_use]
    pub fn asked(&self) -> String {
        let method = match self.come {
            Come::Get => "`GET`",
            Come::Head => "`HEAD`",
            Come::Options => "`OPTIONS`",
            Come::Post => "`POST`",
            Come::Verified => "delivery",
        };
        let is = self.is.map(|value| format!(" = `{value}`")).unwrap_or_default();
        let without = self.without.map(|field| format!(", without {}", words(&field))).unwrap_or_default();
        match self.mark {
            Mark::Anything => format!("any {method}{without}"),
            Mark::Field(field) => format!("{method} with {}{is}{without}", words(&field)),
            Mark::Empty => format!("{method} without a body"),
            Mark::Form(name) => format!("{method} of `{name}=` and digits"),
        }
    }

    /// What is answered, such as `` `{"challenge":"<text>"}` ``.
    #[must_use]
    pub fn answered_with(&self) -> String {
        match self.answer {
            Answer::AllowedOrigin => String::from("`webhook-allowed-origin`, `webhook-allowed-rate: *`"),
            Answer::Fixed(status, "") => status.to_string(),
            Answer::Fixed(status, json) => format!("{status} `{json}`"),
            Answer::Header(name) => format!("`{name}: <text>`"),
            Answer::Json(pieces) | Answer::Plain(pieces) => {
                let said: String = pieces.iter().map(said).collect();
                format!("`{said}`")
            }
            Answer::Secret(Some(name)) => format!("`{name}: <text>`, once the secret is taken"),
            Answer::Secret(None) => String::from("200, once the secret is taken"),
            Answer::Url(host) => format!("200, once the URL of `{}…` is taken", host.begins),
        }
    }
}

fn words(field: &Field) -> String {
    match field.place() {
        FieldPlace::Header(name) => format!("the header `{name}`"),
        FieldPlace::Json(pointer) => format!("`{pointer}`"),
        FieldPlace::Nowhere => String::from("nothing"),
        FieldPlace::Query(name) => format!("the parameter `{name}`"),
    }
}

fn said(piece: &Say) -> String {
    match piece {
        Say::KeyId => String::from("<key id>"),
        Say::Lit(text) => (*text).to_owned(),
        Say::Mac(encoding) => format!("<HMAC, {encoding:?}>"),
        Say::Sha256WithTokenAndUrl => String::from("<SHA-256 of text, token and URL>"),
        Say::Text => String::from("<text>"),
    }
}
