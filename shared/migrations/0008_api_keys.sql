-- API keys. Only the SHA-256 of the secret is stored; a key is looked up by its id. `window_at` and
-- `window_calls` count the calls of the current minute, for keys with a limit; a call with another key writes
-- nothing except `last_used_at`, once an hour.
CREATE TABLE api_keys (
  id                  TEXT PRIMARY KEY,
  tenant              TEXT NOT NULL,
  name                TEXT NOT NULL,
  secret_sha256       TEXT NOT NULL,
  scopes              TEXT NOT NULL,
  requests_per_minute INTEGER,
  backlog             INTEGER,
  defaults            TEXT NOT NULL DEFAULT '{}',
  created_at          INTEGER NOT NULL,
  expires_at          INTEGER,
  revoked_at          INTEGER,
  last_used_at        INTEGER,
  window_at           INTEGER,
  window_calls        INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
