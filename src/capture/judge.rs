//! The verdict over captured deliveries.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;
use serde::{Serialize, Serializer};
use zeroize::Zeroizing;

use super::delivery::{CapturedDelivery, Fetched};
use crate::clock::UnixTime;
use crate::config_error::{ConfigError, ConfigErrorKind};
use crate::provider;
use crate::rejection::Reason;
use crate::scheme::{Scheme, Sender, UrlScheme, Verifier, VerifyError};
use crate::secret::Secrets;
use crate::verifying_key::KeyDocument;

/// How many verifiers are kept ready. More settings than these come by and are made anew.
const MOST_VERIFIERS: usize = 1024;

/// Judges captured deliveries, one after the other. It keeps what is costly to make for as long as the settings come
/// again, so its memory does not grow with the number of deliveries.
#[derive(Default)]
pub struct Judge {
    provider: Option<String>,
    secret: Option<Zeroizing<String>>,
    ready: HashMap<Settings, Result<Ready, ConfigError>>,
    warned: BTreeSet<&'static str>,
}

/// All that a verifier depends on.
#[derive(Clone, PartialEq, Eq)]
struct Settings {
    provider: &'static str,
    secrets: Vec<Zeroizing<String>>,
    fetched: Option<Fetched>,
    tolerance: Option<Duration>,
    key_id: Option<String>,
    public_url: Option<String>,
}

/// A verifier, and what it would have fetched its key from, where the sender's keys are fetched.
struct Ready {
    verifier: Verifier,
    document: Option<Result<KeyDocument, ConfigError>>,
}

/// What was found out about one line. As JSON it is `{"id":…,"verdict":…,"reason":…,"detail":…}`.
#[derive(Clone, Debug)]
pub struct Judgement {
    id: Option<String>,
    verdict: Verdict,
    detail: Option<String>,
    warning: Option<String>,
}

/// The verdict over one captured delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// The sender signed it.
    Accept,
    /// It cannot be judged.
    Error(Trouble),
    /// The layer would have refused it, for this reason.
    Reject(Reason),
}

/// Why a line cannot be judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Trouble {
    /// Neither the line nor [`Judge::secret`] says a secret.
    NoSecret,
    /// The line is no captured delivery.
    NotADelivery,
    /// The line, and [`Judge::provider`], name no sender of the catalogue.
    UnknownProvider,
}

impl Trouble {
    /// The name used in the tool's output.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NoSecret => "no_secret",
            Self::NotADelivery => "not_a_delivery",
            Self::UnknownProvider => "unknown_provider",
        }
    }
}

impl Judge {
    /// A judge who goes by what the lines say.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The sender of lines that name none.
    #[must_use]
    pub fn provider(self, name: &str) -> Self {
        Self { provider: Some(name.to_owned()), ..self }
    }

    /// The secret (or public key) of lines that have none.
    #[must_use]
    pub fn secret(self, secret: &str) -> Self {
        Self { secret: Some(Zeroizing::new(secret.to_owned())), ..self }
    }

    /// Judges one line of JSON. Whatever stands in it, this does not panic.
    pub fn judge_line(&mut self, line: &[u8]) -> Judgement {
        match CapturedDelivery::from_line(line) {
            Ok(delivery) => self.judge(delivery),
            Err(error) => Judgement {
                id: error.id().map(str::to_owned),
                verdict: Verdict::Error(Trouble::NotADelivery),
                detail: Some(error.to_string()),
                warning: None,
            },
        }
    }

    /// Judges one delivery as the layer would have at the time at which it came: its signature and timestamp, and what
    /// is signed along with them. Method, content type, size and a delivery id refuse nothing by themselves.
    pub fn judge(&mut self, delivery: CapturedDelivery) -> Judgement {
        let CapturedDelivery { id, provider, received_at, url, head, body, secrets, extra, .. } = delivery;
        let mut judgement =
            Judgement { id: Some(id), verdict: Verdict::Error(Trouble::NoSecret), detail: None, warning: None };

        let Some(name) = provider.as_deref().or(self.provider.as_deref()) else {
            return judgement.trouble(Trouble::UnknownProvider, String::from("the line names no `provider`"));
        };
        let Some(scheme) = provider::find(name) else {
            return judgement.trouble(Trouble::UnknownProvider, format!("there is no sender `{name}`"));
        };
        let fetched = extra.fetched().filter(|_| scheme.fetches_keys());
        let secrets = secrets.filter(|secrets| !secrets.is_empty()).or_else(|| Some(vec![self.secret.clone()?]));
        let Some(secrets) = secrets.or_else(|| fetched.is_some().then(Vec::new)) else {
            return judgement.trouble(Trouble::NoSecret, String::from("the line has neither `secret` nor `secrets`"));
        };
        // Where the key is fetched, all that is left to configure is the receiver's id.
        let id = || Some(fetched.as_ref().and(secrets.first())?.to_string());
        let takes_id = scheme.needs_key_id() || scheme.fetches_keys();
        let tolerance = extra.tolerance();
        let settings = Settings {
            provider: scheme.name(),
            key_id: extra.key_id.filter(|_| takes_id).or_else(|| id().filter(|_| scheme.needs_key_id())),
            secrets,
            fetched,
            tolerance,
            public_url: scheme.signs_url().then(|| extra.public_url.unwrap_or(url)),
        };
        let weaker =
            scheme.weaker_way().map(|weaker| (weaker, Settings { provider: weaker.name(), ..settings.clone() }));
        let delivery = (&head, &body, received_at);
        let mut found = self.verdict(scheme, settings, delivery, &mut judgement.warning);
        if let (Some((weaker, settings)), Err((Reason::UnsupportedScheme, _))) = (weaker, &found) {
            found = self.verdict(weaker, settings, delivery, &mut judgement.warning);
        }
        let verdict = match found {
            Ok(()) => Verdict::Accept,
            Err((reason, detail)) => {
                judgement.detail = Some(detail);
                Verdict::Reject(reason)
            }
        };
        Judgement { verdict, ..judgement }
    }

