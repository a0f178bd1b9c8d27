import type { ExampleTask } from "./example.ts";
import { orderTasks } from "./tasks/orders.ts";
import { reachTasks } from "./tasks/reach.ts";
import { recordTasks } from "./tasks/records.ts";
import { troubleTasks } from "./tasks/trouble.ts";

/** The example batch; `node examples/batch.ts` prints it as NDJSON for `fleet submit -`. */
export function exampleBatch(): ExampleTask[] {
  const tasks = [...orderTasks, ...recordTasks, ...reachTasks, ...troubleTasks];
  return tasks.map((task) => ({ ...task, model: "rehearsal" }));
}

if (import.meta.main) {
  for (const task of exampleBatch()) {
    console.log(JSON.stringify(task));
  }
}
