//! The metrics of the last hour or day, for the console's tiles and charts.

use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Map, Value, json};

use crate::{
    protocol::{Error, error::Result},
    telemetry::history::{Point, Span},
    transport::http::{
        HttpState,
        body::ok_value,
        caller::Administrator,
        encoding::decode_query,
        endpoint::Endpoint,
        openapi::{Operation, schema_ref},
        problem::Problem,
    },
};

/// Name, unit and value of each column.
type Column = (&'static str, fn(&Point) -> Option<f64>);

/// What a chart can draw. Counts are rates a second, so that both spans read alike.
const COLUMNS: &[Column] = &[
    ("requests", |p| rate(p, p.requests)),
    ("failed", |p| rate(p, p.failed)),
    ("messages", |p| rate(p, p.messages)),
    ("commits", |p| rate(p, p.commits)),
    ("events", |p| rate(p, p.events)),
    ("reconnects", |p| rate(p, p.reconnects)),
    ("slow_consumers", |p| rate(p, p.slow_consumers)),
    ("failed_logins", |p| rate(p, p.failed_logins)),
    ("commit_to_socket_p50", |p| p.commit_to_socket.map(|q| q.p50)),
    ("commit_to_socket_p95", |p| p.commit_to_socket.map(|q| q.p95)),
    ("commit_to_socket_p99", |p| p.commit_to_socket.map(|q| q.p99)),
    ("writer_queue", |p| Some(p.writer_queue as f64)),
    ("reader_queue", |p| Some(p.reader_queue as f64)),
    ("audit_pending", |p| Some(p.audit_pending as f64)),
    ("data_db_bytes", |p| Some(p.data_db_bytes as f64)),
    ("data_wal_bytes", |p| Some(p.data_wal_bytes as f64)),
    ("hub_db_bytes", |p| Some(p.hub_db_bytes as f64)),
    ("disk_free_bytes", |p| Some(p.disk_free_bytes as f64)),
];

pub fn endpoints() -> Vec<Endpoint> {
    vec![Endpoint::get(
        "/api/admin/history",
        show,
        Operation::new(
            "getHistory",
            "admin",
            "The metrics of the last hour (every 5 s) or day (every minute), since the start of the hub.",
        )
        .query(
            "span",
            "How far back.",
            json!({ "enum": ["hour", "day"], "default": "hour" }),
        )
        .query(
            "since",
            "Only after this time: the last of `at` of the answer before.",
            json!({ "type": "integer" }),
        )
        .answers(200, "One list a column, oldest first.", schema_ref("History")),
    )]
}

async fn show(
    _: Administrator,
    state: web::Data<HttpState>,
    req: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let (span, since) = parse(req.query_string())?;
    let (every_s, points) = state.admin.history.points(span, since);
    Ok(ok_value(&columns(every_s, &points))?)
}

fn parse(raw: &str) -> Result<(Span, i64)> {
    let (mut span, mut since) = (Span::Hour, 0);
    for (name, value) in decode_query(raw)? {
        match (name.as_str(), value.as_str()) {
            ("span", "hour") => span = Span::Hour,
            ("span", "day") => span = Span::Day,
            ("since", value) => {
                since = value
                    .parse()
                    .map_err(|_| Error::invalid("since is milliseconds since 1970."))?;
            }
            _ => return Err(Error::invalid("Known are span (hour or day) and since.")),
        }
    }
    Ok((span, since))
}

fn columns(every_s: u64, points: &[Point]) -> Value {
    let mut series = Map::new();
    for (name, value) in COLUMNS {
        let values: Vec<Option<f64>> = points.iter().map(value).collect();
        series.insert((*name).to_owned(), json!(values));
    }
    // A role that nobody had at first counts nobody then.
    let mut roles: Map<String, Value> = Map::new();
    for (role, _) in points.iter().flat_map(|point| &point.sessions) {
        if !roles.contains_key(role) {
            let counts: Vec<i64> = points
                .iter()
                .map(|point| {
                    point
                        .sessions
                        .iter()
                        .find(|(r, _)| r == role)
                        .map_or(0, |(_, n)| *n)
                })
                .collect();
            roles.insert(role.clone(), json!(counts));
        }
    }
    let at: Vec<i64> = points.iter().map(|point| point.at_ms).collect();
    json!({ "every_s": every_s, "at": at, "series": series, "sessions": roles })
}

fn rate(point: &Point, count: u64) -> Option<f64> {
    (point.seconds > 0.0).then(|| count as f64 / point.seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_has_a_value_for_every_point() {
        let point = |at_ms, role: &str| Point {
            at_ms,
            seconds: 5.0,
            requests: 10,
            sessions: vec![(role.to_owned(), 3)],
            ..Point::default()
        };
        let shown = columns(5, &[point(1, "caisse"), point(2, "vendeur")]);
        assert_eq!(shown["at"], json!([1, 2]));
        assert_eq!(shown["series"]["requests"], json!([2.0, 2.0]));
        assert_eq!(shown["series"]["commit_to_socket_p99"], json!([null, null]));
        assert_eq!(shown["sessions"], json!({ "caisse": [3, 0], "vendeur": [0, 3] }));
        for (name, _) in COLUMNS {
            assert_eq!(shown["series"][name].as_array().unwrap().len(), 2, "{name}");
        }
    }

    #[test]
    fn spans_are_read_strictly() {
        assert_eq!(parse("span=day&since=5").unwrap(), (Span::Day, 5));
        for raw in ["span=week", "since=now", "x=1"] {
            assert!(parse(raw).is_err(), "{raw}");
        }
    }
}
