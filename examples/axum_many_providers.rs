//! Seven senders on one server: a secret for each, one of them in rotation, one with an allowlist, all behind a proxy
//! that ends TLS.
//!
//! Needs `STRIPE_WEBHOOK_SECRET`, `GITHUB_WEBHOOK_SECRET`, `SLACK_SIGNING_SECRET`, `SHOPIFY_CLIENT_SECRET`,
//! `SQUARE_SIGNATURE_KEY`, `TWILIO_AUTH_TOKEN`, `DISCORD_PUBLIC_KEY` (64 hex digits) and `PUBLIC_URL`, such as
//! `https://hooks.example.com`; says which of them are missing. While Stripe's secret is rotated,
//! `STRIPE_PREVIOUS_SECRET` holds the old one. `PORT`: default 3000.
//!
//! ```text
//! cargo run --example axum_many_providers
//!
//! body='{"ref":"refs/heads/main"}'    # as the proxy would hand it on
//! hex=$(printf %s "$body" | openssl dgst -sha256 -hmac "$GITHUB_WEBHOOK_SECRET" -r | cut -d' ' -f1)
//! curl -i http://127.0.0.1:3000/webhooks/github --data-raw "$body" -H "x-hub-signature-256: sha256=$hex" \
//!     -H 'x-github-delivery: 1' -H 'x-forwarded-proto: https' -H 'x-forwarded-for: 192.30.252.7'
//! ```

#![allow(clippy::print_stdout, reason = "an example that shows something")]

use std::error::Error;
use std::net::SocketAddr;
use std::process::ExitCode;

use axum::http::StatusCode;
use axum::routing::post;
use axum::{Form, Json, Router};
use serde::Deserialize;
use tower_webhook::axum::Verified;
use tower_webhook::client_ip::TrustedProxies;
use tower_webhook::serve::Server;
use tower_webhook::{ConfigError, Delivery, Secret, Secrets, VerifyingKey, WebhookOptions, provider};

/// Where the proxies are: nobody else's forwarded headers are believed.
const PROXIES: [&str; 2] = ["10.0.0.0/8", "127.0.0.0/8"];
/// GitHub's, from the key `hooks` of <https://api.github.com/meta>. They change: see `AllowlistSource`.
const GITHUB_NETWORKS: [&str; 4] = ["192.30.252.0/22", "185.199.108.0/22", "140.82.112.0/20", "143.55.64.0/20"];

/// What this application must be told.
#[derive(Clone, Debug)]
struct Config {
    /// As the senders know this server; some of them sign it.
    public_url: String,
    stripe: Secret,
    /// Set while the secret is being rotated.
    stripe_previous: Option<Secret>,
    github: Secret,
    slack: Secret,
    shopify: Secret,
    square: Secret,
    twilio: Secret,
    discord: VerifyingKey,
}

/// What must be set, to be named all at once where it is not.
const REQUIRED: [&str; 8] = [
    "PUBLIC_URL",
    "STRIPE_WEBHOOK_SECRET",
    "GITHUB_WEBHOOK_SECRET",
    "SLACK_SIGNING_SECRET",
    "SHOPIFY_CLIENT_SECRET",
    "SQUARE_SIGNATURE_KEY",
    "TWILIO_AUTH_TOKEN",
    "DISCORD_PUBLIC_KEY",
];

impl Config {
    /// From the environment. What is empty, blank, short or a placeholder is no secret, and refused by its name.
    fn from_env() -> Result<Self, Box<dyn Error>> {
        let missing: Vec<_> = REQUIRED.into_iter().filter(|name| std::env::var_os(name).is_none()).collect();
        if !missing.is_empty() {
            return Err(format!("not set: {}", missing.join(", ")).into());
        }
        let previous = "STRIPE_PREVIOUS_SECRET";
        Ok(Self {
            public_url: std::env::var("PUBLIC_URL")?,
            stripe: Secret::from_env("STRIPE_WEBHOOK_SECRET")?,
            stripe_previous: std::env::var_os(previous).map(|_| Secret::from_env(previous)).transpose()?,
            github: Secret::from_env("GITHUB_WEBHOOK_SECRET")?,
            slack: Secret::from_env("SLACK_SIGNING_SECRET")?,
            shopify: Secret::from_env("SHOPIFY_CLIENT_SECRET")?,
            square: Secret::from_env("SQUARE_SIGNATURE_KEY")?,
            twilio: Secret::from_env("TWILIO_AUTH_TOKEN")?,
            discord: VerifyingKey::from_hex(&std::env::var("DISCORD_PUBLIC_KEY")?)?,
        })
    }
}

