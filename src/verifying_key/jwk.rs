//! Keys as JSON, see [RFC 7517](https://www.rfc-editor.org/rfc/rfc7517).

use std::sync::Arc;

use base64ct::{Base64UrlUnpadded, Encoding};
use serde_json::{Map, Value};

use super::{NamedKey, VerifyingKey};
use crate::config_error::ConfigError;
use crate::strict_json;

/// The longest text that is looked at, in bytes.
const LONGEST: usize = 64 * 1024;
/// How many keys a set may have.
const MOST_KEYS: usize = 100;

/// The members that only a private key has, see [RFC 7518 §6](https://www.rfc-editor.org/rfc/rfc7518#section-6).
const PRIVATE: [&str; 8] = ["d", "dp", "dq", "k", "oth", "p", "q", "qi"];

type Members = Map<String, Value>;

impl VerifyingKey {
    /// From a JSON Web Key ([RFC 7517](https://www.rfc-editor.org/rfc/rfc7517)): `OKP` on Ed25519; with the feature
    /// `ecdsa` or `rsa` also `EC` on P-256, P-384 and P-521, and `RSA`.
    ///
    /// # Errors
    /// Another key type or curve; a private key; one that is not for signatures by its `use`, `key_ops` or `alg`; a
    /// member that stands there twice or is not canonical; more than 64 KiB.
    pub fn from_jwk(text: &str) -> Result<Self, ConfigError> {
        let members = strict_json::object(text.as_bytes()).filter(|_| text.len() <= LONGEST);
        members
            .and_then(|members| named(&members))
            .map(|named| named.key)
            .ok_or_else(|| wrong("no public JWK that we know"))
    }
}

/// The keys of a JWK Set ([RFC 7517 §5](https://www.rfc-editor.org/rfc/rfc7517#section-5)). Those of a type or use that
/// is not ours are left out, as the RFC has it.
pub(super) fn keys_of_set(text: &str) -> Result<Vec<NamedKey>, ConfigError> {
    let members = strict_json::object(text.as_bytes()).filter(|_| text.len() <= LONGEST);
    let members = members.ok_or_else(|| wrong("no JSON object, or one that says a member twice"))?;
    let Some(Value::Array(entries)) = members.get("keys") else { return Err(wrong("no set of JWKs")) };
    if entries.len() > MOST_KEYS {
        return Err(wrong("a set of more than 100 JWKs"));
    }
    let mut keys: Vec<NamedKey> = Vec::new();
    for entry in entries {
        let Value::Object(entry) = entry else { return Err(wrong("a set of JWKs in which something is no object")) };
        if PRIVATE.iter().any(|name| entry.contains_key(*name)) && text_of(entry, "kty") != Some("oct") {
            return Err(wrong("a set with a private key in it"));
        }
        let Some(key) = named(entry) else { continue };
        if key.id.is_some() && keys.iter().any(|other| other.id == key.id) {
            return Err(wrong("a set in which two keys have one `kid`"));
        }
        keys.push(key);
    }
    Ok(keys)
}

fn wrong(what: &str) -> ConfigError {
    ConfigError::secret(format!("this is {what}"))
}

fn text_of<'m>(members: &'m Members, name: &str) -> Option<&'m str> {
    members.get(name)?.as_str()
}

/// The member, where it is there, is a text that passes.
fn optional<'m>(members: &'m Members, name: &str, passes: impl Fn(&str) -> bool) -> Option<Option<&'m str>> {
    match members.get(name) {
        None => Some(None),
        Some(value) => value.as_str().filter(|text| passes(text)).map(Some),
    }
}

fn bytes_of(members: &Members, name: &str) -> Option<Vec<u8>> {
    Base64UrlUnpadded::decode_vec(text_of(members, name)?).ok().filter(|bytes| !bytes.is_empty())
}

fn named(members: &Members) -> Option<NamedKey> {
    if PRIVATE.iter().any(|name| members.contains_key(*name)) {
        return None;
    }
    optional(members, "use", |text| text == "sig")?;
    match members.get("key_ops") {
        None => {}
        Some(Value::Array(operations)) if operations.iter().any(|operation| operation == "verify") => {}
        Some(_) => return None,
    }
    let id = optional(members, "kid", |text| !text.is_empty())?;
    let (key, algorithms) = key_of(members)?;
    let algorithm = optional(members, "alg", |text| algorithms.contains(&text))?;
    Some(NamedKey { id: id.map(Arc::from), algorithm: algorithm.map(Arc::from), key })
}

