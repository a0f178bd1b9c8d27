/** One task: how it stands, what to do about it, and all that it did, step by step. */

import { useState } from "preact/hooks";
import { useRoute } from "preact-iso";
import { adviceFor } from "../advice.ts";
import { queryOf } from "../api.ts";
import { Cancel } from "../cancel.tsx";
import { bytes, compact, costOf, count, dateTime, words } from "../format.ts";
import { Hostile } from "../hostile.tsx";
import {
  Code,
  Copy,
  Empty,
  Facts,
  Failed,
  Head,
  Id,
  Loading,
  Panel,
  Scroll,
  Stale,
  When,
} from "../parts.tsx";
import { usePolled } from "../polling.ts";
import { Redrive } from "../redrive.tsx";
import { saveFrom } from "../save.ts";
import type { Steps, Task, WorkspaceFile } from "../shapes.ts";
import { Badge } from "../status.tsx";
import { readable, visibleLine } from "../visible.ts";
import { Asked } from "./asked.tsx";
import { Labels } from "./batches.tsx";
import { tookOf } from "./task_table.tsx";
import { Timeline } from "./timeline.tsx";

const eachMs = 1_500;
const isLive = ({ status }: Task): boolean => status === "queued" || status === "running";

export function TaskPage() {
  const id = useRoute().params.id ?? "";
  const polled = usePolled("GET /v1/tasks/:id", { id }, { eachMs, done: (task) => !isLive(task) });
  const task = polled.value;
  if (task === null) {
    return (
      <>
        <Head title="Task" above={<a href="/tasks">Tasks</a>} />
        {polled.problem === null ? <Loading lines={8} /> : <Failed problem={polled.problem} />}
      </>
    );
  }
  return (
    <>
      <Head
        title={visibleLine(task.custom_id ?? "Task", 80)}
        above={<Above task={task} />}
        beside={
          <>
            <Badge status={task.status} />
            <Id id={id} />
            <Copy text={id} what="id" />
          </>
        }
        actions={<Actions task={task} changed={polled.refresh} />}
      />
      <Stale problem={polled.problem} at={polled.at} />
      <Trouble task={task} />
      <Panel>
        <Figures task={task} />
      </Panel>
      {task.status === "succeeded" && <Answer task={task} />}
      <Asked key={id} id={id} />
      <Work task={task} />
      <Files task={task} />
    </>
  );
}

function Above({ task }: { task: Task }) {
  if (task.batch_id === null) return <a href="/tasks">Tasks</a>;
  return (
    <>
      <a href="/batches">Batches</a>
      <Id id={task.batch_id} href={`/batches/${task.batch_id}`} />
    </>
  );
}

/** A large answer is not in the task: it is fetched when somebody wants to see it. */
function Answer({ task }: { task: Task }) {
  const [wanted, setWanted] = useState(false);
  const large = task.output === null || task.output === undefined;
  const read = usePolled("GET /v1/tasks/:id/result", large && wanted ? { id: task.id } : null);
  const output = large ? read.value?.output : task.output;
  return (
    <Panel title="Answer">
      {read.problem !== null && <Failed problem={read.problem} />}
      {output !== undefined ? (
        <Hostile text={outputText(output)} name={`${task.id}.answer.txt`} label="Answer" />
      ) : wanted ? (
        <Loading />
      ) : (
        <p>
          It is large.{" "}
          <button type="button" class="small" onClick={() => setWanted(true)}>
            Show the answer
          </button>
        </p>
      )}
    </Panel>
  );
}

/** An answer of text alone reads as text. */
function outputText(output: unknown): string {
  const only =
    typeof output === "object" && output !== null && Object.keys(output).join() === "text"
      ? Reflect.get(output, "text")
      : output;
  return readable(only);
}

function Trouble({ task }: { task: Task }) {
  const { error, reason, status } = task;
  if (isLive(task) || status === "succeeded") return null;
  const advice = adviceFor(reason);
  return (
    <section class={`trouble trouble-${status}`} aria-label="What went wrong">
      <h2>
        {words(reason ?? status)}
        {error !== null && error.code !== reason && <Code of={error.code} />}
      </h2>
      {error !== null && <p class="trouble-message">{visibleLine(error.message, 2_000)}</p>}
      {advice !== "" && (
        <p>
          <strong>What to do.</strong> {advice}
        </p>
      )}
      {error?.uncertain !== undefined && (
        <details>
          <summary>The effect whose outcome is unknown</summary>
          <Hostile text={readable(error.uncertain)} name={`${task.id}.uncertain.json`} />
        </details>
      )}
      {error?.draft !== undefined && (
        <details>
          <summary>What it last said, unchecked</summary>
          <Hostile text={error.draft} name={`${task.id}.draft.txt`} />
        </details>
      )}
    </section>
  );
}

function Figures({ task }: { task: Task }) {
  const { usage } = task;
  const cached = usage.cached_tokens === 0 ? "" : `, ${compact(usage.cached_tokens)} cached`;
  return (
    <Facts
      of={[
        ["Model", <Code key="model" of={task.model} />],
        ["Took", tookOf(task)],
        ["Steps", `${usage.model_calls} model, ${usage.tool_calls} tool`],
        [
          "Tokens",
          `${count(usage.prompt_tokens)} in${cached}, ${count(usage.completion_tokens)} out`,
        ],
        ["Cost", costOf(usage)],
        [
          "Requests",
          usage.egress_requests === 0
            ? null
            : `${count(usage.egress_requests)}, ${bytes(usage.egress_bytes)}`,
        ],
        ["Policy", <Code key="policy" of={task.policy} />],
        ["Sandbox", <Code key="sandbox" of={task.sandbox} />],
        ["Failed attempts", task.attempt === 0 ? null : count(task.attempt)],
        ["Accepted", <When key="accepted" iso={task.created_at} />],
        ["Ended", task.finished_at === null ? null : dateTime(task.finished_at)],
        ["Labels", Object.keys(task.labels).length === 0 ? null : <Labels of={task.labels} />],
      ]}
    />
  );
}

