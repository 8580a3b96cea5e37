//! What users hold may be held by several threads, copied where that makes sense, and printed.

use std::error::Error;
use std::fmt::Debug;
use std::sync::Arc;

use tower_webhook::{
    ack_deadline, allowlist, body, challenge, client_ip, clock, connection, crypto, explain, health, https_only,
    idempotency, raw_body, redact, rejection, scheme, secret, secret_path, signature, sink, stack,
};

/// Layers, services and values.
fn shared<T: Clone + Debug + Send + Sync + 'static>() {}

/// What is used up once.
fn sent<T: Debug + Send + 'static>() {}

fn error<T: Error + Send + Sync + 'static>() {}

#[test]
fn everything_public_may_be_shared_by_threads() {
    shared::<ack_deadline::AckDeadlineLayer>();
    shared::<ack_deadline::AckDeadlineService<()>>();
    shared::<ack_deadline::Takeover>();
    shared::<allowlist::AllowlistLayer>();
    shared::<allowlist::AllowlistService<()>>();
    shared::<allowlist::AllowlistSource>();
    shared::<allowlist::ListFormat>();
    shared::<body::BodyBudget>();
    shared::<body::ObservedBody>();
    shared::<body::VerifiedBody>();
    shared::<challenge::ChallengeLayer>();
    shared::<challenge::ChallengeService<()>>();
    shared::<challenge::HandshakeLayer>();
    shared::<challenge::HandshakeService<()>>();
    shared::<client_ip::ClientIp>();
    shared::<client_ip::TrustedProxies>();
    shared::<clock::SystemClock>();
    shared::<clock::UnixTime>();
    shared::<connection::OverTls>();
    shared::<connection::PeerAddr>();
    shared::<crypto::SigningKey>();
    shared::<explain::Explanation>();
    shared::<explain::Route>();
    shared::<health::Health>();
    shared::<health::HealthService>();
    shared::<health::Shutdown>();
    shared::<https_only::HttpsOnlyLayer>();
    shared::<https_only::HttpsOnlyService<()>>();
    shared::<idempotency::Claimed>();
    shared::<idempotency::Drain>();
    shared::<idempotency::IdempotencyContext>();
    shared::<idempotency::IdempotencyLayer>();
    shared::<idempotency::IdempotencyService<()>>();
    shared::<raw_body::RawBodyLayer>();
    shared::<raw_body::RawBodyService<()>>();
    shared::<redact::Redaction>();
    shared::<rejection::Rejection>();
    shared::<Arc<dyn rejection::RenderRejection>>();
    shared::<scheme::Scheme>();
    shared::<scheme::Sender>();
    shared::<scheme::Signer>();
    shared::<scheme::Verifier>();
    shared::<secret::Key>();
    shared::<secret::Secret>();
    shared::<secret::Secrets>();
    shared::<secret_path::SecretPathLayer>();
    shared::<secret_path::SecretPathService<()>>();
    shared::<signature::Explainer>();
    shared::<signature::ReportOnlySignatureLayer>();
    shared::<signature::Resolved>();
    shared::<signature::SignatureLayer>();
    shared::<signature::SignatureService<(), body::VerifiedBody>>();
    shared::<signature::WatchedSecrets>();
    shared::<sink::Event>();
    shared::<sink::SinkLayer>();
    shared::<sink::SinkService<()>>();
    shared::<stack::ReportOnlyWebhookLayer>();
    shared::<stack::WebhookLayer>();
    shared::<stack::WebhookOptions>();
    shared::<stack::WebhookService<(), body::VerifiedBody>>();
    shared::<tower_webhook::Delivery>();
    shared::<tower_webhook::KeyDocument>();
    shared::<tower_webhook::Outcome>();
    shared::<tower_webhook::VerifyingKey>();
    sent::<body::RawBody<axum::body::Body>>();
    sent::<body::ResponseBody<axum::body::Body>>();
    sent::<scheme::Verification>();
    error::<body::RawBodyError>();
    error::<client_ip::ClientIpError>();
    error::<client_ip::NotHttps>();
    error::<idempotency::StoreError>();
    error::<rejection::Rejection>();
    error::<scheme::VerifyError>();
    error::<tower_webhook::ConfigError>();
}

#[cfg(feature = "moka")]
#[test]
fn a_store_in_memory_too() {
    shared::<idempotency::MemoryStore>();
}

#[cfg(feature = "redis")]
#[test]
fn redis_too() {
    shared::<idempotency::RedisOptions>();
    shared::<idempotency::RedisStore>();
    shared::<sink::RedisStreamSink<redis::aio::MultiplexedConnection>>();
    error::<sink::RedisStreamError>();
}

#[cfg(feature = "postgres")]
#[test]
fn postgresql_too() {
    shared::<idempotency::PostgresOptions>();
    shared::<idempotency::PostgresStore>();
    error::<idempotency::PostgresError>();
}

#[cfg(any(feature = "postgres", feature = "sqlite"))]
#[test]
fn the_inbox_too() {
    use tower_webhook::inbox;

    shared::<inbox::DeadLetter>();
    shared::<inbox::DeadLetterFilter>();
    shared::<inbox::Inbox>();
    shared::<inbox::InboxLayer>();
    shared::<inbox::InboxService<()>>();
    shared::<inbox::Subscriber>();
    sent::<inbox::DeadLetters>();
    sent::<inbox::InboxOptions>();
    error::<inbox::InboxError>();
}

#[cfg(feature = "journal")]
#[test]
fn the_journal_too() {
    use tower_webhook::{capture, journal};

    shared::<capture::CapturedDelivery>();
    shared::<capture::Judgement>();
    shared::<journal::Journal>();
    shared::<journal::JournalLayer>();
    shared::<journal::JournalOptions>();
    shared::<journal::JournalService<()>>();
    sent::<capture::Judge>();
    error::<capture::CaptureError>();
}

#[cfg(any(feature = "metrics", feature = "otel"))]
#[test]
fn metrics_too() {
    shared::<tower_webhook::metrics::MetricsLayer>();
    shared::<tower_webhook::metrics::MetricsService<()>>();
}

#[cfg(feature = "tracing")]
#[test]
fn traces_too() {
    shared::<tower_webhook::trace::TraceLayer>();
    shared::<tower_webhook::trace::TraceService<()>>();
}

#[cfg(feature = "send")]
#[test]
fn sending_too() {
    use tower_webhook::send;

    shared::<send::PublicConnector>();
    shared::<send::RetryPolicy>();
    shared::<send::SendLayer>();
    shared::<send::SendService<()>>();
    shared::<send::SignRequestLayer>();
    error::<send::RefusedAddress>();
    error::<send::SigningError>();
}

#[test]
fn what_comes_with_the_tests_too() {
    use tower_webhook::{serve, testing};

    shared::<testing::Answer>();
    shared::<testing::Endpoint<()>>();
    shared::<testing::FakeClock>();
    shared::<testing::TestDelivery>();
    shared::<serve::Drained>();
    sent::<serve::Server>();
}
