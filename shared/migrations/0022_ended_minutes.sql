-- What ended in which minute among the lines of a tally, counted when the tally is: a chart of an hour is then
-- read from the tallies, and from tasks only where a tally is stale. JSON: a list of lists, each a minute's
-- beginning, a status, tasks, tokens and dollars. Null in a tally that was counted before this migration.
ALTER TABLE batch_tallies ADD COLUMN ended TEXT;
