/** The charts of the overview: tasks and tokens of the last hour, dollars of the last 30 days. */
import type { Throughput } from "../../data/responses.ts";
import { usePolled } from "../../data/use_polled.ts";
import { Chart } from "../../parts/chart.tsx";
import { EmptyState, Loaded } from "../../parts/feedback.tsx";
import { clockTime, compact, dayOf, dollars } from "../../text/format.ts";

const minuteOf = (iso: string): string => clockTime(iso).slice(0, 5);

export function EndedChart({ throughput }: { throughput: Throughput }) {
  const { minutes, complete_from } = throughput;
  const [first] = minutes;
  const isPartial = first !== undefined && complete_from > first.at;
  const otherCounts = minutes.map(({ cancelled, expired }) => cancelled + expired);
  return (
    <>
      <Chart
        title="Tasks ended a minute"
        times={minutes.map(({ at }) => at)}
        series={[
          ...(["succeeded", "failed", "dead"] as const).map((status) => ({
            name: status,
            colour: status,
            values: minutes.map((minute) => minute[status]),
          })),
          { name: "other", colour: "cancelled", values: otherCounts },
        ]}
        format={compact}
        formatTime={minuteOf}
      />
      {isPartial && (
        <p class="note">
          Too many tasks ended to read all of them: counts before {minuteOf(complete_from)} are
          incomplete.
        </p>
      )}
    </>
  );
}

export function TokensChart({ throughput: { minutes } }: { throughput: Throughput }) {
  const spent = minutes.reduce((sum, { cost_usd }) => sum + cost_usd, 0);
  const name = spent > 0 ? `tokens, ${dollars(spent)} in total:` : "tokens";
  return (
    <Chart
      title="Tokens of tasks that ended"
      times={minutes.map(({ at }) => at)}
      series={[{ name, colour: "accent", values: minutes.map(({ tokens }) => tokens) }]}
      format={compact}
      formatTime={minuteOf}
    />
  );
}

const dayMs = 86_400_000;
const dayCount = 30;

/** The ledger: the cost of model calls by day. */
export function SpendChart() {
  const spend = usePolled("GET /v1/spend", { query: { days: dayCount } }, { eachMs: 60_000 });
  const today = Math.floor(Date.now() / dayMs) * dayMs;
  const days = Array.from({ length: dayCount }, (_, n) =>
    new Date(today - (dayCount - 1 - n) * dayMs).toISOString(),
  );
  return (
    <Loaded polled={spend} lines={5}>
      {({ spend: rows }) => {
        if (rows.length === 0) return <NoSpend />;
        const sums = days.map((iso) =>
          rows
            .filter(({ day }) => day === iso.slice(0, 10))
            .reduce((sum, { cost_usd }) => sum + cost_usd, 0),
        );
        return (
          <Chart
            title="Dollars a day"
            times={days}
            series={[{ name: "spent", colour: "accent", values: sums }]}
            format={dollars}
            formatTime={dayOf}
          />
        );
      }}
    </Loaded>
  );
}

function NoSpend() {
  return (
    <EmptyState title="Nothing was spent in 30 days">
      <p>The scripted model is free, so the ledger does not list it.</p>
    </EmptyState>
  );
}
