-- How often a claim was taken over from a worker that died or stalled: each may have made one model call that
-- is in no journal, and the budgets of tokens and dollars include an estimate of it.
ALTER TABLE tasks ADD COLUMN lost_claims INTEGER NOT NULL DEFAULT 0;
