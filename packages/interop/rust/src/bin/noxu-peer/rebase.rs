//! A channel that lets noxu's receiver begin in the middle of a log.
//!
//! `ReplicaReceiver` of 7.11 insists on VLSN 1 as its first frame. This shifts the VLSNs of
//! frames down on their way in and those of acks up on their way out; the crc covers the
//! payload alone, so nothing else changes, and the wire carries the true VLSNs.

use std::time::Duration;

use noxu_rep::error::Result;
use noxu_rep::net::Channel;

pub struct Rebased<C> {
    pub inner: C,
    pub offset: u64,
}

impl<C> Rebased<C> {
    fn shift(&self, bytes: &mut [u8], shift: impl Fn(u64, u64) -> u64) {
        if let Some(vlsn) = bytes.first_chunk_mut::<8>() {
            *vlsn = shift(u64::from_le_bytes(*vlsn), self.offset).to_le_bytes();
        }
    }
}

impl<C: Channel> Channel for Rebased<C> {
    fn send(&self, data: &[u8]) -> Result<()> {
        let mut data = data.to_vec();
        self.shift(&mut data, u64::wrapping_add);
        self.inner.send(&data)
    }

    fn receive(&self, timeout: Duration) -> Result<Option<Vec<u8>>> {
        let mut frame = self.inner.receive(timeout)?;
        if let Some(frame) = &mut frame {
            self.shift(frame, u64::wrapping_sub);
        }
        Ok(frame)
    }

    fn close(&self) -> Result<()> {
        self.inner.close()
    }

    fn is_open(&self) -> bool {
        self.inner.is_open()
    }
}
