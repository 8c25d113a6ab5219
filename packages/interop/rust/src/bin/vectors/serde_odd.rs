//! Bytes that the format refuses, and odd ones that it takes.

use std::fmt::Debug;
use std::net::SocketAddr;

use interop_peers::hex;
use serde::de::DeserializeOwned;
use serde::Serialize;
use serde_json::{json, Value};

use crate::file::VectorFile;
use crate::serde_types::{Big, Format, Shape};

/// The same bytes go to both formats: each says what it makes of them. A comma ends a case.
pub fn add<F: Format>(file: &mut VectorFile) {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| ()));
    numbers::<F>(file);
    compounds::<F>(file);
    std::panic::set_hook(hook);
}

fn numbers<F: Format>(file: &mut VectorFile) {
    let cases = ",80,fb,fbff,fc0102,ff,fe,8000,808000,ffff03,ffff04,ffffff03,80808000,fb0000,\
        fbfa00,fbffff,fc00000000,fcffff0000,fc00000100,fd0000000000000000,8180808000,05ff";
    check::<F, u16>(file, "u16", cases, |value| json!(value));
    let cases = "ffffffff0f,ffffffff10,ffffffff1f,8080808000,808080808000,fbffff,\
        fd0100000000000000,fdffffffffffffffff";
    check::<F, u32>(file, "u32", cases, |value| json!(value));
    let cases = "ffffffffffffffffff01,ffffffffffffffffff02,80808080808080808000,\
        8080808080808080808000,fbffff,fcffffffff,fdffffffffffffffff,fe00,ff00";
    check::<F, u64>(file, "u64", cases, |value| json!(value.to_string()));
    check::<F, i16>(file, "i16", ",8000,ffff03,ffff04,fb0000", |value| json!(value));
    check::<F, bool>(file, "bool", ",02,ff,0100", |value| json!(value));
}

fn compounds<F: Format>(file: &mut VectorFile) {
    let cases = ",01,0561,02c328,01ff,03eda080,ffffffff0f61,fc0000100061,fdffffffffffffffff61,\
        ffffffffffffffffff0161,800061,810061,fb010061";
    check::<F, String>(file, "str", cases, |value| json!(value));
    let cases = ",01,0401,ffffffff0f,fdffffffffffffff7f";
    check::<F, Vec<u8>>(file, "bytes", cases, |value| json!(hex::encode(value)));
    check::<F, Option<u16>>(file, "option<u16>", ",02,0205,01,0105,ff05", |value| json!(value));
    let cases = ",04,05,80,8000,fb0000,8101,01,030161";
    check::<F, Shape>(file, "enum", cases, |value| json!({ "debug": format!("{value:?}") }));
    let cases = "ac02,fb2c01,fb0500,fd0500000000000000";
    check::<F, Big>(file, "bigEnum", cases, |value| json!({ "variant": format!("{value:?}") }));
    let cases = ",02,007f000001,007f0000,0100000000,007f0000015099";
    check::<F, SocketAddr>(file, "socketAddress", cases, |value| json!(value.to_string()));
}

fn check<F: Format, T: Serialize + DeserializeOwned + Debug>(
    file: &mut VectorFile,
    kind: &str,
    cases: &str,
    show: impl Fn(&T) -> Value,
) {
    for text in cases.split(',') {
        let bytes = hex::decode(text).expect("hex");
        let name = format!("{kind} from {}", if text.is_empty() { "nothing" } else { text });
        // bincode allocates a string's length before it looks at what is left, and may panic.
        let decoded = std::panic::catch_unwind(|| F::decode::<T>(&bytes))
            .unwrap_or_else(|_| Err("the decoder panics: capacity overflow".into()));
        match decoded {
            Err(error) => file.add_invalid(kind, name, error, &bytes),
            Ok((value, used)) => {
                let shown = json!({ "type": kind, "value": show(&value), "consumed": used });
                if F::encode(&value) == bytes {
                    file.add(kind, name, shown, &bytes);
                } else {
                    file.add_lenient(kind, name, shown, &bytes);
                }
            }
        }
    }
}
