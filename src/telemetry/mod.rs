//! Logs and metrics. A leaf: anyone may use it.

pub mod metrics;

pub use metrics::Metrics;
