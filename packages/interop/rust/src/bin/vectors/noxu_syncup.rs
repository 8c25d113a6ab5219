//! The seven messages of the syncup handshake, and a recorded handshake of each outcome.

use std::collections::BTreeMap;

use interop_peers::hex;
use noxu_rep::stream::{
    feeder_syncup_handshake, replica_syncup_handshake, SyncupMsg, SyncupView, VlsnEntry,
};
use noxu_util::{Vlsn, NULL_VLSN};
use serde_json::{json, Value};

use crate::file::VectorFile;
use crate::noxu_support::{Recorder, VERSION};

const VLSNS: [i64; 9] = [-1, 0, 1, 2, 127, 128, 0x1_0000_0000, i64::MAX, i64::MIN];
const WORDS: [u64; 5] = [0, 1, 0xffff_ffff, 0x0102_0304_0506_0708, u64::MAX];

pub fn file() -> VectorFile {
    let mut file = VectorFile::new("noxu-rep", VERSION);
    for vlsn in VLSNS {
        let vlsn = Vlsn::new(vlsn);
        add(&mut file, &SyncupMsg::EntryRequest { vlsn });
        add(&mut file, &SyncupMsg::StartStream { start_vlsn: vlsn });
        add(&mut file, &SyncupMsg::RestoreRequest { failed_vlsn: vlsn });
        add(&mut file, &entry(vlsn, 1, 1, true));
        add(&mut file, &alternate(vlsn, 1, 1, true));
    }
    for lsn in WORDS {
        for fingerprint in WORDS {
            let vlsn = Vlsn::new(1);
            let is_sync = lsn != fingerprint;
            add(&mut file, &entry(vlsn, lsn, fingerprint, is_sync));
            add(&mut file, &alternate(vlsn, lsn, fingerprint, is_sync));
        }
    }
    add(&mut file, &SyncupMsg::EntryNotFound);
    add(&mut file, &SyncupMsg::RestoreResponse);
    odd(&mut file);
    conversations(&mut file);
    file
}

fn entry(vlsn: Vlsn, lsn: u64, fingerprint: u64, is_sync: bool) -> SyncupMsg {
    SyncupMsg::Entry { vlsn, lsn, fingerprint, is_sync }
}

fn alternate(vlsn: Vlsn, lsn: u64, fingerprint: u64, is_sync: bool) -> SyncupMsg {
    SyncupMsg::AlternateMatchpoint { vlsn, lsn, fingerprint, is_sync }
}

fn add(file: &mut VectorFile, message: &SyncupMsg) {
    let bytes = message.encode();
    assert_eq!(&SyncupMsg::decode(&bytes).expect("decodes its own bytes"), message);
    let value = render(message);
    let details: Vec<String> = value
        .as_object()
        .expect("an object")
        .values()
        .map(|field| field.as_str().map_or_else(|| field.to_string(), str::to_string))
        .collect();
    file.add("message", details.join(" "), value, &bytes);
}

fn render(message: &SyncupMsg) -> Value {
    let record = |kind: &str, vlsn: &Vlsn, lsn: &u64, fingerprint: &u64, is_sync: &bool| {
        json!({
            "type": kind,
            "vlsn": vlsn.sequence().to_string(),
            "lsn": lsn.to_string(),
            "fingerprint": fingerprint.to_string(),
            "isSync": is_sync,
        })
    };
    match message {
        SyncupMsg::EntryRequest { vlsn } => {
            json!({ "type": "entryRequest", "vlsn": vlsn.sequence().to_string() })
        }
        SyncupMsg::Entry { vlsn, lsn, fingerprint, is_sync } => {
            record("entry", vlsn, lsn, fingerprint, is_sync)
        }
        SyncupMsg::EntryNotFound => json!({ "type": "entryNotFound" }),
        SyncupMsg::AlternateMatchpoint { vlsn, lsn, fingerprint, is_sync } => {
            record("alternateMatchpoint", vlsn, lsn, fingerprint, is_sync)
        }
        SyncupMsg::StartStream { start_vlsn } => {
            json!({ "type": "startStream", "startVlsn": start_vlsn.sequence().to_string() })
        }
        SyncupMsg::RestoreRequest { failed_vlsn } => {
            json!({ "type": "restoreRequest", "failedVlsn": failed_vlsn.sequence().to_string() })
        }
        SyncupMsg::RestoreResponse => json!({ "type": "restoreResponse" }),
    }
}

