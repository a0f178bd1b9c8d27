/** Batches as a table. */
import type { Batch } from "../../data/responses.ts";
import { EmptyState } from "../../parts/feedback.tsx";
import { Id, Labels, RelativeTime } from "../../parts/inline.tsx";
import { BatchBadge, endedCount, ProgressBar } from "../../parts/status.tsx";
import { Table } from "../../parts/table.tsx";
import { compact, costOf, count } from "../../text/format.ts";

export function NoBatches() {
  return (
    <EmptyState title="No batch yet">
      <p>
        <code>npx fleet submit tasks.jsonl --watch</code> submits one.
      </p>
    </EmptyState>
  );
}

export function BatchTable({ batches }: { batches: readonly Batch[] }) {
  return (
    <Table
      label="Batches"
      columns={[
        "Batch",
        "Status",
        ["Progress", "wide"],
        ["Failed", "number"],
        ["Tokens", "number"],
        ["Cost", "number"],
        "Started",
      ]}
    >
      {batches.map((batch) => (
        <BatchRow key={batch.id} batch={batch} />
      ))}
    </Table>
  );
}

function BatchRow({ batch }: { batch: Batch }) {
  const { counts, usage } = batch;
  return (
    <tr>
      <td>
        <Id id={batch.id} href={`/batches/${batch.id}`} />
        <Labels labels={batch.labels} />
      </td>
      <td>
        <BatchBadge batch={batch} />
      </td>
      <td class="wide">
        <ProgressBar counts={counts} small />
        <span class="note">
          {count(endedCount(counts))} of {count(counts.total)}
        </span>
      </td>
      <td class="number">{count(counts.failed + counts.dead)}</td>
      <td class="number">{compact(usage.prompt_tokens + usage.completion_tokens)}</td>
      <td class="number">{costOf(usage)}</td>
      <td class="nowrap">
        <RelativeTime iso={batch.created_at} />
      </td>
    </tr>
  );
}
