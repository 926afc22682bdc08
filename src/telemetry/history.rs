//! The metrics over the last hour and the last day, in memory: a console that is opened now shows the past.
//!
//! Bounded: 720 points of five seconds and 1,440 of a minute. Nothing is kept across restarts; whoever wants
//! that scrapes `/metrics`.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use prometheus::{Histogram, core::Collector};

use super::Metrics;

/// How the `kind` of requests for the files of pages begins.
const PAGE_FILES: [&str; 2] = ["GET /web/", "GET /sdk/"];

/// Which of the two series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Span {
    /// The last hour, a point every five seconds.
    Hour,
    /// The last day, a point a minute.
    Day,
}

/// What happened in one interval, and how things stood at its end.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Point {
    /// End of the interval, milliseconds since 1970. Rises from point to point, whatever the clock does.
    pub at_ms: i64,
    /// How long the interval was.
    pub seconds: f64,
    pub sessions: Vec<(String, i64)>,
    pub requests: u64,
    /// Of the requests: those that were not answered with `ok`.
    pub failed: u64,
    /// Of the requests: messages that people sent.
    pub messages: u64,
    pub commits: u64,
    pub events: u64,
    pub reconnects: u64,
    pub slow_consumers: u64,
    pub failed_logins: u64,
    /// Commit to socket, seconds; `None` where nothing was committed.
    pub commit_to_socket: Option<Quantiles>,
    pub writer_queue: i64,
    pub reader_queue: i64,
    pub audit_pending: i64,
    pub data_db_bytes: i64,
    pub data_wal_bytes: i64,
    pub hub_db_bytes: i64,
    pub disk_free_bytes: i64,
}

/// Estimated from the buckets of a histogram, as Prometheus does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quantiles {
    pub p50: f64,
    pub p95: f64,
    pub p99: f64,
}

/// Both series. Fed by one clock, read by administrators.
pub struct History {
    began: (Instant, i64),
    series: Mutex<[Series; 2]>,
}

struct Series {
    every: Duration,
    most: usize,
    points: VecDeque<Point>,
    last: Totals,
}

/// The counters at one moment.
#[derive(Clone)]
struct Totals {
    at: Instant,
    requests: u64,
    failed: u64,
    messages: u64,
    commits: u64,
    events: u64,
    reconnects: u64,
    slow_consumers: u64,
    failed_logins: u64,
    /// Upper bound and count of each bucket, not cumulated.
    latency: Vec<(f64, u64)>,
}

impl History {
    /// Begins empty; `now_ms` is the time of day at `now`.
    pub fn new(metrics: &Metrics, now: Instant, now_ms: i64) -> Self {
        let totals = Totals::of(metrics, now);
        let series = |every, most| Series {
            every: Duration::from_secs(every),
            most,
            points: VecDeque::new(),
            last: totals.clone(),
        };
        Self {
            began: (now, now_ms),
            series: Mutex::new([series(5, 720), series(60, 1_440)]),
        }
    }

    /// Looks at the metrics; adds a point to each series whose interval is over. To be called every five seconds.
    pub fn sample(&self, metrics: &Metrics, now: Instant) {
        let totals = Totals::of(metrics, now);
        let at_ms = self.began.1 + millis(now.saturating_duration_since(self.began.0));
        for series in self.series.lock().iter_mut() {
            series.sample(&totals, metrics, at_ms);
        }
    }

    /// The points after `since_ms`, oldest first, and the seconds between two of them.
    pub fn points(&self, span: Span, since_ms: i64) -> (u64, Vec<Point>) {
        let series = self.series.lock();
        let series = match span {
            Span::Hour => &series[0],
            Span::Day => &series[1],
        };
        let from = series.points.partition_point(|point| point.at_ms <= since_ms);
        (
            series.every.as_secs(),
            series.points.range(from..).cloned().collect(),
        )
    }
}

