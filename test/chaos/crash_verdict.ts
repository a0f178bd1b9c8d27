/**
 * What must hold after the real fleet was killed, by what it answers, what the model server and the order
 * service saw, and what it left on disk. Each finding is one violation.
 */
import fs from "node:fs";
import path from "node:path";
import type { apiOf } from "../fleet/local/fleet.ts";
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

/** Each task of a crash run may lose its worker this often before a step: as often as a task may say. */
export const attempts = 10;

export const isDead = ({ status, reason }: TaskView): boolean =>
  `${status} ${reason}` === "dead attempts_exhausted";

/**
 * Kills that follow each other closely can strike one task before a step as often as it may fail. Then
 * it is dead, as promised; but only of kills, each under a fence of its own.
 */
export async function deadOfKills(
  api: Api,
  dead: readonly TaskView[],
  kills: number,
): Promise<string[]> {
  const letters = new Map<string, DeadLetters["tasks"][number]["attempt_errors"]>();
  let cursor: string | null = "";
  while (cursor !== null) {
    const page: DeadLetters = await api.get(`/v1/dead_letters${cursor && `?cursor=${cursor}`}`);
    for (const { id, attempt_errors } of page.tasks) letters.set(id, attempt_errors);
    cursor = page.next_cursor;
  }
  return dead.flatMap(({ id }) => {
    const errors = letters.get(id) ?? [];
    const lost = errors.filter(({ code }) => code === "lease_lost");
    const fences = new Set(lost.map(({ fence }) => fence)).size;
    const isTrue = fences === attempts && errors.length === attempts && fences <= kills;
    return isTrue ? [] : [`${id} is dead, and not of kills: ${JSON.stringify(errors)}`];
  });
}

/** Redrives the dead, and answers those that must stay so: a step of theirs has an unknown outcome. */
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

/** `uncertain`: those that may have stayed dead. */
export function judged(
  views: readonly TaskView[],
  ids: ReadonlyMap<string, string>,
  uncertain: ReadonlySet<string>,
): string[] {
  const good = ["succeeded completed", "failed uncertain_effect"];
  const found = views
    .filter(({ status, reason }) => !good.includes(`${status} ${reason}`))
    .filter((view) => !(isDead(view) && uncertain.has(view.id)))
    .map((view) => `${view.id} ended ${view.status} ${view.reason}: ${JSON.stringify(view.error)}`);
  if (new Set(ids.values()).size !== ids.size) found.push("two tasks have one id");
  return found;
}

/** Steps without a gap, each once, in the order that the model asked for. */
export async function stepsHeld(api: Api, views: readonly TaskView[]): Promise<string[]> {
  const found: string[] = [];
  for (const { id, status } of views) {
    const { steps } = await api.get<{ steps: { seq: number; kind: string; name: string }[] }>(
      `/v1/tasks/${id}/steps`,
    );
    if (steps.some(({ seq }, n) => seq !== n + 1)) found.push(`the steps of ${id} have a gap`);
    if (status !== "succeeded") continue;
    const tools = steps.filter(({ kind }) => kind === "tool").map(({ name }) => name);
    if (tools.join() !== stepNames.join()) found.push(`${id} went ${tools.join()}`);
    const models = steps.filter(({ kind }) => kind === "model").length;
    if (models !== stepNames.length + 1) found.push(`${id} heard ${models} replies`);
    await api.get(`/v1/tasks/${id}/result`);
  }
  return found;
}

export function repeatsOf(model: Endpoint): string[] {
  const seen = new Set<string>();
  return model.calls.flatMap(({ label, turn }) => {
    const key = `${label} turn ${turn}`;
    if (seen.has(key)) return [key];
    seen.add(key);
    return [];
  });
}

/** No turn is asked again once a later one was; one is asked again only after a kill, once each. */
export function modelHeld(model: Endpoint, struck: readonly string[]): string[] {
  const found: string[] = [];
  const last = new Map<string, { turn: number; epoch: number }>();
  for (const { label, turn, epoch } of model.calls) {
    const before = last.get(label);
    if (before !== undefined && turn < before.turn)
      found.push(`${label} asked turn ${turn} again after turn ${before.turn}`);
    if (before !== undefined && turn === before.turn && epoch === before.epoch)
      found.push(
        `${label} asked turn ${turn} twice with no kill between, after kill ${epoch} (${struck[epoch - 1]})`,
      );
    last.set(label, { turn, epoch });
  }
  if (struck.length === 0 && repeatsOf(model).length > 0)
    found.push("calls repeated without a kill");
  return found;
}

export function effectsHeld(orders: Endpoint, token: string): string[] {
  const found: string[] = [];
  const seen = new Set<string>();
  for (const { label, authorization } of orders.calls) {
    if (seen.has(label) && !label.startsWith("read ")) found.push(`order ${label} started twice`);
    seen.add(label);
    if (authorization !== `Bearer ${token}`)
      found.push(`order ${label} came without its credential`);
  }
  return found;
}

/** Every byte that the fleet wrote: its databases, its objects, its log. */
export function secretsKept(dir: string, secrets: readonly string[]): string[] {
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
      return hidden ? [`a secret stands in ${file.name}`] : [];
    });
}
