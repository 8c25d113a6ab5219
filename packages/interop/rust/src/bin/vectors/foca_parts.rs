//! Headers and members at the edges of their fields, through foca's own codec.

use foca::{Codec, Header, Member, Message, State};
use interop_peers::identity::Id;
use interop_peers::render;

use crate::file::VectorFile;

const PROBES: [u8; 5] = [0, 1, 127, 128, 255];
const INCARNATIONS: [u16; 11] = [0, 1, 127, 128, 250, 251, 255, 256, 16383, 16384, 65535];
const BUMPS: [u64; 9] = [0, 1, 250, 251, 65535, 65536, 0xffff_ffff, 0x1_0000_0000, u64::MAX];
const PORTS: [u16; 6] = [0, 127, 128, 250, 251, 65535];

/// Three identities of one address family, in the roles of a header.
struct Family {
    name: &'static str,
    src: &'static str,
    dst: &'static str,
    third: &'static str,
}

const FAMILIES: [Family; 2] = [
    Family { name: "v4", src: "127.0.0.1:7946", dst: "10.1.2.3:65535", third: "255.255.255.255:1" },
    Family {
        name: "v6",
        src: "[::1]:7946",
        dst: "[2001:db8:0:1:ff02::fb]:65535",
        third: "[fe80::1:2:3]:1",
    },
];

impl Family {
    fn header(&self, message: Message<Id>) -> Header<Id> {
        Header {
            src: Id::parse(self.src, 0),
            src_incarnation: 0,
            dst: Id::parse(self.dst, 7),
            message,
        }
    }

    fn probing(&self, probe_number: u8) -> [Message<Id>; 6] {
        let id = Id::parse(self.third, 300);
        [
            Message::Ping(probe_number),
            Message::Ack(probe_number),
            Message::PingReq { target: id, probe_number },
            Message::IndirectPing { origin: id, probe_number },
            Message::IndirectAck { target: id, probe_number },
            Message::ForwardedAck { origin: id, probe_number },
        ]
    }
}

const PLAIN: [Message<Id>; 5] =
    [Message::Announce, Message::Feed, Message::Gossip, Message::Broadcast, Message::TurnUndead];

pub fn headers<C: Codec<Id>>(file: &mut VectorFile, mut codec: C) {
    for family in &FAMILIES {
        let name = family.name;
        for probe in PROBES {
            for message in family.probing(probe) {
                let label =
                    format!("header {name} {} probe {probe}", render::message_type(&message));
                add_header(file, &mut codec, label, &family.header(message));
            }
        }
        for message in PLAIN {
            let label = format!("header {name} {}", render::message_type(&message));
            add_header(file, &mut codec, label, &family.header(message));
        }
        for incarnation in INCARNATIONS {
            let mut header = family.header(Message::Ping(1));
            header.src_incarnation = incarnation;
            add_header(
                file,
                &mut codec,
                format!("header {name} incarnation {incarnation}"),
                &header,
            );
        }
        for bump in BUMPS {
            let target = Id::parse(family.third, bump);
            let mut header = family.header(Message::PingReq { target, probe_number: 9 });
            header.src.bump = bump;
            header.dst.bump = bump;
            add_header(file, &mut codec, format!("header {name} bump {bump}"), &header);
        }
        for port in PORTS {
            let mut header = family.header(Message::Gossip);
            header.src.addr.set_port(port);
            add_header(file, &mut codec, format!("header {name} port {port}"), &header);
        }
    }
    mixed(file, &mut codec);
}

/// The two families in one header.
fn mixed<C: Codec<Id>>(file: &mut VectorFile, codec: &mut C) {
    let [v4, v6] = &FAMILIES;
    let target = Id::parse(v4.third, 251);
    let mut header = v4.header(Message::PingReq { target, probe_number: 200 });
    header.dst = Id::parse(v6.dst, 65536);
    header.src_incarnation = 300;
    add_header(file, codec, "header mixed pingReq".into(), &header);
    let origin = Id::parse(v6.third, u64::MAX);
    header = v6.header(Message::ForwardedAck { origin, probe_number: 200 });
    header.dst = Id::parse(v4.dst, 0);
    add_header(file, codec, "header mixed forwardedAck".into(), &header);
}

fn add_header<C: Codec<Id>>(
    file: &mut VectorFile,
    codec: &mut C,
    name: String,
    header: &Header<Id>,
) {
    let mut bytes = Vec::new();
    codec.encode_header(header, &mut bytes).expect("a header encodes");
    let back = codec.decode_header(bytes.as_slice()).expect("a header decodes");
    assert_eq!(&back, header, "{name} survives the codec");
    file.add("header", name, render::header(header), &bytes);
}

pub fn members<C: Codec<Id>>(file: &mut VectorFile, mut codec: C) {
    let states = [("alive", State::Alive), ("suspect", State::Suspect), ("down", State::Down)];
    for family in &FAMILIES {
        for (state_name, state) in states {
            for incarnation in INCARNATIONS {
                let id = Id::parse(family.src, u64::from(incarnation));
                let name = format!("member {} {state_name} incarnation {incarnation}", family.name);
                add_member(file, &mut codec, name, &Member::new(id, incarnation, state));
            }
        }
        for bump in BUMPS {
            let id = Id::parse(family.dst, bump);
            let name = format!("member {} bump {bump}", family.name);
            add_member(file, &mut codec, name, &Member::new(id, 0, State::Alive));
        }
    }
}

fn add_member<C: Codec<Id>>(
    file: &mut VectorFile,
    codec: &mut C,
    name: String,
    member: &Member<Id>,
) {
    let mut bytes = Vec::new();
    codec.encode_member(member, &mut bytes).expect("a member encodes");
    let back = codec.decode_member(bytes.as_slice()).expect("a member decodes");
    assert_eq!(&back, member, "{name} survives the codec");
    file.add("member", name, render::member(member), &bytes);
}
