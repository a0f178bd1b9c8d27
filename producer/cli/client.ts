import { commandLineLimits } from "../../shared/limits.ts";
import { hasShape, type Shape, shapes } from "./shape.ts";
import type {
  BatchAnswer,
  BatchRedriven,
  DecisionAnswer,
  DecisionPage,
  EgressTaskPage,
  ErrorAnswer,
  Fault,
  FileAnswer,
  HostList,
  KeyAnswer,
  ResultLine,
  ScheduleAnswer,
  StatsAnswer,
  StepAnswer,
  TaskAnswer,
  ToolAnswer,
} from "./wire.ts";

/** Why a call gave nothing, in words for the person at the terminal. */
export interface CallProblem {
  /** `unreachable`: nothing answered. `refused`: the API said no. `unreadable`: something else answered. */
  kind: "unreachable" | "refused" | "unreadable";
  /** The HTTP status; 0 where nothing answered. */
  status: number;
  code: string;
  message: string;
  /** The faults of a body, as the API gives them. */
  details: Fault[];
}

export type Called<T> = { ok: true; value: T } | { ok: false; problem: CallProblem };

export interface Connection {
  /** Such as http://127.0.0.1:8787, without a slash at the end. */
  url: string;
  key: string;
  fetch: typeof fetch;
}

export interface RedriveOrder {
  /** What the API takes; it says itself what it does not. */
  mode: string;
  overrides?: Record<string, unknown>;
}

/** Which of a batch's tasks are meant; all that can be redriven where nothing is named. */
export interface BatchRedriveOrder extends RedriveOrder {
  status?: string[];
  reason?: string;
  /** Where the call before this one stopped. */
  cursor?: string;
}

