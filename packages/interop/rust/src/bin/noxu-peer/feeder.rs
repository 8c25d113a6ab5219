//! The feeder: REP_SYNCUP, PEER_FEEDER and, when asked, RESTORE.

use std::io::BufRead;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, RwLock};
use std::time::Duration;

use interop_peers::args::Args;
use interop_peers::events::emit;
use noxu_rep::error::{RepError, Result};
use noxu_rep::net::{Channel, ServiceHandler, TcpServiceDispatcher};
use noxu_rep::stream::peer_feeder::PEER_FEEDER_SERVICE_NAME;
use noxu_rep::stream::{
    feeder_syncup_handshake, negotiate_syncup, FeederRunner, SyncupResult, SYNCUP_SERVICE_NAME,
};
use noxu_rep::{NetworkRestoreServer, RESTORE_SERVICE_NAME};
use serde_json::json;

use crate::generate::{kind, payload};
use crate::log::Log;
use crate::source::{LiveView, Scanner, SharedLog};

pub struct Options {
    listen: SocketAddr,
    restore_dir: Option<PathBuf>,
}

impl Options {
    pub fn take(args: &mut Args) -> std::result::Result<Self, String> {
        Ok(Self { listen: args.required("listen")?, restore_dir: args.get("restore-dir")? })
    }
}

/// Serves until stdin ends or says `quit`.
pub fn run(options: Options, log: Log) -> std::result::Result<u8, String> {
    emit("log", log.summary());
    let log: SharedLog = Arc::new(RwLock::new(log));
    let dispatcher = TcpServiceDispatcher::new(options.listen).map_err(|e| e.to_string())?;
    dispatcher.register(SYNCUP_SERVICE_NAME, Arc::new(Syncup(log.clone())));
    dispatcher.register(PEER_FEEDER_SERVICE_NAME, Arc::new(Stream(log.clone())));
    if let Some(directory) = options.restore_dir {
        dispatcher.register(RESTORE_SERVICE_NAME, NetworkRestoreServer::new(directory).into_arc());
    }
    let address = dispatcher.start().map_err(|error| error.to_string())?;
    emit("listening", json!({ "addr": address.to_string() }));
    for line in std::io::stdin().lock().lines() {
        let line = line.map_err(|error| error.to_string())?;
        match line.split_whitespace().collect::<Vec<_>>().as_slice() {
            ["quit"] => break,
            ["append", count] => append(&log, count),
            [] => {}
            _ => emit("error", json!({ "message": format!("unknown command {line:?}") })),
        }
    }
    dispatcher.stop_and_join();
    Ok(0)
}

/// Grows the log at its tail, as `--generate` would have made it.
fn append(log: &SharedLog, count: &str) {
    let mut log = log.write().expect("no panic under the lock");
    for _ in 0..count.parse().unwrap_or(0_u64) {
        let vlsn = log.range().map_or(1, |(_, last)| last + 1);
        log.append(vlsn, kind(vlsn, 5), &payload("base", vlsn, 64));
    }
    emit("log", log.summary());
}

struct Syncup(SharedLog);

impl ServiceHandler for Syncup {
    fn service_name(&self) -> &str {
        SYNCUP_SERVICE_NAME
    }

    fn handle(&self, channel: Box<dyn Channel>) -> Result<()> {
        let result = feeder_syncup_handshake(channel.as_ref(), &LiveView(self.0.clone()));
        match &result {
            Ok(Some(start)) => {
                emit(
                    "syncup",
                    json!({ "outcome": "stream", "startVlsn": start.sequence().to_string() }),
                );
            }
            Ok(None) => emit("syncup", json!({ "outcome": "restore" })),
            Err(error) => {
                emit("syncup", json!({ "outcome": "error", "message": error.to_string() }));
            }
        }
        result.map(|_| ())
    }
}

struct Stream(SharedLog);

impl ServiceHandler for Stream {
    fn service_name(&self) -> &str {
        PEER_FEEDER_SERVICE_NAME
    }

    /// The exchange of the crate's `PeerFeederService` on a log file: 0 asks for the first.
    fn handle(&self, channel: Box<dyn Channel>) -> Result<()> {
        let hello = channel.receive(Duration::from_secs(30))?;
        let hello = hello.ok_or_else(|| RepError::NetworkError("no start".into()))?;
        let start = hello.first_chunk::<8>().map(|bytes| u64::from_le_bytes(*bytes));
        let start = start.ok_or_else(|| RepError::NetworkError("short start".into()))?;
        let range = self.0.read().expect("no panic under the lock").range();
        let wanted = if start == 0 { range.map_or(0, |(first, _)| first) } else { start };
        let verdict = negotiate_syncup(range, wanted);
        let serves = verdict != SyncupResult::NeedsRestore;
        let reply = if serves { "serve" } else { "needsRestore" };
        emit("streamStart", json!({ "startVlsn": start.to_string(), "reply": reply }));
        channel.send(&[u8::from(!serves)])?;
        if serves {
            self.feed(channel.into(), wanted);
        }
        Ok(())
    }
}

impl Stream {
    fn feed(&self, channel: Arc<dyn Channel>, start: u64) {
        let sent = Arc::new(AtomicU64::new(0));
        let acks =
            Arc::new(Acks { log: self.0.clone(), sent: sent.clone(), seen: Mutex::default() });
        let sink = acks.clone();
        let note = Arc::new(move |_: &str, vlsn: u64| sink.note(vlsn));
        let runner = FeederRunner::new_with_ack_sink(channel, start, "replica".into(), note);
        let mut scanner = Scanner { log: self.0.clone(), sent: sent.clone() };
        let error = runner.run(&mut scanner).err().map(|error| error.to_string());
        let (count, _) = *acks.seen.lock().expect("no panic under the lock");
        emit(
            "streamEnd",
            json!({
                "frames": sent.load(Ordering::Relaxed),
                "acks": count,
                "ackedVlsn": runner.known_replica_vlsn().to_string(),
                "error": error,
            }),
        );
    }
}

/// Counts acks and says when the replica has all there is.
struct Acks {
    log: SharedLog,
    sent: Arc<AtomicU64>,
    /// How many acks came, and the VLSN last reported as caught up.
    seen: Mutex<(u64, u64)>,
}

impl Acks {
    fn note(&self, vlsn: u64) {
        let last = self.log.read().expect("no panic under the lock").range().map(|(_, last)| last);
        let mut seen = self.seen.lock().expect("no panic under the lock");
        seen.0 += 1;
        if Some(vlsn) == last && seen.1 != vlsn {
            seen.1 = vlsn;
            let frames = self.sent.load(Ordering::Relaxed);
            let fields = json!({ "ackedVlsn": vlsn.to_string(), "frames": frames, "acks": seen.0 });
            emit("caughtUp", fields);
        }
    }
}
