/**
 * The twelve invariants, each a function from the evidence to its violations. Nothing here calls the product: legal
 * transitions, keys and hashes are written down independently.
 */
import type { TaskRow } from "../../../shared/store/tasks/task_row.ts";
import type { Work } from "../simulation/workload.ts";
import { findLeaks } from "./canaries.ts";
import { type Evidence, readTranscript, type Submission, type TaskTally } from "./evidence.ts";

const terminal = ["succeeded", "failed", "dead", "cancelled", "expired"];
const isSettled = (row: TaskRow): boolean => terminal.includes(row.status);
const decoder = new TextDecoder();

type Check = (evidence: Evidence) => string[] | Promise<string[]>;

/** Each row with its work, found by the task's label. */
function withWork({
  rows,
  submissions,
  batches,
}: Evidence): { row: TaskRow; work: Work; submission?: Submission }[] {
  const submissionByLabel = new Map<string, { work: Work; submission?: Submission }>();
  for (const each of submissions)
    submissionByLabel.set(each.work.label, { work: each.work, submission: each });
  for (const batch of batches)
    for (const work of batch.works) submissionByLabel.set(work.label, { work });
  return rows.flatMap((row) => {
    const label = (JSON.parse(row.labels) as { work?: string }).work;
    const entry = label === undefined ? undefined : submissionByLabel.get(label);
    return entry === undefined ? [] : [{ row, ...entry }];
  });
}

/** 1. Every accepted task has a row, and every row is settled. */
export const noTaskLost: Check = (evidence) => {
  const { rows, submissions, batches, batchRows } = evidence;
  const ids = new Set(rows.map(({ id }) => id));
  const problems: string[] = [];
  for (const { accepted, ids: taskIds, work } of submissions) {
    if (accepted && ![...taskIds].every((id) => ids.has(id)))
      problems.push(`${work.label} has no row`);
  }
  for (const row of rows) if (!isSettled(row)) problems.push(`${row.id} is ${row.status}`);
  for (const { id, works } of batches) {
    const row = batchRows.find((each) => each.id === id);
    if (id !== null && row === undefined) problems.push(`${id} has no row`);
    const expanded = rows.filter((each) => row !== undefined && each.batch_id === row.id).length;
    if (row !== undefined && (expanded !== works.length || row.expanded !== row.total))
      problems.push(`${row.id} has ${expanded} tasks of ${works.length}`);
  }
  return problems;
};

/** 2. One terminal transition per run; only a redrive starts another run. Every transition is legal. */
export const settledOnce: Check = ({ auditor, rows, submissions }) => {
  const violations = auditor.violations.filter((text) =>
    /went from|was inserted as|after it settled/.test(text),
  );
  for (const { id } of rows) {
    const ends = auditor.changes.filter((each) => each.id === id && terminal.includes(each.to));
    const runs = 1 + (submissions.find((each) => each.ids.has(id))?.redrives ?? 0);
    if (ends.length > runs) violations.push(`${id} settled ${ends.length} times in ${runs} runs`);
  }
  return violations;
};

/** 3. No write under an old fence is applied, and no live lease is taken. */
export const singleOwner: Check = ({ auditor, rows }) => {
  const violations = auditor.violations.filter((text) =>
    /fence|was written under|live lease|was removed/.test(text),
  );
  for (const { id, fence, result_key } of rows) {
    if (result_key !== null && !result_key.includes(`/${id}/${fence}/`))
      violations.push(`${id} at fence ${fence} points at ${result_key}`);
  }
  return violations;
};

/** 4. A request with effects starts at most once per step, and a finished step is never written again. */
export const effectsOnce: Check = (evidence) => {
  const violations = evidence.auditor.violations.filter((text) =>
    text.includes("was finished and"),
  );
  for (const { row, work, submission } of withWork(evidence)) {
    // A resume continues the same run.
    const runs = 1 + (submission?.restarts ?? 0);
    const retries = submission?.mayRetryEffects ?? work.task.on_uncertain === "retry";
    for (const label of retries ? [] : work.effects) {
      const starts = evidence.upstream.filter(
        (request) => request.method === "POST" && request.label === label,
      ).length;
      if (starts > runs) violations.push(`${label} started ${starts} times in ${runs} runs`);
    }
    const steps = readTranscript(evidence, row) ?? [];
    const gap = steps.findIndex((step, n) => step.seq !== n + 1);
    if (gap !== -1) violations.push(`${row.id} has no step ${gap + 1}`);
  }
  return violations;
};

