-- What a task is charged for the requests of a step before their outcome is known: a part of its usage, as JSON.
-- NULL once the step has ended and its own row holds the usage.
ALTER TABLE egress_log ADD COLUMN charge TEXT;
