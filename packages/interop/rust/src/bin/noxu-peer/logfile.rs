//! Logs as JSON lines.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;

use interop_peers::hex;
use serde_json::{json, Value};

use crate::log::{fingerprint, is_sync_point, Entry, Log};

pub fn read(path: &Path) -> Result<Log, String> {
    let file = File::open(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let mut log = Log::default();
    for (at, line) in BufReader::new(file).lines().enumerate() {
        let line = line.map_err(|error| error.to_string())?;
        if !line.trim().is_empty() {
            log.push(entry(&line, log.end()).map_err(|error| format!("line {}: {error}", at + 1))?);
        }
    }
    Ok(log)
}

fn entry(line: &str, end: u64) -> Result<Entry, String> {
    let value: Value = serde_json::from_str(line).map_err(|error| error.to_string())?;
    let kind = number(&value, "type")?.ok_or("type is missing")?;
    let kind = u8::try_from(kind).map_err(|_| "type is over 255")?;
    let payload = hex::decode(value["payload"].as_str().unwrap_or(""))?;
    Ok(Entry {
        vlsn: number(&value, "vlsn")?.ok_or("vlsn is missing")?,
        lsn: number(&value, "lsn")?.unwrap_or(end),
        kind,
        is_sync: value["isSync"].as_bool().unwrap_or_else(|| is_sync_point(kind)),
        fingerprint: number(&value, "fingerprint")?.unwrap_or_else(|| fingerprint(kind, &payload)),
        payload,
    })
}

/// A number, or the decimal text of one.
fn number(value: &Value, name: &str) -> Result<Option<u64>, String> {
    match &value[name] {
        Value::Null => Ok(None),
        Value::String(text) => text.parse().map(Some).map_err(|_| format!("{name}: bad number")),
        other => other.as_u64().map(Some).ok_or_else(|| format!("{name}: bad number")),
    }
}

pub fn write(path: &Path, log: &Log) -> Result<(), String> {
    let run = || -> std::io::Result<()> {
        let mut out = BufWriter::new(File::create(path)?);
        for entry in log.iter() {
            let line = json!({
                "vlsn": entry.vlsn.to_string(),
                "lsn": entry.lsn.to_string(),
                "type": entry.kind,
                "isSync": entry.is_sync,
                "fingerprint": entry.fingerprint.to_string(),
                "payload": hex::encode(&entry.payload),
            });
            writeln!(out, "{line}")?;
        }
        out.flush()
    };
    run().map_err(|error| format!("{}: {error}", path.display()))
}
