/** What tasks may use as this fleet is configured: tools, MCP servers, skills, and the egress policies. */
import { Fragment } from "preact";
import { count, words } from "../format.ts";
import { Hostile } from "../hostile.tsx";
import { Code, Empty, Failed, Head, Loading, Panel, Scroll } from "../parts.tsx";
import { usePolled } from "../polling.ts";
import type { Listing, Policy } from "../shapes.ts";
import { Badge } from "../status.tsx";
import { readable, visibleLine } from "../visible.ts";

export function ToolsPage() {
  const listing = usePolled("GET /v1/tools", {});
  const policies = usePolled("GET /v1/policies", {});
  return (
    <>
      <Head title="Tools and policies" />
      {listing.value?.faults.map((fault) => (
        <div key={fault} class="banner banner-warn">
          {visibleLine(fault, 400)}
        </div>
      ))}
      <Panel title="Policies" note="what no rule lists is denied" flush>
        {policies.value === null ? (
          policies.problem === null ? (
            <Loading />
          ) : (
            <Failed problem={policies.problem} retry={policies.refresh} />
          )
        ) : (
          policies.value.policies.map((policy) => <PolicyRow key={policy.name} policy={policy} />)
        )}
      </Panel>
      <Panel title="Tools" flush>
        {listing.value === null ? (
          listing.problem === null ? (
            <Loading lines={8} />
          ) : (
            <Failed problem={listing.problem} retry={listing.refresh} />
          )
        ) : (
          <ToolRows of={listing.value} />
        )}
      </Panel>
      {listing.value !== null && <Beside of={listing.value} />}
    </>
  );
}

function PolicyRow({ policy }: { policy: Policy }) {
  const { name, description, rules, problem } = policy;
  const told =
    rules.length === 0
      ? "denies everything"
      : `${count(rules.length)} ${rules.length === 1 ? "rule" : "rules"}`;
  return (
    <details class="policy">
      <summary class="fold">
        <strong>{visibleLine(name, 80)}</strong>
        <span class="note">{problem === null ? told : "invalid: denies everything"}</span>
        {description !== null && <span class="policy-about">{visibleLine(description, 200)}</span>}
      </summary>
      <div class="policy-body">
        {problem !== null && <p>{visibleLine(problem, 400)}</p>}
        {rules.length > 0 && (
          <Scroll label={`Rules of ${name}`}>
            <table>
              <thead>
                <tr>
                  <th>Rule</th>
                  <th>Host</th>
                  <th>Methods</th>
                  <th>Path</th>
                  <th>Credential</th>
                </tr>
              </thead>
              <tbody>
                {rules.map((rule, n) => (
                  <tr key={`${rule.host} ${n}`}>
                    <td>{n + 1}</td>
                    <td>
                      <Code of={placeOf(rule)} max={160} />
                    </td>
                    <td>
                      {rule.methods === undefined
                        ? "any"
                        : visibleLine(rule.methods.join(", "), 80)}
                    </td>
                    <td>
                      <Code of={rule.path_prefix ?? "/"} max={160} />
                    </td>
                    <td>
                      {rule.inject === undefined ? (
                        "–"
                      ) : (
                        <>
                          <Code of={rule.inject.secret} />{" "}
                          <span class="note">as {visibleLine(rule.inject.header, 80)}</span>
                        </>
                      )}
                      {rule.route !== undefined && (
                        <span class="note block">over {visibleLine(rule.route, 80)}</span>
                      )}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </Scroll>
        )}
        {policy.limits !== null && (
          <p class="note">
            Limits:{" "}
            {Object.entries(policy.limits)
              .map(([limit, value]) => `${words(limit)} ${count(value)}`)
              .join(", ")}
          </p>
        )}
      </div>
    </details>
  );
}

const placeOf = ({ schemes = ["https"], host, port }: Policy["rules"][number]): string =>
  `${schemes.join("|")}://${host}${port === undefined ? "" : `:${port}`}`;

function ToolRows({ of: { tools } }: { of: Listing }) {
  return (
    <Scroll label="Tools">
      <table class="rows">
        <thead>
          <tr>
            <th>Tool</th>
            <th>Effect</th>
            <th>Here</th>
            <th class="wide">What it does</th>
          </tr>
        </thead>
        <tbody>
          {tools.map((tool) => (
            <tr key={tool.name}>
              <td>
                <Code of={tool.name} />
              </td>
              <td>{tool.effect}</td>
              <td>
                <Badge status={tool.configured ? "configured" : "hidden"} />
              </td>
              <td class="wide">
                <details>
                  <summary class="fold">
                    <span class="clamp">{visibleLine(tool.reason ?? tool.description, 300)}</span>
                  </summary>
                  <div class="tool-body">
                    {tool.reason !== null && <p>{visibleLine(tool.description, 1_000)}</p>}
                    <Hostile
                      text={readable(tool.input_schema)}
                      name={`${tool.name}.schema.json`}
                      label={`Arguments of ${tool.name}`}
                    />
                  </div>
                </details>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

function Beside({ of: { mcp, skills } }: { of: Listing }) {
  return (
    <div class="halves">
      <Panel title="MCP servers">
        {mcp.length === 0 ? (
          <Empty title="None is configured">
            <p>
              <code>MCP_SERVERS</code> names them.
            </p>
          </Empty>
        ) : (
          <dl class="pairs">
            {mcp.map(({ name, url }) => (
              <Fragment key={name}>
                <dt>{visibleLine(name, 80)}</dt>
                <dd>
                  <Code of={url} max={200} />
                </dd>
              </Fragment>
            ))}
          </dl>
        )}
      </Panel>
      <Panel title="Skills">
        {skills.length === 0 ? (
          <Empty title="None is bundled" />
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
    </div>
  );
}
