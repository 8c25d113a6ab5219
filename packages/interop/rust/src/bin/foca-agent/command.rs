//! Commands from stdin, one a line.

use std::net::SocketAddr;

use interop_peers::hex;

pub enum Command {
    Announce(SocketAddr),
    Leave,
    Broadcast(Vec<u8>),
    Loss(f64),
    LossReplies(f64),
    Members,
    Quit,
}

pub fn parse(line: &str) -> Result<Command, String> {
    let (word, rest) = line.trim().split_once(' ').unwrap_or((line.trim(), ""));
    match word {
        "announce" => rest.trim().parse().map(Command::Announce).map_err(|e| e.to_string()),
        "leave" => Ok(Command::Leave),
        "broadcast" => hex::decode(rest).map(Command::Broadcast),
        "loss" => share(rest).map(Command::Loss),
        "loss-replies" => share(rest).map(Command::LossReplies),
        "members" => Ok(Command::Members),
        "quit" => Ok(Command::Quit),
        _ => Err(format!("unknown command {line:?}")),
    }
}

fn share(text: &str) -> Result<f64, String> {
    let share: f64 = text.trim().parse().map_err(|_| format!("bad share {text:?}"))?;
    match (0.0..=1.0).contains(&share) {
        true => Ok(share),
        false => Err(format!("a share lies within 0 and 1, got {share}")),
    }
}
