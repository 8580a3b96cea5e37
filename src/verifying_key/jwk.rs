//! Keys as services publish them ([RFC 7517](https://www.rfc-editor.org/rfc/rfc7517)).

use serde_json::{Map, Value};
use x509_cert::der::asn1::{BitString, UintRef};
use x509_cert::der::oid::ObjectIdentifier;
use x509_cert::der::{Any, Encode};
use x509_cert::spki::{AlgorithmIdentifier, SubjectPublicKeyInfoOwned};

use super::{VerifyingKey, pem};
use crate::config_error::ConfigError;
use crate::encoding::Encoding;

/// The longest document that is looked at, in bytes.
const LONGEST: usize = 64 * 1024;
/// Keys in a document.
const MOST_KEYS: usize = 64;
/// `id-ecPublicKey` and the curves of [RFC 5480](https://www.rfc-editor.org/rfc/rfc5480#section-2.1.1).
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P521: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");

impl VerifyingKey {
    /// From a JSON Web Key: RSA, EC on P-256 or P-521, Ed25519.
    ///
    /// # Errors
    /// Another kind of key, one that is not for signatures, a private one, a text of more than 64 KiB.
    pub fn from_jwk(text: &str) -> Result<Self, ConfigError> {
        let value: Map<String, Value> = parsed(text)?;
        Self::of_jwk(&value)
    }

    /// From a set of them (`{"keys":[…]}`), each with its `kid` where it has one. Keys that are not for signatures, or of
    /// a kind that is not known, are left out.
    ///
    /// # Errors
    /// No such set, one without a single key that can be used, two keys with one `kid`, more than 64 keys or 64 KiB.
    pub fn all_from_jwks(text: &str) -> Result<Vec<(Option<String>, Self)>, ConfigError> {
        let set: Map<String, Value> = parsed(text)?;
        let keys = set.get("keys").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        if keys.len() > MOST_KEYS {
            return Err(wrong());
        }
        let mut found: Vec<(Option<String>, Self)> = Vec::new();
        for key in keys.iter().filter_map(Value::as_object) {
            let Ok(usable) = Self::of_jwk(key) else { continue };
            let kid = key.get("kid").and_then(Value::as_str).map(str::to_owned);
            if kid.is_some() && found.iter().any(|(known, _)| *known == kid) {
                return Err(ConfigError::secret("two keys of the set have one `kid`"));
            }
            found.push((kid, usable));
        }
        if found.is_empty() { Err(wrong()) } else { Ok(found) }
    }

    fn of_jwk(key: &Map<String, Value>) -> Result<Self, ConfigError> {
        let text = |name: &str| key.get(name).and_then(Value::as_str);
        if key.contains_key("d") || text("use").is_some_and(|usage| usage != "sig") {
            return Err(wrong());
        }
        let bytes = |name: &str| {
            let text = text(name)?;
            let mut buffer = vec![0; text.len()];
            Encoding::Base64Url.decode(text, &mut buffer).map(<[u8]>::to_vec)
        };
        let der = match (text("kty"), text("crv")) {
            (Some("OKP"), Some("Ed25519")) => {
                let x = bytes("x").and_then(|x| <[u8; 32]>::try_from(x).ok());
                return x.map(Self::from_bytes).ok_or_else(wrong);
            }
            (Some("EC"), Some("P-256")) => ec(P256, 32, bytes("x"), bytes("y")),
            (Some("EC"), Some("P-521")) => ec(P521, 66, bytes("x"), bytes("y")),
            (Some("RSA"), _) => rsa(bytes("n"), bytes("e")),
            _ => None,
        };
        Self::from_der(&der.ok_or_else(wrong)?)
    }
}

fn wrong() -> ConfigError {
    ConfigError::secret("this is no JSON Web Key that verifies signatures")
}

fn parsed(text: &str) -> Result<Map<String, Value>, ConfigError> {
    if text.len() > LONGEST {
        return Err(wrong());
    }
    serde_json::from_str(text).map_err(|_| wrong())
}

