//! A subscriber that keeps everything that our targets say, down to the last level.

use std::collections::BTreeMap;
use std::fmt::{Debug, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// A span, with the fields that it was given, and those of its events.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) name: String,
    pub(crate) fields: BTreeMap<String, String>,
    /// The span in which it stands.
    pub(crate) within: Option<u64>,
}

#[derive(Clone, Default)]
pub(crate) struct Listener {
    next: Arc<AtomicU64>,
    pub(crate) spans: Arc<Mutex<BTreeMap<u64, Seen>>>,
    pub(crate) events: Arc<Mutex<Vec<Seen>>>,
    entered: Arc<Mutex<Vec<u64>>>,
}

impl Listener {
    /// Everything, as one text.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        for seen in self.spans.lock().unwrap().values().chain(self.events.lock().unwrap().iter()) {
            writeln!(text, "{} {:?}", seen.name, seen.fields).unwrap();
        }
        text
    }

    /// The spans of this name, in their order.
    pub(crate) fn spans_of(&self, name: &str) -> Vec<Seen> {
        self.spans.lock().unwrap().values().filter(|span| span.name == name).cloned().collect()
    }

    pub(crate) fn events_of(&self, target: &str) -> Vec<Seen> {
        self.events.lock().unwrap().iter().filter(|event| event.name == target).cloned().collect()
    }
}

struct Fields<'f>(&'f mut BTreeMap<String, String>);

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.to_owned());
    }
}

impl Subscriber for Listener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("tower_webhook")
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        let id = self.next.fetch_add(1, Ordering::Relaxed) + 1;
        let within = self.entered.lock().unwrap().last().copied();
        let mut seen = Seen { name: attributes.metadata().name().to_owned(), within, ..Seen::default() };
        attributes.record(&mut Fields(&mut seen.fields));
        self.spans.lock().unwrap().insert(id, seen);
        Id::from_u64(id)
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        if let Some(seen) = self.spans.lock().unwrap().get_mut(&span.into_u64()) {
            values.record(&mut Fields(&mut seen.fields));
        }
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let within = self.entered.lock().unwrap().last().copied();
        let mut seen = Seen { name: event.metadata().target().to_owned(), within, ..Seen::default() };
        event.record(&mut Fields(&mut seen.fields));
        self.events.lock().unwrap().push(seen);
    }

    fn enter(&self, span: &Id) {
        self.entered.lock().unwrap().push(span.into_u64());
    }

    fn exit(&self, span: &Id) {
        let mut entered = self.entered.lock().unwrap();
        if let Some(at) = entered.iter().rposition(|id| *id == span.into_u64()) {
            entered.remove(at);
        }
    }
}
