import {
  asBytes,
  asJson,
  asLines,
  type Call,
  type Called,
  type Connection,
  callsOver,
  mapped,
  shaped,
} from "./connection.ts";
import { shapes } from "./shape.ts";
import type {
  BatchAnswer,
  BatchRedriven,
  DecisionAnswer,
  DecisionPage,
  DryRunAnswer,
  EgressTaskPage,
  FileAnswer,
  HostList,
  InputAnswer,
  KeyAnswer,
  PausesAnswer,
  ResultLine,
  ScheduleAnswer,
  SpendAnswer,
  StatsAnswer,
  StepAnswer,
  TaskAnswer,
  ToolsAnswer,
  WebhookAnswer,
} from "./wire.ts";

export interface RedriveOrder {
  /** What the API takes; it says itself what it does not. */
  mode: string;
  overrides?: Record<string, unknown>;
}

/** Which tasks are meant; of a batch, all that can be redriven where nothing is named. */
export interface ManyRedriveOrder extends RedriveOrder {
  status?: string[];
  reason?: string;
  error_code?: string;
  labels?: Record<string, string>;
  created_after?: string;
  created_before?: string;
  /** Where the call before this one stopped. */
  cursor?: string;
}

/** What is paused or resumed: where, and its name for people. */
export interface FlowTarget {
  path: string;
  name: string;
}

/** What the API offers, typed, over fetch. No method throws for what a server or a network does. */
export class FleetClient {
  readonly url: string;
  readonly #call: Call;

  constructor(connection: Connection) {
    this.url = connection.url;
    this.#call = callsOver(connection);
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

  /** What would come of a batch, `body` being lines or one JSON batch; nothing is accepted. */
  dryRun(body: string, isJson: boolean): Promise<Called<DryRunAnswer>> {
    return this.#call("POST", "/v1/batches?dry_run=true", shaped<DryRunAnswer>(shapes.dryRun), {
      body,
      type: isJson ? "application/json" : "application/x-ndjson",
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

  /** The tasks of the tenant that the filters choose; bounded as a batch's. */
  redriveChosen(order: ManyRedriveOrder): Promise<Called<BatchRedriven>> {
    return this.#call("POST", "/v1/tasks/redrive", shaped<BatchRedriven>(shapes.redriven), {
      body: JSON.stringify(order),
      type: "application/json",
    });
  }

  /** One call looks at a bounded number of tasks; `next_cursor` says where the next goes on. */
  redriveBatch(id: string, order: ManyRedriveOrder): Promise<Called<BatchRedriven>> {
    return this.#call(
      "POST",
      `/v1/batches/${encodeURIComponent(id)}/redrive`,
      shaped<BatchRedriven>(shapes.redriven),
      { body: JSON.stringify(order), type: "application/json" },
    );
  }

  turnFlow(target: FlowTarget, word: "pause" | "resume"): Promise<Called<unknown>> {
    return this.#call("POST", `${target.path}/${word}`, asJson<unknown>);
  }

  /** What is paused by an operator: the whole fleet, and models. */
  pauses(): Promise<Called<PausesAnswer>> {
    return this.#call("GET", "/v1/pause", shaped<PausesAnswer>(shapes.pauses));
  }

  deadWebhooks(): Promise<Called<{ webhooks: WebhookAnswer[] }>> {
    const read = shaped<{ webhooks: WebhookAnswer[] }>(shapes.webhooks);
    return this.#call("GET", "/v1/webhooks/dead", read);
  }

  redeliver(id: string): Promise<Called<WebhookAnswer>> {
    const path = `/v1/webhooks/${encodeURIComponent(id)}/redeliver`;
    return this.#call("POST", path, shaped<WebhookAnswer>(shapes.webhook));
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

  /** A finished task's whole journal, as consumer/replay/recording.ts describes it. */
  journal(id: string): Promise<Called<unknown>> {
    return this.#call("GET", `/v1/tasks/${encodeURIComponent(id)}/journal`, asJson<unknown>);
  }

  spend(days: string): Promise<Called<SpendAnswer>> {
    const query = new URLSearchParams({ days });
    return this.#call("GET", `/v1/spend?${query}`, shaped<SpendAnswer>(shapes.spend));
  }

  /** Replaces what stood under the key. */
  putInput(key: string, bytes: Uint8Array<ArrayBuffer>): Promise<Called<InputAnswer>> {
    return this.#call("PUT", inputPath(key), shaped<InputAnswer>(shapes.input), {
      body: bytes,
      type: "application/octet-stream",
    });
  }

  deleteInput(key: string): Promise<Called<{ key: string }>> {
    return this.#call("DELETE", inputPath(key), shaped<{ key: string }>(shapes.deletedInput));
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

  tools(): Promise<Called<ToolsAnswer>> {
    return this.#call("GET", "/v1/tools", shaped<ToolsAnswer>(shapes.tools));
  }
}

const inputPath = (key: string): string =>
  `/v1/inputs/${key.split("/").map(encodeURIComponent).join("/")}`;
const schedulePath = (id: string): string => `/v1/schedules/${encodeURIComponent(id)}`;
