//! One connection, from the handshake to its end.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use tower_service::Service;

use super::activity::Activity;
use super::entry::Entry;
use super::io::Socket;
use super::limits::Limits;
use super::log;
use crate::body::BoxError;
use crate::connection::OverTls;

/// How long a connection that is to end for idleness may take to say goodbye.
const GOODBYE: Duration = Duration::from_secs(1);
/// The same where a head did not come in time: what is to be written is written at once.
const SHORT_GOODBYE: Duration = Duration::from_millis(100);

/// What all connections of a server share.
#[derive(Clone, Debug)]
pub(super) struct Shared {
    pub(super) http: Arc<auto::Builder<TokioExecutor>>,
    pub(super) limits: Arc<Limits>,
    /// Closed once the server shuts down.
    pub(super) draining: watch::Receiver<()>,
}

/// Serves the connection until it ends, is idle or too slow for too long, or has finished its requests
/// after the server began to drain.
pub(super) async fn drive<T, S, B>(stream: T, peer: SocketAddr, over_tls: Option<OverTls>, service: S, shared: Shared)
where
    T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    S: Service<Request<Incoming>, Response = Response<B>, Error: Into<BoxError>, Future: Send> + Clone + Send + 'static,
    S::Future: 'static,
    B: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    let Shared { http, limits, mut draining } = shared;
    let activity = Arc::new(Activity::new());
    let socket = TokioIo::new(Socket::new(stream, Arc::clone(&activity), limits.write_timeout));
    let entry = Entry { service, peer, over_tls, limits: Arc::clone(&limits), activity: Arc::clone(&activity) };
    let mut connection = pin!(http.serve_connection(socket, entry));
    let mut drained = pin!(draining.changed());
    let mut watch = pin!(sleep_until(Instant::now() + limits.head_timeout));
    let (mut finishing, mut expired) = (false, false);

    poll_fn(|cx| {
        loop {
            if let Poll::Ready(result) = connection.as_mut().poll(cx) {
                if let Err(error) = result {
                    log::connection_ended(&error);
                }
                return Poll::Ready(());
            }
            // Ready, with a value or without a sender: either says the same.
            if !finishing && drained.as_mut().poll(cx).is_ready() {
                finishing = true;
                connection.as_mut().graceful_shutdown();
                continue;
            }
            // What the connection has just read can have begun a head, whose time is shorter.
            if !expired && let Some(deadline) = activity.deadline(&limits).filter(|at| *at < watch.deadline()) {
                watch.as_mut().reset(deadline);
            }
            if watch.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            let now = Instant::now();
            let next = match activity.deadline(&limits) {
                // Asked again later: the answer then is no earlier than this.
                None => now + limits.head_timeout.min(limits.idle_timeout),
                Some(deadline) if deadline > now => deadline,
                Some(_) if expired => return Poll::Ready(()),
                Some(_) => {
                    (expired, finishing) = (true, true);
                    connection.as_mut().graceful_shutdown();
                    now + if activity.owes_a_head() { SHORT_GOODBYE } else { GOODBYE }
                }
            };
            watch.as_mut().reset(next);
        }
    })
    .await;
}
