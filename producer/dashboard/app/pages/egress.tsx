/** Where the agents tried to go: hosts, refusals, and the rules that would permit what was refused. */

import { useMemo } from "preact/hooks";
import { useLocation } from "preact-iso";
import { proposeRules } from "../../../../policies/learn.ts";
import { pagePath, queryOf } from "../api.ts";
import { bytes, count, dateTime, shortId, words } from "../format.ts";
import { Hostile } from "../hostile.tsx";
import { Empty, Failed, Head, Loading, Pager, Panel, Scroll, Stale, When } from "../parts.tsx";
import { usePolled } from "../polling.ts";
import type { Hosts, ListedDecision } from "../shapes.ts";
import { Badge } from "../status.tsx";
import { visibleLine } from "../visible.ts";

const eachMs = 10_000;
const pageRows = 50;
const deniedRead = 500;

export function EgressPage() {
  const { query, route } = useLocation();
  const batches = usePolled("GET /v1/batches", { query: { limit: 20 } });
  // The tenant's whole log may be large, so a look begins with the latest batch.
  const latest = batches.value?.batches[0]?.id ?? null;
  const batch = query.batch ?? latest;
  const { host = "", action = "", policy = "", cursor = null } = query;
  const known = batches.value !== null || query.batch !== undefined;
  const filters = { batch: query.batch ?? "", host, action, policy };
  const wanted = { batch_id: batch === "all" ? null : batch, host, action, policy };
  const inputWith = (more: Record<string, string | number | null>) =>
    known ? { query: queryOf({ ...wanted, ...more }) } : null;
  const hosts = usePolled("GET /v1/egress/hosts", inputWith({ limit: 50 }), { eachMs });
  const decisions = usePolled("GET /v1/egress", inputWith({ cursor, limit: pageRows }), { eachMs });
  const filter = (change: Partial<typeof filters>) =>
    route(pagePath("/egress", { ...filters, ...change }));
  const options = [
    ...new Set([query.batch ?? "", ...(batches.value?.batches ?? []).map(({ id }) => id)]),
  ];
  return (
    <>
      <Head
        title="Egress"
        actions={
          <>
            <label class="filter">
              <span>Batch</span>
              <select
                value={batch ?? "all"}
                onChange={(event) => filter({ batch: event.currentTarget.value, host: "" })}
              >
                <option value="all">every task</option>
                {options
                  .filter((id) => id !== "" && id !== "all")
                  .map((id) => (
                    <option key={id} value={id}>
                      {shortId(id)}
                    </option>
                  ))}
              </select>
            </label>
            <select
              aria-label="Decision"
              value={action}
              onChange={(event) => filter({ action: event.currentTarget.value })}
            >
              <option value="">any decision</option>
              <option value="allow">allow</option>
              <option value="inject">inject</option>
              <option value="deny">deny</option>
            </select>
          </>
        }
      />
      {(host !== "" || policy !== "") && (
        <nav class="chips" aria-label="Filters">
          {host !== "" && (
            <a href={pagePath("/egress", { ...filters, host: "" })}>
              host {visibleLine(host, 80)} ✕
            </a>
          )}
          {policy !== "" && (
            <a href={pagePath("/egress", { ...filters, policy: "" })}>
              policy {visibleLine(policy, 80)} ✕
            </a>
          )}
        </nav>
      )}
      <Stale problem={hosts.value === null ? null : hosts.problem} at={hosts.at} />
      <Panel title="Hosts" note="the most asked first" flush>
        {hosts.value === null ? (
          hosts.problem === null ? (
            <Loading lines={4} />
          ) : (
            <Failed problem={hosts.problem} retry={hosts.refresh} />
          )
        ) : hosts.value.hosts.length === 0 ? (
          <Empty title="No request was made">
            <p>
              What an agent's program or a tool asks for is decided by its policy, and stands here.
            </p>
          </Empty>
        ) : (
          <HostRows
            hosts={hosts.value}
            link={(name) => pagePath("/egress", { ...filters, host: name })}
          />
        )}
      </Panel>
      <Proposed input={inputWith({ action: "deny", limit: deniedRead })} />
      <Panel title="Decisions" note="the newest task first" flush>
        {decisions.value === null ? (
          decisions.problem === null ? (
            <Loading lines={6} />
          ) : (
            <Failed problem={decisions.problem} />
          )
        ) : decisions.value.decisions.length === 0 ? (
          <Empty title="No decision fits" />
        ) : (
          <DecisionRows
            decisions={decisions.value.decisions}
            link={(name) => pagePath("/egress", { ...filters, policy: name })}
          />
        )}
        <Pager
          first={cursor === null ? null : pagePath("/egress", filters)}
          next={
            decisions.value?.next_cursor
              ? pagePath("/egress", { ...filters, cursor: decisions.value.next_cursor })
              : null
          }
        />
      </Panel>
    </>
  );
}

