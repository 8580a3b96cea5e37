//! The checks of `checks/`, for libFuzzer.

mod checks;

pub use checks::run;
