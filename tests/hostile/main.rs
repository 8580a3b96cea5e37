//! Hostile input on sockets against the reference receiver: what each case is answered, for which reason, and that no
//! handler of ours ever starts for it.
//!
//! A case is data: a message, which goes over HTTP/1 and over h2c, or raw bytes. The reason is read from `/metrics`, since
//! no answer may tell it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod addresses;
mod bodies;
mod concurrency;
mod frames;
mod framing;
mod grpc;
mod heads;
mod https;
mod idempotency;
mod message;
mod observability;
mod server;
mod signatures;
mod slow;
mod timestamps;

#[allow(dead_code, reason = "its `main` is not called here")]
#[path = "../../examples/reference_receiver.rs"]
mod receiver;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use self::message::{Message, Protocol};
use self::server::{Answer, Receiver};

/// What is sent.
#[derive(Clone, Debug)]
enum Input {
    /// Over HTTP/1 and over h2c.
    Message(Message),
    /// HTTP/1 as no library writes it.
    Bytes(Vec<u8>),
}

/// What is to happen.
#[derive(Clone, Debug)]
enum Expected {
    /// A handler runs.
    Accepted,
    /// One of our layers refuses: the status, and the reason that the operator sees.
    Refused(u16, &'static str),
    /// The server refuses before it is a request of ours: one of these statuses. 0 stands for no answer at all.
    Turned(&'static [u16]),
    /// Answered with this status, and no handler counts.
    Answered(u16),
}

#[derive(Clone, Debug)]
struct Case {
    name: String,
    input: Input,
    expected: Expected,
}

/// The cases of one file.
#[derive(Debug, Default)]
struct Cases(Vec<Case>);

impl Cases {
    fn add(&mut self, name: impl Into<String>, message: Message, expected: Expected) {
        self.0.push(Case { name: name.into(), input: Input::Message(message), expected });
    }

    fn accepted(&mut self, name: impl Into<String>, message: Message) {
        self.add(name, message, Expected::Accepted);
    }

    fn refused(&mut self, name: impl Into<String>, message: Message, status: u16, reason: &'static str) {
        self.add(name, message, Expected::Refused(status, reason));
    }

    fn bytes(&mut self, name: impl Into<String>, bytes: impl Into<Vec<u8>>, expected: Expected) {
        self.0.push(Case { name: name.into(), input: Input::Bytes(bytes.into()), expected });
    }
}

/// Runs the cases one after the other, and panics with all that went otherwise.
async fn run(cases: Cases) {
    run_on(Receiver::start().await, cases).await;
}

async fn run_on(receiver: Receiver, cases: Cases) {
    let (mut wrong, mut unauthorized) = (String::new(), BTreeSet::new());
    let mut before = receiver.counts().await;
    for case in cases.0 {
        let answers = match &case.input {
            Input::Bytes(bytes) => vec![receiver.bytes(bytes).await],
            Input::Message(message) => {
                let mut answers = Vec::new();
                for protocol in message.protocols() {
                    answers.push(match protocol {
                        Protocol::Http1 => receiver.bytes(&message.http1()).await,
                        Protocol::H2 => receiver.h2(message).await,
                    });
                }
                answers
            }
        };
        let after = receiver.counts().await;
        let (ran, reasons) = (after.runs_since(&before), after.reasons_since(&before));
        before = after;
        if let Err(why) = judge(&case.expected, &answers, &ran, &reasons) {
            let told: Vec<_> = answers.iter().map(|answer| answer.status).collect();
            writeln!(wrong, "{}\n    {why}: {told:?}, {reasons:?}, ran {ran:?}", case.name).unwrap();
        }
        unauthorized.extend(answers.into_iter().filter(|answer| answer.status == 401).map(|answer| answer.seen()));
    }
    assert!(wrong.is_empty(), "\n{wrong}");
    // One and the same answer, whatever the cause, in bytes; `connection: close` is what HTTP/1 was asked for.
    assert!(unauthorized.len() <= 1, "{unauthorized:#?}");
    receiver.stop().await;
}

fn judge(
    expected: &Expected,
    answers: &[Answer],
    ran: &[(String, u64)],
    reasons: &[(String, u64)],
) -> Result<(), String> {
    let times = u64::try_from(answers.len()).unwrap();
    let all = |status: u16| answers.iter().all(|answer| answer.status == status);
    let reasons_are = |wanted: Option<&str>| match (wanted, reasons) {
        (None, []) => true,
        (Some(wanted), [(reason, count)]) => reason == wanted && *count == times,
        _ => false,
    };
    match expected {
        Expected::Accepted => {
            let runs: u64 = ran.iter().map(|(_, count)| count).sum();
            if !all(200) || runs != times || !reasons_are(None) {
                return Err("is to be accepted".to_owned());
            }
        }
        Expected::Refused(status, reason) => {
            if !all(*status) || !reasons_are(Some(reason)) {
                return Err(format!("is to be {status} {reason}"));
            }
            for answer in answers {
                answer.is_a_refusal_of_ours()?;
            }
        }
        Expected::Turned(statuses) => {
            if !answers.iter().all(|answer| statuses.contains(&answer.status)) || !reasons_are(None) {
                return Err(format!("is to be {statuses:?}"));
            }
        }
        Expected::Answered(status) => {
            if !all(*status) {
                return Err(format!("is to be {status}"));
            }
        }
    }
    if !matches!(expected, Expected::Accepted) && !ran.is_empty() {
        return Err("no handler may run".to_owned());
    }
    for answer in answers {
        answer.is_small()?;
    }
    Ok(())
}
