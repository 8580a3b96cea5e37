//! `tower-webhook dead-letters`.

use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::json;
use tower_webhook::inbox::{DeadLetter, DeadLetterFilter, DeadLetters, InboxError};
use tower_webhook::redact::{Redaction, untrusted};

use crate::Failure;

const EXAMPLES: &str = "\
Examples:
  tower-webhook dead-letters list --inbox webhooks.db
  tower-webhook dead-letters show 17 --inbox webhooks.db
  tower-webhook dead-letters requeue --inbox webhooks.db --subscriber billing
  tower-webhook dead-letters discard --inbox webhooks.db --seq 17
  tower-webhook dead-letters list --inbox postgres://shop@127.0.0.1/shop

A process that serves the inbox may run meanwhile; it sees what was requeued within a second.";

/// Shows deliveries that an inbox has given up, has them tried again, or gives them up for good.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct DeadLettersCommand {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Gives them up for good, and prints how many
    Discard(Chosen),
    /// Prints one JSON object a line, those that died first before the others
    List(Listed),
    /// Has them tried again, with all attempts before them, and prints how many
    Requeue(Chosen),
    /// Prints one with headers and body, for each subscriber; what is private is left out
    Show(Shown),
}

#[derive(Args, Debug)]
struct Inbox {
    /// The file of the inbox, or the URL of the database that it is in
    #[arg(long, value_name = "PATH|URL")]
    inbox: String,
}

#[derive(Args, Debug)]
struct Chosen {
    #[command(flatten)]
    inbox: Inbox,
    #[command(flatten)]
    filter: Filter,
    /// All of them: needed where nothing else says which
    #[arg(long)]
    all: bool,
}

#[derive(Args, Debug)]
struct Listed {
    #[command(flatten)]
    inbox: Inbox,
    #[command(flatten)]
    filter: Filter,
    /// How many at most
    #[arg(long, default_value_t = 1000)]
    limit: u32,
}

#[derive(Args, Debug)]
struct Shown {
    /// The number of the event, as `list` prints it
    seq: i64,
    /// Headers and body byte for byte: with what is private in them, and with what a terminal would obey
    #[arg(long)]
    raw: bool,
    #[command(flatten)]
    inbox: Inbox,
}

#[derive(Args, Debug)]
struct Filter {
    /// Only those of this subscriber
    #[arg(long, value_name = "NAME")]
    subscriber: Option<String>,
    /// Only those that came by this route
    #[arg(long, value_name = "NAME")]
    route: Option<String>,
    /// Only those of this event type
    #[arg(long, value_name = "TYPE")]
    event_type: Option<String>,
    /// Only those of this event
    #[arg(long, value_name = "NUMBER")]
    seq: Option<i64>,
}

impl Filter {
    fn read(&self) -> DeadLetterFilter {
        let mut filter = DeadLetterFilter::all();
        if let Some(name) = &self.subscriber {
            filter = filter.subscriber(name);
        }
        if let Some(name) = &self.route {
            filter = filter.route(name);
        }
        if let Some(event_type) = &self.event_type {
            filter = filter.event_type(event_type);
        }
        if let Some(seq) = self.seq {
            filter = filter.seq(seq);
        }
        filter
    }
}

impl Chosen {
    fn filter(&self) -> Result<DeadLetterFilter, Failure> {
        let filter = self.filter.read();
        if self.all || filter != DeadLetterFilter::all() {
            return Ok(filter);
        }
        Err(Failure::Usage("which ones? Give a filter, or `--all`".to_owned()))
    }
}

impl DeadLettersCommand {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let mut output = BufWriter::new(io::stdout().lock());
        match self.action {
            Action::Discard(chosen) => {
                let filter = chosen.filter()?;
                writeln!(output, "{}", open(&chosen.inbox.inbox)?.discard(&filter).map_err(failed)?)?;
            }
            Action::List(listed) => {
                let letters = open(&listed.inbox.inbox)?.list(&listed.filter.read(), listed.limit).map_err(failed)?;
                for letter in &letters {
                    writeln!(output, "{}", written(letter))?;
                }
            }
            Action::Requeue(chosen) => {
                let filter = chosen.filter()?;
                writeln!(output, "{}", open(&chosen.inbox.inbox)?.requeue(&filter).map_err(failed)?)?;
            }
            Action::Show(shown) => {
                let inbox = open(&shown.inbox.inbox)?;
                let letters = inbox.list(&DeadLetterFilter::all().seq(shown.seq), u32::MAX).map_err(failed)?;
                if letters.is_empty() {
                    return Err(Failure::Usage(format!("there is no dead letter {}", shown.seq)));
                }
                for letter in &letters {
                    writeln!(output, "{}", written(letter))?;
                }
                if let Some(content) = inbox.content(shown.seq).map_err(failed)? {
                    if shown.raw {
                        output.write_all(&content.headers)?;
                        writeln!(output)?;
                        output.write_all(&content.body)?;
                    } else {
                        for line in String::from_utf8_lossy(&content.headers).lines() {
                            writeln!(output, "{}", untrusted(line))?;
                        }
                        writeln!(output)?;
                        write!(output, "{}", Redaction::new().json(&content.body))?;
                    }
                    writeln!(output)?;
                }
            }
        }
        output.flush()?;
        Ok(ExitCode::SUCCESS)
    }
}

fn open(place: &str) -> Result<DeadLetters, Failure> {
    if place.starts_with("postgres://") || place.starts_with("postgresql://") {
        #[cfg(feature = "postgres")]
        return DeadLetters::postgres(place).map_err(failed);
        #[cfg(not(feature = "postgres"))]
        return Err(Failure::Usage("this build knows no PostgreSQL: build it with `--features postgres`".to_owned()));
    }
    #[cfg(feature = "sqlite")]
    return DeadLetters::sqlite(place).map_err(failed);
    #[cfg(not(feature = "sqlite"))]
    Err(Failure::Usage("this build knows no SQLite: build it with `--features sqlite`".to_owned()))
}

#[allow(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn failed(error: InboxError) -> Failure {
    Failure::Io(io::Error::other(error.to_string()))
}

fn written(letter: &DeadLetter) -> serde_json::Value {
    json!({
        "seq": letter.seq, "subscriber": letter.subscriber, "route": letter.route, "provider": letter.provider,
        "delivery_id": letter.delivery_id, "event_type": letter.event_type, "attempts": letter.attempts,
        "last_status": letter.last_status, "last_error": letter.last_error,
        "received_at": letter.received_at.as_secs(), "died_at": letter.died_at.as_secs(), "body_len": letter.body_len,
    })
}
