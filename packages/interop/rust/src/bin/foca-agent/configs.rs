//! The named configurations.

use std::num::{NonZeroU32, NonZeroU8, NonZeroUsize};
use std::time::Duration;

use foca::{Config, PeriodicParams};

pub fn named(name: &str) -> Result<Config, String> {
    match name {
        "simple" => Ok(Config::simple()),
        "lan" => Ok(Config::new_lan(NonZeroU32::new(10).expect("not zero"))),
        "local-fast" => Ok(local_fast()),
        // Without the TurnUndead that foca 1.0 sends even to members that refuted.
        // And so patient with suspects that only what a member says itself takes it down.
        "local-quiet" => Ok(Config {
            notify_down_members: false,
            suspect_to_down_after: Duration::from_secs(60),
            ..local_fast()
        }),
        _ => Err(format!("--config: unknown configuration {name:?}")),
    }
}

/// Detects a death in about 1.5 s on loopback.
fn local_fast() -> Config {
    Config {
        probe_period: Duration::from_millis(200),
        probe_rtt: Duration::from_millis(60),
        num_indirect_probes: NonZeroUsize::new(3).expect("not zero"),
        max_transmissions: NonZeroU8::new(10).expect("not zero"),
        suspect_to_down_after: Duration::from_secs(1),
        remove_down_after: Duration::from_secs(60),
        max_packet_size: NonZeroUsize::new(1400).expect("not zero"),
        notify_down_members: true,
        periodic_announce: every(1000, 1),
        periodic_announce_to_down_members: every(1000, 2),
        periodic_gossip: every(100, 3),
    }
}

fn every(millis: u64, members: usize) -> Option<PeriodicParams> {
    let num_members = NonZeroUsize::new(members)?;
    Some(PeriodicParams { frequency: Duration::from_millis(millis), num_members })
}
