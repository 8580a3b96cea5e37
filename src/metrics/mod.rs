//! Counts how deliveries end, how long they take, and how many are in flight.
//!
//! [`MetricsLayer`] stands outermost. It passes everything on unchanged and refuses nothing.
//! Each request is counted once in [`webhook_requests_total`](crate::names::REQUESTS), with the labels
//! `route`, `provider`, `outcome` and `reason`:
//!
//! | outcome | reason | when |
//! |---|---|---|
//! | `accepted` | – | the handler answered 2xx |
//! | `duplicate` | – | the stored answer was given again ([`Outcome::Duplicate`](crate::Outcome::Duplicate)) |
//! | `challenge` | – | the sender's question was answered ([`Outcome::Challenge`](crate::Outcome::Challenge)) |
//! | `in_flight` | `idempotency_in_flight` | the same delivery is being worked on |
//! | `rejected` | a [`Reason`](crate::Reason) of 4xx, or `draining` | a layer refused it |
//! | `failed` | a [`Reason`](crate::Reason) of 5xx | this service cannot do its work |
//! | `failed` | `handler_4xx` | the handler answered 4xx, or redirected (senders do not follow) |
//! | `failed` | `handler_5xx`, `handler_panic`, `handler_timeout` | the handler answered 5xx, or not at all |
//! | `aborted` | `client_disconnected` | the sender went away before there was an answer |
//!
//! gRPC answers are judged by their `grpc-status`. A refusal is judged by its reason, also where a
//! sender is given another status: forged requests never spend the error budget. Labels come from closed
//! lists and from your configuration, so no request adds a series.
//!
//! Deployment caveats:
//!
//! * **Install the recorder first, then build the layers.** The handles are resolved when a layer is
//!   given to its first service; those of a missing recorder stay mute for ever. Building one without a recorder warns once.
//! * Give the layer to the webhook routes, not to the whole application: what else is asked of it would
//!   count as failed deliveries.
//! * With the feature `otel` everything also goes to the global meter provider of OpenTelemetry, under the names of
//!   [`Metric::otel_name`](crate::names::Metric::otel_name), with `error.type` beside `reason`, and with the buckets below.
//!   Call `opentelemetry::global::set_meter_provider` before the layers are built: without one, nothing is counted and
//!   nothing is said. With both features, and a recorder of the facade that leads to the same backend, all is there twice.
//! * Prometheus exporters make summaries of histograms without buckets. Summaries cannot be added up over
//!   instances, and the alerts need buckets: configure [`recommended_buckets`].
//!
//! # Example
//!
//! ```
//! use http::{Request, Response, StatusCode};
//! use metrics_exporter_prometheus::{Matcher, PrometheusBuilder};
//! use tower::{ServiceBuilder, ServiceExt};
//! use tower_webhook::metrics::{MetricsLayer, recommended_buckets};
//! use tower_webhook::{Reason, Rejection};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // 1. The recorder, with buckets.
//! let mut builder = PrometheusBuilder::new();
//! for (name, buckets) in recommended_buckets() {
//!     builder = builder.set_buckets_for_metric(Matcher::Full((*name).to_owned()), buckets)?;
//! }
//! let prometheus = builder.install_recorder()?;
//!
//! // 2. The layers.
//! let service = ServiceBuilder::new().layer(MetricsLayer::new("orders").provider("acme")).service_fn(
//!     |request: Request<()>| async move {
//!         // Stands for the layers and the handler inside.
//!         Ok::<_, std::convert::Infallible>(match request.headers().contains_key("x-signature") {
//!             true => Response::default(),
//!             false => Rejection::new(Reason::MissingSignature).respond(),
//!         })
//!     },
//! );
//!
//! let signed = Request::post("/orders").header("x-signature", "1f2e").body(())?;
//! assert_eq!(service.clone().oneshot(signed).await?.status(), StatusCode::OK);
//! let unsigned = Request::post("/orders").body(())?;
//! assert_eq!(service.oneshot(unsigned).await?.status(), StatusCode::UNAUTHORIZED);
//!
//! // 3. What `GET /metrics` answers.
//! let page = prometheus.render();
//! let count = |labels: &str| page.contains(&format!(r#"webhook_requests_total{{route="orders",provider="acme",{labels}}} 1"#));
//! assert!(count(r#"outcome="accepted",reason="""#));
//! assert!(count(r#"outcome="rejected",reason="missing_signature""#));
//! assert!(page.contains(r#"webhook_request_duration_seconds_bucket{route="orders""#));
//! # Ok(())
//! # }
//! ```
//!
//! See also: [`names`](crate::names), all names with their help texts ·
//! [Prometheus on naming](https://prometheus.io/docs/practices/naming/) ·
//! [OpenTelemetry on HTTP metrics](https://opentelemetry.io/docs/specs/semconv/http/http-metrics/), whose
//! buckets ours contain.

mod buckets;
mod future;
mod layer;
mod service;

pub use buckets::recommended_buckets;
pub use future::MetricsFuture;
pub(crate) use future::{Flight, Meter};
pub use layer::MetricsLayer;
pub use service::MetricsService;
