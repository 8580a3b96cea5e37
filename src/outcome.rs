//! What became of a delivery, where neither the status nor a refusal says it.

/// A mark in the extensions of a response, for layers further out (metrics, traces, your own).
///
/// A response without one is the handler's own answer, or a refusal, which carries its
/// [`Rejection`](crate::Rejection). A delivery that is still being worked on has both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// The handler ran without a claim: the store failed, and the policy says to go on.
    Bypassed,
    /// A challenge of the sender was answered. The handler did not run.
    Challenge,
    /// The answer of an earlier run was given again. The handler did not run.
    Duplicate,
    /// The handler ran, but its claim had gone to another run in the meantime.
    Fenced,
    /// The handler panicked. Answered with 500, the claim is released.
    HandlerPanic,
    /// The handler took longer than it may. Answered with 503, the claim is released.
    HandlerTimeout,
    /// The same delivery is being worked on. The handler did not run.
    InFlight,
    /// The handler ran under a claim that only this process sees: the store failed, and the policy says to go on so.
    Local,
    /// The handler ran, although the same signed material had come under another id before.
    ReplayCounted,
}

impl Outcome {
    /// The name used in metrics and logs: lower case with underscores.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Bypassed => "bypassed",
            Self::Challenge => "challenge",
            Self::Duplicate => "duplicate",
            Self::Fenced => "fenced",
            Self::HandlerPanic => "handler_panic",
            Self::HandlerTimeout => "handler_timeout",
            Self::InFlight => "in_flight",
            Self::Local => "local",
            Self::ReplayCounted => "replay_counted",
        }
    }
}
