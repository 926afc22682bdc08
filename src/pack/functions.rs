//! `functions/*.sql`: several functions a file, with sqlc's annotations.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use crate::{domain::Roles, protocol::SqlValue};

use super::{
    Cardinality, Expect, Function, IMPLICIT_PARAMS, Param, ParamType, Route, Source, Step,
    args::typed_default,
    error::Problems,
    names::is_identifier,
    routes,
    split::{Piece, Statement, split},
};

/// First words of the statements that a function may hold.
const ALLOWED: &[&str] = &[
    "select", "with", "values", "insert", "replace", "update", "delete",
];

const ANNOTATIONS: &[&str] = &["name", "param", "roles", "http", "envelope", "let", "expect"];

/// Reads one file into `functions`; its faults go to `problems`.
pub fn parse(
    source: &Source,
    roles: &Roles,
    functions: &mut BTreeMap<String, Arc<Function>>,
    problems: &mut Problems,
) {
    let pieces = match split(&source.text) {
        Ok(pieces) => pieces,
        Err(open) => return problems.add(&source.file, open.line, format!("{} is not closed", open.what)),
    };
    let mut current: Option<Draft> = None;
    let mut reader = Reader {
        source,
        roles,
        functions,
        problems,
    };
    for piece in pieces {
        match piece {
            Piece::Annotation { key, value, line } if key == "name" => {
                if let Some(draft) = current.take() {
                    reader.finish(draft);
                }
                current = reader.begin(&value, line);
            }
            Piece::Annotation { key, value, line } => match &mut current {
                Some(draft) => reader.annotate(draft, &key, &value, line),
                None => reader.fault(
                    line,
                    format!("`-- {key}:` stands before the first `-- name:` (or after a faulty one)"),
                ),
            },
            Piece::Statement(statement) => match &mut current {
                Some(draft) => draft.statements.push(statement.into()),
                None => reader.fault(
                    statement.line,
                    "a statement stands outside a function: begin it with `-- name: x :one|:many|:exec`",
                ),
            },
        }
    }
    if let Some(draft) = current.take() {
        reader.finish(draft);
    }
}

/// A statement with the annotations behind it.
struct DraftStep {
    statement: Statement,
    binds: Option<(String, u32)>,
    expect: Option<Expect>,
}

impl From<Statement> for DraftStep {
    fn from(statement: Statement) -> Self {
        Self {
            statement,
            binds: None,
            expect: None,
        }
    }
}

/// A function that is being read.
struct Draft {
    name: String,
    cardinality: Cardinality,
    line: u32,
    params: Vec<(Param, u32)>,
    roles: Option<Vec<String>>,
    route: Option<(Route, u32)>,
    envelope: bool,
    statements: Vec<DraftStep>,
}

struct Reader<'a> {
    source: &'a Source,
    roles: &'a Roles,
    functions: &'a mut BTreeMap<String, Arc<Function>>,
    problems: &'a mut Problems,
}

