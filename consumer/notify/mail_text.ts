/** What the answer to a mail says: plain text, whatever the agent wrote. Pure. */
import type { AnswerTo } from "../../shared/answer_to.ts";
import { answerLimits } from "../../shared/limits.ts";
import type { TaskRow } from "../../shared/store/task_row.ts";
import type { Manifest } from "../../shared/transcript.ts";
import { readUsage } from "../../shared/usage.ts";
import type { EarlierRun } from "./payload.ts";

/**
 * What may be attached, with its type: text and pictures. Nothing that a mail program shows as a page or
 * runs: a page of the agent's own, under the mailbox's name, would be the best of phishing.
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

/** The files that are attached, in the order of their paths, as many as fit. */
export function attachable(files: Manifest): { path: string; type: string }[] {
  let room: number = answerLimits.attachmentBytesMax;
  const chosen: { path: string; type: string }[] = [];
  for (const [path, { bytes }] of Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1))) {
    const type = types[/\.([a-z]+)$/i.exec(path)?.[1]?.toLowerCase() ?? ""];
    if (type === undefined || bytes === 0 || bytes > room) continue;
    if (chosen.length === answerLimits.attachmentsMax) break;
    room -= bytes;
    chosen.push({ path, type });
  }
  return chosen;
}

export const attachmentName = (path: string): string =>
  path.replace(/[^A-Za-z0-9._-]+/g, "_").slice(-100);

export const replySubject = (subject: string): string =>
  /^re:/i.test(subject) ? subject : `Re: ${subject === "" ? "your task" : subject}`;

/** `Auto-Submitted` keeps other programs from answering, `X-Auto-Response-Suppress` those of Exchange. */
export function mailHeaders(answer: AnswerTo, id: string): Record<string, string> {
  const { message_id: asked, references } = answer;
  const headers = {
    "Auto-Submitted": "auto-replied",
    "X-Auto-Response-Suppress": "All",
    "X-Fleet-Answer": id,
  };
  if (asked === null) return headers;
  return { ...headers, "In-Reply-To": asked, References: [...references, asked].join(" ") };
}

export interface Told {
  task: TaskRow;
  /** The run that is told of, where the task has begun another one. */
  run: EarlierRun | undefined;
  output: unknown;
  files: Manifest;
  attached: readonly string[];
}

export function mailText({ task, run, output, files, attached }: Told): string {
  const { status, reason } = run ?? task;
  const said =
    status === "succeeded" && run === undefined ? outputText(output) : failureText(task, run);
  const max = answerLimits.textCharsMax;
  const cut =
    said.length <= max
      ? said
      : `${said.slice(0, max)}\n\n[cut here: the whole stands in GET /v1/tasks/${task.id}/result]`;
  const { steps, prompt_tokens, completion_tokens } = readUsage(task.usage);
  const used = `${steps} ${steps === 1 ? "step" : "steps"}, ${prompt_tokens + completion_tokens} tokens`;
  const foot = [
    `Task ${task.id}: ${status} (${reason}), ${used}.`,
    ...filesText(task, files, attached),
  ];
  return `${plain(cut)}\n\n-- \n${plain(foot.join("\n"))}\n`;
}

function outputText(output: unknown): string {
  const fields = typeof output === "object" && output !== null ? Object.entries(output) : [];
  const [only] = fields;
  if (fields.length === 1 && only?.[0] === "text" && typeof only[1] === "string") return only[1];
  return JSON.stringify(output, null, 2);
}

function failureText(task: TaskRow, run: EarlierRun | undefined): string {
  const { status, reason } = run ?? task;
  if (status === "succeeded") return "The task succeeded, and was begun anew before this was sent.";
  const held = run === undefined && task.error !== null ? JSON.parse(task.error) : run?.error;
  const { message } = (held ?? {}) as { message?: unknown };
  const why = typeof message === "string" ? ` ${message}` : "";
  return `Your mail became a task, and the task has no answer: it ended as ${status} (${reason}).${why}`;
}

function filesText(task: TaskRow, files: Manifest, attached: readonly string[]): string[] {
  const paths = Object.keys(files).sort();
  if (paths.length === 0) return [];
  const named = paths.slice(0, answerLimits.filesNamedMax).map((path) => {
    const where = attached.includes(path)
      ? "attached"
      : `GET /v1/tasks/${task.id}/files/${path.split("/").map(encodeURIComponent).join("/")}`;
    return `- ${path}, ${files[path]?.bytes ?? 0} bytes: ${where}`;
  });
  const more = paths.length - named.length;
  return ["Files it wrote:", ...named, ...(more === 0 ? [] : [`and ${more} more`])];
}

/** Without control characters, which a terminal or a mail program may obey. */
const plain = (text: string): string => text.replace(/\r\n?/g, "\n").replace(/[^\P{Cc}\n\t]/gu, "");
