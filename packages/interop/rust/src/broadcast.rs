//! Custom broadcasts of the peers: `id: u64 BE`, then any bytes; new when the id is unseen.

use std::collections::HashSet;
use std::fmt;

use foca::{BroadcastHandler, Invalidates};

use crate::identity::Id;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key(pub u64);

impl Invalidates for Key {
    fn invalidates(&self, other: &Self) -> bool {
        self == other
    }
}

#[derive(Debug)]
pub struct TooShort(usize);

impl fmt::Display for TooShort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a broadcast needs an id of 8 bytes, got {}", self.0)
    }
}

impl std::error::Error for TooShort {}

/// Remembers the ids it saw; keeps what came from others until it is taken.
#[derive(Default)]
pub struct Seen {
    ids: HashSet<u64>,
    received: Vec<(Id, Vec<u8>)>,
}

/// The handler, behind a lock because foca keeps the one it is given.
#[derive(Clone, Default)]
pub struct Handler(std::sync::Arc<std::sync::Mutex<Seen>>);

impl Handler {
    /// What arrived from others since the last call.
    pub fn take(&self) -> Vec<(Id, Vec<u8>)> {
        std::mem::take(&mut self.0.lock().expect("no panic under the lock").received)
    }
}

impl BroadcastHandler<Id> for Handler {
    type Key = Key;
    type Error = TooShort;

    fn receive_item(&mut self, data: &[u8], sender: Option<&Id>) -> Result<Option<Key>, TooShort> {
        let Some(id) = data.first_chunk::<8>() else {
            return Err(TooShort(data.len()));
        };
        let id = u64::from_be_bytes(*id);
        let mut seen = self.0.lock().expect("no panic under the lock");
        if !seen.ids.insert(id) {
            return Ok(None);
        }
        if let Some(sender) = sender {
            seen.received.push((*sender, data.to_vec()));
        }
        Ok(Some(Key(id)))
    }
}
