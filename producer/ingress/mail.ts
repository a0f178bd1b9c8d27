/**
 * Mail that becomes a task: an allowed sender writes to a configured address, the template is filled with
 * the message, and attachments go into the workspace. One message is one task, however often it is
 * delivered. Other mail is rejected with the reason, which its sender gets. If the mailbox is configured so,
 * the sender gets the result by mail: the task's row stores the address.
 */
import type { Email } from "postal-mime";
import { objectKeys, putObject, sha256Hex } from "../../shared/files/objects.ts";
import { mailLimits } from "../../shared/limits.ts";
import { log } from "../../shared/platform/log.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { scopes } from "../auth/principal.ts";
import type { ProducerEnv } from "../env.ts";
import { fillTemplate } from "../tasks/check/template.ts";
import { submitTask } from "../tasks/submit.ts";
import { readMail } from "./mail_parts.ts";
import { findReplyTo, isAutoReply } from "./mail_reply.ts";
import { findMailbox, isAllowedSender, type Mailbox, safeFileNames } from "./mailbox.ts";

const encoder = new TextEncoder();

/** Rejects when a store fails: then the platform delivers the mail again. */
export async function receiveMail(
  message: ForwardableEmailMessage,
  env: ProducerEnv,
): Promise<void> {
  const result = await handleMail(message, env);
  log("mail_received", { to: message.to, bytes: message.rawSize, rejected: !result.ok });
  if (!result.ok) message.setReject(result.error.slice(0, mailLimits.reasonCharsMax));
}

/** Ok when the mail became a task or needs none; else why it is rejected. */
type Handled = Result<null, string>;

async function handleMail(message: ForwardableEmailMessage, env: ProducerEnv): Promise<Handled> {
  const mailbox = findMailbox(env.FLEET_MAILBOXES, message.to);
  if (mailbox === null) return err("this address does not accept tasks");
  if (!isAllowedSender(mailbox, message.from)) return err(forbiddenSender);
  const readResult = await readMail(message.raw, message.rawSize);
  if (!readResult.ok) return readResult;
  const mail = readResult.value;
  // The platform has verified the envelope; the address that people see must be allowed too.
  if (!isAllowedSender(mailbox, mail.from?.address ?? "")) return err(forbiddenSender);
  if (mail.attachments.length > mailLimits.attachmentsMax) {
    return err(
      `the mail has ${mail.attachments.length} attachments; the maximum is ${mailLimits.attachmentsMax}`,
    );
  }
  // An automatic reply to our own reply is not a task, and a rejection would cause the next message.
  if (mailbox.answer === true && isAutoReply(mail)) {
    log("mail_ignored", { to: message.to });
    return ok(null);
  }
  return submitMail(env, mailbox, mail, message);
}

const forbiddenSender = "this sender may not submit tasks here";

async function submitMail(
  env: ProducerEnv,
  mailbox: Mailbox,
  mail: Email,
  { from: sender, to }: ForwardableEmailMessage,
): Promise<Handled> {
  const tenant = mailbox.tenant ?? "default";
  const id = await sha256Hex(
    encoder.encode(`${sender}\n${mail.messageId ?? `${mail.date}\n${mail.subject}\n${mail.text}`}`),
  );
  const names = safeFileNames(mail.attachments.map(({ filename }) => filename));
  const item = {
    from: mail.from?.address ?? sender,
    subject: mail.subject ?? "",
    text: mail.text ?? "",
    date: mail.date ?? "",
    attachments: names.map((name) => `attachments/${name}`),
  };
  const filledTask = fillTemplate(mailbox.template, {
    item,
    tick: { time: new Date().toISOString() },
  });
  if (!filledTask.ok) return err(filledTask.error.message);
  const files = await putAttachments(env, tenant, id, mail, names);
  const task = withFiles(filledTask.value as object, files);
  const replyTo = mailbox.answer === true ? findReplyTo(to, mail, sender) : null;
  const submission = await submitTask(env, { tenant, scopes }, task, `mail:${id}`, replyTo);
  return submission.ok ? ok(null) : err(submission.error.message);
}

/** Stores attachments like `PUT /v1/inputs`; the task names them and gets them in its workspace. */
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
  const taskFiles = "files" in task && typeof task.files === "object" ? task.files : {};
  return { ...task, files: { ...taskFiles, ...files } };
}
