//! Takes a datagram of foca apart with the crate's own codec.

use bytes::Buf;
use foca::{Codec, Header, Member, Message};
use serde_json::{json, Value};

use crate::identity::Id;
use crate::{hex, render};

pub struct Packet {
    pub header: Header<Id>,
    /// None where the packet carries no count at all.
    pub updates: Option<Vec<Member<Id>>>,
    pub broadcasts: Vec<Vec<u8>>,
}

/// Reads a packet in the order in which foca's `handle_data` does.
pub fn packet<C: Codec<Id>>(codec: &mut C, mut data: &[u8]) -> Result<Packet, String> {
    let header = codec.decode_header(&mut data).map_err(|e| e.to_string())?;
    let mut updates = None;
    if data.len() >= 2 && header.message != Message::Broadcast {
        let count = data.get_u16();
        let mut members = Vec::new();
        for _ in 0..count {
            members.push(codec.decode_member(&mut data).map_err(|e| e.to_string())?);
        }
        updates = Some(members);
    }
    let mut broadcasts = Vec::new();
    while data.len() > 2 {
        let length = usize::from(data.get_u16());
        let item = data.get(..length).ok_or("a broadcast is cut short")?;
        broadcasts.push(item.to_vec());
        data.advance(length);
    }
    if !data.is_empty() {
        return Err(format!("{} bytes are left over", data.len()));
    }
    Ok(Packet { header, updates, broadcasts })
}

impl Packet {
    pub fn to_json(&self) -> Value {
        let updates =
            self.updates.as_ref().map(|all| all.iter().map(render::member).collect::<Vec<_>>());
        let broadcasts: Vec<_> = self.broadcasts.iter().map(|bytes| hex::encode(bytes)).collect();
        json!({ "header": render::header(&self.header), "updates": updates, "broadcasts": broadcasts })
    }
}
