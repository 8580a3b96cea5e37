//! The spans, for builds without the feature `tracing`: the same interface, and nothing behind it.

use http::{Extensions, Request, StatusCode};

use super::End;
use crate::clock::UnixTime;
use crate::delivery::Delivery;

/// Is never made.
#[derive(Clone, Debug)]
pub(crate) enum ReceiveSpan {}

impl ReceiveSpan {
    pub(crate) const fn begin(_: &str, _: &str, _: &mut Extensions) -> Option<Self> {
        None
    }

    pub(crate) fn in_scope<T>(&self, _: impl FnOnce() -> T) -> T {
        match *self {}
    }

    pub(crate) fn verified(_: &Extensions, _: &Delivery, _: impl FnOnce() -> Option<UnixTime>) {}

    pub(crate) const fn answered(&self, _: StatusCode) {
        match *self {}
    }

    pub(crate) const fn ended(&self, _: End) {
        match *self {}
    }
}

/// Tells nothing.
#[derive(Clone, Debug)]
#[cfg_attr(not(any(feature = "postgres", feature = "sqlite")), allow(dead_code))]
pub(crate) struct ProcessSpan;

#[cfg_attr(not(any(feature = "postgres", feature = "sqlite")), allow(dead_code))]
impl ProcessSpan {
    pub(crate) const fn begin<B>(_: &str, _: u32, _: &Request<B>) -> Self {
        Self
    }

    pub(crate) fn around<F: Future>(&self, run: F) -> F {
        run
    }

    pub(crate) const fn ended(&self, _: &'static str) {}
}