function HostRows({ hosts, link }: { hosts: Hosts; link: (host: string) => string }) {
  return (
    <>
      <Scroll label="Hosts">
        <table class="rows">
          <thead>
            <tr>
              <th class="wide">Host</th>
              <th class="number">Requests</th>
              <th class="number">Denied</th>
              <th>What came of it</th>
              <th class="number">In</th>
              <th>Last</th>
            </tr>
          </thead>
          <tbody>
            {hosts.hosts.map((one) => (
              <tr key={one.host}>
                <td class="wide">
                  {one.host === "" ? (
                    <span class="note">a URL that cannot be read</span>
                  ) : (
                    <a href={link(one.host)}>
                      <code>{visibleLine(one.host, 120)}</code>
                    </a>
                  )}
                </td>
                <td class="number">{count(one.requests)}</td>
                <td class="number">{one.denied === 0 ? "–" : count(one.denied)}</td>
                <td>
                  <span class="outcomes">
                    {one.outcomes.map(({ action, reason, requests }) => (
                      <span key={`${action} ${reason}`} class="nowrap">
                        <Badge status={action} />{" "}
                        <span class="note">
                          {words(reason)} × {count(requests)}
                        </span>
                      </span>
                    ))}
                  </span>
                </td>
                <td class="number nowrap">{bytes(one.bytes_in)}</td>
                <td class="nowrap">
                  <When iso={one.last_at} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      {hosts.truncated && <p class="note padded">There are more hosts: choose a batch.</p>}
      {hosts.more && (
        <p class="note padded">
          Of the newest {count(hosts.looked_at)} decisions: older ones are not counted.
        </p>
      )}
    </>
  );
}

interface DecisionRowsProps {
  decisions: readonly ListedDecision[];
  link: (policy: string) => string;
}

function DecisionRows({ decisions, link }: DecisionRowsProps) {
  return (
    <Scroll label="Decisions">
      <table class="rows">
        <thead>
          <tr>
            <th>Decision</th>
            <th class="wide">Request</th>
            <th>Why</th>
            <th>Policy</th>
            <th>Task</th>
            <th>At</th>
          </tr>
        </thead>
        <tbody>
          {decisions.map((one, n) => (
            <tr key={`${one.task_id} ${one.step} ${one.at} ${n}`}>
              <td>
                <Badge status={one.action} />
              </td>
              <td class="wide">
                <span class="decision-url">
                  <b>{visibleLine(one.method, 12)}</b> {visibleLine(one.url, 200)}
                </span>
              </td>
              <td>
                {one.action === "deny"
                  ? words(one.reason)
                  : one.status === null
                    ? words(one.reason)
                    : `HTTP ${one.status}`}
                {one.credential !== null && (
                  <span class="note block">with {visibleLine(one.credential, 60)}</span>
                )}
              </td>
              <td>
                <a href={link(one.policy)}>{visibleLine(one.policy, 60)}</a>
              </td>
              <td>
                <a href={`/tasks/${one.task_id}`} title={one.task_id}>
                  {one.custom_id === null ? (
                    <code>{shortId(one.task_id)}</code>
                  ) : (
                    visibleLine(one.custom_id, 40)
                  )}
                </a>
              </td>
              <td class="nowrap note">{dateTime(one.at)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

/** One rule a line. */
const rulesText = (rules: readonly object[]): string =>
  `{"rules": [\n${rules.map((rule) => `  ${JSON.stringify(rule)}`).join(",\n")}\n]}`;

/** The smallest rules that would have permitted what was refused for want of one, as the command line proposes them. */
function Proposed({ input }: { input: { query: URLSearchParams } | null }) {
  const denied = usePolled("GET /v1/egress", input, { eachMs: 30_000 });
  const lesson = useMemo(() => proposeRules(denied.value?.decisions ?? []), [denied.value]);
  if (lesson.rules.length === 0) return null;
  const requests = lesson.requests.reduce((sum, one) => sum + one, 0);
  return (
    <Panel title="Rules that would permit what was refused">
      <p class="note proposed">
        {count(requests)} refused {requests === 1 ? "request" : "requests"} would pass. An agent
        asks for what the text before it says: read each rule before you put it into a policy.
      </p>
      <Hostile text={rulesText(lesson.rules)} name="proposed-rules.json" label="Proposed rules" />
    </Panel>
  );
}
