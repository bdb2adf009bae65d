-- What happened to accounts, sessions and keys. Ids are UUIDv7: their order is the order of events.
CREATE TABLE audit_events (
    id         VARCHAR(64)  CHARACTER SET ascii   COLLATE ascii_bin   NOT NULL PRIMARY KEY,
    at         BIGINT       NOT NULL,
    kind       VARCHAR(32)  CHARACTER SET ascii   COLLATE ascii_bin   NOT NULL,
    account_id VARCHAR(64)  CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
    session_id VARCHAR(64)  CHARACTER SET ascii   COLLATE ascii_bin,
    actor      VARCHAR(16)  CHARACTER SET ascii   COLLATE ascii_bin   NOT NULL,
    address    VARCHAR(64)  CHARACTER SET ascii   COLLATE ascii_bin,
    user_agent VARCHAR(256) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
    request_id VARCHAR(64)  CHARACTER SET ascii   COLLATE ascii_bin,
    detail     VARCHAR(256) CHARACTER SET ascii   COLLATE ascii_bin,
    INDEX audit_events_of_account (account_id, id)
) ENGINE = InnoDB;
