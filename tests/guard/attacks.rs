//! Every way we could think of for a role to read or change what it may not.

use comptoir::protocol::error::Code;

use crate::support::{Shop, admin, code, vendeur};

const F: Option<Code> = Some(Code::Forbidden);
const S: Option<Code> = Some(Code::InvalidSql);
const C: Option<Code> = Some(Code::ConstraintViolation);

/// Statements of `vendeur`, the code expected on a reader (where it is a SELECT) and on the writer.
const ATTACKS: &[(&str, Option<Code>)] = &[
    // Hidden tables, by every spelling.
    ("SELECT * FROM staff", F),
    ("SELECT salary FROM staff", F),
    ("SELECT count(*) FROM staff", F),
    ("SELECT 1 FROM staff", F),
    ("SELECT * FROM STAFF", F),
    ("SELECT * FROM \"staff\"", F),
    ("SELECT * FROM [staff]", F),
    ("SELECT * FROM `staff`", F),
    ("SELECT * FROM 'staff'", F),
    ("SELECT * FROM main.staff", F),
    ("SELECT * FROM produits, staff", F),
    ("SELECT p.id FROM produits p LEFT JOIN staff s ON s.id = p.id", F),
    ("SELECT (SELECT salary FROM staff LIMIT 1)", F),
    (
        "SELECT id FROM produits WHERE EXISTS (SELECT 1 FROM staff WHERE salary > 1000)",
        F,
    ),
    ("SELECT id FROM produits WHERE id IN staff", F),
    (
        "SELECT id FROM produits WHERE id IN (SELECT salary FROM staff)",
        F,
    ),
    (
        "SELECT id FROM produits ORDER BY (SELECT salary FROM staff WHERE staff.id = produits.id)",
        F,
    ),
    (
        "SELECT id FROM produits GROUP BY (SELECT max(salary) FROM staff)",
        F,
    ),
    ("SELECT id FROM produits LIMIT (SELECT count(*) FROM staff)", F),
    ("SELECT 1 UNION SELECT salary FROM staff", F),
    ("WITH x AS (SELECT * FROM staff) SELECT * FROM x", F),
    (
        "WITH x AS MATERIALIZED (SELECT * FROM staff) SELECT count(*) FROM x",
        F,
    ),
    ("SELECT * FROM secrets", F),
    ("SELECT k FROM secrets WHERE k = 'k1'", F),
    ("SELECT * FROM journal", F),
    (
        "SELECT sum(id) OVER (ORDER BY (SELECT salary FROM staff)) FROM produits",
        F,
    ),
    ("VALUES ((SELECT pin FROM staff))", F),
    // Views that were not granted.
    ("SELECT * FROM paie", F),
    ("SELECT salary FROM paie", F),
    ("SELECT count(*) FROM paie AS a ORDER BY NULL", F),
    ("SELECT count(*) FROM paie, notes", F),
    ("INSERT INTO notes(auteur) SELECT count(*) FROM paie", F),
    ("WITH paie AS (SELECT salary FROM staff) SELECT * FROM paie", F),
    // A CTE as a mask: the name of a view, a trigger, a granted table, the hub.
    ("WITH bilan AS (SELECT salary FROM staff) SELECT * FROM bilan", F),
    (
        "WITH bilan(x) AS MATERIALIZED (SELECT salary FROM staff) SELECT * FROM bilan",
        F,
    ),
    (
        "WITH vente_journal AS (SELECT salary FROM staff) SELECT * FROM vente_journal",
        F,
    ),
    (
        "WITH \"vente_journal\" AS (SELECT salary FROM staff) SELECT * FROM vente_journal",
        F,
    ),
    (
        "WITH VENTE_JOURNAL AS (SELECT salary FROM staff), x AS (SELECT 1) SELECT * FROM vente_journal",
        F,
    ),
    (
        "WITH produits AS (SELECT salary FROM staff) SELECT * FROM produits",
        F,
    ),
    (
        "WITH _comptoir_x AS (SELECT salary FROM staff) SELECT * FROM _comptoir_x",
        F,
    ),
    ("WITH notes AS (SELECT salary FROM staff) SELECT * FROM notes", F),
    // Hidden columns.
    ("SELECT achat FROM produits", F),
    ("SELECT produits.achat FROM produits", F),
    ("SELECT \"achat\" FROM produits", F),
    ("SELECT p.[achat] FROM produits AS p", F),
    ("SELECT id FROM produits WHERE achat > 5", F),
    ("SELECT id FROM produits ORDER BY achat", F),
    ("SELECT count(*) FROM produits GROUP BY achat", F),
    ("SELECT id FROM produits GROUP BY id HAVING max(achat)", F),
    ("SELECT max(achat) FROM produits", F),
    ("SELECT json_object('a', achat) FROM produits", F),
    (
        "SELECT a.id FROM produits a JOIN produits b ON a.achat = b.achat",
        F,
    ),
    ("SELECT id FROM produits WHERE (id, achat) = (1, 5)", F),
    ("SELECT count(*) FILTER (WHERE achat > 3) FROM produits", F),
    ("SELECT row_number() OVER (PARTITION BY achat) FROM produits", F),
    (
        "SELECT row_number() OVER w FROM produits WINDOW w AS (ORDER BY achat)",
        F,
    ),
    ("SELECT note FROM ventes", F),
    ("SELECT bilan.lignes FROM bilan JOIN staff", F),
    // SQLite's and the hub's own.
    ("SELECT * FROM sqlite_schema", F),
    ("SELECT sql FROM sqlite_master", F),
    ("SELECT * FROM main.sqlite_master", F),
    ("SELECT * FROM temp.sqlite_master", F),
    ("SELECT * FROM sqlite_temp_schema", F),
    ("SELECT * FROM \"sqlite_temp_master\"", F),
    ("SELECT count(*) FROM sqlite_schema", F),
    ("SELECT * FROM sqlite_sequence", F),
    ("SELECT * FROM sqlite_stat1", F),
    ("SELECT * FROM sqlite_dbpage", F),
    ("SELECT * FROM dbstat", F),
    ("SELECT count(*) FROM dbstat", F),
    ("SELECT * FROM pragma_table_info('staff')", F),
    ("SELECT * FROM pragma_database_list", F),
    ("SELECT count(*) FROM pragma_database_list", F),
    ("SELECT * FROM \"pragma_table_list\"", F),
    ("SELECT name FROM pragma_function_list", F),
    ("SELECT * FROM _comptoir_change", F),
    ("SELECT * FROM _comptoir_user", F),
    ("SELECT count(*) FROM _comptoir_commit", F),
    ("SELECT * FROM [_comptoir_change]", F),
    // Functions.
    ("SELECT load_extension('x')", F),
    ("SELECT last_insert_rowid()", F),
    ("SELECT changes()", F),
    ("SELECT total_changes()", F),
    ("SELECT sqlite_version()", F),
    ("SELECT sqlite_source_id()", F),
    ("SELECT sqlite_compileoption_get(0)", F),
    ("SELECT sqlite_offset(id) FROM produits", F),
    ("SELECT fts3_tokenizer('simple')", F),
    ("SELECT rtreecheck('x')", F),
    ("SELECT nosuchfunction(1)", S),
    ("SELECT readfile('/etc/passwd')", S),
    ("SELECT writefile('/tmp/x', 'y')", S),
    ("SELECT edit('x')", S),
    // What nobody sends.
    ("ATTACH 'x.db' AS x", F),
    ("ATTACH DATABASE ':memory:' AS x", F),
    ("DETACH main", F),
    ("PRAGMA table_info(staff)", F),
    ("PRAGMA writable_schema = 1", F),
    ("PRAGMA query_only = 0", F),
    ("VACUUM", F),
    ("VACUUM INTO 'copie.db'", F),
    ("BEGIN", F),
    ("COMMIT", F),
    ("ROLLBACK", F),
    ("SAVEPOINT x", F),
    ("RELEASE s", F),
    ("END", F),
    ("CREATE TABLE x(a)", F),
    ("CREATE TEMP TABLE x AS SELECT * FROM staff", F),
    ("CREATE TEMP VIEW staff AS SELECT 1", F),
    (
        "CREATE TRIGGER x AFTER INSERT ON notes BEGIN DELETE FROM staff; END",
        F,
    ),
    ("CREATE VIRTUAL TABLE x USING fts5(a)", F),
    ("CREATE INDEX x ON notes(texte)", F),
    ("DROP TABLE notes", F),
    ("DROP VIEW bilan", F),
    ("ALTER TABLE notes ADD COLUMN x", F),
    ("ALTER TABLE produits RENAME COLUMN achat TO nom2", F),
    ("REINDEX", F),
    ("ANALYZE", F),
    ("EXPLAIN SELECT * FROM staff", F),
    ("EXPLAIN QUERY PLAN SELECT * FROM produits", F),
    // More than one, or none.
    ("SELECT 1; DELETE FROM notes", S),
    ("SELECT 1; DROP TABLE notes", S),
    ("DELETE FROM notes; SELECT 1", S),
    ("SELECT 1;\n--\n;DELETE FROM notes", S),
    ("", S),
    ("   ", S),
    (";", S),
    ("-- nothing", S),
    ("/* nothing */", S),
    ("/* open SELECT 1", S),
    ("\u{feff}SELECT 1", S),
    ("\u{feff}DELETE FROM staff", S),
    ("SELECT 1\0; DELETE FROM notes", S),
    ("SELECT '\0'", S),
    ("SELECT $x(') , (SELECT salary FROM staff) , $y(')", S),
    ("SELECT 1 FROM", S),
    ("SELEC 1", S),
    ("SELECT \u{a0}1 FROM produits WHERE", S),
    ("SELECT ?", S),
    ("SELECT :x", S),
    ("SELECT ?5", S),
    ("WITH x AS (SELECT 1) DROP TABLE notes", F),
    ("INTO notes VALUES (1)", S),
    // Writing what is not ours to write.
    ("INSERT INTO staff(nom) VALUES ('x')", F),
    ("INSERT INTO produits(nom) VALUES ('x')", F),
    ("INSERT INTO ventes VALUES (99, 1, 1, 'X', 'n')", F),
    (
        "INSERT INTO ventes(id, produit_id, quantite) VALUES (99, 1, 1)",
        F,
    ),
    (
        "INSERT INTO ventes(rowid, produit_id, quantite) VALUES (99, 1, 1)",
        F,
    ),
    ("INSERT INTO ventes(oid, quantite) VALUES (99, 1)", F),
    ("INSERT INTO ventes(quantite, note) VALUES (1, 'n')", F),
    ("INSERT INTO ventes(quantite, \"note\") VALUES (1, 'n')", F),
    ("INSERT INTO ventes(quantite, 'note') VALUES (1, 'n')", F),
    (
        "INSERT INTO main.ventes AS v (quantite, [NOTE]) VALUES (1, 'n')",
        F,
    ),
    ("INSERT /* x */ INTO ventes--\n(note)VALUES(1)", F),
    ("WITH x AS (SELECT 1) INSERT INTO ventes(note) SELECT * FROM x", F),
    (
        "REPLACE INTO ventes(produit_id, quantite, numero) VALUES (1, 1, 'V1')",
        F,
    ),
    (
        "INSERT OR REPLACE INTO ventes(produit_id, quantite, numero) VALUES (1, 1, 'V1')",
        F,
    ),
    ("UPDATE OR REPLACE ventes SET quantite = 2", F),
    ("UPDATE produits SET achat = 1", F),
    ("UPDATE produits SET prix = 1", F),
    ("UPDATE produits SET (stock, achat) = (1, 2)", F),
    ("UPDATE produits SET id = 100 WHERE id = 1", F),
    ("UPDATE produits SET rowid = 100 WHERE id = 1", F),
    ("UPDATE produits SET stock = achat", F),
    (
        "UPDATE produits SET stock = (SELECT salary FROM staff LIMIT 1)",
        F,
    ),
    ("UPDATE produits SET stock = 1 WHERE achat > 5", F),
    (
        "UPDATE produits SET stock = s.salary FROM staff s WHERE s.id = produits.id",
        F,
    ),
    ("UPDATE produits SET stock = b.achat FROM produits b", F),
    ("UPDATE produits SET stock = 1 RETURNING achat", F),
    ("UPDATE produits SET stock = 1 RETURNING *", F),
    (
        "UPDATE produits SET stock = 1 RETURNING (SELECT salary FROM staff)",
        F,
    ),
    ("UPDATE staff SET salary = 0", F),
    ("UPDATE ventes SET quantite = 1 RETURNING note", F),
    ("INSERT INTO ventes(quantite) VALUES (1) RETURNING *", F),
    ("INSERT INTO ventes(quantite) VALUES (1) RETURNING note", F),
    (
        "INSERT INTO ventes(numero) VALUES ('V1') ON CONFLICT(numero) DO UPDATE SET note = 'x'",
        F,
    ),
    (
        "INSERT INTO ventes(numero) VALUES ('V1') ON CONFLICT(numero) DO UPDATE SET quantite = note",
        F,
    ),
    (
        "INSERT INTO ventes(numero) VALUES ('V1') ON CONFLICT(numero) DO UPDATE SET quantite = excluded.note",
        F,
    ),
    (
        "INSERT INTO ventes(numero) VALUES ('V1') ON CONFLICT(numero) DO UPDATE SET quantite = 2 WHERE ventes.note = 'h'",
        F,
    ),
    ("INSERT INTO notes SELECT nom, salary FROM staff", F),
    ("INSERT INTO notes SELECT * FROM secrets", F),
    ("INSERT INTO notes SELECT fournisseur, achat FROM produits", F),
    ("INSERT INTO notes(texte) SELECT note FROM ventes", F),
    (
        "INSERT INTO notes VALUES ((SELECT salary FROM staff LIMIT 1), 1)",
        F,
    ),
    (
        "INSERT INTO notes(texte) VALUES ('x') RETURNING (SELECT max(achat) FROM produits)",
        F,
    ),
    ("DELETE FROM produits", F),
    ("DELETE FROM ventes WHERE id = 1", F),
    ("DELETE FROM staff", F),
    (
        "DELETE FROM notes WHERE auteur = (SELECT max(salary) FROM staff)",
        F,
    ),
    ("DELETE FROM notes RETURNING (SELECT salary FROM staff)", F),
    ("INSERT INTO journal(quoi) VALUES ('x')", F),
    ("DELETE FROM journal", F),
    ("INSERT INTO bilan VALUES (1, 2)", F),
    ("INSERT INTO sqlite_schema VALUES (1,2,3,4,5)", F),
    ("UPDATE sqlite_schema SET sql = ''", F),
    ("DELETE FROM sqlite_sequence", F),
    ("DELETE FROM _comptoir_change", F),
    ("INSERT INTO _comptoir_commit VALUES (99)", F),
    ("UPDATE \"_comptoir_user\" SET username = 'x'", F),
    (
        "WITH vente_journal AS (SELECT salary FROM staff) INSERT INTO notes(texte) SELECT salary FROM vente_journal",
        F,
    ),
    (
        "WITH g(salary) AS (VALUES (1026)) INSERT INTO notes(texte) SELECT 'x' FROM g NATURAL JOIN staff",
        F,
    ),
    (
        "WITH g(achat) AS (VALUES (7)) INSERT INTO notes(texte) SELECT id FROM g NATURAL JOIN produits",
        F,
    ),
    (
        "WITH g(achat) AS (VALUES (7)) INSERT INTO notes(texte) SELECT id FROM produits JOIN g USING (achat)",
        F,
    ),
    (
        "WITH g(achat) AS (VALUES (7)) DELETE FROM notes WHERE auteur IN (SELECT id FROM produits JOIN g USING (achat))",
        F,
    ),
    (
        "UPDATE notes SET auteur = p.id FROM produits p NATURAL JOIN (SELECT 7 AS achat)",
        F,
    ),
    // Rules of the database.
    ("INSERT INTO ventes(quantite) VALUES (0)", C),
    ("INSERT INTO ventes(quantite, numero) VALUES (1, 'V1')", C),
    ("INSERT INTO ventes(quantite, produit_id) VALUES (1, 9999)", C),
    (
        "INSERT OR ROLLBACK INTO ventes(quantite, numero) VALUES (1, 'V1')",
        C,
    ),
];

