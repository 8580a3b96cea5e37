//! What became of a delivery that was neither simply handled nor refused.

/// In the extensions of a response, for layers further out: the answer did not come from the handler, or the
/// handler did not come to its end. Refusals have a [`Rejection`](crate::Rejection) there instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// A handshake of the sender was answered.
    Challenge,
    /// The delivery had been handled before; its answer was given again.
    Duplicate,
    /// The handler panicked.
    HandlerPanic,
    /// The handler took too long and was stopped.
    HandlerTimeout,
    /// The same delivery was being worked on.
    InFlight,
}
