//! The stream of PEER_FEEDER: frames by the real feeder, acks by the real receiver.

use std::sync::Arc;

use interop_peers::hex;
use noxu_rep::net::ServiceHandler;
use noxu_rep::stream::peer_feeder::{catch_up_from_peer, PeerFeederService};
use noxu_rep::stream::{FeederRunner, LogScanner, LogWriter, PeerLogScanner, ReplicaReceiver};
use serde_json::{json, Value};

use crate::file::VectorFile;
use crate::noxu_support::{capture, Recorder, Shared, VERSION};

type Entry = (u64, u8, Vec<u8>);

pub fn file() -> VectorFile {
    let mut file = VectorFile::new("noxu-rep", VERSION);
    frames(&mut file);
    acks(&mut file);
    starts(&mut file);
    replies(&mut file);
    odd(&mut file);
    file
}

/// Hands out a fixed list of entries.
struct Scanner(std::vec::IntoIter<Entry>);

impl LogScanner for Scanner {
    fn next_entry(&mut self, _from: u64) -> Option<Entry> {
        self.0.next()
    }
}

fn entries() -> Vec<Entry> {
    let ramp = |size: usize| (0..size).map(|n| n as u8).collect::<Vec<_>>();
    let mut all: Vec<Entry> = [0, 1, 2, 64, 255, 256, 1024]
        .into_iter()
        .enumerate()
        .map(|(at, size)| (at as u64 + 1, 13, ramp(size)))
        .collect();
    for (at, kind) in [0, 1, 10, 12, 30, 31, 61, 70, 255].into_iter().enumerate() {
        all.push((100 + at as u64, kind, b"commit".to_vec()));
    }
    for vlsn in [0, 255, 256, 0xffff_ffff, 0x1_0000_0000, i64::MAX as u64, u64::MAX - 1] {
        all.push((vlsn, 30, vec![0xff; 3]));
    }
    all
}

/// What the real feeder sends for these entries.
fn feed(entries: Vec<Entry>) -> Vec<Vec<u8>> {
    let channel = Arc::new(Recorder::default());
    let runner = FeederRunner::new(channel.clone(), 0);
    runner.run(&mut Scanner(entries.into_iter())).expect("ends when the channel closes");
    channel.sent()
}

fn frames(file: &mut VectorFile) {
    let entries = entries();
    for ((vlsn, kind, payload), bytes) in entries.iter().zip(feed(entries.clone())) {
        let value = json!({
            "vlsn": vlsn.to_string(),
            "type": kind,
            "crc32": crc32fast::hash(payload),
            "payload": hex::encode(payload),
        });
        file.add(
            "frame",
            format!("frame vlsn {vlsn} type {kind} size {}", payload.len()),
            value,
            &bytes,
        );
    }
}

/// Keeps what the receiver applied.
#[derive(Default)]
struct Writer(Vec<Entry>);

impl LogWriter for Writer {
    fn write_entry(&mut self, vlsn: u64, kind: u8, payload: &[u8]) -> noxu_rep::error::Result<()> {
        self.0.push((vlsn, kind, payload.to_vec()));
        Ok(())
    }
}

/// Runs the real receiver on these frames: what it applied, what it acknowledged.
fn receive(frames: Vec<Vec<u8>>) -> Result<(Vec<Entry>, Vec<Vec<u8>>), String> {
    let channel = Arc::new(Recorder::playing(frames));
    let mut writer = Writer::default();
    ReplicaReceiver::new(channel.clone()).run(&mut writer).map_err(|error| error.to_string())?;
    Ok((writer.0, channel.sent()))
}

fn acks(file: &mut VectorFile) {
    let entries = (1..=300).map(|vlsn| (vlsn, 30, vec![])).collect();
    let (applied, acks) = receive(feed(entries)).expect("a dense stream");
    for ((vlsn, _, _), bytes) in applied.iter().zip(&acks) {
        if [1, 2, 127, 128, 255, 256, 300].contains(vlsn) {
            file.add("ack", format!("ack {vlsn}"), json!({ "vlsn": vlsn.to_string() }), bytes);
        }
    }
    let (_, acks) = receive(feed(vec![(0, 30, vec![])])).expect("VLSN 0 passes");
    file.add("ack", "ack 0", json!({ "vlsn": "0" }), &acks[0]);
}

