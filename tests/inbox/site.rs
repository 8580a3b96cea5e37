//! A folder, a clock, deliveries and handlers to try an inbox with.

use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use tower::{Layer, Service, service_fn};
use tower_webhook::clock::UnixTime;
use tower_webhook::inbox::{Counts, Inbox, InboxEndpoint, InboxOptions};
use tower_webhook::stack::WebhookService;
use tower_webhook::testing::{self, Endpoint, FakeClock, TestDelivery};
use tower_webhook::{Delivery, Secret, SignatureLayer, VerifiedBody, WebhookLayer, provider};

pub(crate) const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A folder that goes with the test.
pub(crate) struct Site {
    pub(crate) folder: PathBuf,
    pub(crate) clock: FakeClock,
}

impl Site {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("tower-webhook-inbox-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        Self { folder, clock: FakeClock::at(UnixTime::from_secs(1_700_000_000)) }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.join("inbox.db")
    }

    pub(crate) fn options(&self) -> InboxOptions {
        Inbox::sqlite(self.path()).clock(self.clock.clone())
    }

    pub(crate) fn endpoint(&self, inbox: &Inbox) -> Endpoint<WebhookService<InboxEndpoint>> {
        let signature = SignatureLayer::new(provider::STANDARD_WEBHOOKS, Secret::new(SECRET).unwrap()).unwrap();
        Endpoint::new(WebhookLayer::of(signature).clock(self.clock.clone()).layer(inbox.endpoint()))
    }

    pub(crate) fn delivery(&self, id: &str, body: &str) -> TestDelivery {
        let delivery = testing::delivery(provider::STANDARD_WEBHOOKS, SECRET).id(id).json(body.to_owned());
        delivery.at(tower_webhook::clock::Clock::now(&self.clock).unwrap())
    }

    /// Time passes, and the inbox looks.
    pub(crate) fn pass(&self, inbox: &Inbox, time: Duration) {
        self.clock.advance(time);
        inbox.wake();
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// What handlers have done: `id#attempt`.
#[derive(Clone, Default)]
pub(crate) struct Runs(Arc<Mutex<Vec<String>>>);

impl Runs {
    pub(crate) fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    /// A handler that notes each run and answers with what `status` says of the id and the attempt.
    pub(crate) fn handler<T: Fn(&str, u32) -> u16 + Clone + Send + Sync + 'static>(
        &self,
        status: T,
    ) -> impl Service<Request<VerifiedBody>, Response = Response<Full<Bytes>>, Error = Infallible, Future: Send>
    + Clone
    + Send
    + use<T> {
        let runs = self.clone();
        service_fn(move |request: Request<VerifiedBody>| {
            let delivery = request.extensions().get::<Delivery>().unwrap();
            let id = delivery.id().unwrap().into_owned();
            let attempt = delivery.idempotency().unwrap().attempt().unwrap();
            runs.0.lock().unwrap().push(format!("{id}#{attempt}"));
            let status = status(&id, attempt);
            async move { Ok(Response::builder().status(status).body(Full::default()).unwrap()) }
        })
    }
}

/// Waits until the counts are as they should be.
pub(crate) async fn until(inbox: &Inbox, done: impl Fn(&[Counts]) -> bool) {
    let waited = tokio::time::timeout(Duration::from_secs(20), async {
        while !done(&inbox.counts().await.unwrap()) {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    });
    if waited.await.is_err() {
        panic!("{:?}", inbox.counts().await);
    }
}
