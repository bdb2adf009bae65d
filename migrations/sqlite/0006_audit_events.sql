-- What happened to accounts, sessions and keys. Ids are UUIDv7: their order is the order of events.
CREATE TABLE audit_events (
    id         TEXT    NOT NULL PRIMARY KEY,
    at         INTEGER NOT NULL,
    kind       TEXT    NOT NULL,
    account_id TEXT,
    session_id TEXT,
    actor      TEXT    NOT NULL,
    address    TEXT,
    user_agent TEXT,
    request_id TEXT,
    detail     TEXT
) STRICT, WITHOUT ROWID;

CREATE INDEX audit_events_of_account ON audit_events (account_id, id);
