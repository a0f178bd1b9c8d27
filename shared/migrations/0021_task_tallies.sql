-- The tallies of a tenant's tasks, one row per model: live tasks, ended ones by status, and the usage of the
-- ended ones. The triggers update it in the write that changes a task, so it is exact at every moment, whatever
-- writes and whatever is rolled back. A claim and a release change nothing here: the task stays live. Running
-- tasks are counted in `tasks_sweep`, where they are adjacent and as few as there are workers.
--
-- It costs one written row when a task is inserted, ends, is redriven and is deleted. Rejected: counting without
-- it reads every task; stale tallies of 500 tasks, as a batch has, are slow while many tasks run; a counter in
-- the settlement misses rows that an operator deletes.
CREATE TABLE task_tallies (
  tenant            TEXT NOT NULL,
  model             TEXT NOT NULL,
  live              INTEGER NOT NULL DEFAULT 0,
  succeeded         INTEGER NOT NULL DEFAULT 0,
  failed            INTEGER NOT NULL DEFAULT 0,
  dead              INTEGER NOT NULL DEFAULT 0,
  cancelled         INTEGER NOT NULL DEFAULT 0,
  expired           INTEGER NOT NULL DEFAULT 0,
  prompt_tokens     INTEGER NOT NULL DEFAULT 0,
  cached_tokens     INTEGER NOT NULL DEFAULT 0,
  completion_tokens INTEGER NOT NULL DEFAULT 0,
  unpriced_tokens   INTEGER NOT NULL DEFAULT 0,
  cost_usd          REAL NOT NULL DEFAULT 0,
  PRIMARY KEY (tenant, model)
) WITHOUT ROWID;

INSERT INTO task_tallies
SELECT tenant, model, SUM(sweep_at IS NOT NULL), SUM(status = 'succeeded'), SUM(status = 'failed'),
  SUM(status = 'dead'), SUM(status = 'cancelled'), SUM(status = 'expired'),
  SUM((sweep_at IS NULL) * COALESCE(usage->>'prompt_tokens', 0)),
  SUM((sweep_at IS NULL) * COALESCE(usage->>'cached_tokens', 0)),
  SUM((sweep_at IS NULL) * COALESCE(usage->>'completion_tokens', 0)),
  SUM((sweep_at IS NULL) * COALESCE(usage->>'unpriced_tokens', 0)),
  SUM((sweep_at IS NULL) * COALESCE(usage->>'cost_usd', 0.0))
FROM tasks GROUP BY tenant, model;

-- `sweep_at` is null exactly when a task has ended.
CREATE TRIGGER tasks_came AFTER INSERT ON tasks
BEGIN
  INSERT INTO task_tallies (tenant, model)
  SELECT new.tenant, new.model WHERE NOT EXISTS (SELECT 1 FROM task_tallies
    WHERE tenant = new.tenant AND model = new.model);
  UPDATE task_tallies SET live = live + (new.sweep_at IS NOT NULL),
    succeeded = succeeded + (new.status = 'succeeded'), failed = failed + (new.status = 'failed'),
    dead = dead + (new.status = 'dead'), cancelled = cancelled + (new.status = 'cancelled'),
    expired = expired + (new.status = 'expired'),
    prompt_tokens = prompt_tokens + (new.sweep_at IS NULL) * COALESCE(new.usage->>'prompt_tokens', 0),
    cached_tokens = cached_tokens + (new.sweep_at IS NULL) * COALESCE(new.usage->>'cached_tokens', 0),
    completion_tokens =
      completion_tokens + (new.sweep_at IS NULL) * COALESCE(new.usage->>'completion_tokens', 0),
    unpriced_tokens =
      unpriced_tokens + (new.sweep_at IS NULL) * COALESCE(new.usage->>'unpriced_tokens', 0),
    cost_usd = cost_usd + (new.sweep_at IS NULL) * COALESCE(new.usage->>'cost_usd', 0)
  WHERE tenant = new.tenant AND model = new.model;
END;

