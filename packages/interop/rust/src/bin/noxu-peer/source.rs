//! What the feeder shares between its connections: the log, and a scanner over it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, RwLock};

use noxu_rep::stream::{LogScanner, SyncupView, VlsnEntry};
use noxu_util::Vlsn;

use crate::log::Log;

pub type SharedLog = Arc<RwLock<Log>>;

/// The log as it is at each question.
pub struct LiveView(pub SharedLog);

impl LiveView {
    fn with<T>(&self, ask: impl FnOnce(&Log) -> T) -> T {
        ask(&self.0.read().expect("no panic under the lock"))
    }
}

impl SyncupView for LiveView {
    fn last_sync(&self) -> Vlsn {
        self.with(Log::last_sync)
    }

    fn last_txn_end(&self) -> Vlsn {
        self.with(Log::last_txn_end)
    }

    fn first_vlsn(&self) -> Vlsn {
        self.with(Log::first_vlsn)
    }

    fn entry(&self, vlsn: Vlsn) -> Option<VlsnEntry> {
        self.with(|log| log.entry(vlsn))
    }
}

/// Follows the tail of the log for one connection, and counts.
pub struct Scanner {
    pub log: SharedLog,
    pub sent: Arc<AtomicU64>,
}

impl LogScanner for Scanner {
    fn next_entry(&mut self, from_vlsn: u64) -> Option<(u64, u8, Vec<u8>)> {
        let log = self.log.read().expect("no panic under the lock");
        let entry = log.at_or_after(from_vlsn)?;
        self.sent.fetch_add(1, Ordering::Relaxed);
        Some((entry.vlsn, entry.kind, entry.payload.clone()))
    }
}
