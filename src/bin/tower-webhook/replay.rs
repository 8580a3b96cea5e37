//! `tower-webhook replay`.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::net::IpAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use http::request::Parts;
use http::{HeaderName, HeaderValue, Uri};
use serde_json::{Value, json};
use tower_webhook::capture::CapturedDelivery;
use tower_webhook::clock::{Clock, SystemClock};
use tower_webhook::scheme::{Place, Scheme, Sender, UrlScheme};

use crate::client::{Client, destination};
use crate::sign::{random_id, signer};
use crate::{FAILED, Failure, UNJUDGED, providers};

const EXAMPLES: &str = r#"Examples:
  tower-webhook replay deliveries.jsonl --to http://localhost:3000 --secrets secrets.toml
  tower-webhook replay deliveries.jsonl --to http://localhost:3000/stripe --provider stripe --since 1700000000 --dry-run
  tower-webhook replay deliveries.jsonl --to http://staging:8080 --allow-host staging --rate 10

With --secrets each delivery is signed anew, now; the file says a secret for each sender: `stripe = "whsec_…"` in TOML,
or a JSON object. A sender that signs with a private key of its own cannot be signed for. Without --secrets the original
bytes are sent with the headers that were written down: for a receiver that checks no signature, or no time.

A line of output:
  {"id":"evt_1","provider":"stripe","outcome":"sent","status":200}
  {"id":"evt_2","provider":"paypal","outcome":"skipped","reason":"…"}

Exit codes: 0 each delivery got a 2xx (or --dry-run), 1 one did not, 2 one was skipped, or the command line is wrong."#;

/// Headers of the connection that the delivery once came by.
const OF_CONNECTIONS: [&str; 10] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Sends the deliveries of a journal once more, in order, to a receiver on this machine.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Replay {
    /// The journal: captured deliveries, one JSON object a line
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Where to send them; a URL without a path takes the path that each was sent to
    #[arg(long, value_name = "URL")]
    to: String,
    /// A host to send to that is not this machine
    #[arg(long, value_name = "HOST")]
    allow_host: Option<String>,
    /// A file with the secret of each sender, to sign anew
    #[arg(long, value_name = "FILE")]
    secrets: Option<PathBuf>,
    /// A file with senders of one's own, beside those of the catalogue: `[[scheme]]` tables in TOML, or a JSON array
    #[arg(long, value_name = "FILE")]
    schemes: Option<PathBuf>,
    /// Only deliveries of this sender; may be given several times
    #[arg(long, value_name = "NAME")]
    provider: Vec<String>,
    /// Only the delivery with this id; may be given several times
    #[arg(long, value_name = "ID")]
    id: Vec<String>,
    /// Only events of this type; may be given several times
    #[arg(long, value_name = "TYPE")]
    event_type: Vec<String>,
    /// Only what was received then or later, in seconds since 1970
    #[arg(long, value_name = "SECONDS")]
    since: Option<u64>,
    /// Only what was received before then, in seconds since 1970
    #[arg(long, value_name = "SECONDS")]
    until: Option<u64>,
    /// At most so many a second
    #[arg(long, value_name = "NUMBER")]
    rate: Option<u32>,
    /// Give each delivery a new id, so that the receiver takes it for a new one; for ids that stand in a header
    #[arg(long)]
    force: bool,
    /// Say what would be sent, and send nothing
    #[arg(long)]
    dry_run: bool,
}

/// What became of one delivery.
enum Outcome {
    DryRun(Uri),
    Failed(String),
    Sent(u16),
    Skipped(String),
}

