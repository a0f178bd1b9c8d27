/** Every task, whichever way it came. */
import { Head } from "../parts.tsx";
import { TaskTable } from "./task_table.tsx";

export function TasksPage() {
  return (
    <>
      <Head title="Tasks" />
      <TaskTable base="/tasks" batch={null} live />
    </>
  );
}
