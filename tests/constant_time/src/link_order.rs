//! The same code, linked in an order that chance chooses.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::welch::Run;

const PACKAGE: &str = env!("CARGO_MANIFEST_DIR");

/// One executable. Its functions are those of the others, and lie elsewhere.
pub struct LinkOrder(PathBuf);

impl LinkOrder {
    /// Links once more; what is compiled already is not compiled again.
    ///
    /// # Panics
    ///
    /// Where the linker is not lld, which rustc comes with and uses on x86-64 Linux: others know no such option.
    pub fn link(number: usize) -> Self {
        let seed = number + 1;
        let linked = Command::new(env!("CARGO"))
            .args(["rustc", "--quiet", "--release", "--bin", "measure", "--"])
            .args(["-C", &format!("link-arg=-Wl,--shuffle-sections=*={seed}")])
            .current_dir(PACKAGE)
            .status();
        assert!(linked.is_ok_and(|status| status.success()), "link order {seed} cannot be linked");
        let this = std::env::current_exe().expect("an executable");
        let folder = this.parent().unwrap_or_else(|| Path::new("."));
        let kept = folder.join(format!("measure-{seed}"));
        std::fs::copy(folder.join("measure"), &kept).expect("room for the executable");
        Self(kept)
    }

    /// The classes that it measures.
    pub fn classes(&self) -> Vec<String> {
        self.run(&[]).lines().map(str::to_owned).collect()
    }

    /// Measures a pair of classes, in a process of its own.
    pub fn measure(&self, class: &str, measurements: usize) -> Run {
        let mut times = [Vec::new(), Vec::new()];
        for line in self.run(&[class, &measurements.to_string()]).lines() {
            let (class, time) = line.split_once(' ').expect("a class and its time");
            times[usize::from(class == "1")].push(time.parse().expect("a time in ns"));
        }
        assert_eq!(times.each_ref().map(Vec::len).iter().sum::<usize>(), measurements, "as many as were asked for");
        Run::of(times)
    }

    fn run(&self, arguments: &[&str]) -> String {
        let output = Command::new(&self.0).args(arguments).output().expect("an executable");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text")
    }
}
