//! Instructions per delivery, counted by callgrind, and compared with those that were kept.
//!
//! ```text
//! cargo bench -p instructions              # compares; fails where one grew by more than 3 %
//! cargo bench -p instructions -- --keep    # keeps what was counted as the new baseline
//! ```
//!
//! Needs valgrind. Counts are the same on each machine of one compiler, one libc and one architecture. With another
//! compiler or libc only what grew by more than a quarter fails, on another architecture nothing. What is counted:
//! `benches/README.md`.
#![allow(clippy::print_stdout)]

mod baseline;
mod callgrind;
mod cases;
#[path = "../stack/in_place.rs"]
mod in_place;
#[allow(dead_code, reason = "the bench of the stack uses the rest of it")]
#[path = "../stack/requests.rs"]
mod requests;

use std::collections::BTreeMap;
use std::env;
use std::process::ExitCode;

use baseline::Baseline;
use cases::{CALLS, CASES, NOTHING, STACK};

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments[..] {
        ["--case", name] => {
            let case = CASES.iter().find(|(case, ..)| *case == name);
            case.map(|(_, calls, run)| run(*calls)).ok_or_else(|| format!("there is no case {name}"))
        }
        ["--keep"] => count().and_then(|found| found.keep()),
        [] => Baseline::kept().and_then(|kept| kept.compare(&count()?)),
        _ => Err("no argument compares, --keep keeps what is counted now".to_owned()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn count() -> Result<Baseline, String> {
    let nothing = callgrind::count(NOTHING, CALLS)?;
    let mut counts = BTreeMap::new();
    for (case, calls, _) in CASES {
        let found = callgrind::count(case, *calls)?;
        let found = if case.starts_with(STACK) && *case != NOTHING { found.without(nothing) } else { found };
        counts.insert((*case).to_owned(), found);
    }
    Ok(Baseline { made_with: baseline::tools()?, counts })
}
