/** How a task, a batch or a step stands, in one word and one colour, never in the colour alone. */
import { statuses } from "../../../shared/states.ts";
import { count } from "./format.ts";
import type { Counts } from "./shapes.ts";
import { oneLine } from "./visible.ts";

export function Badge({ status, title }: { status: string; title?: string }) {
  return (
    <span
      class={`badge badge-${status}`}
      {...(title === undefined ? {} : { title: oneLine(title, 200) })}
    >
      {status}
    </span>
  );
}

/** The order in which a bar is filled: what is done first, what waits last. */
const order = ["succeeded", "failed", "dead", "cancelled", "expired", "running", "queued"] as const;

/** The counts of a batch as one bar. */
export function Progress({ counts, small = false }: { counts: Counts; small?: boolean }) {
  const ended = counts.total - counts.queued - counts.running;
  const share = counts.total === 0 ? 0 : ended / counts.total;
  const told = statuses.filter((status) => counts[status] > 0);
  const label = `${count(ended)} of ${count(counts.total)} ended`;
  return (
    <div class={small ? "progress progress-small" : "progress"}>
      <div
        class="progress-bar"
        role="progressbar"
        aria-label={label}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.floor(share * 100)}
        title={told.map((status) => `${status} ${count(counts[status])}`).join(", ")}
      >
        {order.map((status) =>
          counts[status] === 0 ? null : (
            <span key={status} class={`fill fill-${status}`} style={{ flexGrow: counts[status] }} />
          ),
        )}
      </div>
    </div>
  );
}
