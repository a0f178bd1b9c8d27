/**
 * Whether a mail is answered, and to whom (RFC 3834). Mail that a program sent is not: two mailboxes that
 * answer each other would go on for ever, and a list would get what one person asked. Pure.
 */
import type { Email } from "postal-mime";
import type { AnswerTo } from "../../shared/answer_to.ts";
import { answerLimits } from "../../shared/limits.ts";

/** Whose mail nobody reads. */
const noReader =
  /^(mailer-daemon|postmaster|no-?reply|do-?not-?reply|bounces?)([+-].*)?@|^$|^[^@]*$/i;

const headerOf = ({ headers }: Email, name: string): string =>
  headers
    .find(({ key }) => key === name)
    ?.value.trim()
    .toLowerCase() ?? "";

/** An automatic reply or a bounce: what an answer of ours may have called forth. */
export function isReaction(mail: Email): boolean {
  return (
    headerOf(mail, "auto-submitted").startsWith("auto-replied") ||
    headerOf(mail, "content-type").startsWith("multipart/report") ||
    headerOf(mail, "x-autoreply") !== "" ||
    headerOf(mail, "precedence") === "auto_reply"
  );
}

function isAutomatic(mail: Email): boolean {
  const submitted = headerOf(mail, "auto-submitted");
  return (
    isReaction(mail) ||
    (submitted !== "" && !/^no\b/.test(submitted)) ||
    /^(bulk|junk|list)$/.test(headerOf(mail, "precedence")) ||
    headerOf(mail, "list-id") !== "" ||
    /\b(all|autoreply)\b/.test(headerOf(mail, "x-auto-response-suppress"))
  );
}

/** `sender` is the envelope's. Null where the mail is not to be answered. */
export function answerTo(mailbox: string, mail: Email, sender: string): AnswerTo | null {
  const to = mail.from?.address ?? "";
  const itself = to.toLowerCase() === mailbox.toLowerCase();
  if (itself || isAutomatic(mail) || noReader.test(to) || noReader.test(sender)) return null;
  const [id] = idsIn(mail.messageId);
  return {
    mailbox,
    to,
    subject: oneLine(mail.subject ?? "").slice(0, answerLimits.subjectCharsMax),
    message_id: id ?? null,
    references: idsIn(mail.references).slice(-answerLimits.referencesMax),
  };
}

/** Message ids as a header may hold them: anything else in it is a sender's own, and is left out. */
function idsIn(header: string | undefined): string[] {
  const ids = header?.match(/<[\x21-\x3b\x3d\x3f-\x7e]+>/g) ?? [];
  return ids.filter((id) => id.length <= answerLimits.messageIdCharsMax);
}

const oneLine = (text: string): string => text.replace(/[\p{Cc}\s]+/gu, " ").trim();
