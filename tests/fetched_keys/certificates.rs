//! Amazon SNS and PayPal: certificates at URLs that the delivery names.

use std::path::Path;

use base64ct::{Base64, Encoding as _};
use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};
use tower_webhook::clock::UnixTime;
use tower_webhook::scheme::{KeyName, Sender, Verifier};
use tower_webhook::signature::MemoryKeySource;
use tower_webhook::{KeyDocument, Reason, SignatureLayer, VerifyingKey, provider};

use crate::deliveries::{NOW, Route};
use crate::scripted_body::{ScriptedBody, Step};

pub(crate) fn vector(sender: &str, id: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/vectors/{sender}.json"));
    let vectors: Vec<Value> = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    vectors.into_iter().find(|vector| vector["id"] == id).expect(id)
}

fn certificate(vector: &Value) -> KeyDocument {
    KeyDocument::pem(vector["extra"]["certificate_pem"].as_str().unwrap()).unwrap()
}

pub(crate) fn body(vector: &Value) -> Vec<u8> {
    Base64::decode_vec(vector["body_b64"].as_str().unwrap()).unwrap()
}

pub(crate) fn request(vector: &Value, body: &[u8]) -> Request<ScriptedBody> {
    let mut request = Request::post("/");
    for header in vector["headers"].as_array().unwrap() {
        request = request.header(header[0].as_str().unwrap(), header[1].as_str().unwrap());
    }
    // In two frames, as a body of any size comes.
    let (first, second) = body.split_at(body.len() / 2);
    request.body(ScriptedBody::frames([first, second])).unwrap()
}

/// The message of the vector, with this change.
fn changed(vector: &Value, change: impl FnOnce(&mut Value)) -> Request<ScriptedBody> {
    let mut message: Value = serde_json::from_slice(&body(vector)).unwrap();
    change(&mut message);
    request(vector, message.to_string().as_bytes())
}

const CERTIFICATE: &str =
    "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-9c6465fa7f48f5cacd23014631ec1136.pem";

fn sns(sender: impl Into<Sender>) -> (Route, Value) {
    let vector = vector("aws-sns", "aws-sns-certificate");
    let source = MemoryKeySource::new().with(CERTIFICATE, certificate(&vector));
    (Route::of(SignatureLayer::fetching(sender, source).unwrap()), vector)
}

#[tokio::test]
async fn a_message_passes_under_the_certificate_that_it_names() {
    let (route, vector) = sns(provider::AWS_SNS);
    assert_eq!(route.judge(request(&vector, &body(&vector))).await.unwrap(), "fetched");
    for same in ["aws-sns-made", "aws-sns-subject", "aws-sns-confirmation"] {
        let other = self::vector("aws-sns", same);
        assert_eq!(route.reason(request(&other, &body(&other))).await, None, "{same}");
    }
}

#[tokio::test]
async fn every_field_that_is_signed_counts_and_none_stands_there_twice() {
    let (route, vector) = sns(provider::AWS_SNS);
    assert_eq!(route.reason(changed(&vector, |message| message["UnsubscribeURL"] = json!("x"))).await, None);
    for field in ["Message", "MessageId", "TopicArn"] {
        let refused = route.reason(changed(&vector, |message| message[field] = json!("another"))).await;
        assert_eq!(refused, Some(Reason::SignatureMismatch), "{field}");
        let refused = route.reason(changed(&vector, |message| message[field] = json!(7))).await;
        assert_eq!(refused, Some(Reason::MalformedSignature), "{field}");
        let text = String::from_utf8(body(&vector)).unwrap();
        let twice = text.replacen('{', &format!("{{\"{field}\": \"another\","), 1).into_bytes();
        assert_eq!(route.reason(request(&vector, &twice)).await, Some(Reason::MalformedSignature), "{field}");
    }
    for (field, value, reason) in [
        ("Subject", json!("added"), Reason::SignatureMismatch),
        ("Subject", Value::Null, Reason::MalformedSignature),
        ("Type", json!("SubscriptionConfirmation"), Reason::MalformedSignature),
        ("Type", json!("Other"), Reason::MalformedSignature),
        ("Timestamp", json!("2023-11-14T22:13:21.000Z"), Reason::SignatureMismatch),
        ("MessageId", json!("a\nb"), Reason::MalformedSignature),
        ("Signature", json!("AQ=="), Reason::MalformedSignature),
        ("Signature", json!("no base64"), Reason::MalformedSignature),
        ("SignatureVersion", json!("1"), Reason::UnsupportedScheme),
        ("SignatureVersion", json!("3"), Reason::UnsupportedScheme),
        ("SignatureVersion", json!(2), Reason::MalformedSignature),
    ] {
        let shown = value.to_string();
        let refused = route.reason(changed(&vector, |message| message[field] = value)).await;
        assert_eq!(refused, Some(reason), "{field}: {shown}");
    }
    for body in ["", "[]", "{}", "null", "no JSON"] {
        assert_eq!(route.reason(request(&vector, body.as_bytes())).await, Some(Reason::MalformedSignature), "{body}");
    }
}