/** 5. A succeeded task has a complete result, with the answer and the steps that its work expects. */
export const resultsMatch: Check = async (evidence) => {
  const problems: string[] = [];
  for (const { row, work } of withWork(evidence)) {
    if (row.status !== "succeeded") {
      if (row.result_key !== null) problems.push(`${row.id} is ${row.status} and has a result`);
      if (row.reason === null && isSettled(row)) problems.push(`${row.id} has no reason`);
      continue;
    }
    const bytes = evidence.objects.get(row.result_key ?? "");
    if (bytes === undefined) {
      problems.push(`${row.id} has no result object`);
      continue;
    }
    const sha256 = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
    if (sha256 !== row.result_sha256 || bytes.byteLength !== row.result_bytes) {
      problems.push(`${row.id} has a result that does not match its row`);
      continue;
    }
    const { output } = JSON.parse(decoder.decode(bytes)) as { output: unknown };
    if (JSON.stringify(output) !== JSON.stringify(work.output))
      problems.push(`${row.id} (${work.shape}) answered ${JSON.stringify(output)}`);
    const names = (readTranscript(evidence, row) ?? []).map(({ name }) => name).join(" ");
    if (names !== work.steps.join(" "))
      problems.push(`${row.id} (${work.shape}) has the steps ${names}`);
  }
  return problems;
};

/** 6. Attempts and budgets stay within their limits, and only failed attempts are counted. */
export const limitsHold: Check = (evidence) => {
  const violations = evidence.auditor.violations.filter((text) => /attempt/.test(text));
  for (const row of evidence.rows) {
    const { id, attempt, attempts } = row;
    if (attempt > attempts) violations.push(`${id} had ${attempt} of ${attempts} attempts`);
    const errors = (JSON.parse(row.errors) as unknown[]).length;
    if (errors !== attempt)
      violations.push(`${id} counts ${attempt} attempts and has ${errors} errors`);
    const steps = readTranscript(evidence, row) ?? [];
    const usage = JSON.parse(row.usage) as { steps?: number; model_calls?: number };
    const modelCalls = steps.filter(
      ({ payload }) => payload.kind === "model" && payload.failure?.status !== 429,
    ).length;
    if (isSettled(row) && steps.length > 0 && usage.model_calls !== modelCalls)
      violations.push(`${id} counts ${usage.model_calls} model calls and made ${modelCalls}`);
  }
  return violations;
};

/** 7. No secret is stored, sent or logged anywhere. */
export const noSecretsLeaked: Check = ({
  rows,
  steps,
  egress,
  batchRows,
  objects,
  sentMessages: sent,
  logs,
  responses: answers,
  canaries,
}) => {
  const places: [string, string][] = [
    ["tasks", JSON.stringify(rows)],
    ["steps", JSON.stringify(steps)],
    ["egress_log", JSON.stringify(egress)],
    ["batches", JSON.stringify(batchRows)],
    ["queue", sent.join("\n")],
    ["logs", logs.join("\n")],
    ["answers", answers.join("\n")],
    ...[...objects].map(([key, bytes]): [string, string] => [
      key,
      `${key} ${decoder.decode(bytes)}`,
    ]),
  ];
  // JSON may escape a slash.
  return places.flatMap(([place, text]) =>
    findLeaks(text.replaceAll("\\/", "/"), canaries.values).map(
      (value) => `${place} contains ${value.slice(0, 13)}`,
    ),
  );
};

