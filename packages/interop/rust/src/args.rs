//! Command-line arguments of the form `--name value`.

use std::str::FromStr;

pub struct Args(Vec<(String, String)>);

impl Args {
    /// Reads pairs; a name in `flags` stands alone.
    pub fn parse(words: impl Iterator<Item = String>, flags: &[&str]) -> Result<Self, String> {
        let mut pairs = Vec::new();
        let mut words = words;
        while let Some(word) = words.next() {
            let name = word.strip_prefix("--").ok_or_else(|| format!("unexpected {word:?}"))?;
            let value = match flags.contains(&name) {
                true => String::new(),
                false => words.next().ok_or_else(|| format!("--{name} needs a value"))?,
            };
            pairs.push((name.to_string(), value));
        }
        Ok(Self(pairs))
    }

    /// Takes every value of a name, in order.
    pub fn all<T: FromStr>(&mut self, name: &str) -> Result<Vec<T>, String> {
        let (taken, kept) = std::mem::take(&mut self.0).into_iter().partition(|(n, _)| n == name);
        self.0 = kept;
        let taken: Vec<(String, String)> = taken;
        taken
            .iter()
            .map(|(_, value)| value.parse().map_err(|_| format!("--{name}: bad value {value:?}")))
            .collect()
    }

    /// Takes the last value of a name.
    pub fn get<T: FromStr>(&mut self, name: &str) -> Result<Option<T>, String> {
        Ok(self.all(name)?.pop())
    }

    pub fn required<T: FromStr>(&mut self, name: &str) -> Result<T, String> {
        self.get(name)?.ok_or_else(|| format!("--{name} is missing"))
    }

    pub fn flag(&mut self, name: &str) -> bool {
        let before = self.0.len();
        self.0.retain(|(n, _)| n != name);
        self.0.len() < before
    }

    /// Refuses what nobody took.
    pub fn finish(self) -> Result<(), String> {
        match self.0.first() {
            Some((name, _)) => Err(format!("unknown argument --{name}")),
            None => Ok(()),
        }
    }
}
