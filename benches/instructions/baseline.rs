//! The counts that were kept, and what may not grow.

use std::collections::BTreeMap;
use std::env::consts::ARCH;
use std::fs;
use std::process::Command;

use crate::callgrind::Counts;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/baseline.txt");

/// How much a count may grow.
const LIMIT: f64 = 0.03;
/// The same with other tools than those of the baseline.
const LIMIT_OF_OTHER_TOOLS: f64 = 0.25;
/// This many more are noise however few there were: where a map finds its place, for one, is left to chance.
const NOISE: Counts = Counts { instructions: 3.0, hashing: 3.0, allocations: 0.1 };

/// Counts, and the compiler, target and libc that they hold for.
pub(crate) struct Baseline {
    pub(crate) made_with: String,
    pub(crate) counts: BTreeMap<String, Counts>,
}

/// What decides about instructions, apart from the sources and the lock file.
pub(crate) fn tools() -> Result<String, String> {
    let ask = |program: &str, argument: &str| {
        let output = Command::new(program).arg(argument).output().map_err(|error| format!("{program}: {error}"))?;
        Ok::<_, String>(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let libc = ask("getconf", "GNU_LIBC_VERSION").unwrap_or_else(|_| "no glibc".to_owned());
    Ok(format!("{}, {}, {libc}", ask("rustc", "--version")?, ARCH))
}

impl Baseline {
    pub(crate) fn kept() -> Result<Self, String> {
        let text = fs::read_to_string(FILE).map_err(|error| format!("{FILE}: {error}"))?;
        let made_with = text.lines().next().and_then(|line| line.strip_prefix("# ")).unwrap_or_default().to_owned();
        let mut counts = BTreeMap::new();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let words: Vec<&str> = line.split_whitespace().collect();
            let [case, rest @ ..] = &words[..] else { continue };
            let numbers: Result<Vec<f64>, _> = rest.iter().map(|word| word.parse()).collect();
            let Ok([instructions, hashing, allocations]) = numbers.as_deref() else {
                return Err(format!("{FILE}: {line:?} has not three numbers"));
            };
            let found = Counts { instructions: *instructions, hashing: *hashing, allocations: *allocations };
            counts.insert((*case).to_owned(), found);
        }
        Ok(Self { made_with, counts })
    }

    pub(crate) fn keep(&self) -> Result<(), String> {
        let mut text = format!("# {}\n# case, instructions, of SHA-2 beside them, allocations\n", self.made_with);
        for (case, counts) in &self.counts {
            let Counts { instructions, hashing, allocations } = counts;
            text += &format!("{case:<34}{instructions:>8.0}{hashing:>9.0}{allocations:>8.2}\n");
        }
        print!("{text}");
        fs::write(FILE, text).map_err(|error| format!("{FILE}: {error}"))
    }

    /// # Errors
    /// What grew, and by how much.
    pub(crate) fn compare(&self, found: &Self) -> Result<(), String> {
        let limit = if self.made_with == found.made_with {
            LIMIT
        } else if self.made_with.contains(ARCH) {
            println!("counted with {}, kept with {}: only a quarter more fails", found.made_with, self.made_with);
            LIMIT_OF_OTHER_TOOLS
        } else {
            println!("counted with {}, kept with {}: nothing is compared", found.made_with, self.made_with);
            f64::INFINITY
        };
        if self.counts.keys().ne(found.counts.keys()) {
            return Err("there are other cases than those kept: keep anew with --keep".to_owned());
        }
        let mut grown = Vec::new();
        println!("{:<34}{:>22}{:>24}{:>20}", "case", "instructions", "of SHA-2 beside them", "allocations");
        for ((case, kept), now) in self.counts.iter().zip(found.counts.values()) {
            let row = [
                ("instructions", kept.instructions, now.instructions, NOISE.instructions, 0),
                ("instructions of SHA-2", kept.hashing, now.hashing, NOISE.hashing, 0),
                ("allocations", kept.allocations, now.allocations, NOISE.allocations, 2),
            ];
            print!("{case:<34}");
            for (what, kept, now, noise, digits) in row {
                print!("{now:>13.digits$} ({:>+5.1} %)", if kept == 0.0 { 0.0 } else { (now / kept - 1.0) * 100.0 });
                if now > kept * (1.0 + limit) + noise {
                    grown.push(format!("{case}: {now:.digits$} {what}, kept are {kept:.digits$}"));
                }
            }
            println!();
        }
        if grown.is_empty() {
            return Ok(());
        }
        grown.push(format!("grown by more than {:.0} %: find out why, or keep it with --keep", limit * 100.0));
        Err(grown.join("\n"))
    }
}
