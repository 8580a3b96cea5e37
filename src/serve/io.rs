//! The socket under a connection: tells when bytes come, does not wait for ever for a peer that does not
//! read, and closes so that the last answer arrives.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use pin_project_lite::pin_project;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

use super::activity::Activity;

/// How long we read on after our last byte. A socket that is closed while bytes of the peer wait in it is
/// reset, and the reset can overtake the answer: somebody who was refused with 413 would see an error.
const LINGER: Duration = Duration::from_secs(2);

pin_project! {
    #[derive(Debug)]
    pub(super) struct Socket<T> {
        #[pin]
        inner: T,
        activity: Arc<Activity>,
        write_timeout: Duration,
        // Set while a write waits.
        stalled: Option<Pin<Box<Sleep>>>,
        // Set once our side is closed.
        linger: Option<Pin<Box<Sleep>>>,
    }
}

impl<T> Socket<T> {
    pub(super) const fn new(inner: T, activity: Arc<Activity>, write_timeout: Duration) -> Self {
        Self { inner, activity, write_timeout, stalled: None, linger: None }
    }
}

/// Passes on what a write says, but no longer than the timeout.
fn timed<R>(
    polled: Poll<io::Result<R>>,
    stalled: &mut Option<Pin<Box<Sleep>>>,
    timeout: Duration,
    cx: &mut Context<'_>,
) -> Poll<io::Result<R>> {
    if polled.is_ready() {
        *stalled = None;
        return polled;
    }
    ready!(stalled.get_or_insert_with(|| Box::pin(tokio::time::sleep(timeout))).as_mut().poll(cx));
    Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
}

impl<T: AsyncRead> AsyncRead for Socket<T> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.project();
        let before = buf.filled().len();
        ready!(this.inner.poll_read(cx, buf))?;
        if buf.filled().len() > before {
            this.activity.received();
        }
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncRead + AsyncWrite> AsyncWrite for Socket<T> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.project();
        timed(this.inner.poll_write(cx, buf), this.stalled, *this.write_timeout, cx)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.project();
        timed(this.inner.poll_write_vectored(cx, bufs), this.stalled, *this.write_timeout, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.project();
        timed(this.inner.poll_flush(cx), this.stalled, *this.write_timeout, cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut this = self.project();
        if this.linger.is_none() {
            ready!(timed(this.inner.as_mut().poll_shutdown(cx), this.stalled, *this.write_timeout, cx))?;
        }
        let linger = this.linger.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(Instant::now() + LINGER)));
        let mut scratch = [0; 4096];
        loop {
            if linger.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Ok(()));
            }
            let mut buf = ReadBuf::new(&mut scratch);
            // An error or the end: the peer is done, and so are we.
            if ready!(this.inner.as_mut().poll_read(cx, &mut buf)).is_err() || buf.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    fn socket<T>(inner: T) -> Socket<T> {
        Socket::new(inner, Arc::new(Activity::new()), Duration::from_secs(30))
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_does_not_read_is_given_up() {
        let (_peer, ours) = duplex(8);
        let began = Instant::now();
        let error = socket(ours).write_all(&[0; 100]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert_eq!(began.elapsed().as_secs(), 30);
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_reads_slowly_is_not() {
        let (mut peer, ours) = duplex(8);
        let mut ours = socket(ours);
        let write = tokio::spawn(async move { ours.write_all(&[0; 100]).await });
        for _ in 0..100 {
            tokio::time::sleep(Duration::from_secs(20)).await;
            peer.read_u8().await.unwrap();
        }
        write.await.unwrap().unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn closing_waits_for_the_peer_but_not_for_long() {
        let (mut peer, ours) = duplex(8);
        let began = Instant::now();
        let mut ours = socket(ours);
        let close = tokio::spawn(async move { ours.shutdown().await });
        // More than fits: only somebody who reads takes it.
        peer.write_all(&[0; 100]).await.unwrap();
        assert_eq!(peer.read(&mut [0]).await.unwrap(), 0);
        drop(peer);
        close.await.unwrap().unwrap();
        assert_eq!(began.elapsed().as_secs(), 0);

        let (_peer, ours) = duplex(8);
        socket(ours).shutdown().await.unwrap();
        assert_eq!(began.elapsed().as_secs(), LINGER.as_secs());
    }
}
