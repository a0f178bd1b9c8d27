/** How a task ended: its answer, or what went wrong and what to do. */
import { useState } from "preact/hooks";
import type { Task } from "../../data/responses.ts";
import { usePolled } from "../../data/use_polled.ts";
import { ErrorBanner, Loading } from "../../parts/feedback.tsx";
import { Code } from "../../parts/inline.tsx";
import { Panel } from "../../parts/layout.tsx";
import { UntrustedText } from "../../parts/untrusted_text.tsx";
import { humanize } from "../../text/format.ts";
import { formatValue, visibleLine } from "../../text/visible.ts";
import { adviceFor } from "./advice.ts";
import { isLive } from "./is_live.ts";

/** A large answer is not part of the task: it is read when the user asks for it. */
export function TaskAnswer({ task }: { task: Task }) {
  const [isWanted, setWanted] = useState(false);
  const isLarge = task.output === null || task.output === undefined;
  const result = usePolled(
    "GET /v1/tasks/:id/result",
    isLarge && isWanted ? { id: task.id } : null,
  );
  const output = isLarge ? result.value?.output : task.output;
  return (
    <Panel title="Answer">
      {result.problem !== null && <ErrorBanner problem={result.problem} />}
      {output !== undefined ? (
        <UntrustedText text={answerText(output)} file={`${task.id}.answer.txt`} label="Answer" />
      ) : isWanted ? (
        <Loading />
      ) : (
        <p>
          It is large.{" "}
          <button type="button" class="small" onClick={() => setWanted(true)}>
            Show the answer
          </button>
        </p>
      )}
    </Panel>
  );
}

/** An answer with only a text is shown as that text. */
function answerText(output: unknown): string {
  const isText =
    typeof output === "object" && output !== null && Object.keys(output).join() === "text";
  return formatValue(isText ? Reflect.get(output, "text") : output);
}

export function TaskFailure({ task }: { task: Task }) {
  const { error, reason, status } = task;
  if (isLive(task) || status === "succeeded") return null;
  const advice = adviceFor(reason);
  return (
    <section class={`trouble trouble-${status}`} aria-label="What went wrong">
      <h2>
        {humanize(reason ?? status)}
        {error !== null && error.code !== reason && <Code text={error.code} />}
      </h2>
      {error !== null && <p class="trouble-message">{visibleLine(error.message, 2_000)}</p>}
      {advice !== "" && (
        <p>
          <strong>What to do.</strong> {advice}
        </p>
      )}
      {error?.uncertain !== undefined && (
        <details>
          <summary>The effect whose outcome is unknown</summary>
          <UntrustedText text={formatValue(error.uncertain)} file={`${task.id}.uncertain.json`} />
        </details>
      )}
      {error?.draft !== undefined && (
        <details>
          <summary>The model's last answer, not validated</summary>
          <UntrustedText text={error.draft} file={`${task.id}.draft.txt`} />
        </details>
      )}
    </section>
  );
}
