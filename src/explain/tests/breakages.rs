//! What can go wrong between a sender and its receiver, one delivery each.

use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderName, HeaderValue};

use super::senders::{NOW, URL, configured, secret, secret_text, signed};
use super::written::by;
use crate::encoding::Encoding;
use crate::explain::{Cause, Confidence, Explanation, Refused, Route, explain};
use crate::rejection::Reason;
use crate::scheme::{Items, Part, Scheme, Sender, Signer, Verifier};
use crate::secret::{Secret, Secrets};

/// A delivery as it came, and the route as it was configured.
pub(super) struct Broken {
    pub(super) what: String,
    pub(super) causes: Vec<Cause>,
    pub(super) route: Route,
    pub(super) others: Vec<Route>,
    pub(super) head: Parts,
    pub(super) body: Bytes,
    keys: Secrets,
    pub(super) sender: Sender,
}

impl Broken {
    /// Why the layer refuses it; `None` where it does not.
    pub(super) fn reason(&self) -> Option<Reason> {
        match Verifier::new(self.sender.clone(), self.keys.clone()) {
            Ok(verifier) => verifier.verify(&self.head, &self.body, Some(NOW)).err().map(|error| error.reason()),
            Err(_) => Some(Reason::NotConfigured),
        }
    }

    pub(super) fn explained(&self, reason: Reason) -> Explanation {
        explain(&self.route, &self.others, &Refused::new(&self.head, reason).body(&self.body).at(NOW))
    }

    /// As the layers see what they refuse on the head.
    pub(super) fn explained_by_head(&self, reason: Reason) -> Explanation {
        explain(&self.route, &self.others, &Refused::new(&self.head, reason).at(NOW))
    }
}

/// All that is tried with one sender. With `key` 1 the sender signs with the secret that the receiver has, with another
/// it is a forger.
pub(super) fn all(scheme: Scheme, key: u8) -> Vec<Broken> {
    let bench = Bench { sender: configured(scheme), right: secret(&scheme, key) };
    let mut all = bench.bodies();
    all.extend(bench.secrets());
    all.extend(bench.signatures());
    all.extend(bench.times());
    all.extend(bench.urls());
    all.push(bench.other_sender());
    all
}

struct Bench {
    sender: Sender,
    right: Secret,
}

impl Bench {
    fn scheme(&self) -> &Scheme {
        self.sender.scheme()
    }

    fn of(&self, what: &str, cause: Cause, head: Parts, body: impl Into<Bytes>) -> Broken {
        let keys = Secrets::from(secret(self.scheme(), 1));
        Broken {
            what: what.to_owned(),
            causes: vec![cause],
            route: Route::new("own", self.sender.clone(), keys.clone()),
            others: vec![Route::new("other", self.sender.clone(), secret(self.scheme(), 2))],
            head,
            body: body.into(),
            keys,
            sender: self.sender.clone(),
        }
    }

    /// A body was sent and signed, and another one came.
    fn body(&self, what: &str, cause: Cause, sent: &[u8], came: &[u8]) -> Broken {
        self.of(what, cause, self.sign(sent), came.to_vec())
    }

    fn sign(&self, body: &[u8]) -> Parts {
        signed(&self.sender, &self.right, &Bytes::copy_from_slice(body), NOW)
    }

