//! App packs (PROTOCOL section 5): a directory of TOML and SQL that makes the hub an application.
//! This module reads and validates text; what needs the database (preparing every statement) is
//! `store::data::pack_check`.

mod args;
pub mod error;
mod files;
mod functions;
pub mod labels;
mod manifest;
mod migrations;
pub mod names;
pub mod routes;
pub mod rules;
pub mod split;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::domain::{Role, Roles, text::Text};

pub use error::{PackError, Problem, Problems};
pub use files::embedded_names;
pub use labels::Labels;
pub use rules::{Recipient, Rule};

use files::Files;

/// A pack, read and validated.
#[derive(Debug, Clone)]
pub struct Pack {
    /// Where it was read from; `None`: a pack inside the binary, or no pack ([`Pack::is_none`]).
    pub dir: Option<PathBuf>,
    pub name: String,
    pub title: Text,
    /// The database that was there before the pack: what checks and `types` read the tables from, where no other is
    /// named. What is served is `data.path`.
    pub database: Option<PathBuf>,
    pub roles: Roles,
    pub migrations: Vec<Migration>,
    /// By name.
    pub functions: BTreeMap<String, Arc<Function>>,
    pub seed: Option<Source>,
    pub demo_users: Vec<DemoUser>,
    /// `notifications.toml`, in its order: for the writer, which evaluates them on captured rows.
    pub rules: Vec<Rule>,
    /// `labels.toml`: what people read in place of names.
    pub labels: Labels,
    /// Lines of `app.toml`, for faults that only the schema can show.
    pub places: Places,
}

/// Where `app.toml` says what: by `role`, `role.table` and `role.table.right`, the line from 1.
#[derive(Debug, Clone, Default)]
pub struct Places(pub BTreeMap<String, u32>);

impl Places {
    /// The line of a right, or else of its table, or else of its role.
    pub fn line(&self, role: &str, table: &str, right: &str) -> u32 {
        [
            format!("{role}.{table}.{right}"),
            format!("{role}.{table}"),
            role.to_owned(),
        ]
        .iter()
        .find_map(|path| self.0.get(path))
        .copied()
        .unwrap_or(0)
    }
}

impl Pack {
    /// No pack: one role, the hub's own administrator, and no function.
    pub fn none() -> Self {
        let administrator = Role::builtin_administrator();
        let mut roles = Roles::default();
        roles
            .0
            .insert(administrator.name.clone(), Arc::new(administrator));
        Self {
            dir: None,
            name: String::new(),
            title: Text::default(),
            database: None,
            roles,
            migrations: Vec::new(),
            functions: BTreeMap::new(),
            seed: None,
            demo_users: Vec::new(),
            rules: Vec::new(),
            labels: Labels::default(),
            places: Places::default(),
        }
    }

    /// Whether this is [`Pack::none`].
    pub fn is_none(&self) -> bool {
        self.name.is_empty()
    }

    /// Reads and validates the pack in a directory. What needs a database is checked by
    /// `store::data::pack_check`; until then every function counts as one that writes.
    pub fn load(dir: &Path) -> Result<Self, PackError> {
        let mut pack = Self::from_files(&Files::read(dir)?)?;
        pack.dir = Some(dir.to_owned());
        pack.database = pack.database.map(|path| dir.join(path));
        Ok(pack)
    }

    /// The pack of this name inside the binary ([`embedded_names`]).
    pub fn embedded(name: &str) -> Result<Self, PackError> {
        match Files::embedded(name) {
            Some(files) => Self::from_files(&files),
            None => Err(PackError::one(name, 0, "there is no such pack in this binary")),
        }
    }

    /// What `--app` names: a directory, or, where there is none of that name, a pack inside the binary.
    pub fn named(path: &Path) -> Result<Self, PackError> {
        let shipped = path
            .to_str()
            .filter(|name| !path.exists() && embedded_names().any(|known| known == *name));
        match shipped {
            Some(name) => Self::embedded(name),
            None => Self::load(path),
        }
    }

