/** The schedules of the tenant. */
import { usePolled } from "../../data/use_polled.ts";
import { EmptyState, Loaded, StaleNotice } from "../../parts/feedback.tsx";
import { PageHeader, Panel } from "../../parts/layout.tsx";
import { SchedulePanel } from "./schedule_panel.tsx";

const eachMs = 15_000;

export function SchedulesPage() {
  const schedules = usePolled("GET /v1/schedules", { query: { limit: 100 } }, { eachMs });
  const { value, refresh } = schedules;
  return (
    <>
      <PageHeader title="Schedules" />
      <StaleNotice polled={schedules} />
      {value === null || value.schedules.length === 0 ? (
        <Panel>
          <Loaded polled={schedules} lines={5}>
            {() => <NoSchedules />}
          </Loaded>
        </Panel>
      ) : (
        value.schedules.map(({ id }) => <SchedulePanel key={id} id={id} onChanged={refresh} />)
      )}
    </>
  );
}

function NoSchedules() {
  return (
    <EmptyState title="No schedules">
      <p>
        <code>npx fleet schedules create leads.json</code> creates one: a cron expression, a task
        template, and its items.
      </p>
    </EmptyState>
  );
}
