//! What a peer says: one JSON object a line on stdout, flushed at once.

use std::io::Write;

use serde_json::Value;

/// Prints `{"event": name, ...fields}`. A closed stdout ends the process.
pub fn emit(name: &str, fields: Value) {
    let mut line = serde_json::Map::new();
    line.insert("event".into(), name.into());
    if let Value::Object(fields) = fields {
        line.extend(fields);
    }
    let mut out = std::io::stdout().lock();
    let written = writeln!(out, "{}", Value::Object(line)).and_then(|()| out.flush());
    if written.is_err() {
        std::process::exit(0);
    }
}
