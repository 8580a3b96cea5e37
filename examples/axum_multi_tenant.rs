//! A secret for each tenant: `/webhooks/stripe/{tenant}`, its secret looked up for each delivery.
//!
//! What passes is signed with the secret of the tenant that the path names. An unknown tenant is refused as a wrong
//! signature is, so that nobody can list tenants; where the database cannot be asked, the sender is told to come back
//! (503). Delivery ids of different tenants are kept apart.
//!
//! ```text
//! cargo run --example axum_multi_tenant     # PORT: default 3000
//!
//! body='{"id":"evt_1","type":"invoice.paid"}' t=$(date +%s)
//! hex=$(printf %s "$t.$body" | openssl dgst -sha256 -hmac whsec_of_acme_for_this_example -r | cut -d' ' -f1)
//! curl -i http://127.0.0.1:3000/webhooks/stripe/acme -H "stripe-signature: t=$t,v1=$hex" --data-raw "$body"
//! ```

#![allow(clippy::print_stdout, reason = "an example that shows something")]

use std::collections::HashMap;
use std::error::Error;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::http::request::Parts;
use axum::routing::post;
use tokio::sync::RwLock;
use tower_webhook::serve::Server;
use tower_webhook::signature::{Resolved, resolver_fn};
use tower_webhook::{ConfigError, Delivery, Secret, Secrets, WebhookLayer, provider};

/// Stands for the table of your database. Answers are asked for at each delivery: keep them for a while if that is
/// dear, and remember that a secret is then good for as long after it was withdrawn.
#[derive(Clone, Debug, Default)]
struct Tenants(Arc<RwLock<Table>>);

#[derive(Debug, Default)]
struct Table {
    rows: HashMap<String, Secrets>,
    down: bool,
}

/// The database cannot be asked. It is logged with the refusal, and never told to the sender.
#[derive(Debug)]
struct Unreachable;

impl fmt::Display for Unreachable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the tenants' database cannot be reached")
    }
}

impl Error for Unreachable {}

impl Tenants {
    async fn set(&self, tenant: &str, secrets: impl Into<Secrets>) {
        self.0.write().await.rows.insert(tenant.to_owned(), secrets.into());
    }

    /// `select secret from tenants where name = $1`. `None`: there is no such tenant.
    async fn signing_secrets(&self, tenant: &str) -> Result<Option<Secrets>, Unreachable> {
        let table = self.0.read().await;
        if table.down { Err(Unreachable) } else { Ok(table.rows.get(tenant).cloned()) }
    }
}

const PREFIX: &str = "/webhooks/stripe/";

/// The tenant whose endpoint is called. The path is not signed and anybody's to choose; it says no more than whose
/// secret to verify with.
fn tenant_of(head: &Parts) -> Option<String> {
    let tenant = head.uri.path().strip_prefix(PREFIX)?;
    (!tenant.is_empty() && tenant.len() <= 64).then(|| tenant.to_owned())
}

/// Trust this tenant, not the path: its secret is the one that verified.
async fn paid(delivery: Delivery) -> String {
    format!("{:?} of {}", delivery.event_type(), delivery.tenant().unwrap_or_default())
}

