//! Times of foca for the benchmarks to compare with. One JSON line per measurement.

mod cluster;
mod measure;
mod packets;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use bytes::{Buf, BufMut};
use cluster::{Cluster, PeerCodec};
use foca::{BincodeCodec, Member, PostcardCodec};
use interop_peers::args::Args;
use interop_peers::identity::Id;
use interop_peers::{hex, walk};
use measure::Stopwatch;
use packets::Recipe;
use serde_json::json;

/// Gossip uses the incarnations below, news those above.
const NEWS_FROM: u16 = 20_000;

struct Options {
    codec: String,
    packets: Option<PathBuf>,
    members: Vec<u32>,
    millis: u64,
    write: Option<PathBuf>,
}

fn main() -> ExitCode {
    match options().and_then(|options| run(&options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("foca-bench: {error}");
            ExitCode::from(2)
        }
    }
}

fn options() -> Result<Options, String> {
    let mut args = Args::parse(std::env::args().skip(1), &[])?;
    let mut members = args.all("members")?;
    if members.is_empty() {
        members = vec![100, 1_000, 10_000, 100_000];
    }
    let options = Options {
        codec: args.get("codec")?.unwrap_or_else(|| "postcard".into()),
        packets: args.get("packets")?,
        members,
        millis: args.get("millis")?.unwrap_or(500),
        write: args.get("write-packets")?,
    };
    args.finish()?;
    Ok(options)
}

fn run(options: &Options) -> Result<(), String> {
    match options.codec.as_str() {
        "postcard" => bench(options, PostcardCodec),
        "bincode" => bench(options, BincodeCodec(bincode::config::standard())),
        other => Err(format!("--codec: unknown codec {other:?}")),
    }
}

fn bench<C: PeerCodec>(options: &Options, codec: C) -> Result<(), String> {
    if let Some(path) = &options.write {
        let members = options.members[0];
        let lines: Vec<_> =
            packets::known(codec, members).iter().map(|packet| hex::encode(packet)).collect();
        return std::fs::write(path, lines.join("\n") + "\n").map_err(|error| error.to_string());
    }
    let given = options.packets.as_ref().map(|path| packets::read(path)).transpose()?;
    code(options, codec, given.as_deref())?;
    for members in options.members.iter().copied() {
        let begun = Instant::now();
        let mut cluster = Cluster::new(codec, members);
        let fields = json!({
            "bench": "setup", "codec": options.codec, "members": members,
            "seconds": begun.elapsed().as_secs_f64(),
        });
        println!("{fields}");
        receive(options, codec, &mut cluster, given.as_deref())?;
        gossip(options, &mut cluster);
        news(options, codec, &mut cluster);
    }
    Ok(())
}

/// Decodes one packet to header and members, then encodes them again.
fn code<C: PeerCodec>(
    options: &Options,
    mut codec: C,
    given: Option<&[Vec<u8>]>,
) -> Result<(), String> {
    let own = packets::known(codec, 1_000);
    let packet = &given.unwrap_or(&own)[0];
    let updates = walk::packet(&mut codec, packet)?.updates.map_or(0, |all| all.len());
    let mut out = Vec::with_capacity(1400);
    let mut members = Vec::with_capacity(64);
    let mut watch = Stopwatch::new(options.millis);
    while watch.runs() {
        watch.batch(1_000, || {
            for _ in 0..1_000 {
                again(&mut codec, std::hint::black_box(packet), &mut members, &mut out);
            }
        });
    }
    assert_eq!(&out, packet, "the packet survives");
    let bytes = packet.len();
    let fields = json!({ "codec": options.codec, "updates": updates, "bytes": bytes });
    watch.print("code", fields);
    Ok(())
}

fn again<C: PeerCodec>(
    codec: &mut C,
    packet: &[u8],
    members: &mut Vec<Member<Id>>,
    out: &mut Vec<u8>,
) {
    members.clear();
    out.clear();
    let mut data = packet;
    let header = codec.decode_header(&mut data).expect("decodes");
    let count = data.get_u16();
    for _ in 0..count {
        members.push(codec.decode_member(&mut data).expect("decodes"));
    }
    codec.encode_header(&header, &mut *out).expect("encodes");
    out.put_u16(count);
    for member in members {
        codec.encode_member(member, &mut *out).expect("encodes");
    }
}

/// `handle_data` of packets that tell nothing new.
fn receive<C: PeerCodec>(
    options: &Options,
    codec: C,
    cluster: &mut Cluster<C>,
    given: Option<&[Vec<u8>]>,
) -> Result<(), String> {
    let own = packets::known(codec, cluster.members);
    let packets = given.unwrap_or(&own);
    let updates = walk::packet(&mut { codec }, &packets[0])?.updates.map_or(0, |all| all.len());
    let fields = json!({ "codec": options.codec, "members": cluster.members, "updates": updates });
    for packet in packets {
        cluster.receive(packet);
    }
    let mut watch = Stopwatch::new(options.millis);
    while watch.runs() {
        watch.batch(packets.len() as u64, || packets.iter().for_each(|p| cluster.receive(p)));
    }
    watch.print("receive", fields);
    Ok(())
}

/// `gossip`: chooses three members and fills a packet for each from a backlog of 100.
fn gossip<C: PeerCodec>(options: &Options, cluster: &mut Cluster<C>) {
    let mut watch = Stopwatch::new(options.millis);
    let mut incarnation = 0;
    cluster.sink = cluster::Sink::default();
    while watch.runs() && incarnation < NEWS_FROM {
        incarnation += 1;
        cluster.refresh(incarnation);
        watch.batch(2, || {
            cluster.gossip();
            cluster.gossip();
        });
    }
    let sink = &cluster.sink;
    let fields = json!({
        "codec": options.codec, "members": cluster.members,
        "packetsPerOp": 3, "bytesPerPacket": sink.bytes / sink.packets.max(1),
    });
    watch.print("gossip", fields);
}

/// `handle_data` of packets whose every update is newer than what the receiver knows.
fn news<C: PeerCodec>(options: &Options, codec: C, cluster: &mut Cluster<C>) {
    let mut recipe = Recipe::new(codec, cluster.members, NEWS_FROM);
    let mut watch = Stopwatch::new(options.millis);
    while watch.runs() && recipe.has_news() {
        let news = recipe.news(8);
        watch.batch(8, || news.iter().for_each(|packet| cluster.receive(packet)));
    }
    let fields = json!({ "codec": options.codec, "members": cluster.members, "updates": 20 });
    watch.print("receiveNews", fields);
}
