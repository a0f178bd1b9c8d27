-- While a task waits for the model of a judge or of an escalation, `model` names that model, so that its flow,
-- its governor and its pauses are that model's; `own_model` then names the task's own.
ALTER TABLE tasks ADD COLUMN own_model TEXT;

-- What its checks, samples and escalations did, as JSON; null for a task without any.
ALTER TABLE tasks ADD COLUMN quality TEXT;

-- The same, summed over 500 lines of a batch.
ALTER TABLE batch_tallies ADD COLUMN quality TEXT;
