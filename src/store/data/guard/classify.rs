//! What a statement is, from its words alone: which lane it takes (reader or writer).

use crate::protocol::{
    error::{Code, Error, Result},
    request::Kind,
};

use super::token::{Malformed, Token, Tokens};

/// First words that no client may use, administrators neither.
const NEVER: &[&str] = &[
    "CREATE",
    "DROP",
    "ALTER",
    "PRAGMA",
    "ATTACH",
    "DETACH",
    "VACUUM",
    "REINDEX",
    "ANALYZE",
    "BEGIN",
    "COMMIT",
    "END",
    "ROLLBACK",
    "SAVEPOINT",
    "RELEASE",
    "EXPLAIN",
];

pub(super) fn invalid(sentence: &'static str) -> Error {
    Error::new(Code::InvalidSql, sentence)
}

impl From<Malformed> for Error {
    fn from(_: Malformed) -> Self {
        invalid("The statement does not parse.")
    }
}

/// What a statement is. `invalid_sql` for nothing, for more than one statement and for what does not begin like a
/// statement; `forbidden` for DDL, PRAGMA, ATTACH, transactions and EXPLAIN. A trailing `;` is fine.
pub fn classify(sql: &str) -> Result<Kind> {
    let mut tokens = Tokens::new(sql);
    let kind = main_verb(&mut tokens)?;
    end(tokens)?;
    Ok(kind)
}

/// Where the last word of the statement ends: before its `;`, and without the comments after it, which SQLite would make
/// part of the name of the last column.
pub(super) fn end(mut tokens: Tokens<'_>) -> Result<usize> {
    let mut end = tokens.position();
    let mut closed = false;
    while let Some(token) = tokens.next() {
        let (_, token) = token?;
        match (closed, token.is_punctuation(b';')) {
            (false, true) => closed = true,
            (false, false) => end = tokens.position(),
            (true, false) => return Err(invalid("Only one statement at a time.")),
            (true, true) => {}
        }
    }
    Ok(end)
}

/// Reads up to and including the word that says what the statement does.
pub(super) fn main_verb(tokens: &mut Tokens<'_>) -> Result<Kind> {
    let mut word = next(tokens)?;
    if word.is("WITH") {
        word = after_with(tokens)?;
    }
    if let Token::Word(first) = &word
        && NEVER.iter().any(|never| first.eq_ignore_ascii_case(never))
    {
        return Err(Error::of(Code::Forbidden));
    }
    match &word {
        word if word.is("SELECT") || word.is("VALUES") => Ok(Kind::Select),
        word if word.is("INSERT") || word.is("REPLACE") => Ok(Kind::Insert),
        word if word.is("UPDATE") => Ok(Kind::Update),
        word if word.is("DELETE") => Ok(Kind::Delete),
        _ => Err(invalid(
            "The statement is not a SELECT, INSERT, UPDATE or DELETE.",
        )),
    }
}

fn next<'a>(tokens: &mut Tokens<'a>) -> Result<Token<'a>> {
    match tokens.next() {
        Some(token) => Ok(token?.1),
        None => Err(invalid("The statement is empty or incomplete.")),
    }
}

/// `[RECURSIVE] name [(columns)] AS [[NOT] MATERIALIZED] (…) [, …]`: the word after it.
fn after_with<'a>(tokens: &mut Tokens<'a>) -> Result<Token<'a>> {
    let incomplete = || invalid("The statement does not parse.");
    let mut name = next(tokens)?;
    if name.is("RECURSIVE") {
        name = next(tokens)?;
    }
    loop {
        name.name().ok_or_else(incomplete)?;
        let mut token = next(tokens)?;
        if token.is_punctuation(b'(') {
            skip_parentheses(tokens)?;
            token = next(tokens)?;
        }
        if !token.is("AS") {
            return Err(incomplete());
        }
        token = next(tokens)?;
        if token.is("NOT") {
            token = next(tokens)?;
        }
        if token.is("MATERIALIZED") {
            token = next(tokens)?;
        }
        if !token.is_punctuation(b'(') {
            return Err(incomplete());
        }
        skip_parentheses(tokens)?;
        token = next(tokens)?;
        if !token.is_punctuation(b',') {
            return Ok(token);
        }
        name = next(tokens)?;
    }
}

/// Up to the parenthesis that closes the one just read.
fn skip_parentheses(tokens: &mut Tokens<'_>) -> Result<()> {
    let mut depth = 1usize;
    while depth > 0 {
        match next(tokens)? {
            Token::Punctuation(b'(') => depth += 1,
            Token::Punctuation(b')') => depth -= 1,
            Token::Punctuation(b';') => return Err(invalid("Only one statement at a time.")),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_is_what_its_main_verb_says() {
        for (sql, kind) in [
            ("select 1", Kind::Select),
            ("VALUES (1);", Kind::Select),
            (
                "/* a */ WITH x(a) AS (SELECT 1), replace AS NOT MATERIALIZED (SELECT 2) DELETE FROM t ; -- end",
                Kind::Delete,
            ),
            (
                "WITH RECURSIVE r AS (VALUES(1)) INSERT INTO t SELECT * FROM r",
                Kind::Insert,
            ),
            ("REPLACE INTO t VALUES (';')", Kind::Insert),
            ("update t set a = 'x;y'", Kind::Update),
        ] {
            assert_eq!(classify(sql).unwrap(), kind, "{sql}");
        }
    }

    #[test]
    fn what_is_no_single_statement_is_invalid_sql() {
        for sql in [
            "",
            " ",
            ";",
            "-- x",
            "SELECT 1; SELECT 2",
            "SELECT 1;;x",
            ";SELECT 1",
            "\u{feff}SELECT 1",
            "SELECT 1\0",
            "(SELECT 1)",
            "FOO",
            "'SELECT' 1",
            "WITH x AS (SELECT 1",
            "WITH x AS (SELECT 1; SELECT 2) SELECT 3",
        ] {
            assert_eq!(classify(sql).unwrap_err().code, Code::InvalidSql, "{sql:?}");
        }
    }

    #[test]
    fn what_nobody_may_do_is_forbidden() {
        for sql in [
            "PRAGMA x",
            "explain select 1",
            "Begin",
            "ATTACH 'x' AS y",
            "VACUUM INTO 'x'",
            "CREATE TABLE t(a)",
        ] {
            assert_eq!(classify(sql).unwrap_err().code, Code::Forbidden, "{sql}");
        }
    }
}
