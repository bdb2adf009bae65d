CREATE TABLE server_keys (
    kid         VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
    purpose     VARCHAR(16)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    generation  BIGINT       NOT NULL,
    algorithm   VARCHAR(16)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    private_key VARBINARY(8192),
    public_jwk  VARCHAR(2048) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    created_at  BIGINT       NOT NULL,
    active_at   BIGINT       NOT NULL,
    retiring_at BIGINT,
    retired_at  BIGINT,
    UNIQUE INDEX server_keys_by_generation (purpose, generation)
) ENGINE = InnoDB;
