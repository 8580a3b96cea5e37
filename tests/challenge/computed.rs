//! No answer that is computed with the secret is the signature of a delivery.

use base64ct::{Base64, Encoding as _};
use http::Method;
use tower_webhook::scheme::{Challenge, Scheme, Sender};
use tower_webhook::{Reason, Secret, Secrets, WebhookLayer, provider};

use crate::asking::{ask, get, now, request, signed};
use crate::{SECRET, layer};

const UUID: &str = "890e4665-4dfe-4ab1-b689-ed553bceeed0";

/// A layer for it, with the id `pk` where it needs one.
fn layer_of(scheme: &Scheme) -> WebhookLayer {
    match scheme.name() {
        "braintree" => {
            let sender = provider::BRAINTREE.key_id("pk").unwrap();
            WebhookLayer::new(sender, Secret::new(SECRET).unwrap()).unwrap()
        }
        _ => layer(*scheme),
    }
}

/// Each sender whose answer is computed: how it is asked, and what in its answer is the MAC, in hex.
async fn mac_of(scheme: &Scheme, text: &str) -> Option<String> {
    let asked = match scheme.name() {
        "braintree" => get(&format!("/?bt_challenge={text}")),
        "linkedin" => get(&format!("/?challengeCode={text}")),
        "smartcar" => {
            signed(*scheme, SECRET, &[], &format!(r#"{{"eventType":"VERIFY","data":{{"challenge":"{text}"}}}}"#))
        }
        "x-twitter" => get(&format!("/?crc_token={text}")),
        "zoom" => {
            let body = format!(r#"{{"event":"endpoint.url_validation","payload":{{"plainToken":"{text}"}}}}"#);
            signed(*scheme, SECRET, &[], &body)
        }
        other => panic!("how is `{other}` asked?"),
    };
    let answer = ask(&layer_of(scheme), asked).await;
    if answer.status != 200 {
        answer.assert_refused(Reason::ChallengeMalformed);
        return None;
    }
    if let Some(mac) = answer.body.strip_prefix("pk|") {
        return Some(mac.to_owned());
    }
    let value: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
    let field = match scheme.name() {
        "linkedin" => "challengeResponse",
        "smartcar" => "challenge",
        "x-twitter" => "response_token",
        _ => "encryptedToken",
    };
    let text = value[field].as_str().unwrap();
    Some(match text.strip_prefix("sha256=") {
        Some(base64) => Base64::decode_vec(base64).unwrap().iter().map(|byte| format!("{byte:02x}")).collect(),
        None => text.to_owned(),
    })
}

/// A delivery with this body, under this signature.
async fn deliver(scheme: &Scheme, mac: &str, body: &str) -> crate::asking::Answer {
    let bytes: Vec<u8> =
        (0..mac.len() / 2).map(|at| u8::from_str_radix(&mac[2 * at..2 * at + 2], 16).unwrap()).collect();
    let now = now().to_string();
    if scheme.name() == "braintree" {
        let form = format!("bt_signature=pk|{mac}&bt_payload={body}");
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        return ask(&layer_of(scheme), request(Method::POST, "/", &headers, &form)).await;
    }
    let signature = match scheme.name() {
        "linkedin" => ("x-li-signature", mac.to_owned()),
        "smartcar" => ("sc-signature", mac.to_owned()),
        "x-twitter" => ("x-twitter-webhooks-signature", format!("sha256={}", Base64::encode_string(&bytes))),
        _ => ("x-zm-signature", format!("v0={mac}")),
    };
    let headers = [(signature.0, signature.1.as_str()), ("x-zm-request-timestamp", &now)];
    ask(&layer_of(scheme), request(Method::POST, "/", &headers, body)).await
}

fn computed() -> Vec<&'static Scheme> {
    let found: Vec<_> =
        provider::ALL.iter().copied().filter(|scheme| scheme.challenges().iter().any(Challenge::is_computed)).collect();
    assert!(found.len() >= 4, "{found:?}");
    found
}

#[tokio::test]
async fn the_answer_to_a_challenge_is_no_signature_of_a_delivery() {
    for scheme in computed() {
        for text in [UUID, "abc", "hmacsha256-abc", "v0.1700000000.abc", "deadbeefdeadbeefdeadbeef"] {
            let Some(mac) = mac_of(scheme, text).await else { continue };
            for body in [text, "{}", "", &format!("\"{text}\""), &format!("{text}\n")] {
                deliver(scheme, &mac, body).await.assert_refused(Reason::SignatureMismatch);
            }
        }
        let fitting = if scheme.name() == "braintree" { "20f9f8ed05f77439fe955c977e4c8a53" } else { UUID };
        assert!(mac_of(scheme, fitting).await.is_some(), "{} answers at all", scheme.name());
    }
}

#[tokio::test]
async fn a_text_that_could_be_the_body_of_a_delivery_gets_no_answer() {
    for scheme in computed() {
        let escaped = scheme.challenges()[0].is_unsigned();
        for text in ["1", "1e9", "-1.5", "true", "null", "hmacsha256=1", "v0:1:a", "a=b", "a/b", "a.b+c"] {
            assert_eq!(mac_of(scheme, text).await, None, "{} {text}", scheme.name());
        }
        for text in if escaped { ["%7B%7D", "%5B%5D", "%22a%22"] } else { ["{}", "[]", "a b"] } {
            assert_eq!(mac_of(scheme, text).await, None, "{} {text}", scheme.name());
        }
    }
}

#[tokio::test]
async fn a_delivery_whose_body_is_a_text_is_refused_though_its_signature_matches() {
    for scheme in [provider::X_TWITTER, provider::SMARTCAR] {
        ask(&layer(scheme), signed(scheme, SECRET, &[], "abc")).await.assert_refused(Reason::SignatureMismatch);
        assert_eq!(ask(&layer(scheme), signed(scheme, SECRET, &[], r#"{"a":"b"}"#)).await.runs, 1);
    }
}

/// `hashChallenge` in the tests of `smartcar/node-sdk`: the challenge is `challenge`, the token `amt`.
#[tokio::test]
async fn smartcar_s_published_challenge_comes_out() {
    let layer = WebhookLayer::new(provider::SMARTCAR, Secret::short("amt").unwrap()).unwrap();
    let body = r#"{"eventType":"VERIFY","data":{"challenge":"challenge"}}"#;
    ask(&layer, signed(provider::SMARTCAR, "amt", &[], body))
        .await
        .assert_answered(200, r#"{"challenge":"9baf5a7464bd86740ad5a06e439dcf535a075022ed2c92d74efacf646d79328e"}"#);
}

/// `test/unit/braintree/webhook_notification_gateway_spec.js` of `braintree/braintree_node`.
#[tokio::test]
async fn braintree_s_published_challenge_comes_out() {
    let key = Secret::new("integration_private_key").unwrap();
    let sender = provider::BRAINTREE.key_id("integration_public_key").unwrap();
    let layer = WebhookLayer::new(sender, key).unwrap();
    let asked = get("/?bt_challenge=20f9f8ed05f77439fe955c977e4c8a53");
    ask(&layer, asked).await.assert_answered(200, "integration_public_key|d9b899556c966b3f06945ec21311865d35df3ce4");
    for text in ["goodbye cruel world", "20f9f8ed", "20F9F8ED05F77439FE955C977E4C8A53"] {
        let asked = get(&format!("/?bt_challenge={}", text.replace(' ', "+")));
        ask(&layer, asked).await.assert_refused(Reason::ChallengeMalformed);
    }
}

#[tokio::test]
async fn the_newest_key_answers_what_is_unsigned_and_the_one_that_signed_what_is_signed() {
    let (new, old) = ("a new secret of 16 bytes", "an old secret of 16 bytes");
    let ring = || Secrets::rotating(Secret::new(new).unwrap(), Secret::new(old).unwrap());
    let alone = |sender: Scheme, secret: &str| WebhookLayer::new(sender, Secret::new(secret).unwrap()).unwrap();

    let x = WebhookLayer::new(provider::X_TWITTER, ring()).unwrap();
    let asked = || get("/?crc_token=abc");
    assert_eq!(ask(&x, asked()).await.body, ask(&alone(provider::X_TWITTER, new), asked()).await.body);

    let zoom = WebhookLayer::new(provider::ZOOM, ring()).unwrap();
    let body = r#"{"event":"endpoint.url_validation","payload":{"plainToken":"abc"}}"#;
    for secret in [new, old] {
        let asked = || signed(provider::ZOOM, secret, &[], body);
        assert_eq!(ask(&zoom, asked()).await.body, ask(&alone(provider::ZOOM, secret), asked()).await.body);
    }
}

#[tokio::test]
async fn a_layer_by_hand_without_keys_computes_nothing() {
    use http_body_util::{BodyExt, Full};
    use tower::{ServiceBuilder, ServiceExt};
    use tower_webhook::challenge::HandshakeLayer;
    use tower_webhook::{RawBody, RawBodyLayer};
    let sender: Sender = provider::X_TWITTER.into();
    let answer = async |layer: HandshakeLayer| {
        let service = ServiceBuilder::new().layer(RawBodyLayer::new()).layer(layer).service_fn(
            async |_: http::Request<RawBody<Full<bytes::Bytes>>>| {
                Ok::<_, std::convert::Infallible>(http::Response::new(Full::<bytes::Bytes>::default()))
            },
        );
        let response = service.oneshot(get("/?crc_token=abc")).await.unwrap();
        (response.status().as_u16(), response.into_body().collect().await.unwrap().to_bytes())
    };
    assert_eq!(answer(HandshakeLayer::new(sender.clone())).await.0, 503);
    let (status, body) = answer(HandshakeLayer::new(sender).keys(Secret::new(SECRET).unwrap()).unwrap()).await;
    assert!(status == 200 && body.starts_with(br#"{"response_token":"sha256="#));
}
