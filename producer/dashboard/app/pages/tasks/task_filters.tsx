/** The filters of a task table. They are part of the page's address. */
import { useLocation } from "preact-iso";
import { reasons, statuses } from "../../../../../shared/task/states.ts";
import { pagePath } from "../../data/api.ts";
import { humanize } from "../../text/format.ts";
import { visibleLine } from "../../text/visible.ts";

export const filterNames = [
  "status",
  "reason",
  "error_code",
  "label",
  "custom_id",
  "created_after",
  "created_before",
] as const;

/** The filters by name; "" where one is not set. */
export type TaskFilter = Readonly<Record<(typeof filterNames)[number], string>>;

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
        onChange={(event) => setFilter({ label: event.currentTarget.value.trim() })}
      />
      {isIncomplete(filter.label) && (
        <span class="note" role="status">
          A label is written as key=value
        </span>
      )}
      <input
        type="search"
        aria-label="Custom id"
        placeholder="custom id"
        value={filter.custom_id}
        onChange={(event) => setFilter({ custom_id: event.currentTarget.value.trim() })}
      />
      <TimeInput
        label="Accepted after"
        value={filter.created_after}
        onChange={(created_after) => setFilter({ created_after })}
      />
      <TimeInput
        label="Accepted before"
        value={filter.created_before}
        onChange={(created_before) => setFilter({ created_before })}
      />
    </>
  );
}

const isIncomplete = (label: string): boolean => label !== "" && !/^[^=]+=/.test(label);

interface TimeInputProps {
  label: string;
  /** ISO 8601, or "". */
  value: string;
  onChange: (value: string) => void;
}

/** A time in the user's zone; in the address it is UTC. */
function TimeInput({ label, value, onChange }: TimeInputProps) {
  return (
    <input
      type="datetime-local"
      aria-label={label}
      title={label}
      value={localTime(value)}
      onChange={(event) => {
        const text = event.currentTarget.value;
        onChange(text === "" ? "" : new Date(text).toISOString());
      }}
    />
  );
}

function localTime(iso: string): string {
  const time = Date.parse(iso);
  if (Number.isNaN(time)) return "";
  const minutes = new Date(time).getTimezoneOffset();
  return new Date(time - minutes * 60_000).toISOString().slice(0, 16);
}
