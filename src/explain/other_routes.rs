//! Keys of other routes, and deliveries that are for them.

use super::cause::Cause;
use super::explanation::Explanation;
use super::search::Search;

pub(super) fn prove(search: &mut Search<'_>) -> Option<Explanation> {
    let others = search.others.iter().filter(|other| other.name() != search.route.name());
    for other in others.collect::<Vec<_>>() {
        if search.fits(search.route.sender(), other.keys()) {
            let sentence = format!("the secret of the route `{}` fits", other.name());
            return Some(Explanation::proven(Cause::SecretOfOtherRoute, sentence));
        }
        if search.fits_route(other) {
            let sentence = format!("the delivery is one for the route `{}`", other.name());
            return Some(Explanation::proven(Cause::OtherRoute, sentence));
        }
    }
    None
}