    /// What the layer would have said.
    fn verdict(
        &mut self,
        scheme: &Scheme,
        settings: Settings,
        (head, body, received_at): (&Parts, &Bytes, UnixTime),
        warning: &mut Option<String>,
    ) -> Result<(), (Reason, String)> {
        let refused = |error: VerifyError| (error.reason(), error.detail().to_owned());
        let ready = match self.ready(scheme, settings, warning) {
            Ok(ready) => ready,
            // What the layer answers where the keys of a tenant cannot be used.
            Err(error) => return Err((Reason::NotConfigured, error.to_string())),
        };
        let Some(document) = &ready.document else {
            return ready.verifier.verify(head, body, Some(received_at)).map(|_| ()).map_err(refused);
        };
        let name = ready.verifier.key_name_checked(head, body, Some(received_at)).map_err(refused)?;
        let document = document.as_ref().map_err(|error| (Reason::KeyUnavailable, error.to_string()))?;
        let verifier = ready.verifier.with_document(&name, document).map_err(refused)?;
        verifier.verify(head, body, Some(received_at)).map(|_| ()).map_err(refused)
    }

    fn ready(
        &mut self,
        scheme: &Scheme,
        settings: Settings,
        warning: &mut Option<String>,
    ) -> &Result<Ready, ConfigError> {
        if self.ready.len() >= MOST_VERIFIERS && !self.ready.contains_key(&settings) {
            self.ready.clear();
        }
        let warned = &mut self.warned;
        self.ready.entry(settings).or_insert_with_key(|settings| {
            let short = settings.secrets.iter().find(|text| scheme.is_short_secret(text));
            if let Some(short) = short.filter(|_| warned.insert(settings.provider)) {
                *warning = Some(format!(
                    "`{}`: a secret of {} bytes can be guessed; no layer takes it unless it is told to",
                    settings.provider,
                    short.len()
                ));
            }
            let document = settings.fetched.as_ref().map(Fetched::read);
            settings.verifier(scheme).map(|verifier| Ready { verifier, document })
        })
    }
}

impl Settings {
    fn verifier(&self, scheme: &Scheme) -> Result<Verifier, ConfigError> {
        let sender: Sender = match &self.public_url {
            Some(url) => UrlScheme::new(*scheme).at(url)?,
            None => (*scheme).into(),
        };
        let sender = match &self.key_id {
            Some(id) => sender.key_id(id)?,
            None => sender,
        };
        let with_tolerance = |verifier: Verifier| match self.tolerance {
            Some(tolerance) => verifier.tolerance_as_configured(tolerance),
            None => verifier,
        };
        if self.fetched.is_some() {
            return Verifier::fetching(sender).map(with_tolerance);
        }
        let mut ring: Option<Secrets> = None;
        for (at, text) in self.secrets.iter().enumerate() {
            let (id, key) = (format!("key-{at}"), scheme.key_as_configured(text)?);
            ring = Some(match ring {
                Some(ring) => ring.and(&id, key),
                None => Secrets::named(&id, key),
            });
        }
        let Some(ring) = ring else {
            return Err(ConfigError::new(ConfigErrorKind::Secret, "there is no secret"));
        };
        Verifier::new(sender, ring).map(with_tolerance)
    }
}

impl Hash for Settings {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.provider.hash(state);
        self.secrets.iter().for_each(|secret| secret.as_str().hash(state));
        self.fetched.hash(state);
        self.tolerance.hash(state);
        self.key_id.hash(state);
        self.public_url.hash(state);
    }
}

impl fmt::Debug for Judge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Judge");
        shown.field("provider", &self.provider).field("ready", &self.ready.len()).finish_non_exhaustive()
    }
}

impl Judgement {
    fn trouble(self, trouble: Trouble, detail: String) -> Self {
        Self { verdict: Verdict::Error(trouble), detail: Some(detail), ..self }
    }

    /// The id that the line gives, where it can be read.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// The verdict.
    #[must_use]
    pub const fn verdict(&self) -> &Verdict {
        &self.verdict
    }

    /// Why the layer would have refused it; `None` unless the verdict is [`Verdict::Reject`].
    #[must_use]
    pub const fn reason(&self) -> Option<Reason> {
        match self.verdict {
            Verdict::Reject(reason) => Some(reason),
            Verdict::Accept | Verdict::Error(_) => None,
        }
    }

    /// A sentence for the operator, about everything that was not accepted.
    #[must_use]
    pub fn detail(&self) -> Option<&str> {
        self.detail.as_deref()
    }

    /// A warning about a secret that can be guessed; once for each sender.
    #[must_use]
    pub fn warning(&self) -> Option<&str> {
        self.warning.as_deref()
    }
}

impl Serialize for Judgement {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Line<'a> {
            id: Option<&'a str>,
            verdict: &'static str,
            reason: Option<&'static str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            detail: Option<&'a str>,
        }
        let (verdict, reason) = match self.verdict {
            Verdict::Accept => ("accept", None),
            Verdict::Error(trouble) => ("error", Some(trouble.code())),
            Verdict::Reject(reason) => ("reject", Some(reason.code())),
        };
        Line { id: self.id(), verdict, reason, detail: self.detail() }.serialize(serializer)
    }
}

#[cfg(test)]
mod tests;
