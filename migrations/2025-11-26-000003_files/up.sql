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
    created_at_ms BIGINT NOT NULL,
    -- Whether it ever went into a message: from then on it lives as long as one that carries it.
    sent BOOLEAN NOT NULL DEFAULT FALSE
);
CREATE INDEX files_unsent ON files(owner_id, created_at_ms) WHERE NOT sent;
