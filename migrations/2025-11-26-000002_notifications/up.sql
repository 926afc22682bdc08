-- What people were told, one row and one read state for each of them.

CREATE TABLE notifications (
    -- AUTOINCREMENT: the id of a notification that is gone is never given to another.
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    user_id BIGINT NOT NULL REFERENCES users(id) ON DELETE CASCADE,
    -- The application's name for it.
    event TEXT NOT NULL,
    -- JSON: a string, or one per language. Which is shown is decided when it is shown: people change their language.
    title TEXT NOT NULL,
    body TEXT NOT NULL,
    -- JSON.
    data TEXT,
    dedup_key TEXT,
    -- How often it was told since it was read last.
    count BIGINT NOT NULL DEFAULT 1,
    -- When it was told last.
    created_at_ms BIGINT NOT NULL,
    read_at_ms BIGINT
);
CREATE UNIQUE INDEX notifications_by_key ON notifications(user_id, dedup_key)
    WHERE read_at_ms IS NULL AND dedup_key IS NOT NULL;
CREATE INDEX notifications_by_user ON notifications(user_id, id);
CREATE INDEX notifications_unread ON notifications(user_id) WHERE read_at_ms IS NULL;
CREATE INDEX notifications_by_time ON notifications(created_at_ms);

-- Up to where what the rules said in a business database was copied, by its epoch.
CREATE TABLE notifications_shipped (
    epoch TEXT PRIMARY KEY NOT NULL,
    last_seq BIGINT NOT NULL
);
