-- Times are microseconds since 1970, UTC.

-- API keys of machines. The secret itself is never stored. Roles and scopes are words parted by spaces.
CREATE TABLE api_keys (
    key_id         TEXT PRIMARY KEY,
    secret_hash    TEXT NOT NULL,
    caller_id      TEXT NOT NULL,
    name           TEXT NOT NULL,
    institution    TEXT,
    roles          TEXT NOT NULL,
    scopes         TEXT NOT NULL,
    created_at     BIGINT NOT NULL,
    expires_at     BIGINT NOT NULL,
    last_used_at   BIGINT,
    revoked_at     BIGINT
);
CREATE INDEX api_keys_by_caller ON api_keys (caller_id, key_id);

-- Sessions of people who logged in with a browser, by the hash of their cookie.
CREATE TABLE login_sessions (
    session_hash   TEXT PRIMARY KEY,
    caller_id      TEXT NOT NULL,
    institution    TEXT,
    roles          TEXT NOT NULL,
    scopes         TEXT NOT NULL,
    created_at     BIGINT NOT NULL,
    expires_at     BIGINT NOT NULL
);
CREATE INDEX login_sessions_by_end ON login_sessions (expires_at);
