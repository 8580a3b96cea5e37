//! What stands in for the store in memory where the feature `moka` is off.

use std::sync::Arc;

use super::erased::{Boxed, ErasedStore};
use super::store::Store;

/// A store without its type.
pub(super) fn erase<S: Store>(store: S) -> Arc<dyn ErasedStore> {
    Arc::new(Boxed::new(store))
}