/** 8. What the upstream saw is a subset of what the log knows, went to a listed host, and is charged. */
export const egressDecided: Check = (evidence) => {
  const problems: string[] = [];
  const token = evidence.canaries.vars.SECRET_ORDERS_TOKEN;
  const owners = new Map(
    withWork(evidence).map(({ row, work }) => [work.label, { row, work }] as const),
  );
  for (const request of evidence.upstream) {
    if (request.host !== "orders.example") problems.push(`a request reached ${request.host}`);
    if (!request.url.startsWith("https:") && request.authorization !== null)
      problems.push(`${request.url} had a credential`);
    // The policy injects a credential: no request may be sent without it.
    if (request.host === "orders.example" && request.authorization !== `Bearer ${token}`)
      problems.push(`${request.url} had no valid credential`);
    const owner = owners.get(request.label.replace(/\.\d+$/, ""));
    if (owner !== undefined && !isLogged(evidence, owner.row, request))
      problems.push(`${request.method} ${request.url} of ${owner.row.id} is not logged`);
  }
  for (const { row, work, submission } of withWork(evidence)) {
    // A restart begins with an empty budget.
    if ((submission?.restarts ?? 0) > 0 || !isSettled(row)) continue;
    const seen = evidence.upstream.filter(
      ({ label }) => label.replace(/\.\d+$/, "") === work.label,
    ).length;
    const { egress_requests: charged = 0 } = JSON.parse(row.usage) as { egress_requests?: number };
    if (seen > charged) problems.push(`${row.id} was charged ${charged} of ${seen} requests`);
  }
  for (const row of evidence.egress) {
    const task = evidence.rows.find(({ id }) => id === row.task_id);
    if (task !== undefined && row.policy !== task.policy)
      problems.push(`${row.task_id} used ${row.policy}`);
  }
  return problems;
};

/** Its own row, or for a request without effects the row of its step that announced its host. */
function isLogged(
  { egress }: Evidence,
  task: TaskRow,
  { method, url, host }: Evidence["upstream"][number],
): boolean {
  return egress.some((row) => {
    if (row.task_id !== task.id || row.action !== "inject" || row.host !== host) return false;
    const isOwn = row.method === method && row.url.split("?")[0] === url.split("?")[0];
    return isOwn || (method === "GET" && row.reason === "unknown");
  });
}

/** 9. Rows and objects belong to the tenant of their task. */
export const tenantsIsolated: Check = ({ rows, egress, objects, submissions }) => {
  const problems: string[] = [];
  const tenants = new Map(rows.map(({ id, tenant }) => [id, tenant]));
  for (const { task_id, tenant } of egress) {
    if (tenants.get(task_id) !== tenant) problems.push(`a decision of ${task_id} is ${tenant}'s`);
  }
  for (const [key, bytes] of objects) {
    const [kind, tenant, id = ""] = key.split("/");
    if (kind !== "tasks") continue;
    if (tenants.has(id) && tenants.get(id) !== tenant) problems.push(`${key} belongs to ${tenant}`);
    const foreign = submissions
      .filter((each) => each.tenant !== tenant)
      .map(({ work }) => work.label);
    const text = decoder.decode(bytes);
    if (foreign.some((label) => text.includes(`answer ${label}"`)))
      problems.push(`${key} contains an answer of another tenant`);
  }
  return problems;
};

/** 10. An idempotency key creates one task. */
export const oneTaskPerKey: Check = ({ submissions, rows }) => {
  const problems = submissions
    .filter(({ work, ids }) => work.hasKey && ids.size > 1)
    .map(({ work, ids }) => `${work.label} became ${[...ids].join(", ")}`);
  for (const { work } of submissions.filter((each) => each.work.hasKey)) {
    const created = rows.filter(
      ({ labels }) => labels === JSON.stringify({ work: work.label }),
    ).length;
    if (created > 1) problems.push(`${work.label} has ${created} rows`);
  }
  return problems;
};

/** More deliveries than a task can need for its slices, attempts and faults. */
const deliveriesMax = 60;

/** 11. After the last fault every task settles with an expected outcome, without endless deliveries. */
export const everythingSettles: Check = (evidence) => {
  const problems = evidence.drained ? [] : ["the drain ran out of rounds"];
  for (const [id, count] of evidence.deliveries) {
    if (count > deliveriesMax) problems.push(`${id} was delivered ${count} times`);
  }
  for (const { row, work, submission } of withWork(evidence)) {
    const outcome = row.status === "succeeded" ? "succeeded" : `${row.status} ${row.reason}`;
    const batch = evidence.batches.find(({ works }) => works.includes(work));
    const expected = [...work.outcomes];
    // A resumed run continues after the turn that ended it.
    if ((submission?.redrives ?? 0) > (submission?.restarts ?? 0)) expected.push("succeeded");
    if (submission?.cancelled || batch?.cancelled) expected.push("cancelled cancelled");
    if (submission?.hasExpiry) expected.push("expired expired");
    // Any task may run out of attempts; the auditor checks what is counted as one.
    if (row.attempt >= row.attempts) expected.push("dead attempts_exhausted");
    if (!expected.includes(outcome) && isSettled(row))
      problems.push(`${row.id} (${work.shape}) ended ${outcome}: ${row.error}`);
  }
  return problems;
};

