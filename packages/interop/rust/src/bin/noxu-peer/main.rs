//! The two sides of noxu-rep over TCP, on logs given as JSON lines or generated.

mod feeder;
mod generate;
mod log;
mod logfile;
mod rebase;
mod replica;
mod source;

use std::path::PathBuf;
use std::process::ExitCode;

use interop_peers::args::Args;
use interop_peers::events::emit;
use log::Log;
use serde_json::json;

const USAGE: &str = "usage: noxu-peer feeder|replica|log --name value ...";

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let command = words.next().unwrap_or_default();
    match run(&command, words) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            emit("error", json!({ "message": error }));
            eprintln!("noxu-peer: {error}");
            ExitCode::from(2)
        }
    }
}

fn run(command: &str, words: impl Iterator<Item = String>) -> Result<u8, String> {
    let mut args = Args::parse(words, &["empty", "from-zero", "no-stream"])?;
    let log = load(&mut args)?;
    match command {
        "feeder" => {
            let options = feeder::Options::take(&mut args)?;
            args.finish()?;
            feeder::run(options, log)
        }
        "replica" => {
            let options = replica::Options::take(&mut args)?;
            args.finish()?;
            replica::run(&options, log)
        }
        "log" => {
            let out: PathBuf = args.required("out")?;
            args.finish()?;
            emit("log", log.summary());
            logfile::write(&out, &log)?;
            Ok(0)
        }
        _ => Err(USAGE.into()),
    }
}

/// The log that the arguments ask for: a file, a generated one, or none.
fn load(args: &mut Args) -> Result<Log, String> {
    let path: Option<PathBuf> = args.get("log")?;
    let recipe = generate::Recipe::take(args)?;
    let empty = args.flag("empty");
    match (path, recipe, empty) {
        (Some(path), None, false) => logfile::read(&path),
        (None, Some(recipe), false) => Ok(recipe.log()),
        (None, None, true) => Ok(Log::default()),
        _ => Err("give one of --log FILE, --generate N, --empty".into()),
    }
}
