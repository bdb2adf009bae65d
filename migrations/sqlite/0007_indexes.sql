-- Of an account's sessions, those that nobody has ended are found without a look at any of them.
DROP INDEX sessions_of_account;
CREATE INDEX sessions_of_account ON sessions (account_id, ended_at);

-- Few envelopes are remembered with a key.
DROP INDEX spent_envelopes_by_key;
CREATE INDEX spent_envelopes_by_key ON spent_envelopes (kid) WHERE kid IS NOT NULL;
