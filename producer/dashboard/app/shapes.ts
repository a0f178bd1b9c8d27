/** What the API answers, as far as the pages show it; docs/api.md has the whole. */
import type { Reason, Status, TerminalStatus } from "../../../shared/states.ts";

export type { Reason, Status } from "../../../shared/states.ts";

export interface Usage {
  steps: number;
  model_calls: number;
  tool_calls: number;
  prompt_tokens: number;
  cached_tokens: number;
  completion_tokens: number;
  unpriced_tokens: number;
  cost_usd: number;
  egress_requests: number;
  egress_bytes: number;
}

export interface TaskError {
  code: string;
  message: string;
  draft?: string;
  uncertain?: unknown;
}

export interface AttemptError {
  attempt?: number;
  code: string;
  class?: string;
  message: string;
  at?: string;
}

export interface Run {
  fence: number;
  status: Status;
  reason: Reason | null;
  finished_at?: string;
  redriven?: { mode: string; at: string; overrides?: readonly string[] };
}

export interface Task {
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
  usage: Usage;
  output: unknown;
  error: TaskError | null;
  quirks: readonly unknown[];
  history?: readonly Run[];
}

export interface DeadLetter extends Task {
  cause: (TaskError & { class?: string; last_step?: string }) | null;
  attempt_errors: readonly AttemptError[];
}

export interface Tasks<T = Task> {
  tasks: readonly T[];
  next_cursor: string | null;
}

export type Counts = { total: number } & Record<Status, number>;

export interface Batch {
  id: string;
  status: "running" | "cancelling" | "finished";
  counts: Counts;
  usage: Usage;
  eta: string | null;
  labels: Record<string, string>;
  limits: { cost_usd?: number; tokens?: number };
  schedule_id?: string;
  tick_at?: string;
  after?: { batch: string; status: readonly string[] };
  waiting?: boolean;
  paused: boolean;
  error: { code: string; message: string } | null;
  created_at: string;
  finished_at: string | null;
}

export interface Batches {
  batches: readonly Batch[];
  next_cursor: string | null;
}

export interface Failure {
  status: Status;
  reason: Reason;
  code: string | null;
  tasks: number;
  example: string;
  message: string | null;
}

export interface Step {
  seq: number;
  kind: "model" | "tool";
  name: string;
  status: "done" | "failed" | "refused" | "intent";
  started_at: string;
  duration_ms: number;
  usage?: {
    prompt_tokens: number;
    cached_tokens: number;
    completion_tokens: number;
    cost_usd: number;
  };
  quirks?: readonly string[];
  input?: unknown;
  output?: unknown;
  note?: string;
  files?: Record<string, unknown>;
}

export interface Decision {
  at: string;
  method: string;
  url: string;
  action: "allow" | "inject" | "deny";
  policy: string;
  rule: number | null;
  reason: string;
  credential: string | null;
  status: number | null;
  bytes_in: number;
  bytes_out: number;
  duration_ms: number;
  step: number;
}

export interface WorkspaceFile {
  path: string;
  bytes: number;
  sha256: string;
}

export interface Stats {
  counts: Record<Status, number>;
  backlog: number;
  oldest_queued_at: string | null;
  models: readonly ModelStats[];
  spend_today: {
    day: string;
    cost_usd: number;
    tokens: number;
    unpriced_tokens: number;
    ceiling_usd: number | null;
  };
}

export interface ModelStats {
  model: string;
  tasks: number;
  prompt_tokens: number;
  cached_tokens: number;
  completion_tokens: number;
  unpriced_tokens: number;
  cost_usd: number;
}

export type Minute = { at: string; tokens: number; cost_usd: number } & Record<
  TerminalStatus,
  number
>;

export interface Throughput {
  minutes: readonly Minute[];
  complete_from: string;
}

export interface Spend {
  spend: readonly (Omit<ModelStats, "tasks"> & { day: string; calls: number })[];
}

export interface Pauses {
  paused: boolean;
  since: string | null;
  models: readonly { model: string; since: string }[];
}

export interface Redriven {
  redriven: number;
  refused: number;
  details: readonly { id?: string; path?: string; message: string }[];
  next_cursor: string | null;
}

export interface Schedule {
  id: string;
  name: string;
  cron: string;
  timezone: string;
  enabled: boolean;
  next_ticks: readonly string[];
  last_ticks?: readonly {
    at: string;
    outcome: string;
    batch_id: string | null;
    missed: number;
    error: { code: string; message: string } | null;
  }[];
}

export interface Schedules {
  schedules: readonly Schedule[];
  next_cursor: string | null;
}

export interface Hosts {
  hosts: readonly {
    host: string;
    requests: number;
    denied: number;
    bytes_in: number;
    bytes_out: number;
    last_at: string;
    outcomes: readonly { action: string; reason: string; requests: number }[];
  }[];
  truncated: boolean;
}

export interface ListedDecision extends Decision {
  task_id: string;
  custom_id: string | null;
  host: string;
}

export interface ListedDecisions {
  decisions: readonly ListedDecision[];
  next_cursor: string | null;
}

export interface Listing {
  tools: readonly {
    name: string;
    description: string;
    effect: string;
    input_schema: unknown;
    configured: boolean;
    reason: string | null;
  }[];
  mcp: readonly { name: string; url: string }[];
  skills: readonly { name: string; description: string }[];
  faults: readonly string[];
}

export interface Policy {
  name: string;
  description: string | null;
  rules: readonly {
    host: string;
    schemes?: readonly string[];
    port?: number;
    methods?: readonly string[];
    path_prefix?: string;
    inject?: { header: string; secret: string };
    route?: string;
  }[];
  limits: Record<string, number> | null;
  /** Why it denies everything, where it cannot be read or used. */
  problem: string | null;
}

export interface Policies {
  policies: readonly Policy[];
}
