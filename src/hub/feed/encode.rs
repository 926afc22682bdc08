//! One commit as one `data_change` frame for one audience (PROTOCOL section 3, "Events").

use std::ops::ControlFlow;

use bytes::Bytes;

use crate::{
    domain::{
        Audience, Change, Changes, Commit, Cursor, Epoch, Position, Shape, change::Row, schema::Key,
        timestamp,
    },
    protocol::{SqlValue, frame, value},
};

/// Past these, counted after the role's filter, a frame only names the tables.
const MAX_ROWS: usize = 1_000;
const MAX_BYTES: usize = 256 * 1024;

/// The frame, or `None` where this audience sees nothing of the commit. For `Changes::Inline`. `hub`: the place in the
/// hub's own log that its cursor names.
pub fn commit(commit: &Commit, audience: &Audience, epoch: Epoch, hub: u64) -> Option<Bytes> {
    let mut frame = DataChange::new(audience.clone());
    if let Changes::Inline(changes) = &commit.changes {
        for change in changes {
            if frame.add(change).is_break() {
                break;
            }
        }
    }
    frame.finish(commit, epoch, hub)
}

/// Collects what an audience sees of a commit, change by change, within the bounds of one frame.
pub struct DataChange {
    audience: Audience,
    changes: Vec<u8>,
    rows: usize,
    /// Tables seen, in the order of their first change.
    tables: Vec<String>,
    readable_tables: usize,
    truncated: bool,
}

impl DataChange {
    pub fn new(audience: Audience) -> Self {
        let readable_tables = if audience.role.admin {
            usize::MAX
        } else {
            audience.role.tables.len()
        };
        Self {
            audience,
            changes: Vec::new(),
            rows: 0,
            tables: Vec::new(),
            readable_tables,
            truncated: false,
        }
    }

    /// Adds a change; breaks when nothing more can matter.
    pub fn add(&mut self, change: &Change) -> ControlFlow<()> {
        let Self {
            audience,
            changes,
            rows,
            tables,
            truncated,
            ..
        } = self;
        audience.see(change, |seen| {
            if !tables.iter().any(|t| **t == *seen.shape.table) {
                tables.push(seen.shape.table.to_string());
            }
            if *truncated {
                return;
            }
            *rows += 1;
            if !changes.is_empty() {
                changes.push(b',');
            }
            write_change(changes, audience, &seen);
            if *rows > MAX_ROWS || changes.len() > MAX_BYTES {
                *truncated = true;
                *changes = Vec::new();
            }
        });
        if self.truncated && self.tables.len() >= self.readable_tables {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }

    /// The finished frame, with the place in the hub's own log that its cursor names; `None` where nothing was seen.
    pub fn finish(self, commit: &Commit, epoch: Epoch, hub: u64) -> Option<Bytes> {
        if self.tables.is_empty() {
            return None;
        }
        let cursor = Cursor {
            epoch,
            at: Position {
                commit: commit.n,
                hub,
            },
            rights: self.audience.role.rights_fingerprint(),
        };
        Some(frame::text_with(self.changes.len() + 320, |out| {
            out.extend_from_slice(b"{\"type\":\"data_change\",\"cursor\":\"");
            out.extend_from_slice(cursor.to_string().as_bytes());
            out.extend_from_slice(b"\",\"commit\":");
            value::write_integer(out, i64::try_from(commit.n).unwrap_or(i64::MAX));
            if self.truncated {
                out.extend_from_slice(b",\"truncated\":true,\"tables\":");
                let _ = serde_json::to_writer(&mut *out, &self.tables); // writing to a Vec cannot fail
                out.push(b'}');
                return;
            }
            out.extend_from_slice(b",\"at\":\"");
            out.extend_from_slice(timestamp::rfc3339(commit.at_ms).as_bytes());
            out.extend_from_slice(b"\",\"by\":");
            write_author(out, commit);
            out.extend_from_slice(b",\"changes\":[");
            out.extend_from_slice(&self.changes);
            out.extend_from_slice(b"]}");
        }))
    }
}

fn write_author(out: &mut Vec<u8>, commit: &Commit) {
    let Some(by) = &commit.by else {
        out.extend_from_slice(b"null");
        return;
    };
    out.extend_from_slice(b"{\"user_id\":");
    value::write_integer(out, by.user_id);
    out.extend_from_slice(b",\"username\":");
    value::write_text(out, &by.username);
    out.extend_from_slice(b",\"session\":");
    match by.session {
        Some(session) => value::write_text(
            out,
            session
                .hyphenated()
                .encode_lower(&mut uuid::Uuid::encode_buffer()),
        ),
        None => out.extend_from_slice(b"null"),
    }
    if let Some(function) = &by.function {
        out.extend_from_slice(b",\"function\":");
        value::write_text(out, function);
    }
    out.push(b'}');
}

fn write_change(out: &mut Vec<u8>, audience: &Audience, seen: &crate::domain::audience::Seen<'_>) {
    let shape = seen.shape;
    out.extend_from_slice(b"{\"table\":");
    value::write_text(out, &shape.table);
    out.extend_from_slice(b",\"op\":\"");
    out.extend_from_slice(seen.op.as_str().as_bytes());
    out.extend_from_slice(b"\",\"key\":");
    write_key(out, shape, seen.row.or(seen.old), seen.rowid);
    out.extend_from_slice(b",\"row\":");
    write_row(out, audience, shape, seen.row);
    out.extend_from_slice(b",\"old\":");
    write_row(out, audience, shape, seen.old);
    out.push(b'}');
}

fn write_key(out: &mut Vec<u8>, shape: &Shape, row: Option<&Row>, rowid: i64) {
    out.push(b'{');
    match (&shape.key, row) {
        (Key::Columns(indexes), Some(row)) => {
            for (i, &at) in indexes.iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                value::write_text(out, shape.columns.get(at).map_or("", |c| c));
                out.push(b':');
                row.get(at).unwrap_or(&SqlValue::Null).write_json(out);
            }
        }
        _ => {
            out.extend_from_slice(b"\"rowid\":");
            value::write_integer(out, rowid);
        }
    }
    out.push(b'}');
}

fn write_row(out: &mut Vec<u8>, audience: &Audience, shape: &Shape, row: Option<&Row>) {
    let Some(row) = row else {
        out.extend_from_slice(b"null");
        return;
    };
    out.push(b'{');
    let mut first = true;
    for (column, cell) in shape.columns.iter().zip(row) {
        if !audience.sees_column(&shape.table, column) {
            continue;
        }
        if !first {
            out.push(b',');
        }
        first = false;
        value::write_text(out, column);
        out.push(b':');
        cell.write_json(out);
    }
    out.push(b'}');
}
