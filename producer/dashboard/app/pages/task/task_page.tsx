/** One task: its status, what to do about it, and everything it did, step by step. */
import { useRoute } from "preact-iso";
import type { Task } from "../../data/responses.ts";
import { usePolled } from "../../data/use_polled.ts";
import { Loaded, StaleNotice } from "../../parts/feedback.tsx";
import { Code, CopyButton, Id, Labels, RelativeTime } from "../../parts/inline.tsx";
import { Facts, PageHeader, Panel } from "../../parts/layout.tsx";
import { Badge } from "../../parts/status.tsx";
import { bytes, compact, costOf, count, dateTime } from "../../text/format.ts";
import { visibleLine } from "../../text/visible.ts";
import { tookText } from "../tasks/task_table.tsx";
import { isLive } from "./is_live.ts";
import { TaskActions } from "./task_actions.tsx";
import { TaskFiles } from "./task_files.tsx";
import { TaskAnswer, TaskFailure } from "./task_outcome.tsx";
import { TaskRequest } from "./task_request.tsx";
import { TimelinePanel } from "./timeline/timeline_panel.tsx";

const eachMs = 1_500;

export function TaskPage() {
  const id = useRoute().params.id ?? "";
  const polled = usePolled("GET /v1/tasks/:id", { id }, { eachMs, done: (task) => !isLive(task) });
  const task = polled.value;
  if (task === null) {
    return (
      <>
        <PageHeader title="Task" parents={<a href="/tasks">Tasks</a>} />
        <Loaded polled={polled} lines={8}>
          {() => null}
        </Loaded>
      </>
    );
  }
  const details = (
    <>
      <Badge status={task.status} />
      <Id id={id} />
      <CopyButton text={id} what="id" />
    </>
  );
  return (
    <>
      <PageHeader
        title={visibleLine(task.custom_id ?? "Task", 80)}
        parents={<ParentLinks task={task} />}
        details={details}
        actions={<TaskActions task={task} onChanged={polled.refresh} />}
      />
      <StaleNotice polled={polled} />
      <TaskFailure task={task} />
      <Panel>
        <TaskFacts task={task} />
      </Panel>
      {task.status === "succeeded" && <TaskAnswer task={task} />}
      <TaskRequest key={id} id={id} />
      <TimelinePanel task={task} />
      <TaskFiles task={task} />
    </>
  );
}

function ParentLinks({ task: { batch_id: batch } }: { task: Task }) {
  if (batch === null) return <a href="/tasks">Tasks</a>;
  return (
    <>
      <a href="/batches">Batches</a>
      <Id id={batch} href={`/batches/${batch}`} />
    </>
  );
}

function TaskFacts({ task }: { task: Task }) {
  const { usage } = task;
  const cachedText = usage.cached_tokens === 0 ? "" : `, ${compact(usage.cached_tokens)} cached`;
  const requests = `${count(usage.egress_requests)}, ${bytes(usage.egress_bytes)}`;
  return (
    <Facts
      facts={[
        ["Model", <Code key="model" text={task.model} />],
        ["Took", tookText(task)],
        ["Steps", `${usage.model_calls} model, ${usage.tool_calls} tool`],
        [
          "Tokens",
          `${count(usage.prompt_tokens)} in${cachedText}, ${count(usage.completion_tokens)} out`,
        ],
        ["Cost", costOf(usage)],
        ["Requests", usage.egress_requests === 0 ? null : requests],
        ["Policy", <Code key="policy" text={task.policy} />],
        ["Sandbox", <Code key="sandbox" text={task.sandbox} />],
        ["Failed attempts", task.attempt === 0 ? null : count(task.attempt)],
        ["Accepted", <RelativeTime key="accepted" iso={task.created_at} />],
        ["Ended", task.finished_at === null ? null : dateTime(task.finished_at)],
        ["Labels", Object.keys(task.labels).length === 0 ? null : <Labels labels={task.labels} />],
      ]}
    />
  );
}
