/** Steps on one time scale. */
import { useMemo, useState } from "preact/hooks";
import type { Decision, Step } from "../../../data/responses.ts";
import { count } from "../../../text/format.ts";
import { StepRow } from "./step_row.tsx";

interface TimelineProps {
  id: string;
  steps: readonly Step[];
  decisions: readonly Decision[];
}

const stepsPerPage = 100;

export function Timeline({ id, steps, decisions }: TimelineProps) {
  const [visibleSteps, setVisibleSteps] = useState(stepsPerPage);
  const decisionsByStep = useMemo(() => Map.groupBy(decisions, ({ step }) => step), [decisions]);
  const scale = useMemo(() => scaleOf(steps), [steps]);
  return (
    <>
      <ol class="timeline">
        {steps.slice(0, visibleSteps).map((step) => (
          <StepRow
            key={`${id} ${step.seq}`}
            id={id}
            step={step}
            decisions={decisionsByStep.get(step.seq) ?? []}
            scale={scale}
          />
        ))}
      </ol>
      {steps.length > visibleSteps && (
        <nav class="pager" aria-label="Steps">
          <span class="note">{count(steps.length - visibleSteps)} more steps</span>
          <button
            type="button"
            class="small"
            onClick={() => setVisibleSteps(visibleSteps + stepsPerPage)}
          >
            Show more
          </button>
        </nav>
      )}
    </>
  );
}

export interface TimeScale {
  /** Milliseconds since 1970. */
  from: number;
  /** At least 1. */
  ms: number;
}

function scaleOf(steps: readonly Step[]): TimeScale {
  const starts = steps.map(({ started_at }) => Date.parse(started_at));
  const ends = steps.map(({ duration_ms }, n) => (starts[n] ?? 0) + duration_ms);
  const from = starts.reduce((least, start) => Math.min(least, start), Number.POSITIVE_INFINITY);
  const to = ends.reduce((most, end) => Math.max(most, end), 0);
  return { from, ms: Math.max(1, to - from) };
}
