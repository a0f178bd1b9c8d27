/** The tasks of a batch that did not succeed, grouped by reason. */
import { useRef } from "preact/hooks";
import { pagePath } from "../../data/api.ts";
import type { Batch, Counts, Failures } from "../../data/responses.ts";
import { usePolled } from "../../data/use_polled.ts";
import { Loaded } from "../../parts/feedback.tsx";
import { Panel } from "../../parts/layout.tsx";
import { Badge, unsuccessfulCount } from "../../parts/status.tsx";
import { Table } from "../../parts/table.tsx";
import { count, humanize } from "../../text/format.ts";
import { visibleLine } from "../../text/visible.ts";

const title = "Why tasks did not succeed";

const countsKey = ({ failed, dead, cancelled, expired }: Counts): string =>
  [failed, dead, cancelled, expired].join(" ");

/** The groups are read again only when their counts have changed. */
export function BatchFailures({ batch: { id, counts } }: { batch: Batch }) {
  const isEmpty = unsuccessfulCount(counts) === 0;
  const polled = usePolled("GET /v1/batches/:id/failures", isEmpty ? null : { id });
  const readKey = useRef(countsKey(counts));
  if (readKey.current !== countsKey(counts)) {
    readKey.current = countsKey(counts);
    queueMicrotask(polled.refresh);
  }
  if (isEmpty) return null;
  return (
    <Panel title={title} flush>
      <Loaded polled={polled}>
        {({ failures }) => (
          <Table
            label={title}
            columns={["Status", "Reason", ["Tasks", "number"], ["For example", "wide"]]}
          >
            {failures.map((group) => (
              <FailureRow
                key={`${group.status} ${group.reason} ${group.code}`}
                batch={id}
                group={group}
              />
            ))}
          </Table>
        )}
      </Loaded>
    </Panel>
  );
}

interface FailureRowProps {
  batch: string;
  group: Failures["failures"][number];
}

function FailureRow({ batch, group }: FailureRowProps) {
  const { status, reason, code } = group;
  return (
    <tr>
      <td>
        <Badge status={status} />
      </td>
      <td>
        <a href={pagePath(`/batches/${batch}`, { status, reason, error_code: code })}>
          {humanize(reason ?? status)}
        </a>
        {code !== null && code !== reason && <span class="note block">{humanize(code)}</span>}
      </td>
      <td class="number">{count(group.tasks)}</td>
      <td class="wide">
        <a class="plain clamp" href={`/tasks/${group.example}`}>
          {group.message === null ? "no message" : visibleLine(group.message, 200)}
        </a>
      </td>
    </tr>
  );
}