/// The key, and the algorithms of [RFC 7518 §3.1](https://www.rfc-editor.org/rfc/rfc7518#section-3.1),
/// [RFC 8037](https://www.rfc-editor.org/rfc/rfc8037#section-3.1) and
/// [RFC 9864](https://www.rfc-editor.org/rfc/rfc9864) that go with it.
fn key_of(members: &Members) -> Option<(VerifyingKey, &'static [&'static str])> {
    match (text_of(members, "kty")?, text_of(members, "crv")) {
        ("OKP", Some("Ed25519")) => {
            let bytes = bytes_of(members, "x")?.try_into().ok()?;
            Some((VerifyingKey::from_bytes(bytes), &["EdDSA", "Ed25519"]))
        }
        #[cfg(any(feature = "ecdsa", feature = "rsa"))]
        ("EC", Some(curve)) => {
            use super::spki::{P256, P384, P521};
            let (curve, length, algorithms): (_, usize, &[_]) = match curve {
                "P-256" => (P256, 32, &["ES256"]),
                "P-384" => (P384, 48, &["ES384"]),
                "P-521" => (P521, 66, &["ES512"]),
                _ => return None,
            };
            // RFC 7518 §6.2.1.2 wants the zeros in front; TrueLayer publishes a key without.
            let mut point = vec![4];
            for number in [bytes_of(members, "x")?, bytes_of(members, "y")?] {
                let missing = length.checked_sub(number.len()).filter(|missing| *missing <= 2)?;
                point.extend(std::iter::repeat_n(0, missing));
                point.extend(number);
            }
            let der = super::spki::ec_key(curve, &point).ok()?;
            Some((VerifyingKey::from_der(&der).ok()?, algorithms))
        }
        #[cfg(any(feature = "ecdsa", feature = "rsa"))]
        ("RSA", None) => {
            let (modulus, exponent) = (bytes_of(members, "n")?, bytes_of(members, "e")?);
            let der = super::spki::rsa_key_of(&modulus, &exponent).ok()?;
            Some((VerifyingKey::from_der(&der).ok()?, &["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"]))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of RFC 8037 appendix A.2.
    const ED25519: &str = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;

    fn with(members: &str) -> String {
        ED25519.replacen('{', &format!("{{{members},"), 1)
    }

    #[test]
    fn an_ed25519_key_is_its_32_bytes() {
        let key = VerifyingKey::from_jwk(ED25519).unwrap();
        let hex = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
        assert_eq!(key, VerifyingKey::from_hex(hex).unwrap());
        for members in [r#""use":"sig""#, r#""alg":"EdDSA""#, r#""alg":"Ed25519","kid":"a""#, r#""key_ops":["verify"]"#]
        {
            assert_eq!(VerifyingKey::from_jwk(&with(members)).unwrap(), key, "{members}");
        }
    }

    #[test]
    fn what_is_no_public_key_for_signatures_is_refused() {
        let short = ED25519.replace("Ro\"", "\"");
        let padded = ED25519.replace("Ro\"", "Ro=\"");
        let other = ED25519.replace("Ed25519", "Ed448");
        for text in [short.as_str(), &padded, &other, "{}", "[]", "", r#"{"kty":"oct","k":"AQ"}"#] {
            assert!(VerifyingKey::from_jwk(text).is_err(), "{text}");
        }
        for members in [
            r#""use":"enc""#,
            r#""use":null"#,
            r#""alg":"ES256""#,
            r#""alg":"none""#,
            r#""alg":"HS256""#,
            r#""kid":7"#,
            r#""kid":"""#,
            r#""key_ops":["sign"]"#,
            r#""key_ops":"verify""#,
            r#""d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A""#,
            r#""kty":"OKP""#,
        ] {
            assert!(VerifyingKey::from_jwk(&with(members)).is_err(), "{members}");
        }
    }

    #[test]
    fn a_set_leaves_out_what_is_not_ours_and_refuses_what_is_ambiguous() {
        let set = |keys: &[&str]| keys_of_set(&format!(r#"{{"keys":[{}]}}"#, keys.join(",")));
        let (a, b) = (with(r#""kid":"a""#), with(r#""kid":"b""#));
        let encrypts = with(r#""kid":"a","use":"enc""#);
        let found =
            set(&[&a, &b, &encrypts, r#"{"kty":"new"}"#, r#"{"kty":"oct","k":"AQ"}"#, ED25519, ED25519]).unwrap();
        let ids: Vec<_> = found.iter().map(|key| key.id()).collect();
        assert_eq!(ids, [Some("a"), Some("b"), None, None]);
        assert!(set(&[]).unwrap().is_empty());
        let private = with(r#""d":"AQ""#);
        for keys in [&[a.as_str(), &a][..], &["1"], &[&private], &[a.as_str(); 101]] {
            assert!(set(keys).is_err());
        }
        for text in ["", "{}", r#"{"keys":{}}"#, r#"{"keys":[],"keys":[]}"#] {
            assert!(keys_of_set(text).is_err(), "{text}");
        }
    }

    /// The keys of RFC 7517 appendix A.1.
    #[cfg(any(feature = "ecdsa", feature = "rsa"))]
    #[test]
    fn the_set_of_the_rfc_is_read() {
        let ec = r#"{"kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
            "y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM","use":"sig","kid":"1"}"#;
        let rsa = r#"{"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
            "e":"AQAB","alg":"RS256","kid":"2011-04-29"}"#;
        let set = keys_of_set(&format!(r#"{{"keys":[{ec},{rsa}]}}"#)).unwrap();
        assert_eq!(set.iter().map(NamedKey::id).collect::<Vec<_>>(), [Some("1"), Some("2011-04-29")]);
        assert_eq!(set.iter().map(NamedKey::algorithm).collect::<Vec<_>>(), [None, Some("RS256")]);
        assert!(VerifyingKey::from_jwk(&ec.replace("KPAqv7D4", "")).is_err(), "a coordinate that is cut");
        assert!(VerifyingKey::from_jwk(&ec.replace("MKBC", "AAAAMKBC")).is_err(), "a coordinate that is too long");
        assert!(VerifyingKey::from_jwk(&ec.replace("P-256", "P-521")).is_err(), "of another curve");
        assert!(VerifyingKey::from_jwk(&rsa.replace("RS256", "ES256")).is_err(), "of another algorithm");
    }
}
