/** The work of a crash run: tasks by themselves, and batches whose lines are large enough for a chunk each. */
import type { DevServer } from "../../../producer/local/dev_server.ts";
import { attempts } from "./crash_checks.ts";

export interface Work {
  key: string;
  labels: string[];
}

const batchLines = 3;
const padding = "x".repeat(600_000);

/** The work for each kill: an equal share of the tasks, and a batch for every sixth kill and where `points` needs one. */
export function planWork(tasks: number, kills: number, points: readonly string[]): Work[][] {
  const works: Work[][] = [];
  let next = 0;
  for (let n = 0; n < kills; n++) {
    const until = Math.floor(((n + 1) * tasks) / kills);
    const labels = Array.from({ length: until - next }, (_, index) => `w${next + index}`);
    next = until;
    const hasBatch = n % 6 === 1 || points[n % points.length] === "batch half expanded";
    const lines = Array.from({ length: batchLines }, (_, line) => `w${1_000 + n * 10 + line}`);
    works.push([
      ...labels.map((label) => ({ key: label, labels: [label] })),
      ...(hasBatch ? [{ key: `b${n}`, labels: lines }] : []),
    ]);
  }
  return works;
}

/** Submits work without an id, under its key, so that work accepted before a kill is not created twice. */
export async function submitWork(
  fleet: DevServer,
  ids: Map<string, string>,
  works: readonly Work[][],
): Promise<void> {
  for (const { key, labels } of works.flat()) {
    if (labels.every((label) => ids.has(label))) continue;
    const isBatch = labels.length > 1;
    const bodies = labels.map((label) => ({
      ...{ prompt: `Do ${label} now.`, policy: "demo", attempts },
      ...(isBatch ? { files: { "padding.txt": { text: padding } } } : {}),
    }));
    const response = await fetch(`${fleet.url}${isBatch ? "/v1/batches" : "/v1/tasks"}`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${fleet.key}`,
        "content-type": isBatch ? "application/x-ndjson" : "application/json",
        "idempotency-key": key,
      },
      body: bodies.map((body) => JSON.stringify(body)).join("\n"),
    });
    if (!response.ok) throw new Error(`${key}: ${response.status} ${await response.text()}`);
    const { id } = (await response.json()) as { id: string };
    for (const [n, label] of labels.entries()) ids.set(label, isBatch ? lineId(id, n) : id);
  }
}

const lineId = (batch: string, line: number): string =>
  `task_${batch.slice("batch_".length)}-${String(line).padStart(6, "0")}`;
