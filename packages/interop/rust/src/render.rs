//! foca's types as JSON, in the shape that the TypeScript side uses.

use foca::{Header, Member, Message, State};
use serde_json::{json, Value};

use crate::identity::Id;

pub fn identity(id: &Id) -> Value {
    json!({ "addr": id.addr.to_string(), "bump": id.bump.to_string() })
}

pub fn member(member: &Member<Id>) -> Value {
    json!({
        "id": identity(member.id()),
        "incarnation": member.incarnation(),
        "state": state(member.state()),
    })
}

fn state(state: State) -> &'static str {
    match state {
        State::Alive => "alive",
        State::Suspect => "suspect",
        State::Down => "down",
    }
}

pub fn header(header: &Header<Id>) -> Value {
    json!({
        "src": identity(&header.src),
        "srcIncarnation": header.src_incarnation,
        "dst": identity(&header.dst),
        "message": message(&header.message),
    })
}

pub fn message_type(message: &Message<Id>) -> &'static str {
    match message {
        Message::Ping(_) => "ping",
        Message::Ack(_) => "ack",
        Message::PingReq { .. } => "pingReq",
        Message::IndirectPing { .. } => "indirectPing",
        Message::IndirectAck { .. } => "indirectAck",
        Message::ForwardedAck { .. } => "forwardedAck",
        Message::Announce => "announce",
        Message::Feed => "feed",
        Message::Gossip => "gossip",
        Message::Broadcast => "broadcast",
        Message::TurnUndead => "turnUndead",
    }
}

fn message(message: &Message<Id>) -> Value {
    let mut value = json!({ "type": message_type(message) });
    let (whom, probe) = match message {
        Message::Ping(probe) | Message::Ack(probe) => (None, Some(probe)),
        Message::PingReq { target, probe_number }
        | Message::IndirectAck { target, probe_number } => {
            (Some(("target", target)), Some(probe_number))
        }
        Message::IndirectPing { origin, probe_number }
        | Message::ForwardedAck { origin, probe_number } => {
            (Some(("origin", origin)), Some(probe_number))
        }
        _ => (None, None),
    };
    if let Some((field, id)) = whom {
        value[field] = identity(id);
    }
    if let Some(probe) = probe {
        value["probeNumber"] = json!(probe);
    }
    value
}
