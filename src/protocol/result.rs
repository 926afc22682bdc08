//! Result frames: `{"type":"result","id":…,<members>}`. A body is finished JSON text from where it
//! was made (an executor thread) to the socket; nobody parses it on the way.

use bytes::Bytes;
use serde_json::Value;

/// The members of a result, as the text of one JSON object: `{"columns":…,"commit":7}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body(pub Bytes);

impl Body {
    /// From any JSON object.
    pub fn from_value(value: &Value) -> Self {
        Self(Bytes::from(value.to_string()))
    }

    pub fn empty() -> Self {
        Self(Bytes::from_static(b"{}"))
    }

    /// Appends `{"type":"result","id":<id>,<members>}`.
    pub fn write_frame(&self, id: &Value, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"type\":\"result\",\"id\":");
        let _ = serde_json::to_writer(&mut *out, id); // writing to a Vec cannot fail
        if self.0.len() > 2 {
            out.push(b',');
            out.extend_from_slice(&self.0[1..]);
        } else {
            out.push(b'}');
        }
    }
}
