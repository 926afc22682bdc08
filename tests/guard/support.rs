//! A shop with secrets, on a real file.

use std::{
    path::PathBuf,
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
    time::Duration,
};

use comptoir::{
    domain::{Columns, Role, Schema, TableRights},
    protocol::{
        error::{Code, Result},
        request::Kind,
        value::Params,
    },
    store::data::{
        connection,
        deadline::Deadline,
        guard::{Authority, Guard, classify},
        reader::RoleReaders,
        schema,
        statement::{Ran, RowForm, RunLimits},
    },
};
use rusqlite::Connection;
use tempfile::TempDir;

pub const LIMITS: RunLimits = RunLimits {
    max_rows: 1000,
    max_result_bytes: 256 << 10,
};
const LARGEST_VALUE: usize = 1 << 20;
const TIMEOUT: Duration = Duration::from_millis(1500);

pub const SCHEMA: &str = "
    CREATE TABLE produits(id INTEGER PRIMARY KEY, nom TEXT NOT NULL, prix INTEGER, stock INTEGER DEFAULT 0, achat INTEGER DEFAULT 7, fournisseur TEXT);
    CREATE TABLE staff(id INTEGER PRIMARY KEY, nom TEXT, salary INTEGER, pin TEXT);
    CREATE TABLE ventes(id INTEGER PRIMARY KEY, produit_id INTEGER REFERENCES produits(id), quantite INTEGER CHECK (quantite > 0), numero TEXT UNIQUE, note TEXT);
    CREATE TABLE journal(id INTEGER PRIMARY KEY, quoi TEXT, qui TEXT);
    CREATE TABLE secrets(k TEXT PRIMARY KEY, v TEXT) WITHOUT ROWID;
    CREATE TABLE notes(texte TEXT, auteur INTEGER);
    CREATE VIEW bilan AS SELECT count(*) AS lignes, (SELECT count(*) FROM staff) AS effectif FROM ventes;
    CREATE VIEW paie AS SELECT nom, salary FROM staff;
    CREATE TRIGGER vente_journal AFTER INSERT ON ventes BEGIN
      INSERT INTO journal(quoi, qui) SELECT 'vente ' || new.id, (SELECT nom FROM staff WHERE id = 1);
    END;
    CREATE TABLE _comptoir_commit(n INTEGER PRIMARY KEY);
    CREATE TABLE _comptoir_user(id INTEGER PRIMARY KEY, username TEXT);
    CREATE TABLE _comptoir_change(seq INTEGER PRIMARY KEY, what TEXT);
    CREATE TRIGGER _comptoir_produits_u AFTER UPDATE ON produits BEGIN
      INSERT INTO _comptoir_change(what) VALUES ('u' || new.id || coalesce(new.achat, ''));
    END;
";

/// What every database holds; `hidden` tells two of them apart by nothing that `vendeur` may read.
pub fn seed(hidden: i64) -> String {
    let mut sql = String::from(
        "INSERT INTO _comptoir_commit VALUES (41); INSERT INTO _comptoir_user VALUES (1, 'awa');",
    );
    for id in 1..=20 {
        let achat = (id * 37 * (hidden + 1)) % 19 + hidden * 100;
        sql += &format!(
            "INSERT INTO produits VALUES ({id}, 'p{}', {}, {}, {achat}, 'f{}');",
            id % 7,
            id % 5 * 10,
            id % 3,
            (id * (hidden + 3)) % 11
        );
    }
    for id in 1..=8 + hidden * 5 {
        sql += &format!(
            "INSERT INTO staff VALUES ({}, 'n{}', {}, '{}');",
            id,
            (id + hidden) % 4,
            1000 + id * 13 * (hidden + 1),
            id * 1111 + hidden
        );
        sql += &format!(
            "INSERT INTO secrets VALUES ('k{}', 'v{hidden}');",
            id * (hidden + 1)
        );
    }
    for id in 1..=12 {
        sql += &format!(
            "INSERT INTO ventes VALUES ({id}, {}, {}, 'V{id}', {});",
            id % 20 + 1,
            id % 4 + 1,
            if id % 2 == 0 {
                "NULL".to_owned()
            } else {
                format!("'h{}'", id * (hidden + 2))
            }
        );
    }
    sql += "INSERT INTO notes VALUES ('a', 1), ('b', 2);";
    sql
}

fn only(columns: &[&str]) -> Columns {
    Columns::Only(columns.iter().map(|c| (*c).to_owned()).collect())
}

