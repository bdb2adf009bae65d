-- A JWE envelope is remembered until its nonce is too old; the raw form has none, so until its key retires.
CREATE TABLE spent_envelopes (
    digest     BINARY(32) NOT NULL PRIMARY KEY,
    expires_at BIGINT,
    kid        VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin,
    INDEX spent_envelopes_by_expiry (expires_at),
    INDEX spent_envelopes_by_key (kid)
) ENGINE = InnoDB;
