-- Calls that are over and whose rooms were not told yet: with the record, so that a hub that is killed in between says it
-- when it is back.
CREATE TABLE call_traces (
    call_id BIGINT PRIMARY KEY NOT NULL REFERENCES calls(id) ON DELETE CASCADE,
    -- JSON: who was rung and declined, or did not answer.
    rung TEXT NOT NULL
);
