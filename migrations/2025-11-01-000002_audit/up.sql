-- The audit: append-only, each row sealed with the hash of the one before.

CREATE TABLE audit (
    id INTEGER PRIMARY KEY NOT NULL,
    at_ms BIGINT NOT NULL,
    action TEXT NOT NULL,
    user_id BIGINT,
    username TEXT,
    address TEXT,
    session TEXT,
    subject TEXT,
    detail TEXT,
    tables TEXT,
    rows_affected BIGINT,
    commit_n BIGINT,
    outcome TEXT NOT NULL,
    prev_hash BINARY NOT NULL,
    hash BINARY NOT NULL
);
CREATE INDEX audit_by_time ON audit(at_ms);

-- What the end of the chain must be, so that a removed tail is noticed too.
CREATE TABLE audit_head (
    id INTEGER PRIMARY KEY NOT NULL CHECK (id = 1),
    last_id BIGINT NOT NULL,
    entries BIGINT NOT NULL,
    hash BINARY NOT NULL
);
INSERT INTO audit_head(id, last_id, entries, hash) VALUES (1, 0, 0, zeroblob(32));

-- Up to where the writes of a business database were copied, by its epoch.
CREATE TABLE audit_shipped (
    epoch TEXT PRIMARY KEY NOT NULL,
    last_seq BIGINT NOT NULL
);

CREATE TRIGGER audit_is_append_only_update BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
CREATE TRIGGER audit_is_append_only_delete BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
