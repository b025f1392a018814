-- Times are microseconds since 1970, UTC. JSON is text.
CREATE TABLE runs (
    run_id          TEXT PRIMARY KEY,
    caller_id       TEXT NOT NULL,
    institution     TEXT,
    request         TEXT NOT NULL,
    decision        TEXT NOT NULL,
    phase           TEXT NOT NULL,
    state           TEXT NOT NULL,
    service_id      TEXT,
    backend_run_id  TEXT,
    word            TEXT NOT NULL DEFAULT '',
    expired         BIGINT NOT NULL DEFAULT 0,
    details         TEXT,
    sealed_password TEXT,
    idempotency_key TEXT,
    fingerprint     TEXT,
    cancel_asked_at BIGINT,
    created_at      BIGINT NOT NULL,
    started_at      BIGINT,
    ended_at        BIGINT,
    seen_at         BIGINT
);
CREATE UNIQUE INDEX runs_by_idempotency_key ON runs (caller_id, idempotency_key);
CREATE UNIQUE INDEX runs_by_backend_run_id ON runs (service_id, backend_run_id);
CREATE INDEX runs_by_caller ON runs (caller_id, run_id);
CREATE INDEX runs_by_phase ON runs (phase, service_id);
CREATE INDEX runs_by_state ON runs (state);

-- Every time a service was asked to take a run, in order.
CREATE TABLE attempts (
    run_id     TEXT NOT NULL REFERENCES runs (run_id),
    number     BIGINT NOT NULL,
    service_id TEXT NOT NULL,
    begun_at   BIGINT NOT NULL,
    ended_at   BIGINT,
    outcome    TEXT NOT NULL,
    detail     TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (run_id, number)
);

-- What the gateway has to say about a run, in order.
CREATE TABLE notes (
    run_id  TEXT NOT NULL REFERENCES runs (run_id),
    number  BIGINT NOT NULL,
    at      BIGINT NOT NULL,
    message TEXT NOT NULL,
    PRIMARY KEY (run_id, number)
);
