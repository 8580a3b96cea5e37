//! What some handshakes bring, handed to somebody who keeps it.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use http::Uri;
use http::request::Parts;

use crate::body::BoxError;
use crate::rejection::{Reason, Rejection};
use crate::secret::Secret;

/// What a handshake brings. `Debug` shows no secret.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Handshake {
    /// An URL of the sender's, from a verified request: call it by `GET` to confirm the subscription (Amazon SNS).
    Confirm(Uri),
    /// The secret that the sender signs with from now on. Nobody has signed it: it is trust on first use, so keep it
    /// only where there is none yet, in one step of your store, and say [`Taken::Refused`] where there is one.
    Secret(Secret),
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Taken {
    /// It is not wanted, or there is one already. The sender is refused (401).
    Refused,
    /// It is stored, or done, and the sender may know.
    Stored,
}

type Taking = Pin<Box<dyn Future<Output = Result<Taken, BoxError>> + Send>>;

type Take = dyn Fn(Handshake, &Parts) -> Taking + Send + Sync;

/// A callback without its type.
#[derive(Clone)]
pub(crate) struct Taker(Arc<Take>);

impl Taker {
    pub(crate) fn new<F, Fut, E>(take: F) -> Self
    where
        F: Fn(Handshake, &Parts) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Taken, E>> + Send + 'static,
        E: Into<BoxError>,
    {
        Self(Arc::new(move |handshake, head| {
            let taking = take(handshake, head);
            Box::pin(async move { taking.await.map_err(Into::into) })
        }))
    }

    pub(super) fn take(
        &self,
        handshake: Handshake,
        head: &Parts,
    ) -> impl Future<Output = Result<(), Rejection>> + use<> {
        let taking = (self.0)(handshake, head);
        async move {
            match taking.await {
                Ok(Taken::Stored) => Ok(()),
                Ok(Taken::Refused) => {
                    Err(Rejection::new(Reason::UnknownKey).with_detail("the handshake was not taken"))
                }
                Err(error) => {
                    Err(Rejection::new(Reason::KeyUnavailable).with_detail(format!("the handshake failed: {error}")))
                }
            }
        }
    }
}

impl fmt::Debug for Taker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Taker(..)")
    }
}
