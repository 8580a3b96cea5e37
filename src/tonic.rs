//! gRPC: refusals as `grpc-status`, and the delivery in tonic's handlers.
//!
//! * Passes: a unary call whose bytes (the gRPC frame, as it came) are signed. The layers go around one service with
//!   tonic's own `named_layer`: `webhook_layer.named_layer(EventsServer::new(events))`.
//! * Refused: what the layers refuse, as a trailers-only answer with `grpc-status` and no message beyond the public
//!   code. The layers see by the content type that a request is gRPC; this feature is not needed for that.
//!
//! Caveat: streaming calls have no last byte to verify, so they are read whole or refused. tonic's compression of
//! messages is inside the signed bytes and may be used.
//!
//! ```
//! use tonic::Code;
//! use tower_webhook::{Reason, Rejection};
//!
//! // In a handler of yours that refuses as the layers do:
//! let status = tonic::Status::from(Rejection::new(Reason::IdempotencyInFlight).with_detail("for the log alone"));
//! assert_eq!(status.code(), Code::Unavailable);
//! assert_eq!(status.message(), "idempotency_in_flight");
//!
//! // A request that no signature layer has seen has no delivery, and is refused.
//! let request = tonic::Request::new(());
//! assert_eq!(tower_webhook::tonic::delivery(&request).unwrap_err().code(), Code::Internal);
//! ```

use ::tonic::{Code, Request, Status};

use crate::delivery::Delivery;
use crate::rejection::{Reason, Rejection};

impl From<Rejection> for Status {
    fn from(rejection: Rejection) -> Self {
        let reason = rejection.reason();
        Self::new(Code::from_i32(reason.grpc_code() as i32), reason.public_code())
    }
}

/// The verified delivery of a call.
///
/// # Errors
/// [`Code::Internal`] where no [`SignatureLayer`](crate::SignatureLayer) stands around the service, or it let the
/// call in unsigned.
#[allow(clippy::result_large_err, reason = "tonic's handlers return this very type")]
pub fn delivery<T>(request: &Request<T>) -> Result<&Delivery, Status> {
    request
        .extensions()
        .get::<Delivery>()
        .filter(|delivery| delivery.is_verified())
        .ok_or_else(|| Rejection::from(Reason::Misconfigured).into())
}
