//! Signing secrets, and rings of them for rotation.
//!
//! * A [`Secret`] protects something or it does not exist: an empty or blank one, or a placeholder such
//!   as `null` or `changeme`, cannot be made, and one under 16 bytes only by
//!   [`Secret::short`]. Its memory is wiped, `Debug` shows nothing of it, and there is neither `Display`
//!   nor a way to serialize it.
//! * [`Secrets`] is a ring: several keys that are valid at once, each with an id and, if you like, a
//!   time from which and until which it counts. Any of them may match.
//!
//! Deployment caveat: keep both the old and the new secret in the ring until the sender signs with the
//! new one only; the key id of each delivery ([`Delivery::key_id`](crate::Delivery::key_id)) tells when.
//!
//! ```
//! use tower_webhook::{Secret, Secrets};
//!
//! let new = Secret::new("a secret of at least sixteen bytes")?;
//! let old = Secret::new("the one before, also long enough")?;
//! let ring = Secrets::rotating(new, old);
//! assert!(!format!("{ring:?}").contains("sixteen"));
//!
//! assert!(Secret::new("").is_err()); // refused: it would let everyone in
//! assert!(Secret::new("changeme").is_err());
//! # Ok::<(), tower_webhook::ConfigError>(())
//! ```

mod files;
mod log;

use std::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::clock::UnixTime;
use crate::config_error::{ConfigError, ConfigErrorKind};
use crate::encoding::Encoding;
use crate::verifying_key::VerifyingKey;

pub(crate) use files::SecretPaths;

/// What stands where a secret should stand when a configuration went wrong. Compared without case.
const PLACEHOLDERS: &[&str] = &[
    "change-me",
    "change_me",
    "changeme",
    "nil",
    "none",
    "null",
    "placeholder",
    "replace-me",
    "replace_me",
    "replaceme",
    "todo",
    "undefined",
    "whpk_",
    "whsec_",
    "whsk_",
    "xxx",
    "your-secret",
    "your_secret",
];

/// The shortest secret that [`Secret::new`] takes, in bytes.
const SHORTEST: usize = 16;

/// A shared signing secret. Clones share its memory, which is wiped with the last of them.
#[derive(Clone)]
pub struct Secret(Arc<Zeroizing<Vec<u8>>>);

impl Secret {
    /// A secret of at least 16 bytes, exactly as given: white space at its ends belongs to it.
    ///
    /// How it becomes a key (as it is, or decoded from base64) is a matter of the sender's scheme.
    ///
    /// # Errors
    /// An empty, blank or short secret, a placeholder, one byte repeated, a reference
    /// (`op://…`, `${…}`) that nobody resolved.
    pub fn new(secret: impl Into<Vec<u8>>) -> Result<Self, ConfigError> {
        let secret = Self::short(secret)?;
        if secret.expose().len() < SHORTEST {
            return Err(ConfigError::secret(format!(
                "a secret of {} bytes can be guessed: it needs {SHORTEST} (`Secret::short` takes it all the same)",
                secret.expose().len()
            )));
        }
        Ok(secret)
    }

    /// As [`Secret::new`], but also shorter than 16 bytes: for senders that let you have no other, and
    /// for published test vectors.
    ///
    /// # Errors
    /// As [`Secret::new`], the length excepted.
    pub fn short(secret: impl Into<Vec<u8>>) -> Result<Self, ConfigError> {
        let secret = Zeroizing::new(secret.into());
        match problem(&secret) {
            Some(problem) => Err(ConfigError::secret(problem)),
            None => Ok(Self(Arc::new(secret))),
        }
    }

    /// Any secret that is not empty, a placeholder too: for judging what somebody else configured, never for serving.
    #[cfg(feature = "cli")]
    pub(crate) fn as_configured(secret: &str) -> Option<Self> {
        (!secret.is_empty()).then(|| Self(Arc::new(Zeroizing::new(secret.as_bytes().to_vec()))))
    }

    /// Whether it is so short that it can be guessed: [`Secret::new`] would not take it.
    #[cfg(feature = "cli")]
    pub(crate) fn is_short(&self) -> bool {
        self.0.len() < SHORTEST
    }

    /// From an environment variable. One line end at its end is taken off, as files and shells leave it.
    ///
    /// # Errors
    /// A variable that is not set, is not Unicode, or holds what [`Secret::new`] refuses; the text names
    /// the variable.
    pub fn from_env(name: &str) -> Result<Self, ConfigError> {
        let Some(value) = variable(name)? else {
            return Err(ConfigError::new(ConfigErrorKind::Environment, format!("`{name}` is not set")));
        };
        let line = value.strip_suffix('\n').map_or(value.as_str(), |line| line.strip_suffix('\r').unwrap_or(line));
        Self::new(line).map_err(|error| ConfigError::secret(format!("`{name}`: {error}")))
    }

