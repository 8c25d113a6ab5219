//! Values of serde's data model at the steps of the two varints.

use std::fmt::Debug;
use std::net::SocketAddr;

use serde::de::DeserializeOwned;
use serde::Serialize;
use serde_json::{json, Value};

use crate::file::VectorFile;
use crate::serde_odd;
use crate::serde_types::{Big, Format, Sample, Shape, BIG};

pub fn file<F: Format>() -> VectorFile {
    let mut file = VectorFile::new(F::CRATE.0, F::CRATE.1);
    unsigned::<F>(&mut file);
    signed::<F>(&mut file);
    text::<F>(&mut file);
    containers::<F>(&mut file);
    enums::<F>(&mut file);
    addresses::<F>(&mut file);
    serde_odd::add::<F>(&mut file);
    file
}

/// Encodes, checks the way back, and files it under its type.
fn add<F: Format, T>(file: &mut VectorFile, kind: &str, name: &str, value: Value, rust: &T)
where
    T: Serialize + DeserializeOwned + PartialEq + Debug,
{
    let bytes = F::encode(rust);
    let (back, used) = F::decode::<T>(&bytes).expect("decodes its own bytes");
    assert_eq!((&back, used), (rust, bytes.len()), "{kind} {name} survives");
    file.add(kind, format!("{kind} {name}"), json!({ "type": kind, "value": value }), &bytes);
}

/// Every step of LEB128 and of bincode's varint, one below and one above.
fn steps() -> Vec<u64> {
    let mut all = vec![0, 1, 2, 63, 64, 250, 251, 252, 253, 254, 255, 256];
    for bits in (7..64).step_by(7) {
        all.extend([(1_u64 << bits) - 1, 1 << bits]);
    }
    for bits in [8, 16, 32, 63] {
        all.extend([(1_u64 << bits) - 1, 1 << bits]);
    }
    all.extend([u64::MAX - 1, u64::MAX]);
    all.sort_unstable();
    all.dedup();
    all
}

fn unsigned<F: Format>(file: &mut VectorFile) {
    for value in steps() {
        let name = value.to_string();
        if let Ok(value) = u8::try_from(value) {
            add::<F, _>(file, "u8", &name, json!(value), &value);
        }
        if let Ok(value) = u16::try_from(value) {
            add::<F, _>(file, "u16", &name, json!(value), &value);
        }
        if let Ok(value) = u32::try_from(value) {
            add::<F, _>(file, "u32", &name, json!(value), &value);
        }
        add::<F, _>(file, "u64", &name, json!(name), &value);
    }
}

fn signed<F: Format>(file: &mut VectorFile) {
    let mut all = vec![0, i64::MIN, i64::MIN + 1, i64::MAX, i64::MAX - 1];
    for bits in [0, 6, 7, 13, 14, 15, 20, 27, 31, 34, 41, 48, 55, 62] {
        let step = 1_i64 << bits;
        all.extend([step - 1, step, -step, -step - 1]);
    }
    all.extend([124, 125, 126, -124, -125, -126, -127]);
    all.sort_unstable();
    all.dedup();
    for value in all {
        let name = value.to_string();
        if let Ok(value) = i8::try_from(value) {
            add::<F, _>(file, "i8", &name, json!(value), &value);
        }
        if let Ok(value) = i16::try_from(value) {
            add::<F, _>(file, "i16", &name, json!(value), &value);
        }
        if let Ok(value) = i32::try_from(value) {
            add::<F, _>(file, "i32", &name, json!(value), &value);
        }
        add::<F, _>(file, "i64", &name, json!(name), &value);
    }
}

fn text<F: Format>(file: &mut VectorFile) {
    add::<F, _>(file, "bool", "false", json!(false), &false);
    add::<F, _>(file, "bool", "true", json!(true), &true);
    let texts = [
        ("empty", String::new()),
        ("ascii", "shoal".into()),
        ("latin", "écume à l'aube".into()),
        ("wide", "魚の群れ 🐟 ﷽".into()),
        ("nul", "a\0b".into()),
        ("127 bytes", "x".repeat(127)),
        ("128 bytes", "x".repeat(128)),
        ("250 bytes", "y".repeat(250)),
        ("251 bytes", "y".repeat(251)),
        ("300 bytes", "é".repeat(150)),
    ];
    for (name, text) in texts {
        add::<F, _>(file, "str", name, json!(text), &text);
    }
    for size in [0_usize, 1, 3, 127, 128, 250, 251, 300] {
        let bytes: Vec<u8> = (0..size).map(|n| (n * 7) as u8).collect();
        let value = json!(interop_peers::hex::encode(&bytes));
        add::<F, _>(file, "bytes", &format!("of {size}"), value, &bytes);
    }
}

