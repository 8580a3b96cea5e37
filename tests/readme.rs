//! The README says what is there, and nothing else.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::path::Path;

const README: &str = include_str!("../README.md");
const MANIFEST: &str = include_str!("../Cargo.toml");

#[test]
fn every_example_is_listed_and_every_listed_one_is_there() {
    let start = README.find("| question |").expect("the table of examples");
    let listed: BTreeSet<_> = README[start..]
        .lines()
        .take_while(|line| line.starts_with('|'))
        .skip(2)
        .map(|row| row.split('`').nth(1).unwrap().split(' ').next().unwrap().to_owned())
        .collect();
    let there: BTreeSet<_> = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("examples")
        .read_dir()
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.join("Cargo.toml").exists() || path.extension().is_some_and(|extension| extension == "rs"))
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    assert_eq!(listed, there);
}

#[test]
fn every_feature_is_explained() {
    let start = README.find("## Features").expect("the section on features");
    let section = &README[start..];
    let features = MANIFEST.split("[features]").nth(1).unwrap().split("\n[").next().unwrap();
    for line in features.lines().filter(|line| line.contains(" = ") && !line.starts_with('#')) {
        let name = line.split(' ').next().unwrap();
        assert!(name == "default" || section.contains(&format!("`{name}`")), "`{name}` is not explained");
    }
}

#[test]
fn the_supported_rust_version_is_the_one_in_the_manifest() {
    let version = MANIFEST.lines().find_map(|line| line.strip_prefix("rust-version = ")).unwrap().trim_matches('"');
    assert!(README.contains(&format!("MSRV: Rust {version}")));
}
