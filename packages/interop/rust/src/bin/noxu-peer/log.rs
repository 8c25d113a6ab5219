//! A replicated log in memory, and the crate's view of it.

use std::collections::BTreeMap;

use noxu_rep::stream::{SyncupView, VlsnEntry};
use noxu_util::{Vlsn, NULL_VLSN};
use serde_json::{json, Value};

/// The bytes that noxu's log spends on the header of a replicated entry.
pub const HEADER: u64 = 22;

const TXN_COMMIT: u8 = 30;
const TXN_ABORT: u8 = 31;
const MATCHPOINT: u8 = 61;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub vlsn: u64,
    pub lsn: u64,
    pub kind: u8,
    pub is_sync: bool,
    pub fingerprint: u64,
    pub payload: Vec<u8>,
}

/// As noxu's own reader computes it: the crc32 of the payload, xor the type.
pub fn fingerprint(kind: u8, payload: &[u8]) -> u64 {
    u64::from(crc32fast::hash(payload)) ^ u64::from(kind)
}

/// As noxu's `LogEntryType::is_sync_point` says.
pub fn is_sync_point(kind: u8) -> bool {
    matches!(kind, TXN_COMMIT | TXN_ABORT | MATCHPOINT)
}

#[derive(Clone, Debug, Default)]
pub struct Log(BTreeMap<u64, Entry>);

impl Log {
    pub fn push(&mut self, entry: Entry) {
        self.0.insert(entry.vlsn, entry);
    }

    /// Adds an entry that came over the stream, at the LSN where this log ends.
    pub fn append(&mut self, vlsn: u64, kind: u8, payload: &[u8]) {
        self.push(Entry {
            vlsn,
            lsn: self.end(),
            kind,
            is_sync: is_sync_point(kind),
            fingerprint: fingerprint(kind, payload),
            payload: payload.to_vec(),
        });
    }

    pub fn end(&self) -> u64 {
        self.0.last_key_value().map_or(0, |(_, last)| last.lsn + HEADER + last.payload.len() as u64)
    }

    pub fn get(&self, vlsn: u64) -> Option<&Entry> {
        self.0.get(&vlsn)
    }

    pub fn at_or_after(&self, vlsn: u64) -> Option<&Entry> {
        self.0.range(vlsn..).next().map(|(_, entry)| entry)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.0.values()
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// First and last, None when empty.
    pub fn range(&self) -> Option<(u64, u64)> {
        Some((*self.0.first_key_value()?.0, *self.0.last_key_value()?.0))
    }

    /// Cuts everything above `vlsn` and says how many entries that were.
    pub fn cut(&mut self, vlsn: u64) -> usize {
        vlsn.checked_add(1).map_or(0, |from| self.0.split_off(&from).len())
    }

    fn last_where(&self, test: impl Fn(&Entry) -> bool) -> Vlsn {
        let found = self.0.values().rev().find(|entry| test(entry));
        found.map_or(NULL_VLSN, |entry| Vlsn::new(entry.vlsn as i64))
    }

    pub fn digest(&self) -> String {
        let mut digest = Digest::default();
        for entry in self.iter() {
            digest.add(entry.vlsn, entry.kind, &entry.payload);
        }
        digest.text()
    }

    pub fn summary(&self) -> Value {
        let range = self.range();
        json!({
            "entries": self.len(),
            "firstVlsn": range.map(|(first, _)| first.to_string()),
            "lastVlsn": range.map(|(_, last)| last.to_string()),
            "lastSync": self.last_sync().sequence().to_string(),
            "digest": self.digest(),
        })
    }
}

impl SyncupView for Log {
    fn last_sync(&self) -> Vlsn {
        self.last_where(|entry| entry.is_sync)
    }

    fn last_txn_end(&self) -> Vlsn {
        self.last_where(|entry| matches!(entry.kind, TXN_COMMIT | TXN_ABORT))
    }

    fn first_vlsn(&self) -> Vlsn {
        self.range().map_or(NULL_VLSN, |(first, _)| Vlsn::new(first as i64))
    }

    fn entry(&self, vlsn: Vlsn) -> Option<VlsnEntry> {
        let entry = self.get(u64::try_from(vlsn.sequence()).ok()?)?;
        Some(VlsnEntry { lsn: entry.lsn, fingerprint: entry.fingerprint, is_sync: entry.is_sync })
    }
}

/// crc32 over `vlsn u64 LE, type u8, length u32 LE, payload` of every entry in turn.
#[derive(Default)]
pub struct Digest(crc32fast::Hasher);

impl Digest {
    pub fn add(&mut self, vlsn: u64, kind: u8, payload: &[u8]) {
        self.0.update(&vlsn.to_le_bytes());
        self.0.update(&[kind]);
        self.0.update(&(payload.len() as u32).to_le_bytes());
        self.0.update(payload);
    }

    pub fn text(&self) -> String {
        format!("{:08x}", self.0.clone().finalize())
    }
}
