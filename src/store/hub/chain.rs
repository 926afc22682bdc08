//! The seal of an audit row: SHA-256 over the row before's hash and every column of this one, in a form
//! that no two different rows share. What is sealed here is stored for good: a change of this form needs a
//! new domain tag and a migration.

use sha2::{Digest as _, Sha256};

/// A hash of the chain.
pub type Hash = [u8; 32];

/// What the first row follows.
pub const GENESIS: Hash = [0; 32];

const DOMAIN: &[u8] = b"comptoir audit row 1\0";

/// The columns of a row, borrowed, in the order of the table.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    pub id: i64,
    pub at_ms: i64,
    pub action: &'a str,
    pub user_id: Option<i64>,
    pub username: Option<&'a str>,
    pub address: Option<&'a str>,
    pub session: Option<&'a str>,
    pub subject: Option<&'a str>,
    pub detail: Option<&'a str>,
    pub tables: Option<&'a str>,
    pub rows_affected: Option<i64>,
    pub commit: Option<i64>,
    pub outcome: &'a str,
}

/// The hash of `row` behind `previous`.
pub fn seal(previous: &Hash, row: &Row<'_>) -> Hash {
    let mut seal = Seal(Sha256::new());
    seal.0.update(DOMAIN);
    seal.0.update(previous);
    seal.integer(Some(row.id));
    seal.integer(Some(row.at_ms));
    seal.text(Some(row.action));
    seal.integer(row.user_id);
    seal.text(row.username);
    seal.text(row.address);
    seal.text(row.session);
    seal.text(row.subject);
    seal.text(row.detail);
    seal.text(row.tables);
    seal.integer(row.rows_affected);
    seal.integer(row.commit);
    seal.text(Some(row.outcome));
    seal.0.finalize().into()
}

/// Each value carries its kind, and a text its length, so that no value can pass for the end of another.
struct Seal(Sha256);

impl Seal {
    fn integer(&mut self, value: Option<i64>) {
        match value {
            None => self.0.update([0]),
            Some(n) => {
                self.0.update([1]);
                self.0.update(n.to_be_bytes());
            }
        }
    }

    fn text(&mut self, value: Option<&str>) {
        match value {
            None => self.0.update([0]),
            Some(text) => {
                self.0.update([2]);
                self.0.update((text.len() as u64).to_be_bytes());
                self.0.update(text.as_bytes());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row<'a>() -> Row<'a> {
        Row {
            id: 1,
            at_ms: 2,
            action: "login",
            user_id: None,
            username: Some("awa"),
            address: Some("x"),
            session: None,
            subject: None,
            detail: None,
            tables: None,
            rows_affected: None,
            commit: None,
            outcome: "ok",
        }
    }

    #[test]
    fn text_cannot_move_between_neighbouring_columns() {
        let moved = Row {
            username: Some("aw"),
            address: Some("ax"),
            ..row()
        };
        assert_ne!(seal(&GENESIS, &row()), seal(&GENESIS, &moved));
    }

    #[test]
    fn nothing_and_empty_text_differ() {
        let empty = Row {
            session: Some(""),
            ..row()
        };
        assert_ne!(seal(&GENESIS, &row()), seal(&GENESIS, &empty));
    }

    #[test]
    fn the_form_is_stable() {
        let hex: String = seal(&GENESIS, &row()).iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(hex, "2a1749c4d54ae0cb85c354688a3864203bf8cfd59805beb964784c6083a5d771");
    }
}
