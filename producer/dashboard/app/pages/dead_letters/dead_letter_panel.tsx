/** One dead letter: its task, its last error, the errors of its attempts. */
import type { DeadLetter } from "../../data/responses.ts";
import { RelativeTime, TaskLink } from "../../parts/inline.tsx";
import { count, dateTime, shortId } from "../../text/format.ts";
import { visibleLine } from "../../text/visible.ts";

interface DeadLetterPanelProps {
  letter: DeadLetter;
  redrive: () => void;
}

export function DeadLetterPanel({ letter, redrive }: DeadLetterPanelProps) {
  const { cause } = letter;
  return (
    <section class="panel letter" aria-label={`Dead letter ${shortId(letter.id)}`}>
      <div class="panel-head">
        <h2>
          <TaskLink id={letter.id} customId={letter.custom_id} charsMax={60} />
        </h2>
        {cause !== null && <code class="note">{visibleLine(cause.code, 60)}</code>}
        <span class="note">
          <RelativeTime iso={letter.finished_at ?? letter.created_at} />
        </span>
        <div class="actions">
          <button type="button" class="small" onClick={redrive}>
            Redrive
          </button>
        </div>
      </div>
      <p class="clamp">{visibleLine(cause?.message ?? "no message", 400)}</p>
      <Attempts letter={letter} />
    </section>
  );
}

function Attempts({ letter: { cause, attempt_errors: errors } }: { letter: DeadLetter }) {
  const lastStep = cause?.last_step;
  if (errors.length <= 1 && !lastStep) return null;
  return (
    <details>
      <summary class="note">
        {count(errors.length)} {errors.length === 1 ? "attempt" : "attempts"}
        {lastStep ? `, last step ${visibleLine(lastStep, 80)}` : ""}
      </summary>
      <ol class="attempts">
        {errors.map((error, n) => (
          <li key={`${error.at} ${n}`}>
            <span class="note">{error.at === undefined ? n + 1 : dateTime(error.at)}</span>{" "}
            <code>{visibleLine(error.code ?? "", 60)}</code> {visibleLine(error.message ?? "", 300)}
          </li>
        ))}
      </ol>
    </details>
  );
}
