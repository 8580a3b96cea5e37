//! What is let pass, and how the rest is refused.

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use tower_layer::Layer;

use super::HttpsOnlyService;
use super::redirect::Redirect;
use crate::client_ip::TrustedProxies;
use crate::config_error::ConfigError;
use crate::connection::{self, OverTls};
use crate::rejection::{Dialect, Reason, Refusals, Rejection, RenderRejection, Reporter};

/// Refuses what did not come over TLS, see the [module](super). Cheap to clone.
#[derive(Clone, Debug)]
#[must_use = "a layer does nothing until it wraps a service"]
pub struct HttpsOnlyLayer {
    rules: Arc<Rules>,
}

#[derive(Clone, Debug)]
struct Rules {
    proxies: TrustedProxies,
    redirect: Option<Redirect>,
    refusals: Refusals,
    route: Arc<str>,
    reporter: Reporter,
    mode: Mode,
}

/// What becomes of what is found wanting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Refuse,
    Report,
}

impl HttpsOnlyLayer {
    /// Believes the connection itself, and what these proxies say.
    pub fn new(proxies: TrustedProxies) -> Self {
        Self {
            rules: Arc::new(Rules {
                proxies,
                redirect: None,
                refusals: Refusals::default(),
                route: "".into(),
                reporter: Reporter::new(&[Reason::NotHttps]),
                mode: Mode::Refuse,
            }),
        }
    }

    /// Answers 308 instead of 403, with `location` set to `public_url` and the path and query of the
    /// request behind it.
    ///
    /// For people and browsers that come by. Senders seldom follow a redirect, and one that does has sent
    /// its delivery in clear already. It is a refusal all the same: the rejection is in the extensions of the
    /// answer, and the service behind is not called. gRPC requests, and those whose path or query has
    /// characters that no URL has, or more than 2048 of them, get the 403.
    ///
    /// `public_url` is where clients reach this service, such as `https://hooks.example.com`; with a path,
    /// where a router or a proxy strips one. Host and scheme come from nowhere else.
    ///
    /// # Errors
    /// No absolute `https` URL; one with user, query or fragment.
    pub fn redirect(mut self, public_url: &str) -> Result<Self, ConfigError> {
        Arc::make_mut(&mut self.rules).redirect = Some(Redirect::new(public_url)?);
        Ok(self)
    }

    /// Writes refusals by `renderer` instead of as `application/problem+json`. A redirect has no body.
    pub fn render_with(mut self, renderer: impl RenderRejection) -> Self {
        let rules = Arc::make_mut(&mut self.rules);
        rules.refusals = std::mem::take(&mut rules.refusals).rendered_by(Arc::new(renderer));
        self
    }

    /// The name of the route in the log, and in metrics.
    pub fn route(mut self, name: &str) -> Self {
        let rules = Arc::make_mut(&mut self.rules);
        rules.route = name.into();
        rules.refusals = std::mem::take(&mut rules.refusals).for_route(rules.route.clone());
        rules.reporter = rules.reporter.clone().renamed();
        self
    }

    /// Tries the check out: what it would refuse is told (target [`TARGET`](crate::rejection::TARGET), with
    /// `report_only`), counted if metrics are on (`webhook_report_only_total`), noted in the request
    /// ([`ReportedOnly`](crate::rejection::ReportedOnly)), and passes.
    pub fn report_only(mut self) -> Self {
        Arc::make_mut(&mut self.rules).mode = Mode::Report;
        self
    }

    /// Counts what report-only mode reports. Install the recorder before the layer is put onto a service.
    #[cfg(any(feature = "metrics", feature = "otel"))]
    pub fn metrics(self) -> Self {
        self.counted()
    }

    pub(crate) fn counted(mut self) -> Self {
        let rules = Arc::make_mut(&mut self.rules);
        rules.reporter = rules.reporter.clone().counted();
        self
    }

    /// The same with its handles resolved, for a service.
    pub(crate) fn ready(&self) -> Self {
        if self.rules.mode == Mode::Report {
            self.rules.reporter.ready(&self.rules.route);
        }
        self.clone()
    }
}

impl HttpsOnlyLayer {
    /// The answer to a request that is not let pass.
    pub(crate) fn refusal<B>(&self, request: &mut Request<B>) -> Option<Response<Bytes>> {
        self.rules.refusal(request)
    }
}

impl Rules {
    fn refusal<B>(&self, request: &mut Request<B>) -> Option<Response<Bytes>> {
        let extensions = request.extensions();
        let tls = extensions.get::<OverTls>();
        let plain = self.proxies.https(tls, connection::peer_ip(extensions), request.headers()).err()?;

        let rejection = Rejection::new(Reason::NotHttps).with_detail(plain.message());
        if self.mode == Mode::Report {
            self.reporter.report(&self.refusals, rejection, request.extensions_mut());
            return None;
        }
        let dialect = Dialect::of(request.headers());
        let location = match dialect {
            Dialect::Http => self.redirect.as_ref().and_then(|redirect| redirect.location(request.uri())),
            Dialect::Grpc => None,
        };
        let response = self.refusals.respond(rejection, dialect);
        Some(match location {
            Some(location) => Redirect::instead_of(response, location),
            None => response,
        })
    }
}

impl<S> Layer<S> for HttpsOnlyLayer {
    type Service = HttpsOnlyService<S>;

    fn layer(&self, inner: S) -> HttpsOnlyService<S> {
        HttpsOnlyService::new(inner, self.ready())
    }
}
