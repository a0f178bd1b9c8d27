/** Tasks as a table with filters, page by page: a batch of 50,000 is never asked for at once. */
import { useLocation } from "preact-iso";
import { reasons, statuses } from "../../../../shared/states.ts";
import { pagePath, queryOf } from "../api.ts";
import { compact, costOf, shortId, span, words } from "../format.ts";
import { Empty, Failed, Loading, Pager, Panel, Scroll, Stale, When } from "../parts.tsx";
import { usePolled } from "../polling.ts";
import type { Task } from "../shapes.ts";
import { Badge } from "../status.tsx";
import { readable, visibleLine } from "../visible.ts";

const eachMs = 2_500;
const pageRows = 50;

interface Props {
  /** The path of the page, which its filters are added to. */
  base: string;
  batch: string | null;
  /** Whether tasks may still change. */
  live: boolean;
}

export function TaskTable({ base, batch, live }: Props) {
  const { query, route } = useLocation();
  const { cursor = null, status = "", reason = "", error_code: code = "", label = "" } = query;
  const filters = { status, reason, error_code: code, label };
  const [key = "", ...rest] = label.split("=");
  const taskQuery = queryOf({
    batch_id: batch,
    status,
    reason,
    error_code: code,
    cursor,
    limit: pageRows,
    ...(key === "" || rest.length === 0 ? {} : { [`label.${key}`]: rest.join("=") }),
  });
  const listed = usePolled(
    "GET /v1/tasks",
    { query: taskQuery },
    live ? { eachMs } : { eachMs: 10_000 },
  );
  const filter = (change: Partial<typeof filters>) =>
    route(pagePath(base, { ...filters, ...change }));
  const next = listed.value?.next_cursor ?? null;
  const filtered = Object.values(filters).some((value) => value !== "");
  return (
    <Panel
      title="Tasks"
      flush
      actions={<Filters of={filters} filter={filter} filtered={filtered} base={base} />}
    >
      <Stale problem={listed.value === null ? null : listed.problem} at={listed.at} />
      {listed.value === null ? (
        listed.problem === null ? (
          <Loading lines={8} />
        ) : (
          <Failed problem={listed.problem} />
        )
      ) : listed.value.tasks.length === 0 ? (
        <Empty title={filtered ? "No task fits these filters" : "No task yet"} />
      ) : (
        <Rows tasks={listed.value.tasks} />
      )}
      <Pager
        first={cursor === null ? null : pagePath(base, filters)}
        next={next === null ? null : pagePath(base, { ...filters, cursor: next })}
      />
    </Panel>
  );
}

type Filter = Readonly<Record<"status" | "reason" | "error_code" | "label", string>>;

interface FiltersProps {
  of: Filter;
  filter: (change: Partial<Filter>) => void;
  filtered: boolean;
  base: string;
}

function Filters({ of, filter, filtered, base }: FiltersProps) {
  return (
    <>
      {filtered && (
        <a class="button small" href={base}>
          Clear
        </a>
      )}
      {of.error_code !== "" && <span class="label">{visibleLine(of.error_code, 60)}</span>}
      <select
        aria-label="Status"
        value={of.status}
        onChange={(event) => filter({ status: event.currentTarget.value })}
      >
        <option value="">any status</option>
        {statuses.map((one) => (
          <option key={one} value={one}>
            {one}
          </option>
        ))}
      </select>
      <select
        aria-label="Reason"
        value={of.reason}
        onChange={(event) => filter({ reason: event.currentTarget.value })}
      >
        <option value="">any reason</option>
        {reasons.map((one) => (
          <option key={one} value={one}>
            {words(one)}
          </option>
        ))}
      </select>
      <input
        type="search"
        aria-label="Label, as key=value"
        placeholder="label: key=value"
        value={of.label}
        onChange={(event) => filter({ label: event.currentTarget.value })}
      />
    </>
  );
}

function Rows({ tasks }: { tasks: readonly Task[] }) {
  return (
    <Scroll label="Tasks">
      <table class="rows">
        <thead>
          <tr>
            <th>Task</th>
            <th>Status</th>
            <th class="wide">What came of it</th>
            <th class="number">Steps</th>
            <th class="number">Tokens</th>
            <th class="number">Cost</th>
            <th class="number">Took</th>
            <th>Accepted</th>
          </tr>
        </thead>
        <tbody>
          {tasks.map((task) => (
            <Row key={task.id} task={task} />
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

function Row({ task }: { task: Task }) {
  const { usage } = task;
  return (
    <tr>
      <td class="name">
        <a href={`/tasks/${task.id}`} title={task.id}>
          {task.custom_id === null ? (
            <code>{shortId(task.id)}</code>
          ) : (
            visibleLine(task.custom_id, 40)
          )}
        </a>
      </td>
      <td>
        <Badge status={task.status} />
      </td>
      <td class="wide">
        <span class="clamp">
          {task.reason !== null && task.reason !== "completed" && <b>{words(task.reason)} </b>}
          {cameOf(task)}
        </span>
      </td>
      <td class="number">{usage.steps}</td>
      <td class="number">{compact(usage.prompt_tokens + usage.completion_tokens)}</td>
      <td class="number">{costOf(usage)}</td>
      <td class="number nowrap">{tookOf(task)}</td>
      <td class="nowrap">
        <When iso={task.created_at} />
      </td>
    </tr>
  );
}

function cameOf({ output, error }: Task): string {
  if (error !== null) return visibleLine(error.message, 160);
  if (output === null || output === undefined) return "";
  const text =
    typeof output === "object" && "text" in output && Object.keys(output).length === 1
      ? readable(output.text)
      : JSON.stringify(output);
  return visibleLine(text, 160);
}

export function tookOf({ started_at: from, finished_at: to }: Task): string {
  if (from === null) return "–";
  return span((to === null ? Date.now() : Date.parse(to)) - Date.parse(from));
}
