/** What tasks may use on this fleet: egress policies, tools, MCP servers and skills. */
import { Fragment } from "preact";
import type { Listing } from "../../data/responses.ts";
import { usePolled } from "../../data/use_polled.ts";
import { EmptyState, Loaded } from "../../parts/feedback.tsx";
import { Code } from "../../parts/inline.tsx";
import { PageHeader, Panel } from "../../parts/layout.tsx";
import { visibleLine } from "../../text/visible.ts";
import { PolicyRow } from "./policy_row.tsx";
import { ToolTable } from "./tool_table.tsx";

export function ToolsPage() {
  const listing = usePolled("GET /v1/tools", {});
  const policies = usePolled("GET /v1/policies", {});
  return (
    <>
      <PageHeader title="Tools and policies" />
      {listing.value?.faults.map((fault) => (
        <div key={fault} class="banner banner-warn">
          {visibleLine(fault, 400)}
        </div>
      ))}
      <Panel title="Policies" note="requests that match no rule are denied" flush>
        <Loaded polled={policies}>
          {(value) =>
            value.policies.map((policy) => <PolicyRow key={policy.name} policy={policy} />)
          }
        </Loaded>
      </Panel>
      <Panel title="Tools" flush>
        <Loaded polled={listing} lines={8}>
          {({ tools }) => <ToolTable tools={tools} />}
        </Loaded>
      </Panel>
      {listing.value !== null && (
        <div class="halves">
          <McpServers servers={listing.value.mcp} />
          <Skills skills={listing.value.skills} />
        </div>
      )}
    </>
  );
}

function McpServers({ servers }: { servers: Listing["mcp"] }) {
  return (
    <Panel title="MCP servers">
      {servers.length === 0 ? (
        <EmptyState title="None configured">
          <p>
            Set <code>MCP_SERVERS</code> to add servers.
          </p>
        </EmptyState>
      ) : (
        <dl class="pairs">
          {servers.map(({ name, url }) => (
            <Fragment key={name}>
              <dt>{visibleLine(name, 80)}</dt>
              <dd>
                <Code text={url} charsMax={200} />
              </dd>
            </Fragment>
          ))}
        </dl>
      )}
    </Panel>
  );
}

function Skills({ skills }: { skills: Listing["skills"] }) {
  return (
    <Panel title="Skills">
      {skills.length === 0 ? (
        <EmptyState title="None bundled" />
      ) : (
        <dl class="pairs">
          {skills.map(({ name, description }) => (
            <Fragment key={name}>
              <dt>{visibleLine(name, 80)}</dt>
              <dd>{visibleLine(description, 300)}</dd>
            </Fragment>
          ))}
        </dl>
      )}
    </Panel>
  );
}
