//! The one event that an explanation is.

use crate::explain::{Explanation, Refused, Route};

/// The target of explanations.
#[cfg(feature = "tracing")]
const TARGET: &str = "tower_webhook::explanation";

/// The longest text of a request in the log, in characters.
#[cfg(feature = "tracing")]
const LONGEST: usize = 128;

/// The most header names in the log.
#[cfg(feature = "tracing")]
const MOST_NAMES: usize = 64;

#[cfg(feature = "tracing")]
pub(super) fn explained(route: &Route, key_ids: &str, refused: &Refused<'_>, explanation: &Explanation) {
    use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
    use sha2::{Digest, Sha256};

    use crate::encoding::Encoding;
    use crate::explain::Confidence;
    use crate::redact::untrusted;

    let headers = &refused.head().headers;
    let shown = |name| {
        let text = headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        untrusted(&text.unwrap_or_default()).to_string().chars().take(LONGEST).collect::<String>()
    };
    let names: Vec<&str> = headers.keys().take(MOST_NAMES).map(|name| name.as_str()).collect();
    let body_bytes = refused.read_body().map(|body| body.len());
    let digest =
        refused.read_body().map(|body| Encoding::Hex.encode(Sha256::digest(body).get(..8).unwrap_or_default()));
    let body_sha256_start = digest.unwrap_or_default();
    let (route_name, provider) = (route.name(), route.sender().scheme().name());
    let header_names = names.join(",");
    let (content_type, content_encoding) = (shown(CONTENT_TYPE), shown(CONTENT_ENCODING));
    let skew_s = refused.skew_s(route);
    let (reason, cause) = (refused.reason().code(), explanation.cause().code());
    let (confidence, sentence) = (explanation.confidence().code(), explanation.sentence());
    let (fix, docs) = (explanation.fix(), explanation.docs());
    macro_rules! event {
        ($level:ident) => {
            tracing::$level!(
                target: TARGET, route = route_name, provider, reason, cause, confidence, sentence, fix, docs, key_ids,
                skew_s, body_bytes, body_sha256_start, content_type, content_encoding, header_names,
                "webhook refusal explained"
            )
        };
    }
    // What is certain is a mistake of ours or of an honest sender, and can be mended.
    if explanation.confidence() == Confidence::High { event!(warn) } else { event!(info) }
}

#[cfg(not(feature = "tracing"))]
pub(super) fn explained(_: &Route, _: &str, _: &Refused<'_>, _: &Explanation) {}
