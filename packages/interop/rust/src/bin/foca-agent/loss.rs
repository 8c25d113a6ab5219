//! Packets that go missing on purpose, by a seeded generator.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

pub struct Loss {
    rng: StdRng,
    /// The share dropped of all that is sent and of all that is received.
    pub all: f64,
    /// The share dropped of the acks that are sent.
    pub replies: f64,
}

impl Loss {
    pub fn new(all: f64, seed: u64) -> Self {
        Self { rng: StdRng::seed_from_u64(seed ^ 0x105e), all, replies: 0.0 }
    }

    pub fn drops(&mut self, is_reply: bool) -> bool {
        self.roll(self.all) || (is_reply && self.roll(self.replies))
    }

    fn roll(&mut self, share: f64) -> bool {
        share > 0.0 && self.rng.random_bool(share.min(1.0))
    }
}