#[test]
fn no_attack_reads_or_changes_anything() {
    let _turn = crate::support::beside_others();
    let mut shop = Shop::open(0);
    let role = vendeur();
    let before = shop.dump();
    let mut wrong = Vec::new();
    for (sql, expected) in ATTACKS {
        let answer = shop.query(&role, sql);
        if code(&answer) != *expected {
            wrong.push(format!("{sql:?}: {answer:?}, expected {expected:?}"));
        }
        // In a batch that also writes, a SELECT runs on the writer.
        let answer = shop.write(&role, sql);
        if answer.is_ok() {
            wrong.push(format!("{sql:?} on the writer: {answer:?}"));
        }
        if let Err(error) = &answer
            && code(&answer) != *expected
        {
            wrong.push(format!("{sql:?} on the writer: {error}"));
        }
    }
    assert!(wrong.is_empty(), "{}\n", wrong.join("\n"));
    assert_eq!(before, shop.dump());
    assert!(ATTACKS.len() >= 120);
}

/// What the role may do, so that refusals are not the only thing that works.
const ALLOWED: &[&str] = &[
    "SELECT * FROM produits",
    "SELECT count(*) FROM produits",
    "SELECT id, nom FROM produits WHERE nom LIKE 'p%' ORDER BY prix DESC, id LIMIT 3;",
    "SELECT p.nom, v.quantite FROM ventes v JOIN produits p ON p.id = v.produit_id -- end",
    "SELECT * FROM bilan",
    "SELECT rowid, * FROM notes",
    "WITH RECURSIVE c(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM c WHERE n < 5) SELECT n FROM c",
    "WITH x AS (SELECT id FROM produits) SELECT count(*) FROM x",
    "SELECT value FROM json_each('[1,2]')",
    "SELECT count(*) FROM json_each('[1,2]')",
    "SELECT replace('abc', 'b', 'x'), instr('abc', 'c'), trim('  a '), CURRENT_TIMESTAMP, 1 OR replace('a', 'b', 'c')",
    "SELECT row_number() OVER (ORDER BY id) FROM produits",
    "INSERT INTO ventes(produit_id, quantite, numero) VALUES (1, 2, 'N1') RETURNING id, quantite",
    "INSERT INTO ventes DEFAULT VALUES",
    "UPDATE produits SET stock = stock - 1 WHERE id = 1 AND stock >= 0 RETURNING id, stock",
    "INSERT INTO ventes(quantite, numero) VALUES (1, 'V1') ON CONFLICT(numero) DO UPDATE SET quantite = excluded.quantite",
    "INSERT INTO notes SELECT nom, prix FROM produits WHERE id < 3",
    "INSERT INTO notes SELECT * FROM notes",
    "INSERT OR REPLACE INTO notes VALUES ('c', 3)",
    "UPDATE notes SET texte = 'z' WHERE rowid = 1",
    "DELETE FROM notes",
];

