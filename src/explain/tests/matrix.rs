//! The right cause, for nearly everything that is broken.

use std::collections::BTreeMap;

use super::breakages::{all, is_high};
use super::senders::template_senders;
use crate::explain::Cause;
use crate::scheme::Scheme;

/// What was found out of some senders.
#[derive(Default)]
struct Found {
    deliveries: usize,
    /// By the right cause: how many, and how many of them were not found out.
    by_cause: BTreeMap<&'static str, (u32, u32)>,
    wrong: Vec<String>,
    false_highs: Vec<String>,
}

impl Found {
    fn sender(&mut self, scheme: Scheme, at: usize) {
        let mut own = 0;
        let chosen = all(scheme, 1).into_iter().skip(at % step()).step_by(step());
        for broken in chosen {
            // What passes all the same is not broken.
            let Some(reason) = broken.reason() else { continue };
            own += 1;
            let found = broken.explained(reason);
            let right = broken.causes.contains(&found.cause());
            let counts = self.by_cause.entry(broken.causes[0].code()).or_default();
            counts.0 += 1;
            counts.1 += u32::from(!right);
            if !right {
                let line = format!("{}: {} ({reason}): {found}", scheme.name(), broken.what);
                if is_high(&found) {
                    self.false_highs.push(line.clone());
                }
                self.wrong.push(line);
            }
        }
        assert!(own >= 20, "{}: only {own} breakages", scheme.name());
        self.deliveries += own;
    }
}

/// Of each sender every second, and of the next sender those between; with `EXPLAIN_ALL` set, all.
fn step() -> usize {
    if std::env::var_os("EXPLAIN_ALL").is_some() { 1 } else { 2 }
}

#[test]
fn the_right_cause_is_named_for_each_sender_and_each_breakage() {
    let senders: Vec<Scheme> = template_senders().collect();
    assert!(senders.len() > 100);
    let halves = senders.len().div_ceil(2);
    let found: Vec<Found> = std::thread::scope(|scope| {
        let threads: Vec<_> = senders
            .chunks(halves)
            .map(|senders| {
                scope.spawn(|| {
                    let mut found = Found::default();
                    senders.iter().enumerate().for_each(|(at, scheme)| found.sender(*scheme, at));
                    found
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let deliveries: usize = found.iter().map(|found| found.deliveries).sum();
    let wrong: Vec<&String> = found.iter().flat_map(|found| &found.wrong).collect();
    let false_highs: Vec<&String> = found.iter().flat_map(|found| &found.false_highs).collect();
    println!("{} senders, {deliveries} deliveries, {} wrong: {wrong:#?}", senders.len(), wrong.len());
    assert!(false_highs.is_empty(), "{false_highs:#?}");
    assert!(wrong.len() * 20 <= deliveries, "{} of {deliveries}", wrong.len());

    // Each cause by itself, too; but those that no breakage here has.
    let never = [
        Cause::BodyKeysSorted,
        Cause::HeaderMissing,
        Cause::HeaderRepeated,
        Cause::OtherRoute,
        Cause::TimestampMissing,
        Cause::Unexplained,
    ];
    for cause in Cause::ALL.iter().filter(|cause| !never.contains(cause)) {
        let of_cause = found.iter().filter_map(|found| found.by_cause.get(cause.code()));
        let (seen, missed) = of_cause.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
        assert!(seen > 0 && missed * 20 <= seen, "{cause}: {missed} of {seen} missed");
    }
}
