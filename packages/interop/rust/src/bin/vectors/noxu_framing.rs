//! The length prefix under every message, and the first frame that names the service.

use std::io::{Read, Write};
use std::time::Duration;

use interop_peers::hex;
use noxu_rep::net::{connect_to_service, Channel, TcpChannel};
use serde_json::json;

use crate::file::VectorFile;
use crate::noxu_support::{capture, connection, VERSION};

pub fn file() -> VectorFile {
    let mut file = VectorFile::new("noxu-rep", VERSION);
    for size in [0_usize, 1, 2, 8, 25, 255, 256, 1400] {
        let payload: Vec<u8> = (0..size).map(|n| (n * 3) as u8).collect();
        let bytes = sent(std::slice::from_ref(&payload));
        file.add(
            "frame",
            format!("frame of {size}"),
            json!({ "payload": hex::encode(&payload) }),
            &bytes,
        );
    }
    let many = [vec![1], vec![], vec![2, 3, 4]];
    let payloads: Vec<_> = many.iter().map(|payload| hex::encode(payload)).collect();
    file.add("frames", "three frames in a row", json!({ "payloads": payloads }), &sent(&many));
    services(&mut file);
    odd(&mut file);
    file
}

/// What a real TCP channel puts on the wire.
fn sent(payloads: &[Vec<u8>]) -> Vec<u8> {
    let (near, mut far) = connection();
    let channel = TcpChannel::new(near);
    for payload in payloads {
        channel.send(payload).expect("sends");
    }
    channel.close().expect("closes");
    let mut bytes = Vec::new();
    far.read_to_end(&mut bytes).expect("reads");
    bytes
}

fn services(file: &mut VectorFile) {
    let names = [
        ("REP_SYNCUP", "REP_SYNCUP".to_string()),
        ("PEER_FEEDER", "PEER_FEEDER".into()),
        ("RESTORE", "RESTORE".into()),
        ("of one byte", "x".into()),
        ("in UTF-8", "bänc".into()),
        ("of 256 bytes", "s".repeat(256)),
    ];
    for (name, service) in names {
        let (address, peer) = capture(vec![]);
        drop(connect_to_service(address, &service).expect("connects"));
        let bytes = peer.join().expect("captures");
        file.add("service", format!("service {name}"), json!({ "service": service }), &bytes);
    }
    for (name, service) in [("empty", String::new()), ("of 257 bytes", "s".repeat(257))] {
        let address = "127.0.0.1:9".parse().expect("an address");
        let refused = connect_to_service(address, &service).err().expect("refuses the name");
        file.add_invalid(
            "service",
            format!("service name {name}"),
            refused.to_string(),
            service.as_bytes(),
        );
    }
}

/// Bytes that a real TCP channel reads, then the end of the connection.
fn odd(file: &mut VectorFile) {
    let cases: [(&str, Vec<u8>); 8] = [
        ("nothing", vec![]),
        ("two bytes of a length", vec![1, 0]),
        ("a length without a body", vec![3, 0, 0, 0]),
        ("a body cut short", vec![3, 0, 0, 0, 1, 2]),
        ("one byte over 64 MiB", 67_108_865_u32.to_le_bytes().to_vec()),
        ("the largest length", vec![0xff; 4]),
        ("64 MiB without a body", 67_108_864_u32.to_le_bytes().to_vec()),
        ("big-endian length", vec![0, 0, 1, 0]),
    ];
    for (name, bytes) in cases {
        let (near, mut far) = connection();
        far.write_all(&bytes).expect("writes");
        drop(far);
        let channel = TcpChannel::new(near);
        let verdict = match channel.receive(Duration::from_secs(5)) {
            Ok(payload) => Ok(json!({ "payload": payload.map(|bytes| hex::encode(&bytes)) })),
            Err(error) => Err(error.to_string()),
        };
        file.add_verdict("frame", name, verdict, &bytes);
    }
}
