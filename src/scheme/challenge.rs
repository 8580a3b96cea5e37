//! How a sender asks whether an endpoint is the right one, as data.

/// A sender's handshake. [`ChallengeLayer`](crate::ChallengeLayer) answers it.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Challenge {
    /// The sender has none.
    None,
    /// A `GET` with `hub.mode`, `hub.verify_token` and `hub.challenge`, which is not signed: it is
    /// answered where the token is the one configured.
    Subscribe,
    /// A signed `POST` that is told by a value in its JSON body. It is answered after its signature was
    /// checked, and the handler does not run.
    Verified(&'static [Question]),
}

/// One kind of signed question.
#[derive(Clone, Copy, Debug)]
pub struct Question {
    pub(crate) at: &'static str,
    pub(crate) is: &'static str,
    pub(crate) answer: Answer,
}

/// What is answered.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Answer {
    /// A fixed status and JSON body.
    Fixed(u16, &'static str),
    /// `{"challenge":…}` with the text that stands at this pointer.
    Repeat(&'static str),
}

impl Question {
    /// The value at the JSON pointer `at` is `is`: answer 200 with `{"challenge":…}`, the text that stands
    /// at the pointer `text`. It is repeated only where it is at most 256 characters of `A-Z a-z 0-9 . _ -`.
    #[must_use]
    pub const fn repeat(at: &'static str, is: &'static str, text: &'static str) -> Self {
        Self { at, is, answer: Answer::Repeat(text) }
    }

    /// The value at the JSON pointer `at` is `is`: answer `status` with a fixed JSON body, or with none
    /// where it is empty.
    #[must_use]
    pub const fn fixed(at: &'static str, is: &'static str, status: u16, json: &'static str) -> Self {
        Self { at, is, answer: Answer::Fixed(status, json) }
    }
}