impl Series {
    fn sample(&mut self, totals: &Totals, metrics: &Metrics, at_ms: i64) {
        let passed = totals.at.saturating_duration_since(self.last.at);
        // A clock that comes a moment early must not make a point wait for the next one.
        if passed + Duration::from_secs(1) < self.every {
            return;
        }
        let last = std::mem::replace(&mut self.last, totals.clone());
        let mut sessions: Vec<(String, i64)> = labelled(&metrics.sessions)
            .into_iter()
            .map(|(labels, value)| (labels.into_iter().next().unwrap_or_default().1, value as i64))
            .collect();
        sessions.sort();
        self.points.push_back(Point {
            at_ms,
            seconds: passed.as_secs_f64(),
            sessions,
            requests: totals.requests.saturating_sub(last.requests),
            failed: totals.failed.saturating_sub(last.failed),
            messages: totals.messages.saturating_sub(last.messages),
            commits: totals.commits.saturating_sub(last.commits),
            events: totals.events.saturating_sub(last.events),
            reconnects: totals.reconnects.saturating_sub(last.reconnects),
            slow_consumers: totals.slow_consumers.saturating_sub(last.slow_consumers),
            failed_logins: totals.failed_logins.saturating_sub(last.failed_logins),
            commit_to_socket: quantiles(&last.latency, &totals.latency),
            writer_queue: metrics.writer_queue.get(),
            reader_queue: metrics.reader_queue.get(),
            audit_pending: metrics.audit_pending.get(),
            data_db_bytes: metrics.data_db_bytes.get(),
            data_wal_bytes: metrics.data_wal_bytes.get(),
            hub_db_bytes: metrics.hub_db_bytes.get(),
            disk_free_bytes: metrics.disk_free_bytes.get(),
        });
        while self.points.len() > self.most {
            self.points.pop_front();
        }
    }
}

impl Totals {
    fn of(metrics: &Metrics, at: Instant) -> Self {
        let is = |labels: &[(String, String)], name: &str, value: &str| {
            labels.iter().any(|(n, v)| n == name && v == value)
        };
        let (mut requests, mut failed, mut messages) = (0, 0, 0);
        for (labels, value) in labelled(&metrics.requests) {
            // A page that is opened asks for fifty files: that is no work of the hub.
            let is_file = |kind: &str| PAGE_FILES.iter().any(|start| kind.starts_with(start));
            if labels.iter().any(|(n, v)| n == "kind" && is_file(v)) {
                continue;
            }
            let value = value as u64;
            requests += value;
            if !is(&labels, "outcome", "ok") {
                failed += value;
            } else if is(&labels, "kind", "send_message") {
                messages += value;
            }
        }
        let failed_logins = labelled(&metrics.logins)
            .into_iter()
            .filter(|(labels, _)| !is(labels, "outcome", "ok"))
            .map(|(_, value)| value as u64)
            .sum();
        Self {
            at,
            requests,
            failed,
            messages,
            commits: metrics.commits.get(),
            events: metrics.events_sent.get(),
            reconnects: metrics.reconnects.get(),
            slow_consumers: metrics.slow_consumers.get(),
            failed_logins,
            latency: buckets(&metrics.commit_to_socket_seconds),
        }
    }
}

/// Labels (name and value) and value of every sample of a counter or gauge.
fn labelled(metric: &impl Collector) -> Vec<(Vec<(String, String)>, f64)> {
    let mut found = Vec::new();
    for family in metric.collect() {
        for sample in family.get_metric() {
            let labels = sample
                .get_label()
                .iter()
                .map(|label| (label.name().to_owned(), label.value().to_owned()))
                .collect();
            // One of the two is there; the other reads as 0.
            found.push((
                labels,
                sample.get_counter().get_value() + sample.get_gauge().get_value(),
            ));
        }
    }
    found
}

fn buckets(histogram: &Histogram) -> Vec<(f64, u64)> {
    let mut found = Vec::new();
    for family in histogram.collect() {
        for sample in family.get_metric() {
            let histogram = sample.get_histogram();
            let mut below = 0;
            for bucket in histogram.get_bucket() {
                let count = bucket.cumulative_count();
                found.push((bucket.upper_bound(), count.saturating_sub(below)));
                below = count;
            }
            // What lies beyond the last bound is told as that bound.
            if let Some((bound, _)) = found.last().copied() {
                found.push((bound, histogram.get_sample_count().saturating_sub(below)));
            }
        }
    }
    found
}

