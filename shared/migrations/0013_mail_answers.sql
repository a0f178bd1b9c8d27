-- Where the result of a task that came by mail is sent, as JSON; null for every other task.
ALTER TABLE tasks ADD COLUMN answer_to TEXT;

-- The try that started to send a mail. The receiver of a mail cannot drop repetitions, as the endpoint of a
-- webhook can, so a mail that was started and has no outcome is never sent again.
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

-- The webhooks of a task or a batch are deleted with it, including the address of a mail reply.
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
