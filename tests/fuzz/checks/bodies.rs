//! Facts that are read out of a body.

use std::fmt;

use bytes::Bytes;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use super::signing::{self, NOW};

/// The id of a delivery is the first `id` of its object, as a full parse reads it.
pub fn json_id(data: &[u8]) {
    let signing = signing::of("stripe");
    let body = Bytes::copy_from_slice(data);
    let mut head = signing::unsigned();
    signing.signer.sign(&mut head, &body, NOW).expect("any body can be signed");
    let delivery = signing.right.verify(&head, &body, Some(NOW)).expect("what was signed passes");
    let id = delivery.id();
    drop(delivery.event_type());
    let Ok(FirstId(expected)) = serde_json::from_slice(data) else { return };
    assert_eq!(id.as_deref(), expected.as_deref());
}

/// The string at the first `id`; whole numbers and booleans as text.
struct FirstId(Option<String>);

impl<'de> serde::Deserialize<'de> for FirstId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct First;

        impl<'de> Visitor<'de> for First {
            type Value = FirstId;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<FirstId, A::Error> {
                let mut found = None;
                while let Some(key) = map.next_key::<String>()? {
                    if key == "id" && found.is_none() {
                        found = Some(map.next_value::<Box<RawValue>>()?);
                    } else {
                        map.next_value::<IgnoredAny>()?;
                    }
                }
                let text = found.map(|raw| raw.get().to_owned()).and_then(|raw| match raw.as_bytes() {
                    [b'"', ..] => serde_json::from_str::<String>(&raw).ok(),
                    // No id has a fraction.
                    _ => serde_json::from_str::<Value>(&raw).ok().and_then(|value| match value {
                        Value::Bool(value) => Some(value.to_string()),
                        Value::Number(number) if !number.is_f64() => Some(number.to_string()),
                        _ => None,
                    }),
                });
                Ok(FirstId(text.filter(|text| !text.is_empty())))
            }
        }

        deserializer.deserialize_map(First)
    }
}
