//! Every metric by name; `docs/METRICS.md` explains them.

use prometheus::{
    Gauge, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts,
    Registry,
};

/// All metrics of one hub.
#[derive(Clone)]
pub struct Metrics {
    pub registry: Registry,
    /// Connected sessions by role.
    pub sessions: IntGaugeVec,
    /// Requests by `kind` (frame type or route) and `outcome` (`ok` or the error code).
    pub requests: IntCounterVec,
    /// From frame read to answer ready, seconds, by `kind`.
    pub request_seconds: HistogramVec,
    /// Of a group: BEGIN to COMMIT done, seconds.
    pub commit_seconds: Histogram,
    /// From COMMIT done to the frame in the sessions' outboxes, seconds.
    pub commit_to_socket_seconds: Histogram,
    /// Writes committed together.
    pub group_size: Histogram,
    /// Of a group of what people do: BEGIN to COMMIT done, seconds.
    pub ledger_seconds: Histogram,
    /// Pieces of what people do committed together.
    pub ledger_group_size: Histogram,
    pub ledger_queue: IntGauge,
    pub writer_queue: IntGauge,
    pub reader_queue: IntGauge,
    pub commits: IntCounter,
    pub events_sent: IntCounter,
    /// Firings of notification rules that had somebody to tell, and rules that failed.
    pub rules_fired: IntCounter,
    /// Users told, each of each notification.
    pub notifications: IntCounter,
    pub rules_failed: IntCounter,
    /// Sessions that came back with `since`.
    pub reconnects: IntCounter,
    pub slow_consumers: IntCounter,
    pub logins: IntCounterVec,
    pub audit_pending: IntGauge,
    pub data_db_bytes: IntGauge,
    pub data_wal_bytes: IntGauge,
    pub hub_db_bytes: IntGauge,
    pub disk_free_bytes: IntGauge,
    pub uptime_seconds: Gauge,
    pub backup_failures: IntCounter,
    pub calls: IntGauge,
    /// By reason.
    pub calls_ended: IntCounterVec,
}

impl Metrics {
    pub fn new() -> Result<Self, prometheus::Error> {
        let registry = Registry::new_custom(Some("comptoir".into()), None)?;
        let latency = || {
            vec![
                0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
                5.0,
            ]
        };
        macro_rules! register {
            ($metric:expr) => {{
                let metric = $metric?;
                registry.register(Box::new(metric.clone()))?;
                metric
            }};
        }
        Ok(Self {
            sessions: register!(IntGaugeVec::new(
                Opts::new("sessions", "Connected sessions"),
                &["role"]
            )),
            requests: register!(IntCounterVec::new(
                Opts::new("requests_total", "Requests answered"),
                &["kind", "outcome"]
            )),
            request_seconds: register!(HistogramVec::new(
                HistogramOpts::new("request_seconds", "From request read to answer ready").buckets(latency()),
                &["kind"]
            )),
            commit_seconds: register!(Histogram::with_opts(
                HistogramOpts::new("commit_seconds", "Group commit, begin to durable").buckets(latency())
            )),
            commit_to_socket_seconds: register!(Histogram::with_opts(
                HistogramOpts::new("commit_to_socket_seconds", "Durable to handed to the sockets")
                    .buckets(latency())
            )),
            group_size: register!(Histogram::with_opts(
                HistogramOpts::new("group_size", "Writes committed together")
                    .buckets(vec![1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0])
            )),
            ledger_seconds: register!(Histogram::with_opts(
                HistogramOpts::new(
                    "ledger_seconds",
                    "Group commit of messages and receipts, begin to durable"
                )
                .buckets(latency())
            )),
            ledger_group_size: register!(Histogram::with_opts(
                HistogramOpts::new(
                    "ledger_group_size",
                    "Messages, receipts and the like committed together"
                )
                .buckets(vec![1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0])
            )),
            ledger_queue: register!(IntGauge::new(
                "ledger_queue",
                "Messages, receipts and the like waiting to be stored"
            )),
            writer_queue: register!(IntGauge::new("writer_queue", "Jobs waiting for the writer")),
            reader_queue: register!(IntGauge::new("reader_queue", "Jobs waiting for a reader")),
            commits: register!(IntCounter::new(
                "commits_total",
                "Commits of the business database"
            )),
            events_sent: register!(IntCounter::new(
                "events_sent_total",
                "Event frames handed to sockets"
            )),
            rules_fired: register!(IntCounter::new(
                "rules_fired_total",
                "Notification rules that fired"
            )),
            notifications: register!(IntCounter::new(
                "notifications_total",
                "Notifications stored, one for each user told"
            )),
            rules_failed: register!(IntCounter::new(
                "rules_failed_total",
                "Notification rules that failed"
            )),
            reconnects: register!(IntCounter::new(
                "reconnects_total",
                "Sessions that resumed with since"
            )),
            slow_consumers: register!(IntCounter::new(
                "slow_consumers_total",
                "Sessions closed with 4408"
            )),
            logins: register!(IntCounterVec::new(
                Opts::new("logins_total", "Login attempts"),
                &["outcome"]
            )),
            audit_pending: register!(IntGauge::new(
                "audit_pending",
                "Audit entries waiting to be stored"
            )),
            data_db_bytes: register!(IntGauge::new("data_db_bytes", "Size of the business database")),
            data_wal_bytes: register!(IntGauge::new("data_wal_bytes", "Size of its write-ahead log")),
            hub_db_bytes: register!(IntGauge::new("hub_db_bytes", "Size of the hub's own database")),
            disk_free_bytes: register!(IntGauge::new(
                "disk_free_bytes",
                "Free space where the data directory lies"
            )),
            uptime_seconds: register!(Gauge::new("uptime_seconds", "Since start")),
            backup_failures: register!(IntCounter::new(
                "backup_failures_total",
                "Scheduled backups that failed"
            )),
            calls: register!(IntGauge::new("calls", "Calls under way")),
            calls_ended: register!(IntCounterVec::new(
                Opts::new("calls_ended_total", "Calls that ended"),
                &["reason"]
            )),
            registry,
        })
    }
}
