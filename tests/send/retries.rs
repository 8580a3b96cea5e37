//! What comes again, when, and with what signature. The clock is paused: nobody waits.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::{HeaderMap, Request, Response, StatusCode};
use tokio::time::Instant;
use tower::retry::budget::TpsBudget;
use tower::{Layer, ServiceBuilder, ServiceExt, service_fn};
use tower_webhook::body::BoxError;
use tower_webhook::bytes::Bytes;
use tower_webhook::clock::{Clock, UnixTime};
use tower_webhook::scheme::Verifier;
use tower_webhook::send::{RetryPolicy, RetrySchedule, SendLayer, SignRequestLayer, SigningError};
use tower_webhook::{ConfigError, Secret, provider};

const START: u64 = 1_800_000_000;

/// Shows the time of tokio's paused clock.
#[derive(Debug)]
struct Paused(Instant);

impl Clock for Paused {
    fn now(&self) -> Option<UnixTime> {
        Some(UnixTime::from_secs(START + self.0.elapsed().as_secs()))
    }

    fn monotonic(&self) -> Duration {
        self.0.elapsed()
    }
}

fn secret() -> Secret {
    Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap()
}

/// Every attempt: when, and its headers.
type Attempts = Arc<Mutex<Vec<(Duration, HeaderMap)>>>;

