//! Measures refusals of two classes against each other. See README.md.

mod refusals;

use dudect_bencher::ctbench::{BenchMetadata, BenchName, BenchOpts, run_benches_console};

fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip_while(|argument| argument != "--filter").skip(1);
    let classes =
        refusals::ALL.iter().map(|(name, run)| BenchMetadata { name: BenchName(name), seed: None, benchfn: *run });
    run_benches_console(BenchOpts { filter: arguments.next(), ..BenchOpts::default() }, classes.collect())
}
