//! Where keys that deliveries name are fetched from.

use std::collections::HashMap;
use std::fmt;
use std::pin::Pin;
use std::time::Duration;

use crate::body::BoxError;
use crate::scheme::KeyName;
use crate::verifying_key::KeyDocument;

/// Fetches the documents that public keys stand in: certificates, keys, sets of JWKs. This crate has no HTTP client:
/// bring your own.
///
/// It is asked for names that have passed the sender's rule only: a URL is `https`, on one of the sender's hosts, without
/// user, port and query. Follow no redirects, read no more than 64 KiB, and let the client check the server's
/// certificate: whoever answers in the sender's place chooses the keys.
///
/// The layer asks once for each name and keeps the answer, see [`SignatureLayer::fetching`](crate::SignatureLayer::fetching).
pub trait KeySource: Send + Sync + 'static {
    /// The document of this name: what stands at [`KeyName::url`], or the key with the id [`KeyName::document`]. `None`
    /// where the sender says that there is none (404).
    ///
    /// # Errors
    /// It cannot be fetched or read: the delivery is answered with 503, the sender comes back.
    fn fetch(&self, name: &KeyName) -> impl Future<Output = Result<Option<KeyDocument>, BoxError>> + Send + 'static;

    /// How long a document may be used before it is fetched again, unless [`KeyDocument::lasts`] says otherwise.
    /// Default: an hour.
    fn lifetime(&self) -> Duration {
        Duration::from_secs(60 * 60)
    }

    /// How long one fetch may take. Default: 5 seconds.
    fn timeout(&self) -> Duration {
        Duration::from_secs(5)
    }
}

/// Documents that are there beforehand, by [`KeyName::document`]: for tests, and for keys that come with the program.
#[derive(Clone, Debug, Default)]
pub struct MemoryKeySource(HashMap<String, KeyDocument>);

impl MemoryKeySource {
    /// Without any document.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// With this document for this URL or id; the last one counts.
    #[must_use]
    pub fn with(mut self, name: &str, document: impl Into<KeyDocument>) -> Self {
        self.0.insert(name.to_owned(), document.into());
        self
    }
}

impl KeySource for MemoryKeySource {
    fn fetch(&self, name: &KeyName) -> impl Future<Output = Result<Option<KeyDocument>, BoxError>> + Send + 'static {
        std::future::ready(Ok(self.0.get(name.document()).cloned()))
    }
}

/// A [`KeySource`] from a closure over the name.
pub const fn key_source_fn<F>(fetch: F) -> KeySourceFn<F> {
    KeySourceFn(fetch)
}

/// See [`key_source_fn`].
#[derive(Clone, Copy)]
pub struct KeySourceFn<F>(F);

impl<F> fmt::Debug for KeySourceFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeySourceFn(..)")
    }
}

impl<F, Fut, E> KeySource for KeySourceFn<F>
where
    F: Fn(&KeyName) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Option<KeyDocument>, E>> + Send + 'static,
    E: Into<BoxError>,
{
    fn fetch(&self, name: &KeyName) -> impl Future<Output = Result<Option<KeyDocument>, BoxError>> + Send + 'static {
        let fetching = (self.0)(name);
        async move { fetching.await.map_err(Into::into) }
    }
}

/// A document that is on its way.
pub(super) type Fetching = Pin<Box<dyn Future<Output = Result<Option<KeyDocument>, BoxError>> + Send>>;

/// A [`KeySource`] without its type.
pub(super) trait ErasedSource: Send + Sync {
    fn fetch(&self, name: &KeyName) -> Fetching;
    fn lifetime(&self) -> Duration;
    fn timeout(&self) -> Duration;
}

impl<S: KeySource> ErasedSource for S {
    fn fetch(&self, name: &KeyName) -> Fetching {
        Box::pin(KeySource::fetch(self, name))
    }

    fn lifetime(&self) -> Duration {
        KeySource::lifetime(self)
    }

    fn timeout(&self) -> Duration {
        KeySource::timeout(self)
    }
}
