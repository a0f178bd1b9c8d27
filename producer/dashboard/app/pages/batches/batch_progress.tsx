/** The counts, rate, usage and origin of a batch. */
import { statuses } from "../../../../../shared/task/states.ts";
import type { Batch, Counts } from "../../data/responses.ts";
import { Id, Labels, RelativeTime } from "../../parts/inline.tsx";
import { type Fact, Facts } from "../../parts/layout.tsx";
import { endedCount, ProgressBar } from "../../parts/status.tsx";
import { compact, costOf, count, dateTime, dollars, duration } from "../../text/format.ts";
import { visibleLine } from "../../text/visible.ts";
import { useRate } from "./use_rate.ts";

export function BatchProgress({ batch }: { batch: Batch }) {
  const { counts } = batch;
  const rate = useRate(batch);
  const endedTasks = endedCount(counts);
  const percent = counts.total === 0 ? 0 : (endedTasks / counts.total) * 100;
  return (
    <>
      <div class="figure-head">
        <p class="figure">
          {count(endedTasks)} <small>of {count(counts.total)} tasks ended</small>
        </p>
        <p class="note">{percent === 100 ? "100" : percent.toFixed(1)} %</p>
      </div>
      <ProgressBar counts={counts} />
      <Legend counts={counts} />
      <Facts
        facts={[
          ["Rate", rate === null ? null : `${compact(rate)} a minute`],
          ["Done", batch.eta === null ? null : <RelativeTime iso={batch.eta} />],
          ...usageFacts(batch),
          ...qualityFacts(batch),
          ...originFacts(batch),
        ]}
      />
      {batch.waiting === true && (
        <p class="note">It starts when the batch that it follows is finished.</p>
      )}
    </>
  );
}

/** What checks, samples and escalations did; nothing for a batch without any. */
function qualityFacts({ quality }: Batch): Fact[] {
  if (quality === undefined) return [];
  const { tasks, checks_failed, corrected, samples, agreed, escalated } = quality;
  const share = (part: number, whole: number): string => `${Math.round((100 * part) / whole)} %`;
  const models = Object.entries(quality.usage_by_model);
  const costs = models.map(
    ([model, used]) => `${visibleLine(model, 80)} ${dollars(used.cost_usd)}`,
  );
  return [
    ["Failed a check", `${count(checks_failed)} tasks, ${count(corrected)} corrected`],
    ["Agreement", samples === 0 ? null : share(agreed, samples)],
    ["Escalated", share(escalated, tasks)],
    ["Cost by model", models.length < 2 ? null : costs.join(", ")],
  ];
}

function Legend({ counts }: { counts: Counts }) {
  return (
    <ul class="legend">
      {statuses.map((status) =>
        counts[status] === 0 && status !== "succeeded" ? null : (
          <li key={status}>
            <span class={`swatch swatch-${status}`} />
            {status} <strong>{count(counts[status])}</strong>
          </li>
        ),
      )}
    </ul>
  );
}

function usageFacts({ usage, limits }: Batch): Fact[] {
  const usedTokens = compact(usage.prompt_tokens + usage.completion_tokens);
  const ceiling = limits.tokens === undefined ? "" : ` of ${compact(limits.tokens)}`;
  const cachedText = usage.cached_tokens > 0 ? `, ${compact(usage.cached_tokens)} cached` : "";
  const cost =
    limits.cost_usd === undefined
      ? costOf(usage)
      : `${dollars(usage.cost_usd)} of ${dollars(limits.cost_usd)}`;
  return [
    ["Tokens", `${usedTokens}${ceiling}${cachedText}`],
    ["Cost", cost],
    ["Steps", count(usage.steps)],
    ["Requests", usage.egress_requests === 0 ? null : count(usage.egress_requests)],
  ];
}

function originFacts(batch: Batch): Fact[] {
  const { created_at: createdAt, finished_at: finishedAt, after, schedule_id: schedule } = batch;
  const tookMs = finishedAt === null ? null : Date.parse(finishedAt) - Date.parse(createdAt);
  const tick = <a href="/schedules">{dateTime(batch.tick_at ?? createdAt)}</a>;
  return [
    ["Started", <RelativeTime key="started" iso={createdAt} />],
    ["Took", tookMs === null ? null : duration(tookMs)],
    ["Schedule", schedule === undefined ? null : tick],
    [
      "Follows",
      after === undefined ? null : <Id id={after.batch} href={`/batches/${after.batch}`} />,
    ],
    ["Labels", Object.keys(batch.labels).length === 0 ? null : <Labels labels={batch.labels} />],
  ];
}
