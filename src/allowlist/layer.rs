//! Who is let in, and how the rest is refused.

use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use http::{Request, Response};
use tower_layer::Layer;

use super::{AllowlistService, AllowlistSource};
use crate::client_ip::{ClientIp, NetworkSet, TrustedProxies};
use crate::config_error::{ConfigError, ConfigErrorKind};
use crate::connection;
use crate::rejection::{Dialect, Reason, Refusals, Rejection, RenderRejection, Reporter};
use crate::telemetry::{AllowlistMetrics, Decision};

/// Lets only the networks of the sender in, see the [module](super). Cheap to clone.
#[derive(Clone, Debug)]
#[must_use = "a layer does nothing until it wraps a service"]
pub struct AllowlistLayer {
    rules: Arc<Rules>,
    route: Arc<str>,
}

#[derive(Clone, Debug)]
struct Rules {
    list: List,
    proxies: TrustedProxies,
    refusals: Refusals,
    /// Resolved at the first service, when the name of the route is settled.
    metrics: Option<Arc<OnceLock<AllowlistMetrics>>>,
    reporter: Reporter,
    mode: Mode,
}

/// What becomes of what is found wanting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Refuse,
    Report,
}

#[derive(Clone, Debug)]
enum List {
    Fixed(NetworkSet),
    Replaceable(AllowlistSource),
}

impl AllowlistLayer {
    /// Lets these networks in, such as `192.30.252.0/22`, `2a0a:a440::/29`, or single addresses.
    ///
    /// IPv4-mapped networks are taken as the IPv4 networks that they are.
    ///
    /// # Errors
    /// An empty list; an entry that is no network, has bits set behind its prefix, a prefix with a leading
    /// zero, or a zone.
    pub fn new<I>(networks: I) -> Result<Self, ConfigError>
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        Ok(Self::with(List::Fixed(NetworkSet::parse(ConfigErrorKind::Allowlist, networks)?)))
    }

    /// Lets those in that are on the list of `source` when their request comes.
    pub fn from_source(source: AllowlistSource) -> Self {
        Self::with(List::Replaceable(source))
    }

    /// Believes these proxies. Without it the peer of the socket is the client.
    pub fn behind(mut self, proxies: TrustedProxies) -> Self {
        Arc::make_mut(&mut self.rules).proxies = proxies;
        self
    }

    /// Writes refusals by `renderer` instead of as `application/problem+json`.
    pub fn render_with(mut self, renderer: impl RenderRejection) -> Self {
        let rules = Arc::make_mut(&mut self.rules);
        rules.refusals = std::mem::take(&mut rules.refusals).rendered_by(Arc::new(renderer));
        self
    }

    /// The name of the route in the log, and in metrics.
    pub fn route(mut self, name: &str) -> Self {
        self.route = name.into();
        let rules = Arc::make_mut(&mut self.rules);
        rules.refusals = std::mem::take(&mut rules.refusals).for_route(self.route.clone());
        rules.metrics = rules.metrics.take().map(|_| Arc::default());
        rules.reporter = rules.reporter.clone().renamed();
        self
    }

    /// Tries the list out: what it would refuse is told (target [`TARGET`](crate::rejection::TARGET), with
    /// `report_only`), counted if metrics are on (`webhook_report_only_total`), noted in the request
    /// ([`ReportedOnly`](crate::rejection::ReportedOnly)), and passes.
    pub fn report_only(mut self) -> Self {
        Arc::make_mut(&mut self.rules).mode = Mode::Report;
        self
    }

    /// Counts the decisions. Install the recorder before the layer is put onto a service.
    #[cfg(any(feature = "metrics", feature = "otel"))]
    pub fn metrics(self) -> Self {
        self.counted()
    }

    pub(crate) fn counted(mut self) -> Self {
        let rules = Arc::make_mut(&mut self.rules);
        rules.metrics.get_or_insert_default();
        rules.reporter = rules.reporter.clone().counted();
        self
    }

    /// The same with its handles resolved, for a service. Routers make services often: it allocates once.
    pub(crate) fn ready(&self) -> Self {
        if let Some(metrics) = &self.rules.metrics {
            metrics.get_or_init(|| AllowlistMetrics::new(&self.route));
        }
        if self.rules.mode == Mode::Report {
            self.rules.reporter.ready(&self.route);
        }
        self.clone()
    }

    fn with(list: List) -> Self {
        let rules = Rules {
            list,
            proxies: TrustedProxies::none(),
            refusals: Refusals::default(),
            metrics: None,
            reporter: Reporter::new(&[Reason::IpDenied, Reason::IpUnknown, Reason::NotConfigured]),
            mode: Mode::Refuse,
        };
        Self { rules: Arc::new(rules), route: "".into() }
    }
}

impl AllowlistLayer {
    /// Notes the client of a request that is let in; the answer to one that is not.
    pub(crate) fn refusal<B>(&self, request: &mut Request<B>) -> Option<Response<Bytes>> {
        self.rules.refusal(request)
    }
}

impl Rules {
    fn refusal<B>(&self, request: &mut Request<B>) -> Option<Response<Bytes>> {
        let peer = connection::peer_ip(request.extensions());
        let client = self.proxies.client_ip(peer, request.headers());
        let (decision, rejection) = match client {
            Ok(_) if self.list.is_missing() => (
                Decision::Denied,
                Rejection::new(Reason::NotConfigured).with_detail("no list of networks has been loaded yet"),
            ),
            Ok(client) if self.list.contains(client) => {
                request.extensions_mut().insert(ClientIp::new(client));
                self.count(Decision::Allowed);
                return None;
            }
            Ok(client) if self.proxies.ignores(peer, request.headers()) => (
                Decision::UntrustedPeer,
                Rejection::new(Reason::IpDenied)
                    .with_client(client, "is not on the list; it is no trusted proxy, so its header is ignored"),
            ),
            Ok(client) => {
                (Decision::Denied, Rejection::new(Reason::IpDenied).with_client(client, "is not on the list"))
            }
            Err(unknown) => (Decision::NoIp, Rejection::new(Reason::IpUnknown).with_detail(unknown.message())),
        };
        self.count(decision);
        if self.mode == Mode::Report {
            if let Ok(client) = client {
                request.extensions_mut().insert(ClientIp::new(client));
            }
            self.reporter.report(&self.refusals, rejection, request.extensions_mut());
            return None;
        }
        Some(self.refusals.respond(rejection, Dialect::of(request.headers())))
    }

    fn count(&self, decision: Decision) {
        if let Some(metrics) = self.metrics.as_deref().and_then(OnceLock::get) {
            metrics.decided(decision);
        }
    }
}

impl List {
    /// None was loaded yet: nobody is let in.
    fn is_missing(&self) -> bool {
        match self {
            Self::Fixed(_) => false,
            Self::Replaceable(source) => source.is_missing(),
        }
    }

    fn contains(&self, client: IpAddr) -> bool {
        match self {
            Self::Fixed(networks) => networks.contains(client),
            Self::Replaceable(source) => source.contains(client),
        }
    }
}

impl<S> Layer<S> for AllowlistLayer {
    type Service = AllowlistService<S>;

    fn layer(&self, inner: S) -> AllowlistService<S> {
        AllowlistService::new(inner, self.ready())
    }
}
