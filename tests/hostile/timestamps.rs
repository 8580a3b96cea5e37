//! Timestamps that are stale, early, or no timestamps: each of them is signed by the right key.

use crate::message::{Message, fresh, mac, now, slack, standard, standard_signature, stripe};
use crate::receiver::SLACK;
use crate::server::Receiver;
use crate::{Cases, run, run_on};

type Sign = fn(&str) -> Message;

const SENDERS: [(&str, Sign); 3] = [
    ("stripe", |time| stripe(time, "{}")),
    ("slack", |time| slack(time, "{}")),
    ("standard webhooks", |time| standard("/sw", &fresh("msg_"), time, "{}")),
];

#[tokio::test]
async fn what_is_not_of_the_last_or_next_300_seconds_is_refused() {
    // Before the clock is read: the tests wait for each other.
    let receiver = Receiver::start().await;
    let mut cases = Cases::default();
    for (sender, sign) in SENDERS {
        for (name, offset) in [("now", 0), ("290 s ago", -290), ("in 290 s", 290)] {
            cases.accepted(format!("{sender}: {name}"), sign(&(now() as i64 + offset).to_string()));
        }
        for (name, time) in [
            ("302 s ago", now() - 302),
            ("an hour ago", now() - 3_600),
            ("ten digits of old", 1_000_000_000),
            ("the epoch", 0),
            ("a second", 1),
        ] {
            cases.refused(format!("{sender}: {name}"), sign(&time.to_string()), 401, "timestamp_too_old");
        }
        for (name, time) in
            [("in 330 s", now() + 330), ("in a year", now() + 31_536_000), ("eleven digits", 99_999_999_999)]
        {
            cases.refused(format!("{sender}: {name}"), sign(&time.to_string()), 401, "timestamp_in_future");
        }
    }
    run_on(receiver, cases).await;
}

#[tokio::test]
async fn what_is_no_number_of_seconds_is_no_time() {
    let mut cases = Cases::default();
    let now = now().to_string();
    let texts = [
        ("not a number", "NaN".to_owned()),
        ("infinity", "Infinity".to_owned()),
        ("a plus", format!("+{now}")),
        ("a minus", format!("-{now}")),
        ("minus zero", "-0".to_owned()),
        ("a leading zero", format!("0{now}")),
        ("many leading zeros", format!("000000000{now}")),
        ("a fraction", format!("{now}.0")),
        ("half a second", format!("{now}.5")),
        ("an exponent", "1e9".to_owned()),
        ("hex", format!("0x{:x}", now.parse::<u64>().unwrap())),
        ("an underscore", format!("{}_{}", &now[..3], &now[3..])),
        ("a blank inside", format!("{} {}", &now[..3], &now[3..])),
        ("a suffix", format!("{now}s")),
        ("milliseconds", format!("{now}000")),
        ("microseconds", format!("{now}000000")),
        ("the least of 64 bits", i64::MIN.to_string()),
        ("the most of 64 bits", i64::MAX.to_string()),
        ("one more than 64 bits", "18446744073709551616".to_owned()),
        ("128 bits", u128::MAX.to_string()),
        ("ten thousand digits", "9".repeat(10_000)),
        ("a date", "2026-01-01T00:00:00Z".to_owned()),
        ("null", "null".to_owned()),
        ("a word", "now".to_owned()),
        ("a quote", format!("\"{now}\"")),
        (
            "Arabic digits",
            now.chars().map(|digit| char::from_u32(0x660 + digit.to_digit(10).unwrap()).unwrap()).collect(),
        ),
        (
            "full-width digits",
            now.chars().map(|digit| char::from_u32(0xff10 + digit.to_digit(10).unwrap()).unwrap()).collect(),
        ),
    ];
    for (sender, sign) in SENDERS {
        for (name, text) in &texts {
            // An item of a list is ASCII or no item.
            let reason =
                if sender == "stripe" && !text.is_ascii() { "malformed_signature" } else { "malformed_timestamp" };
            cases.refused(format!("{sender}: {name}"), sign(text), 401, reason);
        }
    }
    cases.refused("slack: two", slack(&now, "{}").line("x-slack-request-timestamp", &now), 401, "malformed_timestamp");
    let twice = slack(&now, "{}").line_first("x-slack-request-timestamp", "1");
    cases.refused("slack: an old one first", twice, 401, "malformed_timestamp");
    cases.refused("slack: a list", slack(&format!("{now},{now}"), "{}"), 401, "malformed_timestamp");
    for (sender, message) in [
        ("slack", slack("", "{}")),
        ("standard webhooks", standard("/sw", "msg_a", "", "{}")),
        ("stripe", stripe("", "{}")),
    ] {
        cases.refused(format!("{sender}: empty"), message, 401, "malformed_timestamp");
    }
    // Bytes that are no text, signed as they are.
    let odd = b"17\xff\xfe";
    let signature = format!("v0={}", crate::message::hex(&mac(SLACK.as_bytes(), &[b"v0:", odd, b":{}"])));
    let message =
        Message::post("/slack").line("x-slack-request-timestamp", odd).line("x-slack-signature", signature).body("{}");
    cases.refused("slack: bytes", message, 401, "malformed_timestamp");
    let message = Message::post("/sw")
        .line("webhook-id", "msg_a")
        .line("webhook-timestamp", odd)
        .line("webhook-signature", standard_signature(b"msg_a", odd, b"{}"))
        .body("{}");
    cases.refused("standard webhooks: bytes", message, 401, "malformed_timestamp");
    run(cases).await;
}