#[test]
fn what_a_role_may_do_works() {
    let _turn = crate::support::beside_others();
    let mut shop = Shop::open(0);
    let role = vendeur();
    for sql in ALLOWED {
        let answer = shop.query(&role, sql);
        assert!(answer.is_ok(), "{sql}: {answer:?}");
        let answer = shop.write(&role, sql);
        if !sql.contains("'N1'") && *sql != "SELECT * FROM produits" {
            assert!(answer.is_ok(), "{sql} on the writer: {answer:?}");
        }
    }
}

#[test]
fn natural_and_using_compare_visible_columns_only() {
    let _turn = crate::support::beside_others();
    let mut shop = Shop::open(0);
    let role = vendeur();
    for sql in [
        "WITH g(achat) AS (VALUES (0),(1),(2),(3),(4),(5),(6),(7)) SELECT count(*) FROM g NATURAL JOIN produits",
        "WITH g(achat) AS (VALUES (123456)) SELECT count(*) FROM g NATURAL JOIN produits",
    ] {
        let ran = shop.read(&role, sql).unwrap();
        // No column in common: a plain product, whatever the hidden values are.
        let expected = if sql.contains("123456") {
            "[[20]]"
        } else {
            "[[160]]"
        };
        assert_eq!(String::from_utf8(ran.rows).unwrap(), expected);
    }
    let answer = shop.read(
        &role,
        "WITH g(achat) AS (VALUES (1)) SELECT id FROM produits JOIN g USING (achat)",
    );
    assert!(
        matches!(code(&answer), Some(Code::Forbidden | Code::InvalidSql)),
        "{answer:?}"
    );
}