/// Reads parts of produits and ventes, nothing of staff and secrets, all of notes and bilan.
pub fn vendeur() -> Arc<Role> {
    let mut role = Role {
        name: "vendeur".into(),
        admin: false,
        ..Role::builtin_administrator()
    };
    let mut grant = |table: &str, rights: TableRights| role.tables.insert(table.to_owned(), rights);
    grant(
        "produits",
        TableRights {
            select: only(&["id", "nom", "prix", "stock"]),
            update: only(&["stock"]),
            ..Default::default()
        },
    );
    grant(
        "ventes",
        TableRights {
            select: only(&["id", "produit_id", "quantite", "numero"]),
            insert: only(&["produit_id", "quantite", "numero"]),
            update: only(&["quantite"]),
            delete: false,
            ..Default::default()
        },
    );
    grant(
        "notes",
        TableRights {
            select: Columns::All,
            insert: Columns::All,
            update: Columns::All,
            delete: true,
            ..Default::default()
        },
    );
    grant(
        "bilan",
        TableRights {
            select: Columns::All,
            ..Default::default()
        },
    );
    Arc::new(role)
}

pub fn admin() -> Arc<Role> {
    Arc::new(Role::builtin_administrator())
}

pub struct Shop {
    pub path: PathBuf,
    pub writer: Connection,
    pub guard: Guard,
    pub schema: Arc<Schema>,
    pub readers: RoleReaders,
    deadline: Deadline,
    _dir: TempDir,
}

impl Shop {
    pub fn open(hidden: i64) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("data.db");
        let writer = connection::open_writer(&path).unwrap();
        writer.execute_batch(SCHEMA).unwrap();
        writer.execute_batch("BEGIN").unwrap();
        writer.execute_batch(&seed(hidden)).unwrap();
        writer.execute_batch("COMMIT").unwrap();
        connection::limit(&writer, LARGEST_VALUE).unwrap();
        let schema = schema::read(&writer).unwrap();
        let guard = Guard::install(&writer, Arc::clone(&schema)).unwrap();
        let deadline = Deadline::install(&writer).unwrap();
        let readers = RoleReaders::new(path.clone(), Arc::clone(&schema), LIMITS, LARGEST_VALUE, TIMEOUT);
        Self {
            path,
            writer,
            guard,
            schema,
            readers,
            deadline,
            _dir: dir,
        }
    }

    pub fn read(&mut self, role: &Arc<Role>, sql: &str) -> Result<Ran> {
        classify(sql)?;
        self.readers
            .query(role, sql, &Params::default(), RowForm::Arrays)
            .map(|(ran, _)| ran)
    }

    /// On the writer, kept on success.
    pub fn write(&mut self, role: &Arc<Role>, sql: &str) -> Result<Ran> {
        let kind = classify(sql)?;
        self.writer.execute_batch("SAVEPOINT s").unwrap();
        self.deadline.arm(std::time::Instant::now() + TIMEOUT);
        let ran = self.guard.run(
            &self.writer,
            &Authority::Role(Arc::clone(role)),
            sql,
            Some(kind),
            &Params::default(),
            &LIMITS,
            RowForm::Arrays,
        );
        self.deadline.disarm();
        match (&ran, self.writer.is_autocommit()) {
            // An interrupted write undoes the whole transaction.
            (Err(_), true) => {}
            (Err(_), false) => self.writer.execute_batch("ROLLBACK TO s; RELEASE s").unwrap(),
            (Ok(_), _) => self.writer.execute_batch("RELEASE s").unwrap(),
        }
        ran
    }

    /// As a request would run: reads on a reader, writes on the writer.
    pub fn query(&mut self, role: &Arc<Role>, sql: &str) -> Result<Ran> {
        match classify(sql)? {
            Kind::Select => self.read(role, sql),
            _ => self.write(role, sql),
        }
    }

    /// Every row of every table, as text.
    pub fn dump(&self) -> String {
        let mut out = String::new();
        let names: Vec<String> = self
            .writer
            .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
            .unwrap()
            .query_map([], |row| row.get(0))
            .unwrap()
            .map(|name| name.unwrap())
            .collect();
        for name in names {
            out += &format!("{name}:\n");
            let mut statement = self.writer.prepare(&format!("SELECT * FROM \"{name}\"")).unwrap();
            let columns = statement.column_count();
            let mut rows = statement.query([]).unwrap();
            while let Some(row) = rows.next().unwrap() {
                for column in 0..columns {
                    out += &format!("{:?}|", row.get_ref(column).unwrap());
                }
                out.push('\n');
            }
        }
        out
    }
}

pub fn code(result: &Result<Ran>) -> Option<Code> {
    result.as_ref().err().map(|error| error.code)
}

/// Resident memory of this process, bytes.
pub fn resident() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    statm
        .split(' ')
        .nth(1)
        .and_then(|pages| pages.parse::<u64>().ok())
        .unwrap_or(0)
        * 4096
}

/// SQLite's heap limit belongs to the process: while a bomb fills it, no other test may need memory.
static TURNS: RwLock<()> = RwLock::new(());

pub fn beside_others() -> RwLockReadGuard<'static, ()> {
    TURNS.read().unwrap_or_else(PoisonError::into_inner)
}

pub fn alone() -> RwLockWriteGuard<'static, ()> {
    TURNS.write().unwrap_or_else(PoisonError::into_inner)
}
