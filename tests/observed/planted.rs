//! A secret, a signature, a credential or a body, planted in more than 50 places, reaches no log line, metric, `Debug`, error,
//! answer, journal header, view or output of the tool.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::routing::any;
use base64ct::{Base64, Encoding as _};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use metrics_exporter_prometheus::PrometheusBuilder;
use tower::{Layer, ServiceBuilder, service_fn};
use tower_webhook::body::ObservedBody;
use tower_webhook::client_ip::TrustedProxies;
use tower_webhook::inbox::{DeadLetterFilter, Inbox, RetrySchedule, Subscriber};
use tower_webhook::journal::{Fsync, Journal};
use tower_webhook::redact::Redaction;
use tower_webhook::scheme::Verifier;
use tower_webhook::secret::Key;
use tower_webhook::signature::{Resolved, SecretFiles, WatchedSecrets, resolver_fn, secret_source_fn};
use tower_webhook::testing::{self, Endpoint};
use tower_webhook::{
    ChallengeLayer, Delivery, HttpsOnlyLayer, IdempotencyLayer, JournalLayer, MetricsLayer, RawBodyLayer, Reason,
    Rejection, Secret, Secrets, SignatureLayer, TraceLayer, VerifiedBody, WebhookLayer, WebhookOptions, provider,
};

use super::listener::Listener;

/// Every text that was planted, by the place it was planted in.
#[derive(Default)]
struct Planted {
    texts: BTreeMap<String, String>,
}

impl Planted {
    /// A text that stands nowhere else.
    fn text(&mut self, place: &str) -> String {
        let text = format!("plantedtextq{}z{:x}", self.texts.len(), self.texts.len() * 7919 + 1_000_003);
        self.texts.insert(place.to_owned(), text.clone());
        text
    }

    /// Fails if any of it stands in `output`, as it is or in base64.
    fn is_not_in(&self, what: &str, output: &str) {
        for (place, text) in &self.texts {
            let encoded = Base64::encode_string(text.as_bytes());
            assert!(!output.contains(text.as_str()), "{place} reached {what}:\n{output}");
            assert!(!output.contains(encoded.trim_end_matches('=')), "{place} reached {what} in base64:\n{output}");
        }
    }
}

/// Where headers with a credential stand: those of servers, proxies, clouds and senders.
const HEADERS: &[&str] = &[
    "authorization",
    "proxy-authorization",
    "cookie",
    "set-cookie",
    "x-api-key",
    "x-auth-token",
    "x-access-token",
    "x-csrf-token",
    "x-amz-security-token",
    "x-forwarded-client-cert",
    "x-goog-iap-jwt-assertion",
    "cf-access-jwt-assertion",
    "x-vault-token",
    "x-github-encoded-secret",
    "x-gitlab-token",
    "x-shopify-hmac-sha256",
    "stripe-signature",
    "webhook-signature",
    "svix-signature",
    "x-slack-signature",
    "x-twilio-signature",
    "x-hub-signature",
    "x-signature",
    "x-line-signature",
    "paypal-transmission-sig",
    "x-adyen-hmac",
    "x-custom-thing",
    "x-tenant",
    "x-session",
    "x-real-ip",
    "forwarded",
    "via",
    "referer",
    "origin",
    "if-match",
    "from",
    "x-request-id",
    "x-correlation-id",
    "baggage",
    "tracestate",
];

const PARAMETERS: &[&str] = &["token", "sig", "code", "key", "access_token", "signature", "q", "x-api-key"];

const FIELDS: &[&str] = &["token", "secret", "password", "client_secret", "apiKey", "card_number", "Authorization"];

fn folder() -> PathBuf {
    let path = std::env::temp_dir().join(format!("tower-webhook-planted-{}", std::process::id()));
    drop(std::fs::remove_dir_all(&path));
    std::fs::create_dir_all(&path).unwrap();
    path
}

/// The panics of this process, as they are written down.
fn panics() -> Arc<Mutex<String>> {
    let written = Arc::new(Mutex::new(String::new()));
    let (writer, usual) = (written.clone(), std::panic::take_hook());
    std::panic::set_hook(Box::new(move |info| {
        writer.lock().unwrap().push_str(&format!("{info}\n"));
        usual(info);
    }));
    written
}

