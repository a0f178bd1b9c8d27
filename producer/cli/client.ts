import { commandLineLimits } from "../../shared/limits.ts";
import type {
  BatchAnswer,
  DecisionAnswer,
  ErrorAnswer,
  FileAnswer,
  ResultLine,
  StatsAnswer,
  StepAnswer,
  TaskAnswer,
} from "./wire.ts";

/** Why a call gave nothing, in words for the person at the terminal. */
export interface CallProblem {
  /** `unreachable`: nothing answered. `refused`: the API said no. `unreadable`: something else answered. */
  kind: "unreachable" | "refused" | "unreadable";
  /** The HTTP status; 0 where nothing answered. */
  status: number;
  code: string;
  message: string;
  /** One line per fault in a body. */
  details: string[];
}

export type Called<T> = { ok: true; value: T } | { ok: false; problem: CallProblem };

export interface Connection {
  /** Such as http://127.0.0.1:8787, without a slash at the end. */
  url: string;
  key: string;
  fetch: typeof fetch;
}

export interface RedriveOrder {
  mode: "resume" | "restart";
  overrides?: Record<string, unknown>;
  /** Batches only. */
  status?: string[];
  reason?: string;
}

/** What the API offers, typed, over fetch. No method throws for what a server or a network does. */
export class FleetClient {
  readonly url: string;
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.url = connection.url;
    this.#connection = connection;
  }

  healthy(): Promise<Called<string>> {
    return this.#call("GET", "/healthz", asText);
  }

  submitTask(task: unknown, idempotencyKey: string): Promise<Called<TaskAnswer>> {
    return this.#call("POST", "/v1/tasks", asJson<TaskAnswer>, {
      body: JSON.stringify(task),
      type: "application/json",
      idempotencyKey,
    });
  }

  /** `ndjson` holds one task per line. */
  submitLines(ndjson: string, idempotencyKey: string): Promise<Called<BatchAnswer>> {
    return this.#call("POST", "/v1/batches", asJson<BatchAnswer>, {
      body: ndjson,
      type: "application/x-ndjson",
      idempotencyKey,
    });
  }

  /** `json` is a whole batch: `{tasks, defaults?, labels?, limits?}`. */
  submitBatch(json: string, idempotencyKey: string): Promise<Called<BatchAnswer>> {
    return this.#call("POST", "/v1/batches", asJson<BatchAnswer>, {
      body: json,
      type: "application/json",
      idempotencyKey,
    });
  }

  task(id: string): Promise<Called<TaskAnswer>> {
    return this.#call("GET", `/v1/tasks/${encodeURIComponent(id)}`, asJson<TaskAnswer>);
  }

  tasks(
    filter: URLSearchParams,
  ): Promise<Called<{ tasks: TaskAnswer[]; next_cursor: string | null }>> {
    return this.#call(
      "GET",
      `/v1/tasks?${filter}`,
      asJson<{ tasks: TaskAnswer[]; next_cursor: string | null }>,
    );
  }

  async steps(id: string): Promise<Called<StepAnswer[]>> {
    return mapped(
      await this.#call(
        "GET",
        `/v1/tasks/${encodeURIComponent(id)}/steps`,
        asJson<{ steps: StepAnswer[] }>,
      ),
      ({ steps }) => steps,
    );
  }

  async egress(id: string): Promise<Called<DecisionAnswer[]>> {
    return mapped(
      await this.#call(
        "GET",
        `/v1/tasks/${encodeURIComponent(id)}/egress`,
        asJson<{ decisions: DecisionAnswer[] }>,
      ),
      ({ decisions }) => decisions,
    );
  }

  async files(id: string): Promise<Called<FileAnswer[]>> {
    return mapped(
      await this.#call(
        "GET",
        `/v1/tasks/${encodeURIComponent(id)}/files`,
        asJson<{ files: FileAnswer[] }>,
      ),
      ({ files }) => files,
    );
  }

  file(id: string, path: string): Promise<Called<Uint8Array>> {
    const name = path.split("/").map(encodeURIComponent).join("/");
    return this.#call("GET", `/v1/tasks/${encodeURIComponent(id)}/files/${name}`, asBytes);
  }

  result(id: string): Promise<Called<unknown>> {
    return this.#call("GET", `/v1/tasks/${encodeURIComponent(id)}/result`, asJson<unknown>);
  }

  batch(id: string): Promise<Called<BatchAnswer>> {
    return this.#call("GET", `/v1/batches/${encodeURIComponent(id)}`, asJson<BatchAnswer>);
  }

  /** One line per terminal task, in the input's order. */
  results(id: string): Promise<Called<ResultLine[]>> {
    return this.#call("GET", `/v1/batches/${encodeURIComponent(id)}/results`, asLines<ResultLine>);
  }

  cancel(kind: "task" | "batch", id: string): Promise<Called<unknown>> {
    return this.#call(
      "POST",
      `/v1/${plural(kind)}/${encodeURIComponent(id)}/cancel`,
      asJson<unknown>,
    );
  }

  redrive(kind: "task" | "batch", id: string, order: RedriveOrder): Promise<Called<unknown>> {
    return this.#call(
      "POST",
      `/v1/${plural(kind)}/${encodeURIComponent(id)}/redrive`,
      asJson<unknown>,
      {
        body: JSON.stringify(order),
        type: "application/json",
      },
    );
  }

  stats(): Promise<Called<StatsAnswer>> {
    return this.#call("GET", "/v1/stats", asJson<StatsAnswer>);
  }

  async #call<T>(
    method: "GET" | "POST",
    path: string,
    read: (response: Response) => Promise<T>,
    sent?: { body: string; type: string; idempotencyKey?: string },
  ): Promise<Called<T>> {
    const { url, key } = this.#connection;
    const headers: Record<string, string> = {};
    if (path.startsWith("/v1/")) headers.authorization = `Bearer ${key}`;
    if (sent !== undefined) headers["content-type"] = sent.type;
    if (sent?.idempotencyKey !== undefined) headers["idempotency-key"] = sent.idempotencyKey;
    let response: Response;
    try {
      response = await this.#connection.fetch(`${url}${path}`, {
        method,
        headers,
        // A redirect could carry the key to another host.
        redirect: "manual",
        signal: AbortSignal.timeout(commandLineLimits.requestMsMax),
        ...(sent === undefined ? {} : { body: sent.body }),
      });
    } catch (error) {
      return { ok: false, problem: unreachable(url, error) };
    }
    try {
      if (response.ok) return { ok: true, value: await read(response) };
      return { ok: false, problem: await refusal(response, url) };
    } catch (error) {
      return { ok: false, problem: unreadable(response.status, url, error) };
    }
  }
}

