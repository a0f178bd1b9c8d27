/**
 * Erases a tenant, one bounded step at a time: its keys and schedules first, so that no new work arrives, then its
 * batches, tasks and other rows, then its objects. The cursor says which step is next.
 */
import { deleteObjects, listObjects } from "../../shared/files/objects.ts";
import {
  type ErasedTable,
  erasedTables,
  eraseRows,
  eraseTasks,
} from "../../shared/store/erasure.ts";
import type { ProducerEnv } from "../env.ts";

export interface EraseStep {
  rows: number;
  objects: number;
  /** Continues after this step; null at the end. */
  cursor: string | null;
}

const folders = ["tasks", "batches", "evals", "files", "inputs"] as const;
/** The stages in their order: names of tables, `tasks`, and folders of the bucket. */
const stages = [
  ...erasedTables.slice(0, 5).map((table) => `rows ${table}`),
  "task_rows",
  ...erasedTables.slice(5).map((table) => `rows ${table}`),
  ...folders.map((folder) => `objects ${folder}`),
];

const separator = ":";

/** Null when the cursor is not one of these. */
export async function eraseStep(
  env: ProducerEnv,
  tenant: string,
  cursor: string,
): Promise<EraseStep | null> {
  const [stage = "", ...rest] = cursor === "" ? [stages[0]] : cursor.split(separator);
  const position = rest.join(separator);
  const index = stages.indexOf(stage);
  if (index === -1) return null;
  const next = stages[index + 1];
  const step = await runStage(env, tenant, stage, position);
  if (step.cursor !== null) return { ...step, cursor: `${stage}${separator}${step.cursor}` };
  return { ...step, cursor: next === undefined ? null : `${next}${separator}` };
}

async function runStage(
  { DB, OBJECTS }: ProducerEnv,
  tenant: string,
  stage: string,
  position: string,
): Promise<EraseStep> {
  const [kind, name = ""] = stage.split(" ");
  switch (kind) {
    case "rows": {
      const rows = await eraseRows(DB, name as ErasedTable, tenant);
      return { rows, objects: 0, cursor: rows === 0 ? null : position };
    }
    case "task_rows": {
      const { tasks, cursor } = await eraseTasks(DB, tenant, position);
      return { rows: tasks, objects: 0, cursor };
    }
    default: {
      const page = await listObjects(OBJECTS, `${name}/${tenant}/`, position);
      await deleteObjects(
        OBJECTS,
        page.objects.map(({ key }) => key),
      );
      return { rows: 0, objects: page.objects.length, cursor: page.last };
    }
  }
}

/** What no call can remove, and until when it exists. */
export const leftAfterErasure: readonly string[] = [
  "earlier states of the database in D1's Time Travel: 30 days",
  "lines of the Workers' logs, with ids and hosts but no prompts: as long as the account keeps logs",
  "messages of the task queues, with ids only: until they are delivered, at most 4 days",
  "objects that a worker writes which ran one of its tasks meanwhile: the cron removes them after a day",
  "what its tasks sent to models, tools and upstreams",
];
