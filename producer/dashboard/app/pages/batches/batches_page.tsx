/** The tenant's batches, newest first. */
import { useLocation } from "preact-iso";
import { pagePath, queryOf } from "../../data/api.ts";
import { usePolled } from "../../data/use_polled.ts";
import { EmptyState, Loaded, StaleNotice } from "../../parts/feedback.tsx";
import { PageHeader, Pager, Panel } from "../../parts/layout.tsx";
import { BatchTable, NoBatches } from "./batch_table.tsx";

const eachMs = 4_000;

export function BatchesPage() {
  const { query } = useLocation();
  const status = query.status ?? "";
  const cursor = query.cursor ?? null;
  const batches = usePolled(
    "GET /v1/batches",
    { query: queryOf({ status, cursor, limit: 20 }) },
    { eachMs },
  );
  const next = batches.value?.next_cursor ?? null;
  return (
    <>
      <PageHeader title="Batches" actions={<StatusFilter status={status} />} />
      <StaleNotice polled={batches} />
      <Panel flush>
        <Loaded polled={batches} lines={6}>
          {(value) => {
            if (value.batches.length > 0) return <BatchTable batches={value.batches} />;
            if (status === "") return <NoBatches />;
            return <EmptyState title={`No batch is ${status}`} />;
          }}
        </Loaded>
        <Pager
          first={cursor === null ? null : pagePath("/batches", { status })}
          next={next === null ? null : pagePath("/batches", { status, cursor: next })}
        />
      </Panel>
    </>
  );
}

function StatusFilter({ status }: { status: string }) {
  const { route } = useLocation();
  return (
    <label class="filter">
      <span>Status</span>
      <select
        value={status}
        onChange={(event) => route(pagePath("/batches", { status: event.currentTarget.value }))}
      >
        <option value="">all</option>
        <option value="running">running</option>
        <option value="cancelling">cancelling</option>
        <option value="finished">finished</option>
      </select>
    </label>
  );
}
