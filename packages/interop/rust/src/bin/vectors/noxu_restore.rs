//! The restore format, by the real server, and what the real client refuses.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;

use interop_peers::hex;
use noxu_rep::net::{Channel, ServiceHandler, TcpServiceDispatcher};
use noxu_rep::{NetworkRestore, NetworkRestoreConfig, NetworkRestoreServer, RESTORE_SERVICE_NAME};
use serde_json::{json, Value};

use crate::file::VectorFile;
use crate::noxu_support::{capture, Recorder, Shared, VERSION};

/// The request, as the crate sends it; asserted against a captured one.
const MAGIC: [u8; 4] = 0x4e52_5354_u32.to_le_bytes();

pub fn file() -> VectorFile {
    let mut file = VectorFile::new("noxu-rep", VERSION);
    requests(&mut file);
    served(&mut file);
    odd(&mut file);
    file
}

/// A directory of our own that goes away with its value.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path =
            std::env::temp_dir().join(format!("shoal-vectors-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("makes a directory");
        Self(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn client(port: u16, into: &Scratch) -> NetworkRestore {
    NetworkRestore::new(NetworkRestoreConfig {
        source_node: "feeder".into(),
        source_host: Ipv4Addr::LOCALHOST.to_string(),
        source_port: port,
        retain_log_files: false,
    })
    .with_local_dir(&into.0)
}

/// What a client writes: the bare magic to a restore server, framed to a dispatcher.
fn requests(file: &mut VectorFile) {
    let into = Scratch::new("request");
    let none = [0; 4];
    let (address, peer) = capture(none.to_vec());
    client(address.port(), &into).execute().expect("restores no files");
    let bytes = peer.join().expect("captures");
    assert_eq!(bytes, MAGIC);
    file.add("request", "request to a restore server", json!({ "framed": false }), &bytes);

    let (address, peer) = capture([&4_u32.to_le_bytes()[..], &none].concat());
    client(address.port(), &into).execute_via_dispatcher().expect("restores no files");
    let bytes = peer.join().expect("captures");
    file.add("request", "request to a dispatcher", json!({ "framed": true }), &bytes);
}

/// A name and what the file holds.
type NamedFile = (&'static str, Vec<u8>);

fn served(file: &mut VectorFile) {
    let ramp = |size: usize| (0..size).map(|n| (n * 5) as u8).collect::<Vec<_>>();
    let cases: Vec<(&str, Vec<NamedFile>)> = vec![
        ("no files", vec![]),
        ("an empty file", vec![("00000000.ndb", vec![])]),
        ("a small file", vec![("00000000.ndb", b"eel".to_vec())]),
        ("two files", vec![("00000001.ndb", ramp(5)), ("00000000.ndb", ramp(300))]),
        ("a name in UTF-8", vec![("härt.ndb", ramp(1))]),
        ("other files left out", vec![("00000000.ndb", ramp(2)), ("notes.txt", ramp(9))]),
        (
            "a long name",
            vec![(concat!("a-name-of-some-length-", "0123456789-0123456789", ".ndb"), ramp(8))],
        ),
    ];
    for (name, files) in cases {
        let home = Scratch::new("home");
        for (file_name, data) in &files {
            fs::write(home.0.join(file_name), data).expect("writes a file");
        }
        let (raw, framed) = (serve_raw(&home), serve_channel(&home));
        assert_eq!(raw, framed, "the two forms share their payload");
        file.add("payload", name, value(&files), &raw);
        let into = Scratch::new("into");
        restore(&raw, &into).expect("the real client takes it");
    }
}

fn value(files: &[NamedFile]) -> Value {
    let mut sent: Vec<_> = files.iter().filter(|(name, _)| name.ends_with(".ndb")).collect();
    sent.sort_by_key(|(name, _)| *name);
    let files: Vec<_> = sent
        .iter()
        .map(|(name, data)| {
            json!({ "name": name, "data": hex::encode(data), "crc32": crc32fast::hash(data) })
        })
        .collect();
    json!({ "files": files })
}

fn serve_raw(home: &Scratch) -> Vec<u8> {
    let server = NetworkRestoreServer::new(&home.0).into_arc();
    let address = server.start((Ipv4Addr::LOCALHOST, 0).into()).expect("listens");
    let mut stream = TcpStream::connect(address).expect("connects");
    stream.write_all(&MAGIC).expect("asks");
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).expect("reads");
    server.stop();
    bytes
}

fn serve_channel(home: &Scratch) -> Vec<u8> {
    let channel = Arc::new(Recorder::playing([MAGIC.to_vec()]));
    NetworkRestoreServer::new(&home.0).handle(Box::new(Shared(channel.clone()))).expect("serves");
    channel.sent().remove(0)
}

/// Serves a payload of ours, so that the real client can judge it.
struct Canned(Vec<u8>);

impl ServiceHandler for Canned {
    fn service_name(&self) -> &str {
        RESTORE_SERVICE_NAME
    }

    fn handle(&self, channel: Box<dyn Channel>) -> noxu_rep::error::Result<()> {
        channel.receive(std::time::Duration::from_secs(10))?;
        channel.send(&self.0)
    }
}

fn restore(payload: &[u8], into: &Scratch) -> Result<(), String> {
    let dispatcher =
        TcpServiceDispatcher::new((Ipv4Addr::LOCALHOST, 0).into()).expect("a dispatcher");
    dispatcher.register(RESTORE_SERVICE_NAME, Arc::new(Canned(payload.to_vec())));
    let address = dispatcher.start().expect("listens");
    let result = client(address.port(), into).execute_via_dispatcher();
    dispatcher.stop_and_join();
    result.map_err(|error| error.to_string())
}

fn record(name: &[u8], data: &[u8], crc: u32) -> Vec<u8> {
    let mut bytes = (name.len() as u16).to_le_bytes().to_vec();
    bytes.extend(name);
    bytes.extend((data.len() as u64).to_le_bytes());
    bytes.extend(data);
    bytes.extend(crc.to_le_bytes());
    bytes
}

/// Payloads that only a hostile or broken server sends.
fn odd(file: &mut VectorFile) {
    let good = |name: &[u8]| record(name, b"eel", crc32fast::hash(b"eel"));
    let names: [(&str, &[u8]); 12] = [
        ("an empty name", b""),
        ("the name .", b"."),
        ("the name ..", b".."),
        ("a hidden name", b".hidden"),
        ("a slash in the name", b"a/b"),
        ("a parent in the name", b"../a.ndb"),
        ("an absolute name", b"/a.ndb"),
        ("a backslash in the name", b"a\\b"),
        ("a NUL in the name", b"a\0b"),
        ("a name that is not UTF-8", b"\xff\xfe"),
        ("a name without an extension", b"notes"),
        ("a drive in the name", b"c:a.ndb"),
    ];
    let one = 1_u32.to_le_bytes();
    let mut cases: Vec<(&str, Vec<u8>)> =
        names.iter().map(|(name, bytes)| (*name, [&one[..], &good(bytes)].concat())).collect();
    let whole = [&one[..], &good(b"00000000.ndb")].concat();
    cases.push(("nothing", vec![]));
    cases.push(("three bytes of a count", vec![1, 0, 0]));
    cases.push(("no name", one.to_vec()));
    cases.push(("a name cut short", whole[..10].to_vec()));
    cases.push(("data cut short", whole[..whole.len() - 6].to_vec()));
    cases.push(("no crc", whole[..whole.len() - 4].to_vec()));
    cases.push(("a wrong crc", [&one[..], &record(b"00000000.ndb", b"eel", 1)].concat()));
    cases.push((
        "a count above the files",
        [&2_u32.to_le_bytes()[..], &good(b"00000000.ndb")].concat(),
    ));
    cases.push(("trailing bytes", [&whole[..], &[1, 2, 3]].concat()));
    cases.push((
        "the same name twice",
        [&2_u32.to_le_bytes()[..], &good(b"x.ndb"), &good(b"x.ndb")].concat(),
    ));
    for (name, bytes) in cases {
        let into = Scratch::new("odd");
        let verdict = restore(&bytes, &into).map(|()| json!({ "accepted": true }));
        file.add_verdict("payload", name, verdict, &bytes);
    }
}
