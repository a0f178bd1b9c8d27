/**
 * Whether a mail gets a reply, and to whom (RFC 3834). Automatic mail gets none: two mailboxes that reply to
 * each other would never stop, and a list would receive what one person asked. Pure.
 */
import type { Email } from "postal-mime";
import { mailAnswerLimits } from "../../shared/limits.ts";
import type { ReplyTo } from "../../shared/platform/reply_to.ts";
import { oneLine } from "../../shared/text/one_line.ts";

/** Addresses without a human reader. */
const unreadAddress =
  /^(mailer-daemon|postmaster|no-?reply|do-?not-?reply|bounces?)([+-].*)?@|^$|^[^@]*$/i;

const headerOf = ({ headers }: Email, name: string): string =>
  headers
    .find(({ key }) => key === name)
    ?.value.trim()
    .toLowerCase() ?? "";

/** An automatic reply or a bounce, which a reply of ours may have caused. */
export function isAutoReply(mail: Email): boolean {
  return (
    headerOf(mail, "auto-submitted").startsWith("auto-replied") ||
    headerOf(mail, "content-type").startsWith("multipart/report") ||
    headerOf(mail, "x-autoreply") !== "" ||
    headerOf(mail, "precedence") === "auto_reply"
  );
}

function isAutomatic(mail: Email): boolean {
  const autoSubmitted = headerOf(mail, "auto-submitted");
  return (
    isAutoReply(mail) ||
    (autoSubmitted !== "" && !/^no\b/.test(autoSubmitted)) ||
    /^(bulk|junk|list)$/.test(headerOf(mail, "precedence")) ||
    headerOf(mail, "list-id") !== "" ||
    /\b(all|autoreply)\b/.test(headerOf(mail, "x-auto-response-suppress"))
  );
}

/** `sender` is the envelope's. Null where the mail gets no reply. */
export function findReplyTo(mailbox: string, mail: Email, sender: string): ReplyTo | null {
  const to = mail.from?.address ?? "";
  const isOwn = to.toLowerCase() === mailbox.toLowerCase();
  if (isOwn || isAutomatic(mail) || unreadAddress.test(to) || unreadAddress.test(sender)) {
    return null;
  }
  const [id] = findMessageIds(mail.messageId);
  return {
    mailbox,
    to,
    subject: oneLine(mail.subject ?? "", mailAnswerLimits.subjectCharsMax),
    message_id: id ?? null,
    references: findMessageIds(mail.references).slice(-mailAnswerLimits.referencesMax),
  };
}

/** Message ids that may be sent in a header again; any other text of the sender is left out. */
function findMessageIds(header: string | undefined): string[] {
  const ids = header?.match(/<[\x21-\x3b\x3d\x3f-\x7e]+>/g) ?? [];
  return ids.filter((id) => id.length <= mailAnswerLimits.messageIdCharsMax);
}
