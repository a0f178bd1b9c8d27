/** Ids that the fleet knows, for completion: its newest ones, and nothing where it does not answer. */
import { commandLineLimits } from "../../../shared/limits.ts";
import type { Fleet } from "../../client/index.ts";
import { counted } from "../output/format.ts";
import type { Candidate, IdKind } from "./completion.ts";

const prefixes: Record<IdKind, string> = {
  task: "task_",
  batch: "batch_",
  schedule: "sched_",
  key: "key_",
  webhook: "hook_",
};

/** A schedule has a name as well, so what is written of it need not begin like an id. */
const mayBe = (kind: IdKind, word: string): boolean =>
  kind === "schedule" || prefixes[kind].startsWith(word) || word.startsWith(prefixes[kind]);

/** All kinds at once, within one deadline: a person waits at the prompt. */
export async function idsOf(
  client: Fleet,
  kinds: readonly IdKind[],
  word: string,
): Promise<Candidate[]> {
  const signal = AbortSignal.timeout(commandLineLimits.completionMsMax);
  const asked = kinds.filter((kind) => mayBe(kind, word));
  return (await Promise.all(asked.map((kind) => listed(client, kind, word, signal)))).flat();
}

async function listed(
  client: Fleet,
  kind: IdKind,
  word: string,
  signal: AbortSignal,
): Promise<Candidate[]> {
  const query = { limit: commandLineLimits.completionRowsMax };
  switch (kind) {
    case "task": {
      const called = await client("GET /v1/tasks", { query, signal });
      return called.ok
        ? called.value.tasks.map(({ id, status, custom_id: custom }) => [
            id,
            custom === null ? status : `${status}, ${custom}`,
          ])
        : [];
    }
    case "batch": {
      const called = await client("GET /v1/batches", { query, signal });
      return called.ok
        ? called.value.batches.map(({ id, status, counts }) => [
            id,
            `${status}, ${counted(counts.total, "task")}`,
          ])
        : [];
    }
    case "schedule": {
      const called = await client("GET /v1/schedules", { signal });
      if (!called.ok) return [];
      const byId = word.startsWith(prefixes.schedule);
      return called.value.schedules.map(({ id, name, cron }) =>
        byId || !isPlain(name) ? [id, `${name}, ${cron}`] : [name, cron],
      );
    }
    case "key": {
      const called = await client("GET /v1/keys", { signal });
      if (!called.ok) return [];
      const held = called.value.keys.filter(({ revoked_at: revoked }) => revoked === null);
      return held.map(({ id, name }) => [id, name]);
    }
    case "webhook": {
      const called = await client("GET /v1/webhooks/dead", { signal });
      return called.ok ? called.value.webhooks.map(({ id, subject }) => [id, subject]) : [];
    }
  }
}

/**
 * A word that no shell reads as anything but itself. What a server answers is offered only so: a
 * completed line is about to be run.
 */
export const isPlain = (word: string): boolean => /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(word);
