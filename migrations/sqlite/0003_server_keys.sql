CREATE TABLE server_keys (
    kid         TEXT    NOT NULL PRIMARY KEY,
    purpose     TEXT    NOT NULL,
    generation  INTEGER NOT NULL,
    algorithm   TEXT    NOT NULL,
    private_key BLOB,
    public_jwk  TEXT    NOT NULL,
    created_at  INTEGER NOT NULL,
    active_at   INTEGER NOT NULL,
    retiring_at INTEGER,
    retired_at  INTEGER,
    UNIQUE (purpose, generation)
) STRICT, WITHOUT ROWID;