#[derive(Deserialize)]
struct Invoice {
    amount_due: u64,
}

/// Typed: a body of another shape is 422, and not remembered as handled.
async fn stripe(delivery: Delivery, Verified(Json(invoice)): Verified<Json<Invoice>>) -> String {
    format!("{:?} signed with {:?}: {} cents", delivery.id(), delivery.key_id(), invoice.amount_due)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Sms {
    from: String,
}

/// Twilio sends forms.
async fn twilio(Verified(Form(sms)): Verified<Form<Sms>>) -> String {
    format!("a message from {}", sms.from)
}

/// The others: who and what is known without looking into the body.
async fn other(delivery: Delivery) -> StatusCode {
    println!("{}: {:?}", delivery.provider(), delivery.event_type());
    StatusCode::NO_CONTENT
}

/// The application: one layer a route, with what they share said once.
fn app(config: Config) -> Result<Router, ConfigError> {
    let shared = WebhookOptions::new().behind(TrustedProxies::from_cidrs(PROXIES)?).https_only();
    let at = |path: &str| format!("{}{path}", config.public_url);

    // Both secrets are good while the sender changes over; `Delivery::key_id` tells which one was used.
    let stripe_keys = match config.stripe_previous {
        Some(previous) => Secrets::rotating(config.stripe, previous),
        None => Secrets::named("current", config.stripe),
    };
    let square = provider::SQUARE.at(&at("/webhooks/square"))?;
    let twilio_sender = provider::TWILIO.at(&at("/webhooks/twilio"))?;
    let github = shared.layer(provider::GITHUB, config.github)?.allow(GITHUB_NETWORKS)?;

    Ok(Router::new()
        .route("/webhooks/stripe", post(stripe).layer(shared.layer(provider::STRIPE, stripe_keys)?))
        .route("/webhooks/github", post(other).layer(github))
        .route("/webhooks/slack", post(other).layer(shared.layer(provider::SLACK, config.slack)?))
        .route("/webhooks/shopify", post(other).layer(shared.layer(provider::SHOPIFY, config.shopify)?))
        .route("/webhooks/square", post(other).layer(shared.layer(square, config.square)?))
        .route("/webhooks/twilio", post(twilio).layer(shared.layer(twilio_sender, config.twilio)?))
        .route("/webhooks/discord", post(other).layer(shared.layer(provider::DISCORD, config.discord)?)))
}

async fn run() -> Result<(), Box<dyn Error>> {
    let app = app(Config::from_env()?)?;
    let port: u16 = std::env::var("PORT").ok().map_or(Ok(3000), |port| port.parse())?;
    let server = Server::bind(SocketAddr::from(([127, 0, 0, 1], port))).await?;
    println!("Serving on http://{}. Ctrl-C ends.", server.local_addr()?);
    server.shutdown_on(tokio::signal::ctrl_c()).serve(app.with_state(())).await?;
    Ok(())
}

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("axum_many_providers: {error}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use tower_webhook::Reason;
    use tower_webhook::crypto::SigningKey;
    use tower_webhook::testing::{self, DeliveryBuilder, Endpoint, TestDelivery};

    use super::*;

    const URL: &str = "https://hooks.example.com";

    fn endpoint() -> (Endpoint<Router>, Config) {
        let secret = || Secret::generate().unwrap();
        let config = Config {
            public_url: URL.to_owned(),
            stripe: secret(),
            stripe_previous: Some(secret()),
            github: secret(),
            slack: secret(),
            shopify: secret(),
            square: secret(),
            twilio: secret(),
            discord: SigningKey::from_seed(&[7; 32]).verifying_key(),
        };
        (Endpoint::new(app(config.clone()).unwrap()), config)
    }

    /// As the proxy hands it on.
    fn by_proxy(delivery: &TestDelivery) -> TestDelivery {
        let delivery = delivery.from_peer("10.1.2.3:4711").header("x-forwarded-proto", "https");
        delivery.header("x-forwarded-for", "192.30.252.7")
    }

    fn stripe(secret: &Secret) -> TestDelivery {
        let body = r#"{"id":"evt_1","type":"invoice.paid","amount_due":3}"#;
        by_proxy(&testing::delivery(provider::STRIPE, secret.clone()).to("/webhooks/stripe").json(body))
    }

    #[tokio::test]
    async fn each_route_takes_its_own_sender_and_none_with_another_s_secret() {
        let (endpoint, config) = endpoint();
        let json = |builder: DeliveryBuilder, name: &str, body: &'static str| {
            by_proxy(&builder.to(&format!("/webhooks/{name}")).json(body))
        };
        let square = provider::SQUARE.at(&format!("{URL}/webhooks/square")).unwrap();
        let twilio = provider::TWILIO.at(&format!("{URL}/webhooks/twilio")).unwrap();
        let twilio = testing::delivery(twilio, config.twilio).to("/webhooks/twilio").form([("From", "+15005550006")]);
        for delivery in [
            stripe(&config.stripe),
            json(testing::delivery(provider::GITHUB, config.github), "github", "{}"),
            json(testing::delivery(provider::SLACK, config.slack), "slack", r#"{"event_id":"Ev1"}"#),
            json(testing::delivery(provider::SHOPIFY, config.shopify), "shopify", "{}"),
            json(testing::delivery(square, config.square), "square", r#"{"event_id":"1"}"#),
            by_proxy(&twilio),
        ] {
            endpoint.send(&delivery).await.assert_accepted();
            endpoint.send(&delivery.tampered()).await.assert_rejected(Reason::SignatureMismatch);
            let forged = delivery.signed_with("whsec_bm90IHRoZSByaWdodCBzZWNyZXQ=");
            endpoint.send(&forged).await.assert_rejected(Reason::SignatureMismatch);
        }
        let discord = testing::delivery(provider::DISCORD, SigningKey::from_seed(&[7; 32]));
        let discord = json(discord, "discord", r#"{"id":"1","type":2}"#);
        endpoint.send(&discord).await.assert_accepted();
        let forged = discord.signed_with(SigningKey::from_seed(&[8; 32]));
        endpoint.send(&forged).await.assert_rejected(Reason::SignatureMismatch);
    }

    #[tokio::test]
    async fn the_secret_before_is_good_while_it_is_rotated_and_tells_its_name() {
        let (endpoint, config) = endpoint();
        let answer = endpoint.send(&stripe(&config.stripe_previous.unwrap())).await;
        assert_eq!(answer.body(), r#"Some("evt_1") signed with Some("previous"): 3 cents"#);
    }

    #[tokio::test]
    async fn plain_http_and_strangers_are_refused_before_the_signature_is_looked_at() {
        let (endpoint, config) = endpoint();
        let delivery = testing::delivery(provider::GITHUB, config.github).to("/webhooks/github").json("{}");
        endpoint.send(&delivery.from_peer("10.1.2.3:4711")).await.assert_rejected(Reason::NotHttps);
        let stranger = delivery.over_tls().from_peer("198.51.100.1:4711").header("x-forwarded-for", "192.30.252.7");
        endpoint.send(&stranger).await.assert_rejected(Reason::IpDenied);
    }

    #[test]
    fn what_is_missing_is_said_all_at_once() {
        // `cargo test` sets none of them.
        let error = Config::from_env().unwrap_err().to_string();
        assert!(REQUIRED.into_iter().all(|name| error.contains(name)), "{error}");
    }
}
