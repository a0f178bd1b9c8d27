/**
 * The steps of a task on one scale of time: which call took how long and cost what, what it was given and
 * what it answered (folded, and only laid out once opened), and which requests it made.
 */
import { useMemo, useState } from "preact/hooks";
import { bytes, compact, count, dollars, span, words } from "../format.ts";
import { Part } from "../hostile.tsx";
import type { Decision, Step } from "../shapes.ts";
import { Badge } from "../status.tsx";
import { readable, visibleLine } from "../visible.ts";

interface Props {
  id: string;
  steps: readonly Step[];
  decisions: readonly Decision[];
}

const stepsFirst = 100;

export function Timeline({ id, steps, decisions }: Props) {
  const [shown, setShown] = useState(stepsFirst);
  const beside = useMemo(() => Map.groupBy(decisions, ({ step }) => step), [decisions]);
  const scale = useMemo(() => scaleOf(steps), [steps]);
  return (
    <>
      <ol class="timeline">
        {steps.slice(0, shown).map((step) => (
          <StepRow
            key={`${id} ${step.seq}`}
            id={id}
            step={step}
            decisions={beside.get(step.seq) ?? []}
            scale={scale}
          />
        ))}
      </ol>
      {steps.length > shown && (
        <nav class="pager" aria-label="Steps">
          <span class="note">{count(steps.length - shown)} more steps</span>
          <button type="button" class="small" onClick={() => setShown(shown + stepsFirst)}>
            Show more
          </button>
        </nav>
      )}
    </>
  );
}

interface Scale {
  from: number;
  ms: number;
}

function scaleOf(steps: readonly Step[]): Scale {
  const starts = steps.map(({ started_at }) => Date.parse(started_at));
  const ends = steps.map(({ duration_ms }, n) => (starts[n] ?? 0) + duration_ms);
  const from = starts.reduce((least, start) => Math.min(least, start), Number.POSITIVE_INFINITY);
  const to = ends.reduce((most, end) => Math.max(most, end), 0);
  return { from, ms: Math.max(1, to - from) };
}

interface RowProps {
  id: string;
  step: Step;
  decisions: readonly Decision[];
  scale: Scale;
}

function StepRow({ id, step, decisions, scale }: RowProps) {
  const [open, setOpen] = useState(false);
  const start = ((Date.parse(step.started_at) - scale.from) / scale.ms) * 100;
  const width = (step.duration_ms / scale.ms) * 100;
  const bad = step.status !== "done";
  return (
    <li class={`step step-${step.kind}${bad ? " step-bad" : ""}`}>
      <details onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>
          <span class="step-seq">{step.seq}</span>
          <span class="step-kind">{step.kind}</span>
          <span class="step-main">
            <span class="step-name">{visibleLine(step.name, 80)}</span>
            <span class="step-gist">{gistOf(step)}</span>
          </span>
          {bad && <Badge status={step.status} />}
          <span class="step-cost">{costOf(step)}</span>
          <span class="step-time">
            <span class="step-track" aria-hidden="true">
              <span
                class="step-bar"
                style={{
                  marginLeft: `${Math.min(99, start)}%`,
                  width: `${Math.max(1, Math.min(100 - start, width))}%`,
                }}
              />
            </span>
            {span(step.duration_ms)}
          </span>
        </summary>
        {open && <StepBody id={id} step={step} />}
      </details>
      {(step.quirks?.length ?? 0) > 0 && (
        <p class="quirks">
          {step.quirks?.map((quirk) => (
            <span key={quirk} class="label" title="What was odd about this call, and mended">
              {words(visibleLine(quirk, 80))}
            </span>
          ))}
        </p>
      )}
      {decisions.length > 0 && (
        <ul class="decisions" aria-label={`Requests of step ${step.seq}`}>
          {decisions.slice(0, decisionsMax).map((decision, n) => (
            <DecisionRow key={`${decision.at} ${n}`} decision={decision} />
          ))}
          {decisions.length > decisionsMax && (
            <li class="note">{count(decisions.length - decisionsMax)} more requests</li>
          )}
        </ul>
      )}
    </li>
  );
}

const decisionsMax = 20;

