//! What in a description of challenges contradicts itself, found in `const` context.

use super::challenge::{Answer, Challenge, Chars, Come, Mark};
use super::check::{is_header, is_parameter, is_place};
use super::description::Scheme;
use super::field::{Field, Lines, Source};
use super::terms::{Content, Method, Part, Place};

impl Scheme {
    pub(super) const fn challenges_problem(&self) -> Option<&'static str> {
        let mut challenges = self.challenges;
        while let [challenge, rest @ ..] = challenges {
            if let Some(problem) = self.challenge_problem(challenge) {
                return Some(problem);
            }
            challenges = rest;
        }
        None
    }

    const fn challenge_problem(&self, challenge: &Challenge) -> Option<&'static str> {
        match challenge.mark {
            Mark::Field(field) if !is_plain(&field) => return Some(PLAIN),
            Mark::Form(name) if !is_parameter(name) => return Some(PLAIN),
            _ => {}
        }
        let reads_body = challenge.reads_unsigned_body();
        let mut fields = [challenge.verify_token, challenge.without, None];
        if let Some((field, _)) = challenge.text {
            fields = [challenge.verify_token, challenge.without, Some(field)];
        }
        let mut at = fields.as_slice();
        while let [field, rest @ ..] = at {
            if let Some(field) = field {
                if !is_plain(field) {
                    return Some(PLAIN);
                }
                if matches!(field.source, Source::Json) && challenge.is_unsigned() && !reads_body {
                    return Some("an unsigned challenge that is told by its head is answered without its body");
                }
            }
            at = rest;
        }
        if reads_body && !self.signature_stands_in_head() {
            return Some("an unsigned body is told from a delivery by a signature that is missing in the head");
        }
        match challenge.answer {
            Answer::Fixed(status, _) if status < 200 || status > 299 => Some("a challenge is answered with 2xx"),
            Answer::Header(name) | Answer::Secret(Some(name)) if !is_header(name) => {
                Some("the header of an answer is lower case")
            }
            Answer::AllowedOrigin if !matches!(challenge.come, Come::Options) => {
                Some("an origin is asked for by `OPTIONS`")
            }
            Answer::Url(_) if challenge.is_unsigned() => Some("an URL that nobody signed is called by nobody"),
            Answer::Secret(_) if !matches!(self.method, Method::Hmac(_)) || !challenge.is_unsigned() => {
                Some("the secret of an HMAC is agreed on before anything is signed")
            }
            _ if challenge.is_computed() => self.oracle_problem(challenge),
            _ => None,
        }
    }

    /// A computed answer is the scheme's own HMAC over a text that anybody may choose, so no such text may be what a
    /// delivery has signed: either the body alone is signed, which [`ChallengeLayer`](crate::ChallengeLayer) refuses
    /// where it could be such a text, or there is something in what is signed that no such text has.
    const fn oracle_problem(&self, challenge: &Challenge) -> Option<&'static str> {
        let Some((_, chars)) = challenge.text else { return Some("a challenge without a text computes nothing") };
        if !matches!(self.method, Method::Hmac(_)) {
            return Some("an answer is computed with the key of an HMAC");
        }
        if matches!(chars, Chars::Base64 | Chars::Sentence) {
            return Some("an answer that is computed is one to a token, a UUID or hex digits");
        }
        match self.content {
            Content::Rule(_) if matches!(chars, Chars::Hex | Chars::Uuid) => None,
            Content::Rule(_) => Some("what a rule signs could be such a text: let it be a UUID or hex digits"),
            Content::Parts([Part::Body]) => None,
            Content::Parts(parts) => {
                let mut parts = parts;
                while let [part, rest @ ..] = parts {
                    if let Part::Lit(text) = part
                        && has_another(text.as_bytes(), chars)
                    {
                        return None;
                    }
                    parts = rest;
                }
                Some("the answer to a challenge could be the signature of a delivery")
            }
        }
    }

    const fn signature_stands_in_head(&self) -> bool {
        matches!(&self.signature, Some((field, _)) if matches!(field.source, Source::Header | Source::Query))
    }
}

const PLAIN: &str = "a field of a challenge is a header, a parameter or a pointer, without prefix and list";

const fn has_another(mut bytes: &[u8], chars: Chars) -> bool {
    while let [byte, rest @ ..] = bytes {
        if !chars.has(*byte) {
            return true;
        }
        bytes = rest;
    }
    false
}

