/** One egress policy with its rules and limits. */
import type { Policy } from "../../data/responses.ts";
import { Code } from "../../parts/inline.tsx";
import { Table } from "../../parts/table.tsx";
import { count, humanize } from "../../text/format.ts";
import { visibleLine } from "../../text/visible.ts";

export function PolicyRow({ policy }: { policy: Policy }) {
  const { name, description, rules, problem, limits } = policy;
  const limitsText = Object.entries(limits ?? {})
    .map(([limit, value]) => `${humanize(limit)} ${count(value)}`)
    .join(", ");
  return (
    <details class="policy">
      <summary class="fold">
        <strong>{visibleLine(name, 80)}</strong>
        <span class="note">{summaryOf(policy)}</span>
        {description !== null && <span class="policy-about">{visibleLine(description, 200)}</span>}
      </summary>
      <div class="policy-body">
        {problem !== null && <p>{visibleLine(problem, 400)}</p>}
        {rules.length > 0 && <RuleTable policy={name} rules={rules} />}
        {limits !== null && <p class="note">Limits: {limitsText}</p>}
      </div>
    </details>
  );
}

function summaryOf({ problem, rules }: Policy): string {
  if (problem !== null) return "invalid: denies everything";
  if (rules.length === 0) return "denies everything";
  return `${count(rules.length)} ${rules.length === 1 ? "rule" : "rules"}`;
}

type Rule = Policy["rules"][number];

function RuleTable({ policy, rules }: { policy: string; rules: readonly Rule[] }) {
  return (
    <Table
      label={`Rules of ${policy}`}
      plain
      columns={["Rule", "Host", "Methods", "Path", "Credential"]}
    >
      {rules.map((rule, n) => (
        <RuleRow key={`${rule.host} ${n}`} number={n + 1} rule={rule} />
      ))}
    </Table>
  );
}

function RuleRow({ number, rule }: { number: number; rule: Rule }) {
  const { methods, path_prefix: pathPrefix = "/", inject, route } = rule;
  return (
    <tr>
      <td>{number}</td>
      <td>
        <Code text={originOf(rule)} charsMax={160} />
      </td>
      <td>{methods === undefined ? "any" : visibleLine(methods.join(", "), 80)}</td>
      <td>
        <Code text={pathPrefix} charsMax={160} />
      </td>
      <td>
        {inject === undefined ? (
          "–"
        ) : (
          <>
            <Code text={inject.secret} />{" "}
            <span class="note">as {visibleLine(inject.header, 80)}</span>
          </>
        )}
        {route !== undefined && <span class="note block">through {visibleLine(route, 80)}</span>}
      </td>
    </tr>
  );
}

const originOf = ({ schemes = ["https"], host, port }: Rule): string =>
  `${schemes.join("|")}://${host}${port === undefined ? "" : `:${port}`}`;