fn containers<F: Format>(file: &mut VectorFile) {
    add::<F, Option<u16>>(file, "option<u16>", "none", Value::Null, &None);
    add::<F, Option<u16>>(file, "option<u16>", "some 300", json!(300), &Some(300));
    add::<F, Option<String>>(file, "option<str>", "some empty", json!(""), &Some(String::new()));
    for size in [0_u32, 1, 5, 128, 251] {
        let list: Vec<u32> = (0..size).map(|n| n * 100).collect();
        add::<F, _>(file, "list<u32>", &format!("of {size}"), json!(list), &list);
    }
    let words = vec!["a".to_string(), String::new(), "héron".into()];
    add::<F, _>(file, "list<str>", "of 3", json!(words), &words);
    let nested = vec![vec![1_u16, 300], vec![], vec![65535]];
    add::<F, _>(file, "list<list<u16>>", "of 3", json!(nested), &nested);
    let options = vec![None, Some(1_u8), Some(255)];
    add::<F, _>(file, "list<option<u8>>", "of 3", json!(options), &options);
    let tuple = (255_u8, 1_u64 << 40, "eel".to_string());
    add::<F, _>(
        file,
        "tuple<u8,u64,str>",
        "mixed",
        json!([255, tuple.1.to_string(), "eel"]),
        &tuple,
    );
    add::<F, _>(file, "array<u8,4>", "ip", json!([127, 0, 0, 1]), &[127_u8, 0, 0, 1]);
    add::<F, _>(file, "array<u16,3>", "steps", json!([127, 128, 65535]), &[127_u16, 128, 65535]);
    let samples = [
        Sample { id: 0, name: String::new(), tags: vec![], delta: 0, flag: false, parent: None },
        Sample {
            id: u64::MAX,
            name: "rétif".into(),
            tags: vec!["a".into(), "bb".into()],
            delta: i32::MIN,
            flag: true,
            parent: Some(65535),
        },
    ];
    for (name, sample) in ["zero", "full"].iter().zip(&samples) {
        let mut value = json!(sample);
        value["id"] = json!(sample.id.to_string());
        add::<F, _>(file, "struct", name, value, sample);
    }
}

fn enums<F: Format>(file: &mut VectorFile) {
    let shapes = [
        (Shape::Empty, json!({ "variant": "Empty", "index": 0 })),
        (Shape::Circle(300), json!({ "variant": "Circle", "index": 1, "fields": 300 })),
        (Shape::Segment(-1, 300), json!({ "variant": "Segment", "index": 2, "fields": [-1, 300] })),
        (
            Shape::Named { name: "hex".into(), sides: 6 },
            json!({ "variant": "Named", "index": 3, "fields": { "name": "hex", "sides": 6 } }),
        ),
    ];
    for (shape, value) in shapes {
        let name = value["variant"].as_str().expect("a name").to_string();
        add::<F, _>(file, "enum", &name, value, &shape);
    }
    for index in [0_usize, 1, 126, 127, 128, 129, 250, 251, 252, 255, 256, 299] {
        let big: Big = BIG[index];
        let value = json!({ "variant": format!("{big:?}"), "index": index });
        add::<F, _>(file, "bigEnum", &index.to_string(), value, &big);
    }
}

fn addresses<F: Format>(file: &mut VectorFile) {
    let all = [
        "0.0.0.0:0",
        "127.0.0.1:7946",
        "10.1.2.3:127",
        "10.1.2.3:128",
        "10.1.2.3:250",
        "10.1.2.3:251",
        "255.255.255.255:65535",
        "[::]:0",
        "[::1]:7946",
        "[2001:db8::1]:16384",
        "[::ffff:192.0.2.1]:80",
        "[fe80::1:0:0:1]:250",
        "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535",
    ];
    for text in all {
        let address: SocketAddr = text.parse().expect("an address");
        add::<F, _>(file, "socketAddress", text, json!(address.to_string()), &address);
    }
}
