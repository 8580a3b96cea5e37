//! The guide names places and tests: they are there.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

#[path = "guide/defaults.rs"]
mod defaults;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use tower_webhook::names;

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

/// All Rust code below these folders.
fn code_in(folders: &[&str]) -> String {
    let mut files = Vec::new();
    folders.iter().for_each(|folder| files_below(&root().join(folder), &mut files));
    let rust = files.iter().filter(|file| file.extension().is_some_and(|extension| extension == "rs"));
    rust.map(|file| fs::read_to_string(file).unwrap()).collect()
}

/// The pages of the guide, and what else is read before any code is: path and text.
fn pages() -> Vec<(PathBuf, String)> {
    let mut pages = ["README.md", "SECURITY.md", "examples/README.md"].map(|page| root().join(page)).to_vec();
    files_below(&root().join("src/guide"), &mut pages);
    pages.into_iter().map(|page| (page.clone(), fs::read_to_string(page).unwrap())).collect()
}

#[test]
fn each_attack_names_a_place_and_a_test_that_are_there() {
    let code = code_in(&["src", "tests"]);
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
    let code =
        code_in(&["src"]) + &fs::read_to_string(root().join("examples/observability/webhook.rules.yml")).unwrap();
    let mut count = 0;
    for row in page.lines().filter(|line| line.starts_with("| ") && *line != "| | where |") {
        let (what, place) = row.trim_matches('|').split_once(" | ").unwrap();
        let named = quoted(place).filter(|text| is_place(text)).count();
        assert!(named > 0 || place.contains("](crate") || place.len() > 100, "{what}: neither a place nor a reason");
        // What stands beside a place is to be found there: an item, an alert.
        for item in quoted(row).filter(|text| !is_place(text) && text.contains(|c: char| c == '_' || c.is_uppercase()))
        {
            let names =
                item.split(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-').filter(|name| name.len() > 1);
            for name in names {
                let header = name.to_lowercase();
                assert!(code.contains(name) || code.contains(&format!("\"{header}\"")), "{what}: {name}");
            }
        }
        count += 1;
    }
    assert!(count > 80, "{count}");
}

#[test]
fn every_file_that_the_guide_names_is_there() {
    let mut count = 0;
    for (page, text) in pages() {
        for place in quoted(&text).filter(|text| is_place(text)) {
            assert!(root().join(place).exists(), "{}: {place}", page.display());
            count += 1;
        }
        // Commands are as true as paths.
        for (_, rest) in text.match_indices("--example ").map(|(at, word)| text.split_at(at + word.len())) {
            let name: String = rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
            // `…` and NAME stand for any.
            let any = name.is_empty() || name == "NAME";
            let there = root().join(format!("examples/{name}.rs")).exists();
            assert!(any || there, "{}: example {name}", page.display());
        }
    }
    assert!(count > 100, "{count}");
}

#[test]
fn every_metric_that_the_guide_names_is_counted() {
    let known: BTreeSet<_> = names::CATALOGUE.iter().map(|metric| metric.name).collect();
    let mut count = 0;
    for (page, text) in pages() {
        let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let ends = ["_total", "_seconds", "_bytes", "_requests", "_capacity", "_depth", "_letters"];
        for metric in words.filter(|word| word.starts_with("webhook_") && ends.iter().any(|end| word.ends_with(end))) {
            assert!(known.contains(metric), "{}: {metric}", page.display());
            count += 1;
        }
    }
    assert!(count > 10, "{count}");
}

#[test]
fn every_feature_and_every_command_that_the_guide_names_is_there() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let features = manifest.split("[features]").nth(1).unwrap().split("\n[").next().unwrap();
    let commands = fs::read_to_string(root().join("src/bin/tower-webhook/main.rs")).unwrap();
    let commands = commands.split("enum Command {").nth(1).unwrap().split("\n}").next().unwrap().to_lowercase();
    let (mut named, mut called) = (0, 0);
    for (page, text) in pages() {
        for rest in text.split("--features ").skip(1).chain(text.split("feature `").skip(1)) {
            let listed: String = rest
                .chars()
                .take_while(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-,".contains(*c))
                .collect();
            for feature in listed.split(',').filter(|feature| !feature.is_empty()) {
                // `tower-compat` is one of salvo's.
                let there = features.contains(&format!("\n{feature} = ")) || feature == "tower-compat";
                assert!(there, "{}: feature {feature}", page.display());
                named += 1;
            }
        }
        // Behind `tower-webhook`, and behind `--bin tower-webhook --`, where a line may end.
        let text = text.replace("tower-webhook -- ", "tower-webhook ").replace("\\\n", "");
        for rest in text.split("tower-webhook ").skip(1) {
            let command: String =
                rest.trim_start().chars().take_while(|c| c.is_ascii_lowercase() || *c == '-').collect();
            let plain = command.replace('-', "");
            let is_command = rest.starts_with(|c: char| c.is_ascii_lowercase());
            if is_command && !plain.is_empty() {
                assert!(commands.contains(&format!("{plain}(")), "{}: tower-webhook {command}", page.display());
                called += 1;
            }
        }
    }
    assert!(named > 20 && called > 15, "{named} {called}");
}

#[test]
fn every_section_that_a_page_links_to_is_on_that_page() {
    let mut count = 0;
    for (page, text) in pages() {
        for link in text.split("](#").skip(1).map(|rest| rest.split(')').next().unwrap()) {
            assert!(sections(&text).contains(link), "{}: #{link}", page.display());
            count += 1;
        }
        // From page to page.
        for rest in text.split("](crate::guide::").skip(1) {
            let (other, section) = rest.split(')').next().unwrap().split_once('#').unwrap_or_default();
            if !section.is_empty() {
                let other = fs::read_to_string(root().join(format!("src/guide/{other}.md"))).unwrap();
                assert!(sections(&other).contains(section), "{}: #{section}", page.display());
            }
        }
    }
    assert!(count > 15, "{count}");
}

/// The anchors of the headings of a page.
fn sections(text: &str) -> BTreeSet<String> {
    let headings = text.lines().filter(|line| line.starts_with('#')).map(|line| line.trim_start_matches(['#', ' ']));
    let kept = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | ' ');
    headings.map(|heading| heading.to_lowercase().replace(|c| !kept(c), "").replace(' ', "-")).collect()
}

