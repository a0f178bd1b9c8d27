/** What an operator looks at first. */
import type { ComponentChildren } from "preact";
import { alertsOf } from "../alerts.ts";
import { Chart } from "../chart.tsx";
import { clockTime, compact, count, dayOf, dollars } from "../format.ts";
import { Empty, Failed, Head, Loading, Panel, Stale, When } from "../parts.tsx";
import { usePolled } from "../polling.ts";
import type { Pauses, Stats, Throughput } from "../shapes.ts";
import { BatchRows } from "./batches.tsx";
import { ModelTable } from "./model_table.tsx";

const statsEachMs = 4_000;
const chartEachMs = 8_000;
const slowEachMs = 30_000;

export function OverviewPage() {
  const stats = usePolled("GET /v1/stats", {}, { eachMs: statsEachMs });
  const throughput = usePolled(
    "GET /v1/throughput",
    { query: { minutes: 60 } },
    { eachMs: chartEachMs },
  );
  const batches = usePolled("GET /v1/batches", { query: { limit: 5 } }, { eachMs: statsEachMs });
  const pauses = usePolled("GET /v1/pause", {}, { eachMs: slowEachMs });
  const paces = usePolled("GET /v1/models", {}, { eachMs: chartEachMs });
  return (
    <>
      <Head title="Overview" />
      <Stale problem={stats.value === null ? null : stats.problem} at={stats.at} />
      {stats.value === null && stats.problem !== null && (
        <Failed problem={stats.problem} retry={stats.refresh} />
      )}
      {stats.value !== null && <Alerts stats={stats.value} pauses={pauses.value} />}
      <Cards stats={stats.value} />
      <div class="halves">
        <Panel>
          {throughput.value === null ? <Loading lines={5} /> : <Ended of={throughput.value} />}
        </Panel>
        <Panel>
          {throughput.value === null ? <Loading lines={5} /> : <Tokens of={throughput.value} />}
        </Panel>
      </div>
      <Panel
        title="Latest batches"
        flush
        actions={
          <a class="button small" href="/batches">
            All batches
          </a>
        }
      >
        {batches.value === null ? (
          <Loading />
        ) : batches.value.batches.length === 0 ? (
          <Empty title="No batch yet">
            <p>
              <code>npx fleet submit tasks.jsonl --watch</code> sends the first one.
            </p>
          </Empty>
        ) : (
          <BatchRows batches={batches.value.batches} />
        )}
      </Panel>
      <Panel title="Models" flush>
        {stats.value === null ? (
          <Loading />
        ) : (
          <ModelTable of={stats.value.models} paces={paces.value?.models ?? []} />
        )}
      </Panel>
      <Panel>
        <Days />
      </Panel>
    </>
  );
}

function Alerts({ stats, pauses }: { stats: Stats; pauses: Pauses | null }) {
  const alerts = alertsOf(stats, pauses, Date.now());
  if (alerts.length === 0) return null;
  return (
    <ul class="alerts" aria-label="Alerts">
      {alerts.map(({ level, text, href }) => (
        <li key={text} class={`banner banner-${level}`}>
          {href === null ? <span>{text}</span> : <a href={href}>{text}</a>}
        </li>
      ))}
    </ul>
  );
}

function Cards({ stats }: { stats: Stats | null }) {
  const counts = stats?.counts;
  const bad = counts === undefined ? null : counts.failed + counts.dead;
  const spend = stats?.spend_today;
  return (
    <div class="cards">
      <Card
        name="Running"
        value={counts === undefined ? null : count(counts.running)}
        tone="running"
        href="/tasks?status=running"
      />
      <Card
        name="Queued"
        value={counts === undefined ? null : count(counts.queued)}
        tone="queued"
        href="/tasks?status=queued"
        note={
          stats?.oldest_queued_at ? (
            <>
              oldest <When iso={stats.oldest_queued_at} />
            </>
          ) : (
            "nothing waits"
          )
        }
      />
      <Card
        name="Succeeded"
        value={counts === undefined ? null : count(counts.succeeded)}
        tone="succeeded"
        href="/tasks?status=succeeded"
      />
      <Card
        name="Failed or dead"
        value={bad === null ? null : count(bad)}
        tone="failed"
        href="/tasks?status=failed"
        note={counts === undefined ? null : `${count(counts.dead)} dead`}
      />
      <Card
        name="Spent today"
        value={spend === undefined ? null : dollars(spend.cost_usd)}
        tone="accent"
        note={
          spend === undefined
            ? null
            : spend.ceiling_usd === null
              ? `${compact(spend.tokens)} tokens`
              : `of ${dollars(spend.ceiling_usd)}, ${compact(spend.tokens)} tokens`
        }
      />
    </div>
  );
}

