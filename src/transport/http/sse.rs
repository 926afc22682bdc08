//! Frames as server-sent events. Pure, but for the heartbeat's timer.

use std::{convert::Infallible, time::Duration};

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use serde::Deserialize;
use std::borrow::Cow;

/// A comment: keeps proxies from closing a stream that is only quiet.
const HEARTBEAT: &[u8] = b": \n\n";

#[derive(Deserialize)]
struct Place<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<Cow<'a, str>>,
    #[serde(borrow)]
    cursor: Option<Cow<'a, str>>,
}

/// The `cursor` of a frame, where it has one.
pub fn cursor_of(frame: &[u8]) -> Option<String> {
    serde_json::from_slice::<Place<'_>>(frame)
        .ok()?
        .cursor
        .map(Cow::into_owned)
}

/// The `type` of a frame.
pub fn type_of(frame: &[u8]) -> Option<String> {
    serde_json::from_slice::<Place<'_>>(frame)
        .ok()?
        .kind
        .map(Cow::into_owned)
}

/// One frame as one event: `id:` is its cursor. Frames are compact JSON, so they hold no line break.
pub fn event(frame: &[u8]) -> Bytes {
    let mut out = Vec::with_capacity(frame.len() + 80);
    if let Some(cursor) = cursor_of(frame) {
        out.extend_from_slice(b"id: ");
        out.extend_from_slice(cursor.as_bytes());
        out.push(b'\n');
    }
    out.extend_from_slice(b"data: ");
    out.extend_from_slice(frame);
    out.extend_from_slice(b"\n\n");
    out.into()
}

/// The body of an SSE answer: the frames, and a comment whenever `heartbeat` passes without one.
pub fn body(
    frames: impl Stream<Item = Bytes> + Unpin,
    heartbeat: Duration,
) -> impl Stream<Item = Result<Bytes, Infallible>> {
    stream::unfold(frames, move |mut frames| async move {
        let chunk = match tokio::time::timeout(heartbeat, frames.next()).await {
            Ok(Some(frame)) => event(&frame),
            Ok(None) => return None,
            Err(_) => Bytes::from_static(HEARTBEAT),
        };
        Some((Ok(chunk), frames))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_of_an_event_is_the_cursor_of_its_frame() {
        let frame = br#"{"type":"data_change","cursor":"AbC","changes":[{"row":{"cursor":"no"}}]}"#;
        let text = String::from_utf8(event(frame).to_vec()).unwrap();
        assert_eq!(
            text,
            format!("id: AbC\ndata: {}\n\n", std::str::from_utf8(frame).unwrap())
        );
    }

    #[test]
    fn a_frame_without_a_cursor_leaves_the_place_where_it_was() {
        assert_eq!(
            &event(br#"{"type":"typing"}"#)[..],
            b"data: {\"type\":\"typing\"}\n\n"
        );
    }

    #[actix_web::test]
    async fn a_quiet_stream_is_kept_alive_and_an_ended_one_ends() {
        let (sender, receiver) = tokio::sync::mpsc::channel::<Bytes>(1);
        let frames = Box::pin(stream::unfold(receiver, |mut r| async move {
            r.recv().await.map(|f| (f, r))
        }));
        let mut body = Box::pin(body(frames, Duration::from_millis(5)));
        assert_eq!(body.next().await.unwrap().unwrap(), HEARTBEAT);
        sender.send(Bytes::from_static(b"{}")).await.unwrap();
        loop {
            let chunk = body.next().await.unwrap().unwrap();
            if chunk != HEARTBEAT {
                assert_eq!(&chunk[..], b"data: {}\n\n");
                break;
            }
        }
        drop(sender);
        while let Some(chunk) = body.next().await {
            assert_eq!(chunk.unwrap(), HEARTBEAT);
        }
    }
}
