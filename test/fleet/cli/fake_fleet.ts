import { createServer } from "node:http";
import { Readable } from "node:stream";
import { afterEach } from "vitest";
import type { BatchAnswer } from "../../../producer/api/batches/responses.ts";
import type { TaskAnswer } from "../../../producer/api/tasks/responses.ts";
import { runFleet } from "../../../producer/cli/program.ts";
import type { CliContext } from "../../../producer/cli/surroundings.ts";

export interface Received {
  method: string;
  path: string;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

export interface FakeAnswer {
  status?: number;
  body?: unknown;
  /** Sent as it is, instead of `body` as JSON. */
  text?: string;
}

/** Answers by `METHOD /path`, without the query; a list is answered one by one, its last for ever. */
export type Script = Record<string, FakeAnswer | FakeAnswer[]>;

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

/** An HTTP server on loopback that plays the fleet's API; it ends with the test. */
export async function fakeFleet(script: Script): Promise<{ url: string; received: Received[] }> {
  const received: Received[] = [];
  const played = new Map<string, number>();
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const { method = "", url = "", headers } = request;
    received.push({ method, path: url, headers, body: Buffer.concat(chunks).toString("utf8") });
    const name = `${method} ${url.split("?")[0]}`;
    const answers = script[name] ?? {
      status: 404,
      body: { error: { code: "not_found", message: `no ${name} here` } },
    };
    const at = played.get(name) ?? 0;
    played.set(name, at + 1);
    const answer = Array.isArray(answers) ? (answers[at] ?? answers.at(-1) ?? {}) : answers;
    const lines = name.endsWith("/results") && (answer.status ?? 200) < 400;
    const bytes = name.includes("/files/") && (answer.status ?? 200) < 400;
    const type = lines ? "x-ndjson" : bytes ? "octet-stream" : "json";
    response.writeHead(answer.status ?? 200, { "content-type": `application/${type}` });
    response.end(answer.text ?? JSON.stringify(answer.body ?? null));
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

export interface Ran {
  code: number;
  out: string;
  err: string;
}

/** Runs the command line with its own clock: a sleep moves it on and takes no time. */
export async function fleet(
  words: readonly string[],
  given: Partial<Pick<CliContext, "environment" | "interactive" | "coloured" | "now">> & {
    stdin?: string;
    /** Ctrl-C while the command first waits. The process stays, so the command goes on. */
    interrupted?: boolean;
  } = {},
): Promise<Ran> {
  let out = "";
  let err = "";
  let clockMs = 0;
  const lasts = new Set<() => void>();
  const code = await runFleet(words, {
    environment: given.environment ?? {},
    fetch,
    stdin: Readable.from([Buffer.from(given.stdin ?? "")]),
    write: (text) => {
      out += text;
    },
    warn: (text) => {
      err += text;
    },
    interactive: given.interactive ?? false,
    coloured: given.coloured ?? given.interactive ?? false,
    columns: given.interactive === true ? 140 : Number.POSITIVE_INFINITY,
    sleep: async (ms) => {
      if (given.interrupted === true && clockMs === 0) for (const last of lasts) last();
      clockMs += ms;
    },
    onInterrupt: (last) => {
      lasts.add(last);
      return () => void lasts.delete(last);
    },
    now: given.now ?? (() => clockMs),
  });
  if (lasts.size > 0) throw new Error("an ended command still listens for Ctrl-C");
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
  counts: Partial<BatchAnswer["counts"]>,
  status: BatchAnswer["status"] = "running",
): BatchAnswer {
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

export function taskWith(fields: Partial<TaskAnswer>): TaskAnswer {
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