-- The task ends or is redriven; with another model it is counted in another row.
CREATE TRIGGER tasks_tallied AFTER UPDATE OF status, model, usage ON tasks
WHEN old.sweep_at IS NULL OR new.sweep_at IS NULL OR old.model <> new.model
BEGIN
  INSERT INTO task_tallies (tenant, model)
  SELECT new.tenant, new.model WHERE NOT EXISTS (SELECT 1 FROM task_tallies
    WHERE tenant = new.tenant AND model = new.model);
  UPDATE task_tallies SET
    live = live + (model = new.model AND new.sweep_at IS NOT NULL)
      - (model = old.model AND old.sweep_at IS NOT NULL),
    succeeded = succeeded + (model = new.model AND new.status = 'succeeded')
      - (model = old.model AND old.status = 'succeeded'),
    failed = failed + (model = new.model AND new.status = 'failed')
      - (model = old.model AND old.status = 'failed'),
    dead = dead + (model = new.model AND new.status = 'dead')
      - (model = old.model AND old.status = 'dead'),
    cancelled = cancelled + (model = new.model AND new.status = 'cancelled')
      - (model = old.model AND old.status = 'cancelled'),
    expired = expired + (model = new.model AND new.status = 'expired')
      - (model = old.model AND old.status = 'expired'),
    prompt_tokens = prompt_tokens
      + (model = new.model AND new.sweep_at IS NULL) * COALESCE(new.usage->>'prompt_tokens', 0)
      - (model = old.model AND old.sweep_at IS NULL) * COALESCE(old.usage->>'prompt_tokens', 0),
    cached_tokens = cached_tokens
      + (model = new.model AND new.sweep_at IS NULL) * COALESCE(new.usage->>'cached_tokens', 0)
      - (model = old.model AND old.sweep_at IS NULL) * COALESCE(old.usage->>'cached_tokens', 0),
    completion_tokens = completion_tokens
      + (model = new.model AND new.sweep_at IS NULL) * COALESCE(new.usage->>'completion_tokens', 0)
      - (model = old.model AND old.sweep_at IS NULL) * COALESCE(old.usage->>'completion_tokens', 0),
    unpriced_tokens = unpriced_tokens
      + (model = new.model AND new.sweep_at IS NULL) * COALESCE(new.usage->>'unpriced_tokens', 0)
      - (model = old.model AND old.sweep_at IS NULL) * COALESCE(old.usage->>'unpriced_tokens', 0),
    cost_usd = cost_usd
      + (model = new.model AND new.sweep_at IS NULL) * COALESCE(new.usage->>'cost_usd', 0)
      - (model = old.model AND old.sweep_at IS NULL) * COALESCE(old.usage->>'cost_usd', 0)
  WHERE tenant = new.tenant AND model IN (old.model, new.model);
  DELETE FROM task_tallies WHERE tenant = old.tenant AND model = old.model
    AND live + succeeded + failed + dead + cancelled + expired = 0;
END;

CREATE TRIGGER tasks_went AFTER DELETE ON tasks
BEGIN
  UPDATE task_tallies SET live = live - (old.sweep_at IS NOT NULL),
    succeeded = succeeded - (old.status = 'succeeded'), failed = failed - (old.status = 'failed'),
    dead = dead - (old.status = 'dead'), cancelled = cancelled - (old.status = 'cancelled'),
    expired = expired - (old.status = 'expired'),
    prompt_tokens = prompt_tokens - (old.sweep_at IS NULL) * COALESCE(old.usage->>'prompt_tokens', 0),
    cached_tokens = cached_tokens - (old.sweep_at IS NULL) * COALESCE(old.usage->>'cached_tokens', 0),
    completion_tokens =
      completion_tokens - (old.sweep_at IS NULL) * COALESCE(old.usage->>'completion_tokens', 0),
    unpriced_tokens =
      unpriced_tokens - (old.sweep_at IS NULL) * COALESCE(old.usage->>'unpriced_tokens', 0),
    cost_usd = cost_usd - (old.sweep_at IS NULL) * COALESCE(old.usage->>'cost_usd', 0)
  WHERE tenant = old.tenant AND model = old.model;
  DELETE FROM task_tallies WHERE tenant = old.tenant AND model = old.model
    AND live + succeeded + failed + dead + cancelled + expired = 0;
END;

-- Status first, so that running tasks are adjacent. Every write of one column changes the other too, so no
-- write costs more.
DROP INDEX tasks_sweep;
CREATE INDEX tasks_sweep ON tasks (status, sweep_at, tenant) WHERE sweep_at IS NOT NULL;

-- Finds the oldest queued task. No other index on live tasks has their age, and an `id` contains the time when
-- a batch was accepted, not when its lines became tasks.
CREATE INDEX tasks_queued ON tasks (tenant, created_at) WHERE status = 'queued';
