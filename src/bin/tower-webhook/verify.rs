//! `tower-webhook verify`.

use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use tower_webhook::capture::{Judge, Judgement, Trouble, Verdict};

use crate::lines::{KEPT, LONGEST_LINE, Line, read_line};
use crate::{Failure, UNJUDGED, providers, secret_from_env};

const EXAMPLES: &str = r#"Examples:
  tower-webhook verify < deliveries.jsonl
  SECRET=whsec_… tower-webhook verify --provider stripe --secret-env SECRET < deliveries.jsonl
  tower-webhook verify --schemes schemes.toml < deliveries.jsonl
  tower-webhook verify < deliveries.jsonl | grep '"verdict":"reject"'

A line of input (here on several):
  {"id":"a1", "provider":"github", "received_at":1700000000, "method":"POST",
   "url":"https://hooks.example.com/github", "headers":[["x-hub-signature-256","sha256=…"]],
   "body_b64":"e30=", "secret":"…"}

`now` is another name for `received_at`. `secrets` is an array of which any may match; for senders with public keys it
is the public key. `extra` may hold `tolerance_s`, `key_id`, `public_url`, `hash`, `certificate_pem` and `jwks`. Unknown
fields are ignored.

A line of output:
  {"id":"a1","verdict":"accept","reason":null}
  {"id":"a1","verdict":"reject","reason":"signature_mismatch","detail":"…"}
  {"id":"a1","verdict":"error","reason":"unknown_provider","detail":"…"}

Exit codes: 0 every line could be judged, 1 reading or writing failed, 2 a line could not be judged."#;

/// Judges captured deliveries, one JSON object a line, as the layer would have when they came.
///
/// Reads standard input and prints one JSON object for each line, in order and as they come. Warnings about secrets that
/// can be guessed go to standard error.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Verify {
    /// The sender of the lines that name none
    #[arg(long, value_name = "NAME")]
    provider: Option<String>,
    /// The environment variable that holds the secret (or public key) of the lines that have none
    #[arg(long, value_name = "NAME")]
    secret_env: Option<String>,
    /// A file with senders of one's own, beside those of the catalogue: `[[scheme]]` tables in TOML, or a JSON array
    #[arg(long, value_name = "FILE")]
    schemes: Option<PathBuf>,
}

impl Verify {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let own = providers::own(self.schemes.as_deref())?;
        let mut judge = Judge::new();
        if let Some(name) = &self.provider {
            judge = judge.provider(providers::known(name, &own)?.name());
        }
        judge = judge.schemes(own).map_err(|error| Failure::Usage(error.to_string()))?;
        if let Some(name) = &self.secret_env {
            judge = judge.secret(&secret_from_env(name)?);
        }
        let input = BufReader::with_capacity(64 * 1024, io::stdin().lock());
        let output = BufWriter::with_capacity(64 * 1024, io::stdout().lock());
        let unjudged = judge_all(&mut judge, input, output, &mut io::stderr().lock())?;
        Ok(if unjudged == 0 { ExitCode::SUCCESS } else { UNJUDGED.into() })
    }
}

/// Judges each line; how many could not be judged.
fn judge_all<R: Read>(
    judge: &mut Judge,
    mut input: BufReader<R>,
    mut output: impl Write,
    warnings: &mut impl Write,
) -> io::Result<u64> {
    let (mut line, mut number, mut unjudged, mut first) = (Vec::new(), 0_u64, 0_u64, None);
    loop {
        // Whoever waits for a verdict gets it before we wait for the next line.
        if !input.buffer().contains(&b'\n') {
            output.flush()?;
        }
        let judgement = match read_line(&mut input, &mut line)? {
            Line::End => break,
            Line::TooLong => Judged::TooLong,
            Line::Whole => Judged::By(judge.judge_line(&line)),
        };
        number += 1;
        let trouble = match &judgement {
            Judged::By(judgement) => {
                serde_json::to_writer(&mut output, judgement)?;
                if let Some(warning) = judgement.warning() {
                    writeln!(warnings, "warning: line {number}: {warning}")?;
                }
                match judgement.verdict() {
                    Verdict::Error(_) => judgement.detail().map(str::to_owned),
                    _ => None,
                }
            }
            Judged::TooLong => {
                let detail = format!("the line is longer than {LONGEST_LINE} bytes");
                let reason = Trouble::NotADelivery.code();
                write!(output, r#"{{"id":null,"verdict":"error","reason":"{reason}","detail":"{detail}"}}"#)?;
                Some(detail)
            }
        };
        output.write_all(b"\n")?;
        if let Some(trouble) = trouble {
            unjudged += 1;
            first.get_or_insert((number, trouble));
        }
        if line.capacity() > KEPT {
            line = Vec::new();
        }
    }
    output.flush()?;
    if let Some((number, trouble)) = first {
        // Escaped, for it may hold text of the line and end up on a terminal.
        writeln!(
            warnings,
            "{unjudged} of the lines could not be judged; the first is line {number}: {}",
            trouble.escape_debug()
        )?;
    }
    Ok(unjudged)
}

enum Judged {
    By(Judgement),
    TooLong,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_without_end_takes_no_more_memory_than_the_longest() {
        let endless = io::repeat(b'x').take(3 * LONGEST_LINE as u64).chain(&b"\n{}\n"[..]);
        let mut output = Vec::new();
        let input = BufReader::new(endless);
        let unjudged = judge_all(&mut Judge::new(), input, &mut output, &mut io::sink()).unwrap();
        assert_eq!(unjudged, 2);
        let output = String::from_utf8(output).unwrap();
        assert_eq!(output.lines().count(), 2);
        assert!(output.lines().next().unwrap().contains("longer than"));
        assert!(output.lines().nth(1).unwrap().contains("missing field"));
    }
}
