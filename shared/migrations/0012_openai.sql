-- Files of the OpenAI API: uploads, and the output files of finished batches. A row is inserted before its object:
-- `bytes` is null until the object is complete. `run` is the batch's `finished_at`; a redrive creates other files.
CREATE TABLE files (
  id         TEXT PRIMARY KEY,
  tenant     TEXT NOT NULL,
  filename   TEXT NOT NULL,
  purpose    TEXT NOT NULL CHECK (purpose IN ('batch','batch_output')),
  bytes      INTEGER,
  created_at INTEGER NOT NULL,
  expires_at INTEGER,
  batch_id   TEXT,
  holds      TEXT CHECK (holds IN ('output','errors')),
  run        INTEGER,
  deleted_at INTEGER,
  CHECK ((purpose = 'batch_output') = (batch_id IS NOT NULL AND holds IS NOT NULL AND run IS NOT NULL))
) WITHOUT ROWID;

CREATE UNIQUE INDEX files_of_batch ON files (batch_id, run, holds) WHERE batch_id IS NOT NULL;

-- The fields of a batch of the OpenAI API; null for every other batch.
ALTER TABLE batches ADD COLUMN openai TEXT;

CREATE TRIGGER batches_left AFTER DELETE ON batches WHEN old.openai IS NOT NULL
BEGIN
  DELETE FROM files WHERE batch_id = old.id;
END;

INSERT INTO walks (name, position, due_at) VALUES ('files', '', 0);