    fn from_files(files: &Files) -> Result<Self, PackError> {
        let Some(app) = files.get("app.toml") else {
            return Err(PackError::one(
                "app.toml",
                0,
                "this file is missing: it makes a directory a pack",
            ));
        };
        let mut problems = Problems::default();
        let manifest = manifest::parse(&app, &mut problems);
        let migrations = migrations::order(files.sql_in("migrations"), &mut problems);
        let mut functions = BTreeMap::new();
        let mut notification_rules = Vec::new();
        let mut labels = Labels::default();
        if let Some(manifest) = &manifest {
            for source in files.sql_in("functions") {
                functions::parse(&source, &manifest.roles, &mut functions, &mut problems);
            }
            if let Some(source) = files.get("notifications.toml") {
                notification_rules = rules::parse(&source, &manifest.roles, &mut problems);
            }
            if let Some(source) = files.get(labels::FILE) {
                labels = labels::parse(&source, &mut functions, &mut problems);
            }
        }
        problems.into_result()?;
        let Some(manifest) = manifest else {
            return Err(PackError::one("app.toml", 0, "cannot be read"));
        };
        Ok(Self {
            dir: None,
            name: manifest.name,
            title: manifest.title,
            database: manifest.database,
            roles: manifest.roles,
            migrations,
            functions,
            seed: files.get("seed.sql"),
            demo_users: manifest.demo_users,
            rules: notification_rules,
            labels,
            places: manifest.places,
        })
    }

    /// Functions with a route, the most particular path first: the first that fits is the one that is meant.
    pub fn routes(&self) -> Vec<(&Arc<Function>, &Route)> {
        let mut routed: Vec<_> = self
            .functions
            .values()
            .filter_map(|function| Some((function, function.route.as_ref()?)))
            .collect();
        routed.sort_by(|(_, a), (_, b)| a.segments().cmp(b.segments()));
        routed
    }
}

/// A file of the pack, kept for messages with file and line.
#[derive(Debug, Clone)]
pub struct Source {
    /// Relative to the pack.
    pub file: String,
    pub text: String,
}

#[derive(Debug, Clone)]
pub struct Migration {
    /// The number its file name begins with.
    pub version: i64,
    pub source: Source,
    /// SHA-256 of the text, hex.
    pub checksum: String,
}

#[derive(Debug, Clone)]
pub struct DemoUser {
    pub username: String,
    pub display_name: Option<String>,
    pub role: String,
    pub password: String,
    pub lang: Option<String>,
}

/// `:one`, `:many`, `:exec`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cardinality {
    One,
    Many,
    Exec,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParamType {
    Text,
    Integer,
    Real,
    Boolean,
    Json,
}

/// `-- param: name type[?] [= default]`
#[derive(Debug, Clone, PartialEq)]
pub struct Param {
    pub name: String,
    pub kind: ParamType,
    pub optional: bool,
    pub default: Option<crate::protocol::SqlValue>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

/// `-- http: GET /patients/search/:term`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    pub method: Method,
    /// As declared, with `:name` segments.
    pub path: String,
}

/// `-- expect: n "text"`
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Expect {
    pub rows: u64,
    pub message: Option<String>,
    /// The message in other languages, where `labels.toml` has it.
    pub texts: Option<Text>,
}

/// One statement of a function.
#[derive(Debug, Clone)]
pub struct Step {
    pub sql: String,
    /// Line of its first word in the file, from 1.
    pub line: u32,
    /// `-- let: name`: names the one value this statement returns.
    pub binds: Option<String>,
    pub expect: Option<Expect>,
}

/// A named function.
#[derive(Debug, Clone)]
pub struct Function {
    pub name: Arc<str>,
    pub cardinality: Cardinality,
    pub params: Vec<Param>,
    /// Who may call it; empty: administrators only.
    pub roles: Vec<String>,
    pub route: Option<Route>,
    /// `-- envelope: success`
    pub envelope: bool,
    pub steps: Vec<Step>,
    /// No step writes: runs on a reader. Set by `store::data::pack_check` from what SQLite says.
    pub read_only: bool,
    pub file: String,
    pub line: u32,
}

/// Names that every function may use beside its own parameters.
pub const IMPLICIT_PARAMS: &[&str] = &["me_id", "me_role", "me_username", "now"];

impl Function {
    /// Whether a role may call it: one that is listed, or, where none is, one that administers.
    pub fn callable_by(&self, role: &Role) -> bool {
        self.roles.iter().any(|name| **name == *role.name) || (self.roles.is_empty() && role.admin)
    }
}