enum Turn {
    Answer(u16, Option<&'static str>),
    Fail,
}

/// Sends one delivery to a receiver that does these turns, then answers 200.
async fn send(policy: RetryPolicy, turns: Vec<Turn>) -> (Result<StatusCode, BoxError>, Vec<(Duration, HeaderMap)>) {
    let (began, attempts) = (Instant::now(), Attempts::default());
    let turns = Arc::new(Mutex::new(VecDeque::from(turns)));
    let seen = attempts.clone();
    let verifier = Verifier::new(provider::STANDARD_WEBHOOKS, secret()).unwrap();
    let client = service_fn(move |request: Request<Bytes>| {
        let (head, body) = request.into_parts();
        // Each attempt is signed at its own time.
        let now = UnixTime::from_secs(START + began.elapsed().as_secs());
        let delivery = verifier.verify(&head, &body, Some(now)).expect("signed");
        assert_eq!(delivery.sent_at(), Some(now));
        seen.lock().unwrap().push((began.elapsed(), head.headers));
        let turn = turns.lock().unwrap().pop_front();
        async move {
            let mut response = Response::new(());
            match turn {
                Some(Turn::Fail) => return Err(BoxError::from("connection reset")),
                Some(Turn::Answer(status, retry_after)) => {
                    *response.status_mut() = StatusCode::from_u16(status).unwrap();
                    if let Some(value) = retry_after {
                        response.headers_mut().insert("retry-after", value.parse().unwrap());
                    }
                }
                None => {}
            }
            Ok(response)
        }
    });
    let sender = SendLayer::new(provider::STANDARD_WEBHOOKS, secret()).unwrap();
    let sender = sender.retry(policy.clock(Paused(began))).clock(Paused(began)).layer(client);
    let request = Request::post("http://hooks.example.com/").body(Bytes::from_static(b"{}")).unwrap();
    let result = sender.oneshot(request).await.map(|response| response.status());
    let attempts = attempts.lock().unwrap().clone();
    (result, attempts)
}

fn exact(seconds: &[u64]) -> RetryPolicy {
    let waits = seconds.iter().copied().map(Duration::from_secs);
    RetryPolicy::new(RetrySchedule::custom(waits).unwrap().without_jitter())
}

fn times(attempts: &[(Duration, HeaderMap)]) -> Vec<u64> {
    attempts.iter().map(|(at, _)| at.as_secs()).collect()
}

#[tokio::test(start_paused = true)]
async fn all_attempts_have_one_id_and_each_its_own_signature() {
    let (result, attempts) = send(exact(&[5, 300]), vec![Turn::Fail, Turn::Answer(503, None)]).await;
    assert_eq!(result.unwrap(), 200);
    assert_eq!(times(&attempts), [0, 5, 305]);
    let header = |name: &str| attempts.iter().map(|(_, headers)| headers[name].to_str().unwrap()).collect::<Vec<_>>();
    let ids = header("webhook-id");
    assert!(ids[0].starts_with("msg_") && ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    assert_eq!(header("webhook-timestamp"), [START, START + 5, START + 305].map(|at| at.to_string()));
    let signatures = header("webhook-signature");
    assert!(signatures[0] != signatures[1] && signatures[1] != signatures[2]);
}

#[tokio::test(start_paused = true)]
async fn what_may_fare_better_comes_again_and_nothing_else() {
    for status in 200..600 {
        let (result, attempts) = send(exact(&[1]), vec![Turn::Answer(status, None)]).await;
        let again = matches!(status, 408 | 425 | 429 | 500..);
        assert_eq!(attempts.len(), if again { 2 } else { 1 }, "{status}");
        assert_eq!(result.unwrap().as_u16(), if again { 200 } else { status });
    }
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_is_never_answered_ends_in_time_and_comes_again() {
    for (set, longest) in [(None, 15), (Some(5), 5)] {
        let began = Instant::now();
        let attempts = Arc::new(Mutex::new(Vec::new()));
        let seen = attempts.clone();
        let client = service_fn(move |_: Request<Bytes>| {
            let number = {
                let mut seen = seen.lock().unwrap();
                seen.push(began.elapsed().as_secs());
                seen.len()
            };
            async move {
                if number == 1 {
                    std::future::pending::<()>().await;
                }
                Ok::<_, BoxError>(Response::new(()))
            }
        });
        let layer = SendLayer::new(provider::STANDARD_WEBHOOKS, secret()).unwrap().retry(exact(&[1]));
        let layer = set.map(Duration::from_secs).into_iter().fold(layer, SendLayer::attempt_timeout);
        let request = Request::post("http://hooks.example.com/").body(Bytes::new()).unwrap();
        assert_eq!(layer.layer(client).oneshot(request).await.unwrap().status(), 200);
        assert_eq!(*attempts.lock().unwrap(), [0, longest + 1]);
    }
}

#[tokio::test(start_paused = true)]
async fn the_last_answer_or_error_is_handed_on_when_the_schedule_ends() {
    let (result, attempts) = send(exact(&[1, 2]), (0..9).map(|_| Turn::Answer(502, None)).collect()).await;
    assert_eq!((result.unwrap().as_u16(), times(&attempts)), (502, vec![0, 1, 3]));
    let (result, attempts) = send(exact(&[1, 2]), (0..9).map(|_| Turn::Fail).collect()).await;
    assert_eq!((result.unwrap_err().to_string().as_str(), attempts.len()), ("connection reset", 3));
}

#[tokio::test(start_paused = true)]
async fn retry_after_makes_a_wait_longer_up_to_a_bound_and_never_shorter() {
    for (said, waited) in [("30", 30), ("1", 10), ("99999", 600), ("soon", 10)] {
        let (_, attempts) = send(exact(&[10]), vec![Turn::Answer(429, Some(said))]).await;
        assert_eq!(times(&attempts), [0, waited], "{said}");
    }
    // 2027-01-15T08:01:00Z is a minute after the start.
    let (_, attempts) = send(exact(&[10]), vec![Turn::Answer(503, Some("Fri, 15 Jan 2027 08:01:00 GMT"))]).await;
    assert_eq!(times(&attempts), [0, 60]);
    let patient = exact(&[10]).longest_retry_after(Duration::from_secs(3600));
    let (_, attempts) = send(patient, vec![Turn::Answer(503, Some("99999"))]).await;
    assert_eq!(times(&attempts), [0, 3600]);
}

#[tokio::test(start_paused = true)]
async fn no_attempt_begins_after_the_total_deadline() {
    let policy = exact(&[10, 10, 10]).total_deadline(Duration::from_secs(25));
    let (result, attempts) = send(policy, (0..9).map(|_| Turn::Answer(500, None)).collect()).await;
    assert_eq!((result.unwrap().as_u16(), times(&attempts)), (500, vec![0, 10, 20]));
    let policy = exact(&[10]).total_deadline(Duration::from_secs(25));
    let (result, attempts) = send(policy, vec![Turn::Answer(429, Some("60"))]).await;
    assert_eq!((result.unwrap().as_u16(), attempts.len()), (429, 1), "it does not wait for what comes too late");
}

#[tokio::test(start_paused = true)]
async fn the_budget_is_shared_by_all_deliveries() {
    // Three retries in its window, and none in return for successes.
    let policy = exact(&[0, 0]).budget(TpsBudget::new(Duration::from_secs(1), 3, 0.0));
    let mut attempts = 0;
    for _ in 0..10 {
        attempts += send(policy.clone(), vec![Turn::Fail, Turn::Fail, Turn::Fail]).await.1.len();
    }
    assert_eq!(attempts, 10 + 3);
}

#[tokio::test(start_paused = true)]
async fn jitter_keeps_to_a_fifth() {
    let schedule = RetrySchedule::custom([Duration::from_secs(1000)]).unwrap();
    let (_, attempts) = send(RetryPolicy::new(schedule), vec![Turn::Fail]).await;
    assert!((800..=1200).contains(&times(&attempts)[1]));
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_signed_is_not_sent_and_not_tried_again() -> Result<(), ConfigError> {
    #[derive(Debug)]
    struct Broken;
    impl Clock for Broken {
        fn now(&self) -> Option<UnixTime> {
            None
        }
        fn monotonic(&self) -> Duration {
            Duration::ZERO
        }
    }
    let client = service_fn(async |_: Request<Bytes>| -> Result<Response<()>, BoxError> { panic!("sent") });
    let layer = SignRequestLayer::new(provider::STANDARD_WEBHOOKS, secret())?.clock(Broken);
    let sender = ServiceBuilder::new().retry(exact(&[1])).layer(layer).service(client);
    let began = Instant::now();
    let request = Request::post("http://hooks.example.com/").body(Bytes::new()).unwrap();
    let error = sender.oneshot(request).await.unwrap_err();
    assert!(error.is::<SigningError>(), "{error}");
    assert!(began.elapsed().is_zero());
    Ok(())
}

#[test]
fn an_id_that_is_there_is_kept_and_a_signature_in_the_query_leaves_the_host() {
    let layer = SignRequestLayer::new(provider::STANDARD_WEBHOOKS, secret()).unwrap();
    let request = Request::post("http://hooks.example.com/a?b=c").header("webhook-id", "msg_mine");
    let signed = layer.sign(request.body(Bytes::from_static(b"{}")).unwrap()).unwrap();
    assert_eq!(signed.headers()["webhook-id"], "msg_mine");
    assert_eq!(signed.uri(), "http://hooks.example.com/a?b=c");

    let mut in_query = 0;
    for scheme in provider::ALL {
        let Ok(layer) = SignRequestLayer::new(**scheme, secret()) else { continue };
        let request = Request::post("https://hooks.example.com/a").header("content-type", "application/json");
        let Ok(signed) = layer.sign(request.body(Bytes::from_static(b"{}")).unwrap()) else { continue };
        in_query += usize::from(signed.uri().query().is_some());
        assert!(signed.uri().to_string().starts_with("https://hooks.example.com/a"), "{}", scheme.name());
    }
    assert!(in_query > 0, "a sender signs in the query");
}
