//! Every sender of the catalogue that has a challenge: what it asks, and the very answer that it wants.

use std::collections::BTreeSet;

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::Full;
use tower_webhook::crypto::SigningKey;
use tower_webhook::{Secret, VerifyingKey, WebhookLayer, provider, testing};

use crate::asking::{ask, get, request, signed};
use crate::{SECRET, layer};

struct Row {
    sender: &'static str,
    layer: WebhookLayer,
    asked: Request<Full<Bytes>>,
    answer: &'static str,
    /// A header of the answer.
    header: Option<(&'static str, &'static str)>,
}

fn row(sender: &'static str, layer: WebhookLayer, asked: Request<Full<Bytes>>, answer: &'static str) -> Row {
    Row { sender, layer, asked, answer, header: None }
}

/// A key of Circle's shape: a point on P-256.
const CIRCLE_KEY: &str = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE9pjUjdkNsa2ypeH9ymRTMYPi9RFtW9f3jFdBjKhzxWWHH6PWNjTDVZmbSGVjw5XaMCxstkLO+cAwlhb/CwIxcA==";

fn token(layer: WebhookLayer) -> WebhookLayer {
    layer.verify_token(Secret::new("v-token-of-16-bytes").unwrap())
}

/// The MACs were computed by Python's `hmac`.
#[allow(clippy::too_many_lines, reason = "a table")]
fn rows() -> Vec<Row> {
    let post = |headers: &[(&str, &str)], body: &str| request(Method::POST, "/", headers, body);
    let subscribe = "/?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=v-token-of-16-bytes";
    let discord = SigningKey::from_seed(&[7; 32]);
    let trello = provider::TRELLO.at("https://example.com/trello").unwrap();
    let with = |header, row| Row { header: Some(header), ..row };
    vec![
        with(
            ("webhook-allowed-origin", "eventemitter.example.com"),
            row(
                "cloudevents-webhook",
                layer(provider::CLOUDEVENTS_WEBHOOK).allow_origin("eventemitter.example.com"),
                request(
                    Method::OPTIONS,
                    "/",
                    &[("webhook-request-origin", "EventEmitter.example.com"), ("webhook-request-rate", "120")],
                    "",
                ),
                "",
            ),
        ),
        row(
            "braintree",
            WebhookLayer::new(provider::BRAINTREE.key_id("pk").unwrap(), Secret::new(SECRET).unwrap()).unwrap(),
            get("/?bt_challenge=20f9f8ed05f77439fe955c977e4c8a53"),
            "pk|f8d44a7984b04c2ed606bcd4b7775fa4a50c500d",
        ),
        row(
            "circle",
            WebhookLayer::new(provider::CIRCLE, VerifyingKey::from_base64(CIRCLE_KEY).unwrap()).unwrap(),
            request(Method::HEAD, "/", &[], ""),
            "",
        ),
        row(
            "discord",
            WebhookLayer::new(provider::DISCORD, discord.verifying_key()).unwrap(),
            testing::delivery(provider::DISCORD, discord).json(r#"{"id":"1","type":1}"#).to_request(),
            r#"{"type":1}"#,
        ),
        with(
            ("content-type", "text/plain; charset=utf-8"),
            row("dropbox", layer(provider::DROPBOX), get("/?challenge=aB3-_x%3D"), "aB3-_x="),
        ),
        row(
            "front",
            layer(provider::FRONT),
            signed(
                provider::FRONT,
                SECRET,
                &[("x-front-challenge", "k4gHJ2m")],
                r#"{"type":"sync","authorization":{"id":"cmp_abc"}}"#,
            ),
            r#"{"challenge":"k4gHJ2m"}"#,
        ),
        row(
            "lark",
            token(layer(provider::LARK)),
            post(&[], r#"{"challenge":"ajls384kdjx98XX","token":"v-token-of-16-bytes","type":"url_verification"}"#),
            r#"{"challenge":"ajls384kdjx98XX"}"#,
        ),
        with(
            ("content-type", "application/json"),
            row(
                "linkedin",
                layer(provider::LINKEDIN),
                get("/?challengeCode=890e4665-4dfe-4ab1-b689-ed553bceeed0"),
                r#"{"challengeCode":"890e4665-4dfe-4ab1-b689-ed553bceeed0","challengeResponse":"814b7940552a93aa3fa209b058ecadb929f69370a7fb35cd95de9fe179820859"}"#,
            ),
        ),
        row("mailchimp", layer(provider::MAILCHIMP), get("/"), ""),
        row(
            "mandrill",
            WebhookLayer::new(provider::MANDRILL.at("https://example.com/").unwrap(), Secret::new(SECRET).unwrap())
                .unwrap(),
            request(Method::HEAD, "/", &[], ""),
            "",
        ),
        row(
            "monday",
            layer(provider::MONDAY),
            post(&[], r#"{"challenge":"3eZbrw1aBm2rZgRNFdxV"}"#),
            r#"{"challenge":"3eZbrw1aBm2rZgRNFdxV"}"#,
        ),
        row(
            "ms-graph",
            layer(provider::MS_GRAPH),
            request(
                Method::POST,
                "/?validationToken=Validation%3a+Testing+client+application+reachability+for+subscription+Request-Id%3a+522a8e7e",
                &[],
                "",
            ),
            "Validation: Testing client application reachability for subscription Request-Id: 522a8e7e",
        ),
        row(
            "sharepoint",
            layer(provider::SHAREPOINT),
            request(Method::POST, "/?validationtoken=59f2c1a5-2d53-4a37-a4b6-d1a3f8e5b0cd", &[], ""),
            "59f2c1a5-2d53-4a37-a4b6-d1a3f8e5b0cd",
        ),
        row(
            "nylas",
            layer(provider::NYLAS),
            get("/?challenge=bc609b38-c81f-47fb-a275-1d9bd61a968b"),
            "bc609b38-c81f-47fb-a275-1d9bd61a968b",
        ),
        row(
            "oura",
            token(layer(provider::OURA)),
            get("/?verification_token=v-token-of-16-bytes&challenge=abc123"),
            r#"{"challenge":"abc123"}"#,
        ),
        row("meta", token(layer(provider::META)), get(subscribe), "1158201444"),
        with(
            ("content-type", "application/json"),
            row(
                "okta",
                layer(provider::OKTA),
                request(Method::GET, "/", &[("x-okta-verification-challenge", "Xb5jXMkxS-1_y")], ""),
                r#"{"verification":"Xb5jXMkxS-1_y"}"#,
            ),
        ),
        row("intercom", layer(provider::INTERCOM), request(Method::HEAD, "/", &[], ""), ""),
        row("exact-online", layer(provider::EXACT_ONLINE), post(&[], ""), ""),
        with(
            ("validation-token", "94fe1bbe-5d85-4c7f-a8b6-a4ea2f8ea0cd"),
            row(
                "ringcentral",
                layer(provider::RINGCENTRAL),
                post(&[("validation-token", "94fe1bbe-5d85-4c7f-a8b6-a4ea2f8ea0cd")], ""),
                "",
            ),
        ),
        row(
            "slack",
            layer(provider::SLACK),
            signed(provider::SLACK, SECRET, &[], r#"{"type":"url_verification","challenge":"3eZbrw1aBm2rZgRNFdxV"}"#),
            r#"{"challenge":"3eZbrw1aBm2rZgRNFdxV"}"#,
        ),
        row(
            "smartcar",
            layer(provider::SMARTCAR),
            signed(
                provider::SMARTCAR,
                SECRET,
                &[],
                r#"{"eventType":"VERIFY","data":{"challenge":"a67ad4fb-2f44-4f8e-b3d1-2e1b2ea5a0e1"}}"#,
            ),
            r#"{"challenge":"131480ae1458bfd7fe224a2fc1710e63b047d41ead018ad4b11e6bb08a7b1060"}"#,
        ),
        row(
            "smartcar",
            layer(provider::SMARTCAR),
            post(&[], r#"{"eventType":"VERIFY","data":{"challenge":"a67ad4fb-2f44-4f8e-b3d1-2e1b2ea5a0e1"}}"#),
            r#"{"challenge":"131480ae1458bfd7fe224a2fc1710e63b047d41ead018ad4b11e6bb08a7b1060"}"#,
        ),
        with(
            ("smartsheet-hook-response", "4cd35adf-7e7e-40a3-8fa8-9f6f8b2a9a2c"),
            row(
                "smartsheet",
                layer(provider::SMARTSHEET),
                post(
                    &[("smartsheet-hook-challenge", "4cd35adf-7e7e-40a3-8fa8-9f6f8b2a9a2c")],
                    r#"{"challenge":"4cd35adf-7e7e-40a3-8fa8-9f6f8b2a9a2c","webhookId":1}"#,
                ),
                "",
            ),
        ),
        row(
            "tebex",
            layer(provider::TEBEX),
            signed(
                provider::TEBEX,
                SECRET,
                &[],
                r#"{"id":"2c116b11-1110-91e0-b266-b792c8da5f11","type":"validation.webhook","date":"2021-08-24T12:21:47+00:00","subject":{}}"#,
            ),
            r#"{"id":"2c116b11-1110-91e0-b266-b792c8da5f11"}"#,
        ),
        row(
            "trello",
            WebhookLayer::new(trello, Secret::new(SECRET).unwrap()).unwrap(),
            request(Method::HEAD, "/", &[], ""),
            "",
        ),
        row(
            "twitch",
            layer(provider::TWITCH),
            signed(
                provider::TWITCH,
                SECRET,
                &[
                    ("twitch-eventsub-message-id", "e76c6bd4"),
                    ("twitch-eventsub-message-type", "webhook_callback_verification"),
                ],
                r#"{"challenge":"pogchamp-kappa-360noscope-vohiyo","subscription":{"id":"f1c2","status":"webhook_callback_verification_pending"}}"#,
            ),
            "pogchamp-kappa-360noscope-vohiyo",
        ),
        row(
            "viber",
            layer(provider::VIBER),
            signed(
                provider::VIBER,
                SECRET,
                &[],
                r#"{"event":"webhook","timestamp":1457764197627,"message_token":241256543215}"#,
            ),
            "",
        ),
        row("whatsapp", token(layer(provider::WHATSAPP)), get(subscribe), "1158201444"),
        row("woocommerce", layer(provider::WOOCOMMERCE), post(&[], "webhook_id=42"), ""),
        row(
            "x-twitter",
            layer(provider::X_TWITTER),
            get("/?crc_token=9b4507b3-9040-4669-9ca3-6b94edb50553"),
            r#"{"response_token":"sha256=dVYyvR3+QyMhCtD/jbxFuURbfHuFiEfSFw34b6BriBU="}"#,
        ),
        row(
            "zoom",
            layer(provider::ZOOM),
            signed(
                provider::ZOOM,
                SECRET,
                &[],
                r#"{"event":"endpoint.url_validation","payload":{"plainToken":"qgg8vlvZRS6UYooatFL8Aw"},"event_ts":1654503849680}"#,
            ),
            r#"{"plainToken":"qgg8vlvZRS6UYooatFL8Aw","encryptedToken":"f12a29d71873abb900f2acff03309170217a7525f2b4c6815de638f74bff1f33"}"#,
        ),
    ]
}

#[tokio::test]
async fn every_sender_gets_the_very_answer_that_it_wants() {
    for row in rows() {
        let answer = ask(&row.layer, row.asked).await;
        answer.assert_answered(200, row.answer);
        if let Some((name, value)) = row.header {
            assert_eq!(answer.headers[name], value, "{}", row.sender);
        }
    }
}

#[tokio::test]
async fn an_empty_get_is_answered_to_those_who_ask_so_and_a_rate_is_allowed_with_the_origin() {
    let layer = layer(provider::CLOUDEVENTS_WEBHOOK).allow_origin("a.example");
    let asked = request(Method::OPTIONS, "/", &[("webhook-request-origin", "a.example")], "");
    let answer = ask(&layer, asked).await;
    assert_eq!(
        (&answer.headers["webhook-allowed-rate"], &answer.headers["allow"]),
        (&"*".parse().unwrap(), &"POST".parse().unwrap())
    );
}

#[test]
fn no_sender_with_a_challenge_is_left_out() {
    let shown: BTreeSet<_> = rows().iter().map(|row| row.sender).collect();
    // Those with a secret of their own making stand in `first_use`.
    let others = BTreeSet::from(["asana", "aws-sns", "aws-sns-sha1", "clio", "notion"]);
    let all: BTreeSet<_> =
        provider::ALL.iter().filter(|scheme| !scheme.challenges().is_empty()).map(|scheme| scheme.name()).collect();
    assert_eq!(all, &shown | &others);
}
