-- Tasks: one row each. WITHOUT ROWID makes an insert cost one row instead of two.
-- `sweep_at` is when the sweep must check the row again. It is null for settled tasks, so its index holds
-- only live tasks.
-- Times are integers, milliseconds since 1970 UTC, by D1's clock.
CREATE TABLE tasks (
  id                  TEXT PRIMARY KEY,
  tenant              TEXT NOT NULL,
  batch_id            TEXT,
  batch_index         INTEGER,
  custom_id           TEXT,
  idempotency_key     TEXT,
  body_hash           TEXT,
  status              TEXT NOT NULL CHECK (status IN
                        ('queued','running','succeeded','failed','dead','cancelled','expired')),
  reason              TEXT CHECK (reason IN
                        ('completed','budget_steps','budget_model_calls','budget_tool_calls',
                         'budget_tokens','budget_cost','budget_seconds','budget_egress',
                         'invalid_output','no_progress','uncertain_effect','model_refused',
                         'model_error','policy_error','sandbox_unavailable','attempts_exhausted',
                         'cancelled','expired')),
  fence               INTEGER NOT NULL DEFAULT 0,
  attempt             INTEGER NOT NULL DEFAULT 0,
  attempts            INTEGER NOT NULL,
  model               TEXT NOT NULL,
  policy              TEXT NOT NULL,
  policy_hash         TEXT,
  sandbox             TEXT NOT NULL,
  priority            TEXT NOT NULL DEFAULT 'normal' CHECK (priority IN ('normal','low')),
  labels              TEXT NOT NULL DEFAULT '{}',
  spec                TEXT,
  created_at          INTEGER NOT NULL,
  not_before          INTEGER,
  expires_at          INTEGER,
  sent_at             INTEGER,
  sends               INTEGER NOT NULL DEFAULT 0,
  sweep_at            INTEGER,
  lease_until         INTEGER,
  claimed_by          TEXT,
  started_at          INTEGER,
  finished_at         INTEGER,
  cancel_requested_at INTEGER,
  usage               TEXT NOT NULL DEFAULT '{}',
  quirks              TEXT NOT NULL DEFAULT '[]',
  output              TEXT,
  error               TEXT,
  errors              TEXT NOT NULL DEFAULT '[]',
  result_key          TEXT,
  result_sha256       TEXT,
  result_bytes        INTEGER,
  transcript          TEXT,
  history             TEXT NOT NULL DEFAULT '[]',
  CHECK ((reason IS NOT NULL) = (status NOT IN ('queued','running'))),
  CHECK ((sweep_at IS NULL) = (status NOT IN ('queued','running'))),
  CHECK (status <> 'succeeded' OR result_key IS NOT NULL)
) WITHOUT ROWID;

CREATE INDEX tasks_sweep ON tasks (sweep_at) WHERE sweep_at IS NOT NULL;
CREATE UNIQUE INDEX tasks_key ON tasks (tenant, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX tasks_dead ON tasks (tenant, id) WHERE status = 'dead';

-- The journal of live tasks. The settlement moves it to transcript.jsonl and deletes its rows.
CREATE TABLE steps (
  task_id      TEXT NOT NULL,
  seq          INTEGER NOT NULL,
  fence        INTEGER NOT NULL,
  kind         TEXT NOT NULL CHECK (kind IN ('model','tool')),
  name         TEXT NOT NULL,
  status       TEXT NOT NULL CHECK (status IN ('done','failed','refused','intent')),
  started_at   INTEGER NOT NULL,
  duration_ms  INTEGER NOT NULL,
  payload      TEXT,
  payload_key  TEXT,
  usage        TEXT NOT NULL,
  PRIMARY KEY (task_id, seq)
) WITHOUT ROWID;

-- Every decision of the egress gateway, in the order of the task's steps.
CREATE TABLE egress_log (
  task_id     TEXT NOT NULL,
  seq         INTEGER NOT NULL,
  n           INTEGER NOT NULL,
  fence       INTEGER NOT NULL,
  tenant      TEXT NOT NULL,
  at          INTEGER NOT NULL,
  method      TEXT NOT NULL,
  url         TEXT NOT NULL,
  host        TEXT NOT NULL,
  action      TEXT NOT NULL CHECK (action IN ('allow','inject','deny')),
  policy      TEXT NOT NULL,
  rule        INTEGER,
  reason      TEXT NOT NULL,
  credential  TEXT,
  status      INTEGER,
  bytes_in    INTEGER NOT NULL,
  bytes_out   INTEGER NOT NULL,
  duration_ms INTEGER NOT NULL,
  PRIMARY KEY (task_id, seq, n, fence)
) WITHOUT ROWID;

-- The text of each policy that a task was pinned to, under its hash.
CREATE TABLE policies (
  hash       TEXT PRIMARY KEY,
  name       TEXT NOT NULL,
  text       TEXT NOT NULL,
  created_at INTEGER NOT NULL
) WITHOUT ROWID;

-- Batches. `expanded` is the cursor: the number of lines that are tasks; the next line starts at `cursor_byte`.
-- `tries` counts the sweep's tries since the cursor last moved.
CREATE TABLE batches (
  id                  TEXT PRIMARY KEY,
  tenant              TEXT NOT NULL,
  idempotency_key     TEXT,
  body_hash           TEXT,
  status              TEXT NOT NULL CHECK (status IN ('running','cancelling','finished')),
  total               INTEGER NOT NULL,
  expanded            INTEGER NOT NULL DEFAULT 0,
  cursor_byte         INTEGER NOT NULL DEFAULT 0,
  input_key           TEXT NOT NULL,
  defaults            TEXT NOT NULL DEFAULT '{}',
  labels              TEXT NOT NULL DEFAULT '{}',
  limits              TEXT NOT NULL DEFAULT '{}',
  used_tokens         INTEGER NOT NULL DEFAULT 0,
  used_cost_usd       REAL NOT NULL DEFAULT 0,
  created_at          INTEGER NOT NULL,
  cancel_requested_at INTEGER,
  finished_at         INTEGER,
  sweep_at            INTEGER,
  tries               INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;

CREATE INDEX batches_sweep ON batches (sweep_at) WHERE sweep_at IS NOT NULL;
CREATE UNIQUE INDEX batches_key ON batches (tenant, idempotency_key) WHERE idempotency_key IS NOT NULL;

-- For queries by people. docs/storage.md documents its columns.
CREATE VIEW task_status AS
SELECT
  id,
  tenant,
  batch_id,
  custom_id,
  status,
  reason,
  attempt,
  attempts,
  model,
  policy,
  labels,
  strftime('%Y-%m-%dT%H:%M:%fZ', created_at / 1000.0, 'unixepoch') AS created_at,
  strftime('%Y-%m-%dT%H:%M:%fZ', started_at / 1000.0, 'unixepoch') AS started_at,
  strftime('%Y-%m-%dT%H:%M:%fZ', finished_at / 1000.0, 'unixepoch') AS finished_at,
  json_extract(usage, '$.steps') AS steps,
  json_extract(usage, '$.model_calls') AS model_calls,
  json_extract(usage, '$.tool_calls') AS tool_calls,
  json_extract(usage, '$.prompt_tokens') + json_extract(usage, '$.completion_tokens') AS tokens,
  json_extract(usage, '$.cost_usd') AS cost_usd,
  json_extract(error, '$.code') AS error_code,
  json_extract(error, '$.message') AS error_message,
  result_key
FROM tasks;
