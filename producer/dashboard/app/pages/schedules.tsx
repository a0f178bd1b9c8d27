/** Schedules: when each ticks next, what became of the last ticks, and a way to run or stop one. */
import { useState } from "preact/hooks";
import { api, type CallError } from "../api.ts";
import { dateTime } from "../format.ts";
import { Empty, Failed, Head, Id, Loading, Panel, Scroll, Stale, When } from "../parts.tsx";
import { usePolled } from "../polling.ts";
import { Badge } from "../status.tsx";
import { visibleLine } from "../visible.ts";

const eachMs = 15_000;

export function SchedulesPage() {
  const listed = usePolled("GET /v1/schedules", { query: { limit: 100 } }, { eachMs });
  return (
    <>
      <Head title="Schedules" />
      <Stale problem={listed.value === null ? null : listed.problem} at={listed.at} />
      {listed.value === null ? (
        <Panel>
          {listed.problem === null ? (
            <Loading lines={5} />
          ) : (
            <Failed problem={listed.problem} retry={listed.refresh} />
          )}
        </Panel>
      ) : listed.value.schedules.length === 0 ? (
        <Panel>
          <Empty title="No schedules">
            <p>
              <code>npx fleet schedules create leads.json</code> makes one: a cron expression, a
              task as template, and its items.
            </p>
          </Empty>
        </Panel>
      ) : (
        listed.value.schedules.map(({ id }) => <One key={id} id={id} changed={listed.refresh} />)
      )}
    </>
  );
}

function One({ id, changed }: { id: string; changed: () => void }) {
  const read = usePolled("GET /v1/schedules/:id", { id }, { eachMs });
  const [problem, setProblem] = useState<CallError | null>(null);
  const [begun, setBegun] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const schedule = read.value;
  if (schedule === null) {
    return <Panel>{read.problem === null ? <Loading /> : <Failed problem={read.problem} />}</Panel>;
  }
  const act = async (ask: () => Promise<CallError | null>) => {
    setBusy(true);
    setProblem(await ask());
    setBusy(false);
    read.refresh();
    changed();
  };
  const run = async () => {
    const answer = await api("POST /v1/schedules/:id/run", { id });
    if (!answer.ok) return answer.error;
    setBegun(answer.value.id);
    return null;
  };
  const turn = async () => {
    const answer = await api("PATCH /v1/schedules/:id", {
      id,
      body: { enabled: !schedule.enabled },
    });
    return answer.ok ? null : answer.error;
  };
  const [next, ...later] = schedule.next_ticks;
  return (
    <Panel
      title={visibleLine(schedule.name, 80)}
      note={
        <>
          <code>{visibleLine(schedule.cron, 60)}</code> {visibleLine(schedule.timezone, 60)}
        </>
      }
      actions={
        <>
          <Badge status={schedule.enabled ? "enabled" : "disabled"} />
          <button type="button" class="small" disabled={busy} onClick={() => void act(run)}>
            Run now
          </button>
          <button type="button" class="small" disabled={busy} onClick={() => void act(turn)}>
            {schedule.enabled ? "Disable" : "Enable"}
          </button>
        </>
      }
    >
      {problem !== null && <Failed problem={problem} />}
      {begun !== null && (
        <p role="status">
          Begun as <Id id={begun} href={`/batches/${begun}`} />
        </p>
      )}
      <div class="ticks">
        <div>
          <h3>Next ticks</h3>
          {next === undefined ? (
            <p class="note">none while it is disabled</p>
          ) : (
            <ol>
              <li>
                <strong>
                  <When iso={next} />
                </strong>{" "}
                <span class="note">{dateTime(next)}</span>
              </li>
              {later.map((iso) => (
                <li key={iso} class="note">
                  {dateTime(iso)}
                </li>
              ))}
            </ol>
          )}
        </div>
        <div>
          <h3>Last ticks</h3>
          {schedule.last_ticks === undefined || schedule.last_ticks.length === 0 ? (
            <p class="note">none yet</p>
          ) : (
            <Scroll label={`Last ticks of ${visibleLine(schedule.name, 80)}`}>
              <ol>
                {schedule.last_ticks.map((tick) => (
                  <li key={tick.at} class="tick">
                    <Badge status={tick.outcome} />
                    <span class="note nowrap">{dateTime(tick.at)}</span>
                    {tick.batch_id !== null && (
                      <Id id={tick.batch_id} href={`/batches/${tick.batch_id}`} />
                    )}
                    {tick.missed > 0 && <span class="note">{tick.missed} missed before</span>}
                    {tick.error !== null && <span>{visibleLine(tick.error.message, 160)}</span>}
                  </li>
                ))}
              </ol>
            </Scroll>
          )}
        </div>
      </div>
    </Panel>
  );
}
