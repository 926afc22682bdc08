-- What people uploaded. The bytes lie beside the database, under `stored`; a row is written once they are durable.

CREATE TABLE files (
    -- AUTOINCREMENT: the id of a file that is gone is never given to another.
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    owner_id BIGINT NOT NULL,
    -- As the sender named it, made harmless.
    name TEXT NOT NULL,
    -- Decided by the hub from the content.
    mime TEXT NOT NULL,
    size BIGINT NOT NULL,
    sha256 BINARY NOT NULL,
    -- Name on the disk; its thumbnail's is the same with `.thumb`.
    stored TEXT NOT NULL UNIQUE,
    duration_ms BIGINT,
    width INTEGER,
    height INTEGER,
    -- Media type of the thumbnail; NULL: there is none.
    thumbnail TEXT,
    created_at_ms BIGINT NOT NULL
);
CREATE INDEX files_by_owner ON files(owner_id);
CREATE INDEX files_by_age ON files(created_at_ms);
