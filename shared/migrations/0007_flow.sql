-- Counts of 500 lines of a batch each, stored until one of the lines changes: a batch of 50,000 tasks is the
-- sum of 100 rows. The triggers make a tally stale in the write that changes a task, so a tally that is not
-- stale is exact, whatever wrote the task; and no settlement waits for a counter.
CREATE TABLE batch_tallies (
  batch_id    TEXT NOT NULL,
  chunk       INTEGER NOT NULL,
  stale       INTEGER NOT NULL,
  version     INTEGER NOT NULL DEFAULT 0,
  queued      INTEGER NOT NULL DEFAULT 0,
  running     INTEGER NOT NULL DEFAULT 0,
  succeeded   INTEGER NOT NULL DEFAULT 0,
  failed      INTEGER NOT NULL DEFAULT 0,
  dead        INTEGER NOT NULL DEFAULT 0,
  cancelled   INTEGER NOT NULL DEFAULT 0,
  expired     INTEGER NOT NULL DEFAULT 0,
  usage       TEXT NOT NULL DEFAULT '{}',
  started_at  INTEGER,
  finished_at INTEGER,
  results_key TEXT,
  PRIMARY KEY (batch_id, chunk)
) WITHOUT ROWID;

-- `close_at` is when the sweep must check whether a batch is finished and its results are complete in R2.
-- `after_batch` is the batch that it waits for while `waits` is 1; `template` builds its tasks from that batch's results.
ALTER TABLE batches ADD COLUMN close_at INTEGER;
ALTER TABLE batches ADD COLUMN webhook TEXT;
ALTER TABLE batches ADD COLUMN after_batch TEXT;
ALTER TABLE batches ADD COLUMN after_status TEXT;
ALTER TABLE batches ADD COLUMN template TEXT;
ALTER TABLE batches ADD COLUMN waits INTEGER NOT NULL DEFAULT 0;
ALTER TABLE batches ADD COLUMN scopes TEXT;
ALTER TABLE batches ADD COLUMN problem TEXT;
ALTER TABLE batches ADD COLUMN paused_at INTEGER;
CREATE INDEX batches_close ON batches (close_at) WHERE close_at IS NOT NULL;
CREATE INDEX batches_waiting ON batches (after_batch) WHERE waits = 1;

ALTER TABLE tasks ADD COLUMN webhook TEXT;
ALTER TABLE tasks ADD COLUMN concurrency_key TEXT;
ALTER TABLE tasks ADD COLUMN concurrency_limit INTEGER;
ALTER TABLE tasks ADD COLUMN parked TEXT;
CREATE INDEX tasks_slots ON tasks (tenant, concurrency_key, status) WHERE concurrency_key IS NOT NULL;

CREATE TRIGGER tasks_inserted AFTER INSERT ON tasks WHEN new.batch_id IS NOT NULL
BEGIN
  UPDATE batch_tallies SET stale = 1
  WHERE batch_id = new.batch_id AND chunk = new.batch_index / 500 AND stale = 0;
  INSERT INTO batch_tallies (batch_id, chunk, stale)
  SELECT new.batch_id, new.batch_index / 500, 1
  WHERE NOT EXISTS (SELECT 1 FROM batch_tallies
    WHERE batch_id = new.batch_id AND chunk = new.batch_index / 500);
END;

CREATE TRIGGER tasks_moved AFTER UPDATE OF status ON tasks
WHEN new.batch_id IS NOT NULL AND new.status <> old.status
BEGIN
  UPDATE batch_tallies SET stale = 1
  WHERE batch_id = new.batch_id AND chunk = new.batch_index / 500 AND stale = 0;
END;

-- A redriven task reopens its batch.
CREATE TRIGGER tasks_reopened AFTER UPDATE OF status ON tasks
WHEN new.batch_id IS NOT NULL AND new.status = 'queued' AND old.status NOT IN ('queued', 'running')
BEGIN
  UPDATE batches SET status = 'running', finished_at = NULL, cancel_requested_at = NULL,
    close_at = CAST(unixepoch('subsec') * 1000 AS INTEGER)
  WHERE id = new.batch_id AND status = 'finished';
END;

CREATE TRIGGER batches_deleted AFTER DELETE ON batches
BEGIN
  DELETE FROM batch_tallies WHERE batch_id = old.id;
END;

-- The outbox of webhooks. A row is inserted in the write that ends its task or batch.
-- `due_at` is when it must be sent (again); null once it is delivered or dead.
CREATE TABLE webhooks (
  id         TEXT PRIMARY KEY,
  tenant     TEXT NOT NULL,
  event      TEXT NOT NULL CHECK (event IN ('task.ended','batch.finished')),
  subject    TEXT NOT NULL,
  target     TEXT NOT NULL,
  state      TEXT NOT NULL CHECK (state IN ('waiting','delivered','dead')),
  tries      INTEGER NOT NULL DEFAULT 0,
  due_at     INTEGER,
  last_error TEXT,
  created_at INTEGER NOT NULL,
  ended_at   INTEGER
) WITHOUT ROWID;

CREATE INDEX webhooks_due ON webhooks (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX webhooks_dead ON webhooks (tenant, id) WHERE state = 'dead';

CREATE TRIGGER tasks_told AFTER UPDATE OF status ON tasks
WHEN new.webhook IS NOT NULL AND new.status NOT IN ('queued', 'running') AND old.status IN ('queued', 'running')
BEGIN
  INSERT INTO webhooks (id, tenant, event, subject, target, state, due_at, created_at)
  SELECT 'hook_' || substr(new.id, 6) || '-' || new.fence, new.tenant, 'task.ended', new.id,
    new.webhook, 'waiting', new.finished_at, new.finished_at
  WHERE NOT EXISTS (SELECT 1 FROM webhooks WHERE id = 'hook_' || substr(new.id, 6) || '-' || new.fence);
END;

CREATE TRIGGER batches_told AFTER UPDATE OF status ON batches
WHEN new.webhook IS NOT NULL AND new.status = 'finished' AND old.status <> 'finished'
BEGIN
  INSERT INTO webhooks (id, tenant, event, subject, target, state, due_at, created_at)
  SELECT 'hook_' || substr(new.id, 7) || '-' || new.finished_at, new.tenant, 'batch.finished', new.id,
    new.webhook, 'waiting', new.finished_at, new.finished_at
  WHERE NOT EXISTS (SELECT 1 FROM webhooks WHERE id = 'hook_' || substr(new.id, 7) || '-' || new.finished_at);
END;

-- Pauses of `fleet` or `model <id>`. Batches are paused in their own row.
CREATE TABLE pauses (
  name      TEXT PRIMARY KEY,
  paused_at INTEGER NOT NULL
) WITHOUT ROWID;

-- Messages of the queue `inbox` that created no task, each with the reason.
CREATE TABLE inbox_dead (
  id          TEXT PRIMARY KEY,
  tenant      TEXT NOT NULL,
  body        TEXT NOT NULL,
  problem     TEXT NOT NULL,
  received_at INTEGER NOT NULL
) WITHOUT ROWID;

-- Existing batches are counted and closed like new ones.
INSERT INTO batch_tallies (batch_id, chunk, stale)
SELECT DISTINCT batch_id, batch_index / 500, 1 FROM tasks WHERE batch_id IS NOT NULL;
UPDATE batches SET close_at = 0;
