//! The guide names places and tests: they are there.
#![allow(clippy::panic, clippy::unwrap_used)]

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
