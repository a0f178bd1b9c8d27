import { createServer } from "node:http";
import { Readable } from "node:stream";
import { afterEach } from "vitest";
import type { BatchResponse } from "../../../producer/api/batches/responses.ts";
import type { TaskResponse } from "../../../producer/api/tasks/responses.ts";
import type { CliContext } from "../../../producer/cli/context.ts";
import { runFleet } from "../../../producer/cli/program.ts";

export interface Received {
  method: string;
  path: string;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

export interface FakeResponse {
  status?: number;
  body?: unknown;
  /** Sent unchanged, instead of `body` as JSON. */
  text?: string;
}

/** Responses by `METHOD /path` without the query; a list is used in order, its last entry repeatedly. */
export type Script = Record<string, FakeResponse | FakeResponse[]>;

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

/** An HTTP server on loopback that fakes the API of a fleet; it stops with the test. */
export async function fakeFleet(script: Script): Promise<{ url: string; received: Received[] }> {
  const received: Received[] = [];
  const calls = new Map<string, number>();
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const { method = "", url = "", headers } = request;
    received.push({ method, path: url, headers, body: Buffer.concat(chunks).toString("utf8") });
    const name = `${method} ${url.split("?")[0]}`;
    const responses = script[name] ?? {
      status: 404,
      body: { error: { code: "not_found", message: `no ${name} here` } },
    };
    const callCount = calls.get(name) ?? 0;
    calls.set(name, callCount + 1);
    const fake = Array.isArray(responses)
      ? (responses[callCount] ?? responses.at(-1) ?? {})
      : responses;
    const lines = /\/(results|rows)$/.test(name) && (fake.status ?? 200) < 400;
    const bytes = name.includes("/files/") && (fake.status ?? 200) < 400;
    const type = lines ? "x-ndjson" : bytes ? "octet-stream" : "json";
    response.writeHead(fake.status ?? 200, { "content-type": `application/${type}` });
    response.end(fake.text ?? JSON.stringify(fake.body ?? null));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  stops.push(
    () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
  return { url: `http://127.0.0.1:${port}`, received };
}

export interface CliOutput {
  code: number;
  out: string;
  err: string;
}

/** Runs the CLI with a simulated clock: a sleep advances it and takes no time. */
export async function fleet(
  args: readonly string[],
  options: Partial<Pick<CliContext, "environment" | "interactive" | "coloured" | "now">> & {
    stdin?: string;
    /** Simulates Ctrl-C during the first sleep. The process stays, so the command continues. */
    interrupted?: boolean;
  } = {},
): Promise<CliOutput> {
  let out = "";
  let err = "";
  let clockMs = 0;
  const interruptHandlers = new Set<() => void>();
  const code = await runFleet(args, {
    environment: options.environment ?? {},
    fetch,
    stdin: Readable.from([Buffer.from(options.stdin ?? "")]),
    write: (text) => {
      out += text;
    },
    warn: (text) => {
      err += text;
    },
    interactive: options.interactive ?? false,
    coloured: options.coloured ?? options.interactive ?? false,
    columns: options.interactive === true ? 140 : Number.POSITIVE_INFINITY,
    sleep: async (ms) => {
      if (options.interrupted === true && clockMs === 0)
        for (const handler of interruptHandlers) handler();
      clockMs += ms;
    },
    onInterrupt: (handler) => {
      interruptHandlers.add(handler);
      return () => void interruptHandlers.delete(handler);
    },
    now: options.now ?? (() => clockMs),
  });
  if (interruptHandlers.size > 0) throw new Error("the command left a Ctrl-C handler");
  return { code, out, err };
}

export const usage = {
  steps: 3,
  model_calls: 2,
  tool_calls: 1,
  prompt_tokens: 900,
  cached_tokens: 0,
  completion_tokens: 100,
  unpriced_tokens: 0,
  cost_usd: 0.0123,
  egress_requests: 0,
  egress_bytes: 0,
};

const noCounts = {
  queued: 0,
  running: 0,
  succeeded: 0,
  failed: 0,
  dead: 0,
  cancelled: 0,
  expired: 0,
};

export function batchWith(
  counts: Partial<BatchResponse["counts"]>,
  status: BatchResponse["status"] = "running",
): BatchResponse {
  const filled = { ...noCounts, ...counts };
  const total = Object.values(filled).reduce((sum, value) => sum + value, 0);
  return {
    id: "batch_1",
    status,
    counts: { total, ...filled },
    usage,
    eta: null,
    labels: {},
    limits: {},
    paused: false,
    error: null,
    created_at: "2026-01-01T00:00:00.000Z",
    finished_at: status === "finished" ? "2026-01-01T00:01:00.000Z" : null,
  };
}

export function taskWith(fields: Partial<TaskResponse>): TaskResponse {
  return {
    id: "task_1",
    status: "succeeded",
    reason: "completed",
    attempt: 0,
    batch_id: null,
    custom_id: null,
    labels: {},
    model: "rehearsal",
    policy: "default",
    sandbox: "isolate",
    created_at: "2026-01-01T00:00:00.000Z",
    started_at: "2026-01-01T00:00:01.000Z",
    finished_at: "2026-01-01T00:00:03.000Z",
    usage,
    output: { text: "done" },
    error: null,
    quirks: [],
    ...fields,
  };
}