/** What the API offers, typed, over fetch. No method throws for what a server or a network does. */
export class FleetClient {
  readonly url: string;
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.url = connection.url;
    this.#connection = connection;
  }

  healthy(): Promise<Called<{ status: string }>> {
    return this.#call("GET", "/healthz", shaped<{ status: string }>(shapes.health));
  }

  submitTask(task: unknown, idempotencyKey: string): Promise<Called<TaskAnswer>> {
    return this.#call("POST", "/v1/tasks", shaped<TaskAnswer>(shapes.task), {
      body: JSON.stringify(task),
      type: "application/json",
      idempotencyKey,
    });
  }

  /** `ndjson` holds one task per line. */
  submitLines(ndjson: string, idempotencyKey: string): Promise<Called<BatchAnswer>> {
    return this.#call("POST", "/v1/batches", shaped<BatchAnswer>(shapes.batch), {
      body: ndjson,
      type: "application/x-ndjson",
      idempotencyKey,
    });
  }

  /** `json` is a whole batch: `{tasks, defaults?, labels?, limits?}`. */
  submitBatch(json: string, idempotencyKey: string): Promise<Called<BatchAnswer>> {
    return this.#call("POST", "/v1/batches", shaped<BatchAnswer>(shapes.batch), {
      body: json,
      type: "application/json",
      idempotencyKey,
    });
  }

  task(id: string): Promise<Called<TaskAnswer>> {
    return this.#call(
      "GET",
      `/v1/tasks/${encodeURIComponent(id)}`,
      shaped<TaskAnswer>(shapes.task),
    );
  }

  tasks(
    filter: URLSearchParams,
  ): Promise<Called<{ tasks: TaskAnswer[]; next_cursor: string | null }>> {
    return this.#call(
      "GET",
      `/v1/tasks?${filter}`,
      shaped<{ tasks: TaskAnswer[]; next_cursor: string | null }>(shapes.tasks),
    );
  }

  async steps(id: string): Promise<Called<StepAnswer[]>> {
    return mapped(
      await this.#call(
        "GET",
        `/v1/tasks/${encodeURIComponent(id)}/steps`,
        shaped<{ steps: StepAnswer[] }>(shapes.steps),
      ),
      ({ steps }) => steps,
    );
  }

  async egress(id: string): Promise<Called<DecisionAnswer[]>> {
    return mapped(
      await this.#call(
        "GET",
        `/v1/tasks/${encodeURIComponent(id)}/egress`,
        shaped<{ decisions: DecisionAnswer[] }>(shapes.decisions),
      ),
      ({ decisions }) => decisions,
    );
  }

  /** The decisions of many tasks, a page at a time, the newest task first. */
  decisions(query: URLSearchParams): Promise<Called<DecisionPage>> {
    return this.#call("GET", `/v1/egress?${query}`, shaped<DecisionPage>(shapes.decisionPage));
  }

  /** The tasks that made the requests that the query means. */
  egressTasks(query: URLSearchParams): Promise<Called<EgressTaskPage>> {
    return this.#call(
      "GET",
      `/v1/egress/tasks?${query}`,
      shaped<EgressTaskPage>(shapes.egressTasks),
    );
  }

  /** The hosts that were asked for, the most asked first. */
  egressHosts(query: URLSearchParams): Promise<Called<HostList>> {
    return this.#call("GET", `/v1/egress/hosts?${query}`, shaped<HostList>(shapes.egressHosts));
  }

  async files(id: string): Promise<Called<FileAnswer[]>> {
    return mapped(
      await this.#call(
        "GET",
        `/v1/tasks/${encodeURIComponent(id)}/files`,
        shaped<{ files: FileAnswer[] }>(shapes.files),
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
    return this.#call(
      "GET",
      `/v1/batches/${encodeURIComponent(id)}`,
      shaped<BatchAnswer>(shapes.batch),
    );
  }

  batches(
    filter: URLSearchParams,
  ): Promise<Called<{ batches: BatchAnswer[]; next_cursor: string | null }>> {
    return this.#call(
      "GET",
      `/v1/batches?${filter}`,
      shaped<{ batches: BatchAnswer[]; next_cursor: string | null }>(shapes.batches),
    );
  }

  /** One line per terminal task, in the input's order. */
  results(id: string): Promise<Called<ResultLine[]>> {
    return this.#call(
      "GET",
      `/v1/batches/${encodeURIComponent(id)}/results`,
      asLines<ResultLine>(shapes.resultLine),
    );
  }

  cancelTask(id: string): Promise<Called<TaskAnswer>> {
    return this.#call(
      "POST",
      `/v1/tasks/${encodeURIComponent(id)}/cancel`,
      shaped<TaskAnswer>(shapes.task),
    );
  }

  cancelBatch(id: string): Promise<Called<BatchAnswer>> {
    return this.#call(
      "POST",
      `/v1/batches/${encodeURIComponent(id)}/cancel`,
      shaped<BatchAnswer>(shapes.batch),
    );
  }

  redriveTask(id: string, order: RedriveOrder): Promise<Called<TaskAnswer>> {
    return this.#call(
      "POST",
      `/v1/tasks/${encodeURIComponent(id)}/redrive`,
      shaped<TaskAnswer>(shapes.task),
      { body: JSON.stringify(order), type: "application/json" },
    );
  }

  /** One call looks at a bounded number of tasks; `next_cursor` says where the next goes on. */
  redriveBatch(id: string, order: BatchRedriveOrder): Promise<Called<BatchRedriven>> {
    return this.#call(
      "POST",
      `/v1/batches/${encodeURIComponent(id)}/redrive`,
      shaped<BatchRedriven>(shapes.redriven),
      { body: JSON.stringify(order), type: "application/json" },
    );
  }

  schedules(
    cursor: string | null,
  ): Promise<Called<{ schedules: ScheduleAnswer[]; next_cursor: string | null }>> {
    return this.#call(
      "GET",
      `/v1/schedules${cursor === null ? "" : `?cursor=${encodeURIComponent(cursor)}`}`,
      shaped<{ schedules: ScheduleAnswer[]; next_cursor: string | null }>(shapes.schedules),
    );
  }

  schedule(id: string): Promise<Called<ScheduleAnswer>> {
    return this.#call("GET", schedulePath(id), shaped<ScheduleAnswer>(shapes.schedule));
  }

  createSchedule(schedule: unknown): Promise<Called<ScheduleAnswer>> {
    return this.#call("POST", "/v1/schedules", shaped<ScheduleAnswer>(shapes.schedule), {
      body: JSON.stringify(schedule),
      type: "application/json",
    });
  }

  changeSchedule(id: string, change: unknown): Promise<Called<ScheduleAnswer>> {
    return this.#call("PATCH", schedulePath(id), shaped<ScheduleAnswer>(shapes.schedule), {
      body: JSON.stringify(change),
      type: "application/json",
    });
  }

  deleteSchedule(id: string): Promise<Called<{ id: string }>> {
    return this.#call("DELETE", schedulePath(id), shaped<{ id: string }>(shapes.deleted));
  }

  runSchedule(id: string, idempotencyKey: string): Promise<Called<BatchAnswer>> {
    return this.#call("POST", `${schedulePath(id)}/run`, shaped<BatchAnswer>(shapes.batch), {
      body: "{}",
      type: "application/json",
      idempotencyKey,
    });
  }

  stats(): Promise<Called<StatsAnswer>> {
    return this.#call("GET", "/v1/stats", shaped<StatsAnswer>(shapes.stats));
  }

  createKey(wanted: unknown): Promise<Called<KeyAnswer>> {
    return this.#call("POST", "/v1/keys", shaped<KeyAnswer>(shapes.key), {
      body: JSON.stringify(wanted),
      type: "application/json",
    });
  }

  keys(cursor: string | null): Promise<Called<{ keys: KeyAnswer[]; next_cursor: string | null }>> {
    return this.#call(
      "GET",
      `/v1/keys${cursor === null ? "" : `?cursor=${encodeURIComponent(cursor)}`}`,
      shaped<{ keys: KeyAnswer[]; next_cursor: string | null }>(shapes.keys),
    );
  }

  revokeKey(id: string): Promise<Called<KeyAnswer>> {
    return this.#call(
      "DELETE",
      `/v1/keys/${encodeURIComponent(id)}`,
      shaped<KeyAnswer>(shapes.key),
    );
  }

  tools(): Promise<Called<{ tools: ToolAnswer[] }>> {
    return this.#call("GET", "/v1/tools", shaped<{ tools: ToolAnswer[] }>(shapes.tools));
  }

  async #call<T>(
    method: "GET" | "POST" | "PATCH" | "DELETE",
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
    } catch {
      return { ok: false, problem: noFleet(response.status, url) };
    }
  }
}