#[tokio::test]
async fn what_was_planted_in_more_than_fifty_places_is_told_nowhere() {
    let listener = Listener::default();
    // For all threads: some of what is told is told by those that read files.
    tracing::subscriber::set_global_default(listener.clone()).unwrap();
    let (recorder, panics, folder) = (PrometheusBuilder::new().build_recorder(), panics(), folder());
    let mut planted = Planted::default();

    // Secrets, in each place that they come from.
    let secret = planted.text("the secret of the route");
    let old = planted.text("the secret before");
    let in_file = planted.text("a secret in a file");
    let with_blanks = planted.text("a secret with white space");
    let weak = "hunter2q9";
    planted.texts.insert("a weak secret".to_owned(), weak.to_owned());
    std::fs::create_dir(folder.join("ring")).unwrap();
    std::fs::write(folder.join("ring/a"), format!("{in_file}\n")).unwrap();
    std::fs::write(folder.join("ring/b"), format!(" {with_blanks} ")).unwrap();
    let watched = WatchedSecrets::load("files", SecretFiles::directory(folder.join("ring"))).await.unwrap();
    std::fs::write(folder.join("ring/c"), weak).unwrap();
    let mut told = vec![format!("{}", watched.reload().await.unwrap_err()), format!("{watched:?}")];
    let short = Secret::new(weak).unwrap_err();
    told.push(format!("{short} {short:?}"));

    // A delivery with a credential in every header and parameter, and in the body.
    let mut fields: BTreeMap<String, String> = BTreeMap::new();
    for name in FIELDS {
        fields.insert((*name).to_owned(), planted.text(&format!("the field {name}")));
    }
    let unsuspicious = planted.text("the body");
    fields.insert("note".to_owned(), unsuspicious.clone());
    let body = serde_json::to_string(&fields).unwrap();
    let parameters: Vec<_> =
        PARAMETERS.iter().map(|name| format!("{name}={}", planted.text(&format!("the parameter {name}")))).collect();
    let bare = planted.text("a parameter without a name");
    let url = format!("/hook?{}&{bare}", parameters.join("&"));
    let mut builder = testing::delivery(provider::GITHUB, secret.as_str()).to(&url).id("id-1").event_type("push");
    for name in HEADERS {
        builder = builder.header(name, &planted.text(&format!("the header {name}")));
    }
    let delivery = builder.json(body.clone());
    let signed = delivery.to_request::<Full<Bytes>>();
    let signature = signed.headers()["x-hub-signature-256"].to_str().unwrap().to_owned();
    planted.texts.insert("the signature".to_owned(), signature.trim_start_matches("sha256=").to_owned());
    assert!(planted.texts.len() >= 50, "{}", planted.texts.len());

    // Everything that there is around it, with everything that tells something on.
    let journal = Journal::at(folder.join("journal.jsonl")).fsync(Fsync::Each).open().unwrap();
    let ring = Secrets::rotating(Secret::new(secret.as_str()).unwrap(), Secret::new(old.as_str()).unwrap()).retired();
    let failing = Subscriber::new(
        "failing",
        service_fn(async |_: Request<VerifiedBody>| {
            Ok::<_, std::convert::Infallible>(Response::builder().status(500).body(()).unwrap())
        }),
    );
    let options = Inbox::sqlite(folder.join("inbox.db")).subscriber(failing.schedule(RetrySchedule::none()));
    let inbox = options.open().await.unwrap();
    inbox.start();
    let (stored, stack, reported, by_resolver) = metrics::with_local_recorder(&recorder, || {
        let layers = (
            TraceLayer::new("stored"),
            MetricsLayer::new("stored"),
            RawBodyLayer::new(),
            SignatureLayer::new(provider::GITHUB, ring.clone()).unwrap().route("stored").metrics(),
            ChallengeLayer::new(provider::GITHUB),
            JournalLayer::new(&journal),
        );
        told.push(format!("{layers:?}"));
        let stored = ServiceBuilder::new().layer(layers).service(inbox.endpoint());
        let layer = WebhookLayer::new(provider::GITHUB, ring.clone()).unwrap().metrics();
        let reported = layer.clone().route("reported").report_only_signature();
        let panicking = async |request: axum::extract::Request| {
            assert!(!request.uri().path().contains("panic"), "a handler that panics");
            "done"
        };
        let stack = Router::new()
            .route("/hook", any(panicking).layer(layer.clone()))
            .route("/panic", any(panicking).layer(layer.clone().route("panics")));
        told.push(format!("{layer:?} {reported:?}"));
        let own = ring.clone();
        let resolver = resolver_fn(move |_: &http::request::Parts| {
            let ring = own.clone();
            async move { Ok::<_, std::convert::Infallible>(Some(Resolved::for_tenant("t", ring))) }
        });
        let by_resolver = WebhookLayer::resolving(provider::GITHUB, resolver).unwrap().route("resolved").metrics();
        told.push(format!("{by_resolver:?}"));
        let reported = Router::new().route("/hook", any(async || "done").layer(reported));
        (stored, stack, reported, Router::new().route("/hook", any(async || "done").layer(by_resolver)))
    });
    told.push(format!("{stored:?}"));

    // Accepted, duplicate, forged in several ways, reported, stored, dead.
    let mut answers = Vec::new();
    let forms = [
        delivery.clone(),
        delivery.clone(),
        delivery.tampered(),
        delivery.unsigned(),
        delivery.signed_with(old.as_str()),
        delivery.method(http::Method::GET),
        delivery.header("content-encoding", "gzip"),
    ];
    for form in &forms {
        for answer in [
            Endpoint::new(stack.clone()).send(form).await,
            Endpoint::new(reported.clone()).send(form).await,
            Endpoint::new(by_resolver.clone()).send(form).await,
            Endpoint::new(stored.clone()).send(form).await,
        ] {
            answers.push(format!("{answer:?} {:?}", answer.body()));
        }
    }
    let panic = testing::delivery(provider::GITHUB, secret.as_str()).to("/panic").id("id-2").json(body.clone());
    answers.push(format!("{:?}", Endpoint::new(stack.clone()).send(&panic).await));
    let dead = async {
        while inbox.counts().await.unwrap()[0].dead == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), dead).await.unwrap();
    journal.flush().await;

    // `Debug` of whatever holds a part of it.
    let key: Key = Secret::new(secret.as_str()).unwrap().into();
    let (head, _) = signed.into_parts();
    let verifier = Verifier::new(provider::GITHUB, ring.clone()).unwrap();
    let bytes = Bytes::from(body.clone());
    let verified =
        verifier.verify(&head, &bytes, tower_webhook::clock::Clock::now(&tower_webhook::clock::SystemClock::new()));
    let verification = verifier.begin(&head, None).unwrap();
    let shared = WebhookOptions::new().metrics().layer(provider::GITHUB, ring.clone()).unwrap();
    let source = secret_source_fn(async || Ok::<_, std::convert::Infallible>(Secret::short("x").unwrap()));
    let redaction = Redaction::new();
    let things: [&dyn Debug; 19] = [
        &ring,
        &key,
        &Secret::new(secret.as_str()).unwrap(),
        &Resolved::from(ring.clone()),
        &verifier,
        &verification,
        &verified,
        &delivery,
        &shared,
        &source,
        &SecretFiles::directory(folder.join("ring")),
        &journal,
        &inbox,
        &HttpsOnlyLayer::new(TrustedProxies::none()),
        &IdempotencyLayer::in_memory(),
        &Rejection::new(Reason::SignatureMismatch),
        &redaction.headers(&head.headers),
        &inbox.dead_letters(DeadLetterFilter::all(), 10).await.unwrap(),
        &verifier.verify(&head, &Bytes::from_static(b"other"), None),
    ];
    for thing in things {
        told.push(format!("{thing:?} {thing:#?}"));
    }
    let bodies = service_fn(async |request: Request<VerifiedBody>| {
        let delivery = format!("{:?} {:?}", request.extensions().get::<Delivery>(), request.body());
        Ok::<_, std::convert::Infallible>(Response::new(Full::new(Bytes::from(delivery))))
    });
    let layers = (RawBodyLayer::new(), SignatureLayer::new(provider::GITHUB, ring.clone()).unwrap());
    let answer = Endpoint::new(ServiceBuilder::new().layer(layers).service(bodies)).send(&delivery).await;
    assert!(answer.body().starts_with(b"Some(Delivery"), "{answer:?}");
    told.push(String::from_utf8_lossy(answer.body()).into_owned());
    let bodies = service_fn(async |request: Request<ObservedBody>| {
        let delivery = format!("{:?} {:?}", request.extensions().get::<Delivery>(), request.body());
        Ok::<_, std::convert::Infallible>(Response::new(Full::new(Bytes::from(delivery))))
    });
    let signature = SignatureLayer::new(provider::GITHUB, ring).unwrap().report_only();
    let service = RawBodyLayer::new().layer(signature.layer(bodies));
    told.push(format!("{:?}", Endpoint::new(service).send(&delivery.tampered()).await.body()));

    // The journal: the body stands in it, by its purpose, and nothing else.
    let mut lines = Vec::new();
    for line in std::fs::read_to_string(folder.join("journal.jsonl")).unwrap().lines() {
        let mut line: serde_json::Value = serde_json::from_str(line).unwrap();
        let body_b64 = line.as_object_mut().unwrap().remove("body_b64").unwrap();
        assert!(Base64::decode_vec(body_b64.as_str().unwrap()).unwrap().starts_with(b"{"));
        lines.push(line.to_string());
    }
    assert!(!lines.is_empty());

    // The tool: the list, and one dead letter. What the operator asked to see of the body is there.
    let tool = |arguments: &[&str], input: Option<&PathBuf>| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tower-webhook"));
        let input = input.map_or_else(Stdio::null, |path| std::fs::File::open(path).unwrap().into());
        let output = command.args(arguments).stdin(input).env("SECRET", &secret).output().unwrap();
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
    };
    let path = folder.join("inbox.db");
    let path = path.to_str().unwrap();
    let letters = inbox.dead_letters(DeadLetterFilter::all(), 10).await.unwrap();
    let seq = letters[0].seq.to_string();
    let listed = tool(&["dead-letters", "list", "--inbox", path], None);
    let shown = tool(&["dead-letters", "show", &seq, "--inbox", path], None);
    assert!(shown.contains("\"token\":\"[redacted]\"") && shown.contains(&unsuspicious), "{shown}");
    let journal_path = folder.join("journal.jsonl");
    let judged = tool(&["verify", "--provider", "github", "--secret-env", "SECRET"], Some(&journal_path));
    assert!(judged.contains("redacted"), "{judged}");

    inbox.drain(Duration::from_secs(10)).await.unwrap();
    let (events, scrape) = (listener.text(), recorder.handle().render());
    assert!(events.contains("signature_mismatch") && events.contains("webhook.receive"), "{events}");
    assert!(events.contains("retired") && events.contains("became a dead letter"), "{events}");
    assert!(scrape.contains(r#"reason="signature_mismatch"} 1"#), "{scrape}");
    assert!(panics.lock().unwrap().contains("a handler that panics"));

    planted.is_not_in("the log", &events);
    planted.is_not_in("the metrics", &scrape);
    planted.is_not_in("an answer", &answers.join("\n"));
    planted.is_not_in("a `Debug` or an error", &told.join("\n"));
    planted.is_not_in("the journal", &lines.join("\n"));
    planted.is_not_in("the list of dead letters", &listed);
    planted.is_not_in("the tool's judgement", &judged);
    planted.is_not_in("a panic", &panics.lock().unwrap());
    let private = planted.texts.clone().into_iter().filter(|(place, _)| place != "the body").collect();
    let private = Planted { texts: private };
    private.is_not_in("the view of a dead letter", &shown);
    println!("{} places, {} log lines and spans", planted.texts.len(), events.lines().count());
    std::fs::remove_dir_all(&folder).unwrap();
}