/// What a real client writes when it connects: two frames, the service and the start.
fn starts(file: &mut VectorFile) {
    for start in [0, 1, 2, 256, u64::MAX] {
        let (address, peer) = capture(vec![1, 0, 0, 0, 1]);
        let served = catch_up_from_peer(address, start, &mut Writer::default()).expect("asks");
        assert!(!served, "the reply said restore");
        let bytes = peer.join().expect("captures");
        let service = 4 + "PEER_FEEDER".len();
        let value = json!({ "startVlsn": start.to_string() });
        file.add("connect", format!("connect at {start}"), value.clone(), &bytes);
        file.add("start", format!("start {start}"), value, &bytes[service + 4..]);
    }
}

/// The real service's first reply, by the range it holds.
fn replies(file: &mut VectorFile) {
    let cases = [
        ("first", Some((1, 5)), 1),
        ("last", Some((1, 5)), 5),
        ("last + 1", Some((1, 5)), 6),
        ("zero", Some((1, 5)), 0),
        ("below the head", Some((3, 5)), 2),
        ("empty log", None, 1),
        ("empty log from zero", None, 0),
    ];
    for (name, range, start) in cases {
        let source = Arc::new(PeerLogScanner::new());
        if let Some((first, last)) = range {
            for vlsn in first..=last {
                source.push(vlsn, 30, vec![]);
            }
        }
        let start: u64 = start;
        let channel = Arc::new(Recorder::playing([start.to_le_bytes().to_vec()]));
        let _ = PeerFeederService::new(source).handle(Box::new(Shared(channel.clone())));
        let sent = channel.sent();
        let serves = sent[0] == [0];
        let value: Value = json!({
            "held": range.map(|(first, last)| [first.to_string(), last.to_string()]),
            "startVlsn": start.to_string(),
            "reply": if serves { "serve" } else { "needsRestore" },
            "frames": sent.len() - 1,
        });
        file.add("reply", format!("reply to {name}"), value, &sent[0]);
    }
}

/// Streams that the real receiver takes or refuses; the hex is the frames one after another.
fn odd(file: &mut VectorFile) {
    let frame = |vlsn, kind, payload: &[u8]| feed(vec![(vlsn, kind, payload.to_vec())]).remove(0);
    let good = frame(1, 13, b"eel");
    let change = |at: usize| {
        let mut bytes = good.clone();
        bytes[at] ^= 1;
        bytes
    };
    let trailing = [&good[..], &[7, 7]].concat();
    let cases: Vec<(&str, Vec<Vec<u8>>)> = vec![
        ("empty frame", vec![vec![]]),
        ("frame of 16 bytes", vec![good[..16].to_vec()]),
        ("payload cut short", vec![good[..19].to_vec()]),
        ("wrong crc", vec![change(13)]),
        ("changed payload", vec![change(17)]),
        ("trailing bytes", vec![trailing]),
        ("unknown type 0", vec![frame(1, 0, b"x")]),
        ("unknown type 99", vec![frame(1, 99, b"x")]),
        ("starts at vlsn 2", vec![frame(2, 13, b"x")]),
        ("repeated vlsn", vec![good.clone(), good.clone()]),
        ("gap", vec![good.clone(), frame(3, 13, b"x")]),
        ("backwards", vec![good.clone(), frame(2, 13, b"x"), frame(1, 13, b"x")]),
        ("vlsn 0 between", vec![good.clone(), frame(0, 30, b""), frame(2, 13, b"x")]),
    ];
    for (name, frames) in cases {
        let bytes = frames.concat();
        let lengths: Vec<_> = frames.iter().map(Vec::len).collect();
        let verdict = receive(frames).map(|(applied, acks)| {
            let applied: Vec<_> = applied.iter().map(|(vlsn, _, _)| vlsn.to_string()).collect();
            json!({ "frameLengths": lengths, "applied": applied, "acks": acks.len() })
        });
        file.add_verdict("stream", name, verdict, &bytes);
    }
}
