//! `tower-webhook providers`, and finding a sender by its name.

use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::Path;
use std::process::ExitCode;

use clap::Args;
use tower_webhook::provider;
use tower_webhook::scheme::{Confidence, Scheme, data};

use crate::Failure;

const EXAMPLES: &str = "\
Examples:
  tower-webhook providers
  tower-webhook providers --json | jq -r '.[] | select(.confidence == \"verified\") | .name'
  tower-webhook providers --json | jq '[.[] | select(.name == \"stripe\") | .name = \"my-stripe\"]' > schemes.json

Confidence:
  verified    checked against the sender's own SDK, tests or specification
  third-party read in a public receiver's code
  documented  read in documentation, of the sender or of a public catalogue";

/// Lists the senders of the catalogue: what each signs, and where that was read.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Providers {
    /// Print a JSON array with all that is known, in the form that `--schemes` of the other commands reads
    #[arg(long)]
    json: bool,
}

impl Providers {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let mut output = BufWriter::new(io::stdout().lock());
        if self.json {
            serde_json::to_writer_pretty(&mut output, provider::ALL).map_err(io::Error::from)?;
            writeln!(output)?;
        } else {
            let rows: Vec<_> = provider::ALL.iter().map(|scheme| (scheme, scheme.summary())).collect();
            let name = rows.iter().map(|(scheme, _)| scheme.name().len()).max().unwrap_or_default();
            let signs = rows.iter().map(|(_, summary)| summary.chars().count()).max().unwrap_or_default();
            writeln!(output, "{:name$}  {:signs$}  {:11}  SOURCE", "SENDER", "SIGNS", "CONFIDENCE")?;
            for (scheme, summary) in &rows {
                let (source, confidence) = scheme.facts_source();
                let confidence = match confidence {
                    Confidence::ThirdParty => "third-party",
                    Confidence::Verified => "verified",
                    _ => "documented",
                };
                writeln!(output, "{:name$}  {summary:signs$}  {confidence:11}  {source}", scheme.name())?;
            }
        }
        output.flush()?;
        Ok(ExitCode::SUCCESS)
    }
}

/// The schemes of a file of one's own, if there is one: TOML or JSON, as its name ends.
pub(crate) fn own(file: Option<&Path>) -> Result<Vec<Scheme>, Failure> {
    let Some(file) = file else { return Ok(Vec::new()) };
    let wrong = |what: &dyn std::fmt::Display| Failure::Usage(format!("{}: {what}", file.display()));
    let read = match file.extension().and_then(|end| end.to_str()) {
        Some("json") => Scheme::all_from_json,
        Some("toml") => Scheme::all_from_toml,
        _ => return Err(wrong(&"a file of schemes ends in `.toml` or `.json`")),
    };
    let mut text = String::new();
    // One byte more than is allowed, so that what is too long is seen to be.
    let most = data::LONGEST_FILE as u64 + 1;
    File::open(file)
        .and_then(|file| file.take(most).read_to_string(&mut text))
        .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", file.display())))?;
    let schemes = read(&text).map_err(|error| wrong(&error))?;
    match schemes.iter().find(|scheme| provider::find(scheme.name()).is_some()) {
        Some(taken) => {
            Err(wrong(&format_args!("the catalogue has a sender `{}` already: give yours another name", taken.name())))
        }
        None => Ok(schemes),
    }
}

/// The sender of this name, in the catalogue or among one's own.
pub(crate) fn known(name: &str, own: &[Scheme]) -> Result<Scheme, Failure> {
    if let Some(scheme) = provider::find(name).or_else(|| own.iter().find(|scheme| scheme.name() == name)) {
        return Ok(*scheme);
    }
    let names = own.iter().chain(provider::ALL.iter().copied()).map(Scheme::name);
    let near: Vec<_> = names.filter(|known| is_near(name, known)).take(5).collect();
    let advice = match near.as_slice() {
        [] => String::from("`tower-webhook providers` lists them"),
        near => format!("did you mean `{}`?", near.join("` or `")),
    };
    Err(Failure::Usage(format!("there is no sender `{}`: {advice}", name.escape_debug())))
}

/// Whether somebody who wrote `name` may have meant `known`: a part of it, or two letters off.
fn is_near(name: &str, known: &str) -> bool {
    let name = name.to_ascii_lowercase();
    if name.len() > 64 {
        return false;
    }
    (name.len() > 2 && known.contains(&name)) || distance(&name, known) <= 2
}

/// How many letters must be changed, added or taken away to make `b` of `a`.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (at, x) in a.chars().enumerate() {
        let mut next = vec![at + 1];
        for ((y, above), diagonal) in b.chars().zip(row.iter().skip(1)).zip(&row) {
            let left = next.last().copied().unwrap_or_default();
            next.push((diagonal + usize::from(x != y)).min(above + 1).min(left + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_nearly_right_is_understood() {
        assert_eq!(distance("kitten", "sitting"), 3);
        for (name, known) in [("strpie", "stripe"), ("Stripe", "stripe"), ("bitbucket", "bitbucket-cloud")] {
            assert!(is_near(name, known), "{name}");
        }
        for name in ["", "x", "paypal"] {
            assert!(!is_near(name, "stripe"), "{name}");
        }
    }
}
