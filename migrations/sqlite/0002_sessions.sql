CREATE TABLE sessions (
    id               TEXT    NOT NULL PRIMARY KEY,
    account_id       TEXT    NOT NULL REFERENCES accounts (id),
    created_at       INTEGER NOT NULL,
    last_used_at     INTEGER NOT NULL,
    idle_ends_at     INTEGER NOT NULL,
    absolute_ends_at INTEGER NOT NULL,
    ended_at         INTEGER,
    end_reason       TEXT,
    ip               TEXT    NOT NULL,
    user_agent       TEXT    NOT NULL,
    refresh_digest   BLOB    NOT NULL,
    rotations        INTEGER NOT NULL,
    recent_rotations BLOB    NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX sessions_of_account ON sessions (account_id);
CREATE INDEX sessions_by_end ON sessions (ended_at);
CREATE INDEX sessions_by_idle_end ON sessions (idle_ends_at);
