//! Logs and metrics. A leaf: anyone may use it.

pub mod history;
pub mod logs;
pub mod metrics;
pub mod request_id;

pub use history::History;
pub use logs::{LogFormat, init};
pub use metrics::Metrics;
pub use request_id::RequestId;
