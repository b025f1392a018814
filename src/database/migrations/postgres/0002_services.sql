-- What is written down about the services of the federation. A service that was taken out keeps its
-- row, since runs are tied to its id.
CREATE TABLE services (
    service_id TEXT PRIMARY KEY,
    source     TEXT NOT NULL,
    document   TEXT NOT NULL,
    mode       TEXT NOT NULL,
    mode_note  TEXT NOT NULL,
    version    BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    removed_at BIGINT
);

-- What the gateway shows to services, sealed under the master key.
CREATE TABLE service_credentials (
    service_id TEXT PRIMARY KEY,
    sealed     TEXT NOT NULL,
    updated_at BIGINT NOT NULL
);
