//! The checks of `tests/fuzz`, with bytes that proptest makes: a short run for every day. The long one, guided by
//! coverage, is a command of its own: `tests/fuzz/README.md`.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, unreachable_pub)]

#[path = "fuzz/checks/mod.rs"]
mod checks;

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

fn fuzz() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fuzz"))
}

/// Inputs to begin with, and those that once found something.
fn seeds(check: &str) -> Vec<Vec<u8>> {
    let folder = fuzz().join("seeds").join(check);
    let mut files: Vec<PathBuf> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty(), "{folder:?}");
    files.iter().map(|file| fs::read(file).unwrap()).collect()
}

/// Pieces of what the parsers look for, random bytes, and seeds with some bytes changed.
fn inputs(seeds: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    let pieces = prop::sample::select(vec![
        "10.0.0.1",
        "203.0.113.7",
        "::ffff:10.0.0.1",
        "2001:db8::1",
        "[",
        "]",
        ":80",
        "/8",
        "for=",
        "by=",
        "\"",
        "\\",
        ",",
        ";",
        "=",
        " ",
        "\n",
        "\t",
        "v1,",
        "v1=",
        "t=",
        "sha256=",
        "1700000000",
        "1699999700",
        "-1",
        "+1",
        "0",
        "1e9",
        "{",
        "}",
        "\"id\"",
        "\"\\u0069d\"",
        ":",
        "null",
        "\u{feff}",
        "é",
        "ä\u{0}",
        "%41",
        "AA==",
    ]);
    let random = prop::collection::vec(any::<u8>(), 0..64);
    let piece = prop_oneof![
        4 => pieces.prop_map(|text| text.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..6),
    ];
    let put_together = prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat());
    let changes = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4);
    let changed = (prop::sample::select(seeds), changes).prop_map(|(mut seed, changes)| {
        for (at, byte) in changes {
            if !seed.is_empty() {
                let at = at.index(seed.len());
                seed[at] = byte;
            }
        }
        seed
    });
    prop_oneof![2 => changed, 2 => put_together, 1 => random]
}

#[test]
fn whatever_the_bytes_every_check_holds() {
    for (name, check) in checks::ALL {
        let seeds = seeds(name);
        seeds.iter().for_each(|seed| check(seed));
        let mut runner = TestRunner::new(Config { cases: 3000, failure_persistence: None, ..Config::default() });
        let result = runner.run(&inputs(seeds), |input| {
            check(&input);
            Ok(())
        });
        result.unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

#[test]
fn every_check_has_its_target_for_the_long_run() {
    let manifest = fs::read_to_string(fuzz().join("Cargo.toml")).unwrap();
    for (name, _) in checks::ALL {
        let target = fs::read_to_string(fuzz().join("targets").join(format!("{name}.rs"))).unwrap();
        assert!(target.contains(&format!("run(\"{name}\", data)")), "{name}");
        assert!(manifest.contains(&format!("path = \"targets/{name}.rs\"")), "{name}");
    }
    assert_eq!(fs::read_dir(fuzz().join("targets")).unwrap().count(), checks::ALL.len());
    checks::run("timestamp", b"1700000000");
}
