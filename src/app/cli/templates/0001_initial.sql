-- The schema changes by migrations: 0002_….sql comes next, and this file stays as it is once applied.
CREATE TABLE taches (
    id      INTEGER PRIMARY KEY,
    titre   TEXT    NOT NULL CHECK (titre <> ''),
    faite   INTEGER NOT NULL DEFAULT 0 CHECK (faite IN (0, 1)),
    faite_par INTEGER,
    cree_at TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
);
