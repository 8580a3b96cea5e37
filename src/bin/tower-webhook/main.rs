//! The command line tool: judges captured deliveries and says why they do not match, signs and sends requests, lists the senders, makes a store forget.

mod client;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod dead_letters;
mod explain;
#[cfg(any(feature = "postgres", feature = "redis"))]
mod forget;
mod lines;
mod providers;
mod replay;
mod send;
mod sign;
mod verify;

use std::io::{self, ErrorKind};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Exit codes, the same for each command.
const FAILED: u8 = 1;
const UNJUDGED: u8 = 2;

const EXIT_CODES: &str = "\
Exit codes:
  0  done: every line could be judged, whatever the verdicts
  1  reading, writing, signing or sending failed, or the store did
  2  a line is no captured delivery, names an unknown sender or has no secret; or the command line is wrong";

/// Verifies captured webhook deliveries and says why they do not match, signs (and sends) requests as a sender does, lists
/// the senders, and (built with the feature `redis` or `postgres`) makes a store forget a delivery.
#[derive(Debug, Parser)]
#[command(name = "tower-webhook", version, about, after_help = EXIT_CODES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    #[cfg(any(feature = "postgres", feature = "sqlite"))]
    DeadLetters(dead_letters::DeadLettersCommand),
    Explain(explain::Explain),
    #[cfg(any(feature = "postgres", feature = "redis"))]
    Forget(forget::Forget),
    Providers(providers::Providers),
    Replay(replay::Replay),
    Send(send::Send),
    Sign(sign::Sign),
    Verify(verify::Verify),
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        #[cfg(any(feature = "postgres", feature = "sqlite"))]
        Command::DeadLetters(command) => command.run(),
        Command::Explain(command) => command.run(),
        #[cfg(any(feature = "postgres", feature = "redis"))]
        Command::Forget(command) => command.run(),
        Command::Providers(command) => command.run(),
        Command::Replay(command) => command.run(),
        Command::Send(command) => command.run(),
        Command::Sign(command) => command.run(),
        Command::Verify(command) => command.run(),
    };
    match done {
        Ok(code) => code,
        Err(Failure::Io(error)) if error.kind() == ErrorKind::BrokenPipe => FAILED.into(),
        Err(Failure::Io(error)) => {
            eprintln!("tower-webhook: {error}");
            FAILED.into()
        }
        #[cfg(any(feature = "postgres", feature = "redis"))]
        Err(Failure::Store(text)) => {
            eprintln!("tower-webhook: {text}");
            FAILED.into()
        }
        Err(Failure::Signing(text)) => {
            eprintln!("tower-webhook: {text}");
            FAILED.into()
        }
        Err(Failure::Usage(text)) => {
            eprintln!("tower-webhook: {text}\nTry `tower-webhook --help`.");
            UNJUDGED.into()
        }
    }
}

/// Why a command could not go on.
#[derive(Debug)]
enum Failure {
    Io(io::Error),
    Signing(String),
    #[cfg(any(feature = "postgres", feature = "redis"))]
    Store(String),
    Usage(String),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// A secret from the environment: secrets on the command line stand in everybody's process list. One line end at its
/// end is taken off, as files and shells leave it.
fn secret_from_env(name: &str) -> Result<String, Failure> {
    let value = match std::env::var(name) {
        Ok(value) => value,
        Err(std::env::VarError::NotPresent) => {
            return Err(Failure::Usage(format!("the environment variable `{name}` is not set")));
        }
        Err(std::env::VarError::NotUnicode(_)) => {
            return Err(Failure::Usage(format!("the environment variable `{name}` is not Unicode")));
        }
    };
    let line = value.strip_suffix('\n').map_or(value.as_str(), |line| line.strip_suffix('\r').unwrap_or(line));
    if line.is_empty() {
        return Err(Failure::Usage(format!("the environment variable `{name}` is empty")));
    }
    Ok(line.to_owned())
}
