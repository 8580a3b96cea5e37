//! Making a token, as a sender with a shared secret does.

use bytes::Bytes;
use http::Uri;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::super::sender::Sender;
use super::verify::{called_url, mac};
use super::{Claim, Jwt};
use crate::clock::UnixTime;
use crate::encoding::Encoding;
use crate::secret::Secret;

/// How long a token that we make counts, in seconds.
const LIFE: u64 = 300;

/// A token over this body. `None` where this sender signs with a private key.
pub(in crate::scheme) fn make(
    jwt: &Jwt,
    secret: &Secret,
    sender: &Sender,
    (uri, body): (&Uri, &Bytes),
    now: UnixTime,
) -> Option<String> {
    let algorithm = jwt.algorithms().iter().find(|algorithm| algorithm.public().is_none())?;
    let url = called_url(sender, uri);
    let hash = |encoding: Encoding, bytes: &[u8]| encoding.encode(&Sha256::digest(bytes));
    let seconds = now.as_secs();
    let mut claims = Map::new();
    claims.insert(String::from("iat"), json!(seconds));
    claims.insert(String::from("nbf"), json!(seconds));
    claims.insert(String::from("exp"), json!(seconds.saturating_add(LIFE)));
    // Of the same delivery the same: who sends has ids of its own.
    claims.insert(String::from("jti"), json!(hash(Encoding::Hex, body).get(..32)));
    for (name, claim) in jwt.claims {
        let value = match claim {
            Claim::IsKeyId => json!(sender.own_id()),
            Claim::IsOneOf(texts) => json!(texts.first()),
            Claim::IsTrue => Value::Bool(true),
            Claim::IsAudience | Claim::IsUrl => json!(url),
            Claim::IsUrlHash => json!(hash(Encoding::Hex, url.as_bytes())),
        };
        claims.insert((*name).to_owned(), value);
    }
    if let Some((name, encoding)) = jwt.body_hash {
        claims.insert(name.to_owned(), json!(hash(encoding, body)));
    }
    let part = |value: &Value| Encoding::Base64Url.encode(value.to_string().as_bytes());
    let header = json!({ "alg": algorithm.name(), "typ": "JWT" });
    let signed = format!("{}.{}", part(&header), part(&Value::Object(claims)));
    let mut mac = mac(*algorithm, secret);
    mac.update(signed.as_bytes());
    Some(format!("{signed}.{}", Encoding::Base64Url.encode(mac.finish().as_slice())))
}

#[cfg(test)]
mod tests {
    use super::super::super::UrlScheme;
    use super::super::token_header;
    use super::*;

    const SHARED: Jwt = Jwt::new(&[super::super::JwtAlgorithm::Hs256]).claims(&[("url", Claim::IsUrl)]);

    #[test]
    fn the_query_of_the_call_is_signed_unless_the_url_has_one() {
        let secret = Secret::new("a secret of at least sixteen bytes").unwrap();
        for (configured, signed) in [
            ("https://hooks.example/in", "https://hooks.example/in?b=2"),
            ("https://hooks.example/in?a=1", "https://hooks.example/in?a=1"),
        ] {
            let sender = UrlScheme::new(crate::provider::GITHUB).at(configured).unwrap();
            let (uri, body) = (Uri::from_static("/in?b=2"), Bytes::new());
            let token = make(&SHARED, &secret, &sender, (&uri, &body), UnixTime::from_secs(1)).unwrap();
            assert!(token_header(&token).is_some());
            let mut claims = [0; 1024];
            let claims = Encoding::Base64Url.decode(token.split('.').nth(1).unwrap(), &mut claims).unwrap();
            let claims: Value = serde_json::from_slice(claims).unwrap();
            assert_eq!(claims["url"], signed);
        }
    }
}
