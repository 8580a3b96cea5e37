//! The loop that takes connections.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::{JoinError, JoinSet};
use tower_service::Service;

use super::drive::Shared;
use super::limits::Limits;
use super::log;
use super::server::Drained;
use super::tls::Tls;
use crate::body::BoxError;

/// The pauses after an error of `accept`, such as no more file descriptors: they double from the first to
/// the last.
const PAUSES: (Duration, Duration) = (Duration::from_millis(10), Duration::from_secs(1));

/// The wish to shut down.
pub(super) type Shutdown = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Where connections come from.
pub(super) trait Accept {
    type Stream: AsyncRead + AsyncWrite + Send + Unpin + 'static;

    fn accept(&self) -> impl Future<Output = io::Result<(Self::Stream, SocketAddr)>> + Send;
}

impl Accept for TcpListener {
    type Stream = TcpStream;

    async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        let (stream, peer) = Self::accept(self).await?;
        // Answers are small and wait for nothing. If it cannot be set, they are slower.
        let _ = stream.set_nodelay(true);
        Ok((stream, peer))
    }
}

/// Serves until `shutdown` is ready and the connections are finished or cut.
pub(super) async fn run<A, S, B>(listener: A, tls: Tls, service: S, limits: Limits, mut shutdown: Shutdown) -> Drained
where
    A: Accept,
    S: Service<Request<Incoming>, Response = Response<B>, Error: Into<BoxError>, Future: Send> + Clone + Send + 'static,
    S::Future: 'static,
    B: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    let slots = Arc::new(Semaphore::new(limits.connections));
    let (drain, draining) = watch::channel(());
    let drain_timeout = limits.drain_timeout;
    let shared = Shared { http: Arc::new(limits.http()), limits: Arc::new(limits), draining };
    let mut connections = JoinSet::new();

    loop {
        let accepted = {
            let mut accepting = pin!(next(&listener, &slots));
            poll_fn(|cx| {
                if shutdown.as_mut().poll(cx).is_ready() {
                    return Poll::Ready(None);
                }
                while let Poll::Ready(Some(ended)) = connections.poll_join_next(cx) {
                    note(&ended);
                }
                accepting.as_mut().poll(cx).map(Some)
            })
            .await
        };
        let Some((stream, peer, slot)) = accepted else { break };
        let (tls, service, shared) = (tls.clone(), service.clone(), shared.clone());
        connections.spawn(async move {
            tls.drive(stream, peer, service, shared).await;
            drop(slot);
        });
    }

    drop(listener);
    drop(drain);
    let finished = tokio::time::timeout(drain_timeout, async {
        while let Some(ended) = connections.join_next().await {
            note(&ended);
        }
    });
    let cut = match finished.await {
        Ok(()) => 0,
        Err(_) => connections.len(),
    };
    connections.shutdown().await;
    Drained::new(cut)
}

/// The next connection, as soon as there is room for one. Errors are waited out.
async fn next<A: Accept>(
    listener: &A,
    slots: &Arc<Semaphore>,
) -> (A::Stream, SocketAddr, Option<OwnedSemaphorePermit>) {
    // Never closed, so there always is one in the end.
    let slot = Arc::clone(slots).acquire_owned().await.ok();
    let mut pause = PAUSES.0;
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => return (stream, peer, slot),
            // The peer was gone before we came.
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::ConnectionAborted
                        | io::ErrorKind::ConnectionRefused
                        | io::ErrorKind::ConnectionReset
                        | io::ErrorKind::Interrupted
                ) =>
            {
                tokio::task::yield_now().await;
            }
            Err(error) => {
                log::accept_failed(&error);
                tokio::time::sleep(pause).await;
                pause = PAUSES.1.min(pause * 2);
            }
        }
    }
}

/// A handler that panics takes its connection with it, and nothing else.
fn note(ended: &Result<(), JoinError>) {
    if ended.as_ref().is_err_and(JoinError::is_panic) {
        log::panicked();
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::atomic::{AtomicU32, Ordering};

    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
    use tokio::time::Instant;

    use super::*;
    use crate::body::ResponseBody;

    /// Fails some times with each kind of error, then has one connection, then none.
    struct Faulty {
        calls: AtomicU32,
        ours: std::sync::Mutex<Option<DuplexStream>>,
    }

    impl Accept for Faulty {
        type Stream = DuplexStream;

        async fn accept(&self) -> io::Result<(DuplexStream, SocketAddr)> {
            let error = match self.calls.fetch_add(1, Ordering::Relaxed) {
                0..100 => io::ErrorKind::ConnectionAborted.into(),
                // EMFILE and ENFILE, on Linux.
                100..105 => io::Error::from_raw_os_error(24),
                105..110 => io::Error::from_raw_os_error(23),
                _ => {
                    let taken = self.ours.lock().unwrap().take();
                    match taken {
                        Some(stream) => return Ok((stream, SocketAddr::from(([192, 0, 2, 1], 1)))),
                        None => return std::future::pending().await,
                    }
                }
            };
            Err(error)
        }
    }

    #[tokio::test(start_paused = true)]
    async fn running_out_of_file_descriptors_is_waited_out() {
        let (mut peer, ours) = duplex(4096);
        let listener = Faulty { calls: AtomicU32::new(0), ours: std::sync::Mutex::new(Some(ours)) };
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let service = tower::service_fn(|_: Request<Incoming>| async {
            Ok::<_, Infallible>(Response::new(ResponseBody::<http_body_util::Empty<Bytes>>::own(Bytes::from_static(
                b"there",
            ))))
        });
        let began = Instant::now();
        let shutdown = Box::pin(async { drop(stopped.await) });
        let server = tokio::spawn(run(listener, Tls::none(), service, Limits::default(), shutdown));

        peer.write_all(b"GET / HTTP/1.1\r\nconnection: close\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        peer.read_to_string(&mut answer).await.unwrap();
        assert!(answer.ends_with("there"), "{answer}");
        // 10 + 20 + … + 640 ms, then a second each.
        assert_eq!(began.elapsed().as_secs(), 4);

        drop(stop);
        drop(peer);
        assert_eq!(server.await.unwrap().cut(), 0);
    }
}
