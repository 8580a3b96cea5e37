//! `tower-webhook providers`, and finding a sender by its name.

use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use clap::Args;
use serde::Serialize;
use tower_webhook::provider;
use tower_webhook::scheme::{Confidence, Coverage, Place, Scheme};

use crate::Failure;

const EXAMPLES: &str = "\
Examples:
  tower-webhook providers
  tower-webhook providers --json | jq -r '.[] | select(.confidence == \"verified\") | .id'

Confidence:
  verified    checked against the sender's own SDK, tests or specification
  third-party read in a public receiver's code
  documented  read in documentation, of the sender or of a public catalogue";

/// Lists the senders of the catalogue: what each signs, and where that was read.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Providers {
    /// Print a JSON array with all that is known
    #[arg(long)]
    json: bool,
}

/// One sender, as `--json` shows it.
#[derive(Serialize)]
struct Row {
    id: &'static str,
    signs: String,
    covers_body: bool,
    /// Where not all of the body is covered, what is.
    covered_fields: &'static [&'static str],
    signs_time: bool,
    signs_url: bool,
    tolerance_s: Option<u64>,
    delivery_id: Option<Shown>,
    event_type: Option<Shown>,
    body_limit: usize,
    source: &'static str,
    confidence: &'static str,
}

/// A place in a delivery.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Shown {
    Header(&'static str),
    Json(&'static str),
}

impl Providers {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let mut output = BufWriter::new(io::stdout().lock());
        let rows: Vec<_> = provider::ALL.iter().map(|scheme| Row::of(scheme)).collect();
        if self.json {
            serde_json::to_writer_pretty(&mut output, &rows).map_err(io::Error::from)?;
            writeln!(output)?;
        } else {
            let name = rows.iter().map(|row| row.id.len()).max().unwrap_or_default();
            let signs = rows.iter().map(|row| row.signs.chars().count()).max().unwrap_or_default();
            writeln!(output, "{:name$}  {:signs$}  {:11}  SOURCE", "SENDER", "SIGNS", "CONFIDENCE")?;
            for Row { id, signs: what, confidence, source, .. } in &rows {
                writeln!(output, "{id:name$}  {what:signs$}  {confidence:11}  {source}")?;
            }
        }
        output.flush()?;
        Ok(ExitCode::SUCCESS)
    }
}

impl Row {
    fn of(scheme: &Scheme) -> Self {
        let (source, confidence) = scheme.facts_source();
        Self {
            id: scheme.name(),
            signs: scheme.summary(),
            covers_body: scheme.coverage() == Coverage::Body,
            covered_fields: match scheme.coverage() {
                Coverage::Fields(fields) => fields,
                _ => &[],
            },
            signs_time: scheme.signs_time(),
            signs_url: scheme.signs_url(),
            tolerance_s: scheme.signs_time().then(|| scheme.max_age().as_secs()),
            delivery_id: place(scheme.id_place()),
            event_type: place(scheme.event_type_place()),
            body_limit: scheme.max_body(),
            source,
            confidence: match confidence {
                Confidence::ThirdParty => "third-party",
                Confidence::Verified => "verified",
                _ => "documented",
            },
        }
    }
}

fn place(place: Place) -> Option<Shown> {
    match place {
        Place::Header(name) => Some(Shown::Header(name)),
        Place::Json(pointer) => Some(Shown::Json(pointer)),
        _ => None,
    }
}

/// The sender of this name.
pub(crate) fn known(name: &str) -> Result<Scheme, Failure> {
    if let Some(scheme) = provider::find(name) {
        return Ok(*scheme);
    }
    let near: Vec<_> =
        provider::ALL.iter().map(|scheme| scheme.name()).filter(|known| is_near(name, known)).take(5).collect();
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
