//! One file of vectors: a line each, so that a change reads well in a diff.

use std::fmt::Write as _;
use std::path::Path;

use interop_peers::hex;
use serde_json::{json, Map, Value};

pub struct VectorFile {
    generator: Value,
    vectors: Vec<Value>,
    invalid: Vec<Value>,
}

impl VectorFile {
    pub fn new(name: &str, version: &str) -> Self {
        Self {
            generator: json!({ "crate": name, "version": version }),
            vectors: vec![],
            invalid: vec![],
        }
    }

    /// Bytes that the crate wrote for `value`.
    pub fn add(&mut self, kind: &str, name: impl Into<String>, value: Value, bytes: &[u8]) {
        self.vectors.push(line(
            kind,
            name.into(),
            &[("value", value), ("hex", json!(hex::encode(bytes)))],
        ));
    }

    /// Odd bytes that the crate reads as `value`, although it would not write them.
    pub fn add_lenient(&mut self, kind: &str, name: impl Into<String>, value: Value, bytes: &[u8]) {
        let fields =
            [("value", value), ("hex", json!(hex::encode(bytes))), ("lenient", json!(true))];
        self.vectors.push(line(kind, name.into(), &fields));
    }

    /// Bytes that the crate refuses, with the text of its error.
    pub fn add_invalid(
        &mut self,
        kind: &str,
        name: impl Into<String>,
        error: impl Into<String>,
        bytes: &[u8],
    ) {
        let fields = [("hex", json!(hex::encode(bytes))), ("error", json!(error.into()))];
        self.invalid.push(line(kind, name.into(), &fields));
    }

    /// Files under lenient or invalid, as the crate's own answer says.
    pub fn add_verdict(
        &mut self,
        kind: &str,
        name: &str,
        verdict: Result<Value, String>,
        bytes: &[u8],
    ) {
        match verdict {
            Ok(value) => self.add_lenient(kind, name, value, bytes),
            Err(error) => self.add_invalid(kind, name, error, bytes),
        }
    }

    pub fn write(&self, directory: &Path, name: &str) -> std::io::Result<usize> {
        let mut text = format!("{{\n\"generator\": {},\n", self.generator);
        section(&mut text, "vectors", &self.vectors);
        text.push_str(",\n");
        section(&mut text, "invalid", &self.invalid);
        text.push_str("\n}\n");
        std::fs::write(directory.join(name), text)?;
        Ok(self.vectors.len() + self.invalid.len())
    }
}

fn line(kind: &str, name: String, fields: &[(&str, Value)]) -> Value {
    let mut map = Map::new();
    map.insert("name".into(), json!(name));
    map.insert("kind".into(), json!(kind));
    for (key, value) in fields {
        map.insert((*key).into(), value.clone());
    }
    Value::Object(map)
}

fn section(text: &mut String, name: &str, lines: &[Value]) {
    let _ = write!(text, "\"{name}\": [");
    for (at, line) in lines.iter().enumerate() {
        let comma = if at == 0 { "" } else { "," };
        let _ = write!(text, "{comma}\n{line}");
    }
    text.push_str(if lines.is_empty() { "]" } else { "\n]" });
}
