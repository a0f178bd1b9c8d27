-- The fence of the run that a resumed task continues; null for one that started from scratch.
ALTER TABLE tasks ADD COLUMN resumed_from INTEGER;
