//! The early answer at the sender's deadline, and what stands behind it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use tokio::sync::Semaphore;
use tower::{Layer, Service, service_fn};
use tower_webhook::clock::UnixTime;
use tower_webhook::inbox::{Counts, Inbox, InboxDrained, InboxOptions, RetrySchedule, Subscriber};
use tower_webhook::stack::WebhookService;
use tower_webhook::testing::{self, Endpoint, FakeClock, TestDelivery};
use tower_webhook::{
    AckDeadlineLayer, Delivery, IdempotencyLayer, Secret, SignatureLayer, VerifiedBody, WebhookLayer, danger, provider,
};

#[path = "ack_deadline/kill.rs"]
mod kill;
#[cfg(feature = "postgres")]
#[allow(dead_code, reason = "the tests of the store use all of it")]
#[path = "postgres/server.rs"]
mod server;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const SHORT: Duration = Duration::from_millis(40);
const LONG: Duration = Duration::from_secs(20);

/// A folder that goes with the test, and a clock for retries.
struct Site {
    folder: PathBuf,
    clock: FakeClock,
}

impl Site {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("tower-webhook-ack-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        Self { folder, clock: FakeClock::at(UnixTime::from_secs(1_700_000_000)) }
    }

    fn options(&self) -> InboxOptions {
        Inbox::sqlite(self.folder.join("inbox.db")).clock(self.clock.clone())
    }

    async fn open(&self, work: &Work) -> Inbox {
        let schedule = RetrySchedule::custom([Duration::from_secs(60)]).unwrap().without_jitter();
        let inbox = self.options().subscriber(Subscriber::new("orders", work.service()).schedule(schedule));
        let inbox = inbox.open().await.unwrap();
        inbox.start();
        inbox
    }

    fn delivery(&self, id: &str) -> TestDelivery {
        let delivery = testing::delivery(provider::STANDARD_WEBHOOKS, SECRET).id(id).json("{}");
        delivery.at(tower_webhook::clock::Clock::now(&self.clock).unwrap())
    }

    fn endpoint<S: Clone>(&self, service: S) -> Endpoint<WebhookService<S>> {
        let signature = SignatureLayer::new(provider::STANDARD_WEBHOOKS, Secret::new(SECRET).unwrap()).unwrap();
        let layer = WebhookLayer::of(signature).clock(self.clock.clone());
        Endpoint::new(layer.idempotency(IdempotencyLayer::in_memory()).layer(service))
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.folder));
    }
}

/// A handler that waits for a permit, and then does what it is told.
#[derive(Clone)]
struct Work {
    permits: Arc<Semaphore>,
    runs: Arc<Mutex<Vec<String>>>,
    /// What the first, second, … run answers; 0 is a panic. Then 200.
    answers: Arc<Mutex<Vec<u16>>>,
}

impl Work {
    fn new(answers: &[u16]) -> Self {
        let answers = Arc::new(Mutex::new(answers.iter().rev().copied().collect()));
        Self { permits: Arc::new(Semaphore::new(0)), runs: Arc::default(), answers }
    }

    fn runs(&self) -> Vec<String> {
        self.runs.lock().unwrap().clone()
    }

    fn service(
        &self,
    ) -> impl Service<Request<VerifiedBody>, Response = Response<Full<Bytes>>, Error = Infallible, Future: Send>
    + Clone
    + Send
    + use<> {
        let work = self.clone();
        service_fn(move |request: Request<VerifiedBody>| {
            let work = work.clone();
            async move {
                let delivery = request.extensions().get::<Delivery>().unwrap();
                work.permits.acquire().await.unwrap().forget();
                let attempt = delivery.idempotency().and_then(|run| run.attempt()).unwrap_or(0);
                work.runs.lock().unwrap().push(format!("{}#{attempt}", delivery.id().unwrap()));
                let status = work.answers.lock().unwrap().pop().unwrap_or(200);
                assert_ne!(status, 0, "a handler that panics");
                Ok(Response::builder().status(status).body(Full::from("done")).unwrap())
            }
        })
    }
}

fn in_time(inbox: &Inbox, deadline: Duration) -> AckDeadlineLayer {
    AckDeadlineLayer::new(inbox.takeover("orders").unwrap()).deadline(deadline).unwrap()
}

