//! What the peers share: the identity, the broadcast handler and small text helpers.

pub mod args;
pub mod broadcast;
pub mod events;
pub mod hex;
pub mod identity;
pub mod render;
pub mod walk;
