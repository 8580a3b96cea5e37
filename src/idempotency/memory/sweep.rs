//! The one task that moves finished claims into the cache, off the way of the deliveries.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};

use tokio::runtime::Handle;
use tokio::sync::Notify;

use super::table::Table;

/// Started by the first finished claim that finds a tokio runtime; sleeps while nothing is to do, and
/// ends with the store. Needs no timer. When its runtime ends, the next claim starts another.
#[derive(Debug, Default)]
pub(super) struct Sweeper {
    running: AtomicBool,
    wanted: Notify,
}

impl Sweeper {
    pub(super) fn wake(self: &Arc<Self>, table: &Arc<Table>) {
        if !self.running.load(Ordering::Acquire) {
            self.start(table);
        }
        self.wanted.notify_one();
    }

    /// The table is gone: lets the task find out.
    pub(super) fn stop(&self) {
        self.wanted.notify_one();
    }

    fn start(self: &Arc<Self>, table: &Arc<Table>) {
        let Ok(runtime) = Handle::try_current() else { return };
        if self.running.swap(true, Ordering::AcqRel) {
            return;
        }
        let (table, guard) = (Arc::downgrade(table), Running(Arc::clone(self)));
        drop(runtime.spawn(run(table, guard)));
    }
}

/// While it lives, a task of this sweeper does.
struct Running(Arc<Sweeper>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.running.store(false, Ordering::Release);
    }
}

async fn run(table: Weak<Table>, running: Running) {
    loop {
        running.0.wanted.notified().await;
        let Some(table) = table.upgrade() else { return };
        // One shard a turn, so that no other task waits long.
        for shard in 0..Table::SHARDS {
            if table.sweep(shard) {
                tokio::task::yield_now().await;
            }
        }
    }
}
