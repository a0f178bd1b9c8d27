/** The calls that wait for a person, with what the agent wants to do and did before. */
import { useState } from "preact/hooks";
import { useLocation } from "preact-iso";
import { pagePath, queryOf } from "../../data/api.ts";
import type { Approval } from "../../data/responses.ts";
import { usePolled } from "../../data/use_polled.ts";
import { ActionMessage, EmptyState, Loaded, StaleNotice } from "../../parts/feedback.tsx";
import { Code, Id, RelativeTime } from "../../parts/inline.tsx";
import { Facts, PageHeader, Pager, Panel } from "../../parts/layout.tsx";
import { UntrustedSection } from "../../parts/untrusted_text.tsx";
import { visibleLine } from "../../text/visible.ts";
import { DecideDialog, type Decision } from "./decide_dialog.tsx";

const eachMs = 5_000;
const path = "/approvals";

export function ApprovalsPage() {
  const { query } = useLocation();
  const { cursor = null, batch_id: batch = "" } = query;
  const listQuery = queryOf({ batch_id: batch, cursor, limit: 20 });
  const polled = usePolled("GET /v1/approvals", { query: listQuery }, { eachMs });
  const [target, setTarget] = useState<{ approval: Approval; decision: Decision } | null>(null);
  const [message, setMessage] = useState<string | null>(null);
  const next = polled.value?.next_cursor ?? null;
  return (
    <>
      <PageHeader title="Approvals" actions={<ActionMessage message={message} />} />
      <StaleNotice polled={polled} />
      <Loaded polled={polled} lines={5}>
        {({ approvals }) =>
          approvals.length === 0 ? (
            <NothingWaits />
          ) : (
            approvals.map((approval) => (
              <ApprovalPanel
                key={approval.id}
                approval={approval}
                decide={(decision) => setTarget({ approval, decision })}
              />
            ))
          )
        }
      </Loaded>
      <Pager
        first={cursor === null ? null : pagePath(path, { batch_id: batch })}
        next={next === null ? null : pagePath(path, { batch_id: batch, cursor: next })}
      />
      {target !== null && (
        <DecideDialog
          {...target}
          close={() => setTarget(null)}
          onDecided={(text) => {
            setMessage(text);
            polled.refresh();
          }}
        />
      )}
    </>
  );
}

function NothingWaits() {
  return (
    <Panel>
      <EmptyState title="No call waits for a person">
        <p>
          A task with <code>approve</code> waits here before a call of those tools starts.
        </p>
      </EmptyState>
    </Panel>
  );
}

interface ApprovalPanelProps {
  approval: Approval;
  decide: (decision: Decision) => void;
}

function ApprovalPanel({ approval, decide }: ApprovalPanelProps) {
  const { id, task_id, tool, deadline_at, on_timeout, created_at, problem } = approval;
  return (
    <Panel
      title={visibleLine(tool, 80)}
      actions={
        <>
          <button type="button" class="small" onClick={() => decide("deny")}>
            Deny
          </button>
          <button type="button" class="small primary" onClick={() => decide("approve")}>
            Approve
          </button>
        </>
      }
    >
      <Facts
        facts={[
          ["Task", <Id key="task" id={task_id} href={`/tasks/${task_id}`} />],
          ["Waits since", <RelativeTime key="since" iso={created_at} />],
          ["Deadline", <RelativeTime key="deadline" iso={deadline_at} />],
          ["Without a decision", timeoutText[on_timeout]],
          [
            "Could not run",
            problem === null ? null : <Code key="problem" text={problem} charsMax={300} />,
          ],
        ]}
      />
      <UntrustedSection
        title="Arguments"
        text={JSON.stringify(approval.arguments, null, 2)}
        file={`${id}-arguments.json`}
      />
      <UntrustedSection title="Last steps" text={stepsText(approval)} file={`${id}-steps.txt`} />
    </Panel>
  );
}

const timeoutText: Record<Approval["on_timeout"], string> = {
  fail: "the task fails",
  deny: "the call is denied",
  approve: "the call runs",
};

const stepsText = ({ last_steps }: Approval): string =>
  last_steps.map(({ seq, name, text }) => `${seq} ${name}: ${text}`).join("\n");
