/** Tasks as a table with filters, one page at a time: a batch of 50,000 is never read at once. */
import { useLocation } from "preact-iso";
import { pagePath, queryOf } from "../../data/api.ts";
import type { Task } from "../../data/responses.ts";
import { usePolled } from "../../data/use_polled.ts";
import { EmptyState, Loaded, StaleNotice } from "../../parts/feedback.tsx";
import { RelativeTime, TaskLink } from "../../parts/inline.tsx";
import { Pager, Panel } from "../../parts/layout.tsx";
import { Badge } from "../../parts/status.tsx";
import { Table } from "../../parts/table.tsx";
import { compact, costOf, duration, humanize } from "../../text/format.ts";
import { formatValue, visibleLine } from "../../text/visible.ts";
import { filterNames, type TaskFilter, TaskFilters } from "./task_filters.tsx";

const liveEachMs = 2_500;
const endedEachMs = 10_000;
const pageRows = 50;

interface TaskTableProps {
  /** The path of the page, to which filters are added. */
  base: string;
  batch: string | null;
  /** Whether tasks may still change. */
  isLive: boolean;
}

export function TaskTable({ base, batch, isLive }: TaskTableProps) {
  const { query } = useLocation();
  const { cursor = null } = query;
  const filter = filterOf(query);
  const tasks = usePolled(
    "GET /v1/tasks",
    { query: taskQuery(filter, batch, cursor) },
    { eachMs: isLive ? liveEachMs : endedEachMs },
  );
  const next = tasks.value?.next_cursor ?? null;
  const isFiltered = Object.values(filter).some((value) => value !== "");
  return (
    <Panel title="Tasks" flush actions={<TaskFilters filter={filter} base={base} />}>
      <StaleNotice polled={tasks} />
      <Loaded polled={tasks} lines={8}>
        {(value) =>
          value.tasks.length === 0 ? (
            <EmptyState title={emptyTitle(isFiltered, next !== null)} />
          ) : (
            <Rows tasks={value.tasks} />
          )
        }
      </Loaded>
      <Pager
        first={cursor === null ? null : pagePath(base, { ...filter })}
        next={next === null ? null : pagePath(base, { ...filter, cursor: next })}
      />
    </Panel>
  );
}

const filterOf = (query: Readonly<Record<string, string>>): TaskFilter =>
  Object.fromEntries(filterNames.map((name) => [name, query[name] ?? ""])) as TaskFilter;

/** A page of a filtered list looks at a bounded number of tasks. */
function emptyTitle(isFiltered: boolean, hasMore: boolean): string {
  if (!isFiltered) return "No task yet";
  return hasMore
    ? "No task of this part of the list matches: continue with older ones"
    : "No task matches these filters";
}

function taskQuery({ label, ...filter }: TaskFilter, batch: string | null, cursor: string | null) {
  const [key = "", ...rest] = label.split("=");
  const byLabel = key === "" || rest.length === 0 ? {} : { [`label.${key}`]: rest.join("=") };
  return queryOf({ batch_id: batch, ...filter, cursor, limit: pageRows, ...byLabel });
}

function Rows({ tasks }: { tasks: readonly Task[] }) {
  return (
    <Table
      label="Tasks"
      columns={[
        "Task",
        "Status",
        ["Outcome", "wide"],
        ["Steps", "number"],
        ["Tokens", "number"],
        ["Cost", "number"],
        ["Took", "number"],
        "Accepted",
      ]}
    >
      {tasks.map((task) => (
        <TaskRow key={task.id} task={task} />
      ))}
    </Table>
  );
}

function TaskRow({ task }: { task: Task }) {
  const { usage } = task;
  return (
    <tr>
      <td class="name">
        <TaskLink id={task.id} customId={task.custom_id} />
      </td>
      <td>
        <Badge status={task.status} />
      </td>
      <td class="wide">
        <span class="clamp">
          {task.reason !== null && task.reason !== "completed" && <b>{humanize(task.reason)} </b>}
          {outcomeText(task)}
        </span>
      </td>
      <td class="number">{usage.steps}</td>
      <td class="number">{compact(usage.prompt_tokens + usage.completion_tokens)}</td>
      <td class="number">{costOf(usage)}</td>
      <td class="number nowrap">{tookText(task)}</td>
      <td class="nowrap">
        <RelativeTime iso={task.created_at} />
      </td>
    </tr>
  );
}

const outcomeCharsMax = 160;

/** The error or the start of the answer. */
function outcomeText({ output, error }: Task): string {
  if (error !== null) return visibleLine(error.message, outcomeCharsMax);
  if (output === null || output === undefined) return "";
  const isText = typeof output === "object" && "text" in output && Object.keys(output).length === 1;
  return visibleLine(isText ? formatValue(output.text) : JSON.stringify(output), outcomeCharsMax);
}

/** How long the task ran, or has been running. */
export function tookText({ started_at: from, finished_at: to }: Task): string {
  if (from === null) return "–";
  return duration((to === null ? Date.now() : Date.parse(to)) - Date.parse(from));
}
