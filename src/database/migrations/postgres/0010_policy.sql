-- Datasets as their stewards wrote them. One that was taken out leaves its row, so that its version goes on.
CREATE TABLE datasets (
    dataset_id TEXT NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,
    document TEXT NOT NULL,
    updated_by TEXT NOT NULL,
    updated_at BIGINT NOT NULL,
    removed_at BIGINT
);

-- Every set of policies that was put in force, with its files.
CREATE TABLE policy_sets (
    epoch BIGINT NOT NULL PRIMARY KEY,
    files TEXT NOT NULL,
    put_by TEXT NOT NULL,
    put_at BIGINT NOT NULL
);
