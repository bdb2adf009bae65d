CREATE TABLE accounts (
    id          VARCHAR(64)  CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL PRIMARY KEY,
    name        VARCHAR(200) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    email       VARCHAR(254) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL UNIQUE,
    password    VARCHAR(512) CHARACTER SET ascii   COLLATE ascii_bin   NOT NULL,
    -- Counts password changes, not mere rehashings: what a check was made against.
    password_version BIGINT NOT NULL,
    created_at  BIGINT       NOT NULL,
    disabled_at BIGINT
) ENGINE = InnoDB;
