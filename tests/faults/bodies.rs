//! Answers that are large, endless, or break off.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use tower::ServiceExt;
use tower_webhook::testing::TestDelivery;
use tower_webhook::{IdempotencyLayer, Outcome};

use super::{Runs, delivery, service, standard_webhooks};

const MIB: usize = 1024 * 1024;

/// Frames of one MiB, then its end, an error, or nothing more.
#[derive(Clone)]
struct Large {
    frames: usize,
    length: Option<u64>,
    end: End,
    asked: Arc<AtomicUsize>,
}

#[derive(Clone, Copy)]
enum End {
    Breaks,
    Endless,
    Whole,
}

impl Body for Large {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        static FRAME: [u8; MIB] = [7; MIB];
        match (self.frames, self.end) {
            (0, End::Whole) => return Poll::Ready(None),
            (0, End::Breaks) => return Poll::Ready(Some(Err(std::io::Error::other("the database went away")))),
            (0, End::Endless) => return Poll::Pending,
            _ => {}
        }
        self.frames -= 1;
        self.asked.fetch_add(1, Ordering::SeqCst);
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&FRAME)))))
    }

    fn size_hint(&self) -> SizeHint {
        self.length.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

fn request(delivery: &TestDelivery) -> Request<http_body_util::Full<Bytes>> {
    delivery.to_request()
}

#[tokio::test]
async fn fault_27_a_large_endless_or_broken_answer_is_never_held_back_and_is_replayed_without_its_body() {
    let whole = u64::try_from(100 * MIB).unwrap();
    for (frames, length, end) in [
        (100, Some(whole), End::Whole),
        (100, None, End::Whole),
        (1, None, End::Endless),
        (50, Some(whole), End::Breaks),
        (50, None, End::Breaks),
    ] {
        let (runs, asked) = (Runs::default(), Arc::new(AtomicUsize::new(0)));
        let body = Large { frames, length, end, asked: Arc::clone(&asked) };
        let service = service(standard_webhooks(), IdempotencyLayer::in_memory(), || true, {
            let runs = runs.clone();
            move |_| {
                runs.add();
                let body = body.clone();
                async { Response::new(body) }
            }
        });
        let mut first = service.clone().oneshot(request(&delivery("e1"))).await.unwrap();
        assert_eq!(asked.load(Ordering::SeqCst), 0, "nothing was read ahead");
        let frame = first.body_mut().frame().await.unwrap().unwrap();
        assert_eq!((frame.into_data().unwrap().len(), asked.load(Ordering::SeqCst)), (MIB, 1));
        // The record is written: the answer is still on its way.
        let again = service.oneshot(request(&delivery("e1"))).await.unwrap();
        assert_eq!(again.extensions().get(), Some(&Outcome::Duplicate));
        assert_eq!(again.headers()["idempotent-replayed"], "true; body=omitted");
        assert_eq!(again.into_body().collect().await.unwrap().to_bytes().len(), 0);
        assert_eq!(runs.count(), 1);
        let mut read = 1;
        let broken = loop {
            if read == frames && matches!(end, End::Endless) {
                break false;
            }
            match first.body_mut().frame().await {
                Some(Ok(_)) => read += 1,
                Some(Err(error)) => break error.to_string().contains("the database went away"),
                None => break false,
            }
        };
        assert_eq!((read, broken), (frames, matches!(end, End::Breaks)), "what breaks off is seen to");
    }
}

#[tokio::test]
async fn fault_27_a_small_answer_that_breaks_off_is_recorded_without_its_body() {
    let runs = Runs::default();
    let layer = IdempotencyLayer::in_memory().max_stored_body(4 * MIB);
    let service = service(standard_webhooks(), layer, || true, {
        let runs = runs.clone();
        move |_| {
            runs.add();
            let length = Some(u64::try_from(2 * MIB).unwrap());
            let asked = Arc::default();
            async move { Response::new(Large { frames: 1, length, end: End::Breaks, asked }) }
        }
    });
    let mut first = service.clone().oneshot(request(&delivery("e1"))).await.unwrap();
    // What had come goes out, and the server sees that the rest is missing.
    assert_eq!(first.body().size_hint().exact(), Some(u64::try_from(2 * MIB).unwrap()));
    assert_eq!(first.body_mut().frame().await.unwrap().unwrap().into_data().unwrap().len(), MIB);
    let again = service.oneshot(request(&delivery("e1"))).await.unwrap();
    assert_eq!(again.headers()["idempotent-replayed"], "true; body=omitted");
    assert_eq!(runs.count(), 1);
}
