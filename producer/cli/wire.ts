/** The API's answers, as far as the command line reads them. Times are ISO 8601 UTC. */
import type { Reason, Status } from "../../shared/states.ts";
import type { Usage } from "../../shared/usage.ts";

type UsageAnswer = Pick<
  Usage,
  | "steps"
  | "model_calls"
  | "tool_calls"
  | "prompt_tokens"
  | "cached_tokens"
  | "completion_tokens"
  | "cost_usd"
  | "egress_requests"
  | "egress_bytes"
> & {
  /** Tokens that no price is known for; older fleets do not say. */
  unpriced_tokens?: number;
};

export interface TaskAnswer {
  id: string;
  status: Status;
  reason: Reason | null;
  attempt: number;
  batch_id: string | null;
  custom_id: string | null;
  labels: Record<string, string>;
  model: string;
  policy: string;
  sandbox: string;
  created_at: string;
  started_at: string | null;
  finished_at: string | null;
  usage: UsageAnswer;
  /** Null where it is large or there is none; the result has it always. */
  output: unknown;
  error: { code: string; message: string } | null;
  quirks: string[];
  /** How many tries the task has, where the API says so. */
  attempts?: number;
  /** The runs before a redrive, the oldest first. */
  history?: { status?: string; reason?: string }[];
}

/** What one call to redrive a batch did. */
export interface BatchRedriven {
  redriven: number;
  /** Tasks that stay as they are, because they with the overrides are not to be accepted. */
  refused?: number;
  details?: Fault[];
  next_cursor?: string | null;
}

export type Counts = { total: number } & Record<Status, number>;

/** An API key; `key` itself is in the answer that made it, and nowhere else. */
export interface KeyAnswer {
  id: string;
  name: string;
  tenant: string;
  scopes: string[];
  created_at: string;
  expires_at: string | null;
  revoked_at: string | null;
  last_used_at: string | null;
  key?: string;
}

export interface BatchAnswer {
  id: string;
  status: "running" | "cancelling" | "finished";
  counts: Counts;
  usage: UsageAnswer;
  /** When the rest will be done at the pace so far. */
  eta?: string | null;
  /** Why it has no tasks. */
  error?: { code: string; message: string; details?: Fault[] } | null;
  labels?: Record<string, string>;
  created_at: string;
  finished_at: string | null;
}

/** A schedule; a list leaves out what became of its ticks. */
export interface ScheduleAnswer {
  id: string;
  name: string;
  cron: string;
  timezone: string;
  items: { inline: unknown[] } | { r2: string } | { batch: string };
  overlap: "skip" | "allow";
  catch_up: "once" | "skip";
  enabled: boolean;
  key_id: string | null;
  next_ticks: string[];
  open_tick: { at: string; error: { message: string } | null } | null;
  last_ticks?: {
    at: string;
    outcome: string;
    batch_id: string | null;
    missed: number;
    error: { message: string; details?: Fault[] } | null;
  }[];
}

/** A webhook that was given up, or is sent again. */
export interface WebhookAnswer {
  id: string;
  subject: string;
  url: string;
  tries: number;
  last_error: string | null;
}

/** One line of a batch's results. */
export interface ResultLine {
  index: number;
  custom_id: string | null;
  task_id: string;
  status: Status;
  reason: Reason | null;
  output: unknown;
  error: { code: string; message: string } | null;
  usage: UsageAnswer;
}

export interface StepAnswer {
  seq: number;
  kind: "model" | "tool";
  name: string;
  status: string;
  started_at: string;
  duration_ms: number;
  usage?: Partial<UsageAnswer>;
  quirks?: string[];
  input?: unknown;
  output?: unknown;
}

export interface DecisionAnswer {
  at: string;
  method: string;
  url: string;
  action: "allow" | "inject" | "deny";
  policy: string;
  rule: number | string | null;
  reason: string;
  status: number | null;
  bytes_in: number;
  bytes_out: number;
}

export interface DecisionPage {
  decisions: (DecisionAnswer & { task_id: string; custom_id: string | null })[];
  next_cursor: string | null;
}

export interface EgressTaskPage {
  tasks: {
    task_id: string;
    custom_id: string | null;
    batch_id: string | null;
    requests: number;
    denied: number;
    bytes_in: number;
    bytes_out: number;
    first_at: string;
    last_at: string;
  }[];
  next_cursor: string | null;
}

export interface HostAnswer {
  host: string;
  requests: number;
  denied: number;
  bytes_in: number;
  bytes_out: number;
  last_at: string;
  outcomes: { action: string; reason: string; requests: number }[];
}

export interface HostList {
  hosts: HostAnswer[];
  truncated: boolean;
}

export interface FileAnswer {
  path: string;
  bytes: number;
  sha256?: string;
}

/** What was used on one day by one model. */
export interface SpendAnswer {
  today: {
    day: string;
    cost_usd: number;
    tokens: number;
    unpriced_tokens: number;
    ceiling_usd: number | null;
  };
  spend: {
    day: string;
    model: string;
    calls: number;
    prompt_tokens: number;
    cached_tokens: number;
    completion_tokens: number;
    unpriced_tokens: number;
    cost_usd: number;
  }[];
}

export interface StatsAnswer {
  counts: Record<Status, number>;
  backlog: number;
  oldest_queued_at: string | null;
}

export interface ToolAnswer {
  name: string;
  description: string;
  effect: "read" | "idempotent" | "effect";
  configured: boolean;
  reason: string | null;
}

export interface DryRunAnswer {
  total: number;
  acceptable: boolean;
  ready: boolean;
  faults: Fault[];
  faults_unlisted: number;
  warnings: Fault[];
  warnings_unlisted: number;
  policies: {
    policy: string;
    tasks: number;
    hosts: string[];
    secrets: { name: string; set: boolean | null }[];
    routes: { name: string; bound: boolean | null }[];
  }[];
  models: {
    model: string;
    tasks: number;
    price: { input: number; cached: number; output: number } | null;
  }[];
  estimate: {
    first_calls: { prompt_tokens: number; completion_tokens: number; cost_usd: number | null };
    worst_case: { tokens: number; cost_usd: number | null };
  };
  assumptions: string[];
}

/** Times are ISO 8601 UTC. */
export interface PausesAnswer {
  /** The whole fleet. */
  paused: boolean;
  since: string | null;
  models: { model: string; since: string }[];
}

export interface ToolsAnswer {
  tools: ToolAnswer[];
  mcp: { name: string; url: string }[];
  skills: { name: string; description: string }[];
  faults: string[];
}

/** One fault in a body. `line` counts from 1. */
export interface Fault {
  line?: number;
  path?: string;
  message: string;
}

/** The body of every refusal. */
export interface ErrorAnswer {
  error: { code: string; message: string; details?: Fault[] };
}

/** An upload, as it was stored. */
export interface InputAnswer {
  key: string;
  bytes: number;
  sha256: string;
}