#[tokio::test]
async fn nothing_is_fetched_from_anybody_else() {
    let (_, vector) = sns(provider::AWS_SNS);
    let document = certificate(&vector);
    let route = Route::new(provider::AWS_SNS, move |_: &KeyName| std::future::ready(Ok(Some(document.clone()))));
    for url in [
        "http://sns.us-east-1.amazonaws.com/a.pem",
        "https://sns.us-east-1.amazonaws.com.evil.example/a.pem",
        "https://sns.us-east-1.amazonaws.com@evil.example/a.pem",
        "https://evil.example/a.pem",
        "https://evil.example/?x=sns.us-east-1.amazonaws.com/a.pem",
        "https://evil.example#.sns.us-east-1.amazonaws.com/a.pem",
        "https://sns.us-east-1.amazonaws.com:8443/a.pem",
        "https://sns.us-east-1.amazonaws.com/a.pem?x=y.pem",
        "https://sns.us-east-1.amazonaws.com/a.pem#.pem",
        "https://sns.us-east-1.amazonaws.com/a.txt",
        "https://sns.us-east-1.amazonaws.com/../a.pem",
        "https://sns.us-east-1.amazonaws.com/%2e%2e/a.pem",
        "https://sns.us-east-1.amazonaws.com\\.evil.example/a.pem",
        "https://sns.us-east-1.amazonaws.com\u{3002}evil.example/a.pem",
        "https://sns.s3-us-west-2.amazonaws.com/a.pem",
        "https://sns.amazonaws.com/a.pem",
        "https://s3.us-east-1.amazonaws.com/sns/a.pem",
        "https://169.254.169.254/a.pem",
        "https://[::1]/a.pem",
        "https://localhost/a.pem",
        "file:///etc/a.pem",
        "//sns.us-east-1.amazonaws.com/a.pem",
        "sns.us-east-1.amazonaws.com/a.pem",
        "",
    ] {
        let refused = route.reason(changed(&vector, |message| message["SigningCertURL"] = json!(url))).await;
        assert_eq!(refused, Some(Reason::UnknownKey), "{url}");
        // Nor does a key that is configured make it right.
        let key = certificate(&vector).keys()[0].key().clone();
        let fixed = Route::of(SignatureLayer::new(provider::AWS_SNS, key).unwrap());
        let refused = fixed.reason(changed(&vector, |message| message["SigningCertURL"] = json!(url))).await;
        assert_eq!(refused, Some(Reason::UnknownKey), "{url}");
    }
    assert_eq!(route.asked(), 0);
    assert_eq!((route.reason(request(&vector, &body(&vector))).await, route.asked()), (None, 1));
}

#[tokio::test]
async fn messages_of_another_topic_are_refused_where_one_is_named() {
    let (own, vector) =
        sns(Sender::from(provider::AWS_SNS).key_id("arn:aws:sns:us-east-1:123456789012:MyTopic").unwrap());
    assert_eq!(own.reason(request(&vector, &body(&vector))).await, None);
    let (other, _) = sns(Sender::from(provider::AWS_SNS).key_id("arn:aws:sns:us-east-1:123456789012:Other").unwrap());
    assert_eq!(other.reason(request(&vector, &body(&vector))).await, Some(Reason::UnknownKey));
}