#[test]
fn statements_are_not_shared_between_roles() {
    let _turn = crate::support::beside_others();
    let mut shop = Shop::open(0);
    for _ in 0..3 {
        assert!(shop.read(&admin(), "SELECT salary FROM staff").is_ok());
        assert!(shop.write(&admin(), "SELECT salary FROM staff").is_ok());
        assert_eq!(code(&shop.read(&vendeur(), "SELECT salary FROM staff")), F);
        assert_eq!(code(&shop.write(&vendeur(), "SELECT salary FROM staff")), F);
    }
}

#[test]
fn a_table_that_another_program_makes_is_not_open_to_a_role() {
    let _turn = crate::support::beside_others();
    let mut shop = Shop::open(0);
    let role = vendeur();
    assert!(shop.read(&role, "SELECT count(*) FROM notes").is_ok());
    let other = rusqlite::Connection::open(&shop.path).unwrap();
    other.execute_batch("CREATE TABLE nouveau(x); INSERT INTO nouveau VALUES (1); ALTER TABLE produits ADD COLUMN marge DEFAULT 5;").unwrap();
    for sql in [
        "SELECT * FROM nouveau",
        "SELECT count(*) FROM nouveau",
        "WITH bilan AS (SELECT * FROM nouveau) SELECT * FROM bilan",
        "SELECT marge FROM produits",
    ] {
        assert!(shop.read(&role, sql).is_err(), "{sql}");
        assert!(shop.write(&role, sql).is_err(), "{sql}");
    }
    assert!(shop.write(&role, "INSERT INTO nouveau VALUES (2)").is_err());
}

