-- A JWE envelope is remembered until its nonce is too old; the raw form has none, so until its key retires.
CREATE TABLE spent_envelopes (
    digest     BLOB NOT NULL PRIMARY KEY,
    expires_at INTEGER,
    kid        TEXT
) STRICT, WITHOUT ROWID;

CREATE INDEX spent_envelopes_by_expiry ON spent_envelopes (expires_at);
CREATE INDEX spent_envelopes_by_key ON spent_envelopes (kid);
