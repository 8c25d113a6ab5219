//! A cluster of real foca instances in virtual time, so that traces never vary.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::error::Error;
use std::time::Duration;

use bytes::Bytes;
use foca::{AccumulatingRuntime, Codec, Config, Foca, Timer};
use interop_peers::broadcast::Handler;
use interop_peers::identity::Id;
use rand::rngs::StdRng;
use rand::SeedableRng;

/// What foca asks of a codec, in one name.
pub trait PeerCodec: Codec<Id, Error: Error + Send> + Copy {}
impl<C: Codec<Id, Error: Error + Send> + Copy> PeerCodec for C {}

pub type Peer<C> = Foca<Id, C, StdRng, Handler>;
pub type Runtime = AccumulatingRuntime<Id>;

pub fn peer<C: PeerCodec>(id: Id, config: Config, seed: u64, codec: C) -> Peer<C> {
    Foca::with_custom_broadcast(id, config, StdRng::seed_from_u64(seed), codec, Handler::default())
}

enum Event {
    Timer { node: usize, timer: Timer<Id> },
    Packet { to: Id, data: Bytes },
}

/// Whether a packet from one node to another gets through, by their indices.
pub type Link = fn(from: usize, to: usize) -> bool;

pub struct Sim<C: PeerCodec> {
    pub nodes: Vec<Peer<C>>,
    pub dead: Vec<bool>,
    pub link: Link,
    pub trace: Vec<Bytes>,
    queue: BinaryHeap<Reverse<(Duration, u64)>>,
    events: std::collections::HashMap<u64, Event>,
    now: Duration,
    sequence: u64,
}

impl<C: PeerCodec> Sim<C> {
    pub fn new(ids: &[Id], config: &Config, codec: C) -> Self {
        let nodes: Vec<_> = ids
            .iter()
            .enumerate()
            .map(|(at, id)| peer(*id, config.clone(), at as u64, codec))
            .collect();
        Self {
            dead: vec![false; nodes.len()],
            nodes,
            link: |_, _| true,
            trace: Vec::new(),
            queue: BinaryHeap::new(),
            events: std::collections::HashMap::new(),
            now: Duration::ZERO,
            sequence: 0,
        }
    }

    /// Lets one node act, then takes what it wants sent and scheduled.
    pub fn act(&mut self, node: usize, action: impl FnOnce(&mut Peer<C>, &mut Runtime)) {
        let mut runtime = Runtime::new();
        action(&mut self.nodes[node], &mut runtime);
        while let Some((to, data)) = runtime.to_send() {
            self.trace.push(data.clone());
            let target = self.nodes.iter().position(|n| n.identity().addr == to.addr);
            if target.is_some_and(|target| (self.link)(node, target)) {
                self.push(Duration::from_millis(1), Event::Packet { to, data });
            }
        }
        while let Some((after, timer)) = runtime.to_schedule() {
            self.push(after, Event::Timer { node, timer });
        }
    }

    pub fn run_for(&mut self, span: Duration) {
        let end = self.now + span;
        while let Some(Reverse((at, sequence))) = self.queue.peek().copied() {
            if at > end {
                break;
            }
            self.queue.pop();
            self.now = at;
            let event = self.events.remove(&sequence).expect("queued with its event");
            self.handle(event);
        }
        self.now = end;
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::Timer { node, timer } if !self.dead[node] => self.act(node, |peer, runtime| {
                let _ = peer.handle_timer(timer, runtime);
            }),
            Event::Packet { to, data } => {
                let target = self.nodes.iter().position(|n| n.identity().addr == to.addr);
                let Some(node) = target.filter(|node| !self.dead[*node]) else { return };
                self.act(node, |peer, runtime| {
                    let _ = peer.handle_data(&data, runtime);
                });
            }
            Event::Timer { .. } => {}
        }
    }

    fn push(&mut self, after: Duration, event: Event) {
        self.sequence += 1;
        self.queue.push(Reverse((self.now + after, self.sequence)));
        self.events.insert(self.sequence, event);
    }
}
