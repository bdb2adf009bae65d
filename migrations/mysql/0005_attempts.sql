-- Failed attempts in a row. A counter is named after a canonical email address, whether or not there is such an account,
-- or after one and a network from which its owner has logged in.
CREATE TABLE attempts (
    counter    VARCHAR(320) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL PRIMARY KEY,
    failures   BIGINT NOT NULL,
    -- Counted, and not judged yet.
    pending    BIGINT NOT NULL,
    next_at    BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    -- Null: for ever.
    kept_until BIGINT,
    INDEX attempts_by_end (kept_until)
) ENGINE = InnoDB;
