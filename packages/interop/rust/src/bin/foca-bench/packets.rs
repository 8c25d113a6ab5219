//! Gossip packets of 20 updates about the members of the benchmark's cluster.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use foca::{Header, Member, Message, State};
use interop_peers::hex;
use interop_peers::identity::Id;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::cluster::PeerCodec;

const UPDATES: usize = 20;

/// The member under test.
pub fn us() -> Id {
    Id::new(SocketAddr::from((Ipv4Addr::LOCALHOST, 7946)), 0)
}

/// Member `n` counts up from 10.0.0.1; all use port 7946 and bump 0.
pub fn member(n: u32) -> Id {
    Id::new(SocketAddr::from((Ipv4Addr::from(0x0a00_0001 + n), 7946)), 0)
}

pub fn read(path: &Path) -> Result<Vec<Vec<u8>>, String> {
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    let packets: Result<Vec<_>, _> =
        text.lines().filter(|line| !line.trim().is_empty()).map(hex::decode).collect();
    packets.and_then(|all| match all.is_empty() {
        true => Err("no packets in the file".into()),
        false => Ok(all),
    })
}

/// 64 packets that say what every member knows: all alive, incarnation 0.
pub fn known<C: PeerCodec>(codec: C, members: u32) -> Vec<Vec<u8>> {
    let mut recipe = Recipe::new(codec, members, 0);
    (0..64).map(|_| recipe.packet(0)).collect()
}

pub struct Recipe<C> {
    codec: C,
    members: u32,
    rng: StdRng,
    incarnation: u16,
}

impl<C: PeerCodec> Recipe<C> {
    pub fn new(codec: C, members: u32, incarnation: u16) -> Self {
        Self { codec, members, rng: StdRng::seed_from_u64(7), incarnation }
    }

    /// Whether there are incarnations left for more.
    pub fn has_news(&self) -> bool {
        self.incarnation < u16::MAX - 100
    }

    /// Packets whose every update is newer than any before.
    pub fn news(&mut self, count: usize) -> Vec<Vec<u8>> {
        (0..count)
            .map(|_| {
                self.incarnation += 1;
                self.packet(self.incarnation)
            })
            .collect()
    }

    fn packet(&mut self, incarnation: u16) -> Vec<u8> {
        let src = member(self.rng.random_range(0..self.members));
        let header = Header { src, src_incarnation: 0, dst: us(), message: Message::Gossip };
        let mut bytes = Vec::new();
        self.codec.encode_header(&header, &mut bytes).expect("encodes");
        bytes.extend((UPDATES as u16).to_be_bytes());
        for _ in 0..UPDATES {
            let id = member(self.rng.random_range(0..self.members));
            let update = Member::new(id, incarnation, State::Alive);
            self.codec.encode_member(&update, &mut bytes).expect("encodes");
        }
        bytes
    }
}
