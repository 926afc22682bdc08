-- What is past its time is found without looking at what is not.

-- Rooms with a time of their own.
CREATE INDEX rooms_with_retention ON rooms(retention_s) WHERE retention_s IS NOT NULL;

-- Uploads that were never sent, the oldest first.
CREATE INDEX files_unsent_by_time ON files(created_at_ms) WHERE NOT sent;

-- Files that a message carries no more: perhaps none does.
CREATE TABLE files_dropped (
    file_id BIGINT PRIMARY KEY NOT NULL
);
INSERT INTO files_dropped(file_id)
    SELECT id FROM files f WHERE sent
    AND NOT EXISTS (SELECT 1 FROM messages WHERE file_id = f.id AND deleted_at_ms IS NULL);
CREATE TRIGGER messages_drop_file_delete AFTER DELETE ON messages WHEN old.file_id IS NOT NULL BEGIN
    INSERT OR IGNORE INTO files_dropped(file_id) VALUES (old.file_id);
END;
CREATE TRIGGER messages_drop_file_update AFTER UPDATE OF file_id, deleted_at_ms ON messages
    WHEN old.file_id IS NOT NULL AND (new.file_id IS NOT old.file_id OR new.deleted_at_ms IS NOT NULL) BEGIN
    INSERT OR IGNORE INTO files_dropped(file_id) VALUES (old.file_id);
END;