    fn bodies(&self) -> Vec<Broken> {
        let mut all = Vec::new();
        for (sent, came) in [
            ("javascript", "python"),
            ("javascript", "php"),
            ("javascript", "go"),
            ("python", "javascript"),
            ("php", "javascript"),
            ("php pretty", "javascript"),
            ("go", "javascript"),
            ("go encoder", "php"),
            ("go indent", "javascript tab"),
            ("python indent=4", "javascript"),
            ("javascript", "php pretty"),
        ] {
            let what = format!("written by {sent}, came as by {came}");
            all.push(self.body(&what, Cause::BodyJsonRewritten, by(sent).as_bytes(), by(came).as_bytes()));
        }
        let (js, indented) = (by("javascript"), by("javascript indent 2"));
        let latin1: Vec<u8> = "{\"name\":\"Zoë Ünïcode\"}".chars().map(|c| u8::try_from(c).unwrap()).collect();
        let lines = indented.replace('\n', "\r\n");
        let pairs = vec![
            ("newline added", Cause::BodyNewline, js.into(), format!("{js}\n").into_bytes()),
            ("newline taken", Cause::BodyNewline, format!("{js}\n").into(), js.into()),
            ("CRLF at the end", Cause::BodyNewline, js.into(), format!("{js}\r\n").into()),
            ("LF to CRLF", Cause::BodyLineEnds, indented.into(), lines.clone().into()),
            ("CRLF to LF", Cause::BodyLineEnds, lines.into(), indented.into()),
            ("BOM added", Cause::BodyByteOrderMark, js.into(), format!("\u{feff}{js}").into()),
            ("BOM taken", Cause::BodyByteOrderMark, format!("\u{feff}{js}").into(), js.into()),
            ("Latin-1 as UTF-8", Cause::BodyCharset, latin1.clone(), "{\"name\":\"Zoë Ünïcode\"}".into()),
            ("UTF-8 twice", Cause::BodyCharset, js.into(), js.bytes().map(char::from).collect::<String>().into()),
            ("not UTF-8", Cause::BodyCharset, latin1.clone(), String::from_utf8_lossy(&latin1).into_owned().into()),
            ("in a string", Cause::BodyJsonInString, js.into(), serde_json::to_string(js).unwrap().into()),
            ("numbers", Cause::BodyNumbersRewritten, by("python float").into(), js.into()),
            ("numbers in Python", Cause::BodyNumbersRewritten, by("python").into(), by("python float").into()),
            ("form", Cause::BodyFormRewritten, by("form python").into(), by("form javascript").into()),
            ("form in PHP", Cause::BodyFormRewritten, by("form php").into(), by("form python quote").into()),
            (
                "form of JavaScript",
                Cause::BodyFormRewritten,
                by("form javascript encodeURIComponent").into(),
                by("form php").into(),
            ),
            ("form unwrapped", Cause::BodyFormUnwrapped, by("form python payload").into(), by("python").into()),
            ("form wrapped", Cause::BodyFormUnwrapped, by("python").into(), by("form python payload").into()),
            ("empty", Cause::BodyEmpty, js.into(), Vec::new()),
            (
                "compressed",
                Cause::BodyCompressed,
                js.into(),
                [&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3][..], &[0x9a; 40]].concat(),
            ),
        ];
        for (what, cause, sent, came) in pairs {
            all.push(self.body(what, cause, &sent, &came));
        }
        let mut head = self.sign(&[&[0x1f, 0x8b, 8, 0][..], &[0x9a; 40]].concat());
        head.headers.insert(http::header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        all.push(self.of("decompressed", Cause::BodyDecompressed, head, js));
        all
    }

    /// The receiver has another text of the secret.
    fn configured(&self, what: &str, causes: &[Cause], text: &[u8]) -> Option<Broken> {
        let keys = Secrets::from(Secret::short(text).ok()?);
        let mut broken = self.of(what, *causes.first()?, self.sign(by("javascript").as_bytes()), by("javascript"));
        broken.causes = causes.to_vec();
        broken.route = Route::new("own", self.sender.clone(), keys.clone());
        broken.keys = keys;
        Some(broken)
    }

