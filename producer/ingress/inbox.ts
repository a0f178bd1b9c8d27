/**
 * The queue `inbox`: any Worker of the account sends whole tasks, with their tenant. A message is one
 * submission, by its own id where the task names no key, however often it is delivered. What makes no
 * task goes to the queue `inbox-dlq` with the reason, and from there to a table that can be listed.
 */
import { inboxLimits } from "../../shared/limits.ts";
import { log, logBug } from "../../shared/log.ts";
import { err } from "../../shared/result.ts";
import { StoreFault } from "../../shared/retrying.ts";
import { insertDeadMessage } from "../../shared/store/inbox.ts";
import { isTenant, type Principal, scopes } from "../auth/principal.ts";
import type { ProducerEnv } from "../env.ts";
import { type Problem, refusedAt } from "../http/problem.ts";
import { submitTask } from "../tasks/submit.ts";

/** What is said of a message that made no task. */
interface Rejected {
  v: 1;
  message_id: string;
  body: unknown;
  problem: { code: string; message: string; details: unknown[] };
}

/** Decides each message once, by itself; never throws. */
export async function readInbox(env: ProducerEnv, batch: MessageBatch<unknown>): Promise<void> {
  const handle = batch.queue.includes("inbox-dlq") ? bury : take;
  for (const message of batch.messages) {
    try {
      await handle(env, message);
      message.ack();
    } catch (error) {
      if (!(error instanceof StoreFault)) logBug("inbox", error);
      message.retry({ delaySeconds: inboxLimits.retrySeconds });
    }
  }
}

async function take(env: ProducerEnv, message: Message<unknown>): Promise<void> {
  const told = tenantOf(message.body);
  const submitted =
    told === null
      ? err(noTenant)
      : await submitTask(env, told.principal, told.task, keyOf(told.task, message.id));
  if (submitted.ok) return;
  log("inbox_rejected", { message_id: message.id, code: submitted.error.kind });
  await env.INBOX_DLQ.send(rejected(message, submitted.error));
}

const noTenant = refusedAt(
  "tenant",
  'a message is an object: a whole task, and beside it the "tenant" that it belongs to',
);

/** The account's own Workers are trusted with the tenant that they name. */
function tenantOf(body: unknown): { principal: Principal; task: object } | null {
  if (typeof body !== "object" || body === null || !("tenant" in body)) return null;
  const { tenant, ...task } = body;
  return isTenant(tenant) ? { principal: { tenant, scopes }, task } : null;
}

const keyOf = (task: object, messageId: string): string | null =>
  "idempotency_key" in task ? null : `inbox:${messageId}`;

function rejected({ id, body }: Message<unknown>, problem: Problem): Rejected {
  const details = "details" in problem ? (problem.details ?? []) : [];
  const { kind: code, message } = problem;
  return { v: 1, message_id: id, body, problem: { code, message, details } };
}

/** Also for messages that the platform gave up on: they come as they were sent. */
async function bury(env: ProducerEnv, message: Message<unknown>): Promise<void> {
  const told = isRejected(message.body)
    ? message.body
    : rejected(message, {
        kind: "unavailable",
        message: "no delivery ended: a store failed each time; send it again",
      });
  const { body } = told;
  const named = typeof body === "object" && body !== null && "tenant" in body ? body.tenant : null;
  await insertDeadMessage(env.DB, {
    id: told.message_id,
    tenant: isTenant(named) ? named : "default",
    body: (JSON.stringify(body) ?? "null").slice(0, inboxLimits.bodyCharsKept),
    problem: JSON.stringify(told.problem),
    received_at: message.timestamp.getTime(),
  });
}

const isRejected = (body: unknown): body is Rejected =>
  typeof body === "object" &&
  body !== null &&
  "v" in body &&
  "message_id" in body &&
  "problem" in body;