    /// 32 bytes of the operating system's randomness as base64 behind `whsec_`: good for any scheme whose
    /// secret you choose yourself.
    ///
    /// # Errors
    /// An operating system that has no randomness to give.
    pub fn generate() -> Result<Self, ConfigError> {
        let mut bytes = Zeroizing::new([0; 32]);
        getrandom::fill(bytes.as_mut_slice()).map_err(|error| ConfigError::secret(error.to_string()))?;
        let text = Zeroizing::new(Encoding::Base64.encode(bytes.as_slice()));
        Self::new(format!("whsec_{}", text.as_str()))
    }

    /// The bytes. Named so that each place that reads a secret can be found.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

/// The value of an environment variable; `None` where it is not set.
fn variable(name: &str) -> Result<Option<Zeroizing<String>>, ConfigError> {
    match std::env::var(name) {
        Ok(value) => Ok(Some(Zeroizing::new(value))),
        Err(std::env::VarError::NotPresent) => Ok(None),
        Err(std::env::VarError::NotUnicode(_)) => {
            Err(ConfigError::new(ConfigErrorKind::Environment, format!("`{name}` is not Unicode")))
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

fn problem(secret: &[u8]) -> Option<&'static str> {
    let text = std::str::from_utf8(secret).unwrap_or("binary").trim();
    match secret {
        [] => Some("a secret is empty"),
        [first, rest @ ..] if !rest.is_empty() && rest.iter().all(|byte| byte == first) => {
            Some("a secret is one byte repeated")
        }
        _ if text.is_empty() => Some("a secret is blank"),
        _ if PLACEHOLDERS.iter().any(|placeholder| placeholder.eq_ignore_ascii_case(text)) => {
            Some("a secret is a placeholder")
        }
        _ if text.starts_with("op://") || (text.starts_with("${") && text.ends_with('}')) => {
            Some("a secret is a reference that nobody resolved")
        }
        _ => None,
    }
}

/// A key of a ring: a shared secret, or a sender's public key.
#[derive(Clone, Debug)]
pub(crate) enum KeyMaterial {
    Public(VerifyingKey),
    Shared(Secret),
}

/// One key of a ring.
#[derive(Clone, Debug)]
pub(crate) struct RingKey {
    pub(crate) id: Arc<str>,
    pub(crate) material: KeyMaterial,
    pub(crate) not_before: Option<UnixTime>,
    pub(crate) not_after: Option<UnixTime>,
    pub(crate) standing: Standing,
}

/// Whether a key is expected to be used.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Standing {
    InUse,
    Retired,
}

/// A ring of keys, any of which may match. Never empty.
///
/// Most routes need one: [`Secret`] and [`VerifyingKey`] turn into a ring by themselves. Clones share their memory.
#[derive(Clone, Debug)]
pub struct Secrets(Arc<Vec<RingKey>>);

impl Secrets {
    /// The new secret (id `current`) and the one before it (id `previous`), both valid.
    #[must_use]
    pub fn rotating(current: Secret, previous: Secret) -> Self {
        Self::named("current", current).and("previous", previous)
    }

    /// A ring of one key with an id of your own. Ids appear in metrics and logs, so they are no secrets.
    #[must_use]
    pub fn named(id: &str, key: impl Into<Key>) -> Self {
        Self::of(RingKey {
            id: id.into(),
            material: key.into().0,
            not_before: None,
            not_after: None,
            standing: Standing::InUse,
        })
    }

    /// One more key.
    #[must_use]
    pub fn and(mut self, id: &str, key: impl Into<Key>) -> Self {
        Arc::make_mut(&mut self.0).extend_from_slice(Self::named(id, key).keys());
        self
    }

    /// The key added last counts from `time` on.
    #[must_use]
    pub fn not_before(mut self, time: UnixTime) -> Self {
        if let Some(key) = Arc::make_mut(&mut self.0).last_mut() {
            key.not_before = Some(time);
        }
        self
    }

    /// The key added last counts until `time`, itself included.
    #[must_use]
    pub fn not_after(mut self, time: UnixTime) -> Self {
        if let Some(key) = Arc::make_mut(&mut self.0).last_mut() {
            key.not_after = Some(time);
        }
        self
    }

    /// The key added last is not expected to be used any more. It still counts; deliveries that it verifies are warned
    /// about in the log, at most once a minute: the sender has not moved on.
    #[must_use]
    pub fn retired(mut self) -> Self {
        if let Some(key) = Arc::make_mut(&mut self.0).last_mut() {
            key.standing = Standing::Retired;
        }
        self
    }

    /// The secret in the variable `current` and, where it is set, the one before it in `previous`; their ids are `current`
    /// and `previous`.
    ///
    /// # Errors
    /// `current` is not set; one of them holds what [`Secret::from_env`] refuses.
    pub fn rotating_env(current: &str, previous: &str) -> Result<Self, ConfigError> {
        let ring = Self::named("current", Secret::from_env(current)?);
        match variable(previous)? {
            Some(_) => Ok(ring.and("previous", Secret::from_env(previous)?)),
            None => Ok(ring),
        }
    }

    /// The ids of the keys, in their order.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|key| &*key.id)
    }

    /// Whether any key counts at `now`; without a clock, one without a window.
    pub(crate) fn counts(&self, now: Option<UnixTime>) -> bool {
        self.0.iter().any(|key| match now {
            Some(now) => key.not_before.is_none_or(|from| from <= now) && key.not_after.is_none_or(|end| now <= end),
            None => key.not_before.is_none() && key.not_after.is_none(),
        })
    }

    /// A ring of this key alone, whenever it is.
    pub(crate) fn always(key: RingKey) -> Self {
        Self::of(RingKey { not_before: None, not_after: None, ..key })
    }

    fn of(key: RingKey) -> Self {
        Self(Arc::new(vec![key]))
    }

    pub(crate) fn keys(&self) -> &[RingKey] {
        &self.0
    }
}

/// What a ring is made of: a [`Secret`] or a [`VerifyingKey`].
#[derive(Clone, Debug)]
pub struct Key(KeyMaterial);

/// A key can be made of `T`: of a [`Secret`] or a [`VerifyingKey`]. It is there so that the compiler says what to do.
#[diagnostic::on_unimplemented(
    message = "`{T}` is no key: it may be empty, a placeholder, or anything else that protects nothing",
    label = "neither `Secrets`, nor a `Secret` or a `VerifyingKey`",
    note = "make a secret of it, which refuses what protects nothing: `Secret::from_env(..)?` or `Secret::new(..)?`",
    note = "what a sender without any signature sends is let in by name: `danger::accept_unsigned(..)`"
)]
pub trait KeyOf<T> {
    /// The key.
    fn of(key: T) -> Self;
}

