//! An audience: all sessions that see the same of every commit. A change is filtered and encoded once for each.

use std::{
    hash::{Hash, Hasher},
    sync::Arc,
};

use super::{
    change::{Change, Op, Row, Shape},
    role::Role,
    schema::Key,
};
use crate::protocol::SqlValue;

/// Role, owner where the role's rows depend on the user, and the tables asked for.
#[derive(Debug, Clone)]
pub struct Audience {
    pub role: Arc<Role>,
    /// The user's id where `role.has_owner_tables()`, else `None`.
    pub owner: Option<i64>,
    /// Sorted, as the schema spells them; `None`: all.
    pub tables: Option<Arc<[String]>>,
}

impl PartialEq for Audience {
    fn eq(&self, other: &Self) -> bool {
        (Arc::ptr_eq(&self.role, &other.role) || self.role == other.role)
            && self.owner == other.owner
            && self.tables == other.tables
    }
}

impl Eq for Audience {}

impl Hash for Audience {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.role.name.hash(state);
        self.owner.hash(state);
        self.tables.hash(state);
    }
}

/// What an audience sees of one change.
#[derive(Debug, PartialEq)]
pub struct Seen<'a> {
    pub shape: &'a Shape,
    pub op: Op,
    pub rowid: i64,
    pub row: Option<&'a Row>,
    pub old: Option<&'a Row>,
}

impl Audience {
    pub fn new(role: Arc<Role>, user_id: i64, tables: Option<Vec<String>>) -> Self {
        let owner = role.has_owner_tables().then_some(user_id);
        let tables = tables.map(|mut names| {
            names.sort();
            names.dedup();
            names.into()
        });
        Self { role, owner, tables }
    }

    pub fn wants_table(&self, table: &str) -> bool {
        self.tables
            .as_ref()
            .is_none_or(|names| names.iter().any(|n| n.eq_ignore_ascii_case(table)))
            && self.role.may_read_table(table)
    }

    /// Calls `each` with what this audience sees of `change`: nothing, one change, or (an update of the key)
    /// a delete and an insert. Columns are not yet filtered: see [`Audience::sees_column`].
    pub fn see<'a>(&self, change: &'a Change, mut each: impl FnMut(Seen<'a>)) {
        let shape = &*change.shape;
        if !self.wants_table(&shape.table) {
            return;
        }
        let owner = self.role.owner_column(&shape.table).map(|name| {
            (
                shape.columns.iter().position(|c| c.eq_ignore_ascii_case(name)),
                self.owner,
            )
        });
        let mine = |row: &&Row| match owner {
            None => true,
            Some((Some(at), Some(id))) => row.get(at) == Some(&SqlValue::Integer(id)),
            Some(_) => false, // an owner column that the shape lacks: nobody's row
        };
        let old = change.old.as_ref().filter(mine);
        let new = change.new.as_ref().filter(mine);
        let rowid = change.rowid;
        match (old, new) {
            (None, None) => {}
            (None, Some(row)) => each(Seen {
                shape,
                op: Op::Insert,
                rowid,
                row: Some(row),
                old: None,
            }),
            (Some(old), None) => each(Seen {
                shape,
                op: Op::Delete,
                rowid,
                row: None,
                old: Some(old),
            }),
            (Some(old), Some(row)) => {
                if key_differs(&shape.key, old, row) {
                    each(Seen {
                        shape,
                        op: Op::Delete,
                        rowid,
                        row: None,
                        old: Some(old),
                    });
                    each(Seen {
                        shape,
                        op: Op::Insert,
                        rowid,
                        row: Some(row),
                        old: None,
                    });
                } else if shape
                    .columns
                    .iter()
                    .enumerate()
                    .any(|(i, c)| old.get(i) != row.get(i) && self.sees_column(&shape.table, c))
                {
                    each(Seen {
                        shape,
                        op: Op::Update,
                        rowid,
                        row: Some(row),
                        old: Some(old),
                    });
                }
            }
        }
    }

    pub fn sees_column(&self, table: &str, column: &str) -> bool {
        self.role.may_select(table, column)
    }
}

fn key_differs(key: &Key, old: &Row, new: &Row) -> bool {
    match key {
        Key::Columns(indexes) => indexes.iter().any(|&i| old.get(i) != new.get(i)),
        Key::Rowid => false,
    }
}