fn quantiles(before: &[(f64, u64)], after: &[(f64, u64)]) -> Option<Quantiles> {
    let counts: Vec<(f64, u64)> = after
        .iter()
        .enumerate()
        .map(|(i, (bound, n))| (*bound, n.saturating_sub(before.get(i).map_or(0, |b| b.1))))
        .collect();
    let total: u64 = counts.iter().map(|(_, n)| n).sum();
    if total == 0 {
        return None;
    }
    let at = |quantile: f64| {
        let wanted = quantile * total as f64;
        let (mut below, mut floor) = (0.0, 0.0);
        for (bound, n) in &counts {
            let n = *n as f64;
            if n > 0.0 && below + n >= wanted {
                return floor + (bound - floor) * ((wanted - below) / n).clamp(0.0, 1.0);
            }
            below += n;
            floor = *bound;
        }
        floor
    };
    Some(Quantiles {
        p50: at(0.5),
        p95: at(0.95),
        p99: at(0.99),
    })
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn started() -> (Metrics, History, Instant) {
        let metrics = Metrics::new().unwrap();
        let now = Instant::now();
        let history = History::new(&metrics, now, 1_000_000);
        (metrics, history, now)
    }

    #[test]
    fn a_point_tells_what_happened_since_the_one_before() {
        let (metrics, history, start) = started();
        metrics
            .requests
            .with_label_values(&["send_message", "ok"])
            .inc_by(3);
        metrics.requests.with_label_values(&["query", "busy"]).inc();
        metrics
            .requests
            .with_label_values(&["GET /web/{path:.*}", "ok"])
            .inc_by(50);
        metrics.sessions.with_label_values(&["vendeur"]).set(2);
        history.sample(&metrics, start + Duration::from_secs(5));
        metrics.requests.with_label_values(&["query", "ok"]).inc();
        history.sample(&metrics, start + Duration::from_secs(10));
        let (every, points) = history.points(Span::Hour, 0);
        assert_eq!((every, points.len()), (5, 2));
        let first = &points[0];
        assert_eq!((first.requests, first.failed, first.messages), (4, 1, 3));
        assert_eq!(first.sessions, [("vendeur".to_owned(), 2)]);
        assert_eq!(first.at_ms, 1_005_000);
        assert_eq!((points[1].requests, points[1].failed), (1, 0));
        assert_eq!(history.points(Span::Hour, 1_005_000).1.len(), 1);
        assert!(history.points(Span::Day, 0).1.is_empty());
    }

    #[test]
    fn it_is_bounded_and_keeps_the_newest() {
        let (metrics, history, start) = started();
        for step in 1..=2_000 {
            history.sample(&metrics, start + Duration::from_secs(step * 5));
        }
        let (_, hour) = history.points(Span::Hour, 0);
        let (every, day) = history.points(Span::Day, 0);
        assert_eq!((hour.len(), every, day.len()), (720, 60, 166));
        assert_eq!(hour.last().unwrap().at_ms, 1_000_000 + 10_000_000);
    }

    #[test]
    fn quantiles_are_of_the_interval_alone() {
        let (metrics, history, start) = started();
        metrics.commit_to_socket_seconds.observe(4.0);
        history.sample(&metrics, start + Duration::from_secs(5));
        for _ in 0..100 {
            metrics.commit_to_socket_seconds.observe(0.0007);
        }
        history.sample(&metrics, start + Duration::from_secs(10));
        history.sample(&metrics, start + Duration::from_secs(15));
        let (_, points) = history.points(Span::Hour, 0);
        assert!(points[0].commit_to_socket.unwrap().p50 > 2.5);
        let quick = points[1].commit_to_socket.unwrap();
        assert!(quick.p50 > 0.0005 && quick.p99 <= 0.001, "{quick:?}");
        assert_eq!(points[2].commit_to_socket, None);
    }
}
