//! Holds the crate to its own plan: rings, sizes, names.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

#[path = "architecture/threads.rs"]
mod threads;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use tower_webhook::crypto::SigningKey;
use tower_webhook::secret::Key;
use tower_webhook::signature::Resolved;
use tower_webhook::{Secret, Secrets};

/// The rings, innermost first. A module imports from its own ring and from those further in, with the exceptions of
/// [`Ring::imports`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Ring {
    /// No tower, no async, no I/O: what everybody knows.
    Facts,
    /// Pure functions.
    Engine,
    /// Layers. Siblings never import each other: they talk through body types and extensions.
    Middleware,
    /// What puts layers together.
    Stack,
    /// Frameworks and servers. Nothing imports them.
    Adapters,
}

impl Ring {
    fn imports(self, other: Self) -> bool {
        match self {
            Self::Facts | Self::Engine | Self::Stack => other <= self,
            Self::Middleware | Self::Adapters => other < self,
        }
    }
}

/// Every module of the crate, those to come among them. One that stands in no ring fails the test.
const MODULES: &[(&str, Ring)] = &[
    ("body", Ring::Facts),
    ("clock", Ring::Facts),
    ("config_error", Ring::Facts),
    ("connection", Ring::Facts),
    ("coverage", Ring::Facts),
    ("delivery", Ring::Facts),
    ("delivery_key", Ring::Facts),
    ("encoding", Ring::Facts),
    ("json_pointer", Ring::Facts),
    ("names", Ring::Facts),
    ("outcome", Ring::Facts),
    ("redact", Ring::Facts),
    ("rejection", Ring::Facts),
    ("retry_schedule", Ring::Facts),
    ("run_context", Ring::Facts),
    ("secret", Ring::Facts),
    ("strict_json", Ring::Facts),
    ("takeover", Ring::Facts),
    ("telemetry", Ring::Facts),
    ("verifying_key", Ring::Facts),
    ("acknowledgement", Ring::Engine),
    ("capture", Ring::Engine),
    ("client_ip", Ring::Engine),
    ("crypto", Ring::Engine),
    ("explain", Ring::Engine),
    ("postgres", Ring::Engine),
    ("provider", Ring::Engine),
    ("scheme", Ring::Engine),
    ("ack_deadline", Ring::Middleware),
    ("allowlist", Ring::Middleware),
    ("challenge", Ring::Middleware),
    ("https_only", Ring::Middleware),
    ("idempotency", Ring::Middleware),
    ("inbox", Ring::Middleware),
    ("journal", Ring::Middleware),
    ("metrics", Ring::Middleware),
    ("raw_body", Ring::Middleware),
    ("secret_path", Ring::Middleware),
    ("send", Ring::Middleware),
    ("signature", Ring::Middleware),
    ("sink", Ring::Middleware),
    ("trace", Ring::Middleware),
    // It makes layers by a name that shows in a review, and thus stands above them all.
    ("danger", Ring::Stack),
    ("health", Ring::Stack),
    ("stack", Ring::Stack),
    ("axum", Ring::Adapters),
    ("guide", Ring::Adapters),
    ("serve", Ring::Adapters),
    ("testing", Ring::Adapters),
    ("tonic", Ring::Adapters),
];

const LONGEST_FILE: usize = 400;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn ring(module: &str) -> Option<Ring> {
    MODULES.iter().find(|(name, _)| *name == module).map(|(_, ring)| *ring)
}

/// All Rust files below a folder.
fn rust_files(folder: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    assert!(!found.is_empty());
    found
}

/// The modules of a file, outermost first: `src/scheme/plan.rs` is `[scheme, plan]`.
fn module_of(file: &Path) -> Vec<String> {
    let inside = file.strip_prefix(root().join("src")).unwrap().with_extension("");
    let mut parts: Vec<_> = inside.iter().map(|part| part.to_str().unwrap().to_owned()).collect();
    parts.pop_if(|last| last == "mod");
    parts
}