    fn secrets(&self) -> Vec<Broken> {
        let text = secret_text(self.scheme(), 1);
        let mut all = Vec::new();
        let (space, quotes, prefix) = ([Cause::SecretWhiteSpace], [Cause::SecretQuotes], [Cause::SecretPrefix]);
        all.extend(self.configured("secret with a line end", &space, format!("{text}\n").as_bytes()));
        all.extend(self.configured("secret with CRLF", &space, format!("{text}\r\n").as_bytes()));
        all.extend(self.configured("secret with blanks", &space, format!("  {text} ").as_bytes()));
        all.extend(self.configured("secret in quotes", &quotes, format!("\"{text}\"").as_bytes()));
        all.extend(self.configured("secret with a name", &prefix, format!("WEBHOOK_SECRET={text}").as_bytes()));
        all.extend(self.configured("secret with a wrong prefix", &prefix, format!("v1,whsec_{text}").as_bytes()));
        let encoded = Encoding::Base64.encode(text.as_bytes());
        all.extend(self.configured("secret in base64", &[Cause::SecretWritten], encoded.as_bytes()));
        let hex = Encoding::Hex.encode(text.as_bytes());
        all.extend(self.configured("secret in hex", &[Cause::SecretWritten], hex.as_bytes()));
        let other = secret_text(self.scheme(), 3);
        let mut other_route =
            self.configured("secret of another route", &[Cause::SecretOfOtherRoute], other.as_bytes()).unwrap();
        other_route.others = vec![
            Route::new("third", self.sender.clone(), secret(self.scheme(), 4)),
            Route::new("right", self.sender.clone(), secret(self.scheme(), 1)),
        ];
        all.push(other_route);
        let mut retired = self.configured("secret retired", &[Cause::SecretRetired], other.as_bytes()).unwrap();
        retired.route = retired.route.retired(secret(self.scheme(), 1));
        all.push(retired);
        let api_key = format!("sk_live_{}", "a1B2c3D4".repeat(4));
        all.extend(self.configured("an API key", &[Cause::SecretOfOtherKind], api_key.as_bytes()));
        all
    }

    /// The value of the signature's header is changed.
    fn signature(&self, what: &str, causes: &[Cause], change: impl Fn(&str) -> String) -> Option<Broken> {
        let (field, _) = self.scheme().signature_place()?;
        let mut head = self.sign(by("javascript").as_bytes());
        let name = HeaderName::from_static(field.header);
        let line = head.headers.get(&name)?.to_str().unwrap().to_owned();
        let changed = match field.list.map(|list| (list, list.items)) {
            Some((_, Items::Values)) => {
                let rest = line.strip_prefix(field.opening).unwrap_or(&line);
                format!("{}{}", field.opening, change(rest))
            }
            Some((list, Items::Pairs { between, key, .. })) => {
                let items = line.split(list.between_items).map(|item| match item.split_once(between) {
                    Some((own, value)) if own.trim() == key => {
                        format!("{own}{between}{}", change(value))
                    }
                    _ => item.to_owned(),
                });
                items.collect::<Vec<_>>().join(list.between_items.encode_utf8(&mut [0; 4]))
            }
            Some(_) | None => change(&line),
        };
        if changed == line {
            return None;
        }
        head.headers.insert(name, HeaderValue::try_from(changed).unwrap());
        let mut broken = self.of(what, *causes.first()?, head, by("javascript"));
        broken.causes = causes.to_vec();
        Some(broken)
    }

    fn signatures(&self) -> Vec<Broken> {
        let Some((field, encoding)) = self.scheme().signature_place() else { return Vec::new() };
        let decode = |text: &str| {
            let text = text.strip_prefix(field.prefix).unwrap_or(text);
            encoding.decode(text, &mut [0; 64]).map(<[u8]>::to_vec).unwrap_or_default()
        };
        let other = |text: &str| {
            let bytes = decode(text);
            let other = if encoding == Encoding::Hex { Encoding::Base64 } else { Encoding::Hex };
            format!("{}{}", field.prefix, other.encode(&bytes))
        };
        let mut all = Vec::new();
        all.extend(self.signature("other encoding", &[Cause::SignatureEncoding], other));
        all.extend(
            self.signature("base64url", &[Cause::SignatureEncoding], |text| {
                format!("{}{}", field.prefix, Encoding::Base64Url.encode(&decode(text)))
            })
            .filter(|_| encoding != Encoding::Base64Url),
        );
        all.extend(self.signature("no prefix", &[Cause::SignaturePrefix], |text| {
            text.strip_prefix(field.prefix).unwrap_or(text).to_owned()
        }));
        all.extend(self.signature("cut", &[Cause::SignatureTruncated], |text| text[..text.len() - 9].to_owned()));
        for hash in self.scheme().other_hashes() {
            let other = Self { sender: self.sender.signing_as(hash), right: self.right.clone() };
            let head = other.sign(by("javascript").as_bytes());
            let what = format!("signed with {}", hash.hash_name().unwrap());
            all.push(self.of(&what, Cause::SignatureAlgorithm, head, by("javascript")));
        }
        let mut head = self.sign(by("javascript").as_bytes());
        if let Some(value) = head.headers.remove(field.header) {
            let without = head.clone();
            head.headers.insert("x-renamed-signature", value);
            all.push(self.of("in another header", Cause::SignatureHeader, head, by("javascript")));
            let mut missing = self.of("no signature", Cause::SignatureMissing, without, by("javascript"));
            // Where signature and timestamp share a header, either is missing.
            missing.causes.push(Cause::TimestampMissing);
            all.push(missing);
        }
        all
    }

