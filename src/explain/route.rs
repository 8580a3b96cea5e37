//! A route whose refusals are explained.

use std::sync::Arc;
use std::time::Duration;

use crate::config_error::ConfigError;
use crate::scheme::{Sender, Verifier};
use crate::secret::Secrets;

/// How a route is set up: its sender and its keys. `Debug` shows nothing of the keys but their ids.
#[derive(Clone, Debug)]
pub struct Route {
    name: Arc<str>,
    sender: Sender,
    keys: Secrets,
    tolerance: Duration,
    retired: Option<Secrets>,
}

impl Route {
    /// A route with a name of its own, which explanations use.
    #[must_use]
    pub fn new(name: &str, sender: impl Into<Sender>, keys: impl Into<Secrets>) -> Self {
        let sender = sender.into();
        let tolerance = sender.scheme().max_age();
        Self { name: name.into(), sender, keys: keys.into(), tolerance, retired: None }
    }

    /// Keys that counted once: an explanation says so when one of them fits.
    #[must_use]
    pub fn retired(self, keys: impl Into<Secrets>) -> Self {
        Self { retired: Some(keys.into()), ..self }
    }

    /// How far a timestamp may lie from now, each way. Default: what the sender documents, or 300 s.
    #[must_use]
    pub fn tolerance(self, tolerance: Duration) -> Self {
        Self { tolerance, ..self }
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The sender.
    #[must_use]
    pub const fn sender(&self) -> &Sender {
        &self.sender
    }

    /// The ids of its keys.
    pub fn key_ids(&self) -> impl Iterator<Item = &str> {
        self.keys.keys().iter().map(|key| &*key.id)
    }

    pub(super) const fn keys(&self) -> &Secrets {
        &self.keys
    }

    pub(super) const fn retired_keys(&self) -> Option<&Secrets> {
        self.retired.as_ref()
    }

    pub(super) const fn allowed(&self) -> Duration {
        self.tolerance
    }

    /// What judges deliveries of another sender or under other keys as this route would.
    pub(super) fn verifier(&self, sender: &Sender, keys: &Secrets) -> Result<Verifier, ConfigError> {
        Ok(Verifier::new(sender.clone(), keys.clone())?.tolerance_as_configured(self.tolerance))
    }
}
