//! `tower-webhook sign`.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use base64ct::{Base64, Encoding as _};
use bytes::Bytes;
use clap::Args;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, Request, Uri};
use tower_webhook::capture::{CapturedDelivery, Extra};
use tower_webhook::clock::{Clock, SystemClock, UnixTime};
use tower_webhook::crypto::SigningKey;
use tower_webhook::scheme::{Place, Scheme, Sender, Signer, UrlScheme};
use tower_webhook::{ConfigError, Secret};

use crate::{Failure, providers, secret_from_env};

const EXAMPLES: &str = "\
Examples:
  SECRET=whsec_… tower-webhook sign --provider stripe --secret-env SECRET < event.json
  SECRET=… tower-webhook sign --provider github --secret-env SECRET --body event.json \\
      --header 'x-github-event: push' --curl http://localhost:3000/github | sh
  SECRET=… tower-webhook sign --provider slack --secret-env SECRET --jsonl < event.json \\
      | SECRET=… tower-webhook verify --secret-env SECRET

For senders with public keys the secret is the private key: 32 bytes in hex or base64 (behind `whsk_`, or not).

Exit codes: 0 signed, 1 reading, writing or signing failed, 2 the command line is wrong.";

/// Signs a body as a sender does and prints the headers, one a line.
///
/// The body is read from standard input unless `--body` names a file. What is printed lets anybody in who sends it
/// within the tolerance: keep it out of logs.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Sign {
    /// The sender
    #[arg(long, value_name = "NAME")]
    pub(crate) provider: String,
    /// The environment variable that holds the secret
    #[arg(long, value_name = "NAME")]
    pub(crate) secret_env: String,
    /// A file with senders of one's own, beside those of the catalogue: `[[scheme]]` tables in TOML, or a JSON array
    #[arg(long, value_name = "FILE")]
    pub(crate) schemes: Option<PathBuf>,
    /// The file that holds the body [default: standard input]
    #[arg(long, value_name = "FILE")]
    pub(crate) body: Option<PathBuf>,
    /// A header of the request, set before it is signed; may be given several times
    #[arg(long = "header", value_name = "NAME: VALUE")]
    pub(crate) headers: Vec<String>,
    /// The delivery id, for senders that put it into a header [default: a random one]
    #[arg(long, value_name = "ID")]
    pub(crate) id: Option<String>,
    /// The time of signing, in seconds since 1970 [default: now]
    #[arg(long, value_name = "SECONDS")]
    pub(crate) at: Option<u64>,
    /// The URL as the receiver gave it to the sender, where that is signed [default: the URL of --curl]
    #[arg(long, value_name = "URL")]
    pub(crate) public_url: Option<String>,
    /// Your own id at the sender (app key, public key, id of the webhook), where it needs that
    #[arg(long, value_name = "ID")]
    pub(crate) key_id: Option<String>,
    /// Print a command line that sends the request to this URL
    #[arg(long, value_name = "URL", conflicts_with = "jsonl")]
    pub(crate) curl: Option<String>,
    /// Print a captured delivery, as `verify` reads it, without its secret
    #[arg(long)]
    pub(crate) jsonl: bool,
}

/// A request as it is to be sent. Its URI is what stands in the request line.
pub(crate) struct Signed {
    scheme: Scheme,
    pub(crate) head: Parts,
    pub(crate) body: Bytes,
    now: UnixTime,
}

/// The URL of captured deliveries for which none is given.
const EXAMPLE_URL: &str = "https://example.com/";

