/** The state of the fleet at a glance. */
import type { Throughput } from "../../data/responses.ts";
import { usePolled } from "../../data/use_polled.ts";
import { ErrorBanner, Loaded, Loading, StaleNotice } from "../../parts/feedback.tsx";
import { PageHeader, Panel } from "../../parts/layout.tsx";
import { BatchTable, NoBatches } from "../batches/batch_table.tsx";
import { type Alert, alertsOf } from "./alerts.ts";
import { Cards } from "./cards.tsx";
import { EndedChart, SpendChart, TokensChart } from "./charts.tsx";
import { ModelTable } from "./model_table.tsx";

const statsEachMs = 4_000;
const chartEachMs = 8_000;
const slowEachMs = 30_000;

export function OverviewPage() {
  const stats = usePolled("GET /v1/stats", {}, { eachMs: statsEachMs });
  const minutes = { query: { minutes: 60 } };
  const throughput = usePolled("GET /v1/throughput", minutes, { eachMs: chartEachMs });
  const pauses = usePolled("GET /v1/pause", {}, { eachMs: slowEachMs });
  const limits = usePolled("GET /v1/models", {}, { eachMs: chartEachMs });
  const models = limits.value?.models ?? [];
  return (
    <>
      <PageHeader title="Overview" />
      <StaleNotice polled={stats} />
      {stats.value === null && stats.problem !== null && (
        <ErrorBanner problem={stats.problem} retry={stats.refresh} />
      )}
      {stats.value !== null && (
        <Alerts
          alerts={alertsOf({ stats: stats.value, pauses: pauses.value, models }, Date.now())}
        />
      )}
      <Cards stats={stats.value} />
      <ThroughputPanels throughput={throughput.value} />
      <LatestBatches />
      <Panel title="Models" flush>
        {stats.value === null ? (
          <Loading />
        ) : (
          <ModelTable models={stats.value.models} limits={models} />
        )}
      </Panel>
      <Panel>
        <SpendChart />
      </Panel>
    </>
  );
}

function Alerts({ alerts }: { alerts: readonly Alert[] }) {
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

function ThroughputPanels({ throughput }: { throughput: Throughput | null }) {
  return (
    <div class="halves">
      <Panel>
        {throughput === null ? <Loading lines={5} /> : <EndedChart throughput={throughput} />}
      </Panel>
      <Panel>
        {throughput === null ? <Loading lines={5} /> : <TokensChart throughput={throughput} />}
      </Panel>
    </div>
  );
}

function LatestBatches() {
  const batches = usePolled("GET /v1/batches", { query: { limit: 5 } }, { eachMs: statsEachMs });
  const allBatches = (
    <a class="button small" href="/batches">
      All batches
    </a>
  );
  return (
    <Panel title="Latest batches" flush actions={allBatches}>
      <Loaded polled={batches}>
        {(value) =>
          value.batches.length === 0 ? <NoBatches /> : <BatchTable batches={value.batches} />
        }
      </Loaded>
    </Panel>
  );
}
