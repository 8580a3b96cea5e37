//! Typed events of Stripe, GitHub, Slack and Shopify: what is known is matched, what is not is logged and acknowledged.
//!
//! Needs `STRIPE_WEBHOOK_SECRET`, `GITHUB_WEBHOOK_SECRET`, `SLACK_SIGNING_SECRET` and `SHOPIFY_CLIENT_SECRET`. `PORT`:
//! default 3000.
//!
//! ```text
//! cargo run --example typed_events
//!
//! echo '{"id":"evt_1","type":"customer.subscription.deleted","data":{"object":{"customer":"cus_1"}}}' |
//!     cargo run --features cli --bin tower-webhook -- \
//!     send --provider stripe --secret-env STRIPE_WEBHOOK_SECRET http://127.0.0.1:3000/webhooks/stripe
//! ```

#![allow(clippy::print_stdout, reason = "an example that shows something")]

use std::error::Error;

use axum::Router;
use axum::routing::post;
use tower_webhook::serve::Server;
use tower_webhook::{ConfigError, Delivery, Secret, WebhookOptions, provider};

/// A 2xx, or the sender goes on and on with what nobody wants. The text is for the sender's dashboard.
fn unhandled(delivery: &Delivery) -> String {
    println!("unhandled: {} {:?}", delivery.provider(), delivery.event_type());
    "unhandled".to_owned()
}

mod stripe {
    use axum::Json;
    use serde::Deserialize;
    use tower_webhook::Delivery;
    use tower_webhook::axum::Verified;

    /// Only what is used; fields and types that come later change nothing.
    #[derive(Deserialize)]
    #[serde(tag = "type")]
    pub(super) enum Event {
        #[serde(rename = "payment_intent.succeeded")]
        Paid { data: Data<Payment> },
        #[serde(rename = "payment_intent.payment_failed")]
        PaymentFailed { data: Data<Payment> },
        #[serde(rename = "customer.subscription.deleted")]
        SubscriptionDeleted { data: Data<Subscription> },
        #[serde(other)]
        Other,
    }

    #[derive(Deserialize)]
    pub(super) struct Data<T> {
        object: T,
    }

    #[derive(Deserialize)]
    pub(super) struct Payment {
        id: String,
        amount: u64,
    }

    #[derive(Deserialize)]
    pub(super) struct Subscription {
        customer: String,
    }

    pub(super) async fn receive(delivery: Delivery, Verified(Json(event)): Verified<Json<Event>>) -> String {
        match event {
            Event::Paid { data: Data { object } } => format!("{} paid {} cents", object.id, object.amount),
            Event::PaymentFailed { data } => format!("{} failed", data.object.id),
            Event::SubscriptionDeleted { data } => format!("{} has left", data.object.customer),
            Event::Other => super::unhandled(&delivery),
        }
    }
}

mod github {
    use serde::Deserialize;
    use tower_webhook::Delivery;
    use tower_webhook::axum::Verified;
    use tower_webhook::bytes::Bytes;

    #[derive(Deserialize)]
    struct Push {
        r#ref: String,
        after: String,
    }

    /// The type stands in a header, so the body is read once it is known what it is.
    pub(super) async fn receive(delivery: Delivery, Verified(body): Verified<Bytes>) -> String {
        match delivery.event_type().as_deref() {
            Some("ping") => "pong".to_owned(),
            Some("push") => match serde_json::from_slice::<Push>(&body) {
                Ok(push) if push.r#ref == "refs/heads/main" => format!("deploying {}", push.after),
                Ok(push) => format!("{} is not deployed", push.r#ref),
                // The same bytes would come again: keep them for a human, and say that they came.
                Err(error) => format!("not a push: {error}"),
            },
            _ => super::unhandled(&delivery),
        }
    }
}

mod slack {
    use axum::Json;
    use serde::Deserialize;
    use tower_webhook::Delivery;
    use tower_webhook::axum::Verified;

    /// `url_verification` never comes here: the layer answers it, once it is verified.
    #[derive(Deserialize)]
    pub(super) struct Callback {
        event: Event,
    }

    #[derive(Deserialize)]
    #[serde(tag = "type", rename_all = "snake_case")]
    pub(super) enum Event {
        Message {
            user: Option<String>,
            /// What bots write, among them what we write ourselves: answering it would never end.
            bot_id: Option<String>,
            text: Option<String>,
        },
        #[serde(other)]
        Other,
    }

    /// Slack waits three seconds. What takes longer belongs behind an inbox.
    pub(super) async fn receive(delivery: Delivery, Verified(Json(callback)): Verified<Json<Callback>>) -> String {
        match callback.event {
            Event::Message { bot_id: Some(_), .. } => "a bot".to_owned(),
            Event::Message { user: Some(user), text: Some(text), .. } => format!("{user}: {} letters", text.len()),
            Event::Message { .. } => "a message of nobody".to_owned(),
            Event::Other => super::unhandled(&delivery),
        }
    }
}

mod shopify {
    use axum::Json;
    use serde::Deserialize;
    use tower_webhook::Delivery;
    use tower_webhook::axum::Verified;

    #[derive(Deserialize)]
    pub(super) struct Resource {
        id: u64,
    }