interface CardProps {
  name: string;
  value: string | null;
  tone: string;
  href?: string;
  note?: ComponentChildren;
}

function Card({ name, value, tone, href, note }: CardProps) {
  const inside = (
    <>
      <span class="card-name">
        <span class={`swatch swatch-${tone}`} />
        {name}
      </span>
      <span class="card-value">{value ?? <span class="bone bone-value" />}</span>
      <span class="note">{note ?? " "}</span>
    </>
  );
  return href === undefined ? (
    <div class="card">{inside}</div>
  ) : (
    <a class="card" href={href}>
      {inside}
    </a>
  );
}

const minuteOf = (iso: string): string => clockTime(iso).slice(0, 5);

function Ended({ of: { minutes, complete_from } }: { of: Throughput }) {
  const [first] = minutes;
  const partly = first !== undefined && complete_from > first.at;
  return (
    <>
      <Chart
        title="Tasks ended a minute"
        times={minutes.map(({ at }) => at)}
        series={[
          { name: "succeeded", colour: "succeeded", values: minutes.map((one) => one.succeeded) },
          { name: "failed", colour: "failed", values: minutes.map((one) => one.failed) },
          { name: "dead", colour: "dead", values: minutes.map((one) => one.dead) },
          {
            name: "other",
            colour: "cancelled",
            values: minutes.map((one) => one.cancelled + one.expired),
          },
        ]}
        format={compact}
        when={minuteOf}
      />
      {partly && (
        <p class="note">
          More ended than is read for a chart: minutes before {minuteOf(complete_from)} are counted
          in part.
        </p>
      )}
    </>
  );
}

function Tokens({ of: { minutes } }: { of: Throughput }) {
  const spent = minutes.reduce((sum, { cost_usd }) => sum + cost_usd, 0);
  return (
    <Chart
      title="Tokens of tasks that ended"
      times={minutes.map(({ at }) => at)}
      series={[
        {
          name: spent > 0 ? `tokens, ${dollars(spent)} in all:` : "tokens",
          colour: "accent",
          values: minutes.map(({ tokens }) => tokens),
        },
      ]}
      format={compact}
      when={minuteOf}
    />
  );
}

const dayMs = 86_400_000;
const daysShown = 30;

/** The ledger: what model calls cost, day by day. */
function Days() {
  const spend = usePolled("GET /v1/spend", { query: { days: daysShown } }, { eachMs: 60_000 });
  if (spend.value === null) {
    return spend.problem === null ? <Loading lines={5} /> : <Failed problem={spend.problem} />;
  }
  const rows = spend.value.spend;
  const today = Math.floor(Date.now() / dayMs) * dayMs;
  const days = Array.from({ length: daysShown }, (_, n) =>
    new Date(today - (daysShown - 1 - n) * dayMs).toISOString(),
  );
  const sums = days.map((iso) =>
    rows
      .filter(({ day }) => day === iso.slice(0, 10))
      .reduce((sum, { cost_usd }) => sum + cost_usd, 0),
  );
  if (rows.length === 0) {
    return (
      <Empty title="Nothing was spent in 30 days">
        <p>The scripted model costs nothing and is in no ledger.</p>
      </Empty>
    );
  }
  return (
    <Chart
      title="Dollars a day"
      times={days}
      series={[{ name: "spent", colour: "accent", values: sums }]}
      format={dollars}
      when={dayOf}
    />
  );
}
