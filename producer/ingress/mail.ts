/**
 * Mail that becomes a task: an allowed sender writes to a configured address, the template is filled with
 * the message, attachments go into the workspace. One message is one task, however often it is delivered.
 * What is not taken is rejected with the reason, so that its sender hears of it. Where the mailbox says so,
 * the sender is sent the result when the task has ended: the task's row holds to whom.
 */
import PostalMime, { type Email } from "postal-mime";
import { mailLimits } from "../../shared/limits.ts";
import { log } from "../../shared/log.ts";
import { objectKeys, putObject, sha256Hex } from "../../shared/objects.ts";
import { scopes } from "../auth/principal.ts";
import type { ProducerEnv } from "../env.ts";
import { answerTo, isReaction } from "../tasks/answerable.ts";
import { submitTask } from "../tasks/submit.ts";
import { fillTemplate } from "../tasks/template.ts";
import { type Mailbox, mailboxOf, mayWrite, safeNames } from "./mailbox.ts";

const encoder = new TextEncoder();

/** A store that fails rejects: the platform delivers the mail again. */
export async function receiveMail(
  message: ForwardableEmailMessage,
  env: ProducerEnv,
): Promise<void> {
  const reason = await refusal(message, env);
  log("mail", { to: message.to, bytes: message.rawSize, rejected: reason !== null });
  if (reason !== null) message.setReject(reason.slice(0, mailLimits.reasonCharsMax));
}

/** Why the mail is rejected; null when it made a task, or calls for nothing. */
async function refusal(message: ForwardableEmailMessage, env: ProducerEnv): Promise<string | null> {
  const mailbox = mailboxOf(env.FLEET_MAILBOXES, message.to);
  if (mailbox === null) return "this address takes no tasks";
  if (!mayWrite(mailbox, message.from)) return "this sender may not submit tasks here";
  if (message.rawSize > mailLimits.bytesMax) {
    return `the mail has ${message.rawSize} bytes; at most ${mailLimits.bytesMax} are taken`;
  }
  const mail = await PostalMime.parse(message.raw, {
    attachmentEncoding: "arraybuffer",
    maxNestingDepth: mailLimits.nestingMax,
    maxHeadersSize: mailLimits.headerBytesMax,
  });
  // The envelope is what the platform has verified; what people see must be allowed too.
  if (!mayWrite(mailbox, mail.from?.address ?? "")) return "this sender may not submit tasks here";
  if (mail.attachments.length > mailLimits.attachmentsMax) {
    return `the mail has ${mail.attachments.length} attachments; at most ${mailLimits.attachmentsMax} are taken`;
  }
  // What our own answer called forth is no work, and a rejection would call forth the next message.
  if (mailbox.answer === true && isReaction(mail)) {
    log("mail_ignored", { to: message.to });
    return null;
  }
  return submitMail(env, mailbox, mail, message);
}

async function submitMail(
  env: ProducerEnv,
  mailbox: Mailbox,
  mail: Email,
  { from: sender, to }: ForwardableEmailMessage,
): Promise<string | null> {
  const tenant = mailbox.tenant ?? "default";
  const id = await sha256Hex(
    encoder.encode(`${sender}\n${mail.messageId ?? `${mail.date}\n${mail.subject}\n${mail.text}`}`),
  );
  const names = safeNames(mail.attachments.map(({ filename }) => filename));
  const item = {
    from: mail.from?.address ?? sender,
    subject: mail.subject ?? "",
    text: mail.text ?? "",
    date: mail.date ?? "",
    attachments: names.map((name) => `attachments/${name}`),
  };
  const filled = fillTemplate(mailbox.template, { item, tick: { time: new Date().toISOString() } });
  if (!filled.ok) return filled.error.message;
  const files = await putAttachments(env, tenant, id, mail, names);
  const task = withFiles(filled.value as object, files);
  const answer = mailbox.answer === true ? answerTo(to, mail, sender) : null;
  const submitted = await submitTask(env, { tenant, scopes }, task, `mail:${id}`, answer);
  return submitted.ok ? null : submitted.error.message;
}

/** Uploads, as `PUT /v1/inputs` makes them: the task names them, and takes them into its workspace. */
async function putAttachments(
  env: ProducerEnv,
  tenant: string,
  id: string,
  mail: Email,
  names: readonly string[],
): Promise<Record<string, { r2: string }>> {
  const files: Record<string, { r2: string }> = {};
  for (const [n, { content }] of mail.attachments.entries()) {
    const r2 = `mail/${id}/${names[n] ?? n}`;
    const body = typeof content === "string" ? encoder.encode(content) : content;
    await putObject(env.OBJECTS, objectKeys.input(tenant, r2), body);
    files[`attachments/${names[n] ?? n}`] = { r2 };
  }
  return files;
}

function withFiles(task: object, files: Record<string, { r2: string }>): object {
  if (Object.keys(files).length === 0) return task;
  const own = "files" in task && typeof task.files === "object" ? task.files : {};
  return { ...task, files: { ...own, ...files } };
}
