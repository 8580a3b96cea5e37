//! Fiuu, which hashes fields and a hash of fields, with MD5.

use std::borrow::Cow;
use std::ops::ControlFlow;

use md5::{Digest, Md5};

use super::entry;
use super::form_fields::Fields;
use crate::rejection::Reason;
use crate::scheme::{Confidence, Coverage, Emit, Encoding, Scheme, SignatureRule, Unverified, VerifyError, by_rule};

/// Fiuu (Razer Merchant Services): a form with the field `skey`, plain MD5 under the secret key over fields and an MD5 of
/// fields; of a refund, the field `Signature`. MD5 is broken, nothing stands between the fields, and no other field is
/// covered: ask Fiuu for the payment.
/// <https://docs.fiuu.dev/reference/security-data-integrity>
pub const FIUU_MD5: Scheme = entry(
    Scheme::digest_md5("fiuu")
        .signature(by_rule(), Encoding::Hex)
        .signed_by(&FiuuRule)
        .answer("CBTOKEN:MPSTATOK")
        .source("juspay/connector-service connectors/fiuu.rs; docs.fiuu.dev", Confidence::ThirdParty),
);

#[derive(Debug)]
struct FiuuRule;

fn field<'f>(fields: &'f Fields, name: &str) -> Result<&'f [u8], VerifyError> {
    let missing = || VerifyError::new(Reason::SignatureMismatch, "a signed field is missing");
    fields.get(name).map(str::as_bytes).ok_or_else(missing)
}

impl SignatureRule for FiuuRule {
    /// Those of a payment.
    fn covers(&self) -> Coverage {
        Coverage::Fields(&["tranID", "orderid", "status", "domain", "amount", "currency", "paydate", "appcode"])
    }

    fn signature<'a>(&self, request: &Unverified<'a>) -> Result<Cow<'a, str>, VerifyError> {
        let fields = Fields::of_body(&request.head.headers, request.body)?;
        let found = fields.get("skey").or_else(|| fields.get("Signature"));
        let missing = || VerifyError::new(Reason::MissingSignature, "there is no signature in the form");
        found.map(|text| Cow::Owned(text.to_owned())).ok_or_else(missing)
    }

    fn contents(&self, request: &Unverified<'_>, emit: &mut Emit<'_>) -> Result<(), VerifyError> {
        let fields = Fields::of_body(&request.head.headers, request.body)?;
        let of = |name| field(&fields, name);
        if fields.get("skey").is_none() {
            let names = ["RefundType", "MerchantID", "RefID", "RefundID", "TxnID", "Amount", "Status"];
            let refund = names.into_iter().map(of).collect::<Result<Vec<_>, _>>()?.concat();
            let _: ControlFlow<()> = emit(&[&refund, request.secret]);
            return Ok(());
        }
        let mut inner = Md5::new();
        for name in ["tranID", "orderid", "status", "domain", "amount", "currency"] {
            inner.update(of(name)?);
        }
        let inner = Encoding::Hex.encode(&inner.finalize());
        let appcode = fields.get("appcode").unwrap_or_default().as_bytes();
        let _: ControlFlow<()> = emit(&[of("paydate")?, of("domain")?, inner.as_bytes(), appcode, request.secret]);
        Ok(())
    }
}
