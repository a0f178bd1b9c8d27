-- When a deployment last used a policy: a claim pins only policies of its deployment.
ALTER TABLE policies ADD COLUMN used_at INTEGER NOT NULL DEFAULT 0;
UPDATE policies SET used_at = CAST(unixepoch('subsec') * 1000 AS INTEGER);

-- The cursor of each cleanup of the sweep, so that every tick is bounded and continues the last one.
-- `due_at` is when the next page may be taken; taking a page moves it ahead.
CREATE TABLE walks (
  name     TEXT PRIMARY KEY,
  position TEXT NOT NULL,
  due_at   INTEGER NOT NULL
) WITHOUT ROWID;

INSERT INTO walks (name, position, due_at) VALUES
  ('batches', '', 0), ('tasks', '', 0), ('policies', '', 0),
  ('task_objects', '', 0), ('batch_objects', '', 0);