impl Reader<'_> {
    fn fault(&mut self, line: u32, reason: impl Into<String>) {
        self.problems.add(&self.source.file, line, reason);
    }

    /// `-- name: x :one|:many|:exec`
    fn begin(&mut self, value: &str, line: u32) -> Option<Draft> {
        let mut words = value.split_whitespace();
        let (name, kind, rest) = (words.next(), words.next(), words.next());
        let cardinality = match kind {
            Some(":one") => Some(Cardinality::One),
            Some(":many") => Some(Cardinality::Many),
            Some(":exec") => Some(Cardinality::Exec),
            _ => None,
        };
        let (Some(name), Some(cardinality), None) = (name, cardinality, rest) else {
            self.fault(
                line,
                format!("`{value}`: write `-- name: x :one`, `:many` or `:exec`"),
            );
            return None;
        };
        if !is_identifier(name) {
            self.fault(
                line,
                format!("`{name}` is no function name: letters, digits and `_`"),
            );
            return None;
        }
        Some(Draft {
            name: name.to_owned(),
            cardinality,
            line,
            params: Vec::new(),
            roles: None,
            route: None,
            envelope: false,
            statements: Vec::new(),
        })
    }

    fn annotate(&mut self, draft: &mut Draft, key: &str, value: &str, line: u32) {
        match key {
            "let" | "expect" => self.annotate_step(draft, key, value, line),
            "param" | "roles" | "http" | "envelope" if !draft.statements.is_empty() => {
                self.fault(line, format!("`-- {key}:` belongs before the first statement"));
            }
            "param" => match param(value) {
                Ok(param) if draft.params.iter().any(|(other, _)| other.name == param.name) => {
                    self.fault(line, format!("the parameter `{}` is declared twice", param.name));
                }
                Ok(param) => draft.params.push((param, line)),
                Err(reason) => self.fault(line, reason),
            },
            "roles" => {
                let names: Vec<String> = value.split(',').map(|name| name.trim().to_owned()).collect();
                for name in &names {
                    if self.roles.get(name).is_none() {
                        self.fault(line, format!("`{name}` is no role of this pack"));
                    }
                }
                if draft.roles.replace(names).is_some() {
                    self.fault(line, "`-- roles:` stands here twice");
                }
            }
            "http" => match routes::parse(value) {
                Ok(_) if draft.route.is_some() => self.fault(line, "`-- http:` stands here twice"),
                Ok(route) => draft.route = Some((route, line)),
                Err(reason) => self.fault(line, reason),
            },
            "envelope" if value == "success" => draft.envelope = true,
            "envelope" => self.fault(line, "the only envelope is `success`"),
            // A comment may begin like an annotation; one that is nearly one is a slip of the hand.
            _ => {
                if let Some(meant) = ANNOTATIONS.iter().find(|known| nearly(key, known)) {
                    self.fault(
                        line,
                        format!("unknown annotation `-- {key}:`: write `-- {meant}:`"),
                    );
                }
            }
        }
    }

    /// What stands behind a statement.
    fn annotate_step(&mut self, draft: &mut Draft, key: &str, value: &str, line: u32) {
        let Some(step) = draft.statements.last_mut() else {
            return self.fault(line, format!("`-- {key}:` belongs behind a statement"));
        };
        if !step.statement.terminated {
            let reason = format!("the statement before `-- {key}:` does not end with `;`");
            return self.fault(line, reason);
        }
        if key == "let" {
            if !is_identifier(value) {
                self.fault(line, "write `-- let: name`");
            } else if step.binds.replace((value.to_owned(), line)).is_some() {
                self.fault(line, "a statement has one `-- let:`");
            }
        } else {
            match expect(value) {
                Ok(expect) => {
                    if step.expect.replace(expect).is_some() {
                        self.fault(line, "a statement has one `-- expect:`");
                    }
                }
                Err(reason) => self.fault(line, reason),
            }
        }
    }

    fn finish(&mut self, draft: Draft) {
        let name = draft.name.as_str();
        if draft.statements.is_empty() {
            self.fault(draft.line, format!("`{name}` has no statement"));
        }
        self.check_variables(&draft);
        if let Some((route, line)) = &draft.route {
            for segment in route.parameters() {
                if !draft.params.iter().any(|(param, _)| param.name == segment) {
                    let reason = format!("the route's `:{segment}` is no parameter of `{name}`");
                    self.fault(*line, reason);
                }
            }
            let clash = self.functions.values().find(|other| {
                let theirs = other.route.as_ref();
                theirs.is_some_and(|theirs| theirs.clashes(route))
            });
            if let Some(other) = clash {
                let reason = format!(
                    "this route is also that of `{}` ({}:{})",
                    other.name, other.file, other.line
                );
                self.fault(*line, reason);
            }
        }
        if let Some(other) = self.functions.get(name) {
            let reason = format!(
                "`{name}` is already the function at {}:{}",
                other.file, other.line
            );
            return self.fault(draft.line, reason);
        }
        let function = Function {
            name: name.into(),
            cardinality: draft.cardinality,
            params: draft.params.into_iter().map(|(param, _)| param).collect(),
            roles: draft.roles.unwrap_or_default(),
            route: draft.route.map(|(route, _)| route),
            envelope: draft.envelope,
            steps: draft
                .statements
                .into_iter()
                .map(|step| Step {
                    sql: step.statement.sql,
                    line: step.statement.line,
                    binds: step.binds.map(|(name, _)| name),
                    expect: step.expect,
                })
                .collect(),
            read_only: false,
            file: self.source.file.clone(),
            line: draft.line,
        };
        self.functions.insert(draft.name, Arc::new(function));
    }

    /// Every `:name` of a statement is a parameter, implicit, or bound by an earlier `-- let:`.
    fn check_variables(&mut self, draft: &Draft) {
        let mut known: BTreeSet<&str> = IMPLICIT_PARAMS.iter().copied().collect();
        for (param, line) in &draft.params {
            if !known.insert(&param.name) {
                let reason = format!("`{}` is given by the hub and needs no `-- param:`", param.name);
                self.fault(*line, reason);
            }
        }
        for step in &draft.statements {
            let statement = &step.statement;
            if !ALLOWED.contains(&statement.first_word.as_str()) {
                self.fault(
                    statement.line,
                    "a function holds SELECT, INSERT, UPDATE and DELETE only: the schema changes by migrations",
                );
            }
            for variable in &statement.variables {
                match variable.text.strip_prefix(':') {
                    Some(name) if known.contains(name) => {}
                    Some(name) => self.fault(
                        variable.line,
                        format!("`:{name}` is not declared: add `-- param: {name} text` (or another type)"),
                    ),
                    None => self.fault(
                        variable.line,
                        format!("write parameters as `:name`, not `{}`", variable.text),
                    ),
                }
            }
            if let Some((name, line)) = &step.binds
                && !known.insert(name)
            {
                self.fault(*line, format!("`{name}` already has a value"));
            }
        }
    }
}