impl Replay {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let to = destination(&self.to)?;
        let host = to.host().unwrap_or_default().trim_matches(['[', ']']);
        let here = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        if !here && self.allow_host.as_deref() != Some(host) {
            return Err(Failure::Usage(format!(
                "`{}` is not this machine: say `--allow-host {0}` if you mean it",
                host.escape_debug()
            )));
        }
        let own = providers::own(self.schemes.as_deref())?;
        let secrets = self.secrets()?;
        let client = Client::new(Duration::from_secs(30))?;
        let named = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", self.file.display()));
        let input = BufReader::new(File::open(&self.file).map_err(named)?);
        let mut output = io::stdout().lock();
        let (mut failed, mut skipped, mut sent) = (0_u64, 0_u64, 0_u64);
        let began = SystemClock::new().monotonic();
        for line in input.split(b'\n') {
            let line = line.map_err(named)?;
            if line.trim_ascii().is_empty() {
                continue;
            }
            let (id, provider, outcome) = match CapturedDelivery::from_line(&line) {
                Ok(captured) if !self.wants(&captured) => continue,
                Ok(captured) => {
                    self.wait(began, sent);
                    sent += 1;
                    let outcome = self.replay(&captured, &to, &own, secrets.as_ref(), &client);
                    (Some(captured.id().to_owned()), captured.provider().map(str::to_owned), outcome)
                }
                Err(error) => (error.id().map(str::to_owned), None, Outcome::Skipped(error.to_string())),
            };
            let shown = match outcome {
                Outcome::DryRun(url) => {
                    json!({ "id": id, "provider": provider, "outcome": "dry_run", "url": url.to_string() })
                }
                Outcome::Failed(reason) => {
                    failed += 1;
                    json!({ "id": id, "provider": provider, "outcome": "failed", "reason": reason })
                }
                Outcome::Sent(status) => {
                    failed += u64::from(!(200..300).contains(&status));
                    json!({ "id": id, "provider": provider, "outcome": "sent", "status": status })
                }
                Outcome::Skipped(reason) => {
                    skipped += 1;
                    json!({ "id": id, "provider": provider, "outcome": "skipped", "reason": reason })
                }
            };
            writeln!(output, "{shown}")?;
        }
        output.flush()?;
        Ok(match (failed, skipped) {
            (0, 0) => ExitCode::SUCCESS,
            (0, _) => UNJUDGED.into(),
            _ => FAILED.into(),
        })
    }

    /// The secrets by sender. The file is read, not the command line, which stands in everybody's process list.
    fn secrets(&self) -> Result<Option<HashMap<String, String>>, Failure> {
        let Some(path) = &self.secrets else { return Ok(None) };
        let text = std::fs::read_to_string(path)
            .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))?;
        let json = path.extension().is_some_and(|extension| extension == "json");
        let secrets = if json { serde_json::from_str(&text).ok() } else { toml::from_str(&text).ok() };
        // What the parser says may show a secret.
        let wrong = || Failure::Usage(format!("{}: write a secret for each sender: `name = \"…\"`", path.display()));
        secrets.map(Some).ok_or_else(wrong)
    }

    fn wants(&self, captured: &CapturedDelivery) -> bool {
        let any = |wanted: &[String], found: Option<&str>| {
            wanted.is_empty() || found.is_some_and(|found| wanted.iter().any(|wanted| wanted == found))
        };
        let event_type = captured.other_fields().get("verified").and_then(|verified| verified.get("event_type"));
        let at = captured.received_at().as_secs();
        any(&self.provider, captured.provider())
            && any(&self.id, Some(captured.id()))
            && any(&self.event_type, event_type.and_then(Value::as_str))
            && self.since.is_none_or(|since| at >= since)
            && self.until.is_none_or(|until| at < until)
    }

    /// Until it is the turn of this one.
    fn wait(&self, began: Duration, sent: u64) {
        let Some(rate) = self.rate.filter(|_| !self.dry_run) else { return };
        let due =
            Duration::from_secs(1).mul_f64(f64::from(u32::try_from(sent).unwrap_or(u32::MAX)) / f64::from(rate.max(1)));
        std::thread::sleep(due.saturating_sub(SystemClock::new().monotonic().saturating_sub(began)));
    }

    fn replay(
        &self,
        captured: &CapturedDelivery,
        to: &Uri,
        own: &[Scheme],
        secrets: Option<&HashMap<String, String>>,
        client: &Client,
    ) -> Outcome {
        let mut head = captured.head().clone();
        for name in OF_CONNECTIONS {
            head.headers.remove(name);
        }
        let signed = match captured.provider().map(|name| providers::known(name, own)) {
            Some(Ok(scheme)) => self.prepare(captured, &scheme, secrets, &mut head),
            _ if secrets.is_some() || self.force => Err(String::from("the sender is not known")),
            _ => Ok(()),
        };
        if let Err(reason) = signed {
            return Outcome::Skipped(reason);
        }
        if to.path() != "/" {
            let query = head.uri.query().map(|query| format!("?{query}")).unwrap_or_default();
            match format!("{}{query}", to.path()).parse() {
                Ok(target) => head.uri = target,
                Err(_) => return Outcome::Skipped(String::from("the URL is none")),
            }
        }
        if self.dry_run {
            return Outcome::DryRun(head.uri);
        }
        match client.send(to, head, captured.body().clone()) {
            Ok(answer) => Outcome::Sent(answer.status.as_u16()),
            Err(error) => Outcome::Failed(text(error)),
        }
    }

    /// A new id, if it is to have one, and a new signature, if there are secrets.
    fn prepare(
        &self,
        captured: &CapturedDelivery,
        scheme: &Scheme,
        secrets: Option<&HashMap<String, String>>,
        head: &mut Parts,
    ) -> Result<(), String> {
        let name = scheme.name();
        let now = SystemClock::new().now().ok_or("the clock stands before 1970")?;
        if self.force {
            let Place::Header(header) = scheme.id_place() else {
                return Err(format!("`{name}` has no id in a header, so there can be no new one"));
            };
            let id = random_id(now).map_err(text)?;
            let id = HeaderValue::try_from(format!("replay-{id}")).map_err(|_| "no header can hold the id")?;
            head.headers.insert(HeaderName::from_static(header), id);
        }
        let Some(secrets) = secrets else { return Ok(()) };
        if scheme.needs_public_key() {
            return Err(format!("`{name}` signs with a private key of its own: nobody else can sign for it"));
        }
        let secret = secrets.get(name).ok_or_else(|| format!("there is no secret of `{name}`"))?;
        let extra = captured.extra();
        let sender: Sender = if scheme.signs_url() {
            let url = extra.public_url.as_deref().unwrap_or_else(|| captured.url());
            UrlScheme::new(*scheme).at(url).map_err(|error| error.to_string())?
        } else {
            (*scheme).into()
        };
        let sender = match &extra.key_id {
            Some(id) if scheme.needs_key_id() => sender.key_id(id).map_err(|error| error.to_string())?,
            _ => sender,
        };
        let signed = signer(sender, secret).map_err(text)?.sign(head, captured.body(), now);
        signed.map_err(|error| error.to_string())
    }
}

fn text(failure: Failure) -> String {
    match failure {
        Failure::Io(error) => error.to_string(),
        Failure::Signing(text) | Failure::Usage(text) => text,
        #[cfg(any(feature = "postgres", feature = "redis"))]
        Failure::Store(text) => text,
    }
}
