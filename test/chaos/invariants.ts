/**
 * The twelve invariants of the design, each a function of the evidence that answers what violates it.
 * Nothing here asks the product: legal moves, keys and hashes are written down again.
 */
import type { TaskRow } from "../../shared/store/task_row.ts";
import { leaked } from "./canaries.ts";
import { type Asked, type Evidence, type Tally, transcriptOf } from "./evidence.ts";
import type { Work } from "./workload.ts";

const terminal = ["succeeded", "failed", "dead", "cancelled", "expired"];
const isSettled = (row: TaskRow): boolean => terminal.includes(row.status);
const decoder = new TextDecoder();

type Check = (evidence: Evidence) => string[] | Promise<string[]>;

/** Each row with the work it stands for, found by the label that the task carries. */
function pairs({ rows, asked, batches }: Evidence): { row: TaskRow; work: Work; asked?: Asked }[] {
  const known = new Map<string, { work: Work; asked?: Asked }>();
  for (const one of asked) known.set(one.work.label, { work: one.work, asked: one });
  for (const batch of batches) for (const work of batch.works) known.set(work.label, { work });
  return rows.flatMap((row) => {
    const label = (JSON.parse(row.labels) as { work?: string }).work;
    const found = label === undefined ? undefined : known.get(label);
    return found === undefined ? [] : [{ row, ...found }];
  });
}

/** 1. Every task that was accepted has a row, and every row is settled. */
export const nothingLost: Check = (evidence) => {
  const { rows, asked, batches, batchRows } = evidence;
  const ids = new Set(rows.map(({ id }) => id));
  const found: string[] = [];
  for (const { accepted, ids: named, work } of asked) {
    if (accepted && ![...named].every((id) => ids.has(id))) found.push(`${work.label} has no row`);
  }
  for (const row of rows) if (!isSettled(row)) found.push(`${row.id} is ${row.status}`);
  for (const { id, works } of batches) {
    const row = batchRows.find((each) => each.id === id);
    if (id !== null && row === undefined) found.push(`${id} has no row`);
    const made = rows.filter((each) => row !== undefined && each.batch_id === row.id).length;
    if (row !== undefined && (made !== works.length || row.expanded !== row.total))
      found.push(`${row.id} has ${made} tasks of ${works.length}`);
  }
  return found;
};

/** 2. One terminal transition a run; only a redrive begins another. Every move is legal. */
export const settledOnce: Check = ({ auditor, rows, asked }) => {
  const found = auditor.violations.filter((text) =>
    /went from|was born|after it settled/.test(text),
  );
  for (const { id } of rows) {
    const ends = auditor.changes.filter((each) => each.id === id && terminal.includes(each.to));
    const runs = 1 + (asked.find((one) => one.ids.has(id))?.redrives ?? 0);
    if (ends.length > runs) found.push(`${id} settled ${ends.length} times in ${runs} runs`);
  }
  return found;
};

/** 3. No write under an old fence lands, and no live lease is taken. */
export const oneOwner: Check = ({ auditor, rows }) => {
  const found = auditor.violations.filter((text) =>
    /fence|was written under|live lease|is gone/.test(text),
  );
  for (const { id, fence, result_key } of rows) {
    if (result_key !== null && !result_key.includes(`/${id}/${fence}/`))
      found.push(`${id} at fence ${fence} points at ${result_key}`);
  }
  return found;
};

/** 4. A request with effects starts at most once a step, and a finished step is never written again. */
export const effectsOnce: Check = (evidence) => {
  const found = evidence.auditor.violations.filter((text) => text.includes("was finished and"));
  for (const { row, work, asked } of pairs(evidence)) {
    // A resume goes on in the same run.
    const runs = 1 + (asked?.restarts ?? 0);
    const retries = asked?.retries ?? work.task.on_uncertain === "retry";
    for (const label of retries ? [] : work.effects) {
      const starts = evidence.upstream.filter(
        (seen) => seen.method === "POST" && seen.label === label,
      ).length;
      if (starts > runs) found.push(`${label} started ${starts} times in ${runs} runs`);
    }
    const steps = transcriptOf(evidence, row) ?? [];
    const gap = steps.findIndex((step, n) => step.seq !== n + 1);
    if (gap !== -1) found.push(`${row.id} has no step ${gap + 1}`);
  }
  return found;
};

