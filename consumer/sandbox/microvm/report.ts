/** What runner.guest.js reports of one run. The container is not trusted, so the report is bounded and parsed. */
import { workspaceLimits } from "../../../shared/limits.ts";
import type { RunError, RunLimits, RunOutcome } from "../engine.ts";
import { limitError } from "../limit_error.ts";
import { parseOutcome } from "../untrusted_outcome.ts";

export interface Report {
  code: number | null;
  timedOut: boolean;
  logs: string;
  /** The bytes of output that were cut off. */
  left: number;
  ended: { value?: unknown; error?: Partial<RunError> } | null;
  /** Maps a path to its contents in base64. */
  files: Record<string, string>;
  deleted: string[];
  tooLarge?: boolean;
}

/** Base64 makes files a third larger; the rest is for logs, the value and names. */
const reportBytesMax = Math.ceil(workspaceLimits.bytesMax * 1.4) + 2_000_000;

export async function readReport(stream: ReadableStream<Uint8Array>): Promise<Report> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    bytes += chunk.byteLength;
    if (bytes > reportBytesMax)
      throw new Error("the container's report is larger than a workspace");
    chunks.push(chunk);
  }
  return JSON.parse(await new Blob(chunks).text()) as Report;
}

export function parseReport(
  report: Report,
  kind: "code" | "shell",
  limits: RunLimits,
  usage: RunOutcome["usage"],
): RunOutcome {
  const changes = new Map<string, Uint8Array | null>();
  for (const path of report.deleted) changes.set(path, null);
  for (const [path, base64] of Object.entries(report.files)) {
    changes.set(path, Uint8Array.fromBase64(base64));
  }
  const omission = report.left > 0 ? `\n… ${report.left} more bytes of output were cut off` : "";
  const value = report.ended?.value ?? null;
  const logs = String(report.logs).replace(/\n$/, "") + omission;
  return parseOutcome({ value, logs, error: errorOf(report, kind), changes, usage }, limits);
}

function errorOf(report: Report, kind: "code" | "shell"): unknown {
  if (report.tooLarge === true) {
    const message = "The run changed more files, or larger ones, than the workspace holds.";
    return { kind: "too_large", name: "LimitError", message, stack: "" };
  }
  if (report.timedOut) return limitError("deadline");
  if (report.ended?.error !== undefined) return { kind: "thrown", ...report.ended.error };
  if (report.code === 0) return null;
  const name = kind === "shell" ? "ExitError" : "Error";
  return { kind: "thrown", name, message: `It ended with exit code ${report.code}.`, stack: "" };
}
