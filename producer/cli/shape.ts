/**
 * Whether an answer is a fleet's. Any service may listen on the address that people typed, so what
 * the commands read of an answer is looked at before it is used; what they do not read is not.
 */
type Kind = "text" | "number" | "object" | "list" | readonly [Shape];

/** Field to kind; `[shape]` is a list whose every entry has that shape. */
export interface Shape {
  readonly [field: string]: Kind;
}

export function hasShape(value: unknown, shape: Shape): boolean {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return false;
  const fields = new Map<string, unknown>(Object.entries(value));
  return Object.entries(shape).every(([name, kind]) => isKind(fields.get(name), kind));
}

function isKind(value: unknown, kind: Kind): boolean {
  switch (kind) {
    case "text":
      return typeof value === "string";
    case "number":
      return typeof value === "number";
    case "object":
      return value !== null && typeof value === "object" && !Array.isArray(value);
    case "list":
      return Array.isArray(value);
    default:
      return Array.isArray(value) && value.every((entry) => hasShape(entry, kind[0]));
  }
}

const task: Shape = {
  id: "text",
  status: "text",
  usage: "object",
  labels: "object",
  quirks: "list",
};
const batch: Shape = { id: "text", status: "text", counts: "object", usage: "object" };
const step: Shape = { seq: "number", kind: "text", name: "text", status: "text" };
const decision: Shape = { at: "text", url: "text", action: "text" };
const file: Shape = { path: "text", bytes: "number" };
const schedule: Shape = {
  id: "text",
  name: "text",
  cron: "text",
  timezone: "text",
  items: "object",
  next_ticks: "list",
};
const key: Shape = { id: "text", name: "text", tenant: "text", scopes: "list" };
const tool: Shape = { name: "text", description: "text", effect: "text" };

const outcome: Shape = { action: "text", reason: "text", requests: "number" };
const egressTask: Shape = { task_id: "text", requests: "number", denied: "number" };
const host: Shape = { host: "text", requests: "number", denied: "number", outcomes: [outcome] };
const webhook: Shape = { id: "text", subject: "text", url: "text" };
const skill: Shape = { name: "text", description: "text" };

export const shapes = {
  webhook,
  webhooks: { webhooks: [webhook] },
  task,
  tasks: { tasks: [task] },
  batch,
  batches: { batches: [batch] },
  resultLine: { task_id: "text", status: "text", usage: "object" },
  schedule,
  schedules: { schedules: [schedule] },
  deleted: { id: "text" },
  input: { key: "text", bytes: "number", sha256: "text" },
  deletedInput: { key: "text" },
  steps: { steps: [step] },
  decisions: { decisions: [decision] },
  decisionPage: { decisions: [{ ...decision, task_id: "text" }] },
  egressTasks: { tasks: [egressTask] },
  egressHosts: { hosts: [host] },
  dryRun: {
    total: "number",
    faults: [{ message: "text" }],
    warnings: [{ message: "text" }],
    policies: "list",
    models: "list",
    estimate: "object",
    assumptions: "list",
  },
  files: { files: [file] },
  key,
  keys: { keys: [key] },
  spend: { today: "object", spend: "list" },
  tools: { tools: [tool], mcp: [{ name: "text", url: "text" }], skills: [skill], faults: "list" },
  stats: { counts: "object" },
  pauses: { models: [{ model: "text" }] },
  redriven: { redriven: "number" },
  health: { status: "text" },
  error: { code: "text", message: "text" },
} as const satisfies Record<string, Shape>;
