-- One row. `marked_at` is written each minute, and then to R2: when the mark in R2 is newer, the database was
-- restored to an earlier state, and `epoch` is raised. A live task of an earlier epoch does not start until a person
-- decides, because it may have run after the point that the restore went back to.
CREATE TABLE fleet_epoch (
  id          INTEGER PRIMARY KEY CHECK (id = 1),
  epoch       INTEGER NOT NULL,
  marked_at   INTEGER NOT NULL,
  restored_at INTEGER,
  parking     INTEGER NOT NULL DEFAULT 0
);

INSERT INTO fleet_epoch (id, epoch, marked_at) VALUES (1, 0, 0);

ALTER TABLE tasks ADD COLUMN epoch INTEGER NOT NULL DEFAULT 0;
