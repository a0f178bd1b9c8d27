/** One schedule: its next and last ticks, and buttons to run, enable or disable it. */
import { useState } from "preact/hooks";
import { api, type CallError } from "../../data/api.ts";
import type { Schedule } from "../../data/responses.ts";
import { usePolled } from "../../data/use_polled.ts";
import { ErrorBanner, Loaded } from "../../parts/feedback.tsx";
import { Id } from "../../parts/inline.tsx";
import { Panel } from "../../parts/layout.tsx";
import { Badge } from "../../parts/status.tsx";
import { visibleLine } from "../../text/visible.ts";
import { LastTicks, NextTicks } from "./ticks.tsx";

const eachMs = 15_000;

export function SchedulePanel({ id, onChanged }: { id: string; onChanged: () => void }) {
  const polled = usePolled("GET /v1/schedules/:id", { id }, { eachMs });
  const [problem, setProblem] = useState<CallError | null>(null);
  const [startedBatch, setStartedBatch] = useState<string | null>(null);
  const schedule = polled.value;
  if (schedule === null) {
    return (
      <Panel>
        <Loaded polled={polled}>{() => null}</Loaded>
      </Panel>
    );
  }
  const onResult = (error: CallError | null) => {
    setProblem(error);
    polled.refresh();
    onChanged();
  };
  const cron = (
    <>
      <code>{visibleLine(schedule.cron, 60)}</code> {visibleLine(schedule.timezone, 60)}
    </>
  );
  return (
    <Panel
      title={visibleLine(schedule.name, 80)}
      note={cron}
      actions={
        <ScheduleActions schedule={schedule} onStarted={setStartedBatch} onResult={onResult} />
      }
    >
      {problem !== null && <ErrorBanner problem={problem} />}
      {startedBatch !== null && (
        <p role="status">
          Started as <Id id={startedBatch} href={`/batches/${startedBatch}`} />
        </p>
      )}
      <div class="ticks">
        <NextTicks times={schedule.next_ticks} />
        <LastTicks schedule={schedule} />
      </div>
    </Panel>
  );
}

interface ScheduleActionsProps {
  schedule: Schedule;
  onStarted: (batch: string) => void;
  /** Called after each action, with null if it succeeded. */
  onResult: (error: CallError | null) => void;
}

function ScheduleActions({ schedule, onStarted, onResult }: ScheduleActionsProps) {
  const [busy, setBusy] = useState(false);
  const { id, enabled } = schedule;
  const runAction = async (call: () => Promise<CallError | null>) => {
    setBusy(true);
    const error = await call();
    setBusy(false);
    onResult(error);
  };
  const run = async () => {
    const result = await api("POST /v1/schedules/:id/run", { id });
    if (!result.ok) return result.error;
    onStarted(result.value.id);
    return null;
  };
  const toggle = async () => {
    const result = await api("PATCH /v1/schedules/:id", { id, body: { enabled: !enabled } });
    return result.ok ? null : result.error;
  };
  return (
    <>
      <Badge status={enabled ? "enabled" : "disabled"} />
      <button type="button" class="small" disabled={busy} onClick={() => void runAction(run)}>
        Run now
      </button>
      <button type="button" class="small" disabled={busy} onClick={() => void runAction(toggle)}>
        {enabled ? "Disable" : "Enable"}
      </button>
    </>
  );
}
