//! Logs made from a few numbers: the same numbers give the same log everywhere.

use interop_peers::args::Args;

use crate::log::Log;

const INSERT_TXN: u8 = 13;
const TXN_COMMIT: u8 = 30;

pub struct Recipe {
    count: u64,
    first: u64,
    size: usize,
    sync_every: u64,
    diverge_at: u64,
    tag: String,
}

impl Recipe {
    pub fn take(args: &mut Args) -> Result<Option<Self>, String> {
        let count = args.get("generate")?;
        let recipe = Self {
            count: count.unwrap_or(0),
            first: args.get("first")?.unwrap_or(1),
            size: args.get("size")?.unwrap_or(64),
            sync_every: args.get::<u64>("sync-every")?.unwrap_or(5).max(1),
            diverge_at: args.get("diverge-at")?.unwrap_or(u64::MAX),
            tag: args.get("tag")?.unwrap_or_else(|| "x".into()),
        };
        Ok(count.map(|_| recipe))
    }

    /// VLSNs `first..=count`; those above `diverge_at` carry the tag.
    pub fn log(&self) -> Log {
        let mut log = Log::default();
        for vlsn in 1..=self.count {
            let tag = if vlsn > self.diverge_at { self.tag.as_str() } else { "base" };
            log.append(vlsn, kind(vlsn, self.sync_every), &payload(tag, vlsn, self.size));
        }
        match self.first > 1 {
            true => trimmed(&log, self.first),
            false => log,
        }
    }
}

pub fn kind(vlsn: u64, sync_every: u64) -> u8 {
    if vlsn.is_multiple_of(sync_every) {
        TXN_COMMIT
    } else {
        INSERT_TXN
    }
}

/// `TAG:VLSN;` over and over, cut to the size.
pub fn payload(tag: &str, vlsn: u64, size: usize) -> Vec<u8> {
    format!("{tag}:{vlsn};").into_bytes().into_iter().cycle().take(size).collect()
}

fn trimmed(log: &Log, first: u64) -> Log {
    let mut kept = Log::default();
    for entry in log.iter().filter(|entry| entry.vlsn >= first) {
        kept.push(entry.clone());
    }
    kept
}