export function DecisionRow({ decision }: { decision: Decision }) {
  const { action, method, url, reason, status, credential, policy, rule } = decision;
  const by =
    rule === null ? `policy ${policy}: ${words(reason)}` : `policy ${policy}, rule ${rule + 1}`;
  return (
    <li class={`decision decision-${action}`}>
      <Badge status={action} title={by} />
      <span class="decision-url">
        <b>{visibleLine(method, 12)}</b> {visibleLine(url, 240)}
      </span>
      <span class="note">
        {action === "deny"
          ? words(reason)
          : [
              status === null ? words(reason) : `HTTP ${status}`,
              credential === null ? null : `with ${credential}`,
              bytes(decision.bytes_in),
              span(decision.duration_ms),
            ]
              .filter((part) => part !== null)
              .join(", ")}
      </span>
    </li>
  );
}

interface Reply {
  text?: string;
  reasoning?: string;
  calls?: readonly { name: string; arguments: unknown; problem?: string }[];
  finish?: string;
  error?: { code?: string; message?: string };
  times?: number;
}

const replyOf = ({ output }: Step): Reply =>
  typeof output === "object" && output !== null ? (output as Reply) : {};

const gistChars = 140;

/** One line that says what the step did. */
function gistOf(step: Step): string {
  if (step.kind === "tool") return visibleLine(toolGist(step), gistChars);
  const { calls = [], text = "", error } = replyOf(step);
  if (error !== undefined) return visibleLine(error.message ?? error.code ?? "", gistChars);
  if (calls.length > 0)
    return `→ ${visibleLine(calls.map(({ name }) => name).join(", "), gistChars)}`;
  return visibleLine(text, gistChars);
}

/** A call that was refused says why; one with a single argument says that. */
function toolGist({ status, input, output }: Step): string {
  if (status === "refused" || input === null || input === undefined) return readable(output);
  const values = typeof input === "object" ? Object.values(input) : [input];
  return values.length === 1 ? readable(values[0]).trim() : JSON.stringify(input);
}

function costOf({ usage }: Step): string {
  if (usage === undefined) return "";
  const { prompt_tokens: given = 0, completion_tokens: made = 0, cost_usd: cost = 0 } = usage;
  const tokens = `${compact(given)} → ${compact(made)} tok`;
  return cost > 0 ? `${tokens}, ${dollars(cost)}` : tokens;
}

function StepBody({ id, step }: { id: string; step: Step }) {
  const name = `${id}.step-${step.seq}`;
  if (step.kind === "tool") {
    return (
      <div class="step-body">
        <Part title="Arguments" text={argumentsText(step.input)} name={`${name}.arguments.json`} />
        <Part title="Output" text={readable(step.output)} name={`${name}.output.txt`} />
        {step.note !== undefined && (
          <Part title="Told to the model" text={step.note} name={`${name}.note.txt`} />
        )}
        {step.files !== undefined && (
          <p class="note">Changed: {visibleLine(Object.keys(step.files).join(", "), 400)}</p>
        )}
      </div>
    );
  }
  const { text = "", reasoning = "", calls = [], finish, error, times } = replyOf(step);
  return (
    <div class="step-body">
      {error !== undefined && (
        <Part
          title={times === undefined ? "Error" : `Error, ${times} times in a row`}
          text={readable(error)}
          name={`${name}.error.json`}
        />
      )}
      {reasoning !== "" && <Part title="Thought" text={reasoning} name={`${name}.reasoning.txt`} />}
      {text !== "" && <Part title="Said" text={text} name={`${name}.text.txt`} />}
      {calls.map((one, n) => (
        <Part
          key={`${one.name} ${n}`}
          title={`Calls ${visibleLine(one.name, 80)}${one.problem === undefined ? "" : ": refused"}`}
          text={
            argumentsText(one.arguments) + (one.problem === undefined ? "" : `\n\n${one.problem}`)
          }
          name={`${name}.call-${n + 1}.json`}
        />
      ))}
      <Part title="How it was asked" text={readable(step.input)} name={`${name}.input.json`} />
      {finish !== undefined && <p class="note">Finish: {visibleLine(finish, 40)}</p>}
    </div>
  );
}

/** A program reads better with its own line breaks than as JSON. */
function argumentsText(value: unknown): string {
  if (typeof value !== "object" || value === null) return readable(value);
  const texts = Object.entries(value).filter(
    ([, one]) => typeof one === "string" && one.includes("\n"),
  );
  if (texts.length === 0) return readable(value);
  const rest = Object.fromEntries(
    Object.entries(value).filter(([name]) => !texts.some(([one]) => one === name)),
  );
  const head = Object.keys(rest).length === 0 ? [] : [readable(rest)];
  return [...head, ...texts.map(([name, one]) => `${name}:\n${String(one)}`)].join("\n\n");
}
