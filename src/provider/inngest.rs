//! Inngest, which signs JSON in its canonical form.

use std::ops::ControlFlow;

use super::entry;
use crate::scheme::{
    Confidence, Emit, Encoding, Scheme, SecretText, SignatureRule, TimestampFormat, Unverified, VerifyError, item,
};
use crate::strict_json;

/// Inngest: `X-Inngest-Signature: t=<time>&s=<hex>`, HMAC-SHA-256 over the body in the canonical form of
/// [RFC 8785](https://www.rfc-editor.org/rfc/rfc8785) or as it is, and the timestamp behind it. The secret is the signing key, of which
/// `signkey-<environment>-` is no part. A body that is no JSON, or says something twice, has no canonical form.
/// <https://www.inngest.com/docs/platform/signing-keys>
pub const INNGEST: Scheme = entry(
    Scheme::hmac_sha256("inngest")
        .secret_text(SecretText::WithoutEnvironment { prefix: "signkey-" })
        .signature(item("x-inngest-signature", '&', "s"), Encoding::Hex)
        .timestamp(item("x-inngest-signature", '&', "t"), TimestampFormat::UnixSeconds)
        .signed_by(&CanonicalJson)
        // The state of a run, up to 4 MiB, and its event.
        .body_limit(5 * 1024 * 1024)
        .source("inngest/inngest-js packages/inngest/src/helpers/net.ts", Confidence::Verified),
);

#[derive(Debug)]
struct CanonicalJson;

impl SignatureRule for CanonicalJson {
    fn contents(&self, request: &Unverified<'_>, emit: &mut Emit<'_>) -> Result<(), VerifyError> {
        let canonical =
            strict_json::parse(request.body).and_then(|value| serde_json_canonicalizer::to_vec(&value).ok());
        if let Some(canonical) = canonical
            && emit(&[&canonical, request.timestamp.as_bytes()]).is_break()
        {
            return Ok(());
        }
        // Its SDK signs a text as it is.
        let _: ControlFlow<()> = emit(&[request.body, request.timestamp.as_bytes()]);
        Ok(())
    }
}
