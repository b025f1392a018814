-- What callers show to services, sealed under the master key. A sealed text opens for its caller, its
-- service and the origin that it was entered for only, so that no change of a row sends it elsewhere.
CREATE TABLE caller_credentials (
    caller_id  TEXT NOT NULL,
    service_id TEXT NOT NULL,
    origin     TEXT NOT NULL,
    kind       TEXT NOT NULL,
    sealed     TEXT NOT NULL,
    proven     BIGINT NOT NULL,
    expires_at BIGINT,
    entered_at BIGINT NOT NULL,
    -- How many of the warnings before its end were given.
    warned     BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (caller_id, service_id)
);
CREATE INDEX caller_credentials_by_expiry ON caller_credentials (expires_at);

-- Whether a run was sent with its caller's own credential: it is followed with the same one.
ALTER TABLE runs ADD COLUMN own_credential BIGINT NOT NULL DEFAULT 0;
