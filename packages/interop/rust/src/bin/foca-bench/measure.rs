//! A stopwatch that runs over batches and reports their median.

use std::time::{Duration, Instant};

use serde_json::{json, Value};

pub struct Stopwatch {
    begun: Instant,
    limit: Duration,
    /// Nanoseconds per operation, of each batch.
    batches: Vec<f64>,
    operations: u64,
}

impl Stopwatch {
    pub fn new(millis: u64) -> Self {
        let limit = Duration::from_millis(millis);
        Self { begun: Instant::now(), limit, batches: Vec::new(), operations: 0 }
    }

    /// Whether there is time for another batch; there always is for five.
    pub fn runs(&self) -> bool {
        self.batches.len() < 5 || self.begun.elapsed() < self.limit
    }

    /// Times one batch, so that its preparation stays out of the figure.
    pub fn batch(&mut self, operations: u64, run: impl FnOnce()) {
        let begun = Instant::now();
        run();
        self.batches.push(begun.elapsed().as_nanos() as f64 / operations as f64);
        self.operations += operations;
    }

    pub fn print(mut self, name: &str, fields: Value) {
        self.batches.sort_by(f64::total_cmp);
        let mut line = json!({ "bench": name });
        for (key, value) in fields.as_object().expect("an object") {
            line[key] = value.clone();
        }
        line["nsPerOp"] = json!(self.batches[self.batches.len() / 2].round());
        line["nsPerOpBest"] = json!(self.batches[0].round());
        line["operations"] = json!(self.operations);
        println!("{line}");
    }
}
