//! What SQLite's authorizer does not report, read from the words of the statement: names that are never spoken,
//! the column list of an INSERT, REPLACE, NATURAL and USING, and the names of common table expressions.

use std::collections::HashSet;

use crate::{
    domain::{Role, Schema, Table, TableKind},
    protocol::{
        error::{Code, Error, Result},
        request::Kind,
    },
};

use super::{
    classify::{end, invalid, main_verb},
    token::{Token, Tokens},
};

/// Names by which the rowid answers where no column has them.
pub const ROWID_NAMES: [&str; 3] = ["rowid", "oid", "_rowid_"];

/// What is known of a statement from its words.
#[derive(Debug)]
pub struct Screen {
    pub kind: Kind,
    /// The statement without a trailing `;` or comment.
    pub end: usize,
    /// Every name and text of the statement, lower case. An access to a table that is not among them is not of the
    /// caller's making: a trigger, a view or a foreign key of the schema makes it.
    mentioned: HashSet<String>,
    /// Names of common table expressions, lower case.
    expressions: HashSet<String>,
    /// What an INSERT says of its target, `WITH` and aliases aside.
    insert: Option<InsertHead>,
    /// `REPLACE` or `OR REPLACE`.
    replaces: bool,
    /// `NATURAL` or `USING`.
    joins_by_name: bool,
    /// `SELECT *` or `t.*` somewhere.
    star: bool,
    /// Columns read as `excluded.column`, which SQLite does not report.
    excluded: Vec<String>,
}

#[derive(Debug)]
struct InsertHead {
    table: String,
    /// `None`: all of them.
    columns: Option<Vec<String>>,
    /// `DEFAULT VALUES`
    defaults: bool,
}

impl Screen {
    /// Reads a statement, which has no NUL, no second statement after it, and a verb that clients may use.
    pub fn read(sql: &str) -> Result<Self> {
        let mut rest = Tokens::new(sql);
        let kind = main_verb(&mut rest)?;
        let after_verb = rest.clone();
        let end = end(rest)?;
        let tokens: Vec<Token<'_>> = Tokens::new(&sql[..end])
            .map(|token| token.map(|(_, token)| token))
            .collect::<Result<_, _>>()?;
        let mentioned = tokens
            .iter()
            .filter_map(Token::name)
            .map(str::to_ascii_lowercase)
            .collect();
        // `a OR replace(…)` is an expression.
        let is_or_replace = |three: &[Token<'_>]| {
            three[0].is("OR") && three[1].is("REPLACE") && !three[2].is_punctuation(b'(')
        };
        let (insert, replace_verb) = match kind {
            Kind::Insert => insert_head(after_verb)?,
            _ => (None, false),
        };
        let excluded = tokens
            .windows(3)
            .filter(|three| {
                three[1].is_punctuation(b'.')
                    && three[0]
                        .name()
                        .is_some_and(|name| name.eq_ignore_ascii_case("excluded"))
            })
            .filter_map(|three| three[2].name().map(str::to_owned))
            .collect();
        Ok(Self {
            excluded,
            kind,
            end,
            mentioned,
            expressions: expressions(&tokens),
            insert,
            // The verb REPLACE is the only REPLACE that INTO follows.
            replaces: replace_verb
                || tokens.windows(3).any(is_or_replace)
                || tokens
                    .windows(2)
                    .any(|pair| pair[0].is("REPLACE") && pair[1].is("INTO")),
            joins_by_name: tokens.iter().any(|t| t.is("NATURAL") || t.is("USING")),
            star: tokens.windows(2).any(|pair| {
                pair[1].is_punctuation(b'*')
                    && (pair[0].is("SELECT")
                        || pair[0].is("DISTINCT")
                        || pair[0].is("ALL")
                        || pair[0].is_punctuation(b'.')
                        || pair[0].is_punctuation(b','))
            }),
        })
    }

