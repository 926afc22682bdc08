//! Answers as frames: counted, audited where they refuse, their causes logged.

use std::time::Instant;

use bytes::Bytes;
use serde_json::Value;
use uuid::Uuid;

use crate::protocol::{
    error::{Error, Result},
    frame,
    result::Body,
};

use super::requests;

pub(super) fn answer_frame(
    hub: &super::Context,
    origin: &crate::executor::Origin,
    id: &Value,
    kind: &'static str,
    at: Instant,
    result: Result<Body>,
) -> Bytes {
    hub.metrics
        .request_seconds
        .with_label_values(&[kind])
        .observe(at.elapsed().as_secs_f64());
    match result {
        Ok(body) => {
            hub.metrics.requests.with_label_values(&[kind, "ok"]).inc();
            frame::text_with(body.0.len() + 48, |out| body.write_frame(id, out))
        }
        Err(error) => {
            hub.metrics
                .requests
                .with_label_values(&[kind, error.code.as_str()])
                .inc();
            requests::audit_refusal(hub, origin, kind, &error);
            error_frame(Some(id), &error)
        }
    }
}

/// An error frame; the cause goes to the log under the request id that the client gets.
pub(super) fn error_frame(id: Option<&Value>, error: &Error) -> Bytes {
    let request_id = Uuid::now_v7().to_string();
    requests::log_error(error, &request_id);
    frame::text(error.to_frame(id, &request_id).to_string().as_bytes())
}
