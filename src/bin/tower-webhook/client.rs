//! The HTTP client of the tool.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, Request, StatusCode, Uri};
use http_body::Body as _;
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::client::legacy::Client as Pool;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::runtime::{Builder, Runtime};

use crate::Failure;

/// No more of an answer is read, in bytes.
const MOST_READ: usize = 64 * 1024;

/// Sends one request after the other. It follows no redirect.
pub(crate) struct Client {
    runtime: Runtime,
    pool: Pool<HttpConnector, Full<Bytes>>,
    timeout: Duration,
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    /// The body, as far as it was read.
    pub(crate) body: Bytes,
}

impl Client {
    pub(crate) fn new(timeout: Duration) -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let pool = Pool::builder(TokioExecutor::new()).build_http();
        Ok(Self { runtime, pool, timeout })
    }

    /// Sends a request to where `base` leads; path and query are those of the head.
    pub(crate) fn send(&self, base: &Uri, mut head: Parts, body: Bytes) -> Result<Answer, Failure> {
        let mut target = base.clone().into_parts();
        target.path_and_query = head.uri.into_parts().path_and_query.or(target.path_and_query);
        head.uri = target.try_into().map_err(|_| Failure::Usage(String::from("the URL is none")))?;
        let request = Request::from_parts(head, Full::new(body));
        let exchange = async {
            let response = self.pool.request(request).await.map_err(|error| failed(&error))?;
            let (head, body) = response.into_parts();
            let long = body.size_hint().lower() > MOST_READ as u64;
            // A body that is too long, or breaks off, is no reason to forget the status.
            let body = if long { None } else { Limited::new(body, MOST_READ).collect().await.ok() };
            let body = body.map(http_body_util::Collected::to_bytes).unwrap_or_default();
            Ok(Answer { status: head.status, headers: head.headers, body })
        };
        self.runtime.block_on(async {
            tokio::time::timeout(self.timeout, exchange)
                .await
                .unwrap_or_else(|_| Err(Failure::Signing(format!("no answer within {} s", self.timeout.as_secs()))))
        })
    }
}

/// A URL that this client can send to.
pub(crate) fn destination(url: &str) -> Result<Uri, Failure> {
    let uri: Uri = url.parse().map_err(|_| Failure::Usage(format!("`{}` is no URL", url.escape_debug())))?;
    match (uri.scheme_str(), uri.host()) {
        (Some("http"), Some(_)) => Ok(uri),
        (Some("https"), Some(_)) => Err(Failure::Usage(String::from(
            "this tool speaks plain HTTP, for receivers at hand: for `https` use `tower-webhook sign --curl URL`",
        ))),
        _ => Err(Failure::Usage(format!("`{}` is no URL with `http://` and a host", url.escape_debug()))),
    }
}

/// The error with its causes, as the client's own says little.
fn failed(error: &hyper_util::client::legacy::Error) -> Failure {
    let mut text = error.to_string();
    let mut next = std::error::Error::source(error);
    while let Some(cause) = next {
        text += &format!(": {cause}");
        next = cause.source();
    }
    Failure::Signing(text)
}
