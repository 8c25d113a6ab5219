//! Whole datagrams as running foca instances sent them, a few of each shape.

use std::collections::HashMap;
use std::num::{NonZeroU8, NonZeroUsize};
use std::time::Duration;

use foca::{Config, Header, Message, PeriodicParams};
use interop_peers::identity::Id;
use interop_peers::{render, walk};

use crate::file::VectorFile;
use crate::foca_sim::{PeerCodec, Sim};

/// How many packets of one shape a scenario contributes.
const PER_SHAPE: usize = 2;

pub fn packets<C: PeerCodec>(file: &mut VectorFile, codec: C) {
    for v6 in [false, true] {
        let name = if v6 { "v6" } else { "v4" };
        keep(file, codec, &format!("{name} calm"), &calm(codec, v6));
        keep(file, codec, &format!("{name} indirect"), &indirect(codec, v6));
        keep(file, codec, &format!("{name} death"), &death(codec, v6));
        keep(file, codec, &format!("{name} broadcasts"), &broadcasts(codec, v6));
        keep(file, codec, &format!("{name} leave"), &leave(codec, v6));
        keep(file, codec, &format!("{name} crowd"), &crowd(codec, v6));
    }
    keep(file, codec, "no room for a count", &no_room(codec));
    keep(file, codec, "room for a count only", &room_for_count(codec));
}

fn config() -> Config {
    let often = |millis| {
        Some(PeriodicParams {
            frequency: Duration::from_millis(millis),
            num_members: NonZeroUsize::new(2).expect("not zero"),
        })
    };
    Config {
        periodic_gossip: often(200),
        periodic_announce: often(900),
        periodic_announce_to_down_members: often(1100),
        notify_down_members: true,
        max_transmissions: NonZeroU8::new(4).expect("not zero"),
        ..Config::simple()
    }
}

fn ids(count: usize, v6: bool) -> Vec<Id> {
    let at = |n: usize| match v6 {
        true => format!("[2001:db8::{:x}]:{}", n + 1, 7946 + n),
        false => format!("10.0.{}.{}:{}", n / 200, n % 200 + 1, 7946 + n),
    };
    let bumps = [0, 251, 70_000, 5_000_000_000];
    (0..count).map(|n| Id::parse(&at(n), bumps[n % bumps.len()])).collect()
}

/// Everyone announces to the first and a second passes.
fn joined<C: PeerCodec>(codec: C, count: usize, v6: bool) -> Sim<C> {
    let ids = ids(count, v6);
    let mut sim = Sim::new(&ids, &config(), codec);
    for node in 1..count {
        sim.act(node, |peer, runtime| peer.announce(ids[0], runtime).expect("announces"));
    }
    sim.run_for(Duration::from_secs(1));
    sim
}

fn calm<C: PeerCodec>(codec: C, v6: bool) -> Sim<C> {
    let mut sim = joined(codec, 5, v6);
    sim.run_for(Duration::from_secs(4));
    sim
}

/// The first two nodes can't hear each other, so helpers ping for them.
fn indirect<C: PeerCodec>(codec: C, v6: bool) -> Sim<C> {
    let mut sim = joined(codec, 5, v6);
    sim.link = |from, to| from + to != 1;
    sim.run_for(Duration::from_secs(12));
    sim
}

/// A node falls silent until it is down, then comes back and is told so.
fn death<C: PeerCodec>(codec: C, v6: bool) -> Sim<C> {
    let mut sim = joined(codec, 4, v6);
    sim.dead[3] = true;
    sim.run_for(Duration::from_secs(14));
    sim.dead[3] = false;
    sim.act(3, |peer, runtime| peer.gossip(runtime).expect("gossips"));
    sim.run_for(Duration::from_secs(6));
    sim
}

fn broadcasts<C: PeerCodec>(codec: C, v6: bool) -> Sim<C> {
    let mut sim = joined(codec, 4, v6);
    for (node, id, size) in [(0, 1_u64, 0), (0, 2, 5), (1, 3, 300), (2, 4, 120)] {
        let mut data = id.to_be_bytes().to_vec();
        data.extend((0..size).map(|n: u32| n as u8));
        sim.nodes[node].add_broadcast(&data).expect("a broadcast is taken");
    }
    sim.act(0, |peer, runtime| peer.broadcast(runtime).expect("broadcasts"));
    sim.act(1, |peer, runtime| peer.broadcast(runtime).expect("broadcasts"));
    sim.act(3, |peer, runtime| {
        let first = ids(1, v6)[0];
        peer.announce(first, runtime).expect("announces");
    });
    sim.run_for(Duration::from_secs(4));
    sim
}

fn leave<C: PeerCodec>(codec: C, v6: bool) -> Sim<C> {
    let mut sim = joined(codec, 3, v6);
    sim.act(2, |peer, runtime| peer.leave_cluster(runtime).expect("leaves"));
    sim.run_for(Duration::from_secs(3));
    sim
}

/// More members than a packet holds.
fn crowd<C: PeerCodec>(codec: C, v6: bool) -> Sim<C> {
    joined(codec, 120, v6)
}

/// A packet limit that leaves room for the header and two bytes: foca then omits the count.
fn no_room<C: PeerCodec>(codec: C) -> Sim<C> {
    tight(codec, 2)
}

fn room_for_count<C: PeerCodec>(codec: C) -> Sim<C> {
    tight(codec, 3)
}

fn tight<C: PeerCodec>(mut codec: C, room: usize) -> Sim<C> {
    let ids = ids(2, false);
    let header =
        Header { src: ids[0], src_incarnation: 0, dst: ids[1], message: Message::<Id>::Gossip };
    let mut bytes = Vec::new();
    codec.encode_header(&header, &mut bytes).expect("a header encodes");
    let limit = NonZeroUsize::new(bytes.len() + room).expect("not zero");
    let mut sim = Sim::new(&ids, &Config { max_packet_size: limit, ..config() }, codec);
    sim.act(0, |peer, runtime| {
        let known = foca::Member::alive(ids[1]);
        peer.apply_many(std::iter::once(known), true, &mut *runtime).expect("applies");
        peer.gossip(runtime).expect("gossips");
    });
    sim
}

/// Keeps the first packets of every shape: type, with or without updates and broadcasts.
fn keep<C: PeerCodec>(file: &mut VectorFile, mut codec: C, scenario: &str, sim: &Sim<C>) {
    let mut kept: HashMap<(&str, bool, bool, bool), usize> = HashMap::new();
    for data in &sim.trace {
        let packet = walk::packet(&mut codec, data).expect("foca's own packet");
        let kind = render::message_type(&packet.header.message);
        let some = packet.updates.as_ref().is_some_and(|all| !all.is_empty());
        let shape = (kind, some, !packet.broadcasts.is_empty(), data.len() > 1300);
        let seen = kept.entry(shape).or_default();
        *seen += 1;
        if *seen <= PER_SHAPE {
            let mut name = format!("{scenario} {kind}");
            for (is, word) in [(shape.1, "updates"), (shape.2, "broadcasts"), (shape.3, "full")] {
                if is {
                    name += &format!(" {word}");
                }
            }
            file.add("packet", format!("{name} {seen}"), packet.to_json(), data);
        }
    }
}
