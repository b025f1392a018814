-- The trail: what the gateway permitted and did, in order. Each entry is chained to the one before it by
-- its hash, and none is ever changed or taken out. What is searched for stands in columns of its own.
CREATE TABLE audit (
    sequence BIGINT PRIMARY KEY,
    at BIGINT NOT NULL,
    act TEXT NOT NULL,
    caller_id TEXT,
    institution TEXT,
    run_id TEXT,
    service_id TEXT,
    study TEXT,
    dataset TEXT,
    -- The entry as JSON, byte for byte as it was hashed.
    entry TEXT NOT NULL,
    hash TEXT NOT NULL
);
CREATE INDEX audit_by_time ON audit (at);
CREATE INDEX audit_by_run ON audit (run_id, sequence);
CREATE INDEX audit_by_caller ON audit (caller_id, sequence);
CREATE INDEX audit_by_study ON audit (study, sequence);
CREATE INDEX audit_by_dataset ON audit (dataset, sequence);
CREATE INDEX audit_by_service ON audit (service_id, sequence);