async fn until(inbox: &Inbox, done: impl Fn(&Counts) -> bool) {
    let waited = tokio::time::timeout(LONG, async {
        while !done(&inbox.counts().await.unwrap()[0]) {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    });
    if waited.await.is_err() {
        panic!("{:?}", inbox.counts().await);
    }
}

#[tokio::test]
async fn a_fast_handler_answers_for_itself_and_costs_the_inbox_nothing() {
    let (site, work) = (Site::new(), Work::new(&[200, 500]));
    work.permits.add_permits(2);
    let inbox = site.open(&work).await;
    let endpoint = site.endpoint(in_time(&inbox, LONG).layer(work.service()));
    let answer = endpoint.send(&site.delivery("msg_1")).await;
    assert_eq!((answer.status().as_u16(), answer.body().as_ref()), (200, &b"done"[..]));
    assert_eq!(endpoint.send(&site.delivery("msg_2")).await.status(), 500, "the sender comes back");
    inbox.drain(LONG).await.unwrap();
    let counts = site.open(&work).await.counts().await.unwrap();
    assert_eq!((counts[0].pending, counts[0].dead, work.runs().len()), (0, 0, 2));
}

#[tokio::test]
async fn a_slow_handler_is_acknowledged_once_it_is_stored_and_runs_once() {
    let (site, work) = (Site::new(), Work::new(&[]));
    let inbox = site.open(&work).await;
    let layer = in_time(&inbox, SHORT);
    let endpoint = site.endpoint(layer.layer(work.service()));
    let answer = endpoint.send(&site.delivery("msg_1")).await;
    assert_eq!((answer.status().as_u16(), answer.body().len()), (202, 0));
    assert_eq!((inbox.counts().await.unwrap()[0].pending, layer.running()), (1, 1));
    // Copies get the same answer, and workers leave it alone, however long it takes.
    endpoint.send(&site.delivery("msg_1")).await.assert_duplicate();
    site.clock.advance(Duration::from_secs(3600));
    inbox.wake();
    tokio::time::sleep(SHORT).await;
    work.permits.add_permits(5);
    until(&inbox, |counts| counts.pending == 0).await;
    assert_eq!(layer.drain(LONG).await, 0);
    inbox.drain(LONG).await.unwrap();
    assert_eq!(work.runs(), ["msg_1#1"]);
}

#[tokio::test]
async fn what_fails_after_its_answer_is_tried_again_by_the_schedule() {
    for answer in [500, 0] {
        let (site, work) = (Site::new(), Work::new(&[answer]));
        let inbox = site.open(&work).await;
        let endpoint = site.endpoint(in_time(&inbox, SHORT).layer(work.service()));
        assert_eq!(endpoint.send(&site.delivery("msg_1")).await.status(), 202);
        work.permits.add_permits(5);
        let layer = in_time(&inbox, SHORT);
        assert_eq!(layer.drain(LONG).await, 0);
        assert_eq!(work.runs(), ["msg_1#1"]);
        assert_eq!(inbox.counts().await.unwrap()[0].pending, 1);
        site.clock.advance(Duration::from_secs(61));
        inbox.wake();
        until(&inbox, |counts| counts.pending == 0).await;
        assert_eq!(work.runs(), ["msg_1#1", "msg_1#2"], "the first attempt counts");
        inbox.drain(LONG).await.unwrap();
    }
}

#[tokio::test]
async fn what_fails_for_good_after_its_answer_is_a_dead_letter() {
    let (site, work) = (Site::new(), Work::new(&[422]));
    let inbox = site.open(&work).await;
    let endpoint = site.endpoint(in_time(&inbox, SHORT).layer(work.service()));
    assert_eq!(endpoint.send(&site.delivery("msg_1")).await.status(), 202);
    work.permits.add_permits(1);
    until(&inbox, |counts| counts.dead == 1).await;
    inbox.drain(LONG).await.unwrap();
}

#[tokio::test]
async fn what_cannot_be_stored_is_not_acknowledged() {
    let (site, work) = (Site::new(), Work::new(&[]));
    let inbox = site.open(&work).await;
    let layer = in_time(&inbox, SHORT);
    inbox.drain(LONG).await.unwrap();
    let endpoint = site.endpoint(layer.layer(work.service()));
    let delivery = site.delivery("msg_1");
    let sending = endpoint.send(&delivery);
    tokio::pin!(sending);
    assert!(tokio::time::timeout(SHORT * 5, &mut sending).await.is_err(), "no answer at the deadline");
    work.permits.add_permits(1);
    assert_eq!(sending.await.status(), 200, "but the handler's own");
}

#[tokio::test]
async fn a_copy_before_the_deadline_is_in_flight_and_runs_nothing() {
    let (site, work) = (Site::new(), Work::new(&[]));
    let inbox = site.open(&work).await;
    let endpoint = site.endpoint(in_time(&inbox, Duration::from_secs(5)).layer(work.service()));
    let delivery = site.delivery("msg_1");
    let first = endpoint.send(&delivery);
    let copy = async {
        let answer = endpoint.send(&delivery).await;
        work.permits.add_permits(2);
        answer
    };
    let (first, copy) = tokio::join!(first, copy);
    assert_eq!((first.status().as_u16(), copy.status().as_u16()), (200, 503));
    assert!(copy.headers().contains_key("retry-after"));
    assert_eq!(work.runs().len(), 1);
    inbox.drain(LONG).await.unwrap();
}

#[tokio::test]
async fn a_drain_waits_for_runs_and_takes_back_those_that_outlast_its_grace() {
    let (site, work) = (Site::new(), Work::new(&[]));
    let inbox = site.open(&work).await;
    let endpoint = site.endpoint(in_time(&inbox, SHORT).layer(work.service()));
    assert_eq!(endpoint.send(&site.delivery("msg_1")).await.status(), 202);
    let (drained, ()) = tokio::join!(inbox.drain(LONG), async {
        tokio::time::sleep(SHORT).await;
        work.permits.add_permits(1);
    });
    assert_eq!((drained.unwrap(), work.runs().len()), (InboxDrained::Clean, 1));

    let inbox = site.open(&work).await;
    let endpoint = site.endpoint(in_time(&inbox, SHORT).layer(work.service()));
    assert_eq!(endpoint.send(&site.delivery("msg_2")).await.status(), 202);
    assert_eq!(inbox.drain(SHORT).await.unwrap(), InboxDrained::TakenBack);
    assert_eq!(work.runs().len(), 1);
    work.permits.add_permits(5);
    let inbox = site.open(&work).await;
    until(&inbox, |counts| counts.pending == 0).await;
    assert_eq!(work.runs(), ["msg_1#1", "msg_2#1"], "taken back, the attempt does not count");
    inbox.drain(LONG).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn without_an_inbox_the_deadline_is_the_senders_and_a_later_failure_is_lost() {
    let secret = || Secret::new("a secret of at least sixteen bytes").unwrap();
    let slow = service_fn(async |_: Request<VerifiedBody>| {
        tokio::time::sleep(Duration::from_secs(60)).await;
        Ok::<_, Infallible>(Response::builder().status(500).body(Full::<Bytes>::default()).unwrap())
    });
    // Slack waits 3 s, Discord's interactions too; GitHub waits 10 s, and says that any 2xx will do.
    for (sender, waited, status) in [(provider::SLACK, 2400, 200), (provider::GITHUB, 9000, 202)] {
        let layer = AckDeadlineLayer::new(danger::acknowledge_unfinished());
        let signature = SignatureLayer::new(sender, secret()).unwrap();
        let endpoint = Endpoint::new(WebhookLayer::of(signature).layer(layer.layer(slow)));
        let began = tokio::time::Instant::now();
        let delivery = testing::delivery(sender, "a secret of at least sixteen bytes").json("{}");
        assert_eq!(endpoint.send(&delivery).await.status(), status);
        assert_eq!(began.elapsed().as_millis(), waited, "{}", sender.name());
        assert_eq!(layer.drain(Duration::from_secs(1)).await, 1, "it goes on");
        assert_eq!(layer.drain(Duration::from_secs(120)).await, 0);
    }
}

/// Two processes, as far as the database can tell.
#[cfg(feature = "postgres")]
#[tokio::test]
async fn in_postgres_no_other_process_runs_what_is_under_way_and_any_runs_what_failed() {
    let server = server::Server::start().await;
    let (site, work) = (Site::new(), Work::new(&[500]));
    let (here, elsewhere) = (Work::new(&[]), Work::new(&[]));
    elsewhere.permits.add_permits(9);
    let open = async |work: &Work| {
        let schedule = RetrySchedule::custom([Duration::from_secs(60)]).unwrap().without_jitter();
        let options = Inbox::postgres(&server.url()).lease(Duration::from_secs(1)).clock(site.clock.clone());
        let inbox = options.subscriber(Subscriber::new("orders", work.service()).schedule(schedule));
        let inbox = inbox.open().await.unwrap();
        inbox.start();
        inbox
    };
    let (inbox, other) = (open(&here).await, open(&elsewhere).await);
    let layer = in_time(&inbox, SHORT);
    let endpoint = site.endpoint(layer.layer(work.service()));
    assert_eq!(endpoint.send(&site.delivery("msg_1")).await.status(), 202);
    // Longer than the lease, which is kept alive.
    tokio::time::sleep(Duration::from_millis(2500)).await;
    assert_eq!((layer.running(), elsewhere.runs().len(), here.runs().len()), (1, 0, 0));
    work.permits.add_permits(1);
    assert_eq!(layer.drain(LONG).await, 0);
    assert_eq!(elsewhere.runs().len(), 0, "it waits for its retry");
    site.clock.advance(Duration::from_secs(61));
    other.wake();
    until(&other, |counts| counts.pending == 0).await;
    assert_eq!((work.runs(), elsewhere.runs()), (vec!["msg_1#1".to_owned()], vec!["msg_1#2".to_owned()]));
    inbox.drain(LONG).await.unwrap();
    other.drain(LONG).await.unwrap();
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    let layer = || AckDeadlineLayer::new(danger::acknowledge_unfinished());
    assert!(layer().deadline(Duration::ZERO).is_err());
    assert!(layer().status(500).is_err() && layer().status(302).is_err() && layer().status(204).is_ok());
}