fn odd(file: &mut VectorFile) {
    let request = SyncupMsg::EntryRequest { vlsn: Vlsn::new(5) }.encode();
    let start = SyncupMsg::StartStream { start_vlsn: Vlsn::new(6) }.encode();
    let restore = SyncupMsg::RestoreRequest { failed_vlsn: Vlsn::new(7) }.encode();
    let entry = entry(Vlsn::new(5), 6, 7, true).encode();
    let other = alternate(Vlsn::new(5), 6, 7, false).encode();
    let with = |bytes: &[u8], more: &[u8]| [bytes, more].concat();
    let (body, _) = entry.split_at(entry.len() - 1);
    let cases = [
        ("nothing", vec![]),
        ("opcode 0", vec![0]),
        ("opcode 8", vec![8]),
        ("opcode 255", vec![255]),
        ("entryRequest without a body", request[..1].to_vec()),
        ("entryRequest of 7 bytes", request[..8].to_vec()),
        ("startStream of 7 bytes", start[..8].to_vec()),
        ("restoreRequest of 7 bytes", restore[..8].to_vec()),
        ("entry without a body", entry[..1].to_vec()),
        ("entry without isSync", entry[..25].to_vec()),
        ("alternateMatchpoint without isSync", other[..25].to_vec()),
        ("entryRequest with a trailing byte", with(&request, &[0])),
        ("startStream with a trailing byte", with(&start, &[1])),
        ("restoreRequest with trailing bytes", with(&restore, &[1, 2, 3])),
        ("entry with a trailing byte", with(&entry, &[9])),
        ("alternateMatchpoint with a trailing byte", with(&other, &[9])),
        ("entryNotFound with a trailing byte", vec![3, 0]),
        ("restoreResponse with a trailing byte", vec![7, 0]),
        ("entry with isSync 2", with(body, &[2])),
        ("entry with isSync 255", with(body, &[255])),
    ];
    for (name, bytes) in cases {
        let verdict = SyncupMsg::decode(&bytes).map(|m| render(&m)).map_err(|e| e.to_string());
        file.add_verdict("message", name, verdict, &bytes);
    }
}

/// A log for the handshakes: VLSN to fingerprint; every entry is a sync point, LSN = 100 x VLSN.
struct View(BTreeMap<i64, u64>);

impl SyncupView for View {
    fn last_sync(&self) -> Vlsn {
        self.0.last_key_value().map_or(NULL_VLSN, |(vlsn, _)| Vlsn::new(*vlsn))
    }

    fn last_txn_end(&self) -> Vlsn {
        self.last_sync()
    }

    fn first_vlsn(&self) -> Vlsn {
        self.0.first_key_value().map_or(NULL_VLSN, |(vlsn, _)| Vlsn::new(*vlsn))
    }

    fn entry(&self, vlsn: Vlsn) -> Option<VlsnEntry> {
        let fingerprint = *self.0.get(&vlsn.sequence())?;
        Some(VlsnEntry { lsn: vlsn.sequence() as u64 * 100, fingerprint, is_sync: true })
    }
}

/// Whole handshakes: each side run by the crate, its messages as they went.
fn conversations(file: &mut VectorFile) {
    let log = |range: std::ops::RangeInclusive<i64>, tag: u64| -> Vec<(i64, u64)> {
        range.map(|vlsn| (vlsn, vlsn as u64 + tag)).collect()
    };
    let diverged = [log(1..=3, 0), log(4..=6, 1000)].concat();
    let cases = [
        ("identical", log(1..=5, 0), log(1..=5, 0)),
        ("replica is a prefix", log(1..=3, 0), log(1..=5, 0)),
        ("replica is ahead", log(1..=7, 0), log(1..=5, 0)),
        ("diverged by 3", diverged, log(1..=6, 0)),
        ("nothing in common", log(1..=3, 1000), log(1..=3, 0)),
        ("empty replica", vec![], log(1..=3, 0)),
        ("empty replica, head trimmed", vec![], log(2..=3, 0)),
        ("replica below the feeder's head", log(1..=3, 0), log(5..=9, 0)),
        ("alternate below the replica's head", log(5..=9, 0), log(1..=3, 0)),
        ("empty feeder", log(1..=3, 0), vec![]),
        ("both empty", vec![], vec![]),
    ];
    for (name, replica, feeder) in cases {
        let (messages, result) =
            converse(&View(replica.into_iter().collect()), &View(feeder.into_iter().collect()));
        let value = json!({ "messages": messages, "replicaOutcome": result });
        let bytes: Vec<u8> = messages
            .iter()
            .flat_map(|m| hex::decode(m["hex"].as_str().expect("hex")).expect("hex"))
            .collect();
        file.add("handshake", name, value, &bytes);
    }
}

/// Plays both sides against recordings, one message at a time, until neither has more to say.
fn converse(replica: &View, feeder: &View) -> (Vec<Value>, String) {
    let (mut asked, mut answered): (Vec<Vec<u8>>, Vec<Vec<u8>>) = (vec![], vec![]);
    loop {
        let channel = Recorder::playing(answered.clone());
        let outcome = replica_syncup_handshake(&channel, replica);
        let sent = channel.sent();
        if sent.len() == asked.len() {
            return (interleave(&asked, &answered), format!("{outcome:?}"));
        }
        asked = sent;
        let channel = Recorder::playing(asked.clone());
        let _ = feeder_syncup_handshake(&channel, feeder);
        let replies = channel.sent();
        if replies.len() == answered.len() {
            return (interleave(&asked, &answered), format!("{outcome:?}"));
        }
        answered = replies;
    }
}

fn interleave(asked: &[Vec<u8>], answered: &[Vec<u8>]) -> Vec<Value> {
    let show = |from: &str, bytes: &Vec<u8>| {
        let message = SyncupMsg::decode(bytes).expect("the crate's own message");
        json!({ "from": from, "message": render(&message), "hex": hex::encode(bytes) })
    };
    let mut all = Vec::new();
    for (at, question) in asked.iter().enumerate() {
        all.push(show("replica", question));
        all.extend(answered.get(at).map(|answer| show("feeder", answer)));
    }
    all
}
