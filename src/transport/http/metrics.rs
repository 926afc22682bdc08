//! `GET /api/metrics` (JSON) and `GET /metrics` (Prometheus): every metric of the registry, by name.

use actix_web::{HttpResponse, web};
use prometheus::{
    TextEncoder,
    proto::{Metric, MetricFamily, MetricType},
};
use serde_json::{Map, Value, json};

use crate::protocol::Error;

use super::{
    HttpState,
    body::ok_value,
    caller::MetricsReader,
    endpoint::Endpoint,
    openapi::{Operation, schema_ref},
    problem::Problem,
};

pub fn endpoints() -> Vec<Endpoint> {
    let security = json!([{ "bearer": [] }, { "scrape_token": [] }]);
    vec![
        Endpoint::get(
            "/api/metrics",
            as_json,
            Operation::new(
                "getMetrics",
                "hub",
                "Metrics in JSON, for administrators or with the scrape token.",
            )
            .member("security", security.clone())
            .answers(200, "Every metric by name.", schema_ref("Metrics")),
        ),
        Endpoint::get(
            "/metrics",
            as_text,
            Operation::new("scrapeMetrics", "hub", "Metrics in Prometheus' text format.")
                .member("security", security)
                .answers_as(
                    200,
                    "Every metric by name.",
                    json!({ "text/plain": { "schema": { "type": "string" } } }),
                ),
        ),
    ]
}

async fn as_json(_: MetricsReader, state: web::Data<HttpState>) -> Result<HttpResponse, Problem> {
    let metrics: Map<String, Value> = gather(&state)
        .iter()
        .map(|family| (family.name().to_owned(), family_json(family)))
        .collect();
    Ok(ok_value(&json!({ "metrics": metrics }))?)
}

async fn as_text(_: MetricsReader, state: web::Data<HttpState>) -> Result<HttpResponse, Problem> {
    let text = TextEncoder::new()
        .encode_to_string(&gather(&state))
        .map_err(Error::internal)?;
    Ok(HttpResponse::Ok()
        .content_type("text/plain; version=0.0.4; charset=utf-8")
        .body(text))
}

fn gather(state: &HttpState) -> Vec<MetricFamily> {
    let metrics = &state.context.metrics;
    metrics.uptime_seconds.set(state.started.elapsed().as_secs_f64());
    metrics.registry.gather()
}

fn family_json(family: &MetricFamily) -> Value {
    let kind = family.get_field_type();
    let samples: Vec<Value> = family
        .get_metric()
        .iter()
        .map(|metric| sample_json(kind, metric))
        .collect();
    json!({
        "type": match kind {
            MetricType::COUNTER => "counter",
            MetricType::GAUGE => "gauge",
            MetricType::HISTOGRAM => "histogram",
            _ => "untyped",
        },
        "help": family.help(),
        "samples": samples
    })
}

fn sample_json(kind: MetricType, metric: &Metric) -> Value {
    let labels: Map<String, Value> = metric
        .get_label()
        .iter()
        .map(|label| (label.name().to_owned(), label.value().into()))
        .collect();
    match kind {
        MetricType::HISTOGRAM => {
            let histogram = metric.get_histogram();
            let buckets: Vec<Value> = histogram
                .get_bucket()
                .iter()
                .map(|bucket| json!({ "le": bucket.upper_bound(), "count": bucket.cumulative_count() }))
                .collect();
            json!({
                "labels": labels,
                "count": histogram.get_sample_count(),
                "sum": histogram.get_sample_sum(),
                "buckets": buckets
            })
        }
        MetricType::COUNTER => json!({ "labels": labels, "value": metric.get_counter().get_value() }),
        _ => json!({ "labels": labels, "value": metric.get_gauge().get_value() }),
    }
}

#[cfg(test)]
mod tests {
    use crate::telemetry::Metrics;

    use super::*;

    #[test]
    fn counters_gauges_and_histograms_are_shown_as_what_they_are() {
        let metrics = Metrics::new().unwrap();
        metrics.requests.with_label_values(&["query", "ok"]).inc();
        metrics.writer_queue.set(3);
        metrics.commit_seconds.observe(0.002);
        let shown: Map<String, Value> = metrics
            .registry
            .gather()
            .iter()
            .map(|family| (family.name().to_owned(), family_json(family)))
            .collect();
        let requests = &shown["comptoir_requests_total"];
        assert_eq!(requests["type"], "counter");
        assert_eq!(
            requests["samples"][0],
            json!({ "labels": { "kind": "query", "outcome": "ok" }, "value": 1.0 })
        );
        assert_eq!(shown["comptoir_writer_queue"]["samples"][0]["value"], 3.0);
        assert_eq!(shown["comptoir_commit_seconds"]["samples"][0]["count"], 1);
    }
}
