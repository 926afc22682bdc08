//! App packs (PROTOCOL section 5): a directory of TOML and SQL that makes the hub an application.
//! This module reads and validates text; what needs the database (preparing every statement) is
//! `store::data::pack_check`.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use crate::domain::{Roles, text::Text};

/// A pack, read and validated.
#[derive(Debug, Clone)]
pub struct Pack {
    /// `None`: no pack; only administrators can do anything.
    pub dir: Option<PathBuf>,
    pub name: String,
    pub title: Text,
    pub roles: Roles,
    pub migrations: Vec<Migration>,
    /// By name.
    pub functions: BTreeMap<String, Arc<Function>>,
    pub seed: Option<Source>,
    pub demo_users: Vec<DemoUser>,
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expect {
    pub rows: u64,
    pub message: Option<String>,
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
    /// Typed arguments in the order of the parameters.
    pub fn bind_args(
        &self,
        _args: &serde_json::Value,
    ) -> crate::protocol::error::Result<Vec<crate::protocol::SqlValue>> {
        unimplemented!()
    }
}
