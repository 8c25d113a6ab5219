//! The timers that foca asked for, in the order in which it wants them.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Instant;

use foca::Timer;
use interop_peers::identity::Id;

#[derive(Default)]
pub struct Timers(BinaryHeap<Reverse<(Instant, Timer<Id>)>>);

impl Timers {
    pub fn add(&mut self, at: Instant, timer: Timer<Id>) {
        self.0.push(Reverse((at, timer)));
    }

    pub fn next_deadline(&self) -> Option<Instant> {
        self.0.peek().map(|Reverse((at, _))| *at)
    }

    pub fn pop_due(&mut self, now: Instant) -> Option<Timer<Id>> {
        if self.next_deadline()? > now {
            return None;
        }
        self.0.pop().map(|Reverse((_, timer))| timer)
    }

    pub fn clear(&mut self) {
        self.0.clear();
    }
}