#[tokio::test]
async fn sha_1_passes_only_under_the_name_that_says_so() {
    let version_1 = vector("aws-sns", "aws-sns-version-1");
    let (strict, _) = sns(provider::AWS_SNS);
    assert_eq!(strict.reason(request(&version_1, &body(&version_1))).await, Some(Reason::UnsupportedScheme));
    let (weak, version_2) = sns(provider::AWS_SNS_SHA1);
    assert_eq!(weak.reason(request(&version_1, &body(&version_1))).await, None);
    assert_eq!(weak.reason(request(&version_2, &body(&version_2))).await, Some(Reason::UnsupportedScheme));
}

#[tokio::test]
async fn a_message_may_be_retried_for_two_hours() {
    let (route, vector) = sns(provider::AWS_SNS);
    route.later(7200);
    assert_eq!(route.reason(request(&vector, &body(&vector))).await, None);
    route.later(1);
    assert_eq!(route.reason(request(&vector, &body(&vector))).await, Some(Reason::TimestampTooOld));
}

#[tokio::test]
async fn a_body_that_breaks_off_fetches_nothing() {
    let (_, vector) = sns(provider::AWS_SNS);
    let document = certificate(&vector);
    let route = Route::new(provider::AWS_SNS, move |_: &KeyName| std::future::ready(Ok(Some(document.clone()))));
    let (head, _) = request(&vector, &body(&vector)).into_parts();
    let broken = ScriptedBody::of([Step::Data(body(&vector).into()), Step::Error(std::io::ErrorKind::BrokenPipe)]);
    assert!(route.reason(Request::from_parts(head, broken)).await.is_some());
    assert_eq!(route.asked(), 0);
}

fn paypal() -> (Sender, Value) {
    (provider::PAYPAL.key_id("1JE4291016473214C").unwrap(), vector("paypal", "paypal-certificate"))
}

#[tokio::test]
async fn paypal_s_certificate_is_fetched_before_the_body_is_read() {
    let (sender, vector) = paypal();
    let url = "https://api.sandbox.paypal.com/v1/notifications/certs/CERT-360caa42-fca2a594-df8cd2d5";
    let source = MemoryKeySource::new().with(url, certificate(&vector));
    let route = Route::of(SignatureLayer::fetching(sender, source).unwrap());
    assert_eq!(route.reason(request(&vector, &body(&vector))).await, None);

    for (name, value, reason) in [
        ("paypal-cert-url", "https://evil.example/v1/notifications/certs/CERT-1", Reason::UnknownKey),
        ("paypal-cert-url", "https://api.paypal.com/v1/notifications/certs/CERT-1", Reason::UnknownKey),
        ("paypal-auth-algo", "SHA1withRSA", Reason::UnsupportedScheme),
        ("paypal-transmission-id", "a|b", Reason::MalformedSignature),
        ("paypal-transmission-time", "2023-11-14T22:13:20", Reason::MalformedTimestamp),
    ] {
        let (mut head, _) = request(&vector, &body(&vector)).into_parts();
        head.headers.insert(name, value.parse().unwrap());
        let refused = route.reason(Request::from_parts(head, ScriptedBody::untouchable())).await;
        assert_eq!(refused, Some(reason), "{name}: {value}");
    }
}

#[test]
fn a_configured_key_needs_no_url_but_takes_no_foreign_one() {
    let (sender, vector) = paypal();
    let key: VerifyingKey = certificate(&vector).keys()[0].key().clone();
    let verifier = Verifier::new(sender, key).unwrap();
    let (mut head, _) = request(&vector, &body(&vector)).into_parts();
    let body = Bytes::from(body(&vector));
    let verdict = |head: &http::request::Parts| {
        verifier.verify(head, &body, Some(UnixTime::from_secs(NOW.as_secs()))).map_err(|error| error.reason()).err()
    };
    assert_eq!(verdict(&head), None);
    head.headers.insert("paypal-cert-url", "https://evil.example/v1/notifications/certs/C".parse().unwrap());
    assert_eq!(verdict(&head), Some(Reason::UnknownKey));
    head.headers.remove("paypal-cert-url");
    assert_eq!(verdict(&head), None);
}
