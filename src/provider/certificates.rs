//! Senders that sign with RSA and publish a certificate at a URL that each delivery names.

use std::borrow::Cow;
use std::ops::ControlFlow;
use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;
use serde_json::{Map, Value};

use super::{challenges, entry, key_id_entry};
use crate::crypto::PublicAlgorithm;
use crate::rejection::Reason;
use crate::scheme::{
    Confidence, Coverage, Emit, Encoding, KeyIdScheme, KeyName, KeyPlace, KeyRule, KeyUrl, Place, Scheme,
    SignatureRule, TimestampFormat, Unverified, VerifyError, days, header,
};
use crate::strict_json;

/// Amazon SNS over HTTPS, `SignatureVersion` 2: RSA with SHA-256 over the fields of the message. Topics sign with SHA-1
/// until their attribute `SignatureVersion` is set to `2`; those are refused, see [`AWS_SNS_SHA1`].
///
/// Anybody with an account at AWS can have SNS sign a message to your endpoint: name your topic by
/// `Sender::from(provider::AWS_SNS).key_id("arn:aws:sns:…")`, and every other one is refused. A retry has the
/// `Timestamp` of the first attempt, and a delivery policy may retry for an hour: with the time that attempts take, two
/// hours are let pass. Raw message delivery has no signature.
/// <https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html>
pub const AWS_SNS: Scheme = sns("aws-sns", PublicAlgorithm::RsaPkcs1Sha256, &SnsRule { version: "2" });

/// Amazon SNS over HTTPS, `SignatureVersion` 1: as [`AWS_SNS`], with SHA-1. Whoever can publish to the topic may find two
/// messages with one signature; set the topic's `SignatureVersion` to `2` instead.
pub const AWS_SNS_SHA1: Scheme = sns("aws-sns-sha1", PublicAlgorithm::RsaPkcs1Sha1, &SnsRule { version: "1" });

const fn sns(name: &'static str, algorithm: PublicAlgorithm, rule: &'static SnsRule) -> Scheme {
    entry(
        Scheme::public_key(name, algorithm)
            .signature_by_rule()
            .signed_by(rule)
            .fetched_key(KeyPlace::Rule(rule))
            .timestamp_in_body("/Timestamp", TimestampFormat::Rfc3339)
            .tolerance(Duration::from_secs(2 * 60 * 60))
            .id(Place::Json("/MessageId"))
            .event_type(Place::Json("/Type"))
            .deadline(Duration::from_secs(15))
            .retries_for(Duration::from_secs(60 * 60))
            .challenge(challenges::SNS)
            .source(
                "npm sns-validator 0.3.5; AWS documentation, verifying the signatures of SNS messages",
                Confidence::Verified,
            ),
    )
}

/// PayPal: `PAYPAL-TRANSMISSION-SIG`, RSA with SHA-256 over `<transmission id>|<time>|<webhook id>|<CRC-32 of the body>`.
/// The key id is the id of the webhook, as the dashboard shows it; by that, live and sandbox are told apart.
///
/// A CRC-32 is no protection: whoever sees a delivery can give it another body with the same one, as long as its time is
/// within the tolerance. So let nothing but TLS see it, and ask PayPal's API before money moves.
/// <https://developer.paypal.com/api/rest/webhooks/rest/>
pub const PAYPAL: KeyIdScheme = key_id_entry(
    Scheme::public_key("paypal", PublicAlgorithm::RsaPkcs1Sha256)
        .signature(header("paypal-transmission-sig"), Encoding::Base64)
        .timestamp(header("paypal-transmission-time"), TimestampFormat::Rfc3339)
        .signed_by(&PayPalRule)
        .fetched_key(KeyPlace::UrlInHeader(
            "paypal-cert-url",
            KeyUrl::new(&["api.paypal.com", "api.sandbox.paypal.com"], "/v1/notifications/certs/", ""),
        ))
        .id(Place::Json("/id"))
        .event_type(Place::Json("/event_type"))
        .retries_for(days(3))
        .source(
            "hookdeck/webhook-skills providers.yaml; docs.paypal.ai verify-webhook-signature reference",
            Confidence::ThirdParty,
        ),
);

/// The hosts of the pattern that the SDKs of AWS use, but with regions only.
const SNS_CERTIFICATES: KeyUrl =
    KeyUrl::new(&["sns.{region}.amazonaws.com", "sns.{region}.amazonaws.com.cn"], "/", ".pem");

/// What is signed, for each type of message, in the order of the alphabet.
const NOTIFICATION: &[&str] = &["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"];
const CONFIRMATION: &[&str] = &["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"];

#[derive(Debug)]
struct SnsRule {
    version: &'static str,
}

/// The fields of a message.
struct Envelope(Map<String, Value>);

impl Envelope {
    fn read(body: &Bytes) -> Result<Self, VerifyError> {
        let refused =
            || VerifyError::new(Reason::MalformedSignature, "the body is no JSON object that says each key once");
        strict_json::object(body).map(Self).ok_or_else(refused)
    }

