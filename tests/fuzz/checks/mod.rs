//! What must hold for any bytes at all. Each check takes bytes, makes an input of them and panics where the crate does
//! not keep its word. libFuzzer drives them (`targets/`), and so does proptest in the tests of every day
//! (`tests/fuzzing.rs`).

mod addresses;
mod bodies;
mod captured;
mod explanations;
mod forgeries;
mod input;
mod signing;
mod times;

/// A check by its name.
pub type Check = (&'static str, fn(&[u8]));

/// All of them. `targets/` has a file for each.
pub const ALL: &[Check] = &[
    ("captured_delivery", captured::delivery),
    ("cidr_list", addresses::cidr_list),
    ("explanation", explanations::explanation),
    ("forged_delivery", forgeries::delivery),
    ("forwarded", addresses::forwarded),
    ("json_id", bodies::json_id),
    ("scheme_file", captured::scheme_file),
    ("signature_header", forgeries::signature_header),
    ("signature_text", forgeries::signature_text),
    ("timestamp", times::timestamp),
    ("x_forwarded_for", addresses::x_forwarded_for),
];

/// Runs one check.
///
/// # Panics
/// Where the crate does not keep its word, and where there is no such check.
pub fn run(name: &str, data: &[u8]) {
    let (_, check) = ALL.iter().find(|(other, _)| *other == name).expect("a check of this name");
    check(data);
}
