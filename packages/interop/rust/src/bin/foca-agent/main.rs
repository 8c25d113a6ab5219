//! A member of a foca cluster over UDP: events on stdout, commands on stdin.

mod agent;
mod command;
mod configs;
mod loss;
mod timers;

use std::io::BufRead;
use std::net::{SocketAddr, UdpSocket};
use std::process::ExitCode;
use std::sync::mpsc::{channel, Sender};

use agent::{Agent, Input};
use foca::{BincodeCodec, PostcardCodec};
use interop_peers::args::Args;
use interop_peers::identity::Id;

struct Options {
    bind: SocketAddr,
    codec: String,
    config: foca::Config,
    announce: Vec<SocketAddr>,
    bump: u64,
    seed: Option<u64>,
    loss: f64,
}

fn main() -> ExitCode {
    match options().and_then(run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("foca-agent: {error}");
            ExitCode::from(2)
        }
    }
}

fn options() -> Result<Options, String> {
    let mut args = Args::parse(std::env::args().skip(1), &[])?;
    let config: Option<String> = args.get("config")?;
    let options = Options {
        bind: args.required("bind")?,
        codec: args.get("codec")?.unwrap_or_else(|| "postcard".into()),
        config: configs::named(config.as_deref().unwrap_or("local-fast"))?,
        announce: args.all("announce")?,
        bump: args.get("bump")?.unwrap_or(0),
        seed: args.get("seed")?,
        loss: args.get("loss")?.unwrap_or(0.0),
    };
    args.finish()?;
    Ok(options)
}

fn run(options: Options) -> Result<(), String> {
    let socket = UdpSocket::bind(options.bind).map_err(|error| error.to_string())?;
    let (sender, inputs) = channel();
    read_datagrams(socket.try_clone().map_err(|error| error.to_string())?, sender.clone());
    read_commands(sender);
    let address = socket.local_addr().map_err(|error| error.to_string())?;
    let id = Id::new(address, options.bump);
    let seed = options.seed.unwrap_or_else(rand::random);
    let loss = loss::Loss::new(options.loss, seed);
    macro_rules! agent {
        ($codec:expr) => {
            Agent::new(id, options.config, seed, $codec, socket, loss)
                .run(&inputs, options.announce)
        };
    }
    match options.codec.as_str() {
        "postcard" => agent!(PostcardCodec),
        "bincode" => agent!(BincodeCodec(bincode::config::standard())),
        other => return Err(format!("--codec: unknown codec {other:?}")),
    }
    Ok(())
}

fn read_datagrams(socket: UdpSocket, sender: Sender<Input>) {
    std::thread::spawn(move || {
        let mut buffer = vec![0; 65_536];
        loop {
            // An ICMP error of an earlier send shows up here; the socket lives on.
            let Ok((length, _)) = socket.recv_from(&mut buffer) else { continue };
            if sender.send(Input::Datagram(buffer[..length].to_vec())).is_err() {
                return;
            }
        }
    });
}

fn read_commands(sender: Sender<Input>) {
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            let Ok(line) = line else { break };
            if sender.send(Input::Line(line)).is_err() {
                return;
            }
        }
        let _ = sender.send(Input::Line("quit".into()));
    });
}
