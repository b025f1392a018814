-- What was seen of services. Tier 0: every answer of an hour, four bytes each; 1: an hour drawn
-- together; 2: a day. Times are microseconds since 1970, UTC.
CREATE TABLE health_history (
    service_id TEXT NOT NULL,
    tier       BIGINT NOT NULL,
    start_at   BIGINT NOT NULL,
    data       BYTEA NOT NULL,
    PRIMARY KEY (service_id, tier, start_at)
);
CREATE INDEX health_history_by_age ON health_history (tier, start_at);

-- Times in which a service was down.
CREATE TABLE health_incidents (
    incident_id TEXT PRIMARY KEY,
    service_id  TEXT NOT NULL,
    why         TEXT NOT NULL,
    began_at    BIGINT NOT NULL,
    ended_at    BIGINT
);
CREATE INDEX health_incidents_by_service ON health_incidents (service_id, began_at);
