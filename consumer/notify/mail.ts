/**
 * One try of the reply to a mail. Its recipient cannot tell a repetition from a second reply, so it is sent at
 * most once: the row is marked as sending first, and a marked row without an outcome is not tried again. A mail
 * that the service rejects with one of its codes was not sent.
 */

import { getBytes, getText, objectKeys } from "../../shared/files/objects.ts";
import { mailAnswerLimits } from "../../shared/limits.ts";
import { log } from "../../shared/platform/log.ts";
import type { ReplyTo } from "../../shared/platform/reply_to.ts";
import { withTimeout } from "../../shared/platform/timeout.ts";
import { ok } from "../../shared/result.ts";
import type { TaskRow } from "../../shared/store/tasks/task_row.ts";
import { readTask } from "../../shared/store/tasks/tasks.ts";
import { markSending, type WebhookRow } from "../../shared/store/webhooks.ts";
import { type Manifest, readTranscript } from "../../shared/task/transcript.ts";
import type { ConsumerEnv } from "../config/env.ts";
import {
  attachmentName,
  chooseAttachments,
  formatMail,
  mailHeaders,
  replySubject,
} from "./mail_text.ts";
import { findEarlierRun } from "./payload.ts";
import { failedFinally, failedTry, type TryResult } from "./try_result.ts";

export async function sendMailReply(
  env: ConsumerEnv,
  row: WebhookRow,
  replyTo: ReplyTo,
): Promise<TryResult> {
  if (row.sending !== null)
    return failedFinally("an earlier try may have sent it and has no outcome");
  const { MAIL } = env;
  if (MAIL === undefined) {
    return failedTry("the consumer has no binding MAIL (send_email): docs/ingress.md shows how");
  }
  const task = await readTask(env.DB, row.tenant, row.subject);
  if (task === null) return failedFinally(`${row.subject} is gone`);
  const message = await buildMessage(env, row, task, replyTo);
  if (!(await markSending(env.DB, row))) return failedTry("another try has started");
  try {
    await withTimeout("the mail service", mailAnswerLimits.sendMsMax, MAIL.send(message));
  } catch (error) {
    const code = codeOf(error);
    log("mail_reply_attempt", { webhook_id: row.id, tries: row.tries, sent: false, why: code });
    return isRejection(code)
      ? failedTry(`the mail service rejected it: ${code}`)
      : failedFinally(`the mail service failed (${code}), and the mail may have been sent`);
  }
  log("mail_reply_attempt", { webhook_id: row.id, tries: row.tries, sent: true });
  return ok(undefined);
}

/** The code or "no code": the service's message may quote the mail. */
function codeOf(error: unknown): string {
  const code = typeof error === "object" && error !== null && "code" in error ? error.code : null;
  return typeof code === "string" && /^[A-Z][A-Z_]{1,60}$/.test(code) ? code : "no code";
}

/** The service's codes mean that it did not accept the mail, except for these two. */
const isRejection = (code: string): boolean =>
  code.startsWith("E_") && !["E_INTERNAL_SERVER_ERROR", "E_DELIVERY_FAILED"].includes(code);

async function buildMessage(
  env: ConsumerEnv,
  row: WebhookRow,
  task: TaskRow,
  replyTo: ReplyTo,
): Promise<EmailMessageBuilder> {
  const run = findEarlierRun(row, task);
  const files = run === undefined ? await listWrittenFiles(env, task) : {};
  const choice = chooseAttachments(files);
  const attachments: EmailAttachment[] = [];
  for (const { path, type } of choice) {
    const { sha256 } = files[path] ?? { sha256: "" };
    const key = objectKeys.blob(task.tenant, task.id, sha256);
    const content = await getBytes(env.OBJECTS, key);
    if (content === null) continue;
    attachments.push({ disposition: "attachment", filename: attachmentName(path), type, content });
  }
  const output = run === undefined ? await readOutput(env, task) : null;
  return {
    from: replyTo.mailbox,
    to: replyTo.to,
    subject: replySubject(replyTo.subject),
    headers: mailHeaders(replyTo, row.id),
    text: formatMail({ task, run, output, files, attached: choice.map(({ path }) => path) }),
    ...(attachments.length === 0 ? {} : { attachments }),
  };
}

/** The files that the task wrote, without those that came with the mail. */
async function listWrittenFiles(env: ConsumerEnv, task: TaskRow): Promise<Manifest> {
  const { workspace } = await readTranscript(env.DB, env.OBJECTS, task);
  return Object.fromEntries(
    Object.entries(workspace ?? {}).filter(([, { source }]) => source === "blob"),
  );
}

async function readOutput(env: ConsumerEnv, { output, result_key }: TaskRow): Promise<unknown> {
  if (output !== null) return JSON.parse(output) as unknown;
  const text = result_key === null ? null : await getText(env.OBJECTS, result_key);
  return text === null ? null : (JSON.parse(text) as { output: unknown }).output;
}
