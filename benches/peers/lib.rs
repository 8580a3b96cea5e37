//! What the benches of this package share: rows that are timed in turns, allocations that are counted, the limit of the
//! processor. Never a dependency of anything.

pub mod allocations;
pub mod limit;
pub mod rows;
