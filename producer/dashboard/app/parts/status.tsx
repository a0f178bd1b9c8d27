/** The status of a task, a batch or a step, as a word and a colour: never only as a colour. */
import { statuses } from "../../../../shared/task/states.ts";
import type { Batch, Counts } from "../data/responses.ts";
import { count } from "../text/format.ts";
import { visibleLine } from "../text/visible.ts";

export function Badge({ status, title }: { status: string; title?: string }) {
  return (
    <span
      class={`badge badge-${status}`}
      {...(title === undefined ? {} : { title: visibleLine(title, 200) })}
    >
      {status}
    </span>
  );
}

export const BatchBadge = ({ batch: { paused, status } }: { batch: Batch }) => (
  <Badge status={paused && status === "running" ? "paused" : status} />
);

/** Tasks that have a final status. */
export const endedCount = ({ total, queued, running }: Counts): number => total - queued - running;

/** Tasks that ended without success, which can be redriven. */
export const unsuccessfulCount = ({ failed, dead, cancelled, expired }: Counts): number =>
  failed + dead + cancelled + expired;

/** The order of the segments: ended tasks first, queued ones last. */
const order = ["succeeded", "failed", "dead", "cancelled", "expired", "running", "queued"] as const;

/** The counts of a batch as one bar. */
export function ProgressBar({ counts, small = false }: { counts: Counts; small?: boolean }) {
  const endedTasks = endedCount(counts);
  const share = counts.total === 0 ? 0 : endedTasks / counts.total;
  const parts = statuses.filter((status) => counts[status] > 0);
  return (
    <div class={small ? "progress progress-small" : "progress"}>
      <div
        class="progress-bar"
        role="progressbar"
        aria-label={`${count(endedTasks)} of ${count(counts.total)} ended`}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.floor(share * 100)}
        title={parts.map((status) => `${status} ${count(counts[status])}`).join(", ")}
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
