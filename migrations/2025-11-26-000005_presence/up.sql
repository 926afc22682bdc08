-- When people were last seen. Written now and then, and when the hub stops.
CREATE TABLE presence (
    user_id BIGINT PRIMARY KEY NOT NULL,
    last_seen_ms BIGINT NOT NULL
);
