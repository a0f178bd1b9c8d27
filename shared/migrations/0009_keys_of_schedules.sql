-- The key of `api_keys` that wrote a schedule last, or sent a batch: later submissions in its name check that it
-- is still valid, and count against its limits. Null for the fleet's own key, Cloudflare Access, the account's
-- own Workers, and rows from before this migration.
-- `open_problem` is why the open tick is deferred.
ALTER TABLE schedules ADD COLUMN key_id TEXT;
ALTER TABLE schedules ADD COLUMN open_problem TEXT;
ALTER TABLE batches ADD COLUMN key_id TEXT;

-- A CHECK cannot be changed in place: the table is created again, with two more outcomes.
ALTER TABLE ticks RENAME TO ticks_before;
CREATE TABLE ticks (
  schedule_id TEXT NOT NULL,
  tick_at     INTEGER NOT NULL,
  tenant      TEXT NOT NULL,
  outcome     TEXT NOT NULL CHECK (outcome IN
                ('submitted','overlapped','missed','refused','failed','key_revoked','key_expired')),
  missed      INTEGER NOT NULL,
  batch_id    TEXT,
  problem     TEXT,
  ended_at    INTEGER NOT NULL,
  PRIMARY KEY (schedule_id, tick_at)
) WITHOUT ROWID;
INSERT INTO ticks (schedule_id, tick_at, tenant, outcome, missed, batch_id, problem, ended_at)
SELECT schedule_id, tick_at, tenant, outcome, missed, batch_id, problem, ended_at FROM ticks_before;
DROP TABLE ticks_before;

-- Cleanups of webhooks, and of messages that created no task.
INSERT INTO walks (name, position, due_at) VALUES ('webhooks', '', 0), ('inbox_dead', '', 0);