    pub fn mentions(&self, name: &str) -> bool {
        self.mentioned.contains(&name.to_ascii_lowercase())
    }

    pub fn names_expression(&self, name: &str) -> bool {
        self.expressions.contains(&name.to_ascii_lowercase())
    }

    /// Refuses names that no client may speak, with or without quotes.
    pub fn check_names(&self, admin: bool) -> Result<()> {
        let spoken = |name: &String| {
            name.starts_with("_comptoir_")
                || name.starts_with("pragma_")
                || (name.starts_with("sqlite_")
                    && !(admin && matches!(name.as_str(), "sqlite_schema" | "sqlite_master")))
        };
        if self.mentioned.iter().any(spoken) {
            return Err(Error::of(Code::Forbidden));
        }
        Ok(())
    }

    /// What no statement may do on a connection with shadows, as far as only its words tell.
    pub fn check_shadowed(&self, schema: &Schema) -> Result<()> {
        if self.kind != Kind::Select {
            return Err(Error::of(Code::Forbidden));
        }
        self.check_names(false)?;
        self.check_expressions(schema)
    }

    /// SQLite reports the accesses of a trigger or view under its name, and those of a common table expression under
    /// the expression's: nobody may wear the former as a mask.
    fn check_expressions(&self, schema: &Schema) -> Result<()> {
        if schema.triggers.iter().any(|name| self.names_expression(name)) {
            return Err(Error::forbidden(
                "A common table expression may not have the name of a view or trigger.",
            ));
        }
        Ok(())
    }

    /// What the role may do with the statement, as far as only its words tell. For statements that run with `main`
    /// in reach, where the authorizer does the rest.
    pub fn check_role(&self, schema: &Schema, role: &Role) -> Result<()> {
        self.check_names(role.admin)?;
        self.check_expressions(schema)?;
        if role.admin {
            return Ok(());
        }
        // A view of which no column is used is never asked about.
        let unseen_view = schema.tables.iter().any(|table| {
            table.kind == TableKind::View
                && self.mentions(&table.name)
                && role.rights(&table.name).is_none_or(|r| {
                    r.select.is_none() && r.insert.is_none() && r.update.is_none() && !r.delete
                })
        });
        if unseen_view {
            return Err(Error::of(Code::Forbidden));
        }
        let blind = |table: &Table| {
            table
                .columns
                .iter()
                .any(|column| !role.may_select(&table.name, &column.name))
        };
        let reads_half = || {
            schema
                .tables
                .iter()
                .any(|table| self.mentions(&table.name) && blind(table))
        };
        if self.joins_by_name && reads_half() {
            return Err(Error::forbidden(
                "NATURAL and USING are not for tables of which the role reads some columns only.",
            ));
        }
        let Some(insert) = &self.insert else {
            return self.check_replace(schema, role);
        };
        // INSERT … SELECT * may copy records whole, without asking for any column.
        if self.star && self.mentioned.contains("select") {
            let copied = schema.tables.iter().any(|table| {
                self.mentions(&table.name) && !table.name.eq_ignore_ascii_case(&insert.table) && blind(table)
            });
            if copied {
                return Err(Error::of(Code::Forbidden));
            }
        }
        self.check_insert(schema, role, insert)?;
        self.check_replace(schema, role)
    }

    fn check_insert(&self, schema: &Schema, role: &Role, insert: &InsertHead) -> Result<()> {
        // An unknown table is SQLite's to report.
        let Some(table) = schema.table(&insert.table) else {
            return Ok(());
        };
        let excluded = self
            .excluded
            .iter()
            .all(|name| role.may_select(&table.name, name) || may_insert(role, table, name));
        if !excluded {
            return Err(Error::of(Code::Forbidden));
        }
        let allowed = match &insert.columns {
            Some(columns) => columns.iter().all(|name| may_insert(role, table, name)),
            None if insert.defaults => true,
            None => table
                .columns
                .iter()
                .filter(|column| !column.generated)
                .all(|column| role.may_insert(&table.name, &column.name)),
        };
        if allowed {
            Ok(())
        } else {
            Err(Error::of(Code::Forbidden))
        }
    }