/** 5. Success has its result, whole, with the answer and the steps that the work must have. */
export const resultsMatch: Check = async (evidence) => {
  const found: string[] = [];
  for (const { row, work } of pairs(evidence)) {
    if (row.status !== "succeeded") {
      if (row.result_key !== null) found.push(`${row.id} is ${row.status} and has a result`);
      if (row.reason === null && isSettled(row)) found.push(`${row.id} has no reason`);
      continue;
    }
    const bytes = evidence.objects.get(row.result_key ?? "");
    if (bytes === undefined) {
      found.push(`${row.id} has no result object`);
      continue;
    }
    const sha256 = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
    if (sha256 !== row.result_sha256 || bytes.byteLength !== row.result_bytes) {
      found.push(`${row.id} has another result than its row says`);
      continue;
    }
    const { output } = JSON.parse(decoder.decode(bytes)) as { output: unknown };
    if (JSON.stringify(output) !== JSON.stringify(work.output))
      found.push(`${row.id} (${work.shape}) answered ${JSON.stringify(output)}`);
    const names = (transcriptOf(evidence, row) ?? []).map(({ name }) => name).join(" ");
    if (names !== work.steps.join(" ")) found.push(`${row.id} (${work.shape}) went ${names}`);
  }
  return found;
};

/** 6. Attempts and budgets stay in their bounds, and only tries that failed are counted. */
export const boundsHold: Check = (evidence) => {
  const found = evidence.auditor.violations.filter((text) => /attempt/.test(text));
  for (const row of evidence.rows) {
    const { id, attempt, attempts } = row;
    if (attempt > attempts) found.push(`${id} tried ${attempt} of ${attempts} times`);
    const errors = (JSON.parse(row.errors) as unknown[]).length;
    if (errors !== attempt) found.push(`${id} counts ${attempt} tries and explains ${errors}`);
    const steps = transcriptOf(evidence, row) ?? [];
    const usage = JSON.parse(row.usage) as { steps?: number; model_calls?: number };
    const asked = steps.filter(
      ({ payload }) => payload.kind === "model" && payload.failure?.status !== 429,
    ).length;
    if (isSettled(row) && steps.length > 0 && usage.model_calls !== asked)
      found.push(`${id} used ${usage.model_calls} model calls and made ${asked}`);
  }
  return found;
};

