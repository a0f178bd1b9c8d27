/** The steps of a task's latest run or of an earlier one, with their egress decisions. */
import { useState } from "preact/hooks";
import { queryOf } from "../../../data/api.ts";
import type { Steps, Task } from "../../../data/responses.ts";
import { usePolled } from "../../../data/use_polled.ts";
import { EmptyState, Loaded } from "../../../parts/feedback.tsx";
import { Panel } from "../../../parts/layout.tsx";
import { count } from "../../../text/format.ts";
import { isLive } from "../is_live.ts";
import { Timeline } from "./timeline.tsx";

const eachMs = 1_500;

export function TimelinePanel({ task }: { task: Task }) {
  /** The fence of an earlier run; empty for the latest. */
  const [fence, setFence] = useState("");
  const isChanging = isLive(task) && fence === "";
  const options = isChanging ? { eachMs } : {};
  const query = queryOf({ fence });
  const steps = usePolled("GET /v1/tasks/:id/steps", { id: task.id, query }, options);
  const egress = usePolled("GET /v1/tasks/:id/egress", { id: task.id }, options);
  const decisions = fence === "" ? (egress.value?.decisions ?? []) : [];
  const emptyTitle = isChanging ? "It has not started yet" : "It ended before its first step";
  return (
    <Panel
      title="Timeline"
      note={steps.value === null ? undefined : stepsNote(steps.value)}
      flush
      actions={<RunSelect task={task} fence={fence} setFence={setFence} />}
    >
      <Loaded polled={steps} lines={6}>
        {(value) =>
          value.steps.length === 0 ? (
            <EmptyState title={emptyTitle} />
          ) : (
            <Timeline id={task.id} steps={value.steps} decisions={decisions} />
          )
        }
      </Loaded>
    </Panel>
  );
}

interface RunSelectProps {
  task: Task;
  fence: string;
  setFence: (fence: string) => void;
}

function RunSelect({ task: { history = [] }, fence, setFence }: RunSelectProps) {
  if (history.length === 0) return null;
  return (
    <select
      aria-label="Run"
      value={fence}
      onChange={(event) => setFence(event.currentTarget.value)}
    >
      <option value="">latest run</option>
      {history.map((run, n) => (
        <option key={run.fence} value={String(run.fence)}>
          run {n + 1}: {run.status}
        </option>
      ))}
    </select>
  );
}

/** Rejected calls are in the timeline but count for no budget. */
function stepsNote({ steps }: Steps): string {
  const rejectedCount = steps.filter(({ status }) => status === "refused").length;
  const stepsText = `${count(steps.length)} ${steps.length === 1 ? "step" : "steps"}`;
  return rejectedCount === 0
    ? stepsText
    : `${stepsText}, ${count(rejectedCount)} of them rejected and not counted`;
}
