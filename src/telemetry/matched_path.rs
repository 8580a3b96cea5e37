//! The route as axum names it.

use axum::extract::MatchedPath;
use http::Extensions;

pub(super) fn matched_path(extensions: &Extensions) -> Option<&str> {
    extensions.get::<MatchedPath>().map(MatchedPath::as_str)
}
