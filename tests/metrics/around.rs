//! What stands around the layer.

use super::*;

#[tokio::test]
async fn bodies_of_any_type_pass_unchanged() {
    let recorder = recorder();
    let service = counted(
        &recorder,
        tower::service_fn(|request: Request<Empty<Bytes>>| async move {
            let _: Empty<Bytes> = request.into_body();
            Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(b"same"))))
        }),
    );
    let body: Full<Bytes> = service.oneshot(Request::new(Empty::new())).await.unwrap().into_body();
    assert_eq!(format!("{body:?}"), format!("{:?}", Full::new(Bytes::from_static(b"same"))));
}

#[tokio::test]
async fn without_a_recorder_requests_pass_all_the_same() {
    let service =
        MetricsLayer::new("mute").layer(tower::service_fn(|_: Request<()>| async { Ok::<_, Infallible>(status(204)) }));
    assert_eq!(service.oneshot(Request::new(())).await.unwrap().status(), 204);
}

#[tokio::test]
async fn readiness_is_forwarded_and_the_ready_service_is_the_one_called() {
    let recorder = recorder();
    let (mock, mut handle) = tower_test::mock::pair::<Request<()>, Response<()>>();
    let mut service = tower_test::mock::Spawn::new(counted(&recorder, mock));

    handle.allow(0);
    assert!(service.poll_ready().is_pending());
    assert_eq!(in_flight(&recorder), 0.0);
    handle.allow(1);
    assert!(service.poll_ready().is_ready());
    let answer = service.call(Request::new(()));
    assert_eq!(in_flight(&recorder), 1.0);
    let (_, respond) = handle.next_request().await.unwrap();
    respond.send_response(Response::new(()));
    answer.await.unwrap();
    assert_eq!(requests(&recorder), one("accepted", ""));

    handle.send_error("gone");
    assert!(matches!(service.poll_ready(), std::task::Poll::Ready(Err(_))));
    assert_eq!(requests(&recorder), one("accepted", ""));
}

#[tokio::test]
async fn it_works_inside_and_outside_of_limits_buffers_and_load_shedding() {
    let recorder = recorder();
    let handler = tower::service_fn(|_: Request<()>| async { Ok::<_, Infallible>(status(200)) });
    let layer = MetricsLayer::new("r").provider("p");

    let limited = metrics::with_local_recorder(&recorder, || {
        ServiceBuilder::new().layer(layer.clone()).concurrency_limit(1).service(handler)
    });
    let buffered = metrics::with_local_recorder(&recorder, || {
        ServiceBuilder::new().buffer(8).layer(layer.clone()).concurrency_limit(1).service(handler)
    });
    for _ in 0..10 {
        limited.clone().oneshot(Request::new(())).await.unwrap();
        buffered.clone().oneshot(Request::new(())).await.unwrap();
    }
    assert_eq!(requests(&recorder), [("accepted".to_owned(), String::new(), 20)]);

    // Outside of load shedding, what is shed counts as a failure.
    let shedding =
        metrics::with_local_recorder(&recorder, || {
            ServiceBuilder::new().layer(layer).load_shed().concurrency_limit(1).service(tower::service_fn(
                |_: Request<()>| std::future::pending::<Result<Response<Bytes>, Infallible>>(),
            ))
        });
    let mut held = shedding.clone();
    let mut first = tokio_test::task::spawn(held.ready().await.unwrap().call(Request::new(())));
    assert!(first.poll().is_pending());
    assert!(shedding.clone().oneshot(Request::new(())).await.is_err());
    let failed = ("failed".to_owned(), "handler_5xx".to_owned(), 1);
    assert!(requests(&recorder).contains(&failed), "{:?}", requests(&recorder));
    drop(first);
    assert_eq!(in_flight(&recorder), 0.0);
}

#[tokio::test]
async fn two_routes_are_counted_apart() {
    let recorder = recorder();
    let handler = tower::service_fn(|_: Request<()>| async { Ok::<_, Infallible>(status(200)) });
    let (first, second) = metrics::with_local_recorder(&recorder, || {
        (MetricsLayer::new("first").layer(handler), MetricsLayer::new("second").layer(handler))
    });
    first.oneshot(Request::new(())).await.unwrap();
    drop(second);
    let page = recorder.handle().render();
    let accepted = |route: &str, count: u8| {
        page.contains(&format!(
            r#"webhook_requests_total{{route="{route}",provider="{route}",outcome="accepted",reason=""}} {count}"#
        ))
    };
    assert!(accepted("first", 1) && accepted("second", 0), "{page}");
}

#[tokio::test]
async fn on_an_axum_route_only_that_route_is_counted() {
    use axum::routing::{get, post};

    let recorder = recorder();
    let app: axum::Router = metrics::with_local_recorder(&recorder, || {
        let hook = post(|| async { StatusCode::NO_CONTENT }).layer(MetricsLayer::new("r").provider("p"));
        axum::Router::new().route("/hook", hook).route("/health", get(|| async {}))
    });
    for (method, path, status) in [("POST", "/hook", 204), ("GET", "/health", 200), ("GET", "/scanned", 404)] {
        let request = Request::builder().method(method).uri(path).body(axum::body::Body::empty()).unwrap();
        assert_eq!(app.clone().oneshot(request).await.unwrap().status(), status);
    }
    assert_eq!(requests(&recorder), one("accepted", ""));
}
