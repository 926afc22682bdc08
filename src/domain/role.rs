//! Roles and what they may do (PROTOCOL section 5, `[roles.*]`).

use std::{
    collections::{BTreeMap, hash_map::DefaultHasher},
    hash::{Hash, Hasher},
    sync::Arc,
};

use serde::{Deserialize, Deserializer, de};

use super::text::Text;

/// Where the users of a role may log in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LoginFrom {
    Server,
    Client,
    #[default]
    Anywhere,
}

/// A right by column: `false` (default), `true`, or a list.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub enum Columns {
    #[default]
    None,
    All,
    Only(Vec<String>),
}

impl Columns {
    /// Column names compare as SQLite compares them: ASCII case-insensitively.
    pub fn allows(&self, column: &str) -> bool {
        match self {
            Self::None => false,
            Self::All => true,
            Self::Only(names) => names.iter().any(|name| name.eq_ignore_ascii_case(column)),
        }
    }

    pub fn is_none(&self) -> bool {
        matches!(self, Self::None)
    }
}

impl<'de> Deserialize<'de> for Columns {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Form {
            Flag(bool),
            Names(Vec<String>),
        }
        match Form::deserialize(deserializer)
            .map_err(|_| de::Error::custom("expected true, false or a list of columns"))?
        {
            Form::Flag(true) => Ok(Self::All),
            Form::Flag(false) => Ok(Self::None),
            Form::Names(names) if names.is_empty() => Ok(Self::None),
            Form::Names(names) => Ok(Self::Only(names)),
        }
    }
}

/// What a role may do with one table or view.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TableRights {
    pub select: Columns,
    pub insert: Columns,
    pub update: Columns,
    pub delete: bool,
    /// Only rows whose column holds the user's id.
    pub owner: Option<String>,
}

/// A role of the pack, validated.
#[derive(Debug, Clone, PartialEq)]
pub struct Role {
    pub name: Arc<str>,
    pub title: Text,
    pub login_from: LoginFrom,
    /// Every table (no DDL), console, users, audit, backups.
    pub admin: bool,
    pub raw_sql: bool,
    pub notify: bool,
    pub open_calls: bool,
    pub room: bool,
    pub contacts: Option<Vec<String>>,
    pub external: bool,
    /// By table name as the schema spells it.
    pub tables: BTreeMap<String, TableRights>,
}

impl Role {
    /// The administrator of a hub without a pack.
    pub fn builtin_administrator() -> Self {
        Self {
            name: "administrator".into(),
            title: Text {
                fr: Some("Administrateur".into()),
                en: Some("Administrator".into()),
                ar: Some("مدير".into()),
            },
            login_from: LoginFrom::Anywhere,
            admin: true,
            raw_sql: true,
            notify: true,
            open_calls: true,
            room: false,
            contacts: None,
            external: false,
            tables: BTreeMap::new(),
        }
    }

    /// The rights on a table; `None` where the role has none. Administrators: see [`Role::may_select`] and its siblings.
    pub fn rights(&self, table: &str) -> Option<&TableRights> {
        self.tables.get(table).or_else(|| {
            self.tables
                .iter()
                .find(|(name, _)| name.eq_ignore_ascii_case(table))
                .map(|(_, rights)| rights)
        })
    }

    pub fn may_select(&self, table: &str, column: &str) -> bool {
        self.admin || self.rights(table).is_some_and(|r| r.select.allows(column))
    }

    /// Whether the role may read the table at all (some column of it).
    pub fn may_read_table(&self, table: &str) -> bool {
        self.admin || self.rights(table).is_some_and(|r| !r.select.is_none())
    }

    pub fn may_insert(&self, table: &str, column: &str) -> bool {
        self.admin || self.rights(table).is_some_and(|r| r.insert.allows(column))
    }

    pub fn may_update(&self, table: &str, column: &str) -> bool {
        self.admin || self.rights(table).is_some_and(|r| r.update.allows(column))
    }

    pub fn may_delete(&self, table: &str) -> bool {
        self.admin || self.rights(table).is_some_and(|r| r.delete)
    }

    pub fn owner_column(&self, table: &str) -> Option<&str> {
        if self.admin {
            None
        } else {
            self.rights(table).and_then(|r| r.owner.as_deref())
        }
    }

    /// Whether what the role sees differs from user to user.
    pub fn has_owner_tables(&self) -> bool {
        !self.admin && self.tables.values().any(|r| r.owner.is_some())
    }

    /// Identity of what the role may read: part of every cursor, so that a change of rights is noticed on resume.
    pub fn rights_fingerprint(&self) -> u32 {
        // DefaultHasher::new() has fixed keys: the same rights give the same number after a restart.
        let mut hasher = DefaultHasher::new();
        self.name.hash(&mut hasher);
        self.admin.hash(&mut hasher);
        for (table, rights) in &self.tables {
            table.hash(&mut hasher);
            rights.select.hash(&mut hasher);
            rights.owner.hash(&mut hasher);
        }
        let hash = hasher.finish();
        (hash ^ (hash >> 32)) as u32
    }
}

/// All roles of the hub, by name.
#[derive(Debug, Clone, Default)]
pub struct Roles(pub BTreeMap<Arc<str>, Arc<Role>>);

impl Roles {
    pub fn get(&self, name: &str) -> Option<&Arc<Role>> {
        self.0.get(name)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Arc<Role>> {
        self.0.values()
    }
}
