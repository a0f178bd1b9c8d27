-- The fence of the run whose transcript a resumed task goes on from; null for one that began from its start.
ALTER TABLE tasks ADD COLUMN resumed_from INTEGER;
