//! Headers of another sender than the route is set up for.

use super::cause::Cause;
use super::explanation::Explanation;
use super::search::Search;
use crate::provider;
use crate::scheme::{Scheme, Source};

/// How many names a sentence gives.
const MOST_NAMES: usize = 3;

/// There is no signature of this sender, and there is one of another.
pub(super) fn likely(search: &Search<'_>) -> Option<Explanation> {
    let (own, _) = search.scheme().signature_place()?;
    let headers = &search.head.headers;
    if own.source == Source::Header && headers.contains_key(own.header) {
        return None;
    }
    let is_there = |scheme: &&&Scheme| {
        let there = |(field, _): (crate::scheme::Field, _)| {
            field.source == Source::Header && field.header != "authorization" && headers.contains_key(field.header)
        };
        scheme.signature_place().is_some_and(there)
    };
    let mut names = provider::ALL.iter().filter(is_there).map(|scheme| scheme.name());
    let first = names.next()?;
    let mut sentence = format!("the headers are those of `{first}`");
    for name in names.by_ref().take(MOST_NAMES - 1) {
        sentence += &format!(" or `{name}`");
    }
    if names.next().is_some() {
        sentence += " (and of others)";
    }
    Some(Explanation::likely(Cause::OtherSender, sentence))
}
