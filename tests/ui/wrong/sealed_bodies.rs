//! No other type can say of itself that it was captured or judged.
//~ E0277 `Mine` proves nothing: only `RawBodyLayer` makes a captured body
//~ E0277 `Mine` proves nothing: only `SignatureLayer` makes a judged body

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame};
use tower_webhook::body::{Captured, Judged, RawBodyError};

struct Mine;

impl Body for Mine {
    type Data = Bytes;
    type Error = RawBodyError;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, RawBodyError>>> {
        Poll::Ready(None)
    }
}

impl Captured for Mine {}
impl Judged for Mine {}

fn main() {}
