//! How a delivery ended, where neither a rejection nor the status says it.

/// How a delivery ended: an extension of a **response**, put there by the layer that knows.
///
/// The metrics layer reads it before it looks at a [`Rejection`](crate::Rejection) or at the status. A
/// response without one is judged by those: a 2xx is an accepted delivery, any other answer of the
/// handler a failed one. Handlers that answer a challenge or detect a duplicate themselves may add it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// It was no event but the sender's question whether this endpoint wants any, and it was answered.
    Challenge,
    /// It had been handled before; the stored answer was given again and no handler ran.
    Duplicate,
    /// The handler panicked.
    HandlerPanic,
    /// The handler took longer than it may.
    HandlerTimeout,
    /// The same delivery is being worked on right now.
    InFlight,
}
