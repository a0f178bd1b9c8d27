import type { ExampleTask } from "./example.ts";
import { egressTasks } from "./tasks/egress.ts";
import { failureTasks } from "./tasks/failures.ts";
import { orderTasks } from "./tasks/orders.ts";
import { qualityTasks } from "./tasks/quality.ts";
import { recordTasks } from "./tasks/records.ts";

/** The example batch; `node examples/batch.ts` prints it as NDJSON for `fleet submit -`. */
export function exampleBatch(): ExampleTask[] {
  const tasks = [...orderTasks, ...recordTasks, ...qualityTasks, ...egressTasks, ...failureTasks];
  return tasks.map((task) => ({ ...task, model: "rehearsal" }));
}

if (import.meta.main) {
  for (const task of exampleBatch()) {
    console.log(JSON.stringify(task));
  }
}
