-- Times are microseconds since 1970, UTC. JSON is text.
CREATE TABLE alerts (
    id              TEXT PRIMARY KEY,
    rule            TEXT NOT NULL,
    service_id      TEXT NOT NULL,
    subject         TEXT NOT NULL,
    severity        TEXT NOT NULL,
    message         TEXT NOT NULL,
    raised_at       BIGINT NOT NULL,
    last_seen       BIGINT NOT NULL,
    resolved_at     BIGINT,
    resolution      TEXT,
    acknowledged_at BIGINT,
    acknowledged_by TEXT,
    note            TEXT
);
-- One open alert for each rule and subject, whatever the program believes.
CREATE UNIQUE INDEX alerts_open ON alerts (rule, subject) WHERE resolved_at IS NULL;
CREATE INDEX alerts_by_end ON alerts (resolved_at);
CREATE INDEX alerts_by_service ON alerts (service_id, id);

-- What is to be told on which channel: written with the alert, struck out once it was told.
CREATE TABLE deliveries (
    id           TEXT PRIMARY KEY,
    alert_id     TEXT NOT NULL REFERENCES alerts (id),
    channel      TEXT NOT NULL,
    kind         TEXT NOT NULL,
    payload      TEXT NOT NULL,
    state        TEXT NOT NULL,
    attempts     BIGINT NOT NULL DEFAULT 0,
    created_at   BIGINT NOT NULL,
    next_at      BIGINT,
    delivered_at BIGINT,
    last_error   TEXT
);
CREATE INDEX deliveries_due ON deliveries (state, channel, next_at);
CREATE INDEX deliveries_by_alert ON deliveries (alert_id, channel, id);