    fn times(&self) -> Vec<Broken> {
        let Some(format) = self.scheme().timestamp_format().filter(|_| self.scheme().signs_time()) else {
            return Vec::new();
        };
        let js = Bytes::from(by("javascript"));
        let mut all = Vec::new();
        let age = self.scheme().max_age() + Duration::from_secs(112);
        for (what, cause, at) in [
            ("too old", Cause::TimestampOld, NOW.saturating_sub(age)),
            ("ahead", Cause::TimestampAhead, NOW.saturating_add(age)),
        ] {
            all.push(self.of(what, cause, signed(&self.sender, &self.right, &js, at), js.clone()));
        }
        use crate::scheme::TimestampFormat::{UnixMillis, UnixSeconds};
        let other = if format == UnixMillis { UnixSeconds } else { UnixMillis };
        if let Some(other) = self.scheme().with_timestamp_format(other) {
            let head = signed(&self.sender.signing_as(other), &self.right, &js, NOW);
            all.push(self.of("another unit", Cause::TimestampUnit, head, js.clone()));
        }
        if self.scheme().parts().is_some_and(|parts| !parts.contains(&Part::Secret)) {
            let unsigned = self.sender.signing_as(self.scheme().signed(&[Part::Body]).without_timestamp());
            let mut head = self.sign(&js);
            Signer::new(unsigned, self.right.clone()).unwrap().sign(&mut head, &js, NOW).unwrap();
            // Where timestamp and signature share a header, the timestamp is gone with it.
            if self.scheme().shown_timestamp(&head).is_some() {
                all.push(self.of("time not signed", Cause::TimestampNotSigned, head, js));
            }
        }
        all
    }

    fn urls(&self) -> Vec<Broken> {
        if !self.scheme().signs_url() {
            return Vec::new();
        }
        let js = Bytes::from(by("javascript"));
        [
            ("http for https", Cause::UrlScheme, URL.replace("https:", "http:")),
            ("with a port", Cause::UrlHost, URL.replace(".com/", ".com:443/")),
            ("another host", Cause::UrlHost, URL.replace("hooks.", "public.")),
            ("a slash more", Cause::UrlPath, URL.replace("hook?", "hook/?")),
            ("no query", Cause::UrlQuery, URL.split('?').next().unwrap().to_owned()),
            ("query in another order", Cause::UrlQuery, URL.replace("tenant=7&a=1", "a=1&tenant=7")),
        ]
        .into_iter()
        .map(|(what, cause, url)| {
            let mut head = signed(&self.sender.moved_to(&url), &self.right, &js, NOW);
            if what == "another host" {
                head.headers.insert(http::header::HOST, HeaderValue::from_static("public.example.com"));
            }
            self.of(what, cause, head, js.clone())
        })
        .collect()
    }

    fn other_sender(&self) -> Broken {
        use crate::provider::{GITHUB, SHOPIFY};

        let (own, _) = self.scheme().signature_place().unwrap();
        let is_github = own.header == GITHUB.signature_place().unwrap().0.header;
        let scheme = if is_github { SHOPIFY } else { GITHUB };
        let js = Bytes::from(by("javascript"));
        let other = Sender::from(scheme);
        let head = signed(&other, &secret(&scheme, 5), &js, NOW);
        self.of("another sender's headers", Cause::OtherSender, head, js)
    }
}

/// Only for a signature that matched.
pub(super) fn is_high(explanation: &Explanation) -> bool {
    explanation.confidence() == Confidence::High
}
