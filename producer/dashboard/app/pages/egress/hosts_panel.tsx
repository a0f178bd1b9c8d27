/** The hosts that agents requested, with the decisions. */
import { pagePath } from "../../data/api.ts";
import type { Hosts } from "../../data/responses.ts";
import type { Polled } from "../../data/use_polled.ts";
import { EmptyState, Loaded } from "../../parts/feedback.tsx";
import { RelativeTime } from "../../parts/inline.tsx";
import { Panel } from "../../parts/layout.tsx";
import { Badge } from "../../parts/status.tsx";
import { Table } from "../../parts/table.tsx";
import { bytes, count, humanize } from "../../text/format.ts";
import { visibleLine } from "../../text/visible.ts";
import type { EgressFilter } from "./egress_filters.tsx";

interface HostsPanelProps {
  hosts: Polled<Hosts>;
  filter: EgressFilter;
}

export function HostsPanel({ hosts, filter }: HostsPanelProps) {
  return (
    <Panel title="Hosts" note="most requested first" flush>
      <Loaded polled={hosts} lines={4}>
        {(value) =>
          value.hosts.length === 0 ? (
            <EmptyState title="No requests">
              <p>
                Requests of tools and of the agents' programs are decided by their policy and listed
                here.
              </p>
            </EmptyState>
          ) : (
            <HostTable hosts={value} filter={filter} />
          )
        }
      </Loaded>
    </Panel>
  );
}

function HostTable({ hosts, filter }: { hosts: Hosts; filter: EgressFilter }) {
  return (
    <>
      <Table
        label="Hosts"
        columns={[
          ["Host", "wide"],
          ["Requests", "number"],
          ["Denied", "number"],
          "Decisions",
          ["Received", "number"],
          "Last",
        ]}
      >
        {hosts.hosts.map((host) => (
          <HostRow
            key={host.host}
            host={host}
            href={pagePath("/egress", { ...filter, host: host.host })}
          />
        ))}
      </Table>
      {hosts.truncated && <p class="note padded">There are more hosts: choose a batch.</p>}
      {hosts.more && (
        <p class="note padded">
          Counts cover the newest {count(hosts.looked_at)} decisions; older ones are not counted.
        </p>
      )}
    </>
  );
}

function HostRow({ host, href }: { host: Hosts["hosts"][number]; href: string }) {
  return (
    <tr>
      <td class="wide">
        {host.host === "" ? (
          <span class="note">an invalid URL</span>
        ) : (
          <a href={href}>
            <code>{visibleLine(host.host, 120)}</code>
          </a>
        )}
      </td>
      <td class="number">{count(host.requests)}</td>
      <td class="number">{host.denied === 0 ? "–" : count(host.denied)}</td>
      <td>
        <span class="outcomes">
          {host.outcomes.map(({ action, reason, requests }) => (
            <span key={`${action} ${reason}`} class="nowrap">
              <Badge status={action} />{" "}
              <span class="note">
                {humanize(reason)} × {count(requests)}
              </span>
            </span>
          ))}
        </span>
      </td>
      <td class="number nowrap">{bytes(host.bytes_in)}</td>
      <td class="nowrap">
        <RelativeTime iso={host.last_at} />
      </td>
    </tr>
  );
}
