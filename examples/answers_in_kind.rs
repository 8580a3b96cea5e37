//! Senders that read the answer: Discord's interactions want JSON, Twilio wants TwiML.
//!
//! Needs `DISCORD_PUBLIC_KEY` (64 hex digits), `TWILIO_AUTH_TOKEN` and `PUBLIC_URL`, such as `https://hooks.example.com`.
//! `PORT`: default 3000.
//!
//! ```text
//! cargo run --example answers_in_kind
//! ```

#![allow(clippy::print_stdout, reason = "an example that shows something")]

use std::error::Error;

use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Form, Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use tower_webhook::axum::Verified;
use tower_webhook::serve::Server;
use tower_webhook::{ConfigError, Secret, VerifyingKey, WebhookLayer, provider};

#[derive(Deserialize)]
struct Interaction {
    #[serde(default)]
    data: Value,
}

/// Discord's PING never comes here: the layer answers it with a PONG, once it is verified.
async fn discord(Verified(Json(interaction)): Verified<Json<Interaction>>) -> Json<Value> {
    match interaction.data.pointer("/name").and_then(Value::as_str) {
        Some("hello") => Json(json!({ "type": 4, "data": { "content": "Hello!" } })),
        // Discord waits three seconds. "Deferred" holds the place; the message itself is sent later, to
        // `/webhooks/<application>/<token of the interaction>/messages/@original`, by what works behind an inbox.
        _ => Json(json!({ "type": 5 })),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Sms {
    from: String,
    body: String,
}

/// A copy of the message gets this same answer again, and the customer one reply.
async fn twilio(Verified(Form(sms)): Verified<Form<Sms>>) -> Response {
    println!("a message of {} letters", sms.body.len());
    let reply = format!("Thank you, {}.", sms.from);
    let twiml =
        format!(r#"<?xml version="1.0" encoding="UTF-8"?><Response><Message>{}</Message></Response>"#, xml(&reply));
    ([(CONTENT_TYPE, "text/xml")], twiml).into_response()
}

/// What a customer writes is no markup.
fn xml(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn app(public_url: &str, discord_key: VerifyingKey, twilio_token: Secret) -> Result<Router, ConfigError> {
    let to_twilio = provider::TWILIO.at(&format!("{public_url}/webhooks/twilio"))?;
    Ok(Router::new()
        .route("/webhooks/discord", post(discord).layer(WebhookLayer::new(provider::DISCORD, discord_key)?))
        .route("/webhooks/twilio", post(twilio).layer(WebhookLayer::new(to_twilio, twilio_token)?)))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let key = VerifyingKey::from_hex(&std::env::var("DISCORD_PUBLIC_KEY")?)?;
    let app = app(&std::env::var("PUBLIC_URL")?, key, Secret::from_env("TWILIO_AUTH_TOKEN")?)?;
    let port: u16 = std::env::var("PORT").ok().map_or(Ok(3000), |port| port.parse())?;
    let server = Server::bind(("127.0.0.1", port)).await?;
    println!("Serving on http://{}. Ctrl-C ends.", server.local_addr()?);
    server.shutdown_on(tokio::signal::ctrl_c()).serve(app.with_state(())).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use tower_webhook::Reason;
    use tower_webhook::crypto::SigningKey;
    use tower_webhook::testing::{self, Endpoint};

    use super::*;

    const TOKEN: &str = "a token of at least sixteen bytes";

    fn endpoint() -> Endpoint<Router> {
        let key = SigningKey::from_seed(&[7; 32]).verifying_key();
        Endpoint::new(app("https://hooks.example.com", key, Secret::new(TOKEN).unwrap()).unwrap())
    }

    #[tokio::test]
    async fn discord_gets_pong_a_message_or_a_deferral() {
        let from_discord = |body: &'static str| {
            testing::delivery(provider::DISCORD, SigningKey::from_seed(&[7; 32])).to("/webhooks/discord").json(body)
        };
        let endpoint = endpoint();
        let ping = from_discord(r#"{"id":"1","type":1}"#);
        assert_eq!(endpoint.send(&ping).await.body(), r#"{"type":1}"#);
        let hello = from_discord(r#"{"id":"2","type":2,"data":{"name":"hello"}}"#);
        assert_eq!(endpoint.send(&hello).await.body(), r#"{"data":{"content":"Hello!"},"type":4}"#);
        let report = from_discord(r#"{"id":"3","type":2,"data":{"name":"report"}}"#);
        assert_eq!(endpoint.send(&report).await.body(), r#"{"type":5}"#);
        // Discord sends such ones on purpose, and takes an endpoint that answers them off.
        endpoint.send(&ping.tampered()).await.assert_rejected(Reason::SignatureMismatch);
    }

    #[tokio::test]
    async fn twilio_gets_twiml_and_its_copies_the_same() {
        let to = provider::TWILIO.at("https://hooks.example.com/webhooks/twilio").unwrap();
        let sms = testing::delivery(to, TOKEN).to("/webhooks/twilio").form([
            ("From", "<b>&"),
            ("Body", "hi"),
            ("MessageSid", "SM1"),
        ]);
        let endpoint = endpoint();
        let answer = endpoint.send(&sms).await;
        assert!(answer.body().ends_with(b"<Response><Message>Thank you, &lt;b&gt;&amp;.</Message></Response>"));
        let copy = endpoint.send(&sms).await;
        assert_eq!(copy.body(), answer.body());
        copy.assert_duplicate();
        endpoint.send(&sms.tampered()).await.assert_rejected(Reason::SignatureMismatch);
    }
}
