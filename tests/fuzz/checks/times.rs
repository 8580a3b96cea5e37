//! A timestamp is digits, and near.

use bytes::Bytes;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::HeaderValue;
use sha2::Sha256;

use super::signing::{self, NOW};

const BODY: &[u8] = b"{}";
/// What both senders allow, each way.
const TOLERANCE: u64 = 300;

/// A timestamp passes exactly where it is a canonical number within the tolerance, though every one is signed here.
pub fn timestamp(data: &[u8]) {
    let Ok(value) = HeaderValue::from_bytes(data) else { return };
    let passes = [slack(&value), standard_webhooks(&value)];
    let canonical = |text: &str| {
        let number: u64 = text.parse().ok()?;
        // Written again it is the same text: no sign, no leading zero.
        (number.to_string() == text && number.abs_diff(NOW.as_secs()) <= TOLERANCE).then_some(())
    };
    let expected = std::str::from_utf8(data).ok().and_then(canonical).is_some();
    assert_eq!(passes, [expected; 2], "{:?}", String::from_utf8_lossy(data));
}

fn slack(timestamp: &HeaderValue) -> bool {
    let mut head = signing::unsigned();
    let secret = b"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let tag = tag(secret, &[b"v0:", timestamp.as_bytes(), b":", BODY]);
    head.headers.insert("x-slack-request-timestamp", timestamp.clone());
    let signature = format!("v0={}", base16ct::lower::encode_string(&tag));
    head.headers.insert("x-slack-signature", HeaderValue::try_from(signature).expect("a header value"));
    signing::of("slack").right.verify(&head, &Bytes::from_static(BODY), Some(NOW)).is_ok()
}

fn standard_webhooks(timestamp: &HeaderValue) -> bool {
    use base64ct::{Base64, Encoding as _};

    let mut head = signing::unsigned();
    let secret = Base64::decode_vec("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("base64");
    let tag = tag(&secret, &[b"msg_1.", timestamp.as_bytes(), b".", BODY]);
    head.headers.insert("webhook-timestamp", timestamp.clone());
    let signature = format!("v1,{}", Base64::encode_string(&tag));
    head.headers.insert("webhook-signature", HeaderValue::try_from(signature).expect("a header value"));
    signing::of("standard-webhooks").right.verify(&head, &Bytes::from_static(BODY), Some(NOW)).is_ok()
}

fn tag(secret: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("a key of any length");
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().to_vec()
}
