-- What a settled task weighs, apart from its row: prompt, transcript, output and the whole error, compressed
-- (shared/store/tasks/task_body.ts). A table with rowids stores a body in the bytes that it has; in `tasks`,
-- which has none, whatever a row has over 1,002 bytes takes a page of 4,096. A number as the key needs no index.
-- Bodies of rows that settled before are moved page by page by the cron (walk `task_bodies`).
CREATE TABLE task_bodies (
  id    INTEGER PRIMARY KEY,
  bytes BLOB NOT NULL
);

ALTER TABLE tasks ADD COLUMN body_id INTEGER;

-- A redrive takes the body back into the row.
CREATE TRIGGER tasks_unpacked AFTER UPDATE OF body_id ON tasks
WHEN old.body_id IS NOT NULL AND new.body_id IS NOT old.body_id
BEGIN
  DELETE FROM task_bodies WHERE id = old.body_id;
END;

CREATE TRIGGER tasks_removed AFTER DELETE ON tasks WHEN old.body_id IS NOT NULL
BEGIN
  DELETE FROM task_bodies WHERE id = old.body_id;
END;

INSERT INTO walks (name, position, due_at) VALUES ('task_bodies', '', 0);
