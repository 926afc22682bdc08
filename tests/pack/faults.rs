//! A bad pack is refused with file, line and reason.

use crate::support::{APP, check, faults};

/// Asserts that a pack with this `app.toml` behind the usual one is refused at `line` of what is added.
fn app_fault(added: &str, line: usize, reason: &str) {
    let text = format!("{APP}{added}");
    let found = faults(&[("app.toml", &text)]);
    let at = format!("app.toml:{}: ", APP.lines().count() + line);
    assert!(
        found.contains(&at) && found.contains(reason),
        "wanted {at}…{reason}, found:\n{found}"
    );
}

/// Asserts that this functions file is refused at `line`.
fn function_fault(text: &str, line: usize, reason: &str) {
    let found = faults(&[("functions/f.sql", text)]);
    let at = format!("functions/f.sql:{line}: ");
    assert!(
        found.contains(&at) && found.contains(reason),
        "wanted {at}…{reason}, found:\n{found}"
    );
}

#[test]
fn a_small_pack_is_good() {
    let pack = check(&[]).unwrap();
    assert_eq!(pack.name, "essai");
    assert!(pack.roles.get("patron").unwrap().raw_sql);
}

#[test]
fn faults_of_app_toml_name_their_line() {
    app_fault("colour = \"red\"\n", 1, "colour");
    app_fault("[roles.x]\nlogin_from = \"moon\"\n", 2, "moon");
    app_fault(
        "[roles.x]\ncontacts = [\"nobody\"]\n",
        2,
        "`nobody`, which is no role",
    );
    app_fault("[roles.\"a b\"]\n", 1, "no role name");
    app_fault(
        "[roles.x.tables.absente]\nselect = true\n",
        1,
        "there is no table `absente`",
    );
    app_fault(
        "[roles.x.tables.produits]\nselect = [\"id\", \"poids\"]\n",
        2,
        "no column `poids`",
    );
    app_fault(
        "[roles.x.tables.produits]\nselect = [\"nom\"]\n",
        2,
        "must hold its key `id`",
    );
    app_fault(
        "[roles.x.tables.produits]\nselect = 3\n",
        2,
        "true, false or a list",
    );
    app_fault(
        "[roles.x.tables.produits]\nselect = true\nowner = \"qui\"\n",
        3,
        "no column `qui`",
    );
    app_fault(
        "[roles.x]\nraw_sql = true\n[roles.x.tables.produits]\nselect = true\nowner = \"id\"\n",
        5,
        "do not go together",
    );
    app_fault(
        "[roles.x.tables._comptoir_user]\nselect = true\n",
        1,
        "belongs to the hub",
    );
    app_fault(
        "[[demo.user]]\nusername = \"a\"\nrole = \"ghost\"\npassword = \"p\"\n",
        1,
        "`ghost`, which is no role",
    );
    app_fault(
        "[[demo.user]]\nusername = \"a\"\nrole = \"vendeur\"\npassword = \"\"\n",
        1,
        "1 to 72 bytes",
    );
}

#[test]
fn all_faults_are_told_at_once() {
    let text = format!("{APP}[roles.x]\ncontacts = [\"a\", \"b\"]\n");
    let found = faults(&[("app.toml", &text), ("functions/f.sql", "SELECT 1;\n")]);
    assert_eq!(found.lines().count(), 3, "{found}");
}

#[test]
fn migrations_come_one_after_the_other() {
    assert!(faults(&[("migrations/0003_x.sql", "SELECT 1;")]).contains("number 0002 is missing"));
    assert!(faults(&[("migrations/0001_x.sql", "SELECT 1;")]).contains("same number as"));
    assert!(faults(&[("migrations/second.sql", "SELECT 1;")]).contains("named like"));
    let found = faults(&[(
        "migrations/0002_x.sql",
        "CREATE TABLE a(id);\n\nCREATE TABL b(id);\n",
    )]);
    assert!(found.starts_with("migrations/0002_x.sql:3: "), "{found}");
    let found = faults(&[("migrations/0002_x.sql", "CREATE TABLE a(id);\nCOMMIT;\n")]);
    assert!(
        found.starts_with("migrations/0002_x.sql:2: COMMIT has no place"),
        "{found}"
    );
}