/// The application: one layer for all tenants.
fn app(tenants: Tenants) -> Result<Router, ConfigError> {
    let resolver = resolver_fn(move |head: &Parts| {
        // The head is only lent, so what is needed of it is taken before the wait.
        let (tenants, tenant) = (tenants.clone(), tenant_of(head));
        async move {
            let Some(tenant) = tenant else { return Ok(None) };
            let secrets = tenants.signing_secrets(&tenant).await?;
            Ok::<_, Unreachable>(secrets.map(|secrets| Resolved::for_tenant(&tenant, secrets)))
        }
    });
    let stripe = WebhookLayer::resolving(provider::STRIPE, resolver)?;
    Ok(Router::new().route(&format!("{PREFIX}{{tenant}}"), post(paid).layer(stripe)))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let tenants = Tenants::default();
    tenants.set("acme", Secret::new("whsec_of_acme_for_this_example")?).await;
    tenants.set("globex", Secret::new("whsec_of_globex_for_this_example")?).await;

    let port: u16 = std::env::var("PORT").ok().map_or(Ok(3000), |port| port.parse())?;
    let server = Server::bind(SocketAddr::from(([127, 0, 0, 1], port))).await?;
    println!("Serving on http://{}{PREFIX}{{acme,globex}}. Ctrl-C ends.", server.local_addr()?);
    server.shutdown_on(tokio::signal::ctrl_c()).serve(app(tenants)?.with_state(())).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use tower_webhook::testing::{self, Endpoint, TestDelivery};
    use tower_webhook::{Outcome, Reason};

    use super::*;

    const ACME: &str = "whsec_of_acme";
    const GLOBEX: &str = "whsec_of_globex";

    async fn endpoint() -> (Endpoint<Router>, Tenants) {
        let tenants = Tenants::default();
        tenants.set("acme", Secret::short(ACME).unwrap()).await;
        tenants.set("globex", Secret::short(GLOBEX).unwrap()).await;
        (Endpoint::new(app(tenants.clone()).unwrap()), tenants)
    }

    fn delivery(tenant: &str, secret: &str) -> TestDelivery {
        let body = r#"{"id":"evt_1","type":"invoice.paid"}"#;
        testing::delivery(provider::STRIPE, secret).to(&format!("{PREFIX}{tenant}")).json(body)
    }

    #[tokio::test]
    async fn each_tenant_has_a_secret_and_delivery_ids_of_its_own() {
        let (endpoint, _) = endpoint().await;
        let answer = endpoint.send(&delivery("acme", ACME)).await;
        assert_eq!(answer.body(), r#"Some("invoice.paid") of acme"#);
        endpoint.send(&delivery("acme", ACME)).await.assert_duplicate();
        // The same id, of another tenant: another delivery.
        let answer = endpoint.send(&delivery("globex", GLOBEX)).await;
        assert_eq!(answer.body(), r#"Some("invoice.paid") of globex"#);
        endpoint.send(&delivery("globex", ACME)).await.assert_rejected(Reason::SignatureMismatch);
    }

    #[tokio::test]
    async fn an_unknown_tenant_gets_the_answer_to_a_wrong_signature() {
        let (endpoint, _) = endpoint().await;
        let unknown = endpoint.send(&delivery("initech", ACME)).await;
        let wrong = endpoint.send(&delivery("globex", ACME)).await;
        assert_eq!(
            (unknown.status(), unknown.headers(), unknown.body()),
            (wrong.status(), wrong.headers(), wrong.body())
        );
        unknown.assert_rejected(Reason::UnknownKey);
        endpoint.send(&delivery("%00", ACME)).await.assert_rejected(Reason::UnknownKey);
    }

    #[tokio::test]
    async fn a_tenant_may_rotate_its_secret() {
        let (endpoint, tenants) = endpoint().await;
        let secret = |text| Secret::short(text).unwrap();
        tenants.set("acme", Secrets::rotating(secret("whsec_of_acme_2"), secret(ACME))).await;
        endpoint.send(&delivery("acme", ACME)).await.assert_accepted();
        let answer = endpoint.send(&delivery("acme", "whsec_of_acme_2")).await;
        assert_eq!(answer.outcome(), Some(Outcome::Duplicate));
    }

    #[tokio::test]
    async fn a_database_that_is_down_lets_nobody_in_and_asks_to_come_back() {
        let (endpoint, tenants) = endpoint().await;
        tenants.0.write().await.down = true;
        let answer = endpoint.send(&delivery("acme", ACME)).await;
        assert_eq!(answer.status(), 503);
        assert!(answer.headers().contains_key("retry-after"));
        assert!(!String::from_utf8_lossy(answer.body()).contains("database"));
        answer.assert_rejected(Reason::KeyUnavailable);
        tenants.0.write().await.down = false;
        endpoint.send(&delivery("acme", ACME)).await.assert_accepted();
    }
}
