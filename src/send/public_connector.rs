//! Connections to public addresses only.

use std::error::Error;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::vec;

use http::Uri;
use http::uri::Scheme;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::{GaiResolver, Name};
use hyper_util::rt::TokioIo;
use ipnet::IpNet;
use tokio::net::TcpStream;
use tower_service::Service;

use super::public_address::{RefusedAddress, is_public};
use crate::body::BoxError;
use crate::config_error::{ConfigError, ConfigErrorKind};

type Resolved = Pin<Box<dyn Future<Output = Result<vec::IntoIter<SocketAddr>, BoxError>> + Send>>;
type Connecting = Pin<Box<dyn Future<Output = Result<TokioIo<TcpStream>, BoxError>> + Send>>;

/// Networks that are let through though they are not public.
#[derive(Clone, Debug, Default)]
struct Exceptions(Arc<[IpNet]>);

impl Exceptions {
    fn lets(&self, address: IpAddr) -> bool {
        is_public(address) || self.0.iter().any(|network| network.contains(&address))
    }

    fn and(&self, network: &str) -> Result<Self, ConfigError> {
        let parsed = network.parse().or_else(|_| network.parse::<IpAddr>().map(IpNet::from)).map_err(|_| {
            ConfigError::new(ConfigErrorKind::Allowlist, format!("`{}` is no network", network.escape_debug()))
        })?;
        Ok(Self(self.0.iter().copied().chain([parsed]).collect()))
    }
}

/// A resolver that knows no private address: a name that has one, beside public ones or alone, is refused. It judges
/// what the name resolves to at the very time of connecting, so no second look-up can give another address.
///
/// Caveat: connectors look nothing up for a URL with an address in it. [`PublicConnector`] judges that, too.
#[derive(Clone, Debug)]
#[must_use]
pub struct PublicResolver<R = GaiResolver> {
    inner: R,
    exceptions: Exceptions,
}

impl PublicResolver {
    /// In front of the resolver of the operating system.
    pub fn new() -> Self {
        Self::of(GaiResolver::new())
    }
}

impl Default for PublicResolver {
    fn default() -> Self {
        Self::new()
    }
}

impl<R> PublicResolver<R> {
    /// In front of a resolver of your own.
    pub fn of(inner: R) -> Self {
        Self { inner, exceptions: Exceptions::default() }
    }
}

impl<R> Service<Name> for PublicResolver<R>
where
    R: Service<Name, Response: Iterator<Item = SocketAddr>, Error: Into<BoxError>>,
    R::Future: Send + 'static,
{
    type Response = vec::IntoIter<SocketAddr>;
    type Error = BoxError;
    type Future = Resolved;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, name: Name) -> Resolved {
        let host = name.as_str().to_owned();
        let (looking, exceptions) = (self.inner.call(name), self.exceptions.clone());
        Box::pin(async move {
            let found: Vec<_> = looking.await.map_err(Into::into)?.collect();
            let private = found.iter().map(SocketAddr::ip).find(|address| !exceptions.lets(*address));
            if private.is_some() || found.is_empty() {
                return Err(RefusedAddress { host, address: private }.into());
            }
            Ok(found.into_iter())
        })
    }
}

/// hyper-util's [`HttpConnector`] that connects to public addresses only, see [`is_public`]: for URLs that others
/// configure (a guard against server-side request forgery). What is refused is a [`RefusedAddress`].
///
/// A URL with `https` is an error, [`TlsMissing`]: this opens the connection, and whoever is put around it makes it TLS.
/// For that, put hyper-rustls' connector, or another one, around a connector that is [under TLS](Self::under_tls).
/// Caveat: where all requests leave through a proxy, the proxy looks the names up, and has to do this.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// use tower::ServiceExt;
/// use tower_webhook::send::{PublicConnector, RefusedAddress};
///
/// for url in ["http://127.0.0.1/", "http://[::1]/", "http://169.254.169.254/latest/", "http://localhost/"] {
///     let error = PublicConnector::new().oneshot(url.parse().unwrap()).await.unwrap_err();
///     assert!(error.is::<RefusedAddress>() || error.source().is_some_and(|error| error.is::<RefusedAddress>()));
/// }
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct PublicConnector<R = GaiResolver> {
    inner: HttpConnector<PublicResolver<R>>,
    resolver: PublicResolver<R>,
    under_tls: bool,
}

impl PublicConnector {
    /// With the resolver of the operating system.
    pub fn new() -> Self {
        Self::resolving_by(GaiResolver::new())
    }
}

impl Default for PublicConnector {
    fn default() -> Self {
        Self::new()
    }
}

impl<R: Clone> PublicConnector<R> {
    /// With a resolver of your own.
    pub fn resolving_by(resolver: R) -> Self {
        Self::of(PublicResolver::of(resolver), false)
    }

    fn of(resolver: PublicResolver<R>, under_tls: bool) -> Self {
        let mut inner = HttpConnector::new_with_resolver(resolver.clone());
        // The URL of a connection that becomes TLS begins with `https`; of any other it would go out in clear.
        inner.enforce_http(!under_tls);
        Self { inner, resolver, under_tls }
    }

    /// Takes `https` URLs, too, and opens their connections **in clear**: for a TLS connector that is put around it, as by
    /// `hyper_rustls::HttpsConnectorBuilder::wrap_connector`. By itself it must not stand behind a client then.
    pub fn under_tls(self) -> Self {
        Self::of(self.resolver, true)
    }

    /// Lets one more network through, such as `10.1.0.0/16` or `192.0.2.7`: for receivers of your own.
    ///
    /// # Errors
    /// What is no network.
    pub fn and_network(self, network: &str) -> Result<Self, ConfigError> {
        let exceptions = self.resolver.exceptions.and(network)?;
        Ok(Self::of(PublicResolver { exceptions, ..self.resolver }, self.under_tls))
    }
}

impl<R> Service<Uri> for PublicConnector<R>
where
    R: Service<Name, Response: Iterator<Item = SocketAddr>, Error: Into<BoxError>> + Clone + Send + Sync + 'static,
    R::Future: Send + 'static,
{
    type Response = TokioIo<TcpStream>;
    type Error = BoxError;
    type Future = Connecting;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Service::poll_ready(&mut self.inner, cx).map_err(Into::into)
    }

    fn call(&mut self, url: Uri) -> Connecting {
        if !self.under_tls && url.scheme() == Some(&Scheme::HTTPS) {
            return Box::pin(async { Err(TlsMissing(()).into()) });
        }
        // An address in the URL is not looked up, so the resolver never sees it.
        let host = url.host().unwrap_or_default().to_owned();
        let literal = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().ok();
        if let Some(address) = literal.filter(|address| !self.resolver.exceptions.lets(*address)) {
            return Box::pin(async move { Err(RefusedAddress { host, address: Some(address) }.into()) });
        }
        let connecting = self.inner.call(url);
        let exceptions = self.resolver.exceptions.clone();
        Box::pin(async move {
            let stream = connecting.await?;
            // Whatever the way there: this is where it ended.
            let address = stream.inner().peer_addr()?.ip();
            if exceptions.lets(address) {
                Ok(stream)
            } else {
                Err(RefusedAddress { host, address: Some(address) }.into())
            }
        })
    }
}

/// A URL with `https`, and nobody who makes TLS of the connection: nothing was sent, and nothing will be by trying again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsMissing(());

impl fmt::Display for TlsMissing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an https URL needs a TLS connector around this one, which is then `under_tls`")
    }
}

impl Error for TlsMissing {}
