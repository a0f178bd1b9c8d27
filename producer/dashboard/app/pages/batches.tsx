/** Every batch, the newest first. */
import { useLocation } from "preact-iso";
import { pagePath, queryOf } from "../api.ts";
import { compact, costOf, count, shortId } from "../format.ts";
import { Empty, Failed, Head, Loading, Pager, Panel, Scroll, Stale, When } from "../parts.tsx";
import { usePolled } from "../polling.ts";
import type { Batch } from "../shapes.ts";
import { Badge, Progress } from "../status.tsx";
import { visibleLine } from "../visible.ts";

const eachMs = 4_000;

export function BatchesPage() {
  const { query, route } = useLocation();
  const status = query.status ?? "";
  const cursor = query.cursor ?? null;
  const listed = usePolled(
    "GET /v1/batches",
    { query: queryOf({ status, cursor, limit: 20 }) },
    { eachMs },
  );
  const next = listed.value?.next_cursor ?? null;
  return (
    <>
      <Head
        title="Batches"
        actions={
          <label class="filter">
            <span>Status</span>
            <select
              value={status}
              onChange={(event) =>
                route(pagePath("/batches", { status: event.currentTarget.value }))
              }
            >
              <option value="">all</option>
              <option value="running">running</option>
              <option value="cancelling">cancelling</option>
              <option value="finished">finished</option>
            </select>
          </label>
        }
      />
      <Stale problem={listed.value === null ? null : listed.problem} at={listed.at} />
      {listed.value === null && listed.problem !== null && (
        <Failed problem={listed.problem} retry={listed.refresh} />
      )}
      <Panel flush>
        {listed.value === null ? (
          <Loading lines={6} />
        ) : listed.value.batches.length === 0 ? (
          <Empty title={status === "" ? "No batch yet" : `No batch is ${status}`}>
            {status === "" && (
              <p>
                <code>npx fleet submit tasks.jsonl --watch</code> sends the first one.
              </p>
            )}
          </Empty>
        ) : (
          <BatchRows batches={listed.value.batches} />
        )}
        <Pager
          first={cursor === null ? null : pagePath("/batches", { status })}
          next={next === null ? null : pagePath("/batches", { status, cursor: next })}
        />
      </Panel>
    </>
  );
}

export function BatchRows({ batches }: { batches: readonly Batch[] }) {
  return (
    <Scroll label="Batches">
      <table class="rows">
        <thead>
          <tr>
            <th>Batch</th>
            <th>Status</th>
            <th class="wide">Progress</th>
            <th class="number">Failed</th>
            <th class="number">Tokens</th>
            <th class="number">Cost</th>
            <th>Begun</th>
          </tr>
        </thead>
        <tbody>
          {batches.map((batch) => (
            <BatchRow key={batch.id} batch={batch} />
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

function BatchRow({ batch }: { batch: Batch }) {
  const { counts, usage } = batch;
  const ended = counts.total - counts.queued - counts.running;
  return (
    <tr>
      <td>
        <a href={`/batches/${batch.id}`}>
          <code title={batch.id}>{shortId(batch.id)}</code>
        </a>
        <Labels of={batch.labels} />
      </td>
      <td>
        <Badge status={batch.paused && batch.status === "running" ? "paused" : batch.status} />
      </td>
      <td class="wide">
        <Progress counts={counts} small />
        <span class="note">
          {count(ended)} of {count(counts.total)}
        </span>
      </td>
      <td class="number">{count(counts.failed + counts.dead)}</td>
      <td class="number">{compact(usage.prompt_tokens + usage.completion_tokens)}</td>
      <td class="number">{costOf(usage)}</td>
      <td class="nowrap">
        <When iso={batch.created_at} />
      </td>
    </tr>
  );
}

export function Labels({ of: labels }: { of: Readonly<Record<string, string>> }) {
  const all = Object.entries(labels);
  if (all.length === 0) return null;
  return (
    <span class="labels">
      {all.map(([key, value]) => (
        <span key={key} class="label">
          {visibleLine(key, 63)}={visibleLine(value, 40)}
        </span>
      ))}
    </span>
  );
}
