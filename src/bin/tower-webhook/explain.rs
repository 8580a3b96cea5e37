//! `tower-webhook explain`.

use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use tower_webhook::capture::{Explained, Judge, Trouble, Verdict};

use crate::lines::{KEPT, LONGEST_LINE, Line, read_line};
use crate::{Failure, UNJUDGED, providers, secret_from_env};

const EXAMPLES: &str = r#"Examples:
  tower-webhook explain < deliveries.jsonl
  SECRET=whsec_… tower-webhook explain --provider stripe --secret-env SECRET < deliveries.jsonl
  tower-webhook explain --json < deliveries.jsonl | grep '"confidence":"high"'

A line of input is a captured delivery, see `tower-webhook verify --help`. The secrets of earlier lines are tried as well:
a delivery that was signed with the secret of another route is found out so.

A line of output:
  a1: accepted
  a2: signature_mismatch: the signature covers the same JSON … (body_json_rewritten, high confidence); verify the raw …

"high" is said only where a signature matched. With --json:
  {"id":"a2","verdict":"reject","reason":"signature_mismatch","detail":"…","cause":"body_json_rewritten",
   "confidence":"high","sentence":"…","fix":"…","docs":"https://…"}

Exit codes: 0 every line could be judged, 1 reading or writing failed, 2 a line could not be judged."#;

/// Says why captured deliveries do not match, one line each.
///
/// Reads standard input, and tries on each delivery that is refused what commonly goes wrong: bodies that were parsed and
/// written again, secrets with a line end, timestamps in another unit. It shows no secret and no signature.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Explain {
    /// The sender of the lines that name none
    #[arg(long, value_name = "NAME")]
    provider: Option<String>,
    /// The environment variable that holds the secret (or public key) of the lines that have none
    #[arg(long, value_name = "NAME")]
    secret_env: Option<String>,
    /// A file with senders of one's own, beside those of the catalogue: `[[scheme]]` tables in TOML, or a JSON array
    #[arg(long, value_name = "FILE")]
    schemes: Option<PathBuf>,
    /// Print one JSON object a line
    #[arg(long)]
    json: bool,
}

/// How the answers are written.
#[derive(Clone, Copy)]
enum Format {
    Json,
    Sentence,
}

impl Explain {
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
        let format = if self.json { Format::Json } else { Format::Sentence };
        let input = BufReader::with_capacity(64 * 1024, io::stdin().lock());
        let output = BufWriter::with_capacity(64 * 1024, io::stdout().lock());
        let unjudged = explain_all(&mut judge, format, input, output)?;
        Ok(if unjudged == 0 { ExitCode::SUCCESS } else { UNJUDGED.into() })
    }
}

/// Explains each line; how many could not be judged.
fn explain_all<R: Read>(
    judge: &mut Judge,
    format: Format,
    mut input: BufReader<R>,
    mut output: impl Write,
) -> io::Result<u64> {
    let (mut line, mut unjudged) = (Vec::new(), 0_u64);
    loop {
        // Whoever waits for an answer gets it before we wait for the next line.
        if !input.buffer().contains(&b'\n') {
            output.flush()?;
        }
        match read_line(&mut input, &mut line)? {
            Line::End => break,
            Line::TooLong => {
                unjudged += 1;
                too_long(format, &mut output)?;
            }
            Line::Whole => {
                let explained = judge.explain_line(&line);
                unjudged += u64::from(matches!(explained.judgement().verdict(), Verdict::Error(_)));
                match format {
                    Format::Json => serde_json::to_writer(&mut output, &explained)?,
                    Format::Sentence => sentence(&explained, &mut output)?,
                }
            }
        }
        output.write_all(b"\n")?;
        if line.capacity() > KEPT {
            line = Vec::new();
        }
    }
    output.flush()?;
    Ok(unjudged)
}

fn too_long(format: Format, output: &mut impl Write) -> io::Result<()> {
    let (reason, detail) = (Trouble::NotADelivery.code(), format!("the line is longer than {LONGEST_LINE} bytes"));
    match format {
        Format::Json => write!(output, r#"{{"id":null,"verdict":"error","reason":"{reason}","detail":"{detail}"}}"#),
        Format::Sentence => write!(output, "-: {reason}: {detail}"),
    }
}

/// Escaped, for it may hold text of the line and end up on a terminal; quotation marks are no danger there.
fn shown(text: &str) -> String {
    let escape =
        |char: char| if matches!(char, '\'' | '"') { char.to_string() } else { char.escape_debug().to_string() };
    text.chars().map(escape).collect()
}

fn sentence(explained: &Explained, output: &mut impl Write) -> io::Result<()> {
    let judgement = explained.judgement();
    let id = shown(judgement.id().unwrap_or("-"));
    let detail = judgement.detail().unwrap_or_default();
    match (judgement.verdict(), explained.explanation()) {
        (Verdict::Accept, _) => write!(output, "{id}: accepted"),
        (Verdict::Reject(reason), Some(explanation)) => {
            write!(output, "{id}: {reason}: {}", shown(&explanation.to_string()))
        }
        (Verdict::Reject(reason), None) => {
            write!(output, "{id}: {reason}: {}; {}", shown(detail), reason.docs())
        }
        (Verdict::Error(trouble), _) => write!(output, "{id}: {}: {}", trouble.code(), shown(detail)),
        (_, _) => write!(output, "{id}: {}", shown(detail)),
    }
}
