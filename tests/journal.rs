//! The journal: what is written down, what is not, and what comes of it later.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use http::{Request, Response};
use serde_json::Value;
use tower::{Layer, ServiceBuilder, ServiceExt, service_fn};
use tower_webhook::capture::{CapturedDelivery, Judge, Trouble, Verdict};
use tower_webhook::danger::{Again, replay_journaled};
use tower_webhook::journal::{Fsync, Journal, JournalLayer, JournalReplay};
use tower_webhook::testing::{self, Endpoint, TestDelivery};
use tower_webhook::{
    Delivery, IdempotencyLayer, RawBodyLayer, Secret, SignatureLayer, VerifiedBody, bytes::Bytes, provider,
};

#[path = "journal/replay.rs"]
mod replay;

const SECRET: &str = "a secret of at least sixteen bytes";

/// A folder of one test, which goes with it.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("tower-webhook-journal-{name}-{}", std::process::id()));
        drop(std::fs::remove_dir_all(&path));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self) -> PathBuf {
        self.0.join("deliveries.jsonl")
    }

    fn lines(&self) -> Vec<String> {
        std::fs::read_to_string(self.file()).unwrap().lines().map(str::to_owned).collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

fn stripe(id: u64) -> TestDelivery {
    stripe_to("/stripe?a=b", id)
}

fn stripe_to(url: &str, id: u64) -> TestDelivery {
    let body = format!(r#"{{"id":"evt_{id}","type":"invoice.paid"}}"#);
    let delivery = testing::delivery(provider::STRIPE, SECRET).to(url).json(body);
    delivery.header("host", "hooks.example.com").header("authorization", "Bearer hunter2").header("x-trace", "t1")
}

async fn deliver(layer: JournalLayer, deliveries: &[TestDelivery]) {
    let handler = service_fn(async |request: Request<VerifiedBody>| {
        assert!(request.extensions().get::<Delivery>().is_some());
        Ok::<_, std::convert::Infallible>(Response::new(http_body_util::Full::new(Bytes::new())))
    });
    let signature = SignatureLayer::new(provider::STRIPE, Secret::new(SECRET).unwrap()).unwrap();
    let stack = (RawBodyLayer::new(), signature, layer);
    let endpoint = Endpoint::new(ServiceBuilder::new().layer(stack).service(handler));
    for delivery in deliveries {
        endpoint.send(delivery).await.assert_accepted();
    }
}

#[tokio::test]
async fn a_delivery_is_written_as_it_came_but_for_what_lets_somebody_in() {
    let folder = Folder::new("redacted");
    let journal = Journal::at(folder.file()).fsync(Fsync::Each).open().unwrap();
    deliver(JournalLayer::new(&journal), &[stripe(1)]).await;
    journal.flush().await;
    let lines = folder.lines();
    assert_eq!((lines.len(), journal.stats().written), (1, 1));
    assert!(!lines[0].contains("hunter2") && !lines[0].contains("v1="), "{}", lines[0]);
    let captured = CapturedDelivery::from_line(lines[0].as_bytes()).unwrap();
    assert_eq!((captured.id(), captured.provider()), ("evt_1", Some("stripe")));
    assert_eq!(captured.url(), "https://hooks.example.com/stripe");
    assert_eq!(captured.body(), &Bytes::from_static(br#"{"id":"evt_1","type":"invoice.paid"}"#));
    assert_eq!(captured.head().headers["content-type"], "application/json");
    let mut redacted = captured.redacted().to_vec();
    redacted.sort();
    assert_eq!(redacted, ["?a", "authorization", "stripe-signature", "x-trace"].map(String::from));
    assert_eq!(captured.other_fields()["verified"]["event_type"], "invoice.paid");

    // Not a mismatch: it cannot be known.
    let judgement = Judge::new().secret(SECRET).judge_line(lines[0].as_bytes());
    assert_eq!(judgement.verdict(), &Verdict::Error(Trouble::Redacted));
    assert!(judgement.detail().unwrap().contains("stripe-signature"));
    assert_eq!(serde_json::to_value(&judgement).unwrap()["reason"], "redacted");
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::MetadataExt::mode(&std::fs::metadata(folder.file()).unwrap());
        assert_eq!(mode & 0o777, 0o600, "for its owner alone");
    }
}

#[tokio::test]
async fn what_is_named_is_written_with_its_value_but_never_a_credential() {
    let folder = Folder::new("named");
    let journal = Journal::at(folder.file()).open().unwrap();
    let layer = JournalLayer::new(&journal).keep_header(&"x-trace".parse().unwrap()).keep_parameter("a");
    let layer = layer.keep_header(&"authorization".parse().unwrap()).keep_header(&"stripe-signature".parse().unwrap());
    deliver(layer.keep_parameter("token"), &[stripe_to("/stripe?a=b&token=hunter2&hunter2", 1)]).await;
    journal.flush().await;
    let line = &folder.lines()[0];
    assert!(!line.contains("hunter2") && !line.contains("v1="), "{line}");
    let captured = CapturedDelivery::from_line(line.as_bytes()).unwrap();
    assert_eq!(captured.url(), "https://hooks.example.com/stripe?a=b");
    assert_eq!(captured.head().headers["x-trace"], "t1");
}

#[tokio::test]
async fn with_its_signature_kept_a_delivery_verifies_bit_for_bit() {
    let folder = Folder::new("kept");
    let journal = Journal::at(folder.file()).open().unwrap();
    deliver(JournalLayer::new(&journal).keep_credentials(), &[stripe(1), stripe(2)]).await;
    journal.flush().await;
    let mut judge = Judge::new().secret(SECRET);
    for line in folder.lines() {
        assert_eq!(judge.judge_line(line.as_bytes()).verdict(), &Verdict::Accept);
        let tampered =
            line.replace("\"method\":\"POST\"", "\"method\":\"POST\",\"secret\":\"another secret, also long\"");
        assert!(matches!(judge.judge_line(tampered.as_bytes()).verdict(), Verdict::Reject(_)), "nothing was left out");
    }
}

#[tokio::test]
async fn files_are_rotated_by_size_and_hold_whole_lines() {
    let folder = Folder::new("rotated");
    let journal = Journal::at(folder.file()).rotate_at(2000).keep_files(2).open().unwrap();
    let deliveries: Vec<_> = (0..40).map(stripe).collect();
    deliver(JournalLayer::new(&journal).wait_for_room(), &deliveries).await;
    journal.flush().await;
    assert_eq!(journal.stats().written, 40);
    let mut names: Vec<_> = folder.0.read_dir().unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["deliveries.jsonl", "deliveries.jsonl.1", "deliveries.jsonl.2"]);
    let mut ids = Vec::new();
    for name in names.iter().rev() {
        let text = std::fs::read_to_string(folder.0.join(name)).unwrap();
        assert!(text.len() <= 2000 && text.ends_with('\n'));
        ids.extend(text.lines().map(|line| CapturedDelivery::from_line(line.as_bytes()).unwrap().id().to_owned()));
    }
    let expected: Vec<_> = (40 - ids.len()..40).map(|id| format!("evt_{id}")).collect();
    assert_eq!(ids, expected, "the youngest, in order");
}

#[tokio::test]
async fn a_rotation_goes_on_where_the_file_was_taken_away_and_keeps_what_is_kept() {
    let folder = Folder::new("taken");
    let journal = Journal::at(folder.file()).rotate_at(700).keep_files(2).open().unwrap();
    deliver(JournalLayer::new(&journal), &[stripe(1), stripe(2)]).await;
    journal.flush().await;
    let kept = std::fs::read(folder.0.join("deliveries.jsonl.1")).unwrap();
    std::fs::remove_file(folder.file()).unwrap();
    deliver(JournalLayer::new(&journal), &[stripe(3)]).await;
    journal.flush().await;
    assert_eq!((journal.stats().written, journal.stats().failed), (3, 0));
    assert_eq!(folder.lines().len(), 1);
    assert_eq!(std::fs::read(folder.0.join("deliveries.jsonl.1")).unwrap(), kept);
}

#[tokio::test]
async fn a_journal_that_broke_off_in_a_line_goes_on_in_the_next() {
    let folder = Folder::new("broken");
    std::fs::write(folder.file(), "{\"id\":\"ha").unwrap();
    let journal = Journal::at(folder.file()).open().unwrap();
    deliver(JournalLayer::new(&journal), &[stripe(1)]).await;
    journal.flush().await;
    let lines = folder.lines();
    assert_eq!(lines.len(), 2);
    assert!(CapturedDelivery::from_line(lines[1].as_bytes()).is_ok());
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_full_disk_is_counted_and_no_delivery_fails_for_it() {
    let journal = Journal::at("/dev/full").open().unwrap();
    deliver(JournalLayer::new(&journal), &[stripe(1), stripe(2)]).await;
    journal.flush().await;
    let stats = journal.stats();
    assert_eq!((stats.written, stats.dropped, stats.failed), (0, 0, 2));
}

/// A pipe that nobody reads: the writer stands still when it is full.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn what_finds_no_room_is_dropped_and_counted_or_waits_by_name() {
    let folder = Folder::new("full");
    let status = std::process::Command::new("mkfifo").arg(folder.file()).status().unwrap();
    assert!(status.success());
    let path = folder.file();
    // Held open by both ends, so that nobody waits to open it.
    let mut pipe = std::fs::OpenOptions::new().read(true).write(true).open(&path).unwrap();
    let journal = Journal::at(&path).queue(8 * 1024).open().unwrap();
    let large =
        testing::delivery(provider::STRIPE, SECRET).json(format!(r#"{{"id":"evt_1","a":"{}"}}"#, "x".repeat(200_000)));
    let deliveries = vec![large; 5];
    deliver(JournalLayer::new(&journal), &deliveries).await;
    assert!(journal.stats().dropped >= 3, "{:?}", journal.stats());

    let waiting = tokio::spawn({
        let journal = journal.clone();
        async move { deliver(JournalLayer::new(&journal).wait_for_room(), &deliveries).await }
    });
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert!(!waiting.is_finished(), "it waits for room");
    let reading = std::thread::spawn(move || {
        let (mut buffer, mut lines) = (vec![0; 64 * 1024], 0);
        while lines < 6 {
            let read = std::io::Read::read(&mut pipe, &mut buffer).unwrap();
            lines += buffer[..read].iter().filter(|byte| **byte == b'\n').count();
        }
    });
    waiting.await.unwrap();
    journal.flush().await;
    reading.join().unwrap();
    assert!(journal.stats().written >= 6, "{:?}", journal.stats());
}

#[tokio::test]
async fn a_replay_enters_behind_the_signature_and_idempotency_knows_it() {
    let folder = Folder::new("library");
    let journal = Journal::at(folder.file()).open().unwrap();
    deliver(JournalLayer::new(&journal), &[stripe(1), stripe(2)]).await;
    journal.flush().await;
    let lines: Vec<_> =
        folder.lines().iter().map(|line| CapturedDelivery::from_line(line.as_bytes()).unwrap()).collect();

    let runs = Arc::new(AtomicU64::new(0));
    let count = runs.clone();
    let handler = service_fn(move |request: Request<VerifiedBody>| {
        count.fetch_add(1, Ordering::Relaxed);
        let delivery = request.extensions().get::<Delivery>().unwrap();
        assert!(delivery.is_verified() && delivery.id().unwrap().starts_with("evt_"));
        let received_at = request.extensions().get::<JournalReplay>().expect("marked").received_at();
        assert!(received_at >= delivery.sent_at().unwrap());
        async { Ok::<_, std::convert::Infallible>(Response::new(http_body_util::Full::new(Bytes::new()))) }
    });
    let service = IdempotencyLayer::in_memory().layer(handler);
    for (again, expected) in [(Again::IfNew, 2), (Again::IfNew, 2), (Again::Forced, 4)] {
        for line in &lines {
            let request = replay_journaled(line, provider::STRIPE, again).unwrap();
            assert!(service.clone().oneshot(request).await.unwrap().status().is_success());
        }
        assert_eq!(runs.load(Ordering::Relaxed), expected, "{again:?}");
    }
    assert!(replay_journaled(&lines[0], provider::GITHUB, Again::IfNew).is_err(), "of another sender");
    let mut line: Value = serde_json::from_str(&lines[0].to_line().unwrap()).unwrap();
    line.as_object_mut().unwrap().remove("verified");
    let bare = CapturedDelivery::from_line(line.to_string().as_bytes()).unwrap();
    assert!(replay_journaled(&bare, provider::STRIPE, Again::IfNew).is_err(), "of no journal");
}