    /// REPLACE removes rows, and SQLite reports none of it.
    fn check_replace(&self, schema: &Schema, role: &Role) -> Result<()> {
        let may = !self.replaces
            || schema
                .tables
                .iter()
                .filter(|table| self.mentions(&table.name))
                .all(|table| {
                    let target = self
                        .insert
                        .as_ref()
                        .is_none_or(|insert| insert.table.eq_ignore_ascii_case(&table.name));
                    !target || role.may_delete(&table.name)
                });
        if may {
            Ok(())
        } else {
            Err(Error::of(Code::Forbidden))
        }
    }
}

fn may_insert(role: &Role, table: &Table, name: &str) -> bool {
    if table.column(name).is_none() && ROWID_NAMES.iter().any(|rowid| rowid.eq_ignore_ascii_case(name)) {
        return match table.rowid_alias {
            Some(alias) => role.may_insert(&table.name, &table.columns[alias].name),
            None => table
                .columns
                .iter()
                .all(|column| role.may_insert(&table.name, &column.name)),
        };
    }
    role.may_insert(&table.name, name)
}

/// `[OR action] INTO [schema.]table [AS alias] [(columns)]`, after the verb. Also whether the verb was REPLACE.
fn insert_head(tokens: Tokens<'_>) -> Result<(Option<InsertHead>, bool)> {
    let incomplete = || invalid("The statement does not parse.");
    let mut tokens = tokens.map(|token| token.map(|(_, token)| token).map_err(Error::from));
    let mut next = || tokens.next().unwrap_or_else(|| Err(incomplete()));
    let mut token = next()?;
    let mut replaces = false;
    if token.is("OR") {
        replaces = next()?.is("REPLACE");
        token = next()?;
    }
    if !token.is("INTO") {
        return Err(incomplete());
    }
    let mut table = next()?.name().ok_or_else(incomplete)?.to_owned();
    token = next()?;
    if token.is_punctuation(b'.') {
        table = next()?.name().ok_or_else(incomplete)?.to_owned();
        token = next()?;
    }
    if token.is("AS") {
        next()?;
        token = next()?;
    }
    let mut columns = None;
    if token.is_punctuation(b'(') {
        let mut names = Vec::new();
        loop {
            names.push(next()?.name().ok_or_else(incomplete)?.to_owned());
            match next()? {
                Token::Punctuation(b',') => {}
                Token::Punctuation(b')') => break,
                _ => return Err(incomplete()),
            }
        }
        columns = Some(names);
    }
    Ok((
        Some(InsertHead {
            table,
            columns,
            defaults: token.is("DEFAULT"),
        }),
        replaces,
    ))
}

/// Every name that is followed by `AS (`, `AS MATERIALIZED` or `AS NOT`, with or without a column list between.
fn expressions(tokens: &[Token<'_>]) -> HashSet<String> {
    let begins = |at: usize| {
        tokens.get(at).is_some_and(|t| t.is("AS"))
            && tokens
                .get(at + 1)
                .is_some_and(|t| t.is_punctuation(b'(') || t.is("MATERIALIZED") || t.is("NOT"))
    };
    let mut names = HashSet::new();
    for (index, token) in tokens.iter().enumerate() {
        let Some(name) = token.name() else { continue };
        let after = match tokens.get(index + 1) {
            Some(open) if open.is_punctuation(b'(') => tokens[index + 2..]
                .iter()
                .position(|t| t.is_punctuation(b')'))
                .map(|close| index + 2 + close + 1),
            Some(_) => Some(index + 1),
            None => None,
        };
        if after.is_some_and(begins) {
            names.insert(name.to_ascii_lowercase());
        }
    }
    names
}
