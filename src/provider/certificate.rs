//! Senders whose deliveries say where the certificate lies that they are to be verified with. The URL is held to an exact
//! rule whoever gives the key: feature `rsa`.

use std::borrow::Cow;
use std::ops::ControlFlow;

use super::json_object::{Object, string};
use super::signed_header::{malformed, one};
use super::{entry, key_id_entry};
use crate::crypto::PublicAlgorithm;
use crate::rejection::Reason;
use crate::scheme::{
    Confidence, Coverage, Emit, Encoding, KeyIdScheme, Place, Scheme, SignatureRule, TimestampFormat, Unverified,
    VerifyError, by_rule, days, header,
};

/// Amazon SNS with `SignatureVersion` 2: RSA-SHA-256 over the fields of the message that its `Type` names. Set the
/// version of your topics to 2; [`AWS_SNS_SHA1`] also takes what AWS calls version 1, its default.
///
/// The key is that of the certificate at `SigningCertURL`, which must lie at SNS. A message is signed once and then
/// retried for hours, so its time is not checked: idempotency finds its copies. A confirmation of the subscription comes
/// to the handler like any message: call its `SubscribeURL`.
pub const AWS_SNS: Scheme = entry(
    sns(PublicAlgorithm::RsaPkcs1Sha256, &Sns { sha1: false })
        .named("aws-sns-v2")
        .source(SNS_SOURCE, Confidence::Verified),
);

/// As [`AWS_SNS`], and `SignatureVersion` 1 too: RSA with SHA-1, for which forgeries can be found by who may choose a
/// message. It is the default of a topic.
pub const AWS_SNS_SHA1: Scheme =
    entry(sns(PublicAlgorithm::RsaPkcs1Sha256OrSha1, &Sns { sha1: true }).source(SNS_SOURCE, Confidence::Verified));

const SNS_SOURCE: &str = "aws/aws-js-sns-message-validator index.js";

const fn sns(algorithm: PublicAlgorithm, rule: &'static Sns) -> Scheme {
    Scheme::public_key("aws-sns", algorithm)
        .signature(by_rule(), Encoding::Base64)
        .signed_by(rule)
        .id(Place::Json("/MessageId"))
        .event_type(Place::Json("/Type"))
}

/// PayPal: `PAYPAL-TRANSMISSION-SIG`, RSA-SHA-256 over `<transmission id>|<time>|<webhook id>|<CRC-32 of the body>`. The
/// key id is the id of your webhook; the key that of the certificate at `PAYPAL-CERT-URL`, which must lie at PayPal.
///
/// A CRC tells no forged body from the true one: who has a signed delivery can make another body with the same. Ask
/// PayPal for what the event tells you before money moves.
pub const PAYPAL: KeyIdScheme = key_id_entry(
    Scheme::public_key("paypal", PublicAlgorithm::RsaPkcs1Sha256)
        .signature(header("paypal-transmission-sig"), Encoding::Base64)
        .timestamp(header("paypal-transmission-time"), TimestampFormat::Rfc3339)
        .signed_by(&PayPal)
        .id(Place::Json("/id"))
        .event_type(Place::Json("/event_type"))
        .retries_for(days(3))
        .source(
            "docs.paypal.ai verify-webhook-signature reference; developer.paypal.com verify_webhook_signature definition",
            Confidence::ThirdParty,
        ),
);

/// Host and path of an https URL that has no more than these: no user, port, query or fragment, no dots in its path
/// that lead elsewhere, nothing that is escaped.
fn host_and_path(url: &str) -> Option<(&str, &str)> {
    let (host, path) = url.strip_prefix("https://")?.split_once('/')?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'/');
    let sound = path.bytes().all(plain) && !path.split('/').any(|part| matches!(part, "" | "." | ".."));
    (sound && host.bytes().all(|byte| plain(byte) && byte != b'/')).then_some((host, path))
}

/// `sns.<region>.amazonaws.com`, and its Chinese sister; a file that ends in `.pem`.
fn is_at_sns(url: &str) -> bool {
    let Some((host, path)) = host_and_path(url) else { return false };
    let region = host.strip_suffix(".amazonaws.com").or_else(|| host.strip_suffix(".amazonaws.com.cn"));
    let region = region.and_then(|rest| rest.strip_prefix("sns.")).unwrap_or_default();
    is_region(region) && path.ends_with(".pem")
}