const fn is_plain(field: &Field) -> bool {
    let bare = field.prefix.is_empty()
        && field.opening.is_empty()
        && field.list.is_none()
        && field.more.is_empty()
        && matches!(field.lines, Lines::One);
    bare && match field.source {
        Source::Header => is_header(field.header),
        Source::Json => is_place(Place::Json(field.header)),
        Source::Query => is_parameter(field.header),
        Source::Body | Source::Rule => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::Whole;
    use super::super::{Encoding, Say, TimestampFormat, body, header, item, json, query};
    use super::*;

    const BODY: Scheme = Scheme::hmac_sha256("acme").signature(header("x-acme"), Encoding::Hex);
    const MAC: &[Say] = &[Say::Mac(Encoding::Hex)];
    const COMPUTED: &[Challenge] = &[Challenge::get(query("a")).plain(query("a"), Chars::Token, MAC)];
    const BY_HEX: &[Challenge] = &[Challenge::get(query("a")).plain(query("a"), Chars::Hex, MAC)];
    const BY_UUID: &[Challenge] = &[Challenge::get(query("a")).plain(query("a"), Chars::Uuid, MAC)];
    const LAST_SUCCESS: &[Challenge] = &[Challenge::get(query("a")).fixed(299, "")];

    #[test]
    fn each_contradiction_is_named() {
        const TIMED: Scheme = BODY.timestamp(header("x-time"), TimestampFormat::UnixSeconds);
        const TOKEN: Scheme = Scheme::token("acme", header("x-token"));
        const JSON_TOKEN: Scheme = Scheme::token("acme", json("/token"));
        const WRONG: &[(Scheme, &str)] = &[
            (BODY.challenge(&[Challenge::get(header("X-Upper"))]), "without prefix"),
            (BODY.challenge(&[Challenge::get(query("a=b"))]), "without prefix"),
            (BODY.challenge(&[Challenge::post_form("a b")]), "without prefix"),
            (BODY.challenge(&[Challenge::get(query("a")).echo(json("/a"), Chars::Token)]), "without its body"),
            (BODY.challenge(&[Challenge::get(query("a")).fixed(500, "")]), "2xx"),
            (BODY.challenge(&[Challenge::get(query("a")).header(query("a"), Chars::Token, "X-A")]), "lower case"),
            (BODY.challenge(&[Challenge::get(query("a")).allowed_origin(query("a"))]), "OPTIONS"),
            (BODY.challenge(&[Challenge::post(json("/a")).confirm(json("/a"), "a.", &[".b"])]), "nobody signed"),
            (BODY.challenge(&[Challenge::verified(json("/a")).secret(json("/a"), None)]), "before anything is signed"),
            (TOKEN.challenge(&[Challenge::get(query("a")).plain(query("a"), Chars::Token, MAC)]), "key of an HMAC"),
            (BODY.challenge(&[Challenge::get(query("a")).plain(query("a"), Chars::Base64, MAC)]), "computed"),
            (JSON_TOKEN.challenge(&[Challenge::post_form("a")]), "missing in the head"),
            (
                TIMED.signed(&[Part::Timestamp, Part::Body]).challenge(&[Challenge::get(query("a")).plain(
                    query("a"),
                    Chars::Token,
                    MAC,
                )]),
                "signature of a delivery",
            ),
            (
                TIMED
                    .signed(&[Part::Timestamp, Part::Lit("."), Part::Body])
                    .challenge(&[Challenge::get(query("a")).plain(query("a"), Chars::Token, MAC)]),
                "signature of a delivery",
            ),
        ];
        let rule = Scheme::hmac_sha256("acme").signature(header("x-acme"), Encoding::Hex).signed_by(&Whole);
        let by_token = (rule.challenge(COMPUTED), "what a rule signs");
        for (scheme, word) in WRONG.iter().chain([&by_token]) {
            let problem = scheme.problem().unwrap_or_default();
            assert!(problem.contains(word), "{word}: {problem}");
        }
        let colon = TIMED.signed(&[Part::Timestamp, Part::Lit(":"), Part::Body]);
        for scheme in [BODY, colon] {
            assert_eq!(scheme.challenge(COMPUTED).problem(), None);
        }
        for chars in [BY_HEX, BY_UUID] {
            assert_eq!(rule.challenge(chars).problem(), None);
        }
        assert_eq!(BODY.challenge(LAST_SUCCESS).problem(), None);
    }

    #[test]
    fn a_field_of_a_challenge_is_one_value() {
        assert!(is_plain(&header("x-a")) && is_plain(&query("a")) && is_plain(&json("/a")));
        for field in [
            header("x-a").prefix("a="),
            header("x-a").opening("a="),
            header("x-a").or_headers(&["x-b"]),
            header("x-a").on_several_lines(),
            item("x-a", ',', "a"),
            json("a"),
            query("a b"),
            body(),
        ] {
            assert!(!is_plain(&field), "{field:?}");
        }
    }
}
