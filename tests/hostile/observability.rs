//! What strangers can write into answers, metrics and memory: nothing.

use crate::message::{Message, fresh, github, standard_now};
use crate::receiver::{GITHUB, SLACK, STANDARD, STRIPE};
use crate::server::Receiver;

const MARK: &str = "xyzzy-marker-8271";

#[tokio::test]
async fn no_answer_repeats_what_was_sent() {
    let receiver = Receiver::start().await;
    let marked = |message: Message| {
        message
            .line("user-agent", MARK)
            .line("x-request-id", MARK)
            .line("cookie", MARK)
            .line("content-type", format!("text/{MARK}"))
            .line("origin", format!("https://{MARK}"))
            .line("accept", MARK)
    };
    let routes =
        ["github", "stripe", "slack", "sw", "allow", "direct", "fwd", "https", "idem", "idem-github", "raw", "nothing"];
    for route in routes {
        for message in [
            marked(Message::post(&format!("/{route}?{MARK}")).body(MARK)),
            marked(Message::post(&format!("/{MARK}/{route}")).body(MARK)),
            marked(Message::post(&format!("/{route}")).line("x-hub-signature-256", MARK).line("webhook-id", MARK)),
            marked(Message::post(&format!("/{route}")).line("x-forwarded-for", MARK).line("forwarded", MARK)),
            marked(Message::post(&format!("/{route}")).line("content-encoding", MARK)),
            marked(Message::post(&format!("/{route}")).method(MARK)),
        ] {
            for (over, answer) in
                [("HTTP/1", receiver.bytes(&message.http1()).await), ("h2c", receiver.h2(&message).await)]
            {
                let seen = format!("{:?} {}", answer.headers, String::from_utf8_lossy(&answer.body));
                assert!(!seen.contains(MARK), "{route} over {over}: {seen}");
                assert!(answer.status < 500, "{route} over {over}: {}", answer.status);
            }
        }
    }
    let metrics = receiver.metrics().await;
    for hidden in [MARK, GITHUB, STRIPE, SLACK, STANDARD, "203.0.113", "127.0.0.1", "sha256="] {
        assert!(!metrics.contains(hidden), "{hidden}");
    }
    receiver.stop().await;
}

#[tokio::test]
async fn strangers_add_no_series() {
    let receiver = Receiver::start().await;
    // One of each outcome makes the series that there are.
    let one_of_each = |n: usize| {
        [
            Message::post("/github").line("x-hub-signature-256", format!("sha256={n:064}")),
            Message::post("/github").method(&format!("M{n}")),
            Message::post(&format!("/path-{n}")),
            Message::post("/allow").line("x-forwarded-for", format!("198.51.100.{n}")),
            github("{}").line("x-github-event", format!("event-{n}")).line("user-agent", format!("agent {n}")),
            standard_now("/idem"),
            standard_now("/idem").with("webhook-id", fresh("forged-")),
        ]
    };
    for message in one_of_each(1) {
        receiver.h2(&message).await;
    }
    let before = receiver.counts().await.series;
    for n in 2..60 {
        for message in one_of_each(n) {
            receiver.h2(&message).await;
        }
    }
    assert_eq!(receiver.counts().await.series, before);
    receiver.stop().await;
}