    /// Topics of a shop, and those that every app must answer: who asks for data, who wants it deleted.
    pub(super) async fn receive(
        delivery: Delivery,
        Verified(Json(resource)): Verified<Json<serde_json::Value>>,
    ) -> String {
        let resource = serde_json::from_value::<Resource>(resource);
        match (delivery.event_type().as_deref(), resource) {
            (Some("orders/paid"), Ok(order)) => format!("order {} is paid", order.id),
            (Some("app/uninstalled"), _) => "farewell".to_owned(),
            (Some("customers/data_request" | "customers/redact" | "shop/redact"), _) => "on the list".to_owned(),
            _ => super::unhandled(&delivery),
        }
    }
}

fn app(secret: impl Fn(&str) -> Result<Secret, ConfigError>) -> Result<Router, ConfigError> {
    let shared = WebhookOptions::new();
    let stripe = shared.layer(provider::STRIPE, secret("STRIPE_WEBHOOK_SECRET")?)?;
    let github = shared.layer(provider::GITHUB, secret("GITHUB_WEBHOOK_SECRET")?)?;
    let slack = shared.layer(provider::SLACK, secret("SLACK_SIGNING_SECRET")?)?;
    let shopify = shared.layer(provider::SHOPIFY, secret("SHOPIFY_CLIENT_SECRET")?)?;
    Ok(Router::new()
        .route("/webhooks/stripe", post(stripe::receive).layer(stripe))
        .route("/webhooks/github", post(github::receive).layer(github))
        .route("/webhooks/slack", post(slack::receive).layer(slack))
        .route("/webhooks/shopify", post(shopify::receive).layer(shopify)))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let app = app(Secret::from_env)?;
    let port: u16 = std::env::var("PORT").ok().map_or(Ok(3000), |port| port.parse())?;
    let server = Server::bind(("127.0.0.1", port)).await?;
    println!("Serving on http://{}. Ctrl-C ends.", server.local_addr()?);
    server.shutdown_on(tokio::signal::ctrl_c()).serve(app.with_state(())).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use tower_webhook::Reason;
    use tower_webhook::scheme::{Scheme, Sender};
    use tower_webhook::testing::{self, DeliveryBuilder, Endpoint};

    use super::*;

    const SECRET: &str = "a secret of at least sixteen bytes";

    fn endpoint() -> Endpoint<Router> {
        Endpoint::new(app(|_| Secret::new(SECRET)).unwrap())
    }

    fn from(sender: Scheme) -> DeliveryBuilder {
        let path = format!("/webhooks/{}", sender.name());
        testing::delivery(Sender::from(sender), SECRET).to(&path)
    }

    async fn answer(builder: DeliveryBuilder, body: &'static str) -> String {
        let answer = endpoint().send(&builder.json(body)).await;
        assert_eq!(answer.status(), 200);
        String::from_utf8(answer.body().to_vec()).unwrap()
    }

    #[tokio::test]
    async fn stripe_s_events_are_told_apart_and_unknown_ones_are_acknowledged() {
        let paid = r#"{"id":"evt_1","type":"payment_intent.succeeded","data":{"object":{"id":"pi_1","amount":3}}}"#;
        assert_eq!(answer(from(provider::STRIPE), paid).await, "pi_1 paid 3 cents");
        let gone = r#"{"id":"evt_2","type":"customer.subscription.deleted","data":{"object":{"customer":"cus_1"}}}"#;
        assert_eq!(answer(from(provider::STRIPE), gone).await, "cus_1 has left");
        let new = r#"{"id":"evt_3","type":"thing.made","data":{"object":{}}}"#;
        assert_eq!(answer(from(provider::STRIPE), new).await, "unhandled");
    }

    #[tokio::test]
    async fn github_s_pushes_to_main_are_deployed_and_no_others() {
        let push = |builder: DeliveryBuilder| builder.event_type("push");
        let main = answer(push(from(provider::GITHUB)), r#"{"ref":"refs/heads/main","after":"1a2b"}"#).await;
        assert_eq!(main, "deploying 1a2b");
        let side = answer(push(from(provider::GITHUB)), r#"{"ref":"refs/heads/x","after":"1a2b"}"#).await;
        assert_eq!(side, "refs/heads/x is not deployed");
        assert_eq!(answer(from(provider::GITHUB).event_type("star"), "{}").await, "unhandled");
    }

    #[tokio::test]
    async fn slack_s_bots_are_ignored_and_its_challenge_is_answered_to_slack_alone() {
        let message = r#"{"type":"event_callback","event_id":"1","event":{"type":"message","user":"U1","text":"hi"}}"#;
        assert_eq!(answer(from(provider::SLACK), message).await, "U1: 2 letters");
        let bot = r#"{"type":"event_callback","event_id":"2","event":{"type":"message","bot_id":"B1","text":"hi"}}"#;
        assert_eq!(answer(from(provider::SLACK), bot).await, "a bot");

        let challenge = from(provider::SLACK).json(r#"{"type":"url_verification","challenge":"3eZbrw1a"}"#);
        endpoint().send(&challenge).await.assert_challenge_answered();
        endpoint().send(&challenge.tampered()).await.assert_rejected(Reason::SignatureMismatch);
    }

    #[tokio::test]
    async fn shopify_s_topics_are_told_apart() {
        let topic = |topic| from(provider::SHOPIFY).event_type(topic);
        assert_eq!(answer(topic("orders/paid"), r#"{"id":7}"#).await, "order 7 is paid");
        assert_eq!(answer(topic("shop/redact"), r#"{"shop_id":7}"#).await, "on the list");
        assert_eq!(answer(topic("themes/publish"), r#"{"id":7}"#).await, "unhandled");
    }
}
