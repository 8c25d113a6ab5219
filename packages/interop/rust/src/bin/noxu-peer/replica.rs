//! The replica: syncs up, cuts its log, then streams and acknowledges.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use interop_peers::args::Args;
use interop_peers::events::emit;
use noxu_rep::error::{RepError, Result};
use noxu_rep::net::{connect_to_service, Channel};
use noxu_rep::stream::peer_feeder::PEER_FEEDER_SERVICE_NAME;
use noxu_rep::stream::{
    replica_syncup_handshake, LogWriter, ReplicaReceiver, SyncupOutcome, SYNCUP_SERVICE_NAME,
};
use noxu_rep::{NetworkRestore, NetworkRestoreConfig};
use serde_json::json;

use crate::log::{Digest, Log};
use crate::logfile;
use crate::rebase::Rebased;

/// Exit codes.
const DONE: u8 = 0;
const NEEDS_RESTORE: u8 = 3;
const REFUSED: u8 = 4;
const CUT_SHORT: u8 = 5;

pub struct Options {
    connect: SocketAddr,
    until: Option<u64>,
    from_zero: bool,
    stream: bool,
    timeout: Duration,
    linger: Duration,
    out: Option<PathBuf>,
    restore_into: Option<PathBuf>,
}

impl Options {
    pub fn take(args: &mut Args) -> std::result::Result<Self, String> {
        Ok(Self {
            connect: args.required("connect")?,
            until: args.get("until")?,
            from_zero: args.flag("from-zero"),
            stream: !args.flag("no-stream"),
            timeout: Duration::from_secs(args.get("timeout")?.unwrap_or(60)),
            linger: Duration::from_millis(args.get("linger")?.unwrap_or(300)),
            out: args.get("out")?,
            restore_into: args.get("restore-into")?,
        })
    }
}

pub fn run(options: &Options, mut log: Log) -> std::result::Result<u8, String> {
    emit("log", log.summary());
    let code = sync(options, &mut log).map_err(|error| error.to_string())?;
    emit("log", log.summary());
    if let Some(out) = &options.out {
        logfile::write(out, &log)?;
    }
    emit("done", json!({ "code": code }));
    Ok(code)
}

fn sync(options: &Options, log: &mut Log) -> Result<u8> {
    let channel = connect_to_service(options.connect, SYNCUP_SERVICE_NAME)?;
    let outcome = replica_syncup_handshake(&channel, log)?;
    drop(channel);
    let start = match outcome {
        SyncupOutcome::Matchpoint { matchpoint_vlsn, matchpoint_lsn, start_vlsn } => {
            let fields = json!({
                "outcome": "matchpoint",
                "matchpoint": matchpoint_vlsn.sequence().to_string(),
                "matchpointLsn": matchpoint_lsn.to_string(),
                "startVlsn": start_vlsn.sequence().to_string(),
            });
            emit("syncup", fields);
            start_vlsn.sequence() as u64
        }
        SyncupOutcome::NeedsRestore { failed_vlsn } => {
            let failed = failed_vlsn.sequence().to_string();
            emit("syncup", json!({ "outcome": "restore", "failedVlsn": failed }));
            return restore(options);
        }
    };
    let discarded = log.cut(start - 1);
    emit("rollback", json!({ "to": (start - 1).to_string(), "discarded": discarded }));
    let until = options.until.unwrap_or(0);
    if !options.stream || options.until.is_some_and(|until| until < start) {
        return Ok(DONE);
    }
    stream(options, log, start, until)
}

fn restore(options: &Options) -> Result<u8> {
    let Some(directory) = &options.restore_into else { return Ok(NEEDS_RESTORE) };
    let restore = NetworkRestore::new(NetworkRestoreConfig {
        source_node: "feeder".into(),
        source_host: options.connect.ip().to_string(),
        source_port: options.connect.port(),
        retain_log_files: false,
    })
    .with_local_dir(directory);
    restore.execute_via_dispatcher()?;
    let progress = restore.get_progress();
    let fields =
        json!({ "files": progress.files_transferred, "bytes": progress.bytes_transferred });
    emit("restored", fields);
    Ok(NEEDS_RESTORE)
}

fn stream(options: &Options, log: &mut Log, start: u64, until: u64) -> Result<u8> {
    let channel = connect_to_service(options.connect, PEER_FEEDER_SERVICE_NAME)?;
    let asked = if options.from_zero { 0 } else { start };
    channel.send(&asked.to_le_bytes())?;
    let reply = channel.receive(options.timeout)?;
    let serves = reply.as_deref() == Some(&[0]);
    let name = if serves { "serve" } else { "needsRestore" };
    emit("streamStart", json!({ "startVlsn": asked.to_string(), "reply": name }));
    if !serves {
        return Ok(REFUSED);
    }
    let offset = if options.from_zero { 0 } else { start - 1 };
    let channel = Arc::new(Rebased { inner: channel, offset });
    let deadline = Instant::now() + options.timeout;
    let last = std::sync::atomic::AtomicU64::new(0);
    let mut writer = Writer { log, offset, last: &last, received: 0, digest: Digest::default() };
    let done = || {
        let last = last.load(std::sync::atomic::Ordering::Relaxed);
        (until > 0 && last >= until) || Instant::now() >= deadline
    };
    let receiver = ReplicaReceiver::new(channel.clone());
    let result = receiver.run_while(&mut writer, Duration::from_millis(100), &done);
    let (received, digest) = (writer.received, writer.digest.text());
    let last = last.into_inner();
    let error = result.err().map(|error| error.to_string());
    let failed = error.is_some() || (until > 0 && last < until);
    let fields = json!({
        "entries": received, "lastVlsn": last.to_string(), "digest": digest, "error": error,
    });
    emit("received", fields);
    // The feeder reads acks only between its own writes: leave it time before the end.
    std::thread::sleep(options.linger);
    let _ = channel.close();
    Ok(if failed { CUT_SHORT } else { DONE })
}

/// Takes entries at their true VLSNs; those already held must be the same.
struct Writer<'a> {
    log: &'a mut Log,
    offset: u64,
    last: &'a std::sync::atomic::AtomicU64,
    received: u64,
    digest: Digest,
}

impl LogWriter for Writer<'_> {
    fn write_entry(&mut self, vlsn: u64, kind: u8, payload: &[u8]) -> Result<()> {
        let vlsn = vlsn + self.offset;
        self.received += 1;
        self.digest.add(vlsn, kind, payload);
        match self.log.get(vlsn) {
            Some(held) if held.kind != kind || held.payload != payload => {
                let message = format!("the stream differs from the log at VLSN {vlsn}");
                return Err(RepError::ProtocolError(message));
            }
            Some(_) => {}
            None => self.log.append(vlsn, kind, payload),
        }
        self.last.store(vlsn, std::sync::atomic::Ordering::Relaxed);
        Ok(())
    }
}
