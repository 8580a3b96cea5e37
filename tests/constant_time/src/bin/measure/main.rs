//! Measures one pair of classes in this process: `measure <class> <measurements>` prints the class (0 or 1) and the time in ns
//! of each. Without arguments it names the pairs.

mod refusals;
mod timing;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let Some(wanted) = arguments.next() else {
        refusals::ALL.iter().for_each(|(name, _)| println!("{name}"));
        return;
    };
    let measurements = arguments.next().and_then(|count| count.parse().ok()).expect("how many measurements");
    let (_, run) = refusals::ALL.iter().find(|(name, _)| *name == wanted).expect("a pair of classes");
    let mut timing = timing::Timing::new(measurements);
    run(&mut timing, &mut rand::make_rng());
    timing.print();
}
