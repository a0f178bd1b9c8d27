/** The filters of a task table. They are part of the page's address. */
import { useLocation } from "preact-iso";
import { reasons, statuses } from "../../../../../shared/task/states.ts";
import { pagePath } from "../../data/api.ts";
import { humanize } from "../../text/format.ts";
import { visibleLine } from "../../text/visible.ts";

export type TaskFilter = Readonly<Record<"status" | "reason" | "error_code" | "label", string>>;

export function TaskFilters({ filter, base }: { filter: TaskFilter; base: string }) {
  const { route } = useLocation();
  const setFilter = (change: Partial<TaskFilter>) =>
    route(pagePath(base, { ...filter, ...change }));
  const isFiltered = Object.values(filter).some((value) => value !== "");
  return (
    <>
      {isFiltered && (
        <a class="button small" href={base}>
          Clear
        </a>
      )}
      {filter.error_code !== "" && <span class="label">{visibleLine(filter.error_code, 60)}</span>}
      <select
        aria-label="Status"
        value={filter.status}
        onChange={(event) => setFilter({ status: event.currentTarget.value })}
      >
        <option value="">any status</option>
        {statuses.map((status) => (
          <option key={status} value={status}>
            {status}
          </option>
        ))}
      </select>
      <select
        aria-label="Reason"
        value={filter.reason}
        onChange={(event) => setFilter({ reason: event.currentTarget.value })}
      >
        <option value="">any reason</option>
        {reasons.map((reason) => (
          <option key={reason} value={reason}>
            {humanize(reason)}
          </option>
        ))}
      </select>
      <input
        type="search"
        aria-label="Label, as key=value"
        placeholder="label: key=value"
        value={filter.label}
        onChange={(event) => setFilter({ label: event.currentTarget.value })}
      />
    </>
  );
}