fn is_test_code(file: &Path) -> bool {
    module_of(file).iter().skip(1).any(|part| part == "tests" || part.ends_with("_tests"))
}

/// The code of a file without comments and without the unit tests at its foot.
fn code(text: &str) -> String {
    let mut code = String::new();
    for line in text.lines() {
        if line == "mod tests {" {
            break;
        }
        let end = if line.trim_start().starts_with("//") { Some(0) } else { line.find(" //") };
        code.push_str(&line[..end.unwrap_or(line.len())]);
        code.push('\n');
    }
    code
}

fn identifier(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    &text[..end]
}

/// What stands behind a path that leads to the root of the crate: one name, or those of a group in braces.
fn names_behind(rest: &str) -> Vec<String> {
    let Some(group) = rest.strip_prefix('{') else { return vec![identifier(rest).to_owned()] };
    let (mut depth, mut names, mut name) = (0, Vec::new(), String::new());
    for c in group.chars() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => names.push(std::mem::take(&mut name)),
            _ if depth == 0 => name.push(c),
            _ => {}
        }
    }
    names.push(name);
    names.iter().map(|name| identifier(name.trim()).to_owned()).filter(|name| !name.is_empty()).collect()
}

/// Names of the crate's root that a file uses, by `crate::…` or by as many `super::…` as lead there.
fn root_names(code: &str, depth: usize) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        let before = code[..at].chars().next_back();
        if before.is_none_or(|c| !c.is_alphanumeric() && c != '_' && c != '$') {
            names.extend(names_behind(&code[at + "crate::".len()..]));
        }
    }
    let upwards = "super::".repeat(depth);
    for (at, _) in code.match_indices(&upwards) {
        let found = names_behind(&code[at + upwards.len()..]);
        // Within a module that is written inside of a file, the same path leads elsewhere.
        names.extend(found.into_iter().filter(|name| ring(name).is_some()));
    }
    names
}

/// What the root exports, and from which module.
fn exports() -> BTreeMap<String, String> {
    let code = code(&fs::read_to_string(root().join("src/lib.rs")).unwrap());
    let mut exports = BTreeMap::new();
    for statement in code.split(';') {
        let Some(at) = statement.find("pub use ") else { continue };
        let path = statement[at + "pub use ".len()..].trim();
        let Some((module, rest)) = path.split_once("::") else { continue };
        for name in names_behind(rest) {
            exports.insert(name, module.to_owned());
        }
    }
    exports
}

#[test]
fn every_module_stands_in_a_ring() {
    for file in rust_files("src") {
        let module = module_of(&file);
        let is_root = ["lib", "main", "bin"].contains(&module[0].as_str());
        assert!(is_root || ring(&module[0]).is_some(), "`{}` stands in no ring: put it into MODULES", module[0]);
    }
    let names: BTreeSet<_> = MODULES.iter().map(|(name, _)| name).collect();
    assert_eq!(names.len(), MODULES.len());
    assert!(MODULES.is_sorted_by_key(|(_, ring)| ring), "innermost first");
}