#[test]
fn an_administrator_has_every_table_and_no_schema() {
    let _turn = crate::support::beside_others();
    let mut shop = Shop::open(0);
    let role = admin();
    for sql in [
        "SELECT * FROM staff",
        "SELECT name FROM sqlite_schema",
        "UPDATE staff SET salary = 1 RETURNING *",
        "SELECT * FROM paie NATURAL JOIN staff",
        "DELETE FROM journal",
    ] {
        let answer = shop.query(&role, sql);
        assert!(answer.is_ok(), "{sql}: {answer:?}");
    }
    for sql in [
        "SELECT * FROM _comptoir_change",
        "DELETE FROM _comptoir_commit",
        "UPDATE sqlite_schema SET sql = ''",
        "PRAGMA user_version",
        "DROP TABLE staff",
        "SELECT * FROM pragma_table_info('staff')",
        "SELECT load_extension('x')",
        "SELECT changes()",
        "ATTACH 'x' AS y",
        "BEGIN",
        "SELECT count(*) FROM dbstat",
        "WITH vente_journal AS (SELECT * FROM _comptoir_user) SELECT * FROM vente_journal",
    ] {
        assert_eq!(code(&shop.query(&role, sql)), F, "{sql}");
    }
}

#[test]
fn a_name_given_by_the_caller_is_no_mask() {
    let _turn = crate::support::beside_others();
    let mut shop = Shop::open(0);
    let role = vendeur();
    for sql in [
        "SELECT salary FROM staff AS vente_journal",
        "SELECT salary FROM staff AS bilan",
        "SELECT * FROM (SELECT salary FROM staff) AS bilan",
        "SELECT * FROM (SELECT salary FROM staff) AS vente_journal",
        "SELECT * FROM (SELECT salary FROM staff ORDER BY 1) AS _comptoir_produits_u",
        "WITH x AS (SELECT salary FROM staff) SELECT * FROM x AS bilan",
        "WITH RECURSIVE 'vente_journal'/**/(a)/**/AS/**/NOT MATERIALIZED(SELECT salary FROM staff) SELECT * FROM vente_journal",
        "SELECT bilan.salary FROM staff bilan",
        "SELECT salary AS id FROM staff",
    ] {
        assert_eq!(code(&shop.read(&role, sql)), F, "{sql}");
        assert_eq!(code(&shop.write(&role, sql)), F, "{sql} on the writer");
    }
}

