//! Runs one case of this very program under callgrind, and reads what was counted.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::{env, fs};

/// What one call cost.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Counts {
    /// Without those of `hashing`.
    pub(crate) instructions: f64,
    /// In SHA-2's compression: valgrind knows no SHA instructions, so these stand for blocks, not for time.
    pub(crate) hashing: f64,
    pub(crate) allocations: f64,
}

impl Counts {
    /// What is left without the other one.
    pub(crate) fn without(self, other: Self) -> Self {
        Self {
            instructions: self.instructions - other.instructions,
            hashing: self.hashing - other.hashing,
            allocations: self.allocations - other.allocations,
        }
    }
}

/// The function within which callgrind counts.
#[inline(never)]
pub(crate) fn counted_by_callgrind(what: impl FnOnce()) {
    what();
    // Something after it, so that it stays a call.
    std::hint::black_box(());
}

/// # Errors
/// There is no valgrind, or the case failed.
pub(crate) fn count(case: &str, calls: u32) -> Result<Counts, String> {
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("callgrind.{}", case.replace('/', ".")));
    let mut file = std::ffi::OsString::from("--callgrind-out-file=");
    file.push(&out);
    let run = Command::new("valgrind")
        .args(["--tool=callgrind", "--collect-atstart=no", "--toggle-collect=*counted_by_callgrind*"])
        .args(["--compress-strings=no", "--compress-pos=no", "--dump-instr=yes", "--dump-line=no"])
        .arg(file)
        .arg(env::current_exe().map_err(|error| error.to_string())?)
        .args(["--case", case])
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("valgrind: {error}"))?;
    if !run.status.success() {
        return Err(format!("{case}: {}", String::from_utf8_lossy(&run.stderr)));
    }
    let text = fs::read_to_string(&out).map_err(|error| error.to_string())?;
    let total = read(&text);
    if total.instructions == 0.0 {
        return Err(format!("{case}: nothing was counted"));
    }
    let each = |total: f64| total / f64::from(calls);
    Ok(Counts {
        instructions: each(total.instructions),
        hashing: each(total.hashing),
        allocations: each(total.allocations),
    })
}

/// The sum over all functions. The format: <https://valgrind.org/docs/manual/cl-format.html>.
fn read(text: &str) -> Counts {
    const ALLOCATE: [&str; 5] = ["malloc", "calloc", "realloc", "posix_memalign", "aligned_alloc"];
    let (mut counts, mut function) = (Counts::default(), "");
    // The address of the first instruction of each function that allocates, and how often it ran: callgrind's own count
    // of calls also has those that it was not to count.
    let mut entries: BTreeMap<&str, (u64, f64)> = BTreeMap::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(name) = line.strip_prefix("fn=") {
            function = name;
        } else if line.starts_with("calls=") {
            // What the called one cost stands with that one as well.
            lines.next();
        } else if let Some((address, cost)) = line.strip_prefix("0x").and_then(|line| line.split_once(' ')) {
            let (address, cost) = (u64::from_str_radix(address, 16).unwrap(), cost.parse::<f64>().unwrap());
            if function.contains("sha2") && function.contains("compress") {
                counts.hashing += cost;
            } else {
                counts.instructions += cost;
            }
            if ALLOCATE.contains(&function) {
                let entry = entries.entry(function).or_insert((address, cost));
                *entry = if entry.0 <= address { *entry } else { (address, cost) };
            }
        }
    }
    counts.allocations = entries.values().fold(0.0, |sum, (_, runs)| sum + runs);
    counts
}
