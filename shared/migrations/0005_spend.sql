-- What each tenant's model calls used, by day and model. A task's steps are charged in the write that ends
-- its slice: `charged_seq` is the last charged step, so no step is charged twice.
CREATE TABLE spend (
  tenant            TEXT NOT NULL,
  day               TEXT NOT NULL,
  model             TEXT NOT NULL,
  calls             INTEGER NOT NULL,
  prompt_tokens     INTEGER NOT NULL,
  cached_tokens     INTEGER NOT NULL,
  completion_tokens INTEGER NOT NULL,
  unpriced_tokens   INTEGER NOT NULL,
  cost_usd          REAL NOT NULL,
  PRIMARY KEY (tenant, day, model)
) WITHOUT ROWID;

ALTER TABLE tasks ADD COLUMN charged_seq INTEGER NOT NULL DEFAULT 0;