const plural = (kind: "task" | "batch"): string => (kind === "task" ? "tasks" : "batches");

function mapped<T, U>(called: Called<T>, change: (value: T) => U): Called<U> {
  return called.ok ? { ok: true, value: change(called.value) } : called;
}

const asText = (response: Response): Promise<string> => response.text();
const asBytes = async (response: Response): Promise<Uint8Array> =>
  new Uint8Array(await response.arrayBuffer());

/** The fleet's own answers are taken at their word: a shape that differs is a bug of this repository. */
const asJson = async <T>(response: Response): Promise<T> =>
  JSON.parse((await response.text()) || "null");

const asLines = async <T>(response: Response): Promise<T[]> =>
  (await response.text())
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));

function unreachable(url: string, error: unknown): CallProblem {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  const timedOut = error instanceof Error && error.name === "TimeoutError";
  const local = isLoopback(url);
  const hint = timedOut
    ? `nothing came back within ${commandLineLimits.requestMsMax / 1000} s`
    : local
      ? "start it with npm start, or say where it is with --url"
      : "check --url or FLEET_URL";
  return {
    kind: "unreachable",
    status: 0,
    code: code === "" ? "unreachable" : code,
    message: `no fleet answers at ${url}${code === "" ? "" : ` (${code})`}: ${hint}`,
    details: [],
  };
}

async function refusal(response: Response, url: string): Promise<CallProblem> {
  const { status } = response;
  const { error } = (await asJson<ErrorAnswer>(response)) ?? {};
  if (typeof error?.message !== "string") return unreadable(status, url, null);
  return {
    kind: "refused",
    status,
    code: error.code,
    message: `${error.message}${hintFor(status)}`,
    details: (error.details ?? []).map((detail) =>
      [detail.line === undefined ? "" : `line ${detail.line}`, detail.path ?? "", detail.message]
        .filter((part) => part !== "")
        .join(": "),
    ),
  };
}

function hintFor(status: number): string {
  if (status === 401) return " (set --key or FLEET_API_KEY)";
  if (status === 503) return " (is the deployed fleet missing its key? see fleet doctor)";
  return "";
}

function unreadable(status: number, url: string, error: unknown): CallProblem {
  const why = error instanceof Error ? ` (${error.message})` : "";
  return {
    kind: "unreadable",
    status,
    code: "unreadable",
    message: `${url} answered HTTP ${status}, but not as a fleet does${why}: check --url or FLEET_URL`,
    details: [],
  };
}

/** Whether the address is this machine: only then may a default key be sent. */
export function isLoopback(url: string): boolean {
  const name = URL.canParse(url) ? new URL(url).hostname : "";
  return name === "localhost" || name === "[::1]" || /^127(\.\d+){3}$/.test(name);
}