#[test]
fn arrows_between_rings_point_inwards_only() {
    let exports = exports();
    assert_eq!(exports["Secret"], "secret", "the exports of the root are understood");
    let (mut wrong, mut arrows) = (Vec::new(), 0);
    for file in rust_files("src").into_iter().filter(|file| !is_test_code(file)) {
        let module = module_of(&file);
        let Some(own) = ring(&module[0]) else { continue };
        for name in root_names(&code(&fs::read_to_string(&file).unwrap()), module.len()) {
            let other = exports.get(&name).unwrap_or(&name);
            let Some(theirs) = ring(other) else { panic!("{}: what is `crate::{name}`?", file.display()) };
            arrows += 1;
            if *other != module[0] && !own.imports(theirs) {
                wrong.push(format!("{} ({own:?}) imports {other} ({theirs:?})", file.display()));
            }
        }
    }
    assert!(arrows > 50, "the imports are understood: {arrows}");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn imports_are_found_however_they_are_written() {
    let text = "use crate::clock;\nuse crate::{\n    body::{a, b},\n    secret::Secret, // and crate::comment\n};\n\
                /// crate::doc\nfn f() { crate::scheme::x(); $crate::no(); mycrate::no() }\n\
                use super::super::stack;\npub(crate) use x;\n#[cfg(test)]\nmod tests {\n    use crate::testing;\n}\n";
    let found: Vec<_> = root_names(&code(text), 2).into_iter().collect();
    assert_eq!(found, ["body", "clock", "scheme", "secret", "stack"]);

    let rings = [Ring::Facts, Ring::Engine, Ring::Middleware, Ring::Stack, Ring::Adapters];
    for (at, ring) in rings.into_iter().enumerate() {
        assert!(rings[..at].iter().all(|inner| ring.imports(*inner)));
        assert!(rings[at + 1..].iter().all(|outer| !ring.imports(*outer)));
    }
    assert!(!Ring::Middleware.imports(Ring::Middleware) && !Ring::Adapters.imports(Ring::Adapters));
}

#[test]
fn no_file_is_longer_than_one_can_read() {
    for file in rust_files("src") {
        let lines = fs::read_to_string(&file).unwrap().lines().count();
        assert!(lines <= LONGEST_FILE, "{} has {lines} lines", file.display());
    }
}

#[test]
fn a_file_is_named_after_what_it_is_about() {
    for file in rust_files("src").into_iter().chain(rust_files("tests")) {
        let inside = file.strip_prefix(root()).unwrap().with_extension("");
        for part in inside.iter().map(|part| part.to_str().unwrap()) {
            let empty = ["common", "helper", "helpers", "misc", "shared", "util", "utils"].contains(&part);
            assert!(!empty, "{}: what is it about?", file.display());
        }
    }
}

#[test]
fn no_test_is_left_out_and_nothing_is_left_to_be_done() {
    let own = root().join(file!());
    for file in rust_files("src").into_iter().chain(rust_files("tests")).filter(|file| *file != own) {
        let text = fs::read_to_string(&file).unwrap();
        for line in text.lines().map(str::trim_start) {
            let fence = line.trim_start_matches(['/', '!', ' ']).strip_prefix("```").unwrap_or_default();
            assert!(!fence.split(',').any(|word| word.starts_with("ignore")), "{}: {line}", file.display());
            for left in ["#[ignore", "todo!(", "unimplemented!("] {
                assert!(line.starts_with("//") || !line.contains(left), "{}: {line}", file.display());
            }
        }
    }
    let readme = fs::read_to_string(root().join("README.md")).unwrap_or_default();
    assert!(!readme.contains("```ignore") && !readme.contains("```rust,ignore"));
}

/// Does not compile for a type that can be compared by `==`: two implementations would then fit.
macro_rules! assert_not_comparable {
    ($($type:ty),* $(,)?) => {$({
        trait Fits<Which> {
            fn fits() {}
        }
        struct Comparable;
        impl<T: ?Sized> Fits<()> for T {}
        impl<T: ?Sized + PartialEq> Fits<Comparable> for T {}
        <$type as Fits<_>>::fits();
    })*};
}

#[test]
fn nothing_secret_is_compared_in_a_time_that_tells() {
    assert_not_comparable!(Secret, Secrets, Key, SigningKey, Resolved);
    // Those that only the crate sees: no such implementation stands where they do.
    for file in ["src/crypto/tag.rs", "src/crypto/token.rs", "src/secret.rs"] {
        let code = code(&fs::read_to_string(root().join(file)).unwrap());
        let derives = code.lines().filter(|line| line.contains("derive(")).any(|line| line.contains("PartialEq"));
        assert!(!derives && !code.contains("PartialEq for"), "{file}");
    }
}