    fn text(&self, name: &str) -> Result<&str, VerifyError> {
        match self.0.get(name) {
            Some(Value::String(text)) => Ok(text),
            _ => Err(VerifyError::new(Reason::MalformedSignature, "a field of the message is missing or no text")),
        }
    }

    fn certificate(&self) -> Result<KeyName, VerifyError> {
        SNS_CERTIFICATES.name(self.text("SigningCertURL")?)
    }
}

impl KeyRule for SnsRule {
    fn reads_body(&self) -> bool {
        true
    }

    fn key(&self, request: &Unverified<'_>) -> Result<KeyName, VerifyError> {
        let envelope = Envelope::read(request.body)?;
        self.check(&envelope, request.key_id)?;
        envelope.certificate()
    }
}

impl SnsRule {
    /// What can be refused without a key; `topic` is empty where any will do.
    fn check(&self, envelope: &Envelope, topic: &str) -> Result<(), VerifyError> {
        match envelope.text("SignatureVersion")? {
            version if version == self.version => {}
            "1" | "2" => {
                return Err(VerifyError::new(
                    Reason::UnsupportedScheme,
                    "the topic signs with the other SignatureVersion: 1 is SHA-1, 2 is SHA-256",
                ));
            }
            _ => return Err(VerifyError::new(Reason::UnsupportedScheme, "there is no such SignatureVersion")),
        }
        if !topic.is_empty() && envelope.text("TopicArn")? != topic {
            return Err(VerifyError::new(Reason::UnknownKey, "the message is of another topic"));
        }
        Ok(())
    }
}

impl SignatureRule for SnsRule {
    fn covers(&self) -> Coverage {
        const FIELDS: &[&str] =
            &["/Message", "/MessageId", "/Subject", "/SubscribeURL", "/Timestamp", "/Token", "/TopicArn", "/Type"];
        Coverage::Fields(FIELDS)
    }

    fn signature<'a>(&self, request: &Unverified<'a>) -> Result<Cow<'a, str>, VerifyError> {
        Envelope::read(request.body)?.text("Signature").map(|text| Cow::Owned(text.to_owned()))
    }

    fn contents(&self, request: &Unverified<'_>, emit: &mut Emit<'_>) -> Result<(), VerifyError> {
        let envelope = Envelope::read(request.body)?;
        self.check(&envelope, request.key_id)?;
        envelope.certificate()?;
        let fields = match envelope.text("Type")? {
            "Notification" => NOTIFICATION,
            "SubscriptionConfirmation" | "UnsubscribeConfirmation" => CONFIRMATION,
            _ => return Err(VerifyError::new(Reason::MalformedSignature, "there is no such type of message")),
        };
        let mut content = String::new();
        for name in fields {
            if *name == "Subject" && !envelope.0.contains_key("Subject") {
                continue;
            }
            let value = envelope.text(name)?;
            // Only a message may have several lines: else one text could be two messages.
            if *name != "Message" && value.contains('\n') {
                return Err(VerifyError::new(Reason::MalformedSignature, "a field of one line has several"));
            }
            for line in [name, value] {
                content.push_str(line);
                content.push('\n');
            }
        }
        let _: ControlFlow<()> = emit(&[content.as_bytes()]);
        Ok(())
    }
}

#[derive(Debug)]
struct PayPalRule;

/// The one value of a header.
fn one<'a>(head: &'a Parts, name: &str) -> Result<&'a str, VerifyError> {
    let mut lines = head.headers.get_all(name).iter();
    match (lines.next().and_then(|line| line.to_str().ok()), lines.next()) {
        (Some(text), None) if !text.is_empty() => Ok(text),
        _ => Err(VerifyError::new(
            Reason::MalformedSignature,
            "a header of the signature is missing or stands there twice",
        )),
    }
}

impl SignatureRule for PayPalRule {
    fn needs_key_id(&self) -> bool {
        true
    }

    fn covers(&self) -> Coverage {
        Coverage::Fields(&["its CRC-32"])
    }

    fn examine(&self, head: &Parts) -> Result<(), VerifyError> {
        if one(head, "paypal-auth-algo")? != "SHA256withRSA" {
            return Err(VerifyError::new(Reason::UnsupportedScheme, "the algorithm is not SHA256withRSA"));
        }
        if one(head, "paypal-transmission-id")?.contains('|') {
            return Err(VerifyError::new(Reason::MalformedSignature, "a signed header contains its separator"));
        }
        Ok(())
    }

    fn contents(&self, request: &Unverified<'_>, emit: &mut Emit<'_>) -> Result<(), VerifyError> {
        let id = one(request.head, "paypal-transmission-id")?;
        let time = one(request.head, "paypal-transmission-time")?;
        let content = format!("{id}|{time}|{}|{}", request.key_id, crc32fast::hash(request.body));
        let _: ControlFlow<()> = emit(&[content.as_bytes()]);
        Ok(())
    }
}
