//! The verdict over captured deliveries.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

use bytes::Bytes;
use http::request::Parts;
use serde::{Serialize, Serializer};
use zeroize::Zeroizing;

use super::delivery::CapturedDelivery;
use super::other_ways::other_ways;
use super::settings::{Fetched, Settings};
use crate::clock::UnixTime;
use crate::config_error::{ConfigError, ConfigErrorKind};
use crate::explain::Route;
use crate::provider;
use crate::rejection::Reason;
use crate::scheme::{Scheme, Verifier};

/// How many verifiers are kept ready. More settings than these come by and are made anew.
const MOST_VERIFIERS: usize = 1024;

/// Judges captured deliveries, one after the other. It keeps what is costly to make for as long as the settings come
/// again, so its memory does not grow with the number of deliveries.
#[derive(Default)]
#[must_use]
pub struct Judge {
    provider: Option<String>,
    secret: Option<Zeroizing<String>>,
    own: BTreeMap<&'static str, Scheme>,
    ready: HashMap<Settings, Result<Verifier, ConfigError>>,
    warned: BTreeSet<&'static str>,
    /// The routes of earlier lines, whose keys may fit a later one.
    pub(super) seen: Vec<Route>,
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
    /// The line does not hold all that was signed, or the signature: it says so in `redacted`.
    Redacted,
    /// The line, and [`Judge::provider`], name no sender of the catalogue and of [`Judge::schemes`].
    UnknownProvider,
}

impl Trouble {
    /// The name used in the tool's output.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NoSecret => "no_secret",
            Self::NotADelivery => "not_a_delivery",
            Self::Redacted => "redacted",
            Self::UnknownProvider => "unknown_provider",
        }
    }
}

impl Judge {
    /// A judge who goes by what the lines say.
    pub fn new() -> Self {
        Self::default()
    }

    /// The sender of lines that name none.
    pub fn provider(self, name: &str) -> Self {
        Self { provider: Some(name.to_owned()), ..self }
    }

    /// The secret (or public key) of lines that have none.
    pub fn secret(self, secret: &str) -> Self {
        Self { secret: Some(Zeroizing::new(secret.to_owned())), ..self }
    }

    /// Further senders, beside those of the catalogue.
    ///
    /// # Errors
    /// A name that the catalogue has, or that comes twice.
    pub fn schemes(mut self, schemes: impl IntoIterator<Item = Scheme>) -> Result<Self, ConfigError> {
        for scheme in schemes {
            let name = scheme.name();
            if provider::find(name).is_some() || self.own.insert(name, scheme).is_some() {
                let detail = format!("there is a sender `{name}` already: give yours another name");
                return Err(ConfigError::new(ConfigErrorKind::Scheme, detail));
            }
        }
        Ok(self)
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
        let found = self.settings(&delivery);
        let CapturedDelivery { id, received_at, head, body, redacted, .. } = delivery;
        let verdict = Verdict::Error(Trouble::NoSecret);
        let mut judgement = Judgement { id: Some(id), verdict, detail: None, warning: None };
        let (scheme, settings) = match found {
            Ok(found) => found,
            Err((trouble, detail)) => return judgement.trouble(trouble, detail),
        };
        let with_hash = |way: Scheme| settings.hash.as_deref().map_or(Some(way), |hash| way.with_hash(hash));
        let beside = other_ways(&scheme).filter_map(|way| with_hash(*way));
        let beside: Vec<_> = beside.map(|way| (way, settings.clone())).collect();
        let delivery = (&head, &body, received_at);
        let mut found = self.verdict(&scheme, settings, delivery, &mut judgement.warning);
        for (way, settings) in beside {
            let Verdict::Reject(Reason::MalformedSignature | Reason::UnsupportedScheme) = found.0 else { break };
            let settings = Settings { provider: way.name(), ..settings };
            let instead = self.verdict(&way, settings, delivery, &mut judgement.warning);
            // What is written in no way is refused for what the first one says.
            if !matches!(instead.0, Verdict::Reject(Reason::MalformedSignature | Reason::UnsupportedScheme)) {
                found = instead;
            }
        }
        let (verdict, detail) = found;
        if let (Verdict::Reject(_), false) = (verdict, redacted.is_empty()) {
            let what = format!("left out when it was written down: {}", redacted.join(", "));
            return judgement.trouble(Trouble::Redacted, what);
        }
        Judgement { verdict, detail, ..judgement }
    }

    /// The sender of a delivery, and how its receiver is set up.
    pub(super) fn settings(&self, delivery: &CapturedDelivery) -> Result<(Scheme, Settings), (Trouble, String)> {
        let CapturedDelivery { provider, url, secrets, extra, .. } = delivery;
        let Some(name) = provider.as_deref().or(self.provider.as_deref()) else {
            return Err((Trouble::UnknownProvider, String::from("the line names no `provider`")));
        };
        let Some(scheme) = provider::find(name).or_else(|| self.own.get(name)).copied() else {
            return Err((Trouble::UnknownProvider, format!("there is no sender `{name}`")));
        };
        let scheme = match extra.hash.as_deref() {
            None => scheme,
            Some(hash) => scheme.with_hash(hash).ok_or_else(|| {
                let what = format!("`{name}` does not sign with `{}`", hash.escape_debug());
                (Trouble::UnknownProvider, what)
            })?,
        };
        let fetched = Fetched::of(extra).filter(|_| scheme.takes_public_key());
        let secrets = secrets.clone().filter(|secrets| !secrets.is_empty());
        let secrets = secrets.or_else(|| Some(vec![self.secret.clone()?]));
        let secrets = secrets.or_else(|| fetched.is_some().then(Vec::new));
        let Some(secrets) = secrets else {
            return Err((Trouble::NoSecret, String::from("the line has neither `secret` nor `secrets`")));
        };
        let key_id = extra.key_id.clone();
        let settings = Settings {
            provider: scheme.name(),
            hash: extra.hash.clone(),
            tolerance: extra.tolerance(),
            // Beside fetched keys, what a user configures is the id.
            key_id: key_id
                .or_else(|| fetched.as_ref().and_then(|_| secrets.first().map(|id| id.to_string())))
                .filter(|_| scheme.needs_key_id()),
            fetched,
            secrets,
            public_url: scheme.signs_url().then(|| extra.public_url.clone().unwrap_or_else(|| url.clone())),
        };
        Ok((scheme, settings))
    }

    /// The verdict, and what there is to say of it.
    fn verdict(
        &mut self,
        scheme: &Scheme,
        settings: Settings,
        (head, body, received_at): (&Parts, &Bytes, UnixTime),
        warning: &mut Option<String>,
    ) -> (Verdict, Option<String>) {
        match self.verifier(scheme, settings, warning) {
            Ok(verifier) => match verifier.verify(head, body, Some(received_at)) {
                Ok(_) => (Verdict::Accept, None),
                Err(error) => (Verdict::Reject(error.reason()), Some(error.detail().to_owned())),
            },
            // What the layer answers where the keys of a tenant cannot be used.
            Err(error) => (Verdict::Reject(Reason::NotConfigured), Some(error.to_string())),
        }
    }

    fn verifier(
        &mut self,
        scheme: &Scheme,
        settings: Settings,
        warning: &mut Option<String>,
    ) -> &Result<Verifier, ConfigError> {
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
            settings.verifier(scheme)
        })
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
