//! Nothing but a place for the bench.