const schedulePath = (id: string): string => `/v1/schedules/${encodeURIComponent(id)}`;

function mapped<T, U>(called: Called<T>, change: (value: T) => U): Called<U> {
  return called.ok ? { ok: true, value: change(called.value) } : called;
}

const asBytes = async (response: Response): Promise<Uint8Array> =>
  new Uint8Array(await response.arrayBuffer());

const asJson = async <T>(response: Response): Promise<T> => JSON.parse(await response.text());

/** Reads an answer of the shape; anything else comes from no fleet. */
const shaped =
  <T>(shape: Shape) =>
  async (response: Response): Promise<T> =>
    checked(await asJson<T>(response), shape);

const asLines =
  <T>(shape: Shape) =>
  async (response: Response): Promise<T[]> =>
    (await response.text())
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => checked(JSON.parse(line), shape));

function checked<T>(value: T, shape: Shape): T {
  if (!hasShape(value, shape)) throw new Error("an answer of another shape");
  return value;
}

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
  const { error } = (await asJson<Partial<ErrorAnswer> | null>(response)) ?? {};
  if (error === undefined || !hasShape(error, shapes.error)) return noFleet(status, url);
  return {
    kind: "refused",
    status,
    code: error.code,
    message: `${error.message}${hintFor(status)}`,
    details: Array.isArray(error.details) ? error.details : [],
  };
}

function hintFor(status: number): string {
  if (status === 401) return " (set --key or FLEET_API_KEY)";
  if (status === 503) return " (is the deployed fleet missing its key? see fleet doctor)";
  return "";
}

function noFleet(status: number, url: string): CallProblem {
  return {
    kind: "unreadable",
    status,
    code: "unreadable",
    message: `something answers at ${url} (HTTP ${status}), but this is no fleet: check --url or FLEET_URL`,
    details: [],
  };
}

/** Whether the address is this machine: only then may a default key be sent. */
export function isLoopback(url: string): boolean {
  const name = URL.canParse(url) ? new URL(url).hostname : "";
  return name === "localhost" || name === "[::1]" || /^127(\.\d+){3}$/.test(name);
}
