//! The guide names places and tests: they are there.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

#[path = "guide/defaults.rs"]
mod defaults;

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What stands between backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

fn files_below(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true if path.ends_with("target") => {}
            true => files_below(&path, found),
            false => found.push(path),
        }
    }
}

#[test]
fn each_attack_names_a_place_and_a_test_that_are_there() {
    let mut files = Vec::new();
    files_below(&root().join("src"), &mut files);
    files_below(&root().join("tests"), &mut files);
    let rust = files.iter().filter(|file| file.extension().is_some_and(|extension| extension == "rs"));
    let code: String = rust.map(|file| fs::read_to_string(file).unwrap()).collect();

    let page = fs::read_to_string(root().join("src/guide/threats.md")).unwrap();
    let attacks = page.lines().filter(|line| line.starts_with("| ") && line.contains('`'));
    let mut count = 0;
    for attack in attacks {
        let columns: Vec<_> = attack.trim_matches('|').split(" | ").collect();
        let [_, _, place, test] = columns[..] else { panic!("four columns: {attack}") };
        for place in quoted(place) {
            assert!(root().join(place).exists(), "{place}");
        }
        let tests: Vec<_> = quoted(test).collect();
        assert!(!tests.is_empty() && quoted(place).next().is_some(), "{attack}");
        for test in tests {
            assert!(code.contains(&format!("fn {test}(")), "{test}");
        }
        count += 1;
    }
    assert!(count > 40, "{count}");
}

/// What looks like a file of ours: no spaces, a slash or one of our endings.
fn is_place(text: &str) -> bool {
    let folders = ["src/", "tests/", "examples/", "benches/"];
    let whole = !text.contains(['<', '*', '\n', ' ']);
    whole && folders.iter().any(|folder| text.starts_with(folder))
        || matches!(text, "README.md" | "SECURITY.md" | "CHANGELOG.md")
}

#[test]
fn each_thing_to_think_of_names_where_it_is_and_it_is_there() {
    let page = fs::read_to_string(root().join("src/guide/checklist.md")).unwrap();
    let mut count = 0;
    for row in page.lines().filter(|line| line.starts_with("| ") && *line != "| | where |") {
        let (what, place) = row.trim_matches('|').split_once(" | ").unwrap();
        let named = quoted(place).filter(|text| is_place(text)).count();
        assert!(named > 0 || place.contains("](crate") || place.len() > 100, "{what}: neither a place nor a reason");
        count += 1;
    }
    assert!(count > 70, "{count}");
}

#[test]
fn every_file_that_the_guide_names_is_there() {
    let mut count = 0;
    for entry in fs::read_dir(root().join("src/guide")).unwrap() {
        let page = entry.unwrap().path();
        let text = fs::read_to_string(&page).unwrap();
        for place in quoted(&text).filter(|text| is_place(text)) {
            assert!(root().join(place).exists(), "{}: {place}", page.display());
            count += 1;
        }
        // Commands are as true as paths.
        for (_, rest) in text.match_indices("--example ").map(|(at, word)| text.split_at(at + word.len())) {
            let name: String = rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
            assert!(root().join(format!("examples/{name}.rs")).exists(), "{}: example {name}", page.display());
        }
    }
    assert!(count > 100, "{count}");
}

#[test]
fn every_page_is_in_the_book() {
    let book = fs::read_to_string(root().join("src/guide/mod.rs")).unwrap();
    for entry in fs::read_dir(root().join("src/guide")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(name == "mod.rs" || book.contains(&format!("include_str!(\"{name}\")")), "{name}");
    }
}
