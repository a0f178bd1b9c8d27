-- Calls that wait for a person. A call is known by its id and the time of the reply that holds it: after a
-- redrive from scratch the same id is another call. A row of a settled task is history.
CREATE TABLE approvals (
  id             TEXT PRIMARY KEY,
  tenant         TEXT NOT NULL,
  task_id        TEXT NOT NULL,
  batch_id       TEXT,
  call_id        TEXT NOT NULL,
  replied_at     INTEGER NOT NULL,
  tool           TEXT NOT NULL,
  arguments      TEXT NOT NULL,
  arguments_hash TEXT NOT NULL,
  steps          TEXT NOT NULL,
  status         TEXT NOT NULL CHECK (status IN ('pending','approved','denied')),
  on_timeout     TEXT NOT NULL CHECK (on_timeout IN ('fail','deny','approve')),
  deadline_at    INTEGER NOT NULL,
  edited         TEXT,
  note           TEXT,
  problem        TEXT,
  decided_by     TEXT,
  decided_at     INTEGER,
  created_at     INTEGER NOT NULL
) WITHOUT ROWID;

CREATE UNIQUE INDEX approvals_call ON approvals (task_id, call_id, replied_at);
CREATE INDEX approvals_pending ON approvals (tenant, id) WHERE status = 'pending';

CREATE TRIGGER approvals_left AFTER DELETE ON tasks
BEGIN
  DELETE FROM approvals WHERE task_id = old.id;
END;

-- The outbox takes one more event. SQLite cannot change a CHECK, and it checks the triggers that name a table when
-- that table is renamed, so the rows move to a copy and back.
CREATE TABLE webhooks_copy AS SELECT * FROM webhooks;
DROP TABLE webhooks;
CREATE TABLE webhooks (
  id         TEXT PRIMARY KEY,
  tenant     TEXT NOT NULL,
  event      TEXT NOT NULL CHECK (event IN ('task.ended','batch.finished','approval.requested')),
  subject    TEXT NOT NULL,
  target     TEXT NOT NULL,
  state      TEXT NOT NULL CHECK (state IN ('waiting','delivered','dead')),
  tries      INTEGER NOT NULL DEFAULT 0,
  due_at     INTEGER,
  last_error TEXT,
  created_at INTEGER NOT NULL,
  ended_at   INTEGER,
  sending    INTEGER
) WITHOUT ROWID;
INSERT INTO webhooks (id, tenant, event, subject, target, state, tries, due_at, last_error, created_at, ended_at, sending)
SELECT id, tenant, event, subject, target, state, tries, due_at, last_error, created_at, ended_at, sending
FROM webhooks_copy;
DROP TABLE webhooks_copy;
CREATE INDEX webhooks_due ON webhooks (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX webhooks_dead ON webhooks (tenant, id) WHERE state = 'dead';
