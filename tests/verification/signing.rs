//! Signing is the inverse of verifying.

use bytes::Bytes;
use http::{HeaderValue, Request};
use tower_webhook::clock::UnixTime;
use tower_webhook::crypto::SigningKey;
use tower_webhook::scheme::{
    Encoding, Part, Place, Scheme, SecretText, Sender, Signer, TimestampFormat, UrlScheme, Verifier, item,
};
use tower_webhook::{ConfigErrorKind, Reason, Secret, Secrets, provider};

use crate::deliveries::{Vector, all};
use crate::twilio::is_twilio;

const NOW: UnixTime = UnixTime::from_millis(1_700_000_000_250);

fn signer(vector: &Vector) -> Signer {
    // The private key of the vectors, see their README.
    let seed: [u8; 32] = std::array::from_fn(|at| u8::try_from(at + 1).unwrap());
    if vector.is_public_key() {
        Signer::ed25519(vector.sender(), SigningKey::from_seed(&seed)).unwrap()
    } else {
        Signer::new(vector.sender(), Secret::short(vector.secrets.last().unwrap().as_str()).unwrap()).unwrap()
    }
}

#[test]
fn what_is_signed_verifies_for_every_sender() {
    for vector in all() {
        let mut signed = vector.clone();
        signed.received_at = NOW.as_secs();
        // The other set of names, and what was signed before, are not what it writes.
        let names: Vec<_> = signed.head.headers.keys().cloned().collect();
        for name in names.iter().filter(|name| name.as_str().contains("signature") || name.as_str().contains("hmac")) {
            signed.head.headers.remove(name);
        }
        if let Place::Header(id) = match vector.provider.as_str() {
            "standard-webhooks" => Place::Header("webhook-id"),
            "svix" => Place::Header("svix-id"),
            _ => Place::Nowhere,
        } {
            signed.head.headers.insert(id, HeaderValue::from_static("msg_1"));
        }
        signed.body = if is_twilio(&vector.provider) { vector.body.clone() } else { "another body".into() };
        signed.sign(&signer(&vector)).unwrap_or_else(|error| panic!("{}: {error}", vector.id));
        assert!(signed.verify().is_ok(), "{}", vector.id);
        if vector.provider != "gitlab" {
            signed.with_body("something else").verify().expect_err(&vector.id);
        }
    }
}

/// The published signatures come out again, to the letter.
#[test]
fn what_was_published_is_what_is_signed() {
    for id in ["github-docs", "slack-docs", "square-docs", "standard-webhooks-official", "stripe-node", "svix-rust"]
        .into_iter()
        .chain(["discord-ping", "shopify-orders", "twilio-docs", "twilio-python-body-hash", "standard-webhooks-v1a"])
    {
        let vector = crate::deliveries::named(id);
        let mut signed = vector.clone();
        signed.sign(&signer(&vector)).unwrap();
        assert_eq!(signed.head.headers, vector.head.headers, "{id}");
        assert_eq!(signed.head.uri, vector.head.uri, "{id}");
    }
}

/// Every part, an algorithm each, both encodings that no catalogue entry uses so, both kinds of fields.
fn own_schemes() -> Vec<Sender> {
    const PARTS: &[Part] = &[
        Part::Method,
        Part::Lit("\n"),
        Part::Url,
        Part::Lit("\n"),
        Part::Id,
        Part::Lit("\n"),
        Part::Header("x-topic"),
        Part::Lit("\n"),
        Part::Timestamp,
        Part::Lit("\n"),
        Part::Body,
        Part::Lit("\n"),
        Part::Header("x-topic"),
    ];
    const fn own(scheme: Scheme, encoding: Encoding) -> Scheme {
        scheme
            .signature(item("x-own", ';', "sig").pair(':').prefix("h-"), encoding)
            .timestamp(item("x-own", ';', "at").pair(':').prefix("ms-"), TimestampFormat::UnixMillis)
            .id(Place::Header("x-id"))
            .signed(PARTS)
            .checked()
    }
    const SCHEMES: &[Scheme] = &[
        own(Scheme::hmac_sha1("own-1"), Encoding::Hex),
        own(Scheme::hmac_sha256("own-2"), Encoding::Base64Url),
        own(Scheme::hmac_sha384("own-3"), Encoding::Base64),
        own(Scheme::hmac_sha512("own-4").secret_text(SecretText::Base64 { prefix: "own_" }), Encoding::Base64Url),
    ];
    let at = |scheme: &Scheme| UrlScheme::new(*scheme).at("https://hooks.example.com/own?x=1").unwrap();
    SCHEMES.iter().map(at).collect()
}