interface ActionsProps {
  task: Task;
  changed: () => void;
}

function Actions({ task, changed }: ActionsProps) {
  const [open, setOpen] = useState<"cancel" | "redrive" | null>(null);
  const [told, setTold] = useState<string | null>(null);
  const close = () => setOpen(null);
  return (
    <>
      {told !== null && (
        <span class="note" role="status">
          {visibleLine(told, 200)}
        </span>
      )}
      {task.status === "succeeded" && (
        <button
          type="button"
          onClick={() =>
            void saveFrom(`${task.id}.result.json`, "GET /v1/tasks/:id/result", {
              id: task.id,
            }).then(setTold)
          }
        >
          Download result
        </button>
      )}
      {isLive(task) && (
        <button type="button" class="danger" onClick={() => setOpen("cancel")}>
          Cancel
        </button>
      )}
      {!isLive(task) && task.status !== "succeeded" && (
        <button type="button" class="primary" onClick={() => setOpen("redrive")}>
          Redrive
        </button>
      )}
      {open === "cancel" && (
        <Cancel what="task" id={task.id} close={close} done={changed}>
          It ends before its next step. Its steps and files stay readable.
        </Cancel>
      )}
      {open === "redrive" && (
        <Redrive
          what="this task"
          target={{ kind: "task", id: task.id }}
          close={close}
          done={changed}
        />
      )}
    </>
  );
}

/** The steps of the latest run, or of an earlier one, each with the decisions that belong to it. */
function Work({ task }: { task: Task }) {
  const [fence, setFence] = useState<string>("");
  const live = isLive(task) && fence === "";
  const order = live ? { eachMs } : {};
  const steps = usePolled(
    "GET /v1/tasks/:id/steps",
    { id: task.id, query: queryOf({ fence }) },
    order,
  );
  const egress = usePolled("GET /v1/tasks/:id/egress", { id: task.id }, order);
  const earlier = task.history ?? [];
  return (
    <Panel
      title="Timeline"
      note={steps.value === null ? undefined : toldOf(steps.value)}
      flush
      actions={
        earlier.length === 0 ? undefined : (
          <select
            aria-label="Run"
            value={fence}
            onChange={(event) => setFence(event.currentTarget.value)}
          >
            <option value="">latest run</option>
            {earlier.map((run, n) => (
              <option key={run.fence} value={String(run.fence)}>
                run {n + 1}: {run.status}
              </option>
            ))}
          </select>
        )
      }
    >
      {steps.value === null ? (
        steps.problem === null ? (
          <Loading lines={6} />
        ) : (
          <Failed problem={steps.problem} />
        )
      ) : steps.value.steps.length === 0 ? (
        <Empty title={live ? "It has not begun yet" : "It ended before its first step"} />
      ) : (
        <Timeline
          id={task.id}
          steps={steps.value.steps}
          decisions={fence === "" ? (egress.value?.decisions ?? []) : []}
        />
      )}
    </Panel>
  );
}

/** Calls that were refused stand in the timeline and count for no budget. */
function toldOf({ steps }: Steps): string {
  const refused = steps.filter(({ status }) => status === "refused").length;
  const all = `${count(steps.length)} ${steps.length === 1 ? "step" : "steps"}`;
  return refused === 0 ? all : `${all}, ${count(refused)} of them refused and not counted`;
}

function Files({ task }: { task: Task }) {
  const [told, setTold] = useState<string | null>(null);
  const read = usePolled(
    "GET /v1/tasks/:id/files",
    { id: task.id },
    isLive(task) ? { eachMs: 4_000 } : {},
  );
  const files = read.value?.files ?? [];
  if (read.value === null && read.problem !== null) return null;
  if (read.value !== null && files.length === 0) return null;
  const load = async (file: WorkspaceFile) => {
    const name = file.path.split("/").at(-1) ?? "file";
    const input = { id: task.id, path: file.path };
    setTold(await saveFrom(name, "GET /v1/tasks/:id/files/*", input));
  };
  return (
    <Panel title="Files" note={told ?? "the workspace as it stands"} flush>
      {read.value === null ? (
        <Loading />
      ) : (
        <Scroll label="Files">
          <table class="rows">
            <thead>
              <tr>
                <th class="wide">Path</th>
                <th class="number">Size</th>
                <th>SHA-256</th>
                <th />
              </tr>
            </thead>
            <tbody>
              {files.map((file) => (
                <tr key={file.path}>
                  <td class="wide">
                    <code>{visibleLine(file.path, 200)}</code>
                  </td>
                  <td class="number nowrap">{bytes(file.bytes)}</td>
                  <td>
                    <code title={file.sha256}>{file.sha256.slice(0, 12)}</code>
                  </td>
                  <td class="number">
                    <button
                      type="button"
                      class="small"
                      aria-label={`Download ${visibleLine(file.path, 200)}`}
                      onClick={() => void load(file)}
                    >
                      Download
                    </button>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      )}
    </Panel>
  );
}
