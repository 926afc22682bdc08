-- The record of each call: who, when, how it ended. Nothing of what was said or shown, and no join code.

CREATE TABLE calls (
    -- AUTOINCREMENT: the id of a call is never given to another.
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    -- No reference: the record outlives the room.
    room_id BIGINT NOT NULL,
    -- Who opened it, as he was called then.
    host_id BIGINT NOT NULL,
    host_name TEXT NOT NULL,
    media TEXT NOT NULL,
    -- Whether guests could come with a code.
    has_code BOOLEAN NOT NULL,
    state TEXT NOT NULL,
    reason TEXT,
    created_at_ms BIGINT NOT NULL,
    started_at_ms BIGINT,
    ended_at_ms BIGINT,
    expires_at_ms BIGINT NOT NULL
);
CREATE INDEX calls_by_room ON calls(room_id, id);
CREATE INDEX calls_open ON calls(id) WHERE ended_at_ms IS NULL;

CREATE TABLE call_participants (
    call_id BIGINT NOT NULL REFERENCES calls(id) ON DELETE CASCADE,
    number BIGINT NOT NULL,
    -- NULL: a guest.
    user_id BIGINT,
    name TEXT NOT NULL,
    joined_at_ms BIGINT NOT NULL,
    left_at_ms BIGINT,
    -- hung_up, lost, removed, ended, hub_restarted.
    left_how TEXT,
    PRIMARY KEY (call_id, number)
) WITHOUT ROWID;
