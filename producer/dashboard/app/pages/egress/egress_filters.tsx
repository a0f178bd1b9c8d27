/** The filters of the egress page. They are part of the page's address. */
import { useLocation } from "preact-iso";
import { pagePath } from "../../data/api.ts";
import { shortId } from "../../text/format.ts";
import { visibleLine } from "../../text/visible.ts";

/** Empty fields do not filter; the batch `all` is every task, an empty one the latest batch. */
export type EgressFilter = Record<"batch" | "host" | "action" | "policy", string>;

interface EgressFiltersProps {
  filter: EgressFilter;
  /** The batch that is shown; null while not known. */
  batch: string | null;
  batchIds: readonly string[];
}

export function EgressFilters({ filter, batch, batchIds }: EgressFiltersProps) {
  const { route } = useLocation();
  const setFilter = (change: Partial<EgressFilter>) =>
    route(pagePath("/egress", { ...filter, ...change }));
  const choices = [...new Set([filter.batch, ...batchIds])].filter(
    (id) => id !== "" && id !== "all",
  );
  return (
    <>
      <label class="filter">
        <span>Batch</span>
        <select
          value={batch ?? "all"}
          onChange={(event) => setFilter({ batch: event.currentTarget.value, host: "" })}
        >
          <option value="all">every task</option>
          {choices.map((id) => (
            <option key={id} value={id}>
              {shortId(id)}
            </option>
          ))}
        </select>
      </label>
      <select
        aria-label="Decision"
        value={filter.action}
        onChange={(event) => setFilter({ action: event.currentTarget.value })}
      >
        <option value="">any decision</option>
        <option value="allow">allow</option>
        <option value="inject">inject</option>
        <option value="deny">deny</option>
      </select>
    </>
  );
}

/** The filters that links set; a click removes one. */
export function FilterChips({ filter }: { filter: EgressFilter }) {
  const chips = (["host", "policy"] as const).filter((name) => filter[name] !== "");
  if (chips.length === 0) return null;
  return (
    <nav class="chips" aria-label="Filters">
      {chips.map((name) => (
        <a key={name} href={pagePath("/egress", { ...filter, [name]: "" })}>
          {name} {visibleLine(filter[name], 80)} ✕
        </a>
      ))}
    </nav>
  );
}