/** 7. No secret stands anywhere. */
export const noSecrets: Check = ({
  rows,
  steps,
  egress,
  batchRows,
  objects,
  sent,
  logs,
  answers,
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
  // JSON writes some characters with a backslash before them.
  return places.flatMap(([place, text]) =>
    leaked(text.replaceAll("\\/", "/"), canaries.values).map(
      (value) => `${value.slice(0, 13)} stands in ${place}`,
    ),
  );
};

/** 8. What reached the upstream was decided and logged, and went to listed hosts alone. */
export const egressDecided: Check = (evidence) => {
  const found: string[] = [];
  const token = evidence.canaries.vars.SECRET_ORDERS_TOKEN;
  const owners = new Map(
    pairs(evidence).map(({ row, work }) => [work.label, { row, work }] as const),
  );
  for (const seen of evidence.upstream) {
    if (seen.host !== "orders.example") found.push(`a request reached ${seen.host}`);
    if (!seen.url.startsWith("https:") && seen.authorization !== null)
      found.push(`${seen.url} had a credential`);
    // The policy injects one: without it, nothing may be sent.
    if (seen.host === "orders.example" && seen.authorization !== `Bearer ${token}`)
      found.push(`${seen.url} came without its credential`);
    const owner = owners.get(seen.label.replace(/\.\d+$/, ""));
    if (owner === undefined) continue;
    const decided = evidence.egress.some(
      (row) =>
        row.task_id === owner.row.id &&
        row.method === seen.method &&
        row.action === "inject" &&
        row.url.split("?")[0] === seen.url.split("?")[0],
    );
    // A kill may lose the rows of the one step in flight, never those of a finished one.
    const finished = owner.row.status === "succeeded" || seen.method === "POST";
    if (finished && !decided)
      found.push(`${seen.method} ${seen.url} of ${owner.row.id} is not logged`);
  }
  for (const row of evidence.egress) {
    const task = evidence.rows.find(({ id }) => id === row.task_id);
    if (task !== undefined && row.policy !== task.policy)
      found.push(`${row.task_id} used ${row.policy}`);
  }
  return found;
};

/** 9. Rows and objects stay with their tenant. */
export const tenantsApart: Check = ({ rows, egress, objects, asked }) => {
  const found: string[] = [];
  const tenants = new Map(rows.map(({ id, tenant }) => [id, tenant]));
  for (const { task_id, tenant } of egress) {
    if (tenants.get(task_id) !== tenant) found.push(`a decision of ${task_id} is ${tenant}'s`);
  }
  for (const [key, bytes] of objects) {
    const [kind, tenant, id = ""] = key.split("/");
    if (kind !== "tasks") continue;
    if (tenants.has(id) && tenants.get(id) !== tenant) found.push(`${key} lies with ${tenant}`);
    const foreign = asked.filter((one) => one.tenant !== tenant).map(({ work }) => work.label);
    const text = decoder.decode(bytes);
    if (foreign.some((label) => text.includes(`answer ${label}"`)))
      found.push(`${key} holds a foreign answer`);
  }
  return found;
};

/** 10. One key, one task. */
export const oneTaskPerKey: Check = ({ asked, rows }) => {
  const found = asked
    .filter(({ work, ids }) => work.keyed && ids.size > 1)
    .map(({ work, ids }) => `${work.label} became ${[...ids].join(", ")}`);
  for (const { work } of asked.filter((one) => one.work.keyed)) {
    const made = rows.filter(
      ({ labels }) => labels === JSON.stringify({ work: work.label }),
    ).length;
    if (made > 1) found.push(`${work.label} has ${made} rows`);
  }
  return found;
};

/** A task is delivered for its slices, its tries and the faults it met; beyond this it spins. */
const deliveriesMax = 60;

/** 11. After the last fault everything settles, as it must, and nothing spins. */
export const progress: Check = (evidence) => {
  const found = evidence.drained ? [] : ["the drain ran out of rounds"];
  for (const [id, count] of evidence.deliveries) {
    if (count > deliveriesMax) found.push(`${id} was delivered ${count} times`);
  }
  for (const { row, work, asked } of pairs(evidence)) {
    const how = row.status === "succeeded" ? "succeeded" : `${row.status} ${row.reason}`;
    const batch = evidence.batches.find(({ works }) => works.includes(work));
    const ends = [...work.ends];
    // What ended a run stands behind it when it is resumed: the script goes on with its next turn.
    if ((asked?.redrives ?? 0) > (asked?.restarts ?? 0)) ends.push("succeeded");
    if (asked?.cancelled || batch?.cancelled) ends.push("cancelled cancelled");
    if (asked?.expires) ends.push("expired expired");
    // Enough failed tries kill any task; what counts as one is checked write by write.
    if (row.attempt >= row.attempts) ends.push("dead attempts_exhausted");
    if (!ends.includes(how) && isSettled(row))
      found.push(`${row.id} (${work.shape}) ended ${how}: ${row.error}`);
  }
  return found;
};

/** 12. What was accepted adds up, and nothing is left held. */
export const accounted: Check = ({ rows, steps, asked, batches, auditor, tallies }) => {
  const found = tallied(rows, tallies);
  for (const { id, status, lease_until, sweep_at } of rows) {
    if (terminal.includes(status) && (lease_until !== null || sweep_at !== null))
      found.push(`${id} is ${status} and still held`);
    if (auditor.changes.findLast((each) => each.id === id)?.to !== status)
      found.push(`${id} is ${status} and nobody saw it`);
  }
  const settled = new Set(rows.filter(isSettled).map(({ id }) => id));
  const left = steps.filter((step) => settled.has(String(step.task_id))).length;
  if (left > 0) found.push(`${left} journal rows are left of settled tasks`);
  const ids = new Set(asked.flatMap(({ ids: named }) => [...named]));
  const accepted = asked.filter((one) => one.accepted).length;
  if (ids.size < accepted) found.push(`${accepted} tasks were accepted under ${ids.size} ids`);
  const lines = batches.reduce((sum, { id, works }) => sum + (id === null ? 0 : works.length), 0);
  if (rows.length < accepted + lines) found.push(`${rows.length} rows for ${accepted + lines}`);
  return found;
};

/** The tallies say of each tenant and model what its rows say, counted one by one. */
function tallied(rows: readonly TaskRow[], tallies: readonly Tally[]): string[] {
  const counted = new Map<string, Record<string, number>>();
  const add = (key: string, name: string, value: number): void => {
    const sums = counted.get(key) ?? {};
    counted.set(key, { ...sums, [name]: (sums[name] ?? 0) + value });
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
    ...counted.keys(),
    ...tallies.map((each) => `${each.tenant} ${each.model}`),
  ]);
  return [...keys].flatMap((key) => {
    const told = tallies.find((each) => `${each.tenant} ${each.model}` === key);
    const names = [...terminal, "live", "prompt_tokens", "completion_tokens", "cost_usd"];
    return names.flatMap((name) => {
      const [is, said] = [counted.get(key)?.[name] ?? 0, Number(told?.[name] ?? 0)];
      const differs = Math.abs(is - said) > (name === "cost_usd" ? 1e-6 : 0);
      return differs ? [`the tally of ${key} says ${said} ${name} for ${is}`] : [];
    });
  });
}

export const invariants: Readonly<Record<string, Check>> = {
  nothingLost,
  settledOnce,
  oneOwner,
  effectsOnce,
  resultsMatch,
  boundsHold,
  noSecrets,
  egressDecided,
  tenantsApart,
  oneTaskPerKey,
  progress,
  accounted,
};

/** Every violation, headed by the invariant that it breaks. */
export async function violationsOf(evidence: Evidence): Promise<string[]> {
  const found: string[] = [];
  for (const [name, check] of Object.entries(invariants)) {
    for (const text of await check(evidence)) found.push(`${name}: ${text}`);
  }
  return found;
}
