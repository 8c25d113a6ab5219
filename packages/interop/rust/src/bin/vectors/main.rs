//! Writes golden vectors. Every byte comes out of the code of the real crates.

mod file;
mod foca_invalid;
mod foca_parts;
mod foca_sim;
mod foca_trace;
mod noxu_framing;
mod noxu_restore;
mod noxu_stream;
mod noxu_support;
mod noxu_syncup;
mod serde_odd;
mod serde_types;
mod serde_values;

use std::path::PathBuf;
use std::process::ExitCode;

use file::VectorFile;
use foca::{BincodeCodec, PostcardCodec};

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [flag, directory] = args.as_slice() else {
        eprintln!("usage: vectors --out DIR");
        return ExitCode::from(2);
    };
    if flag != "--out" {
        eprintln!("usage: vectors --out DIR");
        return ExitCode::from(2);
    }
    match write_all(&PathBuf::from(directory)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("vectors: {error}");
            ExitCode::FAILURE
        }
    }
}

fn write_all(directory: &std::path::Path) -> std::io::Result<()> {
    std::fs::create_dir_all(directory)?;
    let bincode = BincodeCodec(bincode::config::standard());
    let files: [(&str, VectorFile); 8] = [
        ("foca-postcard.json", foca_file(PostcardCodec)),
        ("foca-bincode.json", foca_file(bincode)),
        ("serde-postcard.json", serde_values::file::<serde_types::Postcard>()),
        ("serde-bincode.json", serde_values::file::<serde_types::Bincode>()),
        ("noxu-syncup.json", noxu_syncup::file()),
        ("noxu-stream.json", noxu_stream::file()),
        ("noxu-restore.json", noxu_restore::file()),
        ("noxu-framing.json", noxu_framing::file()),
    ];
    let mut total = 0;
    for (name, file) in files {
        let count = file.write(directory, name)?;
        println!("{name}: {count}");
        total += count;
    }
    println!("total: {total}");
    Ok(())
}

fn foca_file<C: foca_sim::PeerCodec>(codec: C) -> VectorFile {
    let mut file = VectorFile::new("foca", "1.0.0");
    foca_parts::headers(&mut file, codec);
    foca_parts::members(&mut file, codec);
    foca_trace::packets(&mut file, codec);
    foca_invalid::add(&mut file, codec);
    file
}
