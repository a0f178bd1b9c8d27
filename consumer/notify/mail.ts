/**
 * One try of the answer to a mail. Nobody who gets it can tell a repetition from a second answer, so it is
 * sent at most once: the row says that sending begins before it does, and a row that says so without an
 * outcome is given up as one that may have left. What the service refuses by its own code has not left.
 */
import type { AnswerTo } from "../../shared/answer_to.ts";
import { inTime } from "../../shared/in_time.ts";
import { answerLimits, webhookLimits } from "../../shared/limits.ts";
import { log } from "../../shared/log.ts";
import { getBytes, getText, objectKeys } from "../../shared/objects.ts";
import type { TaskRow } from "../../shared/store/task_row.ts";
import { readTask } from "../../shared/store/tasks.ts";
import { beginSending, type TryEnd, type WebhookRow } from "../../shared/store/webhooks.ts";
import { type Manifest, readTranscript } from "../../shared/transcript.ts";
import type { ConsumerEnv } from "../config/env.ts";
import { attachable, attachmentName, mailHeaders, mailText, replySubject } from "./mail_text.ts";
import { earlierRun } from "./payload.ts";

/** `failed` is due again after a wait: it is known that nothing was sent. */
export async function answered(
  env: ConsumerEnv,
  hook: WebhookRow,
  answer: AnswerTo,
): Promise<TryEnd | { failed: string }> {
  if (hook.sending !== null) return dead("an earlier try may have sent it, and had no outcome");
  const { MAIL } = env;
  if (MAIL === undefined) {
    return { failed: "the consumer has no binding MAIL (send_email): docs/ways-in.md shows how" };
  }
  const task = await readTask(env.DB, hook.tenant, hook.subject);
  if (task === null) return dead(`${hook.subject} is gone`);
  const message = await messageOf(env, hook, task, answer);
  if (!(await beginSending(env.DB, hook))) return { failed: "another try has begun" };
  try {
    await inTime("the mail service", answerLimits.sendMsMax, MAIL.send(message));
  } catch (error) {
    const why = codeOf(error);
    log("mail_answered", { webhook_id: hook.id, tries: hook.tries, sent: false, why });
    return refusedBefore(why)
      ? { failed: `the mail service refused it: ${why}` }
      : dead(`the mail service failed (${why}), and the mail may have left`);
  }
  log("mail_answered", { webhook_id: hook.id, tries: hook.tries, sent: true });
  return { state: "delivered" };
}

const dead = (error: string): TryEnd => ({
  state: "dead",
  error: error.slice(0, webhookLimits.errorCharsMax),
});

/** A code, or that there is none: the service's own words may hold what the mail says. */
function codeOf(error: unknown): string {
  const code = typeof error === "object" && error !== null && "code" in error ? error.code : null;
  return typeof code === "string" && /^[A-Z][A-Z_]{1,60}$/.test(code) ? code : "no code";
}

/** Its codes are refusals from before it takes a message, but for these two: they come from behind that. */
const refusedBefore = (code: string): boolean =>
  code.startsWith("E_") && !["E_INTERNAL_SERVER_ERROR", "E_DELIVERY_FAILED"].includes(code);

async function messageOf(
  env: ConsumerEnv,
  hook: WebhookRow,
  task: TaskRow,
  answer: AnswerTo,
): Promise<EmailMessageBuilder> {
  const run = earlierRun(hook, task);
  const files = run === undefined ? await writtenFiles(env, task) : {};
  const chosen = attachable(files);
  const attachments: EmailAttachment[] = [];
  for (const { path, type } of chosen) {
    const { sha256 } = files[path] ?? { sha256: "" };
    const key = objectKeys.blob(task.tenant, task.id, sha256);
    const content = await getBytes(env.OBJECTS, key);
    if (content === null) continue;
    attachments.push({ disposition: "attachment", filename: attachmentName(path), type, content });
  }
  const output = run === undefined ? await outputOf(env, task) : null;
  return {
    from: answer.mailbox,
    to: answer.to,
    subject: replySubject(answer.subject),
    headers: mailHeaders(answer, hook.id),
    text: mailText({ task, run, output, files, attached: chosen.map(({ path }) => path) }),
    ...(attachments.length === 0 ? {} : { attachments }),
  };
}

/** The files that the task wrote; what came with the mail is not sent back. */
async function writtenFiles(env: ConsumerEnv, task: TaskRow): Promise<Manifest> {
  const { workspace } = await readTranscript(env.DB, env.OBJECTS, task);
  return Object.fromEntries(
    Object.entries(workspace ?? {}).filter(([, { source }]) => source === "blob"),
  );
}

async function outputOf(env: ConsumerEnv, { output, result_key }: TaskRow): Promise<unknown> {
  if (output !== null) return JSON.parse(output) as unknown;
  const text = result_key === null ? null : await getText(env.OBJECTS, result_key);
  return text === null ? null : (JSON.parse(text) as { output: unknown }).output;
}
