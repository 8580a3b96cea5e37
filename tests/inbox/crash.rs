//! Four subscribers: one is healthy, one always fails, one panics, one takes the process down; and a shutdown meanwhile.

use std::convert::Infallible;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use http::{Request, Response};
use tower::{Service, service_fn};
use tower_webhook::inbox::{DeadLetterFilter, HeadOfLine, InboxDrained, InboxOptions, RetrySchedule, Subscriber};
use tower_webhook::{Delivery, VerifiedBody};

use crate::site::{self, Site, over_both, until};

over_both!(fault_30_an_event_that_kills_the_process_dies_after_its_attempts_and_harms_nobody_else);

/// Where the child finds its inbox, and the folder for what it notes.
const PLACE: &str = "INBOX_CRASH_PLACE";
const FOLDER: &str = "INBOX_CRASH_FOLDER";
/// Set in a child that is to be shut down in the middle: what would end, or crash, hangs.
const SHUTDOWN: &str = "INBOX_CRASH_SHUTDOWN";
const EVENTS: usize = 12;
const ATTEMPTS: usize = 3;

/// Notes each start, then does what the id and the name of the subscriber say; `None`: it never ends.
fn handler(
    folder: &Path,
    name: &'static str,
    act: fn(&str) -> Option<u16>,
) -> impl Service<Request<VerifiedBody>, Response = Response<()>, Error = Infallible, Future: Send> + Clone + Send + use<>
{
    let log = folder.join(name);
    service_fn(move |request: Request<VerifiedBody>| {
        let id = request.extensions().get::<Delivery>().unwrap().id().unwrap().into_owned();
        let mut log = OpenOptions::new().create(true).append(true).open(&log).unwrap();
        log.write_all(format!("{id}\n").as_bytes()).unwrap();
        let status = act(&id);
        async move {
            match status {
                Some(status) => Ok(Response::builder().status(status).body(()).unwrap()),
                None => std::future::pending().await,
            }
        }
    })
}

fn subscriber(folder: &Path, name: &'static str, act: fn(&str) -> Option<u16>) -> Subscriber {
    let schedule = RetrySchedule::custom([Duration::from_millis(1); ATTEMPTS - 1]).unwrap();
    Subscriber::new(name, handler(folder, name, act)).schedule(schedule)
}

fn hangs() -> bool {
    std::env::var_os(SHUTDOWN).is_some()
}

fn options(place: &str, folder: &Path) -> InboxOptions {
    let crash = |id: &str| match id {
        "msg_5" if hangs() => None,
        "msg_5" => std::process::abort(),
        _ => Some(200),
    };
    let heal = |id: &str| if id == "msg_3" && hangs() { None } else { Some(200) };
    site::options(place)
        .order_by(|_| Some("one line".to_owned()))
        .subscriber(subscriber(folder, "crashing", crash))
        .subscriber(subscriber(folder, "failing", |_| Some(500)).circuit_breaker(u32::MAX, Duration::ZERO))
        .subscriber(subscriber(folder, "healthy", heal).ordered(HeadOfLine::SkipToDlq))
        .subscriber(subscriber(folder, "panicking", |_| panic!("on purpose")).circuit_breaker(u32::MAX, Duration::ZERO))
}

/// The process that is taken or shut down: this very test, with a folder in its environment.
#[tokio::test]
async fn child() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else { return };
    let inbox = options(&std::env::var(PLACE).unwrap(), &folder).open().await.unwrap();
    inbox.start();
    if hangs() {
        let began = |name, id: &str| starts(&folder, name).iter().any(|one| one == id);
        while !began("crashing", "msg_5") || !began("healthy", "msg_3") {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        assert_eq!(inbox.drain(Duration::ZERO).await.unwrap(), InboxDrained::TakenBack);
        return;
    }
    until(&inbox, |counts| counts.iter().all(|one| one.pending == 0)).await;
    inbox.drain(Duration::from_secs(5)).await.unwrap();
}

fn starts(folder: &Path, name: &str) -> Vec<String> {
    let log = std::fs::read_to_string(folder.join(name)).unwrap_or_default();
    log.lines().map(str::to_owned).collect()
}

async fn fault_30_an_event_that_kills_the_process_dies_after_its_attempts_and_harms_nobody_else(site: Site) {
    // Stored at the real time, since the child has a clock of its own.
    site.clock.set(tower_webhook::clock::Clock::now(&tower_webhook::clock::SystemClock::new()));
    let inbox = options(&site.place(), &site.folder).open().await.unwrap();
    for n in 0..EVENTS {
        site.endpoint(&inbox).send(&site.delivery(&format!("msg_{n}"), "{}")).await.assert_accepted();
    }
    inbox.drain(Duration::ZERO).await.unwrap();

    let child = || {
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", "crash::child"]).env(FOLDER, &site.folder).env(PLACE, site.place());
        child.stdout(Stdio::null()).stderr(Stdio::null());
        child
    };
    // A shutdown takes back what runs; that costs it no attempt, and makes no suspect of it.
    assert!(child().env(SHUTDOWN, "1").status().unwrap().success());
    let mut crashes = 0;
    while !child().status().unwrap().success() {
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
    assert_eq!(starts(&site.folder, "crashing").iter().filter(|id| *id == "msg_5").count(), ATTEMPTS + 1);

    let healthy = starts(&site.folder, "healthy");
    let mut once = healthy.clone();
    once.dedup();
    let all: Vec<_> = (0..EVENTS).map(|n| format!("msg_{n}")).collect();
    assert_eq!(once, all, "every event, in its order");
    assert!(healthy.len() <= EVENTS + 1 + crashes, "{healthy:?}");

    // Mended, all that is dead is tried again, and handled; what was done is not.
    inbox.drain(Duration::ZERO).await.unwrap();
    let names = ["crashing", "failing", "healthy", "panicking"];
    let before = names.map(|name| starts(&site.folder, name).len());
    let mended = names.iter().fold(site::options(&site.place()), |options, name| {
        options.subscriber(subscriber(&site.folder, name, |_| Some(200)))
    });
    let inbox = mended.open().await.unwrap();
    inbox.start();
    assert_eq!(inbox.requeue(DeadLetterFilter::all()).await.unwrap() as usize, 1 + 2 * EVENTS);
    until(&inbox, |counts| counts.iter().all(|one| (one.pending, one.dead) == (0, 0))).await;
    let again = names.map(|name| starts(&site.folder, name).len());
    assert_eq!([0, 1, 2, 3].map(|n| again[n] - before[n]), [1, EVENTS, 0, EVENTS]);
    assert_eq!(starts(&site.folder, "crashing").last().map(String::as_str), Some("msg_5"));
}
