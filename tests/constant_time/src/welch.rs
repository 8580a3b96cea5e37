//! Welch's t-test on several runs, uncropped and cropped as dudect does.

/// The times of one process in ns.
pub struct Run {
    by_class: [Vec<u64>; 2],
    sorted: Vec<u64>,
}

/// How far the second class lies above the first.
pub struct Comparison {
    pub t: f64,
    /// In ns, of the mean.
    pub difference: f64,
}

/// The comparison whose t is the largest: of all measurements, and of those below each of a hundred percentiles.
pub fn largest(runs: &[Run]) -> Comparison {
    let crops = (1..=100).map(|number| 1.0 - 0.5_f64.powf(10.0 * f64::from(number) / 100.0));
    std::iter::once(1.0)
        .chain(crops)
        .map(|crop| compare(runs, crop))
        // Where a crop leaves a class fewer than two, there is nothing to compare.
        .filter(|comparison| comparison.t.is_finite())
        .max_by(|one, other| one.t.abs().total_cmp(&other.t.abs()))
        .unwrap_or(Comparison { t: 0.0, difference: 0.0 })
}

/// The least and the most that a single run shows, in ns.
pub fn spread(runs: &[Run]) -> (f64, f64) {
    // The slowest tenth is mostly interruptions.
    let differences = runs.iter().map(|run| {
        let [first, second] = run.below(0.9);
        second.mean - first.mean
    });
    differences.fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), one| (least.min(one), most.max(one)))
}

impl Run {
    pub fn of(by_class: [Vec<u64>; 2]) -> Self {
        let mut sorted = by_class.concat();
        sorted.sort_unstable();
        Self { by_class, sorted }
    }

    /// What took no longer than this percentile of all.
    fn below(&self, percentile: f64) -> [Sample; 2] {
        let limit = self.sorted[((self.sorted.len() - 1) as f64 * percentile) as usize];
        self.by_class
            .each_ref()
            .map(|times| Sample::of(times.iter().filter(|time| **time <= limit).map(|time| *time as f64)))
    }
}

/// The mean over all runs of how far their classes are apart, over its standard error.
fn compare(runs: &[Run], percentile: f64) -> Comparison {
    let (mut sum, mut variance) = (0.0, 0.0);
    for [first, second] in runs.iter().map(|run| run.below(percentile)) {
        sum += second.mean - first.mean;
        variance += first.error_squared + second.error_squared;
    }
    Comparison { t: sum / f64::sqrt(variance), difference: sum / runs.len() as f64 }
}

struct Sample {
    mean: f64,
    /// Of the mean.
    error_squared: f64,
}

impl Sample {
    fn of(times: impl Iterator<Item = f64> + Clone) -> Self {
        let count = times.clone().count() as f64;
        let mean = times.clone().sum::<f64>() / count;
        let squares: f64 = times.map(|time| (time - mean).powi(2)).sum();
        Self { mean, error_squared: squares / (count - 1.0) / count }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_t_of_welch() {
        // By hand: means 3 and 6, squared errors 2.5 / 5 and 10 / 5.
        let run = Run::of([vec![1, 2, 3, 4, 5], vec![2, 4, 6, 8, 10]]);
        let Comparison { t, difference } = compare(&[run], 1.0);
        assert!((t - 3.0 / 2.5_f64.sqrt()).abs() < 1e-12);
        assert!((difference - 3.0).abs() < 1e-12);
    }

    #[test]
    fn what_each_run_shows_to_the_other_side_is_no_difference() {
        let times = |least: u64| (least..least + 10).collect::<Vec<_>>();
        let runs = [Run::of([times(10), times(30)]), Run::of([times(90), times(70)])];
        assert!(compare(&runs, 1.0).t.abs() < 1e-12);
        let (least, most) = spread(&runs);
        assert!(least < -15.0 && most > 15.0, "{least} to {most}");
    }

    #[test]
    fn that_one_run_is_slower_is_no_difference_of_its_classes() {
        let times = |least: u64| (least..least + 100).collect::<Vec<_>>();
        let runs = [Run::of([times(100), times(100)]), Run::of([times(500), times(500)])];
        assert!(largest(&runs).t.abs() < 1e-12);
    }

    #[test]
    fn a_difference_that_the_slowest_hide_is_found_below_a_percentile() {
        let with_slow = |least: u64| (least..least + 99).chain([1_000_000 * least]).collect::<Vec<_>>();
        let run = [Run::of([with_slow(100), with_slow(130)])];
        assert!(compare(&run, 1.0).t.abs() < 2.0);
        assert!(largest(&run).t > 4.5);
    }
}
