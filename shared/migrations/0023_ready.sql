-- A free slot takes the next task in order: the normal queue before the low one, then in turn between tenants
-- and their flows (a batch, a concurrency key or the single tasks, of one model), then the earliest due.
-- The index holds what waits to be claimed, so choosing reads the same few rows at 1,000 and at 1,000,000
-- queued tasks. A virtual column costs no storage.
ALTER TABLE tasks ADD COLUMN flow TEXT GENERATED ALWAYS AS
  (COALESCE('key ' || concurrency_key, batch_id, '') || ' ' || model) VIRTUAL;
CREATE INDEX tasks_ready ON tasks (priority, tenant, flow, not_before, id)
WHERE status = 'queued' AND parked IS NULL;

-- A CHECK cannot be changed without copying the table. A reason that `reason` does not permit is stored here,
-- and `reason` then holds attempts_exhausted.
ALTER TABLE tasks ADD COLUMN newer_reason TEXT;
DROP VIEW task_status;
CREATE VIEW task_status AS
SELECT
  id,
  tenant,
  batch_id,
  custom_id,
  status,
  COALESCE(newer_reason, reason) AS reason,
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
