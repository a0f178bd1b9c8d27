/** The ticks of a schedule: when it runs next, and the outcome of its last runs. */
import type { Schedule } from "../../data/responses.ts";
import { Id, RelativeTime } from "../../parts/inline.tsx";
import { ScrollArea } from "../../parts/layout.tsx";
import { Badge } from "../../parts/status.tsx";
import { dateTime } from "../../text/format.ts";
import { visibleLine } from "../../text/visible.ts";

export function NextTicks({ times: [next, ...later] }: { times: readonly string[] }) {
  return (
    <div>
      <h3>Next ticks</h3>
      {next === undefined ? (
        <p class="note">none while it is disabled</p>
      ) : (
        <ol>
          <li>
            <strong>
              <RelativeTime iso={next} />
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
  );
}

export function LastTicks({ schedule: { name, last_ticks: ticks = [] } }: { schedule: Schedule }) {
  return (
    <div>
      <h3>Last ticks</h3>
      {ticks.length === 0 ? (
        <p class="note">none yet</p>
      ) : (
        <ScrollArea label={`Last ticks of ${visibleLine(name, 80)}`}>
          <ol>
            {ticks.map((tick) => (
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
        </ScrollArea>
      )}
    </div>
  );
}
