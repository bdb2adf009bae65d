-- Failed logins in a row, by canonical email address, whether or not there is such an account.
CREATE TABLE attempts (
    email      VARCHAR(254) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL PRIMARY KEY,
    failures   BIGINT NOT NULL,
    next_at    BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    INDEX attempts_by_update (updated_at)
) ENGINE = InnoDB;
