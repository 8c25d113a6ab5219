//! One foca instance that knows so many members.

use std::error::Error;
use std::num::NonZeroU8;

use foca::{Codec, Config, Foca, Member, NoCustomBroadcast, Notification, Runtime, State, Timer};
use interop_peers::identity::Id;
use rand::rngs::StdRng;
use rand::SeedableRng;

use crate::packets;

pub trait PeerCodec: Codec<Id, Error: Error + Send> + Copy {}
impl<C: Codec<Id, Error: Error + Send> + Copy> PeerCodec for C {}

/// Counts what is sent and drops the rest.
#[derive(Default)]
pub struct Sink {
    pub packets: usize,
    pub bytes: usize,
}

impl Runtime<Id> for Sink {
    fn notify(&mut self, _notification: Notification<'_, Id>) {}

    fn send_to(&mut self, _to: Id, data: &[u8]) {
        self.packets += 1;
        self.bytes += std::hint::black_box(data).len();
    }

    fn submit_after(&mut self, _event: Timer<Id>, _after: std::time::Duration) {}
}

pub struct Cluster<C: PeerCodec> {
    foca: Foca<Id, C, StdRng, NoCustomBroadcast>,
    pub members: u32,
    pub sink: Sink,
}

impl<C: PeerCodec> Cluster<C> {
    /// foca looks every new member up by a scan, so this takes quadratic time.
    pub fn new(codec: C, members: u32) -> Self {
        let config =
            Config { max_transmissions: NonZeroU8::new(10).expect("not zero"), ..Config::simple() };
        let mut foca = Foca::new(packets::us(), config, StdRng::seed_from_u64(1), codec);
        let mut sink = Sink::default();
        let all = (0..members).map(|n| Member::alive(packets::member(n)));
        foca.apply_many(all, false, &mut sink).expect("applies");
        Self { foca, members, sink }
    }

    pub fn receive(&mut self, packet: &[u8]) {
        self.foca.handle_data(packet, &mut self.sink).expect("takes the packet");
    }

    pub fn gossip(&mut self) {
        self.foca.gossip(&mut self.sink).expect("gossips");
    }

    /// Gives the first hundred members newer incarnations, which refills the backlog.
    pub fn refresh(&mut self, incarnation: u16) {
        let fresh = (0..self.members.min(100))
            .map(|n| Member::new(packets::member(n), incarnation, State::Alive));
        self.foca.apply_many(fresh, true, &mut self.sink).expect("applies");
    }
}
