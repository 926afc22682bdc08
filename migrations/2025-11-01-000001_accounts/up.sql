-- Who may be here: accounts, login sessions, registered terminals.

CREATE TABLE users (
    -- AUTOINCREMENT: the id of a removed account is never given to another.
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    username TEXT NOT NULL UNIQUE COLLATE NOCASE,
    display_name TEXT NOT NULL,
    role TEXT NOT NULL,
    lang TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    active BOOLEAN NOT NULL DEFAULT TRUE,
    must_change_password BOOLEAN NOT NULL DEFAULT FALSE,
    created_at_ms BIGINT NOT NULL,
    last_login_at_ms BIGINT
);

-- Login sessions that live; one that ended has no row.
CREATE TABLE logins (
    sid TEXT PRIMARY KEY NOT NULL,
    user_id BIGINT NOT NULL REFERENCES users(id) ON DELETE CASCADE,
    address TEXT NOT NULL,
    user_agent TEXT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    last_used_at_ms BIGINT NOT NULL,
    -- When the last refresh token of the family expires.
    expires_at_ms BIGINT NOT NULL
);
CREATE INDEX logins_by_user ON logins(user_id);
CREATE INDEX logins_by_expiry ON logins(expires_at_ms);

-- The refresh tokens of a login session: a family, kept after use so that their reuse is noticed.
CREATE TABLE refresh_tokens (
    -- SHA-256 of the token.
    hash BINARY PRIMARY KEY NOT NULL,
    sid TEXT NOT NULL REFERENCES logins(sid) ON DELETE CASCADE,
    -- The token that this one was given for; NULL for the one given at login.
    parent BINARY,
    expires_at_ms BIGINT NOT NULL,
    first_used_at_ms BIGINT,
    -- Whether a token given for this one was used.
    successor_used BOOLEAN NOT NULL DEFAULT FALSE
);
CREATE INDEX refresh_tokens_by_sid ON refresh_tokens(sid);
CREATE INDEX refresh_tokens_by_expiry ON refresh_tokens(expires_at_ms);

-- From where an account logged in before: failures of strangers elsewhere do not slow it down there.
CREATE TABLE known_pairs (
    user_id BIGINT NOT NULL REFERENCES users(id) ON DELETE CASCADE,
    address TEXT NOT NULL,
    last_login_at_ms BIGINT NOT NULL,
    PRIMARY KEY (user_id, address)
);

CREATE TABLE terminals (
    name TEXT PRIMARY KEY NOT NULL COLLATE NOCASE,
    -- An address, or 'here': the hub's own machine.
    address TEXT NOT NULL,
    created_at_ms BIGINT NOT NULL
);

CREATE TABLE settings (
    name TEXT PRIMARY KEY NOT NULL,
    value TEXT NOT NULL
);

-- Rises with every change of what the hub keeps in memory of this file, from any side.
CREATE TABLE accounts_generation (
    id INTEGER PRIMARY KEY NOT NULL CHECK (id = 1),
    n BIGINT NOT NULL
);
INSERT INTO accounts_generation(id, n) VALUES (1, 1);

CREATE TRIGGER users_inserted AFTER INSERT ON users BEGIN UPDATE accounts_generation SET n = n + 1; END;
CREATE TRIGGER users_updated AFTER UPDATE ON users BEGIN UPDATE accounts_generation SET n = n + 1; END;
CREATE TRIGGER users_deleted AFTER DELETE ON users BEGIN UPDATE accounts_generation SET n = n + 1; END;
CREATE TRIGGER logins_inserted AFTER INSERT ON logins BEGIN UPDATE accounts_generation SET n = n + 1; END;
CREATE TRIGGER logins_updated AFTER UPDATE ON logins BEGIN UPDATE accounts_generation SET n = n + 1; END;
CREATE TRIGGER logins_deleted AFTER DELETE ON logins BEGIN UPDATE accounts_generation SET n = n + 1; END;
CREATE TRIGGER terminals_inserted AFTER INSERT ON terminals BEGIN UPDATE accounts_generation SET n = n + 1; END;
CREATE TRIGGER terminals_updated AFTER UPDATE ON terminals BEGIN UPDATE accounts_generation SET n = n + 1; END;
CREATE TRIGGER terminals_deleted AFTER DELETE ON terminals BEGIN UPDATE accounts_generation SET n = n + 1; END;
