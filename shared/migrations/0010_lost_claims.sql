-- How often a claim was taken from a worker that died or stalled: each may have bought one call of the
-- model that is in no journal, and the budget of tokens and dollars reckons with it.
ALTER TABLE tasks ADD COLUMN lost_claims INTEGER NOT NULL DEFAULT 0;
