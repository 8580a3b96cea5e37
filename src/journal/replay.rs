//! A delivery out of a journal, as it stood behind the signature.

use http::{HeaderValue, Request};
use serde_json::{Map, Value as Json};

use crate::body::VerifiedBody;
use crate::capture::CapturedDelivery;
use crate::clock::UnixTime;
use crate::config_error::{ConfigError, ConfigErrorKind};
use crate::delivery::{Delivery, Value};
use crate::run_context::JournalReplay;
use crate::scheme::{Place, Plan, Sender};

/// See [`danger::replay_journaled`](crate::danger::replay_journaled).
pub(crate) fn replayed(
    captured: &CapturedDelivery,
    sender: Sender,
    forced: bool,
) -> Result<Request<VerifiedBody>, ConfigError> {
    let wrong = |what: &str| ConfigError::new(ConfigErrorKind::Scheme, what.to_owned());
    let plan = Plan::new(sender)?;
    if captured.provider() != Some(plan.scheme().name()) {
        return Err(wrong("the line is of another sender"));
    }
    let Some(Json::Object(verified)) = captured.other_fields().get("verified") else {
        return Err(wrong("the line has no `verified`: no journal has written it"));
    };
    let text = |name: &str| verified.get(name).and_then(Json::as_str);
    let Some(key_id) = text("key_id") else { return Err(wrong("the delivery was let in unsigned")) };
    let body = captured.body().clone();
    let delivery = Delivery {
        facts: plan.facts().clone(),
        route: text("route").unwrap_or_else(|| plan.route()).into(),
        tenant: text("tenant").map(Into::into),
        id: told(verified, "id", plan.scheme().id_place()),
        event_type: told(verified, "event_type", plan.scheme().event_type_place()),
        account: text("account").and_then(|text| HeaderValue::from_str(text).ok()),
        attempt: verified.get("attempt").and_then(Json::as_u64).and_then(|attempt| attempt.try_into().ok()),
        sent_at: verified.get("sent_at").and_then(Json::as_u64).map(UnixTime::from_secs),
        key_id: Some(key_id.into()),
        proof: None,
        run: None,
        body: body.clone(),
    };
    let mut request = Request::from_parts(captured.head().clone(), VerifiedBody::new(body));
    request.extensions_mut().insert(delivery);
    request.extensions_mut().insert(JournalReplay { received_at: captured.received_at(), forced });
    Ok(request)
}

/// What stood in a header is taken as it was found; what stands in the body is found there again.
fn told(verified: &Map<String, Json>, name: &str, place: Place) -> Value {
    match (place, verified.get(name).and_then(Json::as_str)) {
        (Place::Json(pointer), _) => Value::Body(pointer),
        (_, Some(text)) => HeaderValue::from_str(text).map_or(Value::Malformed, Value::Header),
        (_, None) => Value::None,
    }
}
