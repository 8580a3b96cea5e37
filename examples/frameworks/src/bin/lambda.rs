//! AWS Lambda behind a function URL, API Gateway or a load balancer: `lambda_http` takes a tower service.
//!
//! Bodies that the gateway wrote as base64 are decoded by `lambda_http`, to the bytes that were signed. What to know:
//!
//! * There is no peer address. For the allowlist and HTTPS only, tell `behind` how many proxies stand in front:
//!   `TrustedProxies::hops`.
//! * Idempotency in memory is that of one instance, and instances come and go. `.idempotency(RedisStore…)` or
//!   `PostgresStore` is shared by all.
//! * An instance is frozen once the answer is given: finish before it, or put the work into a queue.
//!
//! ```text
//! cargo lambda build --release --bin lambda     # GITHUB_WEBHOOK_SECRET: in the function's environment
//! ```

use std::convert::Infallible;
use std::error::Error;

use http::{Request, Response};
use lambda_http::tower;
use tower::ServiceBuilder;
use tower_webhook::{ConfigError, Delivery, Secret, VerifiedBody, WebhookLayer, provider};

/// Your code: it runs once for each delivery, and only for verified ones.
async fn handle(request: Request<VerifiedBody>) -> Result<Response<http_body_util::Full<bytes::Bytes>>, Infallible> {
    let event = request.extensions().get::<Delivery>().and_then(Delivery::event_type).unwrap_or_default();
    Ok(Response::new(format!("{event}: {} verified bytes", request.body().bytes().len()).into()))
}

fn app(
    secret: Secret,
) -> Result<
    impl tower::Service<
        lambda_http::Request,
        Response: lambda_http::IntoResponse,
        Error = Infallible,
        Future: Send + 'static,
    > + Clone
    + Send
    + 'static,
    ConfigError,
> {
    Ok(ServiceBuilder::new().layer(WebhookLayer::new(provider::GITHUB, secret)?).service_fn(handle))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    lambda_http::run(app(Secret::from_env("GITHUB_WEBHOOK_SECRET")?)?).await
}

#[cfg(test)]
mod tests {
    use base64ct::{Base64, Encoding};
    use lambda_http::IntoResponse;
    use lambda_http::request::from_str;
    use serde_json::json;
    use tower::ServiceExt;
    use tower_webhook::testing::{self, TestDelivery};

    use super::*;

    const SECRET: &str = "It's a Secret to Everybody";
    /// JSON that no serialiser writes so.
    const BODY: &str = r#"{ "ref": "refs\/heads/main", "n": 1.0 }"#;

    /// The delivery as the gateway hands it on.
    fn event(delivery: &TestDelivery, base64: bool) -> lambda_http::Request {
        let (head, body) = delivery.to_request::<bytes::Bytes>().into_parts();
        let text = if base64 { Base64::encode_string(&body) } else { String::from_utf8(body.to_vec()).unwrap() };
        let headers: serde_json::Map<_, _> =
            head.headers.iter().map(|(name, value)| (name.to_string(), json!(value.to_str().unwrap()))).collect();
        let http = json!({
            "method": "POST", "path": "/", "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "",
        });
        let event = json!({
            "version": "2.0", "routeKey": "$default", "rawPath": "/", "rawQueryString": "", "headers": headers,
            "requestContext": {
                "accountId": "1", "apiId": "a", "http": http, "requestId": "r", "routeKey": "$default",
                "stage": "$default", "time": "", "timeEpoch": 0,
            },
            "body": text, "isBase64Encoded": base64,
        });
        from_str(&event.to_string()).unwrap()
    }

    #[tokio::test]
    async fn a_signed_delivery_passes_as_it_was_sent_and_no_other() {
        let signed = testing::delivery(provider::GITHUB, SECRET).event_type("push").json(BODY);
        for base64 in [false, true] {
            let app = app(Secret::new(SECRET).unwrap()).unwrap();
            let answer = async |delivery: &TestDelivery| {
                let response = app.clone().oneshot(event(delivery, base64)).await.unwrap().into_response().await;
                (response.status().as_u16(), String::from_utf8(response.body().to_vec()).unwrap())
            };
            assert_eq!(answer(&signed).await, (200, format!("push: {} verified bytes", BODY.len())));
            assert_eq!(answer(&signed.tampered()).await.0, 401);
            assert_eq!(answer(&signed.unsigned()).await.0, 401);
        }
    }
}
