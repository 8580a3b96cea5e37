//! Shapes of challenges that no sender of the catalogue has yet.

use std::sync::{Arc, Mutex};

use http::Method;
use http::request::Parts;
use tower_webhook::challenge::{Handshake, Taken};
use tower_webhook::scheme::{Challenge, Chars, Encoding, Say, Scheme, UrlScheme, header, json, query};
use tower_webhook::{Reason, Secret, WebhookLayer};

use crate::asking::{ask, get, request, signed};
use crate::{SECRET, layer};

const HMAC: Scheme = Scheme::hmac_sha256("acme").signature(header("x-acme"), Encoding::Hex);
const TOKEN: Scheme = Scheme::token("acme", query("code"));

/// Microsoft Graph and SharePoint.
/// <https://learn.microsoft.com/en-us/graph/change-notifications-delivery-webhooks#notificationurl-validation>
#[tokio::test]
async fn a_sentence_in_the_query_of_a_post_is_repeated_as_plain_text() {
    const GRAPH: Scheme = HMAC
        .challenge(&[Challenge::post(query("validationToken")).echo(query("validationToken"), Chars::Sentence)])
        .checked();
    let asked = |token: &str| request(Method::POST, &format!("/?validationToken={token}"), &[], "");
    let text = "Validation%3a+Testing+client+application+reachability+for+subscription+Request-Id%3a+b0b0";
    let answer = ask(&layer(GRAPH), asked(text)).await;
    answer
        .assert_answered(200, "Validation: Testing client application reachability for subscription Request-Id: b0b0");
    assert_eq!(answer.headers["content-type"], "text/plain; charset=utf-8");
    for text in ["%3Cscript%3E", "a%0Ab", "%22", "+a", "%C3%BC"] {
        ask(&layer(GRAPH), asked(text)).await.assert_refused(Reason::ChallengeMalformed);
    }
}

