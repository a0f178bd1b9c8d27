/** All tasks of the tenant. */
import { PageHeader } from "../../parts/layout.tsx";
import { TaskTable } from "./task_table.tsx";

export function TasksPage() {
  return (
    <>
      <PageHeader title="Tasks" />
      <TaskTable base="/tasks" batch={null} isLive />
    </>
  );
}