/// Whether `written` is `known` but for one letter more, less or other, or two letters changed about.
fn nearly(written: &str, known: &str) -> bool {
    let (a, b) = (written.as_bytes(), known.as_bytes());
    if b.len() < 4 || a.len().abs_diff(b.len()) > 1 {
        return false;
    }
    let same_start = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let same_end = a
        .iter()
        .rev()
        .zip(b.iter().rev())
        .take_while(|(x, y)| x == y)
        .count();
    let mut letters = (a.to_vec(), b.to_vec());
    letters.0.sort_unstable();
    letters.1.sort_unstable();
    same_start + same_end + 1 >= a.len().max(b.len()) || letters.0 == letters.1
}

/// `name type[?] [= default]`
fn param(value: &str) -> Result<Param, String> {
    const FORM: &str = "write `-- param: name type`, type being text, integer, real, boolean or json, \
                        with `?` where it is optional, and `= value` for a default";
    let (declaration, default) = match value.split_once('=') {
        Some((declaration, default)) => (declaration, Some(default.trim())),
        None => (value, None),
    };
    let mut words = declaration.split_whitespace();
    let (Some(name), Some(kind), None) = (words.next(), words.next(), words.next()) else {
        return Err(FORM.into());
    };
    if !is_identifier(name) {
        return Err(format!("`{name}` is no parameter name: letters, digits and `_`"));
    }
    let (kind, optional) = match kind.strip_suffix('?') {
        Some(kind) => (kind, true),
        None => (kind, false),
    };
    let kind = match kind {
        "text" => ParamType::Text,
        "integer" => ParamType::Integer,
        "real" => ParamType::Real,
        "boolean" => ParamType::Boolean,
        "json" => ParamType::Json,
        _ => return Err(FORM.into()),
    };
    let default: Option<SqlValue> = match default {
        None => None,
        Some(text) => Some(
            typed_default(kind, optional, text)
                .ok_or_else(|| format!("the default of `{name}` is not of its type"))?,
        ),
    };
    Ok(Param {
        name: name.to_owned(),
        kind,
        optional,
        default,
    })
}

/// `n` or `n "text"`
fn expect(value: &str) -> Result<Expect, String> {
    const FORM: &str = "write `-- expect: 1 \"what to say otherwise\"`";
    let (count, message) = match value.split_once(char::is_whitespace) {
        Some((count, message)) => (count, Some(message.trim())),
        None => (value, None),
    };
    let rows = count.parse().map_err(|_| FORM.to_owned())?;
    let message = match message {
        None => None,
        Some(text) => {
            let inner = ['"', '\'']
                .iter()
                .find_map(|&quote| text.strip_prefix(quote)?.strip_suffix(quote));
            Some(inner.filter(|inner| !inner.is_empty()).ok_or(FORM)?.to_owned())
        }
    };
    Ok(Expect {
        rows,
        message,
        texts: None,
    })
}
