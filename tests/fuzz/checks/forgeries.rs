//! Nothing passes that its sender did not sign.

use bytes::Bytes;
use http::HeaderValue;
use http::request::Parts;

use super::input::Input;
use super::signing::{self, BODY, NOW, SIGNINGS};

/// Any text in the place of a signature, or of a timestamp or an id beside it, is refused as such.
pub fn signature_header(data: &[u8]) {
    let mut input = Input::new(data);
    let signing = input.pick(&SIGNINGS);
    if signing.signed.is_empty() {
        return;
    }
    let name = input.pick(&signing.signed);
    let mut head = signing.head.clone();
    head.headers.remove(name);
    for line in input.rest().split(|byte| *byte == b'\n').take(20) {
        let Ok(value) = HeaderValue::from_bytes(line) else { return };
        head.headers.append(name, value);
    }
    if head.headers.get_all(name).iter().eq(signing.head.headers.get_all(name)) {
        return;
    }
    if let Err(error) = signing.wrong.verify(&head, &Bytes::from_static(BODY), Some(NOW)) {
        assert_eq!(error.reason().status(), 401, "{}: {error}", signing.scheme.name());
    } else {
        panic!("{}: passes under a key that the sender does not have", signing.scheme.name());
    }
    // Under the right key, what is not the signature itself does not pass either; with a name that is not signed it may.
    drop(signing.right.verify(&head, &Bytes::from_static(BODY), Some(NOW)));
}

/// One signature has one text, but for the case of hex digits.
pub fn signature_text(data: &[u8]) {
    let mut input = Input::new(data);
    let (name, header, prefix, hex) = *input.pick(&[
        ("github", "x-hub-signature-256", "sha256=", true),
        ("slack", "x-slack-signature", "v0=", true),
        ("shopify", "x-shopify-hmac-sha256", "", false),
        ("line", "x-line-signature", "", false),
        ("standard-webhooks", "webhook-signature", "v1,", false),
    ]);
    let signing = signing::of(name);
    let original = signing.head.headers.get(header).expect("signed").as_bytes();
    let mut text = original.to_vec();
    input.edit(&mut text);
    let Ok(value) = HeaderValue::from_bytes(&text) else { return };
    let mut head = signing.head.clone();
    head.headers.insert(header, value);
    let passes = signing.right.verify(&head, &Bytes::from_static(BODY), Some(NOW)).is_ok();
    let same = |one: &[u8], other: &[u8]| if hex { one.eq_ignore_ascii_case(other) } else { one == other };
    let canonical =
        |text: &[u8]| text.starts_with(prefix.as_bytes()) && same(&text[prefix.len()..], &original[prefix.len()..]);
    // A list of signatures passes by any of them.
    let expected =
        if name == "standard-webhooks" { text.split(|byte| *byte == b' ').any(canonical) } else { canonical(&text) };
    if expected != passes && !(name == "standard-webhooks" && expected) {
        panic!("{name}: {:?} {}", String::from_utf8_lossy(&text), if passes { "passes" } else { "is refused" });
    }
}

/// A delivery that was signed with another key never passes, whatever is done to it.
pub fn delivery(data: &[u8]) {
    let mut input = Input::new(data);
    let signing = input.pick(&SIGNINGS);
    let mut body = if input.byte().is_multiple_of(2) { BODY.to_vec() } else { input.take(64).to_vec() };
    let mut head = signing::unsigned();
    if signing.signer.sign(&mut head, &Bytes::copy_from_slice(&body), NOW).is_err() {
        return;
    }
    for _ in 0..3 {
        if input.is_empty() {
            break;
        }
        spoil(&mut head, &mut body, &mut input);
    }
    let verdict = signing.wrong.verify(&head, &Bytes::copy_from_slice(&body), Some(NOW));
    assert!(verdict.is_err(), "{}: passes under another key", signing.scheme.name());
}

/// One change of the request.
fn spoil(head: &mut Parts, body: &mut Vec<u8>, input: &mut Input<'_>) {
    let names: Vec<_> = head.headers.keys().cloned().collect();
    if names.is_empty() {
        return;
    }
    let name = input.pick(&names);
    match input.byte() % 7 {
        0 => drop(head.headers.remove(name)),
        1 => {
            let value = head.headers[name].clone();
            head.headers.append(name, value);
        }
        2 => {
            let mut value = head.headers[name].as_bytes().to_vec();
            input.edit(&mut value);
            if let Ok(value) = HeaderValue::from_bytes(&value) {
                head.headers.insert(name, value);
            }
        }
        3 => {
            let value = head.headers[input.pick(&names)].clone();
            head.headers.insert(name, value);
        }
        4 => input.edit(body),
        5 => {
            let target = String::from_utf8_lossy(input.take(24)).into_owned();
            if let Ok(uri) = format!("/{target}").parse() {
                head.uri = uri;
            }
        }
        _ => {
            if let Ok(value) = HeaderValue::from_bytes(input.take(40)) {
                head.headers.append(name, value);
            }
        }
    }
}