impl KeyOf<Secret> for Key {
    fn of(secret: Secret) -> Self {
        Self(KeyMaterial::Shared(secret))
    }
}

impl KeyOf<VerifyingKey> for Key {
    fn of(key: VerifyingKey) -> Self {
        Self(KeyMaterial::Public(key))
    }
}

impl<T> From<T> for Key
where
    Self: KeyOf<T>,
{
    fn from(key: T) -> Self {
        Self::of(key)
    }
}

impl<K: Into<Key>> From<K> for Secrets {
    fn from(key: K) -> Self {
        Self::named("key", key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_protects_nothing_cannot_be_made() {
        let repeated = "*".repeat(40);
        for secret in [
            "",
            " ",
            "\t\r\n",
            "null",
            "undefined",
            "None",
            "changeme",
            "ChangeMe",
            " null\n",
            "whsec_",
            "${SECRET}",
            "op://vault/item/field",
            &repeated,
        ] {
            assert!(Secret::short(secret).is_err(), "{secret:?}");
            assert!(Secret::new(secret).is_err(), "{secret:?}");
        }
    }

    #[test]
    fn a_short_secret_needs_a_constructor_that_says_so() {
        assert!(Secret::new("fifteen bytes..").is_err());
        assert!(Secret::new("sixteen bytes...").is_ok());
        assert!(Secret::short("x").is_ok());
    }

    #[test]
    fn no_error_and_no_debug_shows_the_secret() {
        let error = Secret::new("hunter2").unwrap_err();
        assert!(!error.to_string().contains("hunter2"));
        let ring = Secrets::rotating(Secret::short("hunter2").unwrap(), Secret::short("hunter3").unwrap());
        assert!(!format!("{ring:?}").contains("hunter"));
    }

    #[test]
    fn white_space_belongs_to_a_secret() {
        assert_eq!(Secret::new(" a secret with blanks ").unwrap().expose(), b" a secret with blanks ");
    }

    #[test]
    fn generated_secrets_differ() {
        assert_ne!(Secret::generate().unwrap().expose(), Secret::generate().unwrap().expose());
    }
}
