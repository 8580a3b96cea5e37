//! The events of this process, as a log would have them.

use std::fmt::{Debug, Write};
use std::sync::{Condvar, Mutex, Once};
use std::time::{Duration, Instant};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

static EVENTS: (Mutex<Vec<String>>, Condvar) = (Mutex::new(Vec::new()), Condvar::new());

struct Collector;

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, " {field}={value:?}").unwrap();
    }
}

impl Subscriber for Collector {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("tower_webhook")
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(format!("{} {}", event.metadata().level(), event.metadata().target()));
        event.record(&mut line);
        EVENTS.0.lock().unwrap().push(line.0);
        EVENTS.1.notify_all();
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// From now on, events are kept.
pub(crate) fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| tracing::subscriber::set_global_default(Collector).unwrap());
}

/// The lines with all of these texts.
pub(crate) fn with(texts: &[&str]) -> Vec<String> {
    let events = EVENTS.0.lock().unwrap();
    events.iter().filter(|line| texts.iter().all(|text| line.contains(text))).cloned().collect()
}

/// Waits until there are so many explanations of this route, as they come from another thread.
pub(crate) fn explanations(route: &str, count: usize) -> Vec<String> {
    let route = format!("route=\"{route}\"");
    let until = Instant::now() + Duration::from_secs(30);
    loop {
        let found = with(&["tower_webhook::explanation", &route]);
        if found.len() >= count {
            return found;
        }
        assert!(Instant::now() < until, "{} of {count} explanations", found.len());
        let events = EVENTS.0.lock().unwrap();
        drop(EVENTS.1.wait_timeout(events, Duration::from_millis(50)).unwrap());
    }
}
