-- Evaluations: variants over the same rows, each variant a batch. The rows, graders and grades are objects in R2;
-- they outlive the tasks. `batches` and `judges` are JSON lists of batch ids, in the order of the variants and of
-- the judging graders. `due_at` is when the cron looks at it again; null once it is finished.
CREATE TABLE evals (
  id              TEXT PRIMARY KEY,
  tenant          TEXT NOT NULL,
  name            TEXT,
  status          TEXT NOT NULL CHECK (status IN ('starting','running','judging','finished','failed')),
  idempotency_key TEXT,
  body_hash       TEXT NOT NULL,
  rows_hash       TEXT NOT NULL,
  rows            INTEGER NOT NULL,
  samples         INTEGER NOT NULL,
  variants        TEXT NOT NULL,
  batches         TEXT NOT NULL DEFAULT '[]',
  judges          TEXT NOT NULL DEFAULT '[]',
  scopes          TEXT NOT NULL,
  key_id          TEXT,
  report          TEXT,
  problem         TEXT,
  created_at      INTEGER NOT NULL,
  finished_at     INTEGER,
  due_at          INTEGER
) WITHOUT ROWID;

CREATE INDEX evals_of_tenant ON evals (tenant, id);
CREATE UNIQUE INDEX evals_key ON evals (tenant, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX evals_due ON evals (due_at) WHERE due_at IS NOT NULL;
