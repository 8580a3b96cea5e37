//! How many bytes of unauthenticated bodies the process holds at most.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

/// A bound on the memory that senders can make this process hold before they have proved who they
/// are. Counted is the capacity of the buffers, not what happens to stand in them. A request that
/// would go over is refused with `over_capacity` (503, `Retry-After: 1`).
///
/// Clones share one count. [`BodyBudget::global`] is the default of every layer.
#[derive(Clone)]
pub struct BodyBudget(Arc<Count>);

struct Count {
    limit: usize,
    used: AtomicUsize,
}

impl BodyBudget {
    /// The limit of [`BodyBudget::global`]: 256 MiB.
    pub const GLOBAL_LIMIT: usize = 256 * 1024 * 1024;

    /// A budget of its own, of `limit` bytes.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self(Arc::new(Count { limit, used: AtomicUsize::new(0) }))
    }

    /// The budget that all layers of the process share unless they are given another.
    #[must_use]
    pub fn global() -> Self {
        static GLOBAL: OnceLock<BodyBudget> = OnceLock::new();
        GLOBAL.get_or_init(|| Self::new(Self::GLOBAL_LIMIT)).clone()
    }

    pub(crate) fn is_global(&self) -> bool {
        Arc::ptr_eq(&self.0, &Self::global().0)
    }

    /// Bytes held at this moment.
    #[must_use]
    pub fn used(&self) -> usize {
        self.0.used.load(Ordering::Relaxed)
    }

    /// The bound, in bytes.
    #[must_use]
    pub fn limit(&self) -> usize {
        self.0.limit
    }

    /// Nothing held yet.
    pub(crate) fn hold(&self) -> Held {
        Held { budget: self.clone(), bytes: 0 }
    }

    fn take(&self, bytes: usize) -> bool {
        let fits = |used: usize| used.checked_add(bytes).filter(|sum| *sum <= self.0.limit);
        self.0.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits).is_ok()
    }
}

impl fmt::Debug for BodyBudget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BodyBudget").field("limit", &self.limit()).field("used", &self.used()).finish()
    }
}

/// A share of a budget, given back when dropped.
#[derive(Debug)]
pub(crate) struct Held {
    budget: BodyBudget,
    bytes: usize,
}

impl Held {
    /// Holds `bytes` in all from now on; `false` (and nothing changes) where the budget is spent.
    pub(crate) fn resize(&mut self, bytes: usize) -> bool {
        let fits = match bytes.checked_sub(self.bytes) {
            Some(more) => self.budget.take(more),
            None => {
                self.budget.0.used.fetch_sub(self.bytes - bytes, Ordering::Relaxed);
                true
            }
        };
        if fits {
            self.bytes = bytes;
        }
        fits
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.budget.0.used.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_never_overdrawn_and_given_back_on_drop() {
        let budget = BodyBudget::new(100);
        let (mut one, mut two) = (budget.hold(), budget.hold());
        assert!(one.resize(60));
        assert!(!two.resize(41));
        assert!(two.resize(40));
        assert!(!two.resize(usize::MAX));
        assert!(one.resize(10));
        assert_eq!(budget.used(), 50);
        drop((one, two));
        assert_eq!(budget.used(), 0);
    }
}
