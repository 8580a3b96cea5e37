//! Several keys, keys that count for a time, and keys that are none.

use bytes::Bytes;
use http::request::Parts;
use tower_webhook::clock::UnixTime;
use tower_webhook::crypto::SigningKey;
use tower_webhook::scheme::{Scheme, Signer, Verifier, header};
use tower_webhook::secret::Key;
use tower_webhook::{ConfigErrorKind, Reason, Secret, Secrets, VerifyingKey, provider};

use crate::deliveries::{named, plain};

fn secret(number: usize) -> Secret {
    Secret::new(format!("a secret of at least 16 bytes, number {number}")).unwrap()
}

fn ring(keys: impl IntoIterator<Item = (String, Key)>) -> Secrets {
    let mut keys = keys.into_iter();
    let (id, key) = keys.next().unwrap();
    keys.fold(Secrets::named(&id, key), |ring, (id, key)| ring.and(&id, key))
}

const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);

fn signed_by(secret: Secret) -> (Parts, Bytes) {
    let (mut head, body) = (named("github-docs").head, Bytes::from_static(b"{}"));
    Signer::new(provider::GITHUB, secret).unwrap().sign(&mut head, &body, NOW).unwrap();
    (head, body)
}

#[test]
fn the_right_key_may_stand_anywhere_in_the_ring() {
    for vector in plain() {
        let right: Key = if vector.is_public_key() {
            match vector.provider.as_str() {
                "discord" => VerifyingKey::from_hex(&vector.secrets[0]).unwrap().into(),
                _ => VerifyingKey::from_base64(&vector.secrets[0]).unwrap().into(),
            }
        } else {
            Secret::short(vector.secrets[0].as_str()).unwrap().into()
        };
        let wrong = |number: u8| -> Key {
            if vector.is_public_key() {
                SigningKey::from_seed(&[number + 100; 32]).verifying_key().into()
            } else {
                // Base64, and thus a secret of every scheme.
                Secret::new(format!("d3JvbmcgZm9yIGV2ZXJ5Ym9keSEg{number}AAA")).unwrap().into()
            }
        };
        for place in 0..4 {
            let keys = (0..4).map(|at| (at.to_string(), if at == place { right.clone() } else { wrong(at) }));
            let verifier = Verifier::new(vector.sender(), ring(keys)).unwrap();
            // The second time, the key that matched before is tried first.
            for _ in 0..2 {
                let delivery = verifier.verify(&vector.head, &vector.body, Some(vector.now())).unwrap();
                assert_eq!(delivery.key_id(), Some(place.to_string().as_str()), "{}", vector.id);
            }
        }
    }
}

#[test]
fn the_key_that_matched_last_changes_with_the_sender_and_no_verdict_with_it() {
    let keys = (0..3).map(|at| (at.to_string(), secret(at).into()));
    let verifier = Verifier::new(provider::GITHUB, ring(keys)).unwrap();
    for at in [0, 2, 2, 1, 0, 1, 2, 0] {
        let (head, body) = signed_by(secret(at));
        let delivery = verifier.verify(&head, &body, Some(NOW)).unwrap();
        assert_eq!(delivery.key_id(), Some(at.to_string().as_str()));
        let (head, body) = signed_by(secret(9));
        assert_eq!(verifier.verify(&head, &body, Some(NOW)).unwrap_err().reason(), Reason::SignatureMismatch);
    }
}

#[test]
fn while_a_secret_rotates_both_count_and_the_key_id_tells_which() {
    let ring = Secrets::rotating(secret(1), secret(0));
    let verifier = Verifier::new(provider::GITHUB, ring).unwrap();
    for (number, id) in [(0, "previous"), (1, "current")] {
        let (head, body) = signed_by(secret(number));
        assert_eq!(verifier.verify(&head, &body, None).unwrap().key_id(), Some(id));
    }
}

#[test]
fn a_key_counts_within_its_time_only_both_ends_included() {
    let (from, until) = (UnixTime::from_secs(1_000), UnixTime::from_secs(2_000));
    let ring = Secrets::named("always", secret(0)).and("window", secret(1)).not_before(from).not_after(until);
    let verifier = Verifier::new(provider::GITHUB, ring).unwrap();
    let (head, body) = signed_by(secret(1));
    for (now, counts) in
        [(Some(999), false), (Some(1_000), true), (Some(1_500), true), (Some(2_000), true), (Some(2_001), false)]
    {
        let verdict = verifier.verify(&head, &body, now.map(UnixTime::from_secs));
        assert_eq!(verdict.is_ok(), counts, "{now:?}");
    }
    let later = UnixTime::from_millis(2_000_001);
    assert!(verifier.verify(&head, &body, Some(later)).is_err(), "the window ends at the second, not after it");
    // Without a clock nobody knows whether it counts.
    assert_eq!(verifier.verify(&head, &body, None).unwrap_err().reason(), Reason::SignatureMismatch);
    let (head, body) = signed_by(secret(0));
    assert!(verifier.verify(&head, &body, None).is_ok());
}

