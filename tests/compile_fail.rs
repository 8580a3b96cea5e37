//! Wrong programs do not compile, and the compiler says what to do: in our sentences.
//!
//! Each program of `tests/ui/wrong` names, in lines that begin with `//~`, what the compiler must say: an error code,
//! a sentence, or both (`//~ E0277 the sentence`). Each error must be one of those named, so that a slip of the pen
//! is not taken for the refusal that a case is about. The programs of `tests/ui/right` must compile.
//!
//! Only our sentences are compared: what stands around them changes from compiler to compiler.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

use serde_json::Value;

/// What the programs may use besides the crate itself: the versions are those of the lock file.
const MANIFEST: &str = r#"
[package]
name = "tower-webhook-ui"
edition = "2024"
publish = false

[workspace]

[dependencies]
axum = { version = "*", default-features = false, features = ["form", "http1", "http2", "json", "matched-path", "tokio"] }
bytes = "*"
http = "*"
http-body = "*"
http-body-util = "*"
hyper = "*"
hyper-util = { version = "*", features = ["service"] }
serde = { version = "*", features = ["derive"] }
serde_json = "*"
tower = { version = "*", features = ["util"] }
"#;

/// An error of the compiler.
#[derive(Debug)]
struct Diagnostic {
    code: String,
    text: String,
}

/// A line `//~` of a program.
#[derive(Debug)]
struct Expected {
    code: Option<String>,
    sentence: String,
}

impl Expected {
    fn read(program: &str) -> Vec<Self> {
        let lines = program.lines().filter_map(|line| line.strip_prefix("//~ "));
        lines
            .map(|line| {
                let (first, rest) = line.split_once(' ').unwrap_or((line, ""));
                let is_code = first.len() == 5 && first.starts_with('E') && first[1..].parse::<u16>().is_ok();
                match is_code {
                    true => Self { code: Some(first.to_owned()), sentence: rest.trim().to_owned() },
                    false => Self { code: None, sentence: line.trim().to_owned() },
                }
            })
            .collect()
    }

    fn is(&self, diagnostic: &Diagnostic) -> bool {
        self.code.as_ref().is_none_or(|code| *code == diagnostic.code) && diagnostic.text.contains(&self.sentence)
    }
}

#[test]
fn wrong_programs_do_not_compile_and_the_compiler_says_what_to_do() {
    let (wrong, right) = (programs("wrong"), programs("right"));
    assert!(wrong.len() >= 12 && right.len() >= 4, "the programs are not where they should be");
    let diagnostics = check(wrong.iter().chain(&right));

    let mut problems = String::new();
    for path in &right {
        if let Some(errors) = diagnostics.get(&name(path)) {
            for error in errors {
                writeln!(problems, "{} must compile, but:\n{}", path.display(), error.text).unwrap();
            }
        }
    }
    for path in &wrong {
        let expected = Expected::read(&fs::read_to_string(path).unwrap());
        assert!(!expected.is_empty(), "{} says with no `//~` what is to be said", path.display());
        let errors = diagnostics.get(&name(path)).map(Vec::as_slice).unwrap_or_default();
        for expected in expected.iter().filter(|expected| !errors.iter().any(|error| expected.is(error))) {
            writeln!(problems, "{}: nobody says {expected:?}", path.display()).unwrap();
        }
        for error in errors.iter().filter(|error| !expected.iter().any(|expected| expected.is(error))) {
            writeln!(problems, "{}: nobody asked for {}", path.display(), error.text).unwrap();
        }
    }
    assert!(problems.is_empty(), "{problems}");
}

fn programs(kind: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ui").join(kind);
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "rs"));
    // tonic is there with its feature only.
    paths.retain(|path| cfg!(feature = "tonic") || !name(path).starts_with("tonic_"));
    paths.sort();
    paths
}

fn name(path: &Path) -> String {
    path.file_stem().unwrap().to_str().unwrap().to_owned()
}

/// The errors of each program, from one `cargo check` of a package that is made of all of them. It shares the target
/// folder of this very build, so that the dependencies are there already.
fn check<'p>(programs: impl Iterator<Item = &'p PathBuf>) -> BTreeMap<String, Vec<Diagnostic>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let scratch = Path::new(env!("CARGO_TARGET_TMPDIR")).join("ui");
    fs::create_dir_all(scratch.join("src")).unwrap();
    fs::copy(root.join("Cargo.lock"), scratch.join("Cargo.lock")).unwrap();

    let mut manifest = MANIFEST.to_owned();
    let mut features = vec!["axum", "ed25519", "testing"];
    if cfg!(feature = "tonic") {
        features.push("tonic");
        manifest.push_str("tonic = { version = \"*\", default-features = false, features = [\"server\"] }\n");
    }
    writeln!(manifest, "tower-webhook = {{ path = {root:?}, features = {features:?} }}").unwrap();
    for path in programs {
        let (name, path) = (name(path), path.to_str().unwrap());
        writeln!(manifest, "\n[[bin]]\nname = {name:?}\npath = {path:?}").unwrap();
    }
    fs::write(scratch.join("Cargo.toml"), manifest).unwrap();

    let output = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["check", "--offline", "--keep-going", "--bins", "--message-format=json", "--target-dir"])
        .arg(Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap())
        .current_dir(&scratch)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));

    let mut found: BTreeMap<String, Vec<Diagnostic>> = BTreeMap::new();
    let mut finished = false;
    for line in stdout.lines() {
        let Ok(message) = serde_json::from_str::<Value>(line) else { continue };
        finished |= message["reason"] == "build-finished";
        let diagnostic = &message["message"];
        if message["reason"] != "compiler-message" || diagnostic["level"] != "error" {
            continue;
        }
        let text = diagnostic["rendered"].as_str().unwrap_or_default().to_owned();
        if text.starts_with("error: aborting due to") {
            continue;
        }
        let code = diagnostic["code"]["code"].as_str().unwrap_or_default().to_owned();
        let target = message["target"]["name"].as_str().unwrap_or_default().to_owned();
        found.entry(target).or_default().push(Diagnostic { code, text });
    }
    let ours = found.get("tower_webhook").is_none_or(Vec::is_empty);
    assert!(finished && ours, "the programs were not checked:\n{stderr}");
    found
}
