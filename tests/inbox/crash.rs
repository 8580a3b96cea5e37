//! Four subscribers: one is healthy, one always fails, one panics, one takes the process down.

use std::convert::Infallible;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use http::{Request, Response};
use tower::{Service, service_fn};
use tower_webhook::inbox::{DeadLetterFilter, HeadOfLine, InboxOptions, RetrySchedule, Subscriber};
use tower_webhook::{Delivery, VerifiedBody};

use crate::site::{self, Site, over_both, until};

over_both!(fault_30_an_event_that_kills_the_process_dies_after_its_attempts_and_harms_nobody_else);

/// Where the child finds its inbox, and the folder for what it notes.
const PLACE: &str = "INBOX_CRASH_PLACE";
const FOLDER: &str = "INBOX_CRASH_FOLDER";
const EVENTS: usize = 12;
const ATTEMPTS: usize = 3;

/// Notes each start, then does what the id and the name of the subscriber say.
fn handler(
    folder: &Path,
    name: &'static str,
    act: fn(&str) -> u16,
) -> impl Service<Request<VerifiedBody>, Response = Response<()>, Error = Infallible, Future: Send> + Clone + Send + use<>
{
    let log = folder.join(name);
    service_fn(move |request: Request<VerifiedBody>| {
        let id = request.extensions().get::<Delivery>().unwrap().id().unwrap().into_owned();
        let mut log = OpenOptions::new().create(true).append(true).open(&log).unwrap();
        log.write_all(format!("{id}\n").as_bytes()).unwrap();
        let status = act(&id);
        async move { Ok(Response::builder().status(status).body(()).unwrap()) }
    })
}

fn options(place: &str, folder: &Path) -> InboxOptions {
    let schedule = || RetrySchedule::custom([Duration::from_millis(1); ATTEMPTS - 1]);
    let of =
        |name, act: fn(&str) -> u16| Subscriber::new(name, handler(folder, name, act)).schedule(schedule().unwrap());
    site::options(place)
        .order_by(|_| Some("one line".to_owned()))
        .subscriber(of("crashing", |id| if id == "msg_5" { std::process::abort() } else { 200 }))
        .subscriber(of("failing", |_| 500).circuit_breaker(u32::MAX, Duration::ZERO))
        .subscriber(of("healthy", |_| 200).ordered(HeadOfLine::SkipToDlq))
        .subscriber(of("panicking", |_| panic!("on purpose")).circuit_breaker(u32::MAX, Duration::ZERO))
}

/// The process that is taken down: this very test, with a folder in its environment.
#[tokio::test]
async fn child() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else { return };
    let inbox = options(&std::env::var(PLACE).unwrap(), &folder).open().await.unwrap();
    inbox.start();
    until(&inbox, |counts| counts.iter().all(|one| one.pending == 0)).await;
    inbox.drain(Duration::from_secs(5)).await.unwrap();
}

fn starts(folder: &Path, name: &str) -> Vec<String> {
    let log = std::fs::read_to_string(folder.join(name)).unwrap();
    log.lines().map(str::to_owned).collect()
}

async fn fault_30_an_event_that_kills_the_process_dies_after_its_attempts_and_harms_nobody_else(site: Site) {
    // Stored at the real time, since the child has a clock of its own.
    site.clock.set(tower_webhook::clock::Clock::now(&tower_webhook::clock::SystemClock::default()));
    let inbox = options(&site.place(), &site.folder).open().await.unwrap();
    for n in 0..EVENTS {
        site.endpoint(&inbox).send(&site.delivery(&format!("msg_{n}"), "{}")).await.assert_accepted();
    }
    inbox.drain(Duration::ZERO).await.unwrap();

    let mut crashes = 0;
    loop {
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", "crash::child"]).env(FOLDER, &site.folder).env(PLACE, site.place());
        child.stdout(Stdio::null()).stderr(Stdio::null());
        if child.status().unwrap().success() {
            break;
        }
        crashes += 1;
        assert!(crashes <= ATTEMPTS, "it goes on and on");
    }
    assert_eq!(crashes, ATTEMPTS);

    let inbox = options(&site.place(), &site.folder).open().await.unwrap();
    let dead = inbox.dead_letters(DeadLetterFilter::all(), 100).await.unwrap();
    let of = |name: &str| dead.iter().filter(|letter| letter.subscriber == name).collect::<Vec<_>>();
    assert_eq!((of("crashing").len(), of("failing").len(), of("panicking").len()), (1, EVENTS, EVENTS));
    assert!(of("healthy").is_empty());
    let culprit = of("crashing")[0];
    assert_eq!((culprit.delivery_id.as_deref(), culprit.attempts as usize), (Some("msg_5"), ATTEMPTS));
    assert_eq!(culprit.last_error.as_deref(), Some("the process ended while the handler ran"));
    assert_eq!(starts(&site.folder, "crashing").iter().filter(|id| *id == "msg_5").count(), ATTEMPTS);

    let healthy = starts(&site.folder, "healthy");
    let mut once = healthy.clone();
    once.dedup();
    let all: Vec<_> = (0..EVENTS).map(|n| format!("msg_{n}")).collect();
    assert_eq!(once, all, "every event, in its order");
    assert!(healthy.len() <= EVENTS + crashes, "{healthy:?}");

    // What is dead can be tried again: mended, it is handled.
    let one = DeadLetterFilter::all().subscriber("failing").seq(culprit.seq);
    assert_eq!(inbox.requeue(one).await.unwrap(), 1);
    let failing = inbox.counts().await.unwrap().into_iter().find(|one| *one.subscriber == *"failing").unwrap();
    assert_eq!((failing.pending, failing.dead as usize), (1, EVENTS - 1));
}