/** 12. Accepted tasks and rows add up, and no settled task is still held. */
export const countsAddUp: Check = ({ rows, steps, submissions, batches, auditor, tallies }) => {
  const problems = checkTallies(rows, tallies);
  for (const { id, status, lease_until, sweep_at } of rows) {
    if (terminal.includes(status) && (lease_until !== null || sweep_at !== null))
      problems.push(`${id} is ${status} and still held`);
    if (auditor.changes.findLast((each) => each.id === id)?.to !== status)
      problems.push(`${id} is ${status}, which no write set`);
  }
  const settled = new Set(rows.filter(isSettled).map(({ id }) => id));
  const remaining = steps.filter((step) => settled.has(String(step.task_id))).length;
  if (remaining > 0) problems.push(`${remaining} journal rows are left of settled tasks`);
  const ids = new Set(submissions.flatMap(({ ids: taskIds }) => [...taskIds]));
  const accepted = submissions.filter((each) => each.accepted).length;
  if (ids.size < accepted) problems.push(`${accepted} tasks were accepted under ${ids.size} ids`);
  const lines = batches.reduce((sum, { id, works }) => sum + (id === null ? 0 : works.length), 0);
  if (rows.length < accepted + lines) problems.push(`${rows.length} rows for ${accepted + lines}`);
  return problems;
};

/** The tallies of each tenant and model equal the counts of its rows. */
function checkTallies(rows: readonly TaskRow[], tallies: readonly TaskTally[]): string[] {
  const countsByBatch = new Map<string, Record<string, number>>();
  const add = (key: string, name: string, value: number): void => {
    const sums = countsByBatch.get(key) ?? {};
    countsByBatch.set(key, { ...sums, [name]: (sums[name] ?? 0) + value });
  };
  for (const row of rows) {
    const key = `${row.tenant} ${row.model}`;
    const usage = JSON.parse(row.usage) as Record<string, number>;
    add(key, isSettled(row) ? row.status : "live", 1);
    if (!isSettled(row)) continue;
    for (const name of ["prompt_tokens", "completion_tokens", "cost_usd"])
      add(key, name, usage[name] ?? 0);
  }
  const keys = new Set([
    ...countsByBatch.keys(),
    ...tallies.map((each) => `${each.tenant} ${each.model}`),
  ]);
  return [...keys].flatMap((key) => {
    const tally = tallies.find((each) => `${each.tenant} ${each.model}` === key);
    const names = [...terminal, "live", "prompt_tokens", "completion_tokens", "cost_usd"];
    return names.flatMap((name) => {
      const [actual, stored] = [countsByBatch.get(key)?.[name] ?? 0, Number(tally?.[name] ?? 0)];
      const differs = Math.abs(actual - stored) > (name === "cost_usd" ? 1e-6 : 0);
      return differs ? [`the tally of ${key} has ${stored} ${name}, not ${actual}`] : [];
    });
  });
}

export const invariants = {
  noTaskLost,
  settledOnce,
  singleOwner,
  effectsOnce,
  resultsMatch,
  limitsHold,
  noSecretsLeaked,
  egressDecided,
  tenantsIsolated,
  oneTaskPerKey,
  everythingSettles,
  countsAddUp,
} satisfies Record<string, Check>;

/** Every violation, prefixed with the name of its invariant. */
export async function findViolations(evidence: Evidence): Promise<string[]> {
  const problems: string[] = [];
  for (const [name, check] of Object.entries(invariants)) {
    for (const text of await check(evidence)) problems.push(`${name}: ${text}`);
  }
  return problems;
}
