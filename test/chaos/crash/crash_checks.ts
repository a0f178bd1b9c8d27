/**
 * Checks after the kills of the real fleet: its API, the calls of the model server and the order service, and its
 * files. Each returns violations.
 */
import fs from "node:fs";
import path from "node:path";
import type { apiOf } from "../../fleet/local/fleet.ts";
import { type Endpoint, stepNames } from "./fake_endpoint.ts";

export interface TaskView {
  id: string;
  status: string;
  reason: string | null;
  prompt: string;
  error: unknown;
}

type Api = ReturnType<typeof apiOf>;

interface DeadLetters {
  tasks: { id: string; attempt_errors: { fence: number; code: string }[] }[];
  next_cursor: string | null;
}

/** How often a task may lose its worker before a step: the maximum that a task can set. */
export const attempts = 10;

export const isDead = ({ status, reason }: TaskView): boolean =>
  `${status} ${reason}` === "dead attempts_exhausted";

/**
 * Kills in quick succession can hit a task before its next step as often as it has attempts. Then it must be dead,
 * and every error must be a lost lease with its own fence.
 */
export async function checkDeadTasks(
  api: Api,
  deadTasks: readonly TaskView[],
  kills: number,
): Promise<string[]> {
  const letters = new Map<string, DeadLetters["tasks"][number]["attempt_errors"]>();
  let cursor: string | null = "";
  while (cursor !== null) {
    const page: DeadLetters = await api.get(`/v1/dead_letters${cursor && `?cursor=${cursor}`}`);
    for (const { id, attempt_errors } of page.tasks) letters.set(id, attempt_errors);
    cursor = page.next_cursor;
  }
  return deadTasks.flatMap(({ id }) => {
    const errors = letters.get(id) ?? [];
    const lostLease = errors.filter(({ code }) => code === "lease_lost");
    const fences = new Set(lostLease.map(({ fence }) => fence)).size;
    const isExpected = fences === attempts && errors.length === attempts && fences <= kills;
    return isExpected ? [] : [`${id} is dead, but not by kills: ${JSON.stringify(errors)}`];
  });
}

/** Redrives dead tasks; returns those that stay dead, because a step has an unknown outcome. */
export async function redriveAll(api: Api, dead: readonly TaskView[]): Promise<Set<string>> {
  const uncertain = new Set<string>();
  for (const { id } of dead) {
    await api.post(`/v1/tasks/${id}/redrive`, '{"mode":"resume"}').catch((error: unknown) => {
      if (!String(error).includes('"path":"overrides.on_uncertain"')) throw error;
      uncertain.add(id);
    });
  }
  return uncertain;
}

/** `uncertain`: tasks that may stay dead. */
export function checkOutcomes(
  views: readonly TaskView[],
  ids: ReadonlyMap<string, string>,
  uncertain: ReadonlySet<string>,
): string[] {
  const expected = ["succeeded completed", "failed uncertain_effect"];
  const problems = views
    .filter(({ status, reason }) => !expected.includes(`${status} ${reason}`))
    .filter((view) => !(isDead(view) && uncertain.has(view.id)))
    .map((view) => `${view.id} ended ${view.status} ${view.reason}: ${JSON.stringify(view.error)}`);
  if (new Set(ids.values()).size !== ids.size) problems.push("two tasks have one id");
  return problems;
}

/** The steps of each task have no gap, and their tools are those that the model called, in order. */
export async function checkSteps(api: Api, views: readonly TaskView[]): Promise<string[]> {
  const problems: string[] = [];
  for (const { id, status } of views) {
    const { steps } = await api.get<{ steps: { seq: number; kind: string; name: string }[] }>(
      `/v1/tasks/${id}/steps`,
    );
    if (steps.some(({ seq }, n) => seq !== n + 1)) problems.push(`the steps of ${id} have a gap`);
    if (status !== "succeeded") continue;
    const tools = steps.filter(({ kind }) => kind === "tool").map(({ name }) => name);
    if (tools.join() !== stepNames.join()) problems.push(`${id} has the steps ${tools.join()}`);
    const models = steps.filter(({ kind }) => kind === "model").length;
    if (models !== stepNames.length + 1) problems.push(`${id} has ${models} model replies`);
    await api.get(`/v1/tasks/${id}/result`);
  }
  return problems;
}