#[test]
fn the_seed_is_tried() {
    let found = faults(&[(
        "seed.sql",
        "INSERT INTO produits(nom) VALUES ('a');\nINSERT INTO rien VALUES (1);\n",
    )]);
    assert!(found.starts_with("seed.sql:2: "), "{found}");
}

#[test]
fn faults_of_annotations_name_their_line() {
    let f = "-- name: f :one\n-- roles: vendeur\n";
    function_fault("SELECT 1;\n", 1, "outside a function");
    function_fault("-- name: f :some\nSELECT 1;\n", 1, ":one");
    function_fault(
        "-- name: f :one\n-- roles: ghost\nSELECT 1;\n",
        2,
        "`ghost` is no role",
    );
    function_fault(
        &format!("{f}-- parma: a text\nSELECT 1;\n"),
        3,
        "write `-- param:`",
    );
    function_fault(&format!("{f}-- param: a date\nSELECT :a;\n"), 3, "text, integer");
    function_fault(
        &format!("{f}-- param: a integer = x\nSELECT :a;\n"),
        3,
        "not of its type",
    );
    function_fault(
        &format!("{f}-- param: now text\nSELECT :now;\n"),
        3,
        "given by the hub",
    );
    function_fault(&format!("{f}SELECT 1,\n  :b;\n"), 4, "`:b` is not declared");
    function_fault(&format!("{f}SELECT ?1;\n"), 3, "write parameters as `:name`");
    function_fault(&format!("{f}SELECT 'abc;\n"), 3, "a string is not closed");
    function_fault(
        &format!("{f}UPDATE produits SET nom = 'a'\n-- expect: 1\n;SELECT 1;\n"),
        4,
        "does not end with `;`",
    );
    function_fault(
        &format!("{f}SELECT 1;\n{f}SELECT 2;\n"),
        4,
        "already the function",
    );
    function_fault(&format!("{f}-- envelope: brown\nSELECT 1;\n"), 3, "`success`");
}

#[test]
fn faults_of_statements_name_their_line() {
    let f = "-- name: f :one\n-- roles: vendeur\n";
    function_fault(
        &format!("{f}SELECT id,\n  poids\nFROM produits;\n"),
        4,
        "no such column: poids",
    );
    function_fault(&format!("{f}DROP TABLE produits;\n"), 3, "migrations");
    function_fault(&format!("{f}PRAGMA user_version;\n"), 3, "migrations");
    function_fault(&format!("{f}SELECT * FROM _comptoir_change;\n"), 3, "");
    function_fault(
        &format!("{f}SELECT name FROM sqlite_schema;\n"),
        3,
        "not for functions",
    );
    function_fault(
        &format!("{f}SELECT last_insert_rowid() AS id;\n"),
        3,
        "not for functions",
    );
    function_fault(
        &format!("{f}UPDATE produits SET nom = 'a';\n"),
        3,
        "answers nothing",
    );
    function_fault(&format!("{f}SELECT 1 AS a, 2 AS a;\n"), 3, "two columns `a`");
    function_fault(
        &format!("{f}SELECT 1, 2;\n-- let: x\nSELECT :x;\n"),
        3,
        "names one value",
    );
    function_fault(
        &format!("{f}-- http: GET /x\nDELETE FROM produits RETURNING id;\n"),
        1,
        "cannot be GET",
    );
}

#[test]
fn routes_stand_beside_the_hubs_own() {
    let f = "-- name: f :one\n-- roles: vendeur\n-- param: a text\n";
    for path in [
        "/",
        "/api",
        "/api/:a",
        "/api/Query",
        "/api/messaging/x",
        "/WS",
        "/metrics",
        "/admin/x",
        "/socket.io",
        "/conference/a",
        "/trust",
        "/debug/echo",
        "/:a/b",
        "/x/:b/",
        "/x//y",
    ] {
        function_fault(&format!("{f}-- http: GET {path}\nSELECT :a;\n"), 4, "");
    }
    function_fault(
        &format!("{f}-- http: GET /x/:b\nSELECT :a;\n"),
        4,
        "`:b` is no parameter",
    );
    // Front ends that are to be kept have routes under /api.
    check(&[(
        "functions/f.sql",
        &format!("{f}-- http: GET /api/medicines/:a\nSELECT :a;\n"),
    )])
    .unwrap();
    let g = f.replace(" f ", " g ");
    function_fault(
        &format!("{f}-- http: GET /x/:a\nSELECT :a;\n{g}-- http: GET /x/:a\nSELECT :a;\n"),
        9,
        "also that of `f`",
    );
    let good = format!("{f}-- http: GET /x/:a\nSELECT :a;\n{g}-- http: GET /x/tous\nSELECT :a;\n");
    let pack = check(&[("functions/f.sql", &good)]).unwrap();
    let order: Vec<_> = pack
        .routes()
        .iter()
        .map(|(function, _)| function.name.to_string())
        .collect();
    assert_eq!(order, ["g", "f"], "a word goes before a parameter");
}

