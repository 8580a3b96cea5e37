//! `tower-webhook send`.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use http::header::{CONTENT_TYPE, LOCATION, RETRY_AFTER, WWW_AUTHENTICATE};
use tower_webhook::send::Answered;

use crate::client::{Answer, Client, destination};
use crate::sign::Sign;
use crate::{FAILED, Failure};

const EXAMPLES: &str = "\
Examples:
  SECRET=whsec_… tower-webhook send --provider stripe --secret-env SECRET http://localhost:3000/stripe < event.json
  SECRET=… tower-webhook send --provider github --secret-env SECRET --header 'x-github-event: push' \\
      --body event.json http://localhost:3000/github
  SECRET=… tower-webhook send --provider slack --secret-env SECRET --dry-run http://localhost:3000/slack < event.json

It sends once, follows no redirect, and speaks plain HTTP; for `https` there is `tower-webhook sign --curl`.

Exit codes: 0 the answer was 2xx, 1 it was another one, or signing or sending failed, 2 the command line is wrong.";

/// How much of an answer's body is shown, in characters.
const SHOWN: usize = 1000;

/// Signs a body as a sender does, sends it once, and prints the answer.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Send {
    /// Where to send it
    #[arg(value_name = "URL")]
    url: String,
    /// The sender
    #[arg(long, value_name = "NAME")]
    provider: String,
    /// The environment variable that holds the secret
    #[arg(long, value_name = "NAME")]
    secret_env: String,
    /// A file with senders of one's own, beside those of the catalogue: `[[scheme]]` tables in TOML, or a JSON array
    #[arg(long, value_name = "FILE")]
    schemes: Option<PathBuf>,
    /// The file that holds the body [default: standard input]
    #[arg(long, value_name = "FILE")]
    body: Option<PathBuf>,
    /// A header of the request, set before it is signed; may be given several times
    #[arg(long = "header", value_name = "NAME: VALUE")]
    headers: Vec<String>,
    /// The delivery id, for senders that put it into a header [default: a random one]
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    /// The time of signing, in seconds since 1970 [default: now]
    #[arg(long, value_name = "SECONDS")]
    at: Option<u64>,
    /// The URL as the receiver gave it to the sender, where that is signed [default: the URL that is sent to]
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// Your own id at the sender (app key, public key, id of the webhook), where it needs that
    #[arg(long, value_name = "ID")]
    key_id: Option<String>,
    /// How long to wait for the answer, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    timeout: u64,
    /// Print the request instead of sending it
    #[arg(long)]
    dry_run: bool,
}

impl Send {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let url = destination(&self.url)?;
        let mut request = Sign {
            provider: self.provider,
            secret_env: self.secret_env,
            schemes: self.schemes,
            body: self.body,
            headers: self.headers,
            id: self.id,
            at: self.at,
            public_url: self.public_url,
            key_id: self.key_id,
            curl: Some(self.url),
            jsonl: false,
        }
        .signed()?;
        // What is signed may be another URL; what is called is this one. A rule may have put something into the query.
        let query = request.head.uri.query().or_else(|| url.query());
        let target = query.map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
        request.head.uri = target.parse().map_err(|_| Failure::Usage(String::from("the URL is none")))?;

        let mut output = io::stdout().lock();
        if self.dry_run {
            writeln!(output, "{} {target} HTTP/1.1", request.head.method)?;
            writeln!(output, "host: {}", url.authority().map(http::uri::Authority::as_str).unwrap_or_default())?;
            for (name, value) in &request.head.headers {
                writeln!(output, "{name}: {}", String::from_utf8_lossy(value.as_bytes()))?;
            }
            writeln!(output)?;
            output.write_all(&request.body)?;
            output.flush()?;
            return Ok(ExitCode::SUCCESS);
        }
        let answer = Client::new(Duration::from_secs(self.timeout.max(1)))?.send(&url, request.head, request.body)?;
        print(&mut output, &answer)?;
        let delivered = Answered::by(answer.status) == Answered::Delivered;
        Ok(if delivered { ExitCode::SUCCESS } else { FAILED.into() })
    }
}

/// Status, the headers that say something, and the beginning of the body.
fn print(output: &mut impl Write, answer: &Answer) -> io::Result<()> {
    writeln!(output, "{}", answer.status)?;
    for name in [CONTENT_TYPE, LOCATION, RETRY_AFTER, WWW_AUTHENTICATE] {
        for value in answer.headers.get_all(&name) {
            writeln!(output, "{name}: {}", String::from_utf8_lossy(value.as_bytes()).escape_debug())?;
        }
    }
    let text = String::from_utf8_lossy(&answer.body);
    if !text.is_empty() {
        let shown: String = text.chars().take(SHOWN).collect();
        writeln!(output)?;
        for line in shown.lines() {
            for c in line.chars() {
                match c {
                    '"' | '\'' | '\\' => write!(output, "{c}")?,
                    // It ends up on a terminal.
                    c => write!(output, "{}", c.escape_debug())?,
                }
            }
            writeln!(output)?;
        }
        if shown.len() < text.len() {
            writeln!(output, "… ({} bytes)", text.len())?;
        }
    }
    output.flush()
}
