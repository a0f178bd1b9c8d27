/** The answers of a batch, read from its settled tasks. */
import { batchTaskRange } from "../../shared/identity/ids.ts";
import { evalLimits } from "../../shared/limits.ts";
import { listSettled } from "../../shared/store/tasks/task_list.ts";
import type { TaskRow } from "../../shared/store/tasks/task_row.ts";
import { readOutput } from "../batches/batch_results.ts";
import type { ProducerEnv } from "../env.ts";

/** A settled task; `output` is null unless it succeeded. */
export interface Answered {
  task: TaskRow;
  index: number;
  output: unknown;
}

/** The settled tasks of a batch with their outputs, in input order. */
export async function* readAnswers(
  env: ProducerEnv,
  tenant: string,
  batchId: string,
): AsyncGenerator<Answered[]> {
  for (let after = ""; ; ) {
    const page = evalLimits.answersPerPage;
    const rows = await listSettled(env.DB, tenant, batchTaskRange(batchId), after, page);
    yield await Promise.all(
      rows.map(async (task) => ({
        task,
        index: task.batch_index ?? 0,
        output: task.status === "succeeded" ? await readOutput(env.OBJECTS, task) : null,
      })),
    );
    const end = rows.at(-1);
    if (end === undefined || rows.length < page) return;
    after = end.id;
  }
}
