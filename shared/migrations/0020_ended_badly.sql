-- Unsuccessful tasks are searched for among many successful ones. Only an unsuccessful task writes this index.
-- It replaces the index of dead tasks.
DROP INDEX tasks_dead;
CREATE INDEX tasks_ended_badly ON tasks (tenant, status, id)
WHERE status NOT IN ('queued', 'running', 'succeeded');