#[test]
fn an_index_that_would_tell_a_hidden_column_is_refused() {
    for index in [
        "CREATE INDEX i ON produits(prix);",
        "CREATE INDEX i ON produits(nom) WHERE prix > 3;",
        "CREATE INDEX i ON produits(-prix);",
    ] {
        let found = faults(&[("migrations/0002_index.sql", index)]);
        assert!(
            found.starts_with("app.toml:7: ") && found.contains("drop the index"),
            "{found}"
        );
    }
    let found = faults(&[(
        "migrations/0002_t.sql",
        "DROP TABLE produits; CREATE TABLE produits(id INTEGER PRIMARY KEY, nom TEXT, prix INTEGER UNIQUE);",
    )]);
    assert!(found.contains("could tell its order"), "{found}");
    check(&[("migrations/0002_index.sql", "CREATE INDEX i ON produits(nom);")]).unwrap();
}

#[test]
fn notification_rules_are_checked_against_the_schema() {
    let rule = |body: &str| {
        format!("[[rule]]\nevent = \"e\"\non = \"update\"\ntable = \"produits\"\ntitle = \"t\"\n{body}")
    };
    let fault = |body: &str, reason: &str| {
        let found = faults(&[("notifications.toml", &rule(body))]);
        assert!(
            found.starts_with("notifications.toml:") && found.contains(reason),
            "{found}"
        );
    };
    fault("", "exactly one of");
    fault("to_role = \"ghost\"\n", "`ghost` is no role");
    fault("to_user = \"new.qui\"\n", "no such column");
    fault("to_role = \"vendeur\"\nwhen = \"new.prix >\"\n", "`when`");
    fault(
        "to_role = \"vendeur\"\nbody = \"{new.poids}\"\n",
        "names no column",
    );
    fault("to_role = \"vendeur\"\ncolour = 1\n", "colour");
    fault("to_room = \"role:ghost\"\n", "`ghost` is no role");
    fault("to_user = \"count(new.id)\"\n", "counts over rows");
    fault("to_user = \"?1\"\n", "has a parameter");
    fault(
        "to_user = \"(SELECT count(*) FROM sqlite_schema)\"\n",
        "what a pack may not",
    );
    let on_seed = faults(&[
        ("seed.sql", "INSERT INTO produits VALUES (1, '{', 5);"),
        (
            "notifications.toml",
            &rule("to_role = \"vendeur\"\ndata = \"json(new.nom)\"\n"),
        ),
    ]);
    assert!(on_seed.contains("malformed JSON"), "{on_seed}");
    let good = rule(
        "to_role = \"vendeur\"\nwhen = \"new.prix <> old.prix\"\nbody = \"{old.prix} puis {new.prix}\"\n",
    );
    assert_eq!(check(&[("notifications.toml", &good)]).unwrap().rules.len(), 1);
}

#[test]
fn what_is_only_unusual_is_no_fault() {
    let function = "-- name: count :one\n-- description: how many there are\n-- param: spare text?\nSELECT 1 AS n;\n-- expect: 1 \"none\"\n";
    let pack = check(&[("functions/f.sql", function)]).unwrap();
    let count = &pack.functions["count"];
    assert!(count.roles.is_empty(), "administrators only");
    assert!(count.callable_by(&comptoir::domain::Role::builtin_administrator()));
    assert_eq!(count.steps[0].expect.as_ref().map(|e| e.rows), Some(1));
}