#[test]
fn what_the_guide_says_of_types_without_a_link_is_there() {
    let code = code_in(&["src"]);
    let mut count = 0;
    for (page, text) in pages() {
        // `Server::drain_timeout`, `PostgresStore::finish_in`: where a feature may be missing there is no link.
        for item in text.lines().filter(|line| !line.starts_with("use ")).flat_map(quoted) {
            let Some((ours, method)) = item.trim_matches(['[', ']']).split_once("::") else { continue };
            let names = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            if !names(ours) || !names(method) || !ours.starts_with(|c: char| c.is_ascii_uppercase()) {
                continue;
            }
            let there =
                [format!("fn {method}"), format!(" {method},"), format!(" {method} ="), format!("const {method}")];
            let type_there = ["struct", "enum", "trait"].iter().any(|kind| code.contains(&format!("{kind} {ours}")));
            // Those of others: axum, and what a migration starts from.
            if type_there {
                assert!(there.iter().any(|item| code.contains(item)), "{}: {item}", page.display());
                count += 1;
            }
        }
    }
    assert!(count > 30, "{count}");
}

#[test]
fn every_page_is_in_the_book() {
    let book = fs::read_to_string(root().join("src/guide/mod.rs")).unwrap();
    for entry in fs::read_dir(root().join("src/guide")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(name == "mod.rs" || book.contains(&format!("include_str!(\"{name}\")")), "{name}");
    }
}