#[test]
fn a_key_that_matched_once_does_not_outlive_its_time() {
    let until = UnixTime::from_secs(2_000);
    let ring = Secrets::named("old", secret(0)).not_after(until).and("new", secret(1)).not_before(until);
    let verifier = Verifier::new(provider::GITHUB, ring).unwrap();
    let (head, body) = signed_by(secret(0));
    assert!(verifier.verify(&head, &body, Some(UnixTime::from_secs(1_999))).is_ok());
    assert!(verifier.verify(&head, &body, Some(UnixTime::from_secs(2_001))).is_err());
    let (head, body) = signed_by(secret(1));
    assert!(verifier.verify(&head, &body, Some(UnixTime::from_secs(2_001))).is_ok());
}

#[test]
fn where_no_key_counts_the_route_is_not_configured() {
    let ring = Secrets::named("over", secret(0)).not_after(UnixTime::from_secs(5));
    let verifier = Verifier::new(provider::GITHUB, ring).unwrap();
    let (head, _) = signed_by(secret(0));
    for now in [Some(UnixTime::from_secs(6)), None] {
        let error = verifier.begin(&head, now).unwrap_err();
        assert_eq!(error.reason(), Reason::NotConfigured);
        assert_eq!(tower_webhook::Rejection::from(error).status().as_u16(), 503);
    }
}

#[test]
fn a_window_that_never_opens_is_a_configuration_error() {
    let (from, until) = (UnixTime::from_secs(2), UnixTime::from_secs(1));
    let ring = Secrets::named("never", secret(0)).not_before(from).not_after(until);
    let error = Verifier::new(provider::GITHUB, ring).unwrap_err();
    assert_eq!(error.kind(), ConfigErrorKind::Secret);
    assert!(error.to_string().contains("never"), "{error}");
}

#[test]
fn a_ring_may_hold_a_shared_secret_and_a_public_key() {
    let (v1, v1a) = (named("standard-webhooks-official"), named("standard-webhooks-v1a"));
    let shared = Secret::new(v1.secrets[0].as_str()).unwrap();
    let public = VerifyingKey::from_base64(&v1a.secrets[0]).unwrap();
    let both = Secrets::named("shared", shared).and("public", public);
    let verifier = Verifier::new(provider::STANDARD_WEBHOOKS, both).unwrap();
    for (vector, id) in [(v1, "shared"), (v1a, "public")] {
        let delivery = verifier.verify(&vector.head, &vector.body, Some(vector.now())).unwrap();
        assert_eq!(delivery.key_id(), Some(id));
    }
}

#[test]
fn a_secret_that_the_scheme_cannot_use_is_a_configuration_error_that_does_not_show_it() {
    const TOKEN: Scheme = Scheme::token("token", header("x-token"));
    let public = SigningKey::from_seed(&[1; 32]).verifying_key();
    let refused: Vec<(Scheme, Secrets)> = vec![
        (provider::STANDARD_WEBHOOKS, Secret::new("whsec_hunter2-is no base64").unwrap().into()),
        (provider::STANDARD_WEBHOOKS, Secret::new("whsec_hunter2hunter2!").unwrap().into()),
        (provider::STANDARD_WEBHOOKS, Secret::new("whsec_hunter2hunter2h").unwrap().into()),
        (provider::STANDARD_WEBHOOKS, Secret::new("whpk_hunter2hunter2hunter2").unwrap().into()),
        (provider::SVIX, Secret::new("whsec_ hunter2hunter2hunt").unwrap().into()),
        (provider::SVIX, Secret::new("whsec_hunter2hunter2hunt\n").unwrap().into()),
        (provider::STANDARD_WEBHOOKS, Secret::short("whsec_=").unwrap().into()),
        (provider::GITHUB, public.clone().into()),
        (provider::GITLAB, public.into()),
        (provider::DISCORD, secret(0).into()),
        (provider::DISCORD, VerifyingKey::from_bytes([0; 32]).into()),
        (provider::STANDARD_WEBHOOKS, VerifyingKey::from_bytes([0; 32]).into()),
        // No header can hold these, so nobody could ever show them.
        (TOKEN, Secret::new("hunter2 with a line end\n").unwrap().into()),
        (TOKEN, Secret::new(" hunter2 between blanks ").unwrap().into()),
        (TOKEN, Secret::new("hunter2 is no ascii: ä").unwrap().into()),
        (TOKEN, Secret::new(*b"hunter2 and a nul\0byte").unwrap().into()),
    ];
    for (at, (scheme, keys)) in refused.into_iter().enumerate() {
        let error = Verifier::new(scheme, keys).expect_err(&at.to_string());
        assert_eq!(error.kind(), ConfigErrorKind::Secret, "{at}: {error}");
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
    }
}

#[test]
fn a_secret_given_where_a_public_key_belongs_is_not_shown() {
    for text in ["whsec_hunter2hunter2hunter2hunter2", "whsk_hunter2", "hunter2"] {
        for error in [VerifyingKey::from_hex(text).unwrap_err(), VerifyingKey::from_base64(text).unwrap_err()] {
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
        }
    }
}
