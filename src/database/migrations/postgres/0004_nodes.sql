-- Times are microseconds since 1970, UTC. JSON is text.

-- One-time invitations to register a node. The secret itself is never stored.
CREATE TABLE node_invitations (
    invitation_id  TEXT PRIMARY KEY,
    secret_hash    TEXT NOT NULL,
    label          TEXT NOT NULL,
    service_id     TEXT,
    host           TEXT,
    jurisdiction   TEXT,
    created_by     TEXT NOT NULL,
    created_at     BIGINT NOT NULL,
    expires_at     BIGINT NOT NULL,
    attempts       BIGINT NOT NULL DEFAULT 0,
    used_at        BIGINT,
    used_by        TEXT,
    revoked_at     BIGINT
);
CREATE UNIQUE INDEX node_invitations_by_secret ON node_invitations (secret_hash);

-- Nodes that registered themselves. `next_*` is a change that waits for approval; `sequence` is the last
-- signed number that was taken, and `version` counts the changes of the row.
CREATE TABLE nodes (
    node_id         TEXT PRIMARY KEY,
    standing        TEXT NOT NULL,
    reason          TEXT NOT NULL DEFAULT '',
    decided_by      TEXT,
    decided_at      BIGINT,
    document        TEXT NOT NULL,
    public_key      TEXT NOT NULL,
    next_document   TEXT,
    next_key        TEXT,
    proposed_at     BIGINT,
    revision        BIGINT NOT NULL,
    served          BIGINT NOT NULL DEFAULT 0,
    invitation_id   TEXT NOT NULL,
    label           TEXT NOT NULL,
    host            TEXT,
    jurisdiction    TEXT,
    sequence        BIGINT NOT NULL,
    lease_until     BIGINT,
    heartbeat_at    BIGINT,
    heartbeats      BIGINT NOT NULL DEFAULT 0,
    expiries        BIGINT NOT NULL DEFAULT 0,
    report          TEXT NOT NULL DEFAULT '{}',
    created_at      BIGINT NOT NULL,
    changed_at      BIGINT NOT NULL,
    version         BIGINT NOT NULL
);
CREATE INDEX nodes_by_standing ON nodes (standing, lease_until);
