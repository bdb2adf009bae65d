-- Failed logins in a row, by canonical email address, whether or not there is such an account.
CREATE TABLE attempts (
    email      TEXT    NOT NULL PRIMARY KEY,
    failures   INTEGER NOT NULL,
    next_at    INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX attempts_by_update ON attempts (updated_at);
