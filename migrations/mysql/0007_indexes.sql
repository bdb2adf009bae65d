-- Of an account's sessions, those that nobody has ended are found without a look at any of them.
ALTER TABLE sessions ADD INDEX sessions_of_account_by_end (account_id, ended_at), DROP INDEX sessions_of_account;
