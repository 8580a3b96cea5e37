//! Challenges: answered as each sender wants it, and to nobody else.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

mod asking;
mod computed;
mod first_use;
mod senders;
mod shapes;

use std::path::Path;

use base64ct::{Base64, Encoding as _};
use http::Method;
use tower_webhook::crypto::SigningKey;
use tower_webhook::testing::{self, Endpoint};
use tower_webhook::{Reason, Secret, WebhookLayer, provider};

use asking::{ask, get, request, signed};

const SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";

fn layer(sender: impl Into<tower_webhook::scheme::Sender>) -> WebhookLayer {
    WebhookLayer::new(sender, Secret::new(SECRET).unwrap()).unwrap()
}

fn meta() -> WebhookLayer {
    layer(provider::META).verify_token(Secret::new("our own verify token").unwrap())
}

#[tokio::test]
async fn a_signed_challenge_is_answered_once_its_signature_was_checked() {
    let slack = layer(provider::SLACK);
    let body = r#"{"token":"Jhj5dZrVaK7ZwHHjRyZWjbDl","challenge":"3eZbrw1aBm2rZgRNFdxV2595E9CY3gmd","type":"url_verification"}"#;
    let endpoint = Endpoint::new(axum::Router::new().route("/", axum::routing::post(async || ()).layer(slack.clone())));
    let question = testing::delivery(provider::SLACK, SECRET).json(body);
    // Each time anew: a question is no delivery to remember.
    endpoint.send(&question).await.assert_challenge_answered();
    endpoint.send(&question).await.assert_challenge_answered();
    endpoint.send(&question.unsigned()).await.assert_rejected(Reason::MissingSignature);
    endpoint.send(&question.tampered()).await.assert_rejected(Reason::SignatureMismatch);
    let event = signed(provider::SLACK, SECRET, &[], r#"{"type":"event_callback","event_id":"Ev1"}"#);
    assert_eq!(ask(&slack, event).await.runs, 1);
}

#[tokio::test]
async fn a_text_that_could_do_harm_is_not_repeated() {
    let slack = layer(provider::SLACK);
    for challenge in ["<script>alert(1)</script>", "", " ", &"a".repeat(257), "\\\"}", "ü", "a b", "a\\r\\nb"] {
        let body = format!(r#"{{"type":"url_verification","challenge":"{challenge}"}}"#);
        ask(&slack, signed(provider::SLACK, SECRET, &[], &body)).await.assert_refused(Reason::ChallengeMalformed);
    }
    for challenge in ["%3Cscript%3E", "a%0d%0ab", "a+b", "%ff", "a%00", &"a".repeat(257)] {
        ask(&layer(provider::DROPBOX), get(&format!("/?challenge={challenge}")))
            .await
            .assert_refused(Reason::ChallengeMalformed);
    }
    let okta = layer(provider::OKTA);
    for challenge in ["<script>", "a b", "\"", &"a".repeat(257)] {
        let asked = request(Method::GET, "/", &[("x-okta-verification-challenge", challenge)], "");
        ask(&okta, asked).await.assert_refused(Reason::ChallengeMalformed);
    }
}

#[tokio::test]
async fn what_stands_twice_is_not_answered() {
    let twice = get("/?challenge=a1&challenge=b2");
    ask(&layer(provider::DROPBOX), twice).await.assert_refused(Reason::ChallengeMalformed);
    let name = "x-okta-verification-challenge";
    let twice = request(Method::GET, "/", &[(name, "a1"), (name, "b2")], "");
    ask(&layer(provider::OKTA), twice).await.assert_refused(Reason::ChallengeMalformed);
    let token = "hub.verify_token=our+own+verify+token";
    let twice = get(&format!("/?hub.mode=subscribe&hub.challenge=1&{token}&{token}"));
    ask(&meta(), twice).await.assert_refused(Reason::ChallengeMalformed);
}

#[tokio::test]
async fn a_challenge_by_another_method_is_none() {
    for method in [Method::POST, Method::HEAD, Method::PUT, Method::OPTIONS, Method::DELETE] {
        let reason = if method == Method::POST { Reason::MissingSignature } else { Reason::Method };
        let asked = request(method, "/?challenge=a1", &[], "");
        ask(&layer(provider::DROPBOX), asked).await.assert_refused(reason);
    }
    ask(&layer(provider::DROPBOX), get("/")).await.assert_refused(Reason::Method);
    ask(&layer(provider::GITHUB), get("/?challenge=a1")).await.assert_refused(Reason::Method);
}

#[tokio::test]
async fn discord_s_bad_signatures_are_refused_with_401() {
    let key = SigningKey::from_seed(&[7; 32]);
    let discord = WebhookLayer::new(provider::DISCORD, key.verifying_key()).unwrap();
    let ping = |key: &SigningKey, body: &'static str| testing::delivery(provider::DISCORD, key.clone()).json(body);
    for (body, status, answer) in
        [(r#"{"id":"1","type":1}"#, 200, r#"{"type":1}"#), (r#"{"version":1,"type":0}"#, 204, "")]
    {
        ask(&discord, ping(&key, body).to_request()).await.assert_answered(status, answer);
        let forged = ask(&discord, ping(&SigningKey::from_seed(&[8; 32]), body).to_request()).await;
        assert_eq!((forged.status, forged.runs), (401, 0));
    }
}

/// They have the type of the other PING.
/// <https://docs.discord.com/developers/events/webhook-events>
#[tokio::test]
async fn discord_s_events_are_handled() {
    let key = SigningKey::from_seed(&[7; 32]);
    let discord = WebhookLayer::new(provider::DISCORD, key.verifying_key()).unwrap();
    let body = r#"{"version":1,"application_id":"1","type":1,"event":{"type":"ENTITLEMENT_CREATE","data":{}}}"#;
    assert_eq!(ask(&discord, testing::delivery(provider::DISCORD, key).json(body).to_request()).await.runs, 1);
}

/// <https://developers.ringcentral.com/guide/team-messaging/events/outgoing-webhooks>
#[tokio::test]
async fn ringcentral_is_answered_though_its_question_has_the_token_of_deliveries() {
    let asked = |token| request(Method::POST, "/", &[("validation-token", "a1-b2"), ("verification-token", token)], "");
    let answer = ask(&layer(provider::RINGCENTRAL), asked(SECRET)).await;
    answer.assert_answered(200, "");
    assert_eq!(answer.headers["validation-token"], "a1-b2");
    ask(&layer(provider::RINGCENTRAL), asked("guessed")).await.assert_refused(Reason::SignatureMismatch);
}

#[tokio::test]
async fn an_empty_body_alone_is_exact_online_s_question() {
    let vectors: serde_json::Value = serde_json::from_str(include_str!("../vectors/exact-online.json")).unwrap();
    let text = |field: &str| vectors[0][field].as_str().unwrap();
    let exact = WebhookLayer::new(provider::EXACT_ONLINE, Secret::new(text("secret")).unwrap()).unwrap();
    let body = String::from_utf8(Base64::decode_vec(text("body_b64")).unwrap()).unwrap();
    assert_eq!(ask(&exact, request(Method::POST, "/", &[("content-type", "application/json")], &body)).await.runs, 1);
    for body in [" ", "{}", r#"{"Content":{},"HashCode":""}"#] {
        assert_eq!(ask(&exact, request(Method::POST, "/", &[], body)).await.status, 401, "{body}");
    }
}

/// <https://developers.google.com/workspace/drive/api/guides/push>
#[tokio::test]
async fn messages_of_two_push_channels_have_the_same_number_and_are_both_handled() {
    let google = layer(provider::GOOGLE_PUSH_CHANNEL);
    let handler = axum::routing::post(async || ()).layer(google);
    let endpoint = Endpoint::new(axum::Router::new().route("/", handler));
    let message = |channel: &str| {
        let delivery = testing::delivery(provider::GOOGLE_PUSH_CHANNEL, SECRET).header("x-goog-channel-id", channel);
        delivery.id("1").json("{}")
    };
    endpoint.send(&message("a")).await.assert_accepted();
    endpoint.send(&message("b")).await.assert_accepted();
    endpoint.send(&message("b")).await.assert_duplicate();
}

#[tokio::test]
async fn a_subscription_is_confirmed_for_the_right_token_alone() {
    let asked = |query: &str| get(&format!("/?hub.mode=subscribe&{query}"));
    let right = ask(&meta(), asked("hub.challenge=1158201444&hub.verify_token=our%20own+verify+token")).await;
    right.assert_answered(200, "1158201444");
    assert_eq!(right.headers["content-type"], "text/plain; charset=utf-8");
    for wrong in ["hub.challenge=1", "hub.challenge=1&hub.verify_token=", "hub.challenge=1&hub.verify_token=guessed"] {
        ask(&meta(), asked(wrong)).await.assert_refused(Reason::UnknownKey);
    }
    ask(&meta(), asked("hub.verify_token=our+own+verify+token")).await.assert_refused(Reason::ChallengeMalformed);
    ask(&meta(), get("/?hub.mode=unsubscribe&hub.challenge=1")).await.assert_refused(Reason::Method);
    assert_eq!(ask(&meta(), signed(provider::META, SECRET, &[], r#"{"object":"page"}"#)).await.runs, 1);
}

#[tokio::test]
async fn what_needs_something_that_is_not_configured_is_refused_and_the_log_says_what() {
    for (layer, asked, option) in [
        (layer(provider::META), get("/?hub.mode=subscribe&hub.challenge=1&hub.verify_token="), ".verify_token("),
        (
            layer(provider::CLOUDEVENTS_WEBHOOK),
            request(Method::OPTIONS, "/", &[("webhook-request-origin", "eventemitter.example.com")], ""),
            ".allow_origin(",
        ),
        (
            layer(provider::ASANA),
            request(Method::POST, "/", &[("x-hook-secret", "b537207f20cbfa02357cf448134da559")], ""),
            ".on_handshake(",
        ),
        (
            layer(provider::NOTION),
            request(
                Method::POST,
                "/",
                &[],
                r#"{"verification_token":"secret_tMrlL1qK5vuQAh1b6cZGhFChZTSYJlce98V0pYn7yBl"}"#,
            ),
            ".on_handshake(",
        ),
    ] {
        let answer = ask(&layer, asked).await;
        answer.assert_refused(Reason::NotConfigured);
        assert!(answer.detail.contains(option), "{answer:?}");
    }
}

#[tokio::test]
async fn an_origin_that_is_not_allowed_is_refused() {
    let layer = layer(provider::CLOUDEVENTS_WEBHOOK).allow_origin("eventemitter.example.com");
    for origin in ["other.example.com", "example.com", "eventemitter.example.com.evil.example"] {
        let asked = request(Method::OPTIONS, "/", &[("webhook-request-origin", origin)], "");
        ask(&layer, asked).await.assert_refused(Reason::UnknownKey);
    }
    ask(&layer, request(Method::OPTIONS, "/", &[], "")).await.assert_refused(Reason::Method);
}

#[tokio::test]
async fn a_signed_delivery_is_no_unsigned_challenge_whatever_else_it_has() {
    let smartsheet = layer(provider::SMARTSHEET);
    let marked = [("smartsheet-hook-challenge", "a1b2")];
    assert_eq!(ask(&smartsheet, signed(provider::SMARTSHEET, SECRET, &marked, "{}")).await.runs, 1);
    let forged = request(Method::POST, "/", &[marked[0], ("smartsheet-hmac-sha256", "00")], "{}");
    ask(&smartsheet, forged).await.assert_refused(Reason::MalformedSignature);
}

#[tokio::test]
async fn an_unsigned_body_is_read_only_where_it_may_be_a_challenge_and_is_short() {
    let woocommerce = layer(provider::WOOCOMMERCE);
    for body in
        ["", "webhook_id=", "webhook_id=1a", "webhook_id=1&x=2", "x=1", &format!("webhook_id={}", "1".repeat(21))]
    {
        ask(&woocommerce, request(Method::POST, "/", &[], body)).await.assert_refused(Reason::MissingSignature);
    }
    let long = format!(r#"{{"verification_token":"secret_0123456789abcdef","x":"{}"}}"#, "x".repeat(4096));
    ask(&layer(provider::NOTION), request(Method::POST, "/", &[], &long))
        .await
        .assert_refused(Reason::MissingSignature);
}

#[tokio::test]
async fn a_route_has_to_take_the_method_of_the_challenge() {
    use axum::handler::Handler;
    use axum::routing::{MethodFilter, any, on, post};
    let asked = || {
        let delivery = testing::delivery(provider::DROPBOX, SECRET).to("/?challenge=a1");
        delivery.body("text/plain", "").unsigned().method(Method::GET)
    };
    let handler = async || "handled";
    let dropbox = || layer(provider::DROPBOX);
    let both = MethodFilter::GET.or(MethodFilter::POST);
    for routed in [
        any(handler).layer(dropbox()),
        any(handler.layer(dropbox())),
        on(both, handler.layer(dropbox())),
        // The layers of a method router are those of its 405, too.
        post(handler).layer(dropbox()),
    ] {
        let endpoint = Endpoint::new(axum::Router::new().route("/", routed));
        assert_eq!(endpoint.send(&asked()).await.body(), "a1");
        endpoint.send(&testing::delivery(provider::DROPBOX, SECRET).json("{}")).await.assert_accepted();
    }
    for routed in [post(handler.layer(dropbox())), post(handler).route_layer(dropbox())] {
        let endpoint = Endpoint::new(axum::Router::new().route("/", routed));
        let answer = endpoint.send(&asked()).await;
        assert!(answer.status() == 405 && answer.outcome().is_none(), "axum answers by itself");
    }
}

/// The table in the documentation of `tower_webhook::challenge`.
fn table() -> String {
    let mut table =
        String::from("| sender | asked by | before the signature | answer | needs |\n|---|---|---|---|---|\n");
    for scheme in provider::ALL {
        for challenge in scheme.challenges() {
            let unsigned = if challenge.is_unsigned() { "yes" } else { "no" };
            let needs = challenge.needs().map(|option| format!("`{option}`")).unwrap_or_default();
            let (asked, answer) = (challenge.asked(), challenge.answered_with().replace('|', "\\|"));
            table += &format!("| `{}` | {asked} | {unsigned} | {answer} | {needs} |\n", scheme.name());
        }
    }
    table
}

#[test]
fn the_table_in_the_documentation_lists_every_challenge() {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src/challenge/senders.md"));
    if std::env::var_os("WRITE_CATALOGUE").is_some() {
        std::fs::write(path, table()).unwrap();
    }
    assert_eq!(std::fs::read_to_string(path).unwrap(), table(), "bash tests/write_catalogue.sh writes it");
}
