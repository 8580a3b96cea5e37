//! What a connection may take.

use std::time::Duration;

use http::{Request, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::sync::Semaphore;

use crate::config_error::{ConfigError, ConfigErrorKind};

/// Bytes that one read buffer holds above the largest head, so that a target somewhat over the limit is
/// seen whole and answered 414.
const OVER_HEAD: usize = 8 * 1024;
/// What HTTP/2 adds to each field when it counts a head, RFC 9113 §6.5.2.
const H2_FIELD: usize = 32;
/// What `hyper` takes without an allocation for each request.
const USUAL_FIELDS: usize = 100;
/// Bytes of one HTTP/2 body that may wait unread.
const H2_STREAM_WINDOW: u32 = 64 * 1024;
/// Bytes of all bodies of one HTTP/2 connection that may wait unread.
const H2_CONNECTION_WINDOW: u32 = 256 * 1024;

#[derive(Clone, Debug)]
pub(super) struct Limits {
    pub(super) drain_timeout: Duration,
    pub(super) head_timeout: Duration,
    pub(super) idle_timeout: Duration,
    pub(super) write_timeout: Duration,
    pub(super) ping_every: Duration,
    pub(super) connections: usize,
    pub(super) fields: usize,
    pub(super) head_bytes: usize,
    pub(super) streams: u32,
    pub(super) resets: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            drain_timeout: Duration::from_secs(30),
            head_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(75),
            write_timeout: Duration::from_secs(30),
            ping_every: Duration::from_secs(20),
            connections: 8_192,
            fields: USUAL_FIELDS,
            head_bytes: 64 * 1024,
            streams: 100,
            resets: 20,
        }
    }
}

impl Limits {
    /// What makes no sense is said before a connection is taken.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let no = |detail: String| Err(ConfigError::new(ConfigErrorKind::Limit, detail));
        for (name, value) in [
            ("head timeout", self.head_timeout),
            ("idle timeout", self.idle_timeout),
            ("write timeout", self.write_timeout),
            ("ping interval", self.ping_every),
        ] {
            if value.is_zero() {
                return no(format!("a {name} of zero"));
            }
        }
        if self.connections == 0 || self.connections > Semaphore::MAX_PERMITS {
            return no(format!("a limit of {} connections", self.connections));
        }
        if self.fields == 0 || self.fields > 10_000 {
            return no(format!("a limit of {} header fields, which is not between 1 and 10,000", self.fields));
        }
        if self.head_bytes < 1024 || self.head_bytes > 1024 * 1024 {
            return no(format!("a head of {} bytes, which is not between 1 KiB and 1 MiB", self.head_bytes));
        }
        if self.streams == 0 {
            return no("a limit of 0 HTTP/2 streams".to_owned());
        }
        Ok(())
    }

    pub(super) fn http(&self) -> auto::Builder<TokioExecutor> {
        let mut http = auto::Builder::new(TokioExecutor::new());
        // Heads are timed by `drive`, which tells half a head from an idle connection, on both protocols.
        http.http1().timer(TokioTimer::new()).header_read_timeout(None).max_buf_size(self.head_bytes + OVER_HEAD);
        if self.fields != USUAL_FIELDS {
            http.http1().max_headers(self.fields);
        }
        let head_list = self.head_bytes + H2_FIELD * self.fields;
        http.http2()
            .timer(TokioTimer::new())
            .max_concurrent_streams(self.streams)
            // The library's other count, of streams reset for what the peer did, stays at its default of 1,024. It is
            // never counted down, and bodies that were on their way when their request was refused are among it: a
            // low one would cut off a proxy that brings the requests of many on one connection.
            .max_pending_accept_reset_streams(self.resets)
            // At most 1 MiB and 10,000 fields, see `check`.
            .max_header_list_size(u32::try_from(head_list).unwrap_or(u32::MAX))
            .initial_stream_window_size(H2_STREAM_WINDOW)
            .initial_connection_window_size(H2_CONNECTION_WINDOW)
            .keep_alive_interval(self.ping_every)
            .keep_alive_timeout(self.ping_every);
        http
    }

    /// The status for a head that is too large. The protocol libraries count roughly and each in its own
    /// way; this counts both alike: bytes as HTTP/1 writes them.
    pub(super) fn refuse<B>(&self, request: &Request<B>) -> Option<StatusCode> {
        let uri = request.uri();
        let target = uri.scheme_str().map_or(0, |scheme| scheme.len() + "://".len())
            + uri.authority().map_or(0, |authority| authority.as_str().len())
            + uri.path_and_query().map_or(0, |path| path.as_str().len());
        if target > self.head_bytes {
            return Some(StatusCode::URI_TOO_LONG);
        }
        let line = request.method().as_str().len() + target + "  HTTP/1.1\r\n\r\n".len();
        let fields = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + ": \r\n".len());
        let too_large = request.headers().len() > self.fields || line + fields.sum::<usize>() > self.head_bytes;
        too_large.then_some(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_at_the_limit_passes_and_one_byte_more_does_not() {
        let limits = Limits { head_bytes: 1024, ..Limits::default() };
        let head =
            |filler: usize| Request::builder().uri("/hooks").header("x-filler", "y".repeat(filler)).body(()).unwrap();
        let others = "GET /hooks HTTP/1.1\r\nx-filler: \r\n\r\n".len();
        assert_eq!(limits.refuse(&head(1024 - others)), None);
        assert_eq!(limits.refuse(&head(1025 - others)), Some(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE));
    }

    #[test]
    fn fields_are_counted_with_their_repetitions() {
        let mut request = Request::new(());
        for _ in 0..100 {
            request.headers_mut().append("x", http::HeaderValue::from_static("y"));
        }
        assert_eq!(Limits::default().refuse(&request), None);
        request.headers_mut().append("x", http::HeaderValue::from_static("y"));
        assert_eq!(Limits::default().refuse(&request), Some(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE));
    }

    #[test]
    fn a_target_over_the_limit_is_told_so() {
        let limits = Limits { head_bytes: 1024, ..Limits::default() };
        let request = Request::builder().uri(format!("/{}", "a".repeat(1024))).body(()).unwrap();
        assert_eq!(limits.refuse(&request), Some(StatusCode::URI_TOO_LONG));
    }

    #[test]
    fn limits_that_make_no_sense_are_refused() {
        let good = Limits::default();
        good.check().unwrap();
        for bad in [
            Limits { head_timeout: Duration::ZERO, ..good.clone() },
            Limits { idle_timeout: Duration::ZERO, ..good.clone() },
            Limits { write_timeout: Duration::ZERO, ..good.clone() },
            Limits { ping_every: Duration::ZERO, ..good.clone() },
            Limits { connections: 0, ..good.clone() },
            Limits { connections: usize::MAX, ..good.clone() },
            Limits { fields: 0, ..good.clone() },
            Limits { fields: usize::MAX, ..good.clone() },
            Limits { head_bytes: 1023, ..good.clone() },
            Limits { head_bytes: usize::MAX, ..good.clone() },
            Limits { streams: 0, ..good },
        ] {
            assert_eq!(bad.check().unwrap_err().kind(), ConfigErrorKind::Limit, "{bad:?}");
        }
    }
}
