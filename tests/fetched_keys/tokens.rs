//! Tokens and detached signatures: the `kid` in their header names the key.

use base64ct::{Base64, Base64UrlUnpadded, Encoding as _};
use serde_json::{Value, json};
use tower_webhook::clock::UnixTime;
use tower_webhook::scheme::Sender;
use tower_webhook::signature::MemoryKeySource;
use tower_webhook::{KeyDocument, Reason, SignatureLayer, VerifyingKey, provider};

use crate::certificates::{body, request, vector};
use crate::deliveries::Route;

fn route(sender: impl Into<Sender>, document: &str, key: KeyDocument) -> Route {
    let source = MemoryKeySource::new().with(document, key);
    Route::of(SignatureLayer::fetching(sender, source).unwrap())
}

/// The key of a vector, as a member of a set.
fn jwk(vector: &Value, kid: &str, more: &Value) -> Value {
    let bytes = Base64::decode_vec(vector["secret"].as_str().unwrap()).unwrap();
    let text = |bytes: &[u8]| Base64UrlUnpadded::encode_string(bytes);
    let mut jwk = if bytes.len() == 32 {
        json!({"kty": "OKP", "crv": "Ed25519", "x": text(&bytes)})
    } else {
        // The point ends the SubjectPublicKeyInfo.
        let point = &bytes[bytes.len() - 64..];
        json!({"kty": "EC", "crv": "P-256", "x": text(&point[..32]), "y": text(&point[32..])})
    };
    jwk["kid"] = json!(kid);
    jwk.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    jwk
}

fn set(keys: &[Value]) -> KeyDocument {
    KeyDocument::jwks(&json!({ "keys": keys }).to_string()).unwrap()
}

/// The token of the vector with another header, which is not signed any more.
fn with_header(token: &str, header: &Value) -> String {
    let (_, rest) = token.split_once('.').unwrap();
    format!("{}.{rest}", Base64UrlUnpadded::encode_string(header.to_string().as_bytes()))
}

#[tokio::test]
async fn a_key_that_is_a_document_of_its_own_is_asked_for_by_its_id() {
    let vector = vector("plaid", "plaid-made");
    let key = VerifyingKey::from_base64(vector["secret"].as_str().unwrap()).unwrap();
    let known = route(provider::PLAID, "k-1", KeyDocument::from(key.clone()));
    assert_eq!(known.judge(request(&vector, &body(&vector))).await.unwrap(), "k-1");
    assert_eq!(known.reason(request(&vector, b"{}")).await, Some(Reason::SignatureMismatch));
    let other = route(provider::PLAID, "k-2", KeyDocument::from(key));
    assert_eq!(other.reason(request(&vector, &body(&vector))).await, Some(Reason::UnknownKey));
}

#[tokio::test]
async fn a_name_that_is_none_is_never_asked_for() {
    let vector = vector("plaid", "plaid-made");
    let asking = Route::new(provider::PLAID, |_| async { Ok(None) });
    let token = vector["headers"][1][1].as_str().unwrap();
    for kid in [json!("../k-1"), json!("k/1"), json!("https://evil.example/k"), json!(""), json!(1), json!(null)] {
        let mut changed = vector.clone();
        changed["headers"][1][1] = json!(with_header(token, &json!({"alg": "ES256", "typ": "JWT", "kid": kid})));
        assert_eq!(asking.reason(request(&changed, &body(&vector))).await, Some(Reason::UnknownKey), "{kid}");
    }
    for broken in ["", "x", "..", "e30", "e30.e30.e30"] {
        let mut changed = vector.clone();
        changed["headers"][1][1] = json!(broken);
        assert!(asking.reason(request(&changed, &body(&vector))).await.is_some(), "{broken}");
    }
    assert_eq!(asking.asked(), 0);
}

#[tokio::test]
async fn a_set_lies_where_the_sender_says_and_its_key_is_for_this_algorithm() {
    let url = "https://api.canva.com/rest/v1/connect/keys";
    let vector = vector("canva", "canva-made");
    let none = json!({});
    let judged = async |key: Value, url: &str| {
        route(provider::CANVA, url, set(&[key])).judge(request(&vector, &body(&vector))).await.map_err(|it| it.reason())
    };
    assert_eq!(judged(jwk(&vector, "k-1", &none), url).await.unwrap(), "k-1");
    assert_eq!(judged(jwk(&vector, "k-1", &json!({"alg": "EdDSA"})), url).await.unwrap(), "k-1");
    assert_eq!(judged(jwk(&vector, "k-2", &none), url).await, Err(Reason::UnknownKey));
    assert_eq!(judged(jwk(&vector, "k-1", &none), "https://api.canva.com/keys").await, Err(Reason::UnknownKey));
    let plaid = self::vector("plaid", "plaid-made");
    assert_eq!(judged(jwk(&plaid, "k-1", &none), url).await, Err(Reason::UnknownKey), "a key of another kind");
}

/// The webhook of `TrueLayer/truelayer-signing`, `test-resources`.
#[tokio::test]
async fn the_header_of_a_signature_only_chooses_among_the_sender_s_own_sets() {
    let vector = vector("truelayer", "truelayer-webhook");
    let key: Value = serde_json::from_str(vector["secret"].as_str().unwrap()).unwrap();
    let sender = || provider::TRUELAYER.at("https://hooks.example.com/tl-webhook").unwrap();
    let live = route(sender(), "https://webhooks.truelayer.com/.well-known/jwks", set(std::slice::from_ref(&key)));
    live.clock.set(Some(UnixTime::from_secs(vector["received_at"].as_u64().unwrap())));
    let kid = key["kid"].as_str().unwrap();
    assert_eq!(live.judge(request(&vector, &body(&vector))).await.unwrap(), kid);
    let sandbox = route(sender(), "https://webhooks.truelayer-sandbox.com/.well-known/jwks", set(&[key]));
    sandbox.clock.set(Some(UnixTime::from_secs(vector["received_at"].as_u64().unwrap())));
    assert_eq!(sandbox.reason(request(&vector, &body(&vector))).await, Some(Reason::UnknownKey));
}

#[tokio::test]
async fn a_key_that_was_fetched_is_never_a_shared_secret() {
    use hmac::{Hmac, KeyInit, Mac};

    let plaid = vector("plaid", "plaid-made");
    let text = plaid["secret"].as_str().unwrap();
    let key = VerifyingKey::from_base64(text).unwrap();
    let route = route(provider::FUSIONAUTH, "k-1", KeyDocument::from(key));
    let head = Base64UrlUnpadded::encode_string(br#"{"alg":"HS256","typ":"JWT","kid":"k-1"}"#);
    let claims =
        Base64UrlUnpadded::encode_string(br#"{"request_body_sha256":"47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="}"#);
    for secret in [text.as_bytes(), b""] {
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(secret).unwrap();
        mac.update(format!("{head}.{claims}").as_bytes());
        let tag = Base64UrlUnpadded::encode_string(&mac.finalize().into_bytes());
        let mut forged = vector("fusionauth", "fusionauth-made");
        forged["headers"] = json!([["x-fusionauth-signature-jwt", format!("{head}.{claims}.{tag}")]]);
        assert_eq!(route.reason(request(&forged, b"")).await, Some(Reason::SignatureMismatch));
    }
}
