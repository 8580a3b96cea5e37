//! Measures refusals of two classes against each other. See README.md.

mod link_order;
mod welch;

use std::process::ExitCode;

use link_order::LinkOrder;
use welch::Comparison;

/// So many link orders are measured, each in a process of its own.
const ORDERS: usize = 25;
const MEASUREMENTS: usize = 1_000_000;

/// What a pair of classes has to keep.
enum Bound {
    /// No difference is shown: from this t on dudect takes one for shown.
    T(f64),
    /// A difference is shown, by this t at least, or the machine is too noisy to show anything.
    Control(f64),
    /// A difference may be shown, of so many ns at most.
    Nanoseconds(f64),
}

impl Bound {
    fn of(class: &str) -> Self {
        match class {
            "control_early_exit" => Self::Control(50.0),
            // The resolver itself goes two ways here: see README.md.
            "known_or_unknown_tenant" => Self::Nanoseconds(20.0),
            _ => Self::T(4.5),
        }
    }

    fn keeps(&self, shown: &Comparison) -> bool {
        match self {
            Self::T(limit) => shown.t.abs() < *limit,
            Self::Control(least) => shown.t.abs() > *least,
            Self::Nanoseconds(most) => shown.difference.abs() < *most,
        }
    }
}

fn main() -> ExitCode {
    let wanted = std::env::args().skip_while(|argument| argument != "--filter").nth(1).unwrap_or_default();
    let orders: Vec<_> = (0..ORDERS).map(LinkOrder::link).collect();
    let Some(classes) = orders.first().map(LinkOrder::classes) else { return ExitCode::FAILURE };
    println!("{MEASUREMENTS} measurements of each pair of classes, over {ORDERS} link orders");
    let mut hold = true;
    for class in classes.iter().filter(|class| class.contains(&wanted)) {
        let runs: Vec<_> = orders.iter().map(|order| order.measure(class, MEASUREMENTS / ORDERS)).collect();
        let shown = welch::largest(&runs);
        let (least, most) = welch::spread(&runs);
        let Comparison { t, difference } = shown;
        println!("{class:28} t {t:8.1}   {difference:7.1} ns   by link order {least:7.1} to {most:6.1} ns");
        hold &= Bound::of(class).keeps(&shown);
    }
    if hold { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
