//! Headers that count for the signature, and stand there twice or not at all.

use super::cause::Cause;
use super::explanation::Explanation;
use super::search::Search;
use crate::rejection::Reason;

/// Looked at before anything is tried: what is tried writes these headers anew.
pub(super) fn likely(search: &Search<'_>) -> Option<Explanation> {
    use Reason::{MalformedSignature, MalformedTimestamp, MissingSignature};
    if !matches!(search.reason, MalformedSignature | MalformedTimestamp | MissingSignature) {
        return None;
    }
    let headers = search.scheme().headers_that_count(search.head)?;
    let lines = |name| search.head.headers.get_all(name).iter().count();
    if let Some(name) = headers.once.iter().find(|name| lines(*name) > 1) {
        let sentence = format!("the header `{name}` stands there {} times, and once is what counts", lines(name));
        return Some(Explanation::likely(Cause::HeaderRepeated, sentence));
    }
    let name = headers.signed.iter().find(|name| lines(*name) == 0)?;
    Some(Explanation::likely(Cause::HeaderMissing, format!("the header `{name}` is signed, and is not there")))
}
