-- Who is sent the result of a task that came by mail, as JSON; null for every other task.
ALTER TABLE tasks ADD COLUMN answer_to TEXT;

-- The try that began to send a mail. Nobody who receives a mail can tell that it came before, as a webhook's
-- endpoint can: one that was begun and has no outcome is never sent again.
ALTER TABLE webhooks ADD COLUMN sending INTEGER;

CREATE TRIGGER tasks_answered AFTER UPDATE OF status ON tasks
WHEN new.answer_to IS NOT NULL AND new.status NOT IN ('queued', 'running') AND old.status IN ('queued', 'running')
BEGIN
  INSERT INTO webhooks (id, tenant, event, subject, target, state, due_at, created_at)
  SELECT 'hook_' || substr(new.id, 6) || '-' || new.fence || '-mail', new.tenant, 'task.ended', new.id,
    new.answer_to, 'waiting', new.finished_at, new.finished_at
  WHERE NOT EXISTS (SELECT 1 FROM webhooks
    WHERE id = 'hook_' || substr(new.id, 6) || '-' || new.fence || '-mail');
END;

-- What was told of a task or a batch goes with it: the address that a mail was answered at, too.
CREATE TRIGGER tasks_forgotten AFTER DELETE ON tasks
BEGIN
  DELETE FROM webhooks
  WHERE id > 'hook_' || substr(old.id, 6) || '-' AND id < 'hook_' || substr(old.id, 6) || '.';
END;

CREATE TRIGGER batches_forgotten AFTER DELETE ON batches
BEGIN
  DELETE FROM webhooks
  WHERE id > 'hook_' || substr(old.id, 7) || '-' AND id < 'hook_' || substr(old.id, 7) || '.';
END;