/// Azure Event Grid: the secret stands in the query, so the question is verified by it.
/// <https://learn.microsoft.com/en-us/azure/event-grid/end-point-validation-event-grid-events-schema>
#[tokio::test]
async fn a_code_in_a_list_is_answered_under_another_name() {
    const GRID: Scheme = TOKEN
        .challenge(&[Challenge::verified(json("/0/eventType"))
            .is("Microsoft.EventGrid.SubscriptionValidationEvent")
            .json(
                json("/0/data/validationCode"),
                Chars::Token,
                &[Say::Lit(r#"{"validationResponse":""#), Say::Text, Say::Lit(r#""}"#)],
            )])
        .checked();
    let body = r#"[{"eventType":"Microsoft.EventGrid.SubscriptionValidationEvent","data":{"validationCode":"512d38b6-c7b8-40c8-89fe-f46f9e9622b6"}}]"#;
    let asked = |code: &str| request(Method::POST, &format!("/?code={code}"), &[], body);
    ask(&layer(GRID), asked(SECRET))
        .await
        .assert_answered(200, r#"{"validationResponse":"512d38b6-c7b8-40c8-89fe-f46f9e9622b6"}"#);
    ask(&layer(GRID), asked("guessed")).await.assert_refused(Reason::SignatureMismatch);
}

/// Strava, and Oura in the same way. <https://developers.strava.com/docs/webhooks/>
#[tokio::test]
async fn a_subscription_may_be_confirmed_in_json() {
    const STRAVA: Scheme = HMAC
        .challenge(&[Challenge::get(query("hub.mode")).is("subscribe").verify_token(query("hub.verify_token")).json(
            query("hub.challenge"),
            Chars::Token,
            &[Say::Lit(r#"{"hub.challenge":""#), Say::Text, Say::Lit(r#""}"#)],
        )])
        .checked();
    let layer = layer(STRAVA).verify_token(Secret::new("v-token-of-16-bytes").unwrap());
    let asked =
        get("/?hub.mode=subscribe&hub.challenge=15f7d1a91c1f40f8a748fd134752feb3&hub.verify_token=v-token-of-16-bytes");
    ask(&layer, asked).await.assert_answered(200, r#"{"hub.challenge":"15f7d1a91c1f40f8a748fd134752feb3"}"#);
}

/// eBay; the answer was computed by `event-notification-nodejs-sdk` 1.0.3.
#[tokio::test]
async fn a_digest_may_be_made_of_text_token_and_url() {
    const EBAY: UrlScheme = UrlScheme::new(
        HMAC.challenge(&[Challenge::get(query("challenge_code")).json(
            query("challenge_code"),
            Chars::Token,
            &[Say::Lit(r#"{"challengeResponse":""#), Say::Sha256WithTokenAndUrl, Say::Lit(r#""}"#)],
        )])
        .checked(),
    );
    let asked = || get("/?challenge_code=a8628072-3d33-45ee-9004-bee86830a22d");
    let layer = layer(EBAY.at("https://example.com/ebay").unwrap());
    ask(&layer, asked()).await.assert_refused(Reason::NotConfigured);
    let layer = layer.verify_token(Secret::new("71745723-d031-455c-bfa5-f90d11b4f20a").unwrap());
    ask(&layer, asked()).await.assert_answered(
        200,
        r#"{"challengeResponse":"2b4713d4870feec153f4fce05f9441099a744892c6773a9b461bac9c0880565d"}"#,
    );
}

/// Amazon SNS, but for its signature. <https://docs.aws.amazon.com/sns/latest/dg/SendMessageToHttp.confirm.html>
#[tokio::test]
async fn an_url_to_be_called_is_handed_over_once_it_is_verified() {
    const SNS: Scheme = HMAC
        .challenge(&[Challenge::verified(json("/Type")).is("SubscriptionConfirmation").confirm(
            json("/SubscribeURL"),
            "sns.",
            &[".amazonaws.com", ".amazonaws.com.cn"],
        )])
        .checked();
    let body = |url: &str| format!(r#"{{"Type":"SubscriptionConfirmation","SubscribeURL":"{url}"}}"#);
    let url =
        "https://sns.us-west-2.amazonaws.com/?Action=ConfirmSubscription&TopicArn=arn:aws:sns:us-west-2:1:T&Token=2336";
    let asked = |url: &str| signed(SNS, SECRET, &[], &body(url));
    ask(&layer(SNS), asked(url)).await.assert_refused(Reason::NotConfigured);

    let handed = Arc::new(Mutex::new(Vec::new()));
    let taken = handed.clone();
    let layer = layer(SNS).on_handshake(move |handshake, _: &Parts| {
        let Handshake::Confirm(url) = handshake else { panic!("{handshake:?}") };
        taken.lock().unwrap().push(url.to_string());
        async { Ok::<_, std::io::Error>(Taken::Stored) }
    });
    ask(&layer, asked(url)).await.assert_answered(200, "");
    ask(&layer, request(Method::POST, "/", &[], &body(url))).await.assert_refused(Reason::MissingSignature);
    for other in [
        "https://sns.us-west-2.amazonaws.com.evil.example/",
        "http://sns.us-west-2.amazonaws.com/",
        "https://evil.example/",
    ] {
        ask(&layer, asked(other)).await.assert_refused(Reason::ChallengeMalformed);
    }
    assert_eq!(*handed.lock().unwrap(), [url]);
}

/// Worldline. <https://docs.direct.worldline-solutions.com/en/integration/api-developer-guide/webhooks>
#[tokio::test]
async fn a_header_of_a_get_is_answered_as_text() {
    const WORLDLINE: Scheme = HMAC
        .challenge(&[Challenge::get(header("x-gcs-webhooks-endpoint-verification"))
            .echo(header("x-gcs-webhooks-endpoint-verification"), Chars::Token)])
        .checked();
    let asked = request(Method::GET, "/", &[("x-gcs-webhooks-endpoint-verification", "a1-b2")], "");
    ask(&layer(WORLDLINE), asked).await.assert_answered(200, "a1-b2");
    ask(&WebhookLayer::new(HMAC, Secret::new(SECRET).unwrap()).unwrap(), get("/")).await.assert_refused(Reason::Method);
}
