//! What is wrong with a configuration, said before the first request is served.

use std::error::Error;
use std::fmt;

/// A configuration that cannot be served safely.
///
/// Opaque, with an open [`kind`](ConfigError::kind). The text names the offending value, secrets
/// excepted.
#[derive(Clone, Debug)]
pub struct ConfigError {
    kind: ConfigErrorKind,
    detail: String,
}

/// What sort of thing is wrong, see [`ConfigError::kind`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ConfigErrorKind {
    /// A list of IP networks is empty, or an entry is no network.
    Allowlist,
    /// A route name was used twice within one set of shared options.
    DuplicateRoute,
    /// An environment variable is not set, or is not Unicode.
    Environment,
    /// The id under which the sender knows the receiver's key is missing or is no id.
    KeyId,
    /// A limit or a duration is outside of what makes sense.
    Limit,
    /// A proxy configuration that would believe anybody.
    Proxies,
    /// The public URL is missing or is no URL.
    PublicUrl,
    /// A description of how a sender signs that contradicts itself.
    Scheme,
    /// A secret or public key that protects nothing or cannot be read.
    Secret,
    /// A store that does not keep what it is given, or whose address or password is wrong.
    Store,
    /// A store that does not answer now: it may later.
    StoreUnreachable,
}

impl ConfigError {
    pub(crate) fn new(kind: ConfigErrorKind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into() }
    }

    pub(crate) fn secret(detail: impl Into<String>) -> Self {
        Self::new(ConfigErrorKind::Secret, detail)
    }

    /// What sort of thing is wrong.
    #[must_use]
    pub const fn kind(&self) -> ConfigErrorKind {
        self.kind
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

impl Error for ConfigError {}
