//! What foca refuses, and the odd bytes it takes.

use foca::{Header, Member, Message, State};
use interop_peers::identity::Id;
use interop_peers::{render, walk};

use crate::file::VectorFile;
use crate::foca_sim::{peer, PeerCodec, Runtime};

const US: &str = "127.0.0.1:7946";
const THEM: &str = "127.0.0.1:7947";

pub fn add<C: PeerCodec>(file: &mut VectorFile, codec: C) {
    parts(file, codec);
    packets(file, codec);
}

fn header<C: PeerCodec>(mut codec: C, src: Id, dst: Id, message: Message<Id>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let header = Header { src, src_incarnation: 0, dst, message };
    codec.encode_header(&header, &mut bytes).expect("a header encodes");
    bytes
}

fn member<C: PeerCodec>(mut codec: C, member: &Member<Id>) -> Vec<u8> {
    let mut bytes = Vec::new();
    codec.encode_member(member, &mut bytes).expect("a member encodes");
    bytes
}

/// Headers and members on their own, given to the codec.
fn parts<C: PeerCodec>(file: &mut VectorFile, mut codec: C) {
    let whole = header(codec, Id::parse(THEM, 0), Id::parse(US, 0), Message::Ping(1));
    let mut check = |name: &str, bytes: &[u8]| {
        let verdict =
            codec.decode_header(bytes).map(|h| render::header(&h)).map_err(|e| e.to_string());
        file.add_verdict("header", name, verdict, bytes);
    };
    for length in [0, 1, 5, whole.len() - 1] {
        check(&format!("header cut to {length} bytes"), &whole[..length]);
    }
    check("header with an unknown address family", &with(&whole, 0, 2));
    let type_at = whole.len() - 2;
    for unknown in [11, 127] {
        check(&format!("header with message variant {unknown}"), &with(&whole, type_at, unknown));
    }

    let whole = member(codec, &Member::new(Id::parse(THEM, 0), 0, State::Down));
    let mut check = |name: &str, bytes: &[u8]| {
        let verdict =
            codec.decode_member(bytes).map(|m| render::member(&m)).map_err(|e| e.to_string());
        file.add_verdict("member", name, verdict, bytes);
    };
    for length in [0, 3, whole.len() - 1] {
        check(&format!("member cut to {length} bytes"), &whole[..length]);
    }
    check("member with state 3", &with(&whole, whole.len() - 1, 3));
    check("member with state 255", &with(&whole, whole.len() - 1, 255));
}

fn with(bytes: &[u8], at: usize, value: u8) -> Vec<u8> {
    let mut changed = bytes.to_vec();
    changed[at] = value;
    changed
}

/// Whole datagrams, given to a fresh instance that knows nobody.
fn packets<C: PeerCodec>(file: &mut VectorFile, codec: C) {
    let (us, them) = (Id::parse(US, 0), Id::parse(THEM, 0));
    let mut check = |name: &str, parts: &[&[u8]]| {
        let bytes = parts.concat();
        let verdict = receive(codec, us, &bytes);
        file.add_verdict("packet", name, verdict, &bytes);
    };
    let of = |message| header(codec, them, us, message);
    let ping = of(Message::Ping(1));
    let known = member(codec, &Member::alive(Id::parse("127.0.0.1:7948", 0)));
    let broadcast = [&8_u16.to_be_bytes()[..], &7_u64.to_be_bytes()].concat();

    check("ping without a count", &[&ping]);
    check("ping with one trailing byte", &[&ping, &[0]]);
    check("ping with a count of 1 and no member", &[&ping, &[0, 1]]);
    check("ping with a count of 1 and half a member", &[&ping, &[0, 1], &known[..4]]);
    check("ping with one byte after the updates", &[&ping, &[0, 1], &known, &[0]]);
    check("ping with two bytes after the updates", &[&ping, &[0, 1], &known, &[0, 0]]);
    check("ping with a broadcast of length 0", &[&ping, &[0, 0, 0, 0, 9]]);
    check("ping with a broadcast cut short", &[&ping, &[0, 0], &broadcast[..6]]);
    check("ping with one byte after a broadcast", &[&ping, &[0, 0], &broadcast, &[0]]);
    check("ping with a broadcast that its handler refuses", &[&ping, &[0, 0, 0, 1, 9]]);
    check("announce with one trailing byte", &[&of(Message::Announce), &[0]]);
    check("announce with a count of 0", &[&of(Message::Announce), &[0, 0]]);
    check("turnUndead with one trailing byte", &[&of(Message::TurnUndead), &[0]]);
    check("turnUndead with a count of 0", &[&of(Message::TurnUndead), &[0, 0]]);
    check("turnUndead with updates", &[&of(Message::TurnUndead), &[0, 1], &known]);
    check("broadcast with nothing", &[&of(Message::Broadcast)]);
    check("broadcast with a count of 0", &[&of(Message::Broadcast), &[0, 0]]);
    check("feed with a down member", &[&of(Message::Feed), &[0, 1], &down(codec)]);
    check("packet from ourselves", &[&header(codec, us, us, Message::Ping(1)), &[0, 0]]);
    check(
        "packet from our address",
        &[&header(codec, Id::parse(US, 9), us, Message::Gossip), &[0, 0]],
    );
    check(
        "packet for another bump",
        &[&header(codec, them, Id::parse(US, 9), Message::Gossip), &[0, 0]],
    );
    check(
        "announce for another bump",
        &[&header(codec, them, Id::parse(US, 9), Message::Announce)],
    );
    check(
        "pingReq that targets the receiver",
        &[&of(Message::PingReq { target: us, probe_number: 1 })],
    );
    check(
        "indirectPing from the receiver",
        &[&of(Message::IndirectPing { origin: us, probe_number: 1 })],
    );
    check("packet over 1400 bytes", &[&ping, &[0, 0], &1500_u16.to_be_bytes(), &[1; 1500]]);
}

fn down<C: PeerCodec>(codec: C) -> Vec<u8> {
    member(codec, &Member::new(Id::parse("127.0.0.1:7948", 0), 0, State::Down))
}

fn receive<C: PeerCodec>(codec: C, us: Id, bytes: &[u8]) -> Result<serde_json::Value, String> {
    let mut receiver = peer(us, foca::Config::simple(), 0, codec);
    receiver.handle_data(bytes, Runtime::new()).map_err(|error| error.to_string())?;
    Ok(walk::packet(&mut { codec }, bytes)?.to_json())
}
