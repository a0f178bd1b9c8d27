/** One step of the timeline: its kind, summary, usage and time, its details when opened, its egress. */
import { useState } from "preact/hooks";
import type { Decision, Step } from "../../../data/responses.ts";
import { Badge } from "../../../parts/status.tsx";
import {
  bytes,
  compact,
  count,
  dollars,
  duration,
  humanize,
  reasonText,
} from "../../../text/format.ts";
import { visibleLine } from "../../../text/visible.ts";
import type { TimeScale } from "../time_scale.ts";
import { StepDetails } from "./step_details.tsx";
import { stepSummary } from "./step_text.ts";

interface StepRowProps {
  id: string;
  step: Step;
  decisions: readonly Decision[];
  scale: TimeScale;
}

export function StepRow({ id, step, decisions, scale }: StepRowProps) {
  const [isOpen, setOpen] = useState(false);
  const isBad = step.status !== "done";
  return (
    <li class={`step step-${step.kind}${isBad ? " step-bad" : ""}`}>
      <details onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>
          <span class="step-seq">{step.seq}</span>
          <span class="step-kind">{step.kind}</span>
          <span class="step-main">
            <span class="step-name">{visibleLine(step.name, 80)}</span>
            <span class="step-gist">{stepSummary(step)}</span>
          </span>
          {isBad && <Badge status={step.status} />}
          <span class="step-cost">{usageText(step)}</span>
          <StepTime step={step} scale={scale} />
        </summary>
        {isOpen && <StepDetails id={id} step={step} />}
      </details>
      <Quirks quirks={step.quirks ?? []} />
      <Decisions seq={step.seq} decisions={decisions} />
    </li>
  );
}

function StepTime({ step, scale }: { step: Step; scale: TimeScale }) {
  const start = ((Date.parse(step.started_at) - scale.from) / scale.ms) * 100;
  const width = (step.duration_ms / scale.ms) * 100;
  const style = {
    marginLeft: `${Math.min(99, start)}%`,
    width: `${Math.max(1, Math.min(100 - start, width))}%`,
  };
  return (
    <span class="step-time">
      <span class="step-track" aria-hidden="true">
        <span class="step-bar" style={style} />
      </span>
      {duration(step.duration_ms)}
    </span>
  );
}

function usageText({ usage }: Step): string {
  if (usage === undefined) return "";
  const { prompt_tokens: input = 0, completion_tokens: output = 0, cost_usd: cost = 0 } = usage;
  const tokens = `${compact(input)} → ${compact(output)} tok`;
  return cost > 0 ? `${tokens}, ${dollars(cost)}` : tokens;
}

function Quirks({ quirks }: { quirks: readonly string[] }) {
  if (quirks.length === 0) return null;
  return (
    <p class="quirks">
      {quirks.map((quirk) => (
        <span key={quirk} class="label" title="A defect of this call that was repaired">
          {humanize(visibleLine(quirk, 80))}
        </span>
      ))}
    </p>
  );
}

const decisionsMax = 20;

function Decisions({ seq, decisions }: { seq: number; decisions: readonly Decision[] }) {
  if (decisions.length === 0) return null;
  return (
    <ul class="decisions" aria-label={`Requests of step ${seq}`}>
      {decisions.slice(0, decisionsMax).map((decision, n) => (
        <DecisionRow key={`${decision.at} ${n}`} decision={decision} />
      ))}
      {decisions.length > decisionsMax && (
        <li class="note">{count(decisions.length - decisionsMax)} more requests</li>
      )}
    </ul>
  );
}

function DecisionRow({ decision }: { decision: Decision }) {
  const { action, method, url, reason, status, credential, policy, rule } = decision;
  const source =
    rule === null ? `policy ${policy}: ${humanize(reason)}` : `policy ${policy}, rule ${rule + 1}`;
  const outcome = [
    status === null ? reasonText(reason) : `HTTP ${status}`,
    ...(credential === null ? [] : [`with ${credential}`]),
    bytes(decision.bytes_in),
    duration(decision.duration_ms),
  ].join(", ");
  return (
    <li class={`decision decision-${action}`}>
      <Badge status={action} title={source} />
      <span class="decision-url">
        <b>{visibleLine(method, 12)}</b> {visibleLine(url, 240)}
      </span>
      <span class="note">{action === "deny" ? reasonText(reason) : outcome}</span>
    </li>
  );
}
