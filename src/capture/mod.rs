//! Captured deliveries as lines of JSON, and judging them later with the code that judges them live.
//!
//! * A [`CapturedDelivery`] is one request as it came, with what is needed to judge it: one JSON object a line.
//! * A [`Judge`] runs a [`Verifier`](crate::scheme::Verifier), which is what
//!   [`SignatureLayer`](crate::SignatureLayer) runs, with the clock set to the time at which the delivery came.
//!
//! What passes: a delivery that its sender signed under one of the secrets. What is refused: all that the layer
//! refuses, for the same [`Reason`](crate::Reason); a secret that the sender's scheme cannot use, a public URL that
//! is none, and a key id that is none or missing, are `not_configured`. What is no captured delivery, names no known sender or has no secret is an
//! [error](Verdict::Error) and never accepted.
//!
//! Caveat: any secret that is not empty is used, a short one or a placeholder too, and any tolerance. This judges what
//! somebody configured; [`Secret`](crate::Secret) and [`WebhookLayer`](crate::WebhookLayer) do not let you configure it.
//!
//! | field | |
//! |---|---|
//! | `id` | your name for the delivery |
//! | `provider` | name in the [catalogue](crate::provider), or of a sender of your own: [`Judge::schemes`] |
//! | `received_at` (or `now`) | when it came, in whole seconds since 1970 |
//! | `method`, `url` | the request; the URL in full |
//! | `headers` | array of `[name, value]`; order and repetition are kept; a value is the UTF-8 text of its bytes |
//! | `body_b64` | the body in base64, padded |
//! | `secret` or `secrets` | as a user would configure it, or the public key; of several, any may match |
//! | `extra.tolerance_s` | how far a timestamp may lie from `received_at`, in seconds; default: the sender's |
//! | `extra.key_id` | the receiver's own id at the sender, for senders that need it |
//! | `extra.certificate_pem`, `extra.jwks` | what would be fetched: the certificate in PEM, the JSON Web Key Set; then they are the keys, not the `secret` |
//! | `extra.public_url` | the URL as the sender knows it, for senders that sign it; default: `url` |
//! | `extra.hash` | the hash that the account is set to (`md5`, `sha256`, …), where the sender lets it choose |
//! | `redacted` | the names of headers (and, behind a `?`, of query parameters) that were left out when it was written down; a line that is not accepted for want of them is an error `redacted`, not a refusal |
//!
//! Other fields, and other settings in `extra`, are kept and ignored.
//!
//! ```
//! use tower_webhook::Reason;
//! use tower_webhook::capture::{Judge, Verdict};
//!
//! let line = r#"{"id":"docs","provider":"github","received_at":1700000000,"method":"POST","url":"https://a.b/",
//!     "headers":[["x-hub-signature-256",
//!         "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"]],
//!     "body_b64":"SGVsbG8sIFdvcmxkIQ==","secret":"It's a Secret to Everybody"}"#;
//! let mut judge = Judge::new();
//! assert_eq!(judge.judge_line(line.as_bytes()).verdict(), &Verdict::Accept);
//!
//! let tampered = line.replace("SGVsbG8s", "SEVMTE8s");
//! assert_eq!(judge.judge_line(tampered.as_bytes()).reason(), Some(Reason::SignatureMismatch));
//! ```

mod delivery;
#[cfg(feature = "cli")]
mod explained;
#[cfg(feature = "cli")]
mod judge;
mod line;
#[cfg(feature = "cli")]
mod other_ways;
#[cfg(feature = "cli")]
mod settings;

pub use delivery::{CapturedDelivery, Extra};
#[cfg(feature = "cli")]
pub use explained::Explained;
#[cfg(feature = "cli")]
pub use judge::{Judge, Judgement, Trouble, Verdict};
pub use line::CaptureError;