#[test]
fn foreign_keys_triggers_and_full_text_work_with_the_packs_rights() {
    let _turn = crate::support::beside_others();
    use comptoir::domain::{Columns, Role, TableRights};
    let mut shop = Shop::open(0);
    shop.writer
        .execute_batch(
            "CREATE TABLE parent(id INTEGER PRIMARY KEY, secret TEXT);
             INSERT INTO parent VALUES (1, 's');
             CREATE TABLE dossier(id INTEGER PRIMARY KEY, parent_id INTEGER REFERENCES parent(id), titre TEXT);
             CREATE TABLE piece(id INTEGER PRIMARY KEY, dossier_id INTEGER REFERENCES dossier(id) ON DELETE CASCADE, x TEXT);
             CREATE VIRTUAL TABLE docs USING fts5(corps);
             INSERT INTO docs VALUES ('un chat'), ('un chien');
             CREATE TRIGGER dossier_docs AFTER INSERT ON dossier BEGIN INSERT INTO docs VALUES (new.titre); END;",
        )
        .unwrap();
    shop.schema = comptoir::store::data::schema::read(&shop.writer).unwrap();
    shop.guard.set_schema(shop.schema.clone());
    shop.readers.set_schema(shop.schema.clone());
    let all = TableRights {
        select: Columns::All,
        insert: Columns::All,
        update: Columns::All,
        delete: true,
        owner: None,
    };
    let mut role = Role {
        name: "clerc".into(),
        admin: false,
        ..Role::builtin_administrator()
    };
    role.tables.insert("dossier".into(), all.clone());
    let blind = std::sync::Arc::new(role.clone());
    for sql in [
        "INSERT INTO dossier VALUES (1, 1, 'un cheval')",
        "UPDATE dossier SET parent_id = NULL WHERE id = 1",
        "DELETE FROM dossier WHERE id = 1",
    ] {
        let answer = shop.write(&blind, sql);
        assert!(answer.is_ok(), "{sql}: {answer:?}");
    }
    assert_eq!(
        code(&shop.write(&blind, "INSERT INTO dossier VALUES (1, 9, 'x')")),
        C
    );
    for sql in [
        "SELECT * FROM docs",
        "SELECT * FROM docs_content",
        "SELECT count(*) FROM docs_data",
        "SELECT * FROM docs WHERE docs MATCH 'chat'",
        "SELECT * FROM parent",
    ] {
        assert_eq!(code(&shop.read(&blind, sql)), F, "{sql}");
        assert!(shop.write(&blind, sql).is_err(), "{sql} on the writer");
    }
    role.tables.insert("docs".into(), all);
    let reader = std::sync::Arc::new(Role {
        name: "lecteur".into(),
        ..role
    });
    let sql = "SELECT rowid, highlight(docs, 0, '<', '>') FROM docs WHERE docs MATCH 'chat' ORDER BY rank";
    for answer in [shop.read(&reader, sql), shop.write(&reader, sql)] {
        assert_eq!(
            String::from_utf8(answer.unwrap().rows).unwrap(),
            "[[1,\"un <chat>\"]]"
        );
    }
    assert!(
        shop.write(&reader, "INSERT INTO docs VALUES ('un chat noir')")
            .is_ok()
    );
    assert_eq!(code(&shop.read(&reader, "SELECT * FROM docs_content")), F);
}

