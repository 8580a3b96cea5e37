//! The README says what is there, and nothing else.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::path::Path;

const README: &str = include_str!("../README.md");
const MANIFEST: &str = include_str!("../Cargo.toml");
const CRATE: &str = include_str!("../src/lib.rs");
const DOCS: &str = "https://docs.rs/tower-webhook/latest/tower_webhook/";

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
fn an_example_is_listed_with_the_features_that_it_needs() {
    let table = README.split("| question |").nth(1).unwrap().split("\n\n").next().unwrap();
    for example in MANIFEST.split("[[example]]\n").skip(1) {
        let quoted: Vec<_> = example.lines().take(2).flat_map(|line| line.split('"').skip(1).step_by(2)).collect();
        let (name, needed) = quoted.split_first().unwrap();
        let row = table.lines().find_map(|row| row.split_once(&format!("`{name}"))).expect(name).1;
        let given: Vec<_> = row.split('`').next().unwrap().split([' ', ',']).collect();
        assert!(needed.iter().all(|feature| given.contains(feature)), "{name} needs {needed:?}, not {given:?}");
    }
}

/// A line that rustdoc hides is there for everybody else.
#[test]
fn no_line_of_code_is_hidden() {
    let blocks = README.split("```").skip(1).step_by(2).filter(|block| block.starts_with("rust"));
    for line in blocks.flat_map(str::lines) {
        assert!(!line.starts_with("# ") && line != "#", "{line}");
    }
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

/// On docs.rs the links are those of the crate, which rustdoc checks; everywhere else those of the README.
#[test]
fn every_link_leads_to_the_same_place_wherever_it_is_read() {
    let mut defined = BTreeSet::new();
    for (label, url) in README.lines().filter_map(|line| line.split_once("`]: http")) {
        let page = DOCS.strip_prefix("http").and_then(|docs| url.strip_prefix(docs)).expect("a page of ours");
        let path: Vec<_> = page.split('/').filter(|part| *part != "index.html").collect();
        let path: Vec<_> = path.iter().map(|part| part.trim_end_matches(".html").rsplit('.').next().unwrap()).collect();
        let here = format!("#![doc = \"{label}`]: crate::{}\"]", path.join("::"));
        assert!(CRATE.contains(&here), "{here}");
        defined.insert(format!("{label}`"));
    }
    assert_eq!(CRATE.matches("]: crate::").count(), defined.len());
    let text = README.split("Licence:").next().unwrap();
    for label in text.match_indices("[`").map(|(at, _)| text[at..].split(']').next().unwrap()) {
        let after = text.split(&format!("{label}]")).nth(1).unwrap();
        assert!(after.starts_with('(') || after.starts_with('[') || defined.contains(label), "{label} leads nowhere");
    }
}

#[test]
fn every_page_of_the_guide_is_listed() {
    let listed: BTreeSet<_> =
        README.split(&format!("({DOCS}guide/")).skip(1).map(|rest| rest.split("/)").next().unwrap()).collect();
    let book = include_str!("../src/guide/mod.rs");
    let there: BTreeSet<_> =
        book.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(" {}")).collect();
    assert_eq!(listed, there);
}
