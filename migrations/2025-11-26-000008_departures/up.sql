-- When somebody was last out of the room, as a number that rises through all rooms: addresses of files that were handed
-- out before are void.
ALTER TABLE rooms ADD COLUMN departed BIGINT NOT NULL DEFAULT 0;
