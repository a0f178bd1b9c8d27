-- Schedules. `next_at` is the cursor: the next tick of the cron expression. `open_tick` is a tick that has
-- started and has no outcome yet, so that a crash loses none. `wake_at` is when the cron handler must check:
-- at `next_at`, or when the lease of an open tick expires.
CREATE TABLE schedules (
  id          TEXT PRIMARY KEY,
  tenant      TEXT NOT NULL,
  name        TEXT NOT NULL,
  cron        TEXT NOT NULL,
  timezone    TEXT NOT NULL,
  template    TEXT NOT NULL,
  items       TEXT NOT NULL,
  overlap     TEXT NOT NULL CHECK (overlap IN ('skip','allow')),
  catch_up    TEXT NOT NULL CHECK (catch_up IN ('once','skip')),
  enabled     INTEGER NOT NULL,
  scopes      TEXT NOT NULL,
  created_at  INTEGER NOT NULL,
  updated_at  INTEGER NOT NULL,
  next_at     INTEGER,
  open_tick   INTEGER,
  open_missed INTEGER NOT NULL DEFAULT 0,
  open_tries  INTEGER NOT NULL DEFAULT 0,
  wake_at     INTEGER
) WITHOUT ROWID;

CREATE UNIQUE INDEX schedules_name ON schedules (tenant, name);
CREATE INDEX schedules_wake ON schedules (wake_at) WHERE wake_at IS NOT NULL;

-- The outcome of each tick, the last few of each schedule.
CREATE TABLE ticks (
  schedule_id TEXT NOT NULL,
  tick_at     INTEGER NOT NULL,
  tenant      TEXT NOT NULL,
  outcome     TEXT NOT NULL CHECK (outcome IN
                ('submitted','overlapped','missed','refused','failed')),
  missed      INTEGER NOT NULL,
  batch_id    TEXT,
  problem     TEXT,
  ended_at    INTEGER NOT NULL,
  PRIMARY KEY (schedule_id, tick_at)
) WITHOUT ROWID;

-- The tick that created a batch: one batch per tick, even with concurrent crons.
ALTER TABLE batches ADD COLUMN schedule_id TEXT;
ALTER TABLE batches ADD COLUMN tick_at INTEGER;
CREATE UNIQUE INDEX batches_tick ON batches (schedule_id, tick_at) WHERE schedule_id IS NOT NULL;
