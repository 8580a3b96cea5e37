//! A folder, a clock, deliveries and handlers to try an inbox with.

use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use tower::{Layer, Service, service_fn};
use tower_webhook::clock::UnixTime;
use tower_webhook::inbox::{Counts, DeadLetters, Inbox, InboxEndpoint, InboxOptions};
use tower_webhook::stack::WebhookService;
use tower_webhook::testing::{self, Endpoint, FakeClock, TestDelivery};
use tower_webhook::{Delivery, Secret, SignatureLayer, VerifiedBody, WebhookLayer, provider};

pub(crate) const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

use crate::server::Server;

/// Each of these tests over both engines, with a site of its own.
macro_rules! over_both {
    ($($name:ident),* $(,)?) => {$(
        mod $name {
            use crate::site::Site;

            #[tokio::test]
            async fn sqlite() {
                super::$name(Site::new()).await;
            }

            #[tokio::test]
            async fn postgres() {
                super::$name(Site::postgres().await).await;
            }
        }
    )*};
}
pub(crate) use over_both;

/// Subscriber, delivery and attempt of a run.
pub(crate) type Running = (String, String, i64);

/// A folder that goes with the test, or a database.
pub(crate) struct Site {
    pub(crate) folder: PathBuf,
    pub(crate) clock: FakeClock,
    /// With a name of the database.
    server: Option<(Arc<Server>, String)>,
    /// Instead of that: a database that the test itself has.
    url: Option<String>,
}

/// One server for all tests that run at the same time; it ends with the last of them.
async fn shared() -> Arc<Server> {
    static SERVER: tokio::sync::Mutex<Weak<Server>> = tokio::sync::Mutex::const_new(Weak::new());
    let mut server = SERVER.lock().await;
    if let Some(running) = server.upgrade() {
        return running;
    }
    let started = Arc::new(Server::start().await);
    *server = Arc::downgrade(&started);
    started
}

impl Site {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("tower-webhook-inbox-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        Self { folder, clock: FakeClock::at(UnixTime::from_secs(1_700_000_000)), server: None, url: None }
    }

    /// In this database.
    pub(crate) fn at(mut self, url: String) -> Self {
        self.url = Some(url);
        self
    }

    /// With a database of its own.
    pub(crate) async fn postgres() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let server = shared().await;
        let name = format!("inbox_{}", COUNT.fetch_add(1, Ordering::Relaxed));
        server.client().await.batch_execute(&format!("CREATE DATABASE {name}")).await.unwrap();
        let mut site = Self::new();
        site.server = Some((server, name));
        site
    }

    /// Another of the same engine.
    pub(crate) async fn another(&self) -> Self {
        if self.server.is_some() { Self::postgres().await } else { Self::new() }
    }

    /// The path of the file, or the URL of the database.
    pub(crate) fn place(&self) -> String {
        match (&self.server, &self.url) {
            (_, Some(url)) => url.clone(),
            (Some((server, name)), None) => server.url_of(name),
            (None, None) => self.path().to_str().unwrap().to_owned(),
        }
    }

    /// The first number of the answer to a question about the tables, which are named as in the file.
    pub(crate) async fn ask(&self, question: &str) -> i64 {
        if self.server.is_none() {
            let connection = rusqlite::Connection::open(self.path()).unwrap();
            return connection.query_row(question, [], |row| row.get(0)).unwrap();
        }
        let question = question.replace("SELECT ", "SELECT (").replace(" FROM ", ")::bigint FROM webhook_inbox_");
        self.client().await.query_one(&question, &[]).await.unwrap().get(0)
    }

    /// Changes the tables by hand: in the file, or in the database.
    pub(crate) async fn change(&self, file: &str, database: &str) {
        if self.server.is_none() {
            rusqlite::Connection::open(self.path()).unwrap().execute_batch(file).unwrap();
        } else {
            self.client().await.batch_execute(database).await.unwrap();
        }
    }

    /// The runs that have begun, and whose end is not written down.
    pub(crate) async fn running(&self) -> Vec<Running> {
        if self.server.is_none() {
            // It reads, and leaves to others what a crash has left to do.
            let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
            let connection = rusqlite::Connection::open_with_flags(self.path(), flags).unwrap();
            let text = "SELECT d.subscriber, e.delivery_id, d.attempt FROM deliveries d JOIN events e ON e.seq = d.seq
                        WHERE d.state IN (1, 4)";
            let mut select = connection.prepare(text).unwrap();
            let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
            return rows.collect::<Result<_, _>>().unwrap();
        }
        let text = "SELECT d.subscriber, e.delivery_id, d.attempt::bigint
                    FROM webhook_inbox_deliveries d JOIN webhook_inbox_events e ON e.seq = d.seq WHERE d.state = 1";
        let rows = self.client().await.query(text, &[]).await.unwrap();
        rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect()
    }

    /// A connection to its database.
    pub(crate) async fn client(&self) -> tokio_postgres::Client {
        let (client, connection) = tokio_postgres::connect(&self.place(), tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        client
    }

    /// The tools' view of it.
    pub(crate) fn beside(&self) -> DeadLetters {
        match &self.server {
            Some(_) => DeadLetters::postgres(&self.place()).unwrap(),
            None => DeadLetters::sqlite(self.path()).unwrap(),
        }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.join("inbox.db")
    }

    pub(crate) fn options(&self) -> InboxOptions {
        options(&self.place()).clock(self.clock.clone())
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

/// An inbox in a file or a database.
pub(crate) fn options(place: &str) -> InboxOptions {
    if place.starts_with("postgres:") {
        Inbox::postgres(place).lease(Duration::from_secs(1))
    } else {
        Inbox::sqlite(place)
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