#[test]
fn a_cached_statement_is_checked_again_when_the_schema_changes() {
    let _turn = crate::support::beside_others();
    let mut shop = Shop::open(0);
    let role = vendeur();
    let sql = "SELECT count(*) FROM produits JOIN notes ON notes.auteur = produits.id";
    assert!(shop.read(&role, sql).is_ok());
    assert!(shop.write(&role, sql).is_ok());
    let other = rusqlite::Connection::open(&shop.path).unwrap();
    other
        .execute_batch("CREATE INDEX produits_prix ON produits(prix); CREATE TABLE t(x);")
        .unwrap();
    assert!(shop.read(&role, sql).is_ok());
    assert!(shop.write(&role, sql).is_ok());
    other
        .execute_batch("DROP TABLE notes; CREATE VIEW notes AS SELECT salary AS auteur FROM staff;")
        .unwrap();
    assert_eq!(code(&shop.read(&role, "SELECT salary FROM staff")), F);
}

#[test]
fn an_error_text_tells_nothing_that_the_caller_did_not_write() {
    let _turn = crate::support::beside_others();
    let mut shop = Shop::open(0);
    let role = vendeur();
    for (sql, said) in [
        ("SELECT nome FROM produits", "There is no column nome."),
        ("SELECT * FROM rien", "There is no table rien."),
        ("SELECT 1 FORM produits", "The statement does not parse near"),
    ] {
        let error = shop.read(&role, sql).unwrap_err();
        assert!(error.message.starts_with(said), "{sql}: {error}");
    }
    let error = shop
        .write(&role, "INSERT INTO ventes(quantite, numero) VALUES (1, 'V1')")
        .unwrap_err();
    assert_eq!(error.extra["constraint"], "UNIQUE ventes.numero");
}
