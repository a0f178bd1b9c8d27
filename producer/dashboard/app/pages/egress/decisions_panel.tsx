/** Each egress decision, with its task. */
import { pagePath } from "../../data/api.ts";
import type { EgressDecisions } from "../../data/responses.ts";
import type { Polled } from "../../data/use_polled.ts";
import { EmptyState, Loaded } from "../../parts/feedback.tsx";
import { TaskLink } from "../../parts/inline.tsx";
import { Pager, Panel } from "../../parts/layout.tsx";
import { Badge } from "../../parts/status.tsx";
import { Table } from "../../parts/table.tsx";
import { dateTime, reasonText } from "../../text/format.ts";
import { visibleLine } from "../../text/visible.ts";
import type { EgressFilter } from "./egress_filters.tsx";

interface DecisionsPanelProps {
  decisions: Polled<EgressDecisions>;
  filter: EgressFilter;
  /** The address of the first page; null on that page. */
  firstPage: string | null;
}

export function DecisionsPanel({ decisions, filter, firstPage }: DecisionsPanelProps) {
  const cursor = decisions.value?.next_cursor ?? null;
  return (
    <Panel title="Decisions" note="newest task first" flush>
      <Loaded polled={decisions} lines={6}>
        {(value) =>
          value.decisions.length === 0 ? (
            <EmptyState title="No decision matches" />
          ) : (
            <DecisionTable decisions={value.decisions} filter={filter} />
          )
        }
      </Loaded>
      <Pager
        first={firstPage}
        next={cursor === null ? null : pagePath("/egress", { ...filter, cursor })}
      />
    </Panel>
  );
}

interface DecisionTableProps {
  decisions: EgressDecisions["decisions"];
  filter: EgressFilter;
}

function DecisionTable({ decisions, filter }: DecisionTableProps) {
  return (
    <Table
      label="Decisions"
      columns={["Decision", ["Request", "wide"], "Reason", "Policy", "Task", "At"]}
    >
      {decisions.map((decision, n) => (
        <DecisionTableRow
          key={`${decision.task_id} ${decision.step} ${decision.at} ${n}`}
          decision={decision}
          policyHref={pagePath("/egress", { ...filter, policy: decision.policy })}
        />
      ))}
    </Table>
  );
}

interface DecisionTableRowProps {
  decision: EgressDecisions["decisions"][number];
  policyHref: string;
}

function DecisionTableRow({ decision, policyHref }: DecisionTableRowProps) {
  const { action, method, url, reason, status, credential, policy } = decision;
  return (
    <tr>
      <td>
        <Badge status={action} />
      </td>
      <td class="wide">
        <span class="decision-url">
          <b>{visibleLine(method, 12)}</b> {visibleLine(url, 200)}
        </span>
      </td>
      <td>
        {action === "deny" || status === null ? reasonText(reason) : `HTTP ${status}`}
        {credential !== null && <span class="note block">with {visibleLine(credential, 60)}</span>}
      </td>
      <td>
        <a href={policyHref}>{visibleLine(policy, 60)}</a>
      </td>
      <td>
        <TaskLink id={decision.task_id} customId={decision.custom_id} />
      </td>
      <td class="nowrap note">{dateTime(decision.at)}</td>
    </tr>
  );
}
