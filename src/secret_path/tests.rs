use std::convert::Infallible;

use http::{Request, Response};
use http_body_util::BodyExt;
use tower::{Layer, ServiceExt, service_fn};

use super::{MASK, SecretPathLayer};
use crate::config_error::ConfigErrorKind;
use crate::rejection::{Reason, Rejection};
use crate::secret::Secret;

const TOKEN: &str = "3f9c1d5e8a7b40c29e6f0b1a2c3d4e5f";
const BEFORE: &str = "the-one.before_it~0123456789";

fn layer() -> SecretPathLayer {
    let secret = |text: &str| Secret::new(text).unwrap();
    SecretPathLayer::new("meraki", &secret(TOKEN)).unwrap().or(&secret(BEFORE)).unwrap()
}

/// Status, and what the service behind has seen of the URL; or the reason.
async fn ask(target: &str) -> Result<String, (u16, Reason, usize, String)> {
    let seen = |request: Request<()>| async move { Ok::<_, Infallible>(Response::new(request.uri().to_string())) };
    let request = Request::post(target).body(()).unwrap();
    let response = layer().layer(service_fn(seen)).oneshot(request).await.unwrap();
    let (head, body) = response.into_parts();
    let body = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
    match head.extensions.get::<Rejection>() {
        None => Ok(body),
        Some(rejection) => Err((head.status.as_u16(), rejection.reason(), head.headers.len(), body)),
    }
}

#[tokio::test]
async fn who_knows_the_path_passes_and_nobody_behind_sees_it() {
    for token in [TOKEN, BEFORE] {
        assert_eq!(ask(&format!("/webhooks/meraki/{token}")).await.unwrap(), format!("/webhooks/meraki/{MASK}"));
        assert_eq!(ask(&format!("/{token}?a=b")).await.unwrap(), format!("/{MASK}?a=b"));
        let whole = format!("http://hooks.example.com/x/{token}");
        assert_eq!(ask(&whole).await.unwrap(), format!("http://hooks.example.com/x/{MASK}"));
    }
}

#[tokio::test]
async fn every_other_path_is_answered_as_one_that_is_not_there() {
    let (shorter, upper, lengthened) = (&TOKEN[1..], TOKEN.to_uppercase(), format!("{TOKEN}0"));
    for path in [
        "/".to_owned(),
        "/webhooks/meraki".to_owned(),
        "/webhooks/meraki/".to_owned(),
        format!("/{TOKEN}/"),
        format!("/{TOKEN}/x"),
        format!("/{TOKEN}%20"),
        format!("/%33{}", &TOKEN[1..]), // the same by RFC 3986, but nobody was given it so
        format!("/x?{TOKEN}"),
        format!("/x?/{TOKEN}"),
        format!("/{shorter}"),
        format!("/{upper}"),
        format!("/{lengthened}"),
        format!("/{MASK}"),
        "*".to_owned(),
    ] {
        assert_eq!(ask(&path).await.unwrap_err(), (404, Reason::UnknownKey, 0, String::new()), "{path}");
    }
}

#[test]
fn a_path_that_can_be_guessed_or_is_written_in_two_ways_cannot_be_made() {
    for token in
        ["0123456789abcdef", "0123456789abcdefghij/klmn", "0123456789abcdefghij%20xy", "0123456789abcdefghijklé"]
    {
        let error = SecretPathLayer::new("meraki", &Secret::new(token).unwrap()).unwrap_err();
        assert_eq!(error.kind(), ConfigErrorKind::Secret, "{token}");
        assert!(!error.to_string().contains(token));
        assert!(layer().or(&Secret::new(token).unwrap()).is_err());
    }
}

#[test]
fn nothing_of_the_path_is_shown() {
    let shown = format!("{:?}", layer());
    assert!(!shown.contains("3f9c") && !shown.contains("before"), "{shown}");
}
