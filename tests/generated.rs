//! What follows from the catalogue's entries and is kept in the tree: the list of all senders, the table in the
//! documentation and the list in the README. `bash tests/write_catalogue.sh` writes them.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tower_webhook::provider;
use tower_webhook::scheme::{Confidence, Coverage, Place, Reaction, Scheme};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Compares, or writes where `WRITE_CATALOGUE` is set.
fn assert_is(path: &str, expected: &str) {
    let path = root().join(path);
    if std::env::var_os("WRITE_CATALOGUE").is_some() {
        fs::write(&path, expected).unwrap();
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(found == expected, "{} is not up to date: run `bash tests/write_catalogue.sh`", path.display());
}

/// The constants of the entries, with their types.
fn entries() -> Vec<(String, String)> {
    let folder = root().join("src/provider");
    let files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    let mut entries = Vec::new();
    for file in files.iter().filter(|file| file.extension().is_some_and(|extension| extension == "rs")) {
        for line in fs::read_to_string(file).unwrap().lines() {
            let Some((name, rest)) = line.strip_prefix("pub const ").and_then(|rest| rest.split_once(": ")) else {
                continue;
            };
            let kind = rest.split(' ').next().unwrap();
            if kind == "Scheme" || kind.ends_with("Scheme") {
                entries.push((name.to_owned(), kind.to_owned()));
            }
        }
    }
    entries.sort_by_key(|(name, _)| name.to_lowercase().replace('_', "-"));
    entries
}

fn by_name() -> Vec<&'static Scheme> {
    let mut all = provider::ALL.to_vec();
    all.sort_by_key(|scheme| scheme.name());
    all
}

#[test]
fn nobody_who_is_left_out_has_an_entry() {
    let table = fs::read_to_string(root().join("src/provider/left_out.md")).unwrap();
    let names: Vec<&str> =
        table.lines().skip(2).flat_map(|row| row.split('|').nth(1).unwrap().split('`').skip(1).step_by(2)).collect();
    assert!(names.len() > 10, "{names:?}");
    for name in names {
        assert!(provider::find(name).is_none(), "`{name}` has an entry");
    }
}

#[test]
fn the_list_of_all_senders_has_every_entry() {
    let mut list = String::from(
        "//! Every entry of the family files. Written by `bash tests/write_catalogue.sh`.\n\nuse super::*;\n\n\
         /// Every sender of the catalogue, in the order of their constants.\npub const ALL: &[&Scheme] = &[\n",
    );
    for (name, kind) in entries() {
        list += &if kind == "Scheme" { format!("    &{name},\n") } else { format!("    {name}.scheme(),\n") };
    }
    list += "];\n";
    assert_is("src/provider/all.rs", &list);
}

#[test]
fn the_table_in_the_documentation_is_the_catalogue() {
    let mut table =
        String::from("| sender | signs | body covered | time signed | its id | facts |\n|---|---|---|---|---|---|\n");
    for scheme in by_name() {
        let (source, confidence) = scheme.facts_source();
        let id = match scheme.id_place() {
            Place::Header(name) => format!("header `{name}`"),
            Place::Json(pointer) => format!("`{pointer}`"),
            _ => "–".to_owned(),
        };
        let confidence = match confidence {
            Confidence::Verified => "verified",
            Confidence::ThirdParty => "a receiver's code",
            _ => "documented",
        };
        let told = |fact: bool| if fact { "yes" } else { "no" };
        let time = told(scheme.signs_time());
        let body = match scheme.coverage() {
            Coverage::Body => "yes".to_owned(),
            Coverage::Fields(fields) => format!("only {}", fields.join(", ")),
            _ => "no".to_owned(),
        };
        // A bar ends the cell, in code as well.
        let (name, signs) = (scheme.name(), scheme.summary().replace('|', "\\|"));
        table +=
            &format!("| `{name}` | {signs} | {body} | {time} | {id} | {confidence}: {} |\n", source.replace('|', "/"));
    }
    assert_is("src/provider/catalogue.md", &table);
}

/// `90 s`, `5 min`, `3 days`: in the largest unit that divides it.
fn written(time: Option<Duration>) -> String {
    let Some(time) = time else { return "–".to_owned() };
    let millis = time.as_millis();
    for (unit, name) in [(86_400_000, "d"), (3_600_000, "h"), (60_000, "min"), (1000, "s")] {
        if millis % unit == 0 {
            return format!("{} {name}", millis / unit);
        }
    }
    format!("{millis} ms")
}

#[test]
fn the_guide_tells_what_each_sender_makes_of_an_answer() {
    let mut table = String::from(
        "| sender | within | retries for | handled | repeated | given up | switched off | unverified |\n\
         |---|---|---|---|---|---|---|---|\n",
    );
    for scheme in by_name() {
        let upon = |wanted: Reaction| {
            let ranges = scheme.reactions().filter(|(_, _, reaction)| *reaction == wanted);
            let ranges: Vec<_> = ranges
                .map(|(first, last, _)| match (first, last) {
                    (first, last) if first == last => first.to_string(),
                    (first, last) if first % 100 == 0 && last == first + 99 => format!("{}xx", first / 100),
                    (first, last) => format!("{first}–{last}"),
                })
                .collect();
            if ranges.is_empty() { "–".to_owned() } else { ranges.join(", ") }
        };
        let columns = [
            written(scheme.answer_within()),
            written(scheme.retry_horizon()),
            upon(Reaction::Success),
            upon(Reaction::Retry),
            upon(Reaction::GiveUp),
            upon(Reaction::Disable),
            match scheme.unverified_status() {
                401 => "–".to_owned(),
                other => other.to_string(),
            },
        ];
        // Of whom nothing is known there is nothing to say.
        if columns.iter().any(|column| column != "–") {
            table += &format!("| `{}` | {} |\n", scheme.name(), columns.join(" | "));
        }
    }
    assert!(table.lines().count() > 50, "{table}");
    assert_is("src/guide/responding_senders.md", &table);
}

#[test]
fn every_sender_is_named_in_the_readme() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let start = readme.find("## Senders\n\n").expect("the section on senders") + "## Senders\n\n".len();
    let end = start + readme[start..].find("\n\n").unwrap();
    let mut line = format!("{} senders, each a const in the catalogue:", provider::ALL.len());
    let mut section = String::new();
    for (at, scheme) in by_name().into_iter().enumerate() {
        let word = format!("`{}`{}", scheme.name(), if at + 1 == provider::ALL.len() { "." } else { "," });
        if line.len() + 1 + word.len() > 118 {
            section += &format!("{line}\n");
            line = word;
        } else {
            line += &format!(" {word}");
        }
    }
    section += &line;
    assert_is("README.md", &format!("{}{section}{}", &readme[..start], &readme[end..]));
}