impl Sign {
    /// The request, signed.
    pub(crate) fn signed(&self) -> Result<Signed, Failure> {
        let own = providers::own(self.schemes.as_deref())?;
        let scheme = providers::known(&self.provider, &own)?;
        let sender = self.sender(scheme)?;
        let secret = secret_from_env(&self.secret_env)?;
        let now = match self.at {
            Some(seconds) => UnixTime::from_secs(seconds),
            None => SystemClock::new()
                .now()
                .ok_or_else(|| Failure::Signing(String::from("the clock stands before 1970")))?,
        };
        let body = self.read_body()?;
        let mut head = self.head(&scheme, &body, now)?;
        signer(sender, &secret)?.sign(&mut head, &body, now).map_err(|error| signing(&error))?;
        Ok(Signed { scheme, head, body, now })
    }

    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let Signed { scheme, head, body, now } = self.signed()?;
        let mut output = io::stdout().lock();
        if self.jsonl {
            writeln!(output, "{}", self.captured(&scheme, head, body, now)?)?;
        } else if let Some(url) = &self.curl {
            writeln!(output, "{}", self.command_line(url, &head))?;
        } else {
            for (name, value) in &head.headers {
                writeln!(output, "{name}: {}", String::from_utf8_lossy(value.as_bytes()))?;
            }
        }
        output.flush()?;
        Ok(ExitCode::SUCCESS)
    }

    fn sender(&self, scheme: Scheme) -> Result<Sender, Failure> {
        let usage = |error: ConfigError| Failure::Usage(error.to_string());
        let sender: Sender = match self.public_url.as_deref().or(self.curl.as_deref()) {
            _ if !scheme.signs_url() => scheme.into(),
            Some(url) => UrlScheme::new(scheme).at(url).map_err(usage)?,
            None => {
                return Err(Failure::Usage(format!("`{}` signs its URL: say it with --public-url", scheme.name())));
            }
        };
        match &self.key_id {
            _ if !scheme.needs_key_id() => Ok(sender),
            Some(id) => sender.key_id(id).map_err(usage),
            None => Err(Failure::Usage(format!("`{}` needs your id there: say it with --key-id", scheme.name()))),
        }
    }

    fn read_body(&self) -> Result<Bytes, Failure> {
        let mut body = Vec::new();
        match &self.body {
            None => io::stdin().lock().read_to_end(&mut body)?,
            Some(path) => {
                let read = File::open(path).and_then(|mut file| file.read_to_end(&mut body));
                read.map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))?
            }
        };
        Ok(body.into())
    }

    /// The request before it is signed.
    fn head(&self, scheme: &Scheme, body: &[u8], now: UnixTime) -> Result<Parts, Failure> {
        let (mut head, ()) = Request::new(()).into_parts();
        head.method = Method::POST;
        if let Some(url) = self.public_url.as_deref().or(self.curl.as_deref()) {
            let uri: Uri = url.parse().map_err(|_| Failure::Usage(String::from("the URL is none")))?;
            head.uri = uri.into_parts().path_and_query.map_or_else(|| Uri::from_static("/"), Uri::from);
        }
        for header in &self.headers {
            let (name, value) = parsed(header).ok_or_else(|| {
                Failure::Usage(format!("`{}` is no header: write `name: value`", header.escape_debug()))
            })?;
            head.headers.append(name, value);
        }
        if let Place::Header(name) = scheme.id_place()
            && !head.headers.contains_key(name)
        {
            let id = match &self.id {
                Some(id) => id.clone(),
                None => random_id(now)?,
            };
            let value =
                HeaderValue::try_from(id).map_err(|_| Failure::Usage(String::from("no header can hold the id")))?;
            head.headers.insert(HeaderName::from_static(name), value);
        }
        // What the body looks like: the sender's scheme may go by it.
        let json = matches!(body.trim_ascii_start(), [b'{' | b'[', ..]);
        let content_type = if json { "application/json" } else { "application/x-www-form-urlencoded" };
        head.headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static(content_type));
        Ok(head)
    }

    fn captured(&self, scheme: &Scheme, head: Parts, body: Bytes, now: UnixTime) -> Result<String, Failure> {
        let mut url = self.public_url.clone().unwrap_or_else(|| EXAMPLE_URL.to_owned());
        // A rule may have put something into the query.
        if let (Some(query), base) = (head.uri.query(), url.split('?').next().unwrap_or_default()) {
            url = format!("{base}?{query}");
        }
        let id = match &self.id {
            Some(id) => id.clone(),
            None => random_id(now)?,
        };
        let mut extra = Extra::default();
        if scheme.needs_key_id() {
            extra.key_id.clone_from(&self.key_id);
        }
        let captured = CapturedDelivery::new(id, scheme.name(), now, url, head, body);
        captured
            .and_then(|captured| captured.with_extra(extra).to_line())
            .map_err(|error| Failure::Signing(error.to_string()))
    }

    fn command_line(&self, url: &str, head: &Parts) -> String {
        // A rule may have put something into the query.
        let base = url.split('?').next().unwrap_or_default();
        let url = head.uri.query().map_or_else(|| url.to_owned(), |query| format!("{base}?{query}"));
        let mut line = format!("curl --request POST {}", quoted(&url));
        for (name, value) in &head.headers {
            let header = format!("{name}: {}", String::from_utf8_lossy(value.as_bytes()));
            line += &format!(" --header {}", quoted(&header));
        }
        let body = self.body.as_ref().map_or_else(|| String::from("-"), |path| path.display().to_string());
        line += &format!(" --data-binary {}", quoted(&format!("@{body}")));
        line
    }
}

fn signing(error: &ConfigError) -> Failure {
    Failure::Signing(error.to_string())
}

/// Signs with a shared secret; where the sender has none, with a private key.
pub(crate) fn signer(sender: Sender, secret: &str) -> Result<Signer, Failure> {
    let name = sender.scheme().name();
    if secret.starts_with("whsk_") || sender.scheme().needs_public_key() {
        let seed = seed(secret).ok_or_else(|| {
            Failure::Signing(format!("`{name}` signs with a private key: 32 bytes in hex or base64, and this is none"))
        })?;
        return Signer::ed25519(sender, SigningKey::from_seed(&seed)).map_err(|error| signing(&error));
    }
    if secret.len() < 16 {
        eprintln!("warning: a secret of {} bytes can be guessed", secret.len());
    }
    Secret::short(secret).and_then(|secret| Signer::new(sender, secret)).map_err(|error| signing(&error))
}

fn seed(text: &str) -> Option<[u8; 32]> {
    let text = text.strip_prefix("whsk_").unwrap_or(text);
    let bytes = base16ct::mixed::decode_vec(text).ok().or_else(|| Base64::decode_vec(text).ok())?;
    bytes.try_into().ok()
}

pub(crate) fn random_id(now: UnixTime) -> Result<String, Failure> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).map_err(|error| Failure::Signing(error.to_string()))?;
    Ok(format!("{}-{}", now.as_secs(), base16ct::lower::encode_string(&bytes)))
}

fn parsed(header: &str) -> Option<(HeaderName, HeaderValue)> {
    let (name, value) = header.split_once(':')?;
    Some((name.trim().parse().ok()?, HeaderValue::from_bytes(value.trim().as_bytes()).ok()?))
}

/// One word for a POSIX shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}
