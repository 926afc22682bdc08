-- What people do with each other: rooms, who is in them, what was written, how far each has read; and the log of
-- it all, from which a terminal that was away resumes.

CREATE TABLE rooms (
    -- AUTOINCREMENT: the id of a room that is gone is never given to another.
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('direct', 'group', 'role', 'everyone', 'legacy')),
    name TEXT,
    -- What there is one room of: 'direct:3:7', 'role:vendeur', 'everyone'. NULL for groups.
    unique_key TEXT UNIQUE,
    -- Whose room it is, where its members are all who have a role.
    role TEXT,
    -- Whether who is not a member may join by himself.
    open BOOLEAN NOT NULL DEFAULT FALSE,
    created_by BIGINT,
    created_at_ms BIGINT NOT NULL,
    -- The seq of its last message.
    last_seq BIGINT NOT NULL DEFAULT 0,
    -- How long its messages are kept, seconds; NULL: as configured.
    retention_s BIGINT,
    -- Messages up to this seq are past their time.
    forgotten_up_to BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX rooms_by_role ON rooms(role) WHERE role IS NOT NULL;
CREATE INDEX rooms_open ON rooms(id) WHERE open;

-- Members of direct rooms and groups. Those of other rooms follow from the users' roles.
CREATE TABLE members (
    room_id BIGINT NOT NULL REFERENCES rooms(id) ON DELETE CASCADE,
    user_id BIGINT NOT NULL REFERENCES users(id) ON DELETE CASCADE,
    joined_at_ms BIGINT NOT NULL,
    PRIMARY KEY (room_id, user_id)
) WITHOUT ROWID;
CREATE INDEX members_by_user ON members(user_id, room_id);

CREATE TABLE messages (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    room_id BIGINT NOT NULL REFERENCES rooms(id) ON DELETE CASCADE,
    seq BIGINT NOT NULL,
    -- Rises with each change of the message.
    version BIGINT NOT NULL DEFAULT 1,
    -- The sender as he was then: accounts go, messages stay.
    sender_id BIGINT NOT NULL,
    sender_username TEXT NOT NULL,
    sender_display_name TEXT NOT NULL,
    sender_role TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('text', 'image', 'file', 'audio')),
    content TEXT NOT NULL,
    file_id BIGINT,
    -- JSON.
    context TEXT,
    reply_to BIGINT,
    priority TEXT NOT NULL DEFAULT 'normal' CHECK (priority IN ('normal', 'important', 'urgent')),
    needs_ack BOOLEAN NOT NULL DEFAULT FALSE,
    client_id TEXT NOT NULL,
    -- SHA-256 of the request, to tell a retry from another message under the same client_id.
    request_hash BINARY NOT NULL,
    created_at_ms BIGINT NOT NULL,
    edited_at_ms BIGINT,
    deleted_at_ms BIGINT,
    UNIQUE (room_id, seq),
    UNIQUE (sender_id, client_id)
);
CREATE INDEX messages_by_time ON messages(room_id, created_at_ms, seq);
CREATE INDEX messages_deleted ON messages(room_id, seq) WHERE deleted_at_ms IS NOT NULL;
CREATE INDEX messages_by_file ON messages(file_id) WHERE file_id IS NOT NULL;

CREATE TABLE reactions (
    message_id BIGINT NOT NULL REFERENCES messages(id) ON DELETE CASCADE,
    emoji TEXT NOT NULL,
    user_id BIGINT NOT NULL,
    username TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    PRIMARY KEY (message_id, emoji, user_id)
) WITHOUT ROWID;

CREATE TABLE acks (
    message_id BIGINT NOT NULL REFERENCES messages(id) ON DELETE CASCADE,
    user_id BIGINT NOT NULL,
    username TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    PRIMARY KEY (message_id, user_id)
) WITHOUT ROWID;

-- Urgent messages that are repeated until somebody acknowledges them, then handed to the room of a role.
CREATE TABLE urgent (
    message_id BIGINT PRIMARY KEY NOT NULL REFERENCES messages(id) ON DELETE CASCADE,
    room_id BIGINT NOT NULL,
    next_at_ms BIGINT NOT NULL,
    repeats BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX urgent_by_time ON urgent(next_at_ms);

-- Who was named by a message.
CREATE TABLE mentions (
    user_id BIGINT NOT NULL,
    room_id BIGINT NOT NULL REFERENCES rooms(id) ON DELETE CASCADE,
    seq BIGINT NOT NULL,
    PRIMARY KEY (user_id, room_id, seq)
) WITHOUT ROWID;
CREATE INDEX mentions_by_room ON mentions(room_id, seq);

-- How far each has read; neither ever moves back.
CREATE TABLE receipts (
    room_id BIGINT NOT NULL REFERENCES rooms(id) ON DELETE CASCADE,
    user_id BIGINT NOT NULL,
    read_up_to BIGINT NOT NULL DEFAULT 0,
    delivered_up_to BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (room_id, user_id)
) WITHOUT ROWID;

-- The log of durable events: who is to see what again. What is shown is what the other tables say now.
CREATE TABLE events (
    -- The hub's half of every cursor. AUTOINCREMENT: never given twice.
    n INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    at_ms BIGINT NOT NULL,
    -- The frame's type.
    kind TEXT NOT NULL,
    -- Whoever is in this room now; with user_id NULL.
    room_id BIGINT,
    -- This user alone.
    user_id BIGINT,
    -- What it is about: a message, a notification, whoever has read.
    subject_id BIGINT,
    -- A newer event in the same slot takes the place of this one.
    slot TEXT UNIQUE
);
CREATE INDEX events_by_time ON events(at_ms);

-- The first event that is still there.
CREATE TABLE events_kept (
    id INTEGER PRIMARY KEY NOT NULL CHECK (id = 1),
    oldest BIGINT NOT NULL
);
INSERT INTO events_kept(id, oldest) VALUES (1, 1);

-- Full text. The room stands in it as a word of its own, so that a search never looks at what is not the seeker's.
CREATE VIEW message_texts AS SELECT id, content, 'r' || room_id AS room FROM messages;
CREATE VIRTUAL TABLE message_search USING fts5(
    content, room, content = 'message_texts', content_rowid = 'id',
    tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3'
);
CREATE TRIGGER messages_searchable_insert AFTER INSERT ON messages WHEN new.content <> '' BEGIN
    INSERT INTO message_search(rowid, content, room) VALUES (new.id, new.content, 'r' || new.room_id);
END;
CREATE TRIGGER messages_searchable_update AFTER UPDATE OF content ON messages WHEN old.content <> new.content BEGIN
    INSERT INTO message_search(message_search, rowid, content, room)
        SELECT 'delete', old.id, old.content, 'r' || old.room_id WHERE old.content <> '';
    INSERT INTO message_search(rowid, content, room)
        SELECT new.id, new.content, 'r' || new.room_id WHERE new.content <> '';
END;
CREATE TRIGGER messages_searchable_delete AFTER DELETE ON messages WHEN old.content <> '' BEGIN
    INSERT INTO message_search(message_search, rowid, content, room)
        VALUES ('delete', old.id, old.content, 'r' || old.room_id);
END;