/// Coordinates may be written without the zeros in front of them.
fn ec(curve: ObjectIdentifier, length: usize, x: Option<Vec<u8>>, y: Option<Vec<u8>>) -> Option<Vec<u8>> {
    let mut point = vec![4];
    for number in [x?, y?] {
        point.extend(std::iter::repeat_n(0, length.checked_sub(number.len())?));
        point.extend(number);
    }
    let info = SubjectPublicKeyInfoOwned {
        algorithm: AlgorithmIdentifier { oid: EC, parameters: Some(Any::from(curve)) },
        subject_public_key: BitString::from_bytes(&point).ok()?,
    };
    info.to_der().ok()
}

fn rsa(modulus: Option<Vec<u8>>, exponent: Option<Vec<u8>>) -> Option<Vec<u8>> {
    let (modulus, exponent) = (modulus.filter(|number| !number.is_empty())?, exponent?);
    let numbers = vec![UintRef::new(&modulus).ok()?, UintRef::new(&exponent).ok()?];
    let key = numbers.to_der().ok()?;
    pem::rsa_key(&key).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::{PublicAlgorithm, PublicKey};

    /// The key of [RFC 7515 appendix A.3](https://www.rfc-editor.org/rfc/rfc7515#appendix-A.3), its public half, and
    /// the RSA key of appendix A.2.
    const EC_KEY: &str = r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;
    const RSA_KEY: &str = r#"{"kty":"RSA","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ","e":"AQAB"}"#;

    #[test]
    fn published_keys_verify_the_published_signatures() {
        let signed = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
        let mut buffer = [0; 512];
        let signature = Encoding::Base64Url
            .decode(
                "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
                &mut buffer,
            )
            .unwrap();
        let key = VerifyingKey::from_jwk(EC_KEY).unwrap();
        let key = PublicKey::parse(PublicAlgorithm::EcdsaP256Sha256Fixed, &key).unwrap();
        assert!(key.verifies(signed.as_bytes(), signature));
        assert!(!key.verifies(b"other", signature));

        let key = VerifyingKey::from_jwk(RSA_KEY).unwrap();
        assert!(PublicKey::parse(PublicAlgorithm::RsaPkcs1Sha256, &key).is_ok());
        assert!(PublicKey::parse(PublicAlgorithm::EcdsaP256Sha256, &key).is_err());
    }

    #[test]
    fn what_verifies_nothing_is_refused() {
        for text in [
            "",
            "{}",
            r#"{"kty":"oct","k":"AQAB"}"#,
            r#"{"kty":"EC","crv":"P-256","x":"AQAB"}"#,
            r#"{"kty":"EC","crv":"P-384","x":"AQAB","y":"AQAB"}"#,
            r#"{"kty":"RSA","n":"","e":"AQAB"}"#,
            r#"{"kty":"OKP","crv":"Ed25519","x":"AQAB"}"#,
            &EC_KEY.replace("\"kty\"", "\"use\":\"enc\",\"kty\""),
            &EC_KEY.replace("\"kty\"", "\"d\":\"AQAB\",\"kty\""),
            &EC_KEY.replace("f83O", "AAf83O"),
        ] {
            assert!(VerifyingKey::from_jwk(text).is_err(), "{text}");
        }
    }

    #[test]
    fn of_a_set_the_keys_that_can_be_used_are_taken() {
        let set = |keys: &[&str]| VerifyingKey::all_from_jwks(&format!(r#"{{"keys":[{}]}}"#, keys.join(",")));
        let named = EC_KEY.replace("\"kty\"", "\"kid\":\"a\",\"kty\"");
        let found = set(&[&named, RSA_KEY, r#"{"kty":"oct","k":"AQAB"}"#]).unwrap();
        assert_eq!(found.iter().map(|(kid, _)| kid.as_deref()).collect::<Vec<_>>(), [Some("a"), None]);
        assert!(set(&[]).is_err());
        assert!(set(&[&named, &named]).is_err());
        assert!(set(&vec![EC_KEY; 65]).is_err());
    }
}
