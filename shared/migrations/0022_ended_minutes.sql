-- Ended tasks of a tally by minute, counted with the tally: a chart of an hour is read from tallies, and from tasks
-- only when a tally is stale. JSON: a list of [start of the minute, status, tasks, tokens, dollars]. Null in a
-- tally that was counted before this migration.
ALTER TABLE batch_tallies ADD COLUMN ended TEXT;
