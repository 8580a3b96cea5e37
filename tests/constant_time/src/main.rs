//! Measures refusals of two classes against each other. See README.md.

mod link_order;
mod welch;

use std::process::ExitCode;

use link_order::LinkOrder;
use welch::Comparison;

/// So many link orders are measured, each in a process of its own.
const ORDERS: usize = 25;
const MEASUREMENTS: usize = 1_000_000;
/// From here on a difference is taken for shown, as dudect does.
const LIMIT: f64 = 4.5;
/// What the control has to show, or the machine is too noisy to show anything.
const CONTROL: (&str, f64) = ("control_early_exit", 50.0);

fn main() -> ExitCode {
    let wanted = std::env::args().skip_while(|argument| argument != "--filter").nth(1).unwrap_or_default();
    let orders: Vec<_> = (0..ORDERS).map(LinkOrder::link).collect();
    let Some(classes) = orders.first().map(LinkOrder::classes) else { return ExitCode::FAILURE };
    println!("{MEASUREMENTS} measurements of each pair of classes, over {ORDERS} link orders");
    let mut hold = true;
    for class in classes.iter().filter(|class| class.contains(&wanted)) {
        let runs: Vec<_> = orders.iter().map(|order| order.measure(class, MEASUREMENTS / ORDERS)).collect();
        let Comparison { t, difference } = welch::largest(&runs);
        let (least, most) = welch::spread(&runs);
        println!("{class:28} t {t:8.1}   {difference:7.1} ns   by link order {least:7.1} to {most:6.1} ns");
        hold &= if *class == CONTROL.0 { t.abs() > CONTROL.1 } else { t.abs() < LIMIT };
    }
    if hold { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
