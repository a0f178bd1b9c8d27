/** One batch: how far it is, what went wrong in it, its tasks. */

import { useRef, useState } from "preact/hooks";
import { useRoute } from "preact-iso";
import type { RedriveSummary } from "../../../client/redrive_all.ts";
import { api, pagePath } from "../api.ts";
import { Cancel } from "../cancel.tsx";
import { compact, costOf, count, dateTime, dollars, span, words } from "../format.ts";
import {
  Copy,
  Facts,
  Failed,
  Faults,
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
import type { Batch, Counts, Status } from "../shapes.ts";
import { Badge, Progress } from "../status.tsx";
import { visibleLine } from "../visible.ts";
import { Labels } from "./batches.tsx";
import { TaskTable } from "./task_table.tsx";

const eachMs = 1_500;
const legend: readonly Status[] = [
  "queued",
  "running",
  "succeeded",
  "failed",
  "dead",
  "cancelled",
  "expired",
];

export function BatchPage() {
  const id = useRoute().params.id ?? "";
  const [asked, setAsked] = useState(0);
  const polled = usePolled("GET /v1/batches/:id", { id }, { eachMs });
  const batch = polled.value;
  const changed = () => {
    setAsked((count) => count + 1);
    polled.refresh();
  };
  if (batch === null) {
    return (
      <>
        <Head title="Batch" above={<a href="/batches">Batches</a>} />
        {polled.problem === null ? <Loading lines={6} /> : <Failed problem={polled.problem} />}
      </>
    );
  }
  return (
    <>
      <Head
        title="Batch"
        above={<a href="/batches">Batches</a>}
        beside={
          <>
            <Id id={id} />
            <Badge status={batch.paused && batch.status === "running" ? "paused" : batch.status} />
            <Copy text={id} what="id" />
          </>
        }
        actions={<Actions batch={batch} changed={changed} />}
      />
      <Stale problem={polled.problem} at={polled.at} />
      {batch.error !== null && (
        <div class="banner banner-bad">
          <div>
            <p>
              <strong>{words(batch.error.code)}</strong> {visibleLine(batch.error.message, 500)}
            </p>
            <Faults of={batch.error.details ?? []} />
          </div>
        </div>
      )}
      <Panel>
        <Figures batch={batch} />
      </Panel>
      <Failures key={`failures ${asked}`} batch={batch} />
      <TaskTable
        key={`tasks ${asked}`}
        base={`/batches/${id}`}
        batch={id}
        live={batch.status !== "finished"}
      />
    </>
  );
}

function Figures({ batch }: { batch: Batch }) {
  const { counts, usage, limits } = batch;
  const rate = useRate(batch);
  const ended = counts.total - counts.queued - counts.running;
  const share = counts.total === 0 ? 0 : (ended / counts.total) * 100;
  return (
    <>
      <div class="figure-head">
        <p class="figure">
          {count(ended)} <small>of {count(counts.total)} tasks ended</small>
        </p>
        <p class="note">{share === 100 ? "100" : share.toFixed(1)} %</p>
      </div>
      <Progress counts={counts} />
      <ul class="legend">
        {legend.map((status) =>
          counts[status] === 0 && status !== "succeeded" ? null : (
            <li key={status}>
              <span class={`swatch swatch-${status}`} />
              {status} <strong>{count(counts[status])}</strong>
            </li>
          ),
        )}
      </ul>
      <Facts
        of={[
          ["Rate", rate === null ? null : `${compact(rate)} a minute`],
          ["Done", batch.eta === null ? null : <When iso={batch.eta} />],
          ["Tokens", tokensOf(batch)],
          [
            "Cost",
            limits.cost_usd === undefined
              ? costOf(usage)
              : `${dollars(usage.cost_usd)} of ${dollars(limits.cost_usd)}`,
          ],
          ["Steps", count(usage.steps)],
          ["Requests", usage.egress_requests === 0 ? null : count(usage.egress_requests)],
          ["Begun", <When key="begun" iso={batch.created_at} />],
          [
            "Took",
            batch.finished_at === null
              ? null
              : span(Date.parse(batch.finished_at) - Date.parse(batch.created_at)),
          ],
          [
            "Schedule",
            batch.schedule_id === undefined ? null : (
              <a href="/schedules">{dateTime(batch.tick_at ?? batch.created_at)}</a>
            ),
          ],
          [
            "Follows",
            batch.after === undefined ? null : (
              <Id id={batch.after.batch} href={`/batches/${batch.after.batch}`} />
            ),
          ],
          ["Labels", Object.keys(batch.labels).length === 0 ? null : <Labels of={batch.labels} />],
        ]}
      />
      {batch.waiting === true && (
        <p class="note">It begins when the batch that it follows is finished.</p>
      )}
    </>
  );
}

function tokensOf({ usage, limits }: Batch): string {
  const used = compact(usage.prompt_tokens + usage.completion_tokens);
  const cached = usage.cached_tokens > 0 ? `, ${compact(usage.cached_tokens)} cached` : "";
  return limits.tokens === undefined
    ? `${used}${cached}`
    : `${used} of ${compact(limits.tokens)}${cached}`;
}

const windowMs = 60_000;

/** Tasks ended a minute: over the last minute that was watched, or over all its time once it is finished. */
function useRate(batch: Batch): number | null {
  const looks = useRef<{ at: number; ended: number }[]>([]);
  const ended = batch.counts.total - batch.counts.queued - batch.counts.running;
  const now = Date.now();
  if (batch.finished_at !== null) {
    const ms = Date.parse(batch.finished_at) - Date.parse(batch.created_at);
    return ms <= 0 ? null : (ended / ms) * 60_000;
  }
  if (looks.current.at(-1)?.ended !== ended) looks.current.push({ at: now, ended });
  looks.current = looks.current.filter(
    ({ at }, n, all) => now - at < windowMs || n === all.length - 1,
  );
  const [first] = looks.current;
  if (first === undefined || now - first.at < 1_000 || ended === first.ended) {
    const ms = now - Date.parse(batch.created_at);
    return ended === 0 || ms <= 0 ? null : (ended / ms) * 60_000;
  }
  return ((ended - first.ended) / (now - first.at)) * 60_000;
}

interface ActionsProps {
  batch: Batch;
  changed: () => void;
}

function Actions({ batch, changed }: ActionsProps) {
  const [open, setOpen] = useState<"cancel" | "redrive" | null>(null);
  const [told, setTold] = useState<string | null>(null);
  const close = () => setOpen(null);
  const { counts } = batch;
  const again = counts.failed + counts.dead + counts.cancelled + counts.expired;
  const pauses = batch.status === "running";
  const turn = async () => {
    const { id } = batch;
    const answer = batch.paused
      ? await api("POST /v1/batches/:id/resume", { id })
      : await api("POST /v1/batches/:id/pause", { id });
    setTold(answer.ok ? null : answer.error.message);
    changed();
  };
  const download = async () => {
    setTold("Fetching the results …");
    setTold(await saveFrom(`${batch.id}.jsonl`, "GET /v1/batches/:id/results", { id: batch.id }));
  };
  return (
    <>
      {told !== null && (
        <span class="note" role="status">
          {visibleLine(told, 200)}
        </span>
      )}
      <button type="button" onClick={() => void download()}>
        Download results
      </button>
      {pauses && (
        <button type="button" onClick={() => void turn()}>
          {batch.paused ? "Resume" : "Pause"}
        </button>
      )}
      {again > 0 && (
        <button type="button" class="primary" onClick={() => setOpen("redrive")}>
          Redrive {count(again)}
        </button>
      )}
      {batch.status === "running" && (
        <button type="button" class="danger" onClick={() => setOpen("cancel")}>
          Cancel
        </button>
      )}
      {open === "cancel" && (
        <Cancel what="batch" id={batch.id} close={close} done={changed}>
          {count(counts.queued + counts.running)} tasks have not ended. Each is cancelled before its
          next step; what has ended stays as it is.
        </Cancel>
      )}
      {open === "redrive" && (
        <Redrive
          what={`${count(again)} tasks`}
          target={{ kind: "batch", id: batch.id }}
          close={close}
          done={(redriven) => {
            setTold(redrivenText(redriven));
            changed();
          }}
        />
      )}
    </>
  );
}

export const redrivenText = (told: RedriveSummary | null): string | null => {
  if (told === null) return null;
  const refused =
    told.refused === 0 ? "" : `, ${count(told.refused)} refused: ${told.details[0]?.message ?? ""}`;
  return `${count(told.redriven)} redriven${refused}`;
};

const badCounts = ({ failed, dead, cancelled, expired }: Counts): string =>
  [failed, dead, cancelled, expired].join(" ");

/** Grouped by why; asked for again only when their number has changed. */
function Failures({ batch }: { batch: Batch }) {
  const { counts } = batch;
  const none = counts.failed + counts.dead + counts.cancelled + counts.expired === 0;
  const read = usePolled("GET /v1/batches/:id/failures", none ? null : { id: batch.id });
  const known = useRef(badCounts(counts));
  if (known.current !== badCounts(counts)) {
    known.current = badCounts(counts);
    queueMicrotask(read.refresh);
  }
  if (none) return null;
  return (
    <Panel title="Why tasks did not succeed" flush>
      {read.value === null ? (
        read.problem === null ? (
          <Loading />
        ) : (
          <Failed problem={read.problem} />
        )
      ) : (
        <Scroll label="Why tasks did not succeed">
          <table class="rows">
            <thead>
              <tr>
                <th>Status</th>
                <th>Reason</th>
                <th class="number">Tasks</th>
                <th class="wide">For example</th>
              </tr>
            </thead>
            <tbody>
              {read.value.failures.map((one) => (
                <tr key={`${one.status} ${one.reason} ${one.code}`}>
                  <td>
                    <Badge status={one.status} />
                  </td>
                  <td>
                    <a
                      href={pagePath(`/batches/${batch.id}`, {
                        status: one.status,
                        reason: one.reason,
                        error_code: one.code,
                      })}
                    >
                      {words(one.reason ?? one.status)}
                    </a>
                    {one.code !== null && one.code !== one.reason && (
                      <span class="note block">{words(one.code)}</span>
                    )}
                  </td>
                  <td class="number">{count(one.tasks)}</td>
                  <td class="wide">
                    <a class="plain clamp" href={`/tasks/${one.example}`}>
                      {one.message === null ? "no message" : visibleLine(one.message, 200)}
                    </a>
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
