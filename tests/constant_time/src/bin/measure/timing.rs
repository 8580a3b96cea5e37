//! Takes the time, and nothing else while it does.

use std::hint::black_box;
use std::time::Instant;

#[derive(Clone, Copy)]
pub enum Class {
    Left,
    Right,
}

/// What was measured.
pub struct Timing {
    pub measurements: usize,
    times: Vec<(Class, u128)>,
}

impl Timing {
    pub fn new(measurements: usize) -> Self {
        Self { measurements, times: Vec::with_capacity(measurements) }
    }

    /// Measures all of these in the same way, and keeps what the last one took.
    pub fn measure<I, O>(&mut self, class: Class, row: impl IntoIterator<Item = I>, run: impl Fn(I) -> O) {
        let mut took = 0;
        for input in row {
            let began = Instant::now();
            black_box(run(input));
            took = began.elapsed().as_nanos();
        }
        self.times.push((class, took));
    }

    pub fn print(&self) {
        let lines =
            self.times.iter().map(|(class, time)| format!("{} {time}\n", u8::from(matches!(class, Class::Right))));
        print!("{}", lines.collect::<String>());
    }
}
