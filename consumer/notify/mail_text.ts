/** The text of a mail reply: plain text, whatever the agent wrote. Pure. */

import { mailAnswerLimits } from "../../shared/limits.ts";
import type { ReplyTo } from "../../shared/platform/reply_to.ts";
import { readUsage } from "../../shared/spend/usage.ts";
import type { TaskRow } from "../../shared/store/tasks/task_row.ts";
import type { Manifest } from "../../shared/task/transcript.ts";
import type { EarlierRun } from "./payload.ts";

/**
 * The extensions that may be attached, with their types: text and pictures. Nothing that a mail program renders
 * or runs: a page written by the agent, sent by the mailbox, would be ideal for phishing.
 */
const types: Readonly<Record<string, string>> = {
  txt: "text/plain",
  md: "text/plain",
  log: "text/plain",
  csv: "text/csv",
  tsv: "text/tab-separated-values",
  json: "application/json",
  jsonl: "application/x-ndjson",
  ndjson: "application/x-ndjson",
  png: "image/png",
  jpg: "image/jpeg",
  jpeg: "image/jpeg",
};

/** Chooses as many files as fit, in the order of their paths. */
export function chooseAttachments(files: Manifest): { path: string; type: string }[] {
  let room: number = mailAnswerLimits.attachmentBytesMax;
  const attachments: { path: string; type: string }[] = [];
  for (const [path, { bytes }] of Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1))) {
    const type = types[/\.([a-z]+)$/i.exec(path)?.[1]?.toLowerCase() ?? ""];
    if (type === undefined || bytes === 0 || bytes > room) continue;
    if (attachments.length === mailAnswerLimits.attachmentsMax) break;
    room -= bytes;
    attachments.push({ path, type });
  }
  return attachments;
}

export const attachmentName = (path: string): string =>
  path.replace(/[^A-Za-z0-9._-]+/g, "_").slice(-100);

export const replySubject = (subject: string): string =>
  /^re:/i.test(subject) ? subject : `Re: ${subject === "" ? "your task" : subject}`;

/** `Auto-Submitted` keeps programs from replying; Exchange needs `X-Auto-Response-Suppress`. */
export function mailHeaders(replyTo: ReplyTo, id: string): Record<string, string> {
  const { message_id: messageId, references } = replyTo;
  const headers = {
    "Auto-Submitted": "auto-replied",
    "X-Auto-Response-Suppress": "All",
    "X-Fleet-Answer": id,
  };
  if (messageId === null) return headers;
  return { ...headers, "In-Reply-To": messageId, References: [...references, messageId].join(" ") };
}

export interface MailContent {
  task: TaskRow;
  /** The run to report, if the task has started another one since. */
  run: EarlierRun | undefined;
  output: unknown;
  files: Manifest;
  attached: readonly string[];
}

export function formatMail({ task, run, output, files, attached }: MailContent): string {
  const { status, reason } = run ?? task;
  const text =
    status === "succeeded" && run === undefined ? outputText(output) : failureText(task, run);
  const max = mailAnswerLimits.textCharsMax;
  const cut =
    text.length <= max
      ? text
      : `${text.slice(0, max)}\n\n[cut here; the full text is in GET /v1/tasks/${task.id}/result]`;
  const { steps, prompt_tokens, completion_tokens } = readUsage(task.usage);
  const usageText = `${steps} ${steps === 1 ? "step" : "steps"}, ${prompt_tokens + completion_tokens} tokens`;
  const footer = [
    `Task ${task.id}: ${status} (${reason}), ${usageText}.`,
    ...filesText(task, files, attached),
  ];
  return `${stripControls(cut)}\n\n-- \n${stripControls(footer.join("\n"))}\n`;
}

function outputText(output: unknown): string {
  const fields = typeof output === "object" && output !== null ? Object.entries(output) : [];
  const [only] = fields;
  if (fields.length === 1 && only?.[0] === "text" && typeof only[1] === "string") return only[1];
  return JSON.stringify(output, null, 2);
}

function failureText(task: TaskRow, run: EarlierRun | undefined): string {
  const { status, reason } = run ?? task;
  if (status === "succeeded")
    return "The task succeeded, and was started again before this reply was sent.";
  const error = run === undefined && task.error !== null ? JSON.parse(task.error) : run?.error;
  const { message } = (error ?? {}) as { message?: unknown };
  const cause = typeof message === "string" ? ` ${message}` : "";
  return `Your mail became a task, and the task has no answer: it ended as ${status} (${reason}).${cause}`;
}

function filesText(task: TaskRow, files: Manifest, attachedPaths: readonly string[]): string[] {
  const paths = Object.keys(files).sort();
  if (paths.length === 0) return [];
  const lines = paths.slice(0, mailAnswerLimits.filesNamedMax).map((path) => {
    const where = attachedPaths.includes(path)
      ? "attached"
      : `GET /v1/tasks/${task.id}/files/${path.split("/").map(encodeURIComponent).join("/")}`;
    return `- ${path}, ${files[path]?.bytes ?? 0} bytes: ${where}`;
  });
  const unlistedCount = paths.length - lines.length;
  return [
    "Files it wrote:",
    ...lines,
    ...(unlistedCount === 0 ? [] : [`and ${unlistedCount} more`]),
  ];
}

/** A terminal or a mail program might interpret control characters. */
const stripControls = (text: string): string =>
  text.replace(/\r\n?/g, "\n").replace(/[^\P{Cc}\n\t]/gu, "");
