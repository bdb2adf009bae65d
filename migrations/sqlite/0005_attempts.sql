-- Failed attempts in a row. A counter is named after a canonical email address, whether or not there is such an account,
-- or after one and a network from which its owner has logged in.
CREATE TABLE attempts (
    counter    TEXT    NOT NULL PRIMARY KEY,
    failures   INTEGER NOT NULL,
    -- Counted, and not judged yet.
    pending    INTEGER NOT NULL,
    next_at    INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    -- Null: for ever.
    kept_until INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX attempts_by_end ON attempts (kept_until);
