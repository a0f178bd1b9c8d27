/**
 * The queue `inbox`: any Worker of the account sends complete tasks with their tenant. A message is one
 * submission, however often it is delivered: its id is the idempotency key if the task has none. An invalid
 * message goes to the queue `inbox-dlq` with the reason, and from there to a table that the API lists.
 */
import { inboxLimits, taskLimits } from "../../shared/limits.ts";
import { log } from "../../shared/platform/log.ts";
import { logFailure, StoreFault } from "../../shared/platform/retries.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { insertDeadMessage } from "../../shared/store/inbox.ts";
import { isRecord } from "../../shared/text/json.ts";
import { isTenant, type Principal, scopes } from "../auth/principal.ts";
import { checkDatabaseRoom } from "../auth/rate_limit.ts";
import type { ProducerEnv } from "../env.ts";
import { jsonCopy } from "../http/json_text.ts";
import { detailsOf, invalidField, type Problem } from "../http/problem.ts";
import { submitTask } from "../tasks/submit.ts";

/** A message that gave no task, and why. */
interface RejectedMessage {
  v: 1;
  message_id: string;
  body: unknown;
  problem: { code: string; message: string; details: unknown[] };
}

/** Handles each message by itself. Never throws. */
export async function readInbox(env: ProducerEnv, batch: MessageBatch<unknown>): Promise<void> {
  const handle = batch.queue.includes("inbox-dlq") ? storeDeadMessage : submitMessage;
  for (const message of batch.messages) {
    try {
      await handle(env, message);
      message.ack();
    } catch (error) {
      logFailure("inbox", error);
      message.retry({ delaySeconds: inboxLimits.retrySeconds });
    }
  }
}

async function submitMessage(env: ProducerEnv, message: Message<unknown>): Promise<void> {
  const roomCheck = await checkDatabaseRoom(env);
  // The message waits in its queue, as when a store is down.
  if (!roomCheck.ok) throw new StoreFault(roomCheck.error.message);
  const parsed = parseMessage(message.body);
  const submission = parsed.ok
    ? await submitTask(
        env,
        parsed.value.principal,
        parsed.value.task,
        keyOf(parsed.value.task, message.id),
      )
    : parsed;
  if (submission.ok) return;
  log("inbox_rejected", { message_id: message.id, code: submission.error.kind });
  await env.INBOX_DLQ.send(rejectedMessage(message, submission.error));
}

const noTenant = invalidField(
  "tenant",
  'is missing or invalid: a message is a complete task as an object, plus its "tenant"',
);

const messageSize = { bytesMax: taskLimits.bodyBytesMax, depthMax: taskLimits.jsonDepthMax };

/** The account's own Workers are trusted with the tenant that they name. */
function parseMessage(body: unknown): Result<{ principal: Principal; task: object }, Problem> {
  const copied = jsonCopy(body, messageSize);
  if (!copied.ok) return copied;
  if (!isRecord(copied.value)) return err(noTenant);
  const { tenant, ...task } = copied.value;
  return isTenant(tenant) ? ok({ principal: { tenant, scopes }, task }) : err(noTenant);
}

const keyOf = (task: object, messageId: string): string | null =>
  "idempotency_key" in task ? null : `inbox:${messageId}`;

function rejectedMessage({ id, body }: Message<unknown>, problem: Problem): RejectedMessage {
  const { kind: code, message } = problem;
  const copied = jsonCopy(body, messageSize);
  const shown = copied.ok ? copied.value : null;
  const problemText = { code, message, details: detailsOf(problem) };
  return { v: 1, message_id: id, body: shown, problem: problemText };
}

/** A message that the platform gave up on arrives as it was sent. */
async function storeDeadMessage(env: ProducerEnv, message: Message<unknown>): Promise<void> {
  const isRejection = isRejected(message.body)
    ? message.body
    : rejectedMessage(message, {
        kind: "unavailable",
        message: "every delivery failed because a store was unavailable: send the message again",
      });
  const { body } = isRejection;
  const tenant = typeof body === "object" && body !== null && "tenant" in body ? body.tenant : null;
  await insertDeadMessage(env.DB, {
    id: isRejection.message_id,
    tenant: isTenant(tenant) ? tenant : "default",
    body: (JSON.stringify(body) ?? "null").slice(0, inboxLimits.bodyCharsStored),
    problem: JSON.stringify(isRejection.problem),
    received_at: message.timestamp.getTime(),
  });
}

const isRejected = (body: unknown): body is RejectedMessage =>
  typeof body === "object" &&
  body !== null &&
  "v" in body &&
  "message_id" in body &&
  "problem" in body;
