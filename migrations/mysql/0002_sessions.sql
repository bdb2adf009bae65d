CREATE TABLE sessions (
    id               VARCHAR(64)  CHARACTER SET ascii   COLLATE ascii_bin   NOT NULL PRIMARY KEY,
    account_id       VARCHAR(64)  CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    created_at       BIGINT       NOT NULL,
    last_used_at     BIGINT       NOT NULL,
    idle_ends_at     BIGINT       NOT NULL,
    absolute_ends_at BIGINT       NOT NULL,
    ended_at         BIGINT,
    end_reason       VARCHAR(32)  CHARACTER SET ascii   COLLATE ascii_bin,
    ip               VARCHAR(64)  CHARACTER SET ascii   COLLATE ascii_bin   NOT NULL,
    user_agent       VARCHAR(256) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    refresh_digest   BINARY(32)   NOT NULL,
    rotations        BIGINT       NOT NULL,
    recent_rotations VARBINARY(64) NOT NULL,
    INDEX sessions_of_account (account_id),
    INDEX sessions_by_end (ended_at),
    INDEX sessions_by_idle_end (idle_ends_at),
    FOREIGN KEY (account_id) REFERENCES accounts (id)
) ENGINE = InnoDB;
