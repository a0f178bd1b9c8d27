/** Ids from the fleet for completion: the newest ones, or none if it does not answer. */
import { commandLineLimits } from "../../../shared/limits.ts";
import type { CallResult, FleetClient } from "../../client/index.ts";
import { countText } from "../output/format.ts";
import type { Candidate, IdKind } from "./candidates.ts";

const prefixes: Record<IdKind, string> = {
  task: "task_",
  batch: "batch_",
  schedule: "sched_",
  key: "key_",
  webhook: "hook_",
};

/** A schedule can be named too, so its word need not look like an id. */
const canMatch = (kind: IdKind, word: string): boolean =>
  kind === "schedule" || prefixes[kind].startsWith(word) || word.startsWith(prefixes[kind]);

/** Reads all kinds at once, with one deadline: a user waits at the prompt. */
export async function fetchIds(
  client: FleetClient,
  kinds: readonly IdKind[],
  word: string,
): Promise<Candidate[]> {
  const signal = AbortSignal.timeout(commandLineLimits.completionMsMax);
  const possible = kinds.filter((kind) => canMatch(kind, word));
  return (await Promise.all(possible.map((kind) => fetchKind(client, kind, word, signal)))).flat();
}

async function fetchKind(
  client: FleetClient,
  kind: IdKind,
  word: string,
  signal: AbortSignal,
): Promise<Candidate[]> {
  const query = { limit: commandLineLimits.completionRowsMax };
  switch (kind) {
    case "task":
      return toCandidates(await client("GET /v1/tasks", { query, signal }), ({ tasks }) =>
        tasks.map(({ id, status, custom_id: custom }) => [
          id,
          custom === null ? status : `${status}, ${custom}`,
        ]),
      );
    case "batch":
      return toCandidates(await client("GET /v1/batches", { query, signal }), ({ batches }) =>
        batches.map(({ id, status, counts }) => [
          id,
          `${status}, ${countText(counts.total, "task")}`,
        ]),
      );
    case "schedule": {
      const byId = word.startsWith(prefixes.schedule);
      return toCandidates(await client("GET /v1/schedules", { signal }), ({ schedules }) =>
        schedules.map(({ id, name, cron }) =>
          byId || !isShellSafe(name) ? [id, `${name}, ${cron}`] : [name, cron],
        ),
      );
    }
    case "key":
      return toCandidates(await client("GET /v1/keys", { signal }), ({ keys }) =>
        keys.filter(({ revoked_at: at }) => at === null).map(({ id, name }) => [id, name]),
      );
    case "webhook":
      return toCandidates(await client("GET /v1/webhooks/dead", { signal }), ({ webhooks }) =>
        webhooks.map(({ id, subject }) => [id, subject]),
      );
  }
}

const toCandidates = <T>(result: CallResult<T>, read: (value: T) => Candidate[]): Candidate[] =>
  result.ok ? read(result.value) : [];

/** The shell reads the word as plain text. Text from a server is offered only then: the line will be run. */
export const isShellSafe = (word: string): boolean => /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(word);
