//! The choices there are.

/// Which rules answers follow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Profile {
    /// For HTTP APIs, by the IETF draft
    /// [`Idempotency-Key`](https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/):
    /// 400 without an id, 409 in flight, 422 for another body under the same id, each with a `Link`.
    Ietf,
    /// For senders of webhooks, many of which take any 4xx for final: 503 in flight; another body under
    /// the same id is a duplicate, since senders render the same event anew.
    #[default]
    Webhook,
}

/// What to do when bytes that were signed once come again under another id, where the sender does not
/// sign the id: either somebody replays a delivery under an id of their own, or the sender has sent
/// the same bytes twice.
///
/// While the first of the two is being worked on, the second is answered as in flight. If the first
/// has failed, the second runs, whatever the policy.
///
/// Where the sender does not cover the whole body (see [`Delivery::coverage`](crate::Delivery::coverage)), the second may
/// say something else than the first: choose [`ReplayGuard::Duplicate`] or [`ReplayGuard::Reject`] for such a sender.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReplayGuard {
    /// It runs, and the answer is marked with
    /// [`Outcome::ReplayCounted`](crate::Outcome::ReplayCounted). The default, since not every sender
    /// can be known never to send the same body twice.
    #[default]
    Count,
    /// It is answered like a duplicate of the first.
    Duplicate,
    /// It is refused with 409 `replayed`.
    Reject,
}

/// What becomes of a run whose client has gone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OnDisconnect {
    /// The handler is dropped at its next await and the claim released, so that the next delivery
    /// runs. For handlers that can be stopped anywhere. A handler that has finished is recorded.
    CancelAndRelease,
    /// It goes on to its end, and its answer is recorded: the sender's retry gets it.
    #[default]
    Detach,
}

/// What to do with a delivery when the store fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OnStoreFailure {
    /// It is refused with 503 `idempotency_unavailable`, and comes again.
    #[default]
    FailClosed,
    /// A [`MemoryStore`](super::MemoryStore) stands in, so copies that this process gets run once; those that go to other
    /// processes run there as well. For senders that do not come again by themselves, such as GitHub.
    ///
    /// The answer is marked with [`Outcome::Local`](crate::Outcome::Local). The store in memory follows along at all
    /// times, so it knows what this process was at work on when the outage began, and what it had finished; what it ran
    /// during the outage it remembers afterwards. After three failures in a row the store is asked once a second, and
    /// all other deliveries do not wait for it.
    #[cfg(feature = "moka")]
    FailLocal,
    /// The handler runs without a claim, so duplicates run as well. The answer is marked with
    /// [`Outcome::Bypassed`](crate::Outcome::Bypassed).
    FailOpen,
}

/// What a handler says of its own answer, in the extensions of the response: goes before the rule that
/// 2xx is recorded and the rest released.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Directive {
    /// Record this answer, whatever its status: the work is done, or never can be.
    Complete,
    /// Release the claim, whatever the status: the next delivery is to run.
    Release,
}
