-- What ended badly is looked for among many that succeeded. Only a task that ends so writes this index, and
-- one that succeeds never does. It takes the place of the index of dead tasks alone.
DROP INDEX tasks_dead;
CREATE INDEX tasks_ended_badly ON tasks (tenant, status, id)
WHERE status NOT IN ('queued', 'running', 'succeeded');
