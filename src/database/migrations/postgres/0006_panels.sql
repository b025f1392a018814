-- What each service was seen to offer, and until when: one row per service, since it is always read and
-- written whole.
CREATE TABLE panel_holdings (
    service_id TEXT NOT NULL PRIMARY KEY,
    seen_at BIGINT NOT NULL,
    holdings TEXT NOT NULL
);

-- What operators and data stewards add to a panel.
CREATE TABLE panel_terms (
    panel_id TEXT NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,
    terms TEXT NOT NULL,
    updated_by TEXT NOT NULL,
    updated_at BIGINT NOT NULL
);