/// Words of letters and a number, as in `us-gov-west-1`. Not any label: under `s3-us-west-2` anybody can have a host.
fn is_region(label: &str) -> bool {
    let Some((words, number)) = label.rsplit_once('-') else { return false };
    let is_word = |word: &str| word.len() >= 2 && word.bytes().all(|byte| byte.is_ascii_lowercase());
    words.contains('-')
        && words.split('-').all(is_word)
        && matches!(number.len(), 1 | 2)
        && number.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_at_paypal(url: &str) -> bool {
    host_and_path(url).is_some_and(|(host, path)| {
        matches!(host, "api.paypal.com" | "api.sandbox.paypal.com") && path.starts_with("v1/notifications/certs/")
    })
}

/// What a field of a message says.
fn field(message: &Object<'_>, name: &str) -> Result<Option<String>, VerifyError> {
    message.get(name).map(|value| string(value.get())).transpose()
}

#[derive(Debug)]
struct Sns {
    sha1: bool,
}

impl SignatureRule for Sns {
    /// Fields that are not signed, `UnsubscribeURL` for one, are anybody's.
    fn covers(&self) -> Coverage {
        const FIELDS: &[&str] =
            &["/Message", "/MessageId", "/Subject", "/SubscribeURL", "/Timestamp", "/Token", "/TopicArn", "/Type"];
        Coverage::Fields(FIELDS)
    }

    fn signature<'a>(&self, request: &Unverified<'a>) -> Result<Cow<'a, str>, VerifyError> {
        match field(&Object::read(request.body)?, "Signature")? {
            Some(text) => Ok(Cow::Owned(text)),
            None => Err(VerifyError::new(Reason::MissingSignature, "the message has no signature")),
        }
    }

    fn contents(&self, request: &Unverified<'_>, emit: &mut Emit<'_>) -> Result<(), VerifyError> {
        let message = Object::read(request.body)?;
        match field(&message, "SignatureVersion")?.as_deref() {
            Some("2") => {}
            Some("1") if self.sha1 => {}
            _ => return Err(VerifyError::new(Reason::UnsupportedScheme, "the message has another signature version")),
        }
        if !field(&message, "SigningCertURL")?.as_deref().is_some_and(is_at_sns) {
            return Err(VerifyError::new(Reason::UnknownKey, "the certificate does not lie at SNS"));
        }
        let signed: &[&str] = match field(&message, "Type")?.as_deref() {
            Some("Notification") => &["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"],
            Some("SubscriptionConfirmation" | "UnsubscribeConfirmation") => {
                &["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
            }
            _ => return Err(malformed("the message is of no known type")),
        };
        let mut content = String::new();
        for name in signed {
            match field(&message, name)? {
                Some(text) => {
                    for part in [name, "\n", &text, "\n"] {
                        content.push_str(part);
                    }
                }
                None if *name == "Subject" => {}
                None => return Err(malformed("a signed field of the message is missing")),
            }
        }
        let _: ControlFlow<()> = emit(&[content.as_bytes()]);
        Ok(())
    }
}

#[derive(Debug)]
struct PayPal;

impl SignatureRule for PayPal {
    fn needs_key_id(&self) -> bool {
        true
    }

    /// Another body with the same sum is found in no time.
    fn covers(&self) -> Coverage {
        Coverage::Fields(&["its CRC-32"])
    }

    fn contents(&self, request: &Unverified<'_>, emit: &mut Emit<'_>) -> Result<(), VerifyError> {
        if !is_at_paypal(one(request.head, "paypal-cert-url")?) {
            return Err(VerifyError::new(Reason::UnknownKey, "the certificate does not lie at PayPal"));
        }
        if one(request.head, "paypal-auth-algo")? != "SHA256withRSA" {
            return Err(VerifyError::new(Reason::UnsupportedScheme, "the signature is of another algorithm"));
        }
        let id = one(request.head, "paypal-transmission-id")?;
        if id.contains('|') {
            return Err(malformed("a signed header contains its separator"));
        }
        let sum = crc32fast::hash(request.body).to_string();
        let _: ControlFlow<()> = emit(&[[id, request.timestamp, request.key_id, &sum].join("|").as_bytes()]);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_lies_where_its_sender_keeps_them_and_nowhere_else() {
        assert!(is_at_sns("https://sns.us-east-1.amazonaws.com/SimpleNotificationService-01d088a6f77103d0.pem"));
        assert!(is_at_sns("https://sns.cn-north-1.amazonaws.com.cn/a.pem"));
        for url in [
            "",
            "http://sns.us-east-1.amazonaws.com/a.pem",
            "https://sns.us-east-1.amazonaws.com/a.crt",
            "https://sns.us-east-1.amazonaws.com.evil.example/a.pem",
            "https://evil.example/sns.us-east-1.amazonaws.com/a.pem",
            "https://evil.example#sns.us-east-1.amazonaws.com/a.pem",
            "https://sns.us-east-1.amazonaws.com@evil.example/a.pem",
            "https://user:x@sns.us-east-1.amazonaws.com/a.pem",
            "https://sns.us-east-1.amazonaws.com:8443/a.pem",
            "https://sns.us-east-1.amazonaws.com:443/a.pem",
            "https://sns.us-east-1.amazonaws.com\\@evil.example/a.pem",
            "https://sns.us-east-1.amazonaws.com/a.pem?b",
            "https://sns.us-east-1.amazonaws.com/a.pem#.pem",
            "https://sns.us-east-1.amazonaws.com/../a.pem",
            "https://sns.us-east-1.amazonaws.com//a.pem",
            "https://sns.us-east-1.amazonaws.com/%2e%2e/a.pem",
            "https://sns.US-EAST-1.amazonaws.com/a.pem",
            "https://sns.a.b.amazonaws.com/a.pem",
            "https://sns.xy.amazonaws.com/a.pem",
            "https://sns.s3-us-west-2.amazonaws.com/a.pem",
            "https://sns.s3.amazonaws.com/a.pem",
            "https://sns.s3-accelerate.amazonaws.com/a.pem",
            "https://xsns.us-east-1.amazonaws.com/a.pem",
            "https://s3.us-east-1.amazonaws.com/bucket/a.pem",
            " https://sns.us-east-1.amazonaws.com/a.pem",
        ] {
            assert!(!is_at_sns(url), "{url}");
        }
        assert!(is_at_paypal("https://api.paypal.com/v1/notifications/certs/CERT-360caa42-fca2a594-1d93a270"));
        for url in [
            "https://api.paypal.com/v1/notifications/certs/",
            "https://api.paypal.com/v1/other/CERT-1",
            "https://paypal.com/v1/notifications/certs/CERT-1",
            "https://api.paypal.com.evil.example/v1/notifications/certs/CERT-1",
            "https://api.paypal.com/v1/notifications/certs/../../x",
            "http://api.paypal.com/v1/notifications/certs/CERT-1",
        ] {
            assert!(!is_at_paypal(url), "{url}");
        }
    }
}