export function findRepeatedCalls(model: Endpoint): string[] {
  const seenKeys = new Set<string>();
  return model.calls.flatMap(({ label, turn }) => {
    const key = `${label} turn ${turn}`;
    if (seenKeys.has(key)) return [key];
    seenKeys.add(key);
    return [];
  });
}

/** No turn is requested again after a later one, and a turn is repeated at most once per kill. */
export function checkModelCalls(model: Endpoint, killedAt: readonly string[]): string[] {
  const problems: string[] = [];
  const last = new Map<string, { turn: number; epoch: number }>();
  for (const { label, turn, epoch } of model.calls) {
    const before = last.get(label);
    if (before !== undefined && turn < before.turn)
      problems.push(`${label} requested turn ${turn} again after turn ${before.turn}`);
    if (before !== undefined && turn === before.turn && epoch === before.epoch)
      problems.push(
        `${label} requested turn ${turn} twice without a kill in between, after kill ${epoch} (${killedAt[epoch - 1]})`,
      );
    last.set(label, { turn, epoch });
  }
  if (killedAt.length === 0 && findRepeatedCalls(model).length > 0)
    problems.push("calls repeated without a kill");
  return problems;
}

export function checkOrders(orders: Endpoint, token: string): string[] {
  const problems: string[] = [];
  const seenKeys = new Set<string>();
  for (const { label, authorization } of orders.calls) {
    if (seenKeys.has(label) && !label.startsWith("read "))
      problems.push(`order ${label} started twice`);
    seenKeys.add(label);
    if (authorization !== `Bearer ${token}`)
      problems.push(`order ${label} had no valid credential`);
  }
  return problems;
}

interface Decisions {
  decisions: { method: string; url: string; action: string; reason: string }[];
}

/** What the order service saw is a subset of what the log knows, and each request is charged. */
export async function checkLogged(
  api: Api,
  orders: Endpoint,
  ids: ReadonlyMap<string, string>,
): Promise<{ violations: string[]; unknown: number }> {
  const violations: string[] = [];
  let unknown = 0;
  for (const [label, id] of ids) {
    const isOwn = (call: string) => call === `read ${label}` || call.startsWith(`${label}.`);
    const seen = orders.calls.filter((call) => isOwn(call.label));
    const { decisions } = await api.get<Decisions>(`/v1/tasks/${id}/egress`);
    const sent = decisions.filter(({ action }) => action === "inject");
    const open = sent.filter(({ reason }) => reason === "unknown");
    unknown += open.length;
    const posts = sent.filter(({ method }) => method === "POST").length;
    const seenPosts = seen.filter((call) => !call.label.startsWith("read ")).length;
    if (seenPosts > posts) violations.push(`${id} logged ${posts} of ${seenPosts} orders`);
    if (seen.length > sent.length && open.length === 0)
      violations.push(`${id} logged ${sent.length} of ${seen.length} requests`);
    const { usage } = await api.get<{ usage: { egress_requests: number } }>(`/v1/tasks/${id}`);
    if (seen.length > usage.egress_requests)
      violations.push(`${id} was charged ${usage.egress_requests} of ${seen.length} requests`);
  }
  return { violations, unknown };
}

/** Searches every file that the fleet wrote: databases, objects, log. */
export function findLeakedSecrets(dir: string, secrets: readonly string[]): string[] {
  const files = fs.readdirSync(dir, { recursive: true, withFileTypes: true });
  return files
    .filter((file) => file.isFile())
    .flatMap((file) => {
      const name = path.join(file.parentPath, file.name);
      const bytes = fs.readFileSync(name);
      const hidden = secrets.some((secret) =>
        [secret, Buffer.from(secret).toString("hex"), Buffer.from(secret).toString("base64")].some(
          (text) => bytes.includes(text),
        ),
      );
      return hidden ? [`${file.name} contains a secret`] : [];
    });
}
