//! The servers, each a process of its own on one core.

use std::convert::Infallible;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use axum::Router;
use axum::routing::post;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use rustix::thread::{CpuSet, sched_setaffinity};
use tokio::net::TcpListener;
use tower::Layer;
use tower_webhook::client_ip::TrustedProxies;
use tower_webhook::connection::PeerAddr;
use tower_webhook::{Secret, VerifiedBody, WebhookLayer, WebhookOptions, provider};

use crate::by_hand;
use crate::requests::{NETWORKS, SECRET};

const SERVER_CORE: usize = 0;
pub(crate) const LOAD_CORE: usize = 1;

/// What a server runs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    Axum,
    AxumByHand,
    AxumWithoutIdempotency,
    AxumWhole,
    AxumCounted,
    Hyper,
    HyperWhole,
}

impl Kind {
    const ALL: [(Self, &'static str); 7] = [
        (Self::Axum, "bare axum"),
        (Self::AxumByHand, "axum, by hand"),
        (Self::AxumWithoutIdempotency, "**axum, ours without idempotency and metrics**"),
        (Self::AxumWhole, "**axum, ours without metrics**"),
        (Self::AxumCounted, "**axum, ours, all of it**"),
        (Self::Hyper, "bare hyper"),
        (Self::HyperWhole, "**hyper, ours without metrics**"),
    ];

    pub(crate) fn name(self) -> &'static str {
        Self::ALL.iter().find(|(kind, _)| *kind == self).unwrap().1
    }

    /// What it is compared with.
    pub(crate) fn bare(self) -> Self {
        if matches!(self, Self::Hyper | Self::HyperWhole) { Self::Hyper } else { Self::Axum }
    }

    pub(crate) fn verifies(self) -> bool {
        self != self.bare()
    }
}

/// Keeps this process on one core, where there are two.
pub(crate) fn pin(core: usize) {
    let mut cores = CpuSet::new();
    cores.set(core);
    if let Err(error) = sched_setaffinity(None, &cores) {
        eprintln!("server and load share a core: {error}");
    }
}

/// A server that runs.
pub(crate) struct Server {
    pub(crate) kind: Kind,
    pub(crate) address: SocketAddr,
    child: Child,
}

impl Server {
    pub(crate) fn start(kind: Kind) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--serve", kind.name()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { kind, address: line.trim().parse().unwrap(), child }
    }

    /// What it had of the processor, in user and kernel mode. All that it does is done by its first thread.
    pub(crate) fn cpu(&self) -> Duration {
        let text = fs::read_to_string(format!("/proc/{}/schedstat", self.child.id())).unwrap();
        Duration::from_nanos(text.split(' ').next().unwrap().parse().unwrap())
    }

    /// In MiB.
    fn status(&self, field: &str) -> f64 {
        let text = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix(field)).unwrap();
        line.trim().trim_end_matches(" kB").parse::<f64>().unwrap() / 1024.0
    }

    pub(crate) fn memory(&self) -> f64 {
        self.status("VmRSS:")
    }

    pub(crate) fn peak_memory(&self) -> f64 {
        self.status("VmHWM:")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn ours(options: WebhookOptions) -> WebhookLayer {
    let options = options.behind(TrustedProxies::from_cidrs(["127.0.0.0/8"]).unwrap()).https_only();
    options.layer(provider::GITHUB, Secret::new(SECRET).unwrap()).unwrap().allow(NETWORKS).unwrap()
}

fn route() -> axum::routing::MethodRouter {
    post(async |body: Bytes| drop(std::hint::black_box(body)))
}

/// Runs until it is killed, or whoever started it is gone.
pub(crate) fn run(name: &str) {
    let kind = Kind::ALL.iter().find(|(_, of)| *of == name).unwrap().0;
    // Its end is closed when the bench is gone, however it went.
    std::thread::spawn(|| {
        let _ = std::io::stdin().read(&mut [0]);
        std::process::exit(0);
    });
    pin(SERVER_CORE);
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        println!("{}", listener.local_addr().unwrap());
        match kind {
            Kind::Axum => on_axum(listener, Router::new().route("/", route())).await,
            Kind::AxumByHand => on_axum(listener, by_hand::app()).await,
            Kind::AxumWithoutIdempotency => on_axum(listener, layered(WebhookOptions::without_idempotency())).await,
            Kind::AxumWhole => on_axum(listener, layered(WebhookOptions::new())).await,
            Kind::AxumCounted => {
                metrics_exporter_prometheus::PrometheusBuilder::new().install_recorder().unwrap();
                on_axum(listener, layered(WebhookOptions::new().metrics())).await;
            }
            Kind::Hyper => bare_hyper(listener).await,
            Kind::HyperWhole => on_hyper(listener).await,
        }
    });
}

fn layered(options: WebhookOptions) -> Router {
    Router::new().route("/", route().layer(ours(options)))
}

async fn on_axum(listener: TcpListener, router: Router) {
    // Every one of them, so that the peer's address is in the price of all.
    axum::serve(listener, router.into_make_service_with_connect_info::<SocketAddr>()).await.unwrap();
}

async fn bare_hyper(listener: TcpListener) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let service = service_fn(async |request: Request<Incoming>| {
            drop(std::hint::black_box(request.into_body().collect().await.unwrap().to_bytes()));
            Ok::<_, Infallible>(Response::new(Full::<Bytes>::default()))
        });
        let connection = http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service);
        tokio::spawn(connection);
    }
}

async fn on_hyper(listener: TcpListener) {
    let service = ours(WebhookOptions::new()).layer(tower::service_fn(async |request: Request<VerifiedBody>| {
        drop(std::hint::black_box(request));
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::default()))
    }));
    loop {
        let (stream, peer) = listener.accept().await.unwrap();
        let service = service.clone();
        let service = tower::util::MapRequest::new(service, move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(PeerAddr::new(peer));
            request
        });
        let service = TowerToHyperService::new(service);
        let connection = http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service);
        tokio::spawn(connection);
    }
}
