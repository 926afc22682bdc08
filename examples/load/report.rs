//! Figures, and how they are shown: a table for people, JSON for machines.

use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

/// Latencies in microseconds, up to a minute, three digits kept.
pub struct Latency(Histogram<u64>);

impl Latency {
    pub fn new() -> Self {
        // The bounds are constants that the histogram accepts.
        Self(Histogram::new_with_bounds(1, 60_000_000, 3).unwrap_or_else(|_| unreachable!("constant bounds")))
    }

    pub fn record(&mut self, took: Duration) {
        self.0.saturating_record((took.as_micros() as u64).max(1));
    }

    pub fn merge(&mut self, other: &Self) {
        // Same bounds: cannot fail.
        let _ = self.0.add(&other.0);
    }

    pub fn count(&self) -> u64 {
        self.0.len()
    }

    /// The latency that this share (0 to 1) of the samples stays under, milliseconds.
    pub fn quantile_ms(&self, share: f64) -> f64 {
        self.0.value_at_quantile(share) as f64 / 1e3
    }

    pub fn max_ms(&self) -> f64 {
        if self.0.is_empty() {
            0.0
        } else {
            self.0.max() as f64 / 1e3
        }
    }
}

/// What one server did in one scenario.
#[derive(Serialize)]
pub struct Column {
    pub server: String,
    pub figures: Vec<(String, f64)>,
}

impl Column {
    pub fn new(server: impl Into<String>) -> Self {
        Self {
            server: server.into(),
            figures: Vec::new(),
        }
    }

    pub fn put(&mut self, name: impl Into<String>, value: f64) {
        self.figures.push((name.into(), value));
    }

    pub fn latency(&mut self, what: &str, latency: &Latency) {
        for (name, share) in [("p50", 0.5), ("p95", 0.95), ("p99", 0.99)] {
            self.put(format!("{what} {name} (ms)"), latency.quantile_ms(share));
        }
        self.put(format!("{what} max (ms)"), latency.max_ms());
    }

    /// Processor use of the server and of the generator during the measurement.
    pub fn cost(&mut self, cost: &crate::procfs::Cost) {
        self.put("server CPU (% of a core)", cost.server_percent());
        self.put("generator CPU (% of a core)", cost.generator_percent());
    }

    pub fn get(&self, name: &str) -> Option<f64> {
        self.figures
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| *value)
    }
}

/// A figure beside what it should be.
#[derive(Serialize)]
pub struct Check {
    pub what: String,
    pub value: f64,
    /// `<=` or `>=`.
    pub relation: &'static str,
    pub target: f64,
    pub reached: bool,
}

#[derive(Serialize)]
pub struct Report {
    pub scenario: &'static str,
    pub conditions: Vec<(String, String)>,
    pub columns: Vec<Column>,
    pub checks: Vec<Check>,
}

impl Report {
    pub fn new(scenario: &'static str) -> Self {
        Self {
            scenario,
            conditions: Vec::new(),
            columns: Vec::new(),
            checks: Vec::new(),
        }
    }

    pub fn condition(&mut self, name: &str, value: impl ToString) {
        self.conditions.push((name.to_owned(), value.to_string()));
    }

    pub fn figure(&self, server: &str, name: &str) -> Option<f64> {
        self.columns
            .iter()
            .find(|column| column.server == server)?
            .get(name)
    }

    pub fn at_most(&mut self, what: impl Into<String>, value: Option<f64>, target: f64) {
        self.check(what.into(), value, "<=", target, |value| value <= target);
    }

    pub fn at_least(&mut self, what: impl Into<String>, value: Option<f64>, target: f64) {
        self.check(what.into(), value, ">=", target, |value| value >= target);
    }

    fn check(
        &mut self,
        what: String,
        value: Option<f64>,
        relation: &'static str,
        target: f64,
        holds: impl Fn(f64) -> bool,
    ) {
        if let Some(value) = value {
            self.checks.push(Check {
                what,
                value,
                relation,
                target,
                reached: holds(value),
            });
        }
    }

    /// `name` at server `a` divided by the same at server `b`.
    pub fn ratio(&self, name: &str, a: &str, b: &str) -> Option<f64> {
        let below = self.figure(b, name)?;
        (below > 0.0).then_some(self.figure(a, name)? / below)
    }

    pub fn print(&self) {
        println!("\n## {}", self.scenario);
        for (name, value) in &self.conditions {
            println!("   {name}: {value}");
        }
        let mut names: Vec<&str> = Vec::new();
        for (name, _) in self.columns.iter().flat_map(|column| &column.figures) {
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
        let width = names.iter().map(|name| name.len()).max().unwrap_or(0);
        print!("\n   {:width$}", "");
        for column in &self.columns {
            print!(" {:>14}", column.server);
        }
        println!();
        for name in names {
            print!("   {name:width$}");
            for column in &self.columns {
                print!(" {:>14}", column.get(name).map_or_else(|| "-".to_owned(), show));
            }
            println!();
        }
        println!();
        for check in &self.checks {
            let verdict = if check.reached { "reached" } else { "MISSED" };
            println!(
                "   {verdict:7} {}: {} (target {} {})",
                check.what,
                show(check.value),
                check.relation,
                show(check.target)
            );
        }
    }
}

fn show(value: f64) -> String {
    match value.abs() {
        v if v >= 10_000.0 => format!("{value:.0}"),
        v if v >= 100.0 => format!("{value:.1}"),
        _ => format!("{value:.3}"),
    }
}
