//! The identity of every foca peer here: a socket address and a bump.

use std::net::SocketAddr;

use foca::Identity;
use serde::{Deserialize, Serialize};

/// The field order is the wire order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Id {
    pub addr: SocketAddr,
    pub bump: u64,
}

impl Id {
    pub fn new(addr: SocketAddr, bump: u64) -> Self {
        Self { addr, bump }
    }

    pub fn parse(addr: &str, bump: u64) -> Self {
        Self::new(addr.parse().expect("a socket address"), bump)
    }
}

impl Identity for Id {
    type Addr = SocketAddr;

    fn renew(&self) -> Option<Self> {
        Some(Self::new(self.addr, self.bump.wrapping_add(1)))
    }

    fn addr(&self) -> SocketAddr {
        self.addr
    }

    fn win_addr_conflict(&self, adversary: &Self) -> bool {
        self.bump > adversary.bump
    }
}