#[test]
fn what_is_signed_verifies_for_a_scheme_of_ones_own() {
    let secret = Secret::new("own_YSBzZWNyZXQgb2Ygc29tZSBsZW5ndGg").unwrap();
    for sender in own_schemes() {
        let body = Bytes::from_static(b"\0\xff any bytes");
        let (mut head, ()) =
            Request::put("/x").header("x-id", "1").header("x-topic", "paid").body(()).unwrap().into_parts();
        Signer::new(sender.clone(), secret.clone()).unwrap().sign(&mut head, &body, NOW).unwrap();
        let name = sender.scheme().name();
        let verifier = Verifier::new(sender, secret.clone()).unwrap();
        let delivery = verifier.verify(&head, &body, Some(NOW)).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!((delivery.id().as_deref(), delivery.sent_at()), (Some("1"), Some(NOW)));

        // Every part is covered.
        let changes: [fn(&mut http::request::Parts); 4] = [
            |head| head.method = http::Method::POST,
            |head| drop(head.headers.insert("x-id", HeaderValue::from_static("2"))),
            |head| drop(head.headers.insert("x-topic", HeaderValue::from_static("free"))),
            |head| {
                let line = head.headers["x-own"].to_str().unwrap().replace("ms-1700000000250", "ms-1700000000251");
                head.headers.insert("x-own", line.try_into().unwrap());
            },
        ];
        for change in changes {
            let mut changed = head.clone();
            change(&mut changed);
            assert_ne!((&changed.headers, &changed.method), (&head.headers, &head.method));
            let refused = verifier.verify(&changed, &body, Some(NOW)).unwrap_err();
            assert_eq!(refused.reason(), Reason::SignatureMismatch, "{name}");
        }
    }
}

#[test]
fn what_the_sender_could_not_have_sent_is_not_signed() {
    let secret = Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
    let signer = Signer::new(provider::STANDARD_WEBHOOKS, secret).unwrap();
    let body = Bytes::from_static(b"{}");
    let head = |ids: &[&'static [u8]]| {
        let mut request = Request::post("/");
        for id in ids {
            request = request.header("webhook-id", HeaderValue::from_bytes(id).unwrap());
        }
        request.body(()).unwrap().into_parts().0
    };
    let refused: [&[&'static [u8]]; 5] = [&[], &[b""], &[b"a.b"], &[b"\xff"], &[b"a", b"a"]];
    for ids in refused {
        let mut head = head(ids);
        let before = head.headers.clone();
        let error = signer.sign(&mut head, &body, NOW).expect_err("no such id can be signed");
        assert_eq!(error.kind(), ConfigErrorKind::Scheme);
        assert_eq!(head.headers, before, "and nothing was written");
    }
    assert!(signer.sign(&mut head(&[b"msg_1"]), &body, NOW).is_ok());
}

#[test]
fn a_key_of_the_wrong_kind_signs_nothing() {
    let secret = || Secret::new("a secret of at least sixteen bytes").unwrap();
    let private = || SigningKey::from_seed(&[1; 32]);
    assert_eq!(Signer::new(provider::DISCORD, secret()).unwrap_err().kind(), ConfigErrorKind::Secret);
    assert_eq!(Signer::ed25519(provider::GITHUB, private()).unwrap_err().kind(), ConfigErrorKind::Secret);
    assert_eq!(Signer::new(provider::STANDARD_WEBHOOKS, secret()).unwrap_err().kind(), ConfigErrorKind::Secret);
    let token = Secret::new("a token that ends with a line\n").unwrap();
    assert_eq!(Signer::new(provider::GITLAB, token).unwrap_err().kind(), ConfigErrorKind::Secret);
}

#[test]
fn nothing_that_signs_or_verifies_shows_what_is_secret() {
    let secret = Secret::new("hunter2 hunter2 hunter2").unwrap();
    let signer = Signer::new(provider::GITLAB, secret.clone()).unwrap();
    let (mut head, body) = (Request::post("/").body(()).unwrap().into_parts().0, Bytes::from_static(b"the body"));
    signer.sign(&mut head, &body, NOW).unwrap();
    let verifier = Verifier::new(provider::GITLAB, Secrets::rotating(secret.clone(), secret)).unwrap();
    let verification = verifier.begin(&head, Some(NOW)).unwrap();
    let shown = format!("{head:?} {signer:?} {verifier:?} {verification:?} {:?}", verifier.verify(&head, &body, None));
    assert!(!shown.contains("hunter2") && !shown.contains("the body"), "{shown}");

    let key = SigningKey::from_seed(b"hunter2 hunter2 hunter2 hunter2!");
    let discord = Signer::ed25519(provider::DISCORD, key.clone()).unwrap();
    discord.sign(&mut head, &body, NOW).unwrap();
    let signature = head.headers["x-signature-ed25519"].to_str().unwrap().to_owned();
    let delivery =
        Verifier::new(provider::DISCORD, key.verifying_key()).unwrap().verify(&head, &body, Some(NOW)).unwrap();
    let shown = format!("{head:?} {key:?} {discord:?} {delivery:?}");
    for secret in ["hunter2", "104, 117, 110", "68756e74", &signature, "the body"] {
        assert!(!shown.contains(secret), "{secret}: {shown}");
    }
}

/// A signature that stands in the body is the sender's to write: it is only compared.
#[test]
fn a_signature_beside_what_it_signs_is_compared_when_signing() {
    let secret = Secret::new("a secret of at least sixteen bytes").unwrap();
    let signer = Signer::new(provider::NOON, secret).unwrap();
    for body in [
        "",
        "{}",
        r#"{"orderId":1,"orderStatus":"A","eventId":"e","eventType":"t","timeStamp":"x","signature":"AAAA"}"#,
    ] {
        let (mut head, body) = Request::post("/").body(Bytes::from_static(body.as_bytes())).unwrap().into_parts();
        assert_eq!(signer.sign(&mut head, &body, NOW).unwrap_err().kind(), ConfigErrorKind::Scheme);
        assert!(head.headers.is_empty());
    }
}
