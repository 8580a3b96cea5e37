//! Mercado Pago, which signs a parameter and two headers, and nothing of the body.

use std::ops::ControlFlow;

use super::entry;
use super::form_fields::Fields;
use crate::rejection::Reason;
use crate::scheme::{
    Confidence, Coverage, Emit, Encoding, Place, Scheme, SignatureRule, TimestampFormat, Unverified, VerifyError, item,
};

/// Mercado Pago: `x-signature: ts=<seconds or milliseconds>,v1=<hex>`, HMAC-SHA-256 over
/// `id:<data.id>;request-id:<x-request-id>;ts:<ts>;`, where `data.id` is the query parameter and what is missing is left out.
/// The body is not covered: fetch the payment by the `data.id` of the query. Notifications of QR codes are not signed.
/// <https://www.mercadopago.com.ar/developers/en/docs/your-integrations/notifications/webhooks>
pub const MERCADOPAGO: Scheme = entry(
    Scheme::hmac_sha256("mercadopago")
        .signature(item("x-signature", ',', "v1").spaced(), Encoding::Hex)
        .timestamp(item("x-signature", ',', "ts").spaced(), TimestampFormat::UnixSecondsOrMillis)
        .signed_by(&MercadoPagoRule)
        .id(Place::Header("x-request-id"))
        .event_type(Place::Json("/type"))
        .source("npm mercadopago 3.6.1 dist/utils/webhook", Confidence::Verified),
);

#[derive(Debug)]
struct MercadoPagoRule;

impl SignatureRule for MercadoPagoRule {
    fn covers(&self) -> Coverage {
        Coverage::Nothing
    }

    fn contents(&self, request: &Unverified<'_>, emit: &mut Emit<'_>) -> Result<(), VerifyError> {
        let query = Fields::read(request.head.uri.query().unwrap_or_default().as_bytes())?;
        let data_id = query.get("data.id").unwrap_or_default();
        let mut lines = request.head.headers.get_all("x-request-id").iter();
        let request_id = match (lines.next().map(|line| line.to_str()), lines.next()) {
            (None, _) => "",
            (Some(Ok(text)), None) => text,
            _ => return Err(VerifyError::new(Reason::MalformedSignature, "a signed header is not one line of ASCII")),
        };
        // With a separator in it, one of them could stand for both.
        if data_id.contains(';') || request_id.contains(';') {
            return Err(VerifyError::new(Reason::MalformedSignature, "what is signed contains its separator"));
        }
        // That `ts` stands there once was seen before: it is the timestamp.
        let signature = request.head.headers.get("x-signature").and_then(|line| line.to_str().ok()).unwrap_or_default();
        let ts = signature.split(',').find_map(|item| item.strip_prefix(' ').unwrap_or(item).strip_prefix("ts="));
        let ts = ts.unwrap_or_default();
        let manifest = |data_id: &str| {
            let part = |name, value: &str| if value.is_empty() { String::new() } else { format!("{name}:{value};") };
            format!("{}{}ts:{ts};", part("id", data_id), part("request-id", request_id))
        };
        // The documentation says lower case; the SDK takes it as it is.
        if emit(&[manifest(data_id).as_bytes()]) == ControlFlow::Continue(()) {
            let _: ControlFlow<()> = emit(&[manifest(&data_id.to_ascii_lowercase()).as_bytes()]);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::Request;

    use super::*;

    fn manifests(query: &str, ids: &[&'static str]) -> Option<Vec<String>> {
        let request = Request::post(format!("/?{query}")).header("x-signature", "v1=00, ts=5");
        let request = ids.iter().fold(request, |request, id| request.header("x-request-id", *id));
        let ((head, ()), body) = (request.body(()).unwrap().into_parts(), Bytes::new());
        let mut found = Vec::new();
        let request = Unverified { head: &head, body: &body, public_url: "", key_id: "", timestamp: "", secret: &[] };
        MercadoPagoRule
            .contents(&request, &mut |slices| {
                found.push(String::from_utf8(slices.concat()).unwrap());
                ControlFlow::Continue(())
            })
            .ok()?;
        Some(found)
    }

    #[test]
    fn what_is_missing_is_left_out_and_nothing_stands_for_two() {
        let both = ["id:A;request-id:r;ts:5;".to_owned(), "id:a;request-id:r;ts:5;".to_owned()];
        assert_eq!(manifests("data.id=A", &["r"]).unwrap(), both);
        assert_eq!(manifests("id=A", &[]).unwrap(), ["ts:5;", "ts:5;"]);
        for (query, ids) in [
            ("data.id=A;request-id:r", &[][..]),
            ("data.id=A%3Brequest-id:r", &[]),
            ("data.id=A", &["r;ts:5"]),
            ("data.id=A", &["r", "r"]),
            ("data.id=A&data.id=B", &["r"]),
        ] {
            assert_eq!(manifests(query, ids), None, "{query} {ids:?}");
        }
    }
}
