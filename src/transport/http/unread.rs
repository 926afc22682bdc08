//! Bodies that nobody reads to their end.
//!
//! actix-http goes on draining a chunked body whose reader is gone, for as long as the client sends, and keeps
//! the connection meanwhile. A reader that is still there when the answer is written makes it hang up instead.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use actix_web::{
    HttpMessage,
    dev::{Payload, ServiceRequest},
    error::PayloadError,
    http::header,
};
use bytes::Bytes;
use futures_util::Stream;

/// How long a body outlives its reader: longer than an answer takes to be written.
const OUTLIVES: Duration = Duration::from_secs(2);

/// A body that stays a while when it is dropped before its end.
struct Lingering {
    body: Option<Payload>,
    ended: bool,
}

/// Makes the connection of `req` end after the answer, unless its body is read to the end.
pub fn hang_up_on(req: &mut ServiceRequest) {
    if req.headers().contains_key(header::TRANSFER_ENCODING) {
        let body = Lingering {
            body: Some(req.take_payload()),
            ended: false,
        };
        req.set_payload(Payload::Stream {
            payload: Box::pin(body),
        });
    }
}

impl Stream for Lingering {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        let Some(body) = &mut this.body else {
            return Poll::Ready(None);
        };
        let next = std::task::ready!(Pin::new(body).poll_next(cx));
        this.ended = !matches!(next, Some(Ok(_)));
        Poll::Ready(next)
    }
}

impl Drop for Lingering {
    fn drop(&mut self) {
        if let Some(body) = self.body.take().filter(|_| !self.ended) {
            actix_web::rt::spawn(async move {
                tokio::time::sleep(OUTLIVES).await;
                drop(body);
            });
        }
    }
}
